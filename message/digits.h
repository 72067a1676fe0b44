/* Digits of the encodings that mail uses. */
#ifndef MESSAGE_DIGITS_H
#define MESSAGE_DIGITS_H

/* The value of a base64 digit (RFC 2045 section 6.8); -1 for any other octet. */
int base64_value(char c);

/* The value of a hexadecimal digit, in either case; -1 for any other octet. */
int hex_value(char c);

#endif

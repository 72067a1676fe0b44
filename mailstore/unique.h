/* Names for files that only we use. */
#ifndef MAILSTORE_UNIQUE_H
#define MAILSTORE_UNIQUE_H

#define UNIQUE_NAME_MAX 96

/* Writes a name that no other process makes at the same time: seconds, nanoseconds and process
 * id. A caller makes the file with O_EXCL all the same, and asks again where it was taken. Has
 * neither '/' nor ':' and no '.' at its beginning. */
void unique_name(char out[UNIQUE_NAME_MAX]);

#endif

/*
 * The log: syslog(3), facility mail, identity "imapd".
 *
 * The only state is syslog's own. Text from the network is never put into a line but
 * through log_quote, so that nobody can forge a line or a field of one.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

/* Opens the log at once, and reads the time zone's file: afterwards lines can be written where
 * neither can be opened any more. to_stderr copies each line to standard error. */
void log_open(bool to_stderr);

/* One line each, formatted as by printf(3), at LOG_INFO, LOG_WARNING and LOG_ERR. errno is
 * kept as it was. */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The longest a quoted value gets in the log; more is cut and marked with "...". */
#define LOG_QUOTE_MAX 256

/* Writes a printable, space-free form of s (NULL: empty) to out, which holds size octets:
 * whatever is not printable ASCII, and the octets < > \ and space, become \xHH. Returns out. */
const char *log_quote(char *out, size_t size, const char *s);

#endif

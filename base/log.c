#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

/* syslog(3) says the local time, and reads the zone's file for its first line. */
static void read_time_zone(void)
{
    const time_t any = 0;
    struct tm local;
    (void)localtime_r(&any, &local);
}

void log_open(bool to_stderr)
{
    read_time_zone();
    openlog("imapd", LOG_PID | LOG_NDELAY | (to_stderr ? LOG_PERROR : 0), LOG_MAIL);
}

__attribute__((format(printf, 2, 0))) static void log_line(int priority, const char *fmt,
                                                           va_list ap)
{
    int saved = errno;
    vsyslog(priority, fmt, ap);
    errno = saved;
}

void log_info(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    log_line(LOG_INFO, fmt, ap);
    va_end(ap);
}

void log_warning(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    log_line(LOG_WARNING, fmt, ap);
    va_end(ap);
}

void log_error(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    log_line(LOG_ERR, fmt, ap);
    va_end(ap);
}

const char *log_quote(char *out, size_t size, const char *s)
{
    if (size == 0)
        return "";
    size_t limit = size - 1 < LOG_QUOTE_MAX ? size - 1 : LOG_QUOTE_MAX;
    size_t n = 0;
    for (; s != NULL && *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        bool plain = c > ' ' && c < 0x7f && strchr("<>\\", c) == NULL;
        size_t need = plain ? 1 : 4;
        if (n + need + 3 > limit) {
            if (n + 3 <= limit) {
                memcpy(out + n, "...", 3);
                n += 3;
            }
            break;
        }
        if (plain)
            out[n] = (char)c;
        else
            snprintf(out + n, 5, "\\x%02X", c);
        n += need;
    }
    out[n] = '\0';
    return out;
}

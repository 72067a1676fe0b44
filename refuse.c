#include "refuse.h"
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

int refuse(int status, const char *fmt, ...)
{
    static const char bye[] = "* BYE [UNAVAILABLE] This server can't serve you now\r\n";
    char why[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    log_open(true);
    log_error("%s", why);
    if (!isatty(STDOUT_FILENO) && write(STDOUT_FILENO, bye, sizeof bye - 1) < 0)
        log_info("the client is gone already");
    return status;
}

/*
 * Names no other message has or had: the time to the microsecond, the process, the host.
 *
 * Within one maker the time always grows, even when the clock stands still or is set back. Two
 * makers of one process are told apart by the clock: there are system calls between their uses.
 * Should a name come up twice after all, O_EXCL and RENAME_NOREPLACE tell, and the next is
 * tried.
 */
#include "mailstore/filename.h"
#include "mailstore/sys.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The host's name as the Maildir convention writes it: '/' is \057 and ':' is \072. A ',' would
 * end the unique part; it and whatever is no plain printable octet is written the same way. */
static void escape_host(const char *host, char *out, size_t size)
{
    size_t n = 0;
    for (; *host != '\0' && n + 5 < size; host++) {
        unsigned char c = (unsigned char)*host;
        if (c > 0x20 && c < 0x7f && c != '/' && c != ':' && c != ',' && c != '\\')
            out[n++] = (char)c;
        else
            n += (size_t)snprintf(out + n, size - n, "\\%03o", c);
    }
    out[n] = '\0';
}

static void find_host(struct name_maker *maker)
{
    char host[256] = "";
    if (sys_hostname(host, sizeof host) != 0 || host[0] == '\0')
        memcpy(host, "localhost", sizeof "localhost");
    escape_host(host, maker->host, sizeof maker->host);
}

void name_maker_next(struct name_maker *maker, char *out)
{
    if (maker->host[0] == '\0')
        find_host(maker);
    struct timespec now = { 0, 0 };
    (void)sys_clock(&now);
    int64_t t = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    if (t <= maker->last)
        t = maker->last + 1;
    maker->last = t;
    snprintf(out, UNIQUE_NAME_SIZE, "%lld.M%lldP%ld.%s", (long long)(t / 1000000),
             (long long)(t % 1000000), (long)getpid(), maker->host);
}

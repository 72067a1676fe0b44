#include "net/proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* --- Version 1: a line of text (section 2.1).
 * --------------------------------------------------
 */

static const char v1_begins[] = "PROXY ";
#define V1_BEGINS (sizeof v1_begins - 1)
#define V1_MIN    15  /* PROXY UNKNOWN CR LF */
#define V1_MAX    107 /* with its CR LF */
#define V1_FIELD  45  /* an address of version 6, with a tail of version 4 */

/* Copies what is before the next space, or the end; -1 where that is nothing or too much. */
static const char *v1_field(const char *p, char field[V1_FIELD + 1])
{
    size_t n = strcspn(p, " ");
    if (n == 0 || n > V1_FIELD)
        return NULL;
    memcpy(field, p, n);
    field[n] = '\0';
    return p[n] == ' ' ? p + n + 1 : p + n;
}

static bool v1_port(const char *text)
{
    unsigned port = 0;
    if (text[0] == '0' && text[1] != '\0')
        return false;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < '0' || *p > '9' || p - text == 5)
            return false;
        port = port * 10 + (unsigned)(*p - '0');
    }
    return port <= UINT16_MAX;
}

/* What is behind "PROXY TCP4 " or "PROXY TCP6 ": two addresses, two ports. */
static bool v1_addresses(const char *p, int family, struct proxy_header *h)
{
    char field[4][V1_FIELD + 1];
    unsigned char other[16];
    for (int i = 0; i < 4; i++) {
        p = v1_field(p, field[i]);
        if (p == NULL || (*p == '\0') != (i == 3) || (i == 3 && p[-1] == ' '))
            return false;
    }
    h->address_n = family == AF_INET ? 4 : 16;
    return inet_pton(family, field[0], h->address) == 1 &&
           inet_pton(family, field[1], other) == 1 && v1_port(field[2]) && v1_port(field[3]);
}

static long v1_whole(const unsigned char *octets, size_t n, struct proxy_header *h)
{
    char line[V1_MAX + 1];
    if (octets[n - 2] != '\r' || memchr(octets, '\0', n) != NULL)
        return PROXY_WRONG;
    memcpy(line, octets, n - 2);
    line[n - 2] = '\0';
    const char *p = line + V1_BEGINS;
    if (strncmp(p, "TCP4 ", 5) == 0)
        return v1_addresses(p + 5, AF_INET, h) ? PROXY_WHOLE : PROXY_WRONG;
    if (strncmp(p, "TCP6 ", 5) == 0)
        return v1_addresses(p + 5, AF_INET6, h) ? PROXY_WHOLE : PROXY_WRONG;
    /* What is behind it must be passed over. */
    return strcmp(p, "UNKNOWN") == 0 || strncmp(p, "UNKNOWN ", 8) == 0 ? PROXY_WHOLE
                                                                       : PROXY_WRONG;
}

static long v1_look(const unsigned char *octets, size_t n, struct proxy_header *h)
{
    const unsigned char *lf = memchr(octets, '\n', n);
    if (lf != NULL)
        return lf + 1 == octets + n ? v1_whole(octets, n, h) : PROXY_WRONG;
    return n < V1_MAX ? 1 : PROXY_WRONG;
}

/* --- Version 2: octets (section 2.2).
 * ----------------------------------------------------------
 */

static const unsigned char v2_begins[12] = "\r\n\r\n\0\r\nQUIT\n";
#define V2_FIXED 16 /* with version and command, family and transport, length of the rest */

enum { V2_LOCAL = 0x20, V2_PROXY = 0x21 };
enum { V2_UNSPEC = 0x00, V2_TCP4 = 0x11, V2_TCP6 = 0x21, V2_UNIX = 0x31 };

/* What proxies add behind the addresses: type, length in two octets, and so many of them. None
 * of it is of use here, but it must fit. */
static bool v2_additions_fit(const unsigned char *p, size_t n)
{
    while (n > 0) {
        if (n < 3)
            return false;
        size_t length = 3 + ((size_t)p[1] << 8 | p[2]);
        if (length > n)
            return false;
        p += length;
        n -= length;
    }
    return true;
}

/* The two addresses, each of `size` octets, and what else is of the family, in all `block`. */
static long v2_addresses(const unsigned char *p, size_t n, size_t size, size_t block,
                         struct proxy_header *h)
{
    if (n < block || !v2_additions_fit(p + block, n - block))
        return PROXY_WRONG;
    h->address_n = size;
    memcpy(h->address, p, size);
    return PROXY_WHOLE;
}

static long v2_whole(const unsigned char *octets, size_t n, struct proxy_header *h)
{
    const unsigned char *rest = octets + V2_FIXED;
    size_t rest_n = n - V2_FIXED;
    if (octets[12] == V2_LOCAL) /* family and addresses must be passed over */
        return PROXY_WHOLE;
    switch (octets[13]) {
    case V2_UNSPEC:
        return PROXY_WHOLE;
    case V2_TCP4:
        return v2_addresses(rest, rest_n, 4, 12, h);
    case V2_TCP6:
        return v2_addresses(rest, rest_n, 16, 36, h);
    case V2_UNIX:
        return v2_addresses(rest, rest_n, 0, 216, h);
    default: /* datagrams, or what there is not */
        return PROXY_WRONG;
    }
}

static long v2_look(const unsigned char *octets, size_t n, struct proxy_header *h)
{
    if (n < V2_FIXED)
        return (long)(V2_FIXED - n);
    if (octets[12] != V2_LOCAL && octets[12] != V2_PROXY)
        return PROXY_WRONG;
    size_t whole = V2_FIXED + ((size_t)octets[14] << 8 | octets[15]);
    if (whole > PROXY_HEADER_MAX || n > whole)
        return PROXY_WRONG;
    return n < whole ? (long)(whole - n) : v2_whole(octets, n, h);
}

/* --- Either.
 * -----------------------------------------------------------------------------------
 */

static bool begins(const unsigned char *octets, size_t n, const void *with, size_t with_n)
{
    return memcmp(octets, with, n < with_n ? n : with_n) == 0;
}

long proxy_look(const unsigned char *octets, size_t n, struct proxy_header *header_r)
{
    memset(header_r, 0, sizeof *header_r);
    bool v1 = begins(octets, n, v1_begins, V1_BEGINS);
    if (!v1 && !begins(octets, n, v2_begins, sizeof v2_begins))
        return PROXY_WRONG;
    if (n < V1_MIN) /* no header of either kind is shorter */
        return (long)(V1_MIN - n);
    return v1 ? v1_look(octets, n, header_r) : v2_look(octets, n, header_r);
}

static int milliseconds_until(const struct timespec *end)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
        return 0;
    long long ms =
        (long long)(end->tv_sec - now.tv_sec) * 1000 + (end->tv_nsec - now.tv_nsec) / 1000000;
    return ms < 0 ? 0 : (int)ms;
}

static enum proxy_got wait_for_octets(int fd, const struct timespec *end)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    int ready = poll(&p, 1, milliseconds_until(end));
    if (ready == 0)
        return PROXY_LATE;
    return ready > 0 || errno == EINTR ? PROXY_GOT : PROXY_CUT;
}

enum proxy_got proxy_read(int fd, unsigned seconds, struct proxy_header *header_r)
{
    unsigned char octets[PROXY_HEADER_MAX];
    struct timespec end;
    size_t have = 0;
    if (clock_gettime(CLOCK_MONOTONIC, &end) < 0)
        return PROXY_LATE;
    end.tv_sec += seconds;
    for (long more; (more = proxy_look(octets, have, header_r)) != PROXY_WHOLE;) {
        if (more == PROXY_WRONG)
            return PROXY_NO_HEADER;
        enum proxy_got got = wait_for_octets(fd, &end);
        if (got != PROXY_GOT)
            return got;
        ssize_t n = recv(fd, octets + have, (size_t)more, MSG_DONTWAIT);
        if (n > 0)
            have += (size_t)n;
        else if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return have == 0 ? PROXY_GONE : PROXY_CUT;
    }
    return PROXY_GOT;
}

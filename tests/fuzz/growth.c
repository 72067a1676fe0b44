/*
 * growth [NAME]: whether the time that a target takes grows with its input and no faster.
 *
 * Time is counted in steps, which are the same at each run: one for each basic block that is
 * entered (gcc's -fsanitize-coverage=trace-pc calls us there), and one for each 16 octets that
 * a function of the C library goes through for us (the linker's --wrap leads these here). For
 * each case inputs of n and of 8n octets are made, made to do harm, and their steps are
 * counted; 8n is a megabyte. What is linear grows eightfold, what sorts a little more; what is
 * quadratic 64-fold. The bound lies between, and a bound of steps for an octet finds what is
 * quadratic up to a limit of ours and linear beyond.
 */
#include "tests/fuzz/targets.h"

#include "base/buffer.h"
#include "mailstore/store.h"
#include "message/part.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#define LARGEST ((size_t)1 << 20)
/* How much larger than the other input it is: linear is as much, quadratic its square. */
#define TIMES     8
#define RATIO_MAX 11
/* So few steps for an octet are no loop of ours: what is told of the input's end. */
#define NOTHING 2
/* For targets whose promises take several readings of the input: enough to see how they grow.
 */
#define QUARTER (LARGEST / 4)
/* For each target. */
#define CASES_MIN 3
/* Processes at once. */
#define WORKERS 2

/* --- Steps. ----------------------------------------------------------------------------------
 */

static uint64_t steps;

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    steps++;
}

static void went_through(size_t octets)
{
    steps += octets / 16 + 1;
}

/* The list is in the Makefile too: WRAPPED. */
#define WRAP(type, name, params, args, octets)                                                 \
    type __real_##name params;                                                                 \
    type __wrap_##name params;                                                                 \
    type __wrap_##name params                                                                  \
    {                                                                                          \
        went_through(octets);                                                                  \
        return __real_##name args;                                                             \
    }

WRAP(void *, memcpy, (void *d, const void *s, size_t n), (d, s, n), n)
WRAP(void *, memmove, (void *d, const void *s, size_t n), (d, s, n), n)
WRAP(void *, memset, (void *d, int c, size_t n), (d, c, n), n)
WRAP(void, explicit_bzero, (void *d, size_t n), (d, n), n)
WRAP(void *, realloc, (void *p, size_t n), (p, n), 16)
WRAP(int, memcmp, (const void *a, const void *b, size_t n), (a, b, n), n)
WRAP(int, strncasecmp, (const char *a, const char *b, size_t n), (a, b, n), n < 64 ? n : 64)
WRAP(size_t, strspn, (const char *a, const char *b), (a, b), __real_strspn(a, b))
WRAP(size_t, strcspn, (const char *a, const char *b), (a, b), __real_strcspn(a, b))

/* Those whose cost is where they end. */
size_t __real_strlen(const char *s);
size_t __wrap_strlen(const char *s);
size_t __wrap_strlen(const char *s)
{
    size_t n = __real_strlen(s);
    went_through(n);
    return n;
}

static void *found(const void *from, void *at, size_t n)
{
    went_through(at == NULL ? n : (size_t)((const char *)at - (const char *)from));
    return at;
}

void *__real_memchr(const void *s, int c, size_t n);
void *__wrap_memchr(const void *s, int c, size_t n);
void *__wrap_memchr(const void *s, int c, size_t n)
{
    return found(s, __real_memchr(s, c, n), n);
}

void *__real_memrchr(const void *s, int c, size_t n);
void *__wrap_memrchr(const void *s, int c, size_t n);
void *__wrap_memrchr(const void *s, int c, size_t n)
{
    void *at = __real_memrchr(s, c, n);
    went_through(at == NULL ? n : (size_t)((const char *)s + n - (const char *)at));
    return at;
}

void *__real_memmem(const void *s, size_t n, const void *what, size_t len);
void *__wrap_memmem(const void *s, size_t n, const void *what, size_t len);
void *__wrap_memmem(const void *s, size_t n, const void *what, size_t len)
{
    return found(s, __real_memmem(s, n, what, len), n);
}

char *__real_strchr(const char *s, int c);
char *__wrap_strchr(const char *s, int c);
char *__wrap_strchr(const char *s, int c)
{
    char *at = __real_strchr(s, c);
    return found(s, at, at == NULL ? __real_strlen(s) : 0);
}

char *__real_strrchr(const char *s, int c);
char *__wrap_strrchr(const char *s, int c);
char *__wrap_strrchr(const char *s, int c)
{
    went_through(__real_strlen(s));
    return __real_strrchr(s, c);
}

char *__real_strstr(const char *s, const char *what);
char *__wrap_strstr(const char *s, const char *what);
char *__wrap_strstr(const char *s, const char *what)
{
    char *at = __real_strstr(s, what);
    return found(s, at, at == NULL ? __real_strlen(s) : 0);
}

/* --- Cases. ----------------------------------------------------------------------------------
 */

/* `head`, then `piece` over and over, then `tail`. In the piece %u is a number that is one more
 * each time, %b the same as four octets, %r one in no order, %0 a NUL. The input is about n
 * octets in all; where the target takes no more than so many, `most`. */
struct growth {
    const char *target;
    const char *head;
    const char *piece;
    const char *tail;
    size_t most;        /* 0: LARGEST */
    unsigned per_octet; /* steps for an octet; 0: PER_OCTET_MAX */
};

#define PER_OCTET_MAX 1000

static const struct growth cases[] = {
#include "tests/fuzz/growth_cases.h"
};

/* Messages in which one thing is repeated in each place where something is read. */
#include "tests/fuzz/growth_messages.h"
#define CROSSED           (LARGEST / 32)
#define CROSSED_PER_OCTET 3000 /* as for the other messages of many parts */

/* Random enough for what is sorted or hashed, and the same each time. */
static unsigned scramble(unsigned i)
{
    return (i * 2654435761U) >> 3;
}

static void put_variable(struct buffer *out, char kind, unsigned i)
{
    uint32_t octets = htobe32(i);
    if (kind == 'u')
        buffer_printf(out, "%u", i + 1);
    else if (kind == 'r')
        buffer_printf(out, "%u", scramble(i) % 4000000 + 1);
    else if (kind == 'b')
        buffer_append(out, &octets, sizeof octets);
    else
        buffer_putc(out, '\0');
}

static void put_piece(struct buffer *out, const char *piece, unsigned i)
{
    for (const char *p = piece; *p != '\0'; p++) {
        if (p[0] == '%' && p[1] != '\0' && strchr("urb0", p[1]) != NULL)
            put_variable(out, *++p, i);
        else
            buffer_putc(out, *p);
    }
}

static void make(const struct growth *g, size_t n, struct buffer *out)
{
    buffer_init(out, SIZE_MAX / 4);
    buffer_puts(out, g->head);
    size_t tail = strlen(g->tail);
    for (unsigned i = 0; out->len + tail < n; i++)
        put_piece(out, g->piece, i);
    buffer_puts(out, g->tail);
    if (out->failed)
        abort();
}

static uint64_t count(const struct fuzz_target *t, const struct growth *g, size_t n)
{
    struct buffer input;
    make(g, n, &input);
    steps = 0;
    t->run((const uint8_t *)input.data, input.len);
    uint64_t counted = steps;
    buffer_free(&input);
    return counted;
}

static void tell_piece(const char *piece)
{
    for (; *piece != '\0'; piece++) {
        if (*piece < ' ' || *piece == 0x7f)
            printf("\\%02x", (unsigned char)*piece);
        else
            putchar(*piece);
    }
    putchar('\n');
}

/* quiet: tells of what fails only. */
static bool measure(const struct fuzz_target *t, const struct growth *g, bool quiet)
{
    size_t most = g->most == 0 ? LARGEST : g->most;
    unsigned allowed = g->per_octet == 0 ? PER_OCTET_MAX : g->per_octet;
    count(t, g, 64); /* what is done once in a process */
    uint64_t small = count(t, g, most / TIMES);
    uint64_t large = count(t, g, most);
    uint64_t per_octet = large / most;
    bool linear = large / RATIO_MAX <= small || per_octet < NOTHING;
    bool ok = linear && per_octet <= allowed;
    if (ok && quiet)
        return true;
    printf("%s %-12s %5llu steps an octet, %4.1f-fold for 8-fold input: ", ok ? "ok  " : "FAIL",
           t->name, (unsigned long long)per_octet, (double)large / (double)small);
    tell_piece(g->piece);
    fflush(stdout);
    return ok;
}

/* The cases of a target (NULL: all), every so many of them. */
static int measure_some(const char *only, size_t first, size_t step)
{
    int status = 0;
    for (size_t i = first; i < sizeof cases / sizeof *cases; i += step) {
        const struct fuzz_target *t = fuzz_find(cases[i].target);
        if (t == NULL) {
            printf("FAIL %s: no such target\n", cases[i].target);
            status = 1;
        } else if (only == NULL || strcmp(only, t->name) == 0) {
            if (!measure(t, &cases[i], false))
                status = 1;
        }
    }
    return status;
}

/* Every so many of the messages of growth_messages.h, and those in multiparts as deep as may
 * be. */
static int measure_messages(size_t first, size_t step)
{
    const struct fuzz_target *t = fuzz_find("message");
    size_t n = sizeof begins / sizeof *begins * (sizeof units / sizeof *units);
    int status = 0;
    for (size_t i = first; i < n; i += step) {
        struct growth g = { t->name,
                            begins[i % (sizeof begins / sizeof *begins)],
                            units[i / (sizeof begins / sizeof *begins)],
                            "",
                            CROSSED,
                            CROSSED_PER_OCTET };
        if (!measure(t, &g, true)) {
            printf("     behind %s\n", g.head);
            status = 1;
        }
    }
    return status;
}

/* Lines that begin with "--" in as many open multiparts as there may be. */
static int measure_nested(void)
{
    struct buffer head;
    buffer_init(&head, LARGEST);
    buffer_puts(&head, "aContent-Type: multipart/a; boundary=b000\n\n");
    for (int i = 0; i < MIME_DEPTH_MAX - 1; i++)
        buffer_printf(&head, "--b%03d\nContent-Type: multipart/a; boundary=b%03d\n\n", i,
                      i + 1);
    struct growth g = { "message", buffer_string(&head), "--b0\n--b\n", "", QUARTER, 6000 };
    bool ok = measure(fuzz_find(g.target), &g, false);
    buffer_free(&head);
    return ok ? 0 : 1;
}

/* What one process has of it all. */
static int measure_share(const char *only, size_t first)
{
    int status = measure_some(only, first, WORKERS);
    if (only == NULL || strcmp(only, "message") == 0) {
        status |= measure_messages(first, WORKERS);
        if (first == 0)
            status |= measure_nested();
    }
    return status;
}

/* Whether each target has its cases; tells of one that does not. */
static bool all_have_cases(void)
{
    bool ok = true;
    for (const struct fuzz_target *t = fuzz_targets; t->name != NULL; t++) {
        size_t n = 0;
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            n += strcmp(cases[i].target, t->name) == 0;
        if (n < CASES_MIN)
            printf("FAIL %-12s has %zu cases\n", t->name, n);
        ok = ok && n >= CASES_MIN;
    }
    return ok;
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : NULL;
    int status = all_have_cases() ? 0 : 1;
    fflush(stdout);
    for (size_t i = 0; i < WORKERS; i++) {
        pid_t worker = fork();
        if (worker == 0)
            exit(measure_share(only, i));
        if (worker < 0)
            return 1;
    }
    for (int got; wait(&got) >= 0;)
        if (!WIFEXITED(got) || WEXITSTATUS(got) != 0)
            status = 1;
    return status;
}

/* The base subject (RFC 5256 section 2.1), rule by rule, and against the rules as they are
 * written, done one at a time without regard to time. */
#include "message/base_subject.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <cmocka.h>

static void check_octets(const char *subject, size_t n, const char *base, bool reply)
{
    char *copy = malloc(n + 1);
    assert_non_null(copy);
    memcpy(copy, subject, n);
    struct base_subject b = base_subject_find(copy, n);
    if (b.len != strlen(base) || memcmp(b.text, base, b.len) != 0 || b.reply != reply)
        fail_msg("of '%s' the base is '%.*s', reply %d", subject, (int)b.len, b.text, b.reply);
    free(copy);
}

static void check(const char *subject, const char *base, bool reply)
{
    check_octets(subject, strlen(subject), base, reply);
}

/* (1) Tabs and continuations to space, several spaces to one. */
static void white_space(void **state)
{
    (void)state;
    check("", "", false);
    check(" \t ", "", false);
    check("a", "a", false);
    check("a  b \t c\td", "a b c d", false);
    check("a\r\n b\n\tc", "a b c", false);
    check("a \xc2\xa0 b", "a \xc2\xa0 b", false); /* no WSP, a no-break space */
}

/* (2) Trailers: "(fwd)" and white space, until there are no more. */
static void trailers(void **state)
{
    (void)state;
    check("a  ", "a", false);
    check("a (fwd)", "a", true);
    check("a(FWD)", "a", true);
    check("a (Fwd) (fwd)(fwd) ", "a", true);
    check("(fwd)", "", true);
    check("(fwd) a", "(fwd) a", false);
    check("a (fwd) b", "a (fwd) b", false);
    check("a fwd)", "a fwd)", false);
    check("a ( fwd)", "a ( fwd)", false);
    check("a (fw)", "a (fw)", false);
    check("a (re)", "a (re)", false);
    check("a (fwd) [b]", "a (fwd) [b]", false);
}

/* (3) Leaders: *subj-blob subj-refwd, and white space. */
static void leaders(void **state)
{
    (void)state;
    check("  a", "a", false);
    check("Re: a", "a", true);
    check("re:a", "a", true);
    check("RE : a", "a", true);
    check("Fw: a", "a", true);
    check("fwd: a", "a", true);
    check("FWD\t: a", "a", true);
    check("Re: re: RE:fw:Fwd: a", "a", true);
    check("Re[2]: a", "a", true);
    check("Re [2]: a", "a", true);
    check("Re[2] : a", "a", true);
    check("Re[]: a", "a", true);
    check("Re[2][3]: a", "Re[2][3]: a", false);
    check("Re(2): a", "Re(2): a", false);
    check("Re", "Re", false);
    check("Re a", "Re a", false);
    check("Red: a", "Red: a", false);
    check("really: a", "really: a", false);
    check("fwdd: a", "fwdd: a", false);
    check("rd: a", "rd: a", false);
    check("f: a", "f: a", false);
    check("Re[2: a", "Re[2: a", false);
    check("Re:", "", true);
    check(" Re : ", "", true);
    check("[a] [b][c] Re: d", "d", true);
    check("[a] Re [b]: c", "c", true);
    check("[a] Re:", "", true);
    check("Re: [a] Re: [b] fw: c", "c", true);
    /* Translations are none (section 7). */
    check("AW: a", "AW: a", false);
    check("SV: a", "SV: a", false);
    check("\xd0\x9d\xd0\xb0: a", "\xd0\x9d\xd0\xb0: a", false);
    /* Full-width letters are others. */
    check("\xef\xbc\xb2\xef\xbd\x85: a", "\xef\xbc\xb2\xef\xbd\x85: a", false);
}

/* (4) Blobs, where something is left. */
static void blobs(void **state)
{
    (void)state;
    check("[list] a", "a", false);
    check("[list]a", "a", false);
    check("[a] [b] [c] d", "d", false);
    check("[a] [b] [c]", "[c]", false);
    check("[a]", "[a]", false);
    check("[]", "[]", false);
    check("[] a", "a", false);
    check("Re: [a]", "[a]", true);
    check("[a] (fwd)", "[a]", true);
    check("[a [b] c", "[a [b] c", false); /* '[' is no BLOBCHAR */
    check("[a b", "[a b", false);
    check("[a]] b", "] b", false);
    check("a [b]", "a [b]", false);
    check("[\xd1\x81\xd0\xbf\xd0\xb8\xd1\x81\xd0\xbe\xd0\xba] \xd0\xb0", "\xd0\xb0", false);
    check("[a] Re [b]", "Re [b]", false);
}

/* (6) "[fwd:" ... "]", and all from (2) again. */
static void forwards(void **state)
{
    (void)state;
    check("[fwd: a]", "a", true);
    check("[FWD:a]", "a", true);
    check("[Fwd: Re: [b] a (fwd)]", "a", true);
    check("[fwd: [fwd: [fwd: a]]]", "a", true);
    check("[fwd: [fwd: a] (fwd) ] (fwd)", "a", true);
    check("Re: [fwd: a]", "a", true);
    check("[list] [fwd: a]", "a", true);
    check("[fwd: [a] b]", "b", true);
    check("[fwd:]", "", true);
    check("[fwd: ]", "", true);
    check("[fwd:", "[fwd:", false);
    check("[fwd]", "[fwd]", false);
    check("[fw: a]", "[fw: a]", false);
    check("[fwd : a]", "[fwd : a]", false);
    check("[fwd: a", "[fwd: a", false);
    /* There it is a blob: step 4 is before step 6. */
    check("[fwd: a] b", "b", false);
    check("[fwd: a] [b]", "[b]", false);
    check("[fwd: a] b]", "b]", false);
    check("[fwd: a] Re: b", "b", true);
    check("[fwd: [a] ]", "[a]", true);
}

/* --- The rules as they are written. ----------------------------------------------------------
 */

struct text {
    char p[256];
    size_t n;
};

static void drop(struct text *t, size_t n)
{
    memmove(t->p, t->p + n, t->n - n);
    t->n -= n;
}

static bool is(const struct text *t, size_t at, const char *what)
{
    size_t n = strlen(what);
    return at + n <= t->n && strncasecmp(t->p + at, what, n) == 0;
}

static size_t wsp_at(const struct text *t, size_t at)
{
    size_t n = 0;
    while (at + n < t->n && t->p[at + n] == ' ')
        n++;
    return n;
}

/* Lengths of what matches a rule of the grammar at a place; 0: nothing does. */
static size_t blob_at(const struct text *t, size_t at)
{
    size_t i = at + 1;
    if (at >= t->n || t->p[at] != '[')
        return 0;
    while (i < t->n && t->p[i] != '[' && t->p[i] != ']')
        i++;
    if (i >= t->n || t->p[i] != ']')
        return 0;
    i++;
    return i + wsp_at(t, i) - at;
}

static size_t refwd_at(const struct text *t, size_t at)
{
    size_t i = at;
    if (is(t, i, "fwd"))
        i += 3;
    else if (is(t, i, "fw") || is(t, i, "re"))
        i += 2;
    else
        return 0;
    i += wsp_at(t, i);
    i += blob_at(t, i);
    return is(t, i, ":") ? i + 1 - at : 0;
}

static size_t leader_at_front(const struct text *t, bool *refwd)
{
    size_t i = 0;
    size_t n;
    *refwd = false;
    if (is(t, 0, " "))
        return 1;
    for (;;) {
        if ((n = refwd_at(t, i)) > 0) {
            *refwd = true;
            return i + n;
        }
        if ((n = blob_at(t, i)) == 0)
            return 0;
        i += n;
    }
}

static void by_the_rules(struct text *t, bool *reply)
{
    bool refwd;
    size_t n;
    size_t to = 0;
    *reply = false;
    for (size_t i = 0; i < t->n; i++) /* (1) */
        if (t->p[i] != ' ' || to == 0 || t->p[to - 1] != ' ')
            t->p[to++] = t->p[i];
    t->n = to;
    for (;;) {
        while (t->n > 0) { /* (2) */
            if (t->p[t->n - 1] == ' ') {
                t->n--;
            } else if (t->n >= 5 && is(t, t->n - 5, "(fwd)")) {
                t->n -= 5;
                *reply = true;
            } else {
                break;
            }
        }
        for (;;) { /* (3) to (5) */
            if ((n = leader_at_front(t, &refwd)) > 0) {
                drop(t, n);
                *reply = *reply || refwd;
            } else if ((n = blob_at(t, 0)) > 0 && n < t->n) {
                drop(t, n);
            } else {
                break;
            }
        }
        if (!is(t, 0, "[fwd:") || t->p[t->n - 1] != ']') /* (6) */
            return;
        drop(t, 5);
        t->n--;
        *reply = true;
    }
}

static void as_written(void **state)
{
    (void)state;
    static const char *const pieces[] = { "re",   "fw",    "d",   ":", "[",  "]",       " ",
                                          "(",    "(fwd)", "[b]", "a", "x ", "[fwd:",   "Re:",
                                          "[b] ", "  ",    "fwd", ")", "] ", "Re [1]: " };
    uint32_t random = 5256;
    for (int round = 0; round < 200000; round++) {
        struct text t = { .n = 0 };
        struct text original;
        bool reply;
        random = random * 1664525 + 1013904223;
        for (uint32_t left = (random >> 20) % 14; left > 0; left--) {
            random = random * 1664525 + 1013904223;
            const char *piece = pieces[(random >> 16) % (sizeof pieces / sizeof pieces[0])];
            memcpy(t.p + t.n, piece, strlen(piece));
            t.n += strlen(piece);
        }
        t.p[t.n] = '\0';
        original = t;
        by_the_rules(&t, &reply);
        t.p[t.n] = '\0';
        check_octets(original.p, original.n, t.p, reply);
    }
}

/* --- Time. -----------------------------------------------------------------------------------
 */

/* Processor time of a subject of n octets or so; it must leave what is expected. */
static double seconds_of(const char *head, const char *piece, const char *tail, size_t n)
{
    size_t times = n / strlen(piece);
    size_t len = strlen(head) + times * strlen(piece) + strlen(tail);
    char *p = malloc(len + 1);
    assert_non_null(p);
    char *to = stpcpy(p, head);
    for (size_t i = 0; i < times; i++)
        to = stpcpy(to, piece);
    stpcpy(to, tail);
    clock_t begin = clock();
    base_subject_find(p, len);
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    free(p);
    return seconds;
}

/* A megabyte, nested: as fast as reading it. What is quadratic takes minutes. */
static void nested(void **state)
{
    (void)state;
    static const char *const shapes[][3] = {
        { "", "Re: ", "a" },   { "", "Re: [blob] Fwd: ", "a (fwd)" },
        { "", "[a]", "" },     { "", "[a] ", "b" },
        { "", "[", "" },       { "re", "[a", "]" },
        { "", "[fwd: ", "a" }, { "", "[fwd: [a] ", "]]]]]]]]" },
        { "a", "(fwd)", "" },  { "", "re [", ":" },
        { "[a]", " ", "" },    { "[fwd:", "[a] [b]", "]" },
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        const char *const *s = shapes[i];
        double seconds = seconds_of(s[0], s[1], s[2], (size_t)1 << 20);
        if (seconds > 2)
            fail_msg("a megabyte of '%s' takes %f s", s[1], seconds);
    }
    /* As many ends as beginnings. */
    size_t n = 150000;
    char *p = malloc(n * 7 + 1);
    assert_non_null(p);
    char *to = p;
    for (size_t i = 0; i < n; i++)
        to = stpcpy(to, "[fwd: ");
    *to++ = 'a';
    memset(to, ']', n);
    clock_t begin = clock();
    struct base_subject b = base_subject_find(p, n * 7 + 1);
    assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 2);
    assert_int_equal(b.len, 1);
    assert_int_equal(b.text[0], 'a');
    assert_true(b.reply);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_space), cmocka_unit_test(trailers), cmocka_unit_test(leaders),
        cmocka_unit_test(blobs),       cmocka_unit_test(forwards), cmocka_unit_test(as_written),
        cmocka_unit_test(nested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

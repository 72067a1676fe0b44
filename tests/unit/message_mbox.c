/* mbox folders: message/mbox.h. The first example is what c-client (UW-IMAP, through PHP's imap
 * extension of Debian 12) says of the same file. */
#include "message/mbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

/* What was told, as text. */
struct heard {
    char text[8192];
    char body[MBOX_LINE_MAX + 2000];
    size_t n;
};

static bool hear_begin(void *ctx)
{
    struct heard *h = ctx;
    h->n = 0;
    return true;
}

static bool hear_octets(void *ctx, const char *p, size_t n)
{
    struct heard *h = ctx;
    assert_true(n <= sizeof h->body - h->n - 1);
    memcpy(h->body + h->n, p, n);
    h->n += n;
    return true;
}

static bool hear_end(void *ctx, const struct mbox_message *m)
{
    struct heard *h = ctx;
    char flags[8] = "";
    for (int i = 0; i < 6; i++)
        if (m->flags & 1u << i)
            strncat(flags, &"RODFAT"[i], 1);
    size_t have = strlen(h->text);
    h->body[h->n] = '\0';
    snprintf(h->text + have, sizeof h->text - have, "[%s %u %lld%s %s]%s%s %u %u%s%s\n%s",
             m->pseudo ? "pseudo" : "message", m->uid, (long long)m->second,
             m->zoned ? "Z" : "", flags, *m->keywords ? " " : "", m->keywords, m->uidvalidity,
             m->last_uid, *m->folder_keywords ? " " : "", m->folder_keywords,
             m->pseudo ? "" : h->body);
    return true;
}

static enum mbox_status hear(struct heard *h, const char *octets, size_t n, size_t piece)
{
    const struct mbox_sink sink = { hear_begin, hear_octets, hear_end, h };
    struct mbox_reader *r = mbox_reader_new(&sink);
    enum mbox_status s = MBOX_OK;
    assert_non_null(r);
    memset(h, 0, sizeof *h);
    for (size_t at = 0; s == MBOX_OK && at < n; at += piece)
        s = mbox_read(r, octets + at, n - at < piece ? n - at : piece);
    if (s == MBOX_OK)
        s = mbox_end(r);
    mbox_reader_free(r);
    return s;
}

/* In pieces of any size the same. */
static void hears(const char *in, const char *out)
{
    static struct heard h;
    for (size_t piece = 1; piece < 200; piece = piece * 2 + 1) {
        assert_int_equal(hear(&h, in, strlen(in), piece), MBOX_OK);
        assert_string_equal(h.text, out);
    }
}

static void test_as_c_client(void **state)
{
    (void)state;
    hears(
        "From MAILER-DAEMON Mon Jan  5 10:00:00 2026\n"
        "Date: Mon, 5 Jan 2026 10:00:00 +0000\n"
        "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
        "X-IMAP: 1767607200 0000000042 Work Play\n"
        "Status: RO\n\nThis text is part of the internal format\n\n"
        "From ann@example.com Mon Jan  5 11:22:33 2026\n"
        "From: Ann <ann@example.com>\nSubject: one\nStatus: RO\nX-Status: AF\n"
        "X-Keywords: Work\nX-UID: 7\nContent-Length: 5\nX-Other: kept\n\nbody\n\n"
        ">From here on\nFrom there it is no separator\n\n"
        "From bob@example.com Tue Jan  6 11:22 2026\n"
        "From: Bob <bob@example.com>\nSubject: two\nStatus: O\nX-Keywords:\nX-UID: 9\n\ntwo\n\n"
        "From c@example.com Wed Jan  7 11:22:33 +0100 2026\nSubject: three, new\n\nthree\n",
        "[pseudo 0 1767607200 RO] 1767607200 42 Work Play\n"
        "[message 7 1767612153 ROFA] Work 0 0\n"
        "From: Ann <ann@example.com>\nSubject: one\nContent-Length: 5\nX-Other: "
        "kept\n\nbody\n\n"
        ">From here on\nFrom there it is no separator\n"
        "[message 9 1767698520 O] 0 0\nFrom: Bob <bob@example.com>\nSubject: two\n\ntwo\n"
        "[message 0 1767781353Z ] 0 0\nSubject: three, new\n\nthree\n");
}

static void test_separators(void **state)
{
    static const struct {
        const char *line;
        int64_t second; /* -1: is none */
        bool zoned;
    } cases[] = {
        { "From a@b Mon Jan  5 11:22:33 2026", 1767612153, false },
        { "From  Mon Jan  5 11:22:33 2026", 1767612153, false },
        { "From a b c Mon Jan 05 11:22:33 2026", 1767612153, false },
        { "From a@b Mon Jan  5 11:22 2026", 1767612120, false },
        { "From a@b Mon Jan  5 11:22:33 EST 2026", 1767630153, true },
        { "From a@b Mon Jan  5 11:22:33 2026 -0500", 1767630153, true },
        { "From a@b Mon Jan  5 11:22:33 2026 remote from somewhere", 1767612153, false },
        { "From here on Mon is a word", -1, false },
        { "From a@b Mon Jan  5 11:22:33 26", -1, false },
        { "From a@b Xyz Jan  5 11:22:33 2026", -1, false },
        { "From a@b Mon Foo  5 11:22:33 2026", -1, false },
        { "From a@b Mon Jan 32 11:22:33 2026", -1, false },
        { "From a@b Mon Jan  5 11.22 2026", -1, false },
        { "From: a@b Mon Jan  5 11:22:33 2026", -1, false },
        { ">From a@b Mon Jan  5 11:22:33 2026", -1, false },
        { "From ", -1, false },
        { "From", -1, false },
        { "", -1, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t second = -1;
        bool zoned = false;
        bool is = mbox_separator(cases[i].line, strlen(cases[i].line), &second, &zoned);
        if (is != (cases[i].second >= 0) || (is && second != cases[i].second) ||
            zoned != cases[i].zoned)
            fail_msg("%s: %d %lld %d", cases[i].line, is, (long long)second, zoned);
    }
}

#define ONE  "From a@b Mon Jan  5 11:22:33 2026\n"
#define HEAD "[message 0 1767612153 ] 0 0\n"

static void test_ends(void **state)
{
    (void)state;
    hears("", "");
    hears("\n\n" ONE "A: b\n\nx", HEAD "A: b\n\nx");
    hears(ONE "A: b\n\nx\n\n\n", HEAD "A: b\n\nx\n\n");
    hears(ONE "A: b\n\n" ONE "C: d\n\n\n" ONE, HEAD "A: b\n\n" HEAD "C: d\n\n" HEAD);
    hears(ONE "A: b\r\nStatus: R\r\n\r\nx\r\n\r\n" ONE "c",
          "[message 0 1767612153 R] 0 0\nA: b\r\n\r\nx\r\n" HEAD "c");
}

static void test_fields(void **state)
{
    (void)state;
    /* Folded; in a body; of a second message, X-IMAP makes nothing of it. */
    hears(ONE "X-Keywords: a b\n\tc\nStatus: R\n O\nA: b\n d\n\nStatus: O\n" ONE
              "X-IMAP: 1 2\n\ny\n",
          "[message 0 1767612153 R] a b 0 0\nA: b\n d\n\nStatus: O\n"
          "[message 0 1767612153 ] 1 2\n\ny\n");
    hears(ONE "X-UID: 99999999999\nX-IMAPbase: 4294967296 -1\nstatus: R\n\n",
          "[message 0 1767612153 R] 0 0 -1\n\n");
}

static void test_long_lines(void **state)
{
    static struct heard h;
    static char in[3 * MBOX_LINE_MAX];
    (void)state;
    for (int what = 0; what < 3; what++) {
        size_t n = strlen(ONE);
        memcpy(in, ONE, n);
        memset(in + n, 'x', sizeof in - n);
        if (what == 1) /* it would be the folder's, and is text */
            memcpy(in + n, "X-Keywords: ", 12);
        if (what == 2)
            memset(in + n, '\n', 2);
        in[sizeof in - 1] = '\n';
        const struct mbox_sink sink = { hear_begin, hear_octets, hear_end, &h };
        struct mbox_reader *r = mbox_reader_new(&sink);
        assert_non_null(r);
        memset(&h, 0, sizeof h);
        size_t total = 0;
        for (size_t at = 0; at < sizeof in; at += 1000) {
            h.n = 0; /* the text itself is longer than what is heard of it */
            assert_int_equal(
                mbox_read(r, in + at, sizeof in - at < 1000 ? sizeof in - at : 1000), MBOX_OK);
            total += h.n;
            h.n = 0;
        }
        assert_int_equal(mbox_end(r), MBOX_OK);
        total += h.n;
        mbox_reader_free(r);
        assert_int_equal(total, sizeof in - n);
    }
}

static void test_no_mbox(void **state)
{
    static struct heard h;
    (void)state;
    assert_int_equal(hear(&h, "hello\n", 6, 6), MBOX_NONE);
    assert_int_equal(hear(&h, "\nFrom: a@b\n", 11, 1), MBOX_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_c_client), cmocka_unit_test(test_separators),
        cmocka_unit_test(test_ends),        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_long_lines),  cmocka_unit_test(test_no_mbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

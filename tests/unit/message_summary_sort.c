/* The kept forms of what SORT and THREAD need (message/summary.h): made of messages, read, and
 * read where they are damaged. */
#include "memory_input.h"
#include "message/fold.h"
#include "message/message_ids.h"
#include "message/summary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void make(const char *text, enum summary_kind kind, struct buffer *value)
{
    struct memory_input m;
    struct message *msg;
    memory_input_init(&m, text, strlen(text));
    assert_int_equal(message_parse(&m.in, MESSAGE_HEADER, &msg), MESSAGE_OK);
    assert_int_equal(summary_depth(kind), MESSAGE_HEADER);
    buffer_init(value, (size_t)1 << 24);
    assert_int_equal(summary_make(msg, kind, 0, value), MESSAGE_OK);
    message_free(msg);
}

/* --- i;unicode-casemap (RFC 5051). -----------------------------------------------------------
 */

static void check_title(const char *text, const char *expected)
{
    struct memory_sink to;
    struct fold *f = malloc(sizeof *f);
    assert_non_null(f);
    memory_sink_init(&to);
    fold_init_title(f, &to.sink);
    for (const char *p = text; *p != '\0'; p++)
        assert_true(f->sink.write(&f->sink, p, 1));
    assert_true(fold_finish(f));
    assert_string_equal(buffer_string(&to.out), expected);
    buffer_clear(&to.out);
    assert_true(f->sink.write(&f->sink, text, strlen(text)));
    assert_true(fold_finish(f));
    assert_string_equal(buffer_string(&to.out), expected);
    buffer_free(&to.out);
    free(f);
}

static void title_case(void **state)
{
    (void)state;
    check_title("abcxyz ABCXYZ 09 @[`{_^", "ABCXYZ ABCXYZ 09 @[`{_^");
    check_title("a text that is longer than one vector of octets {z}",
                "A TEXT THAT IS LONGER THAN ONE VECTOR OF OCTETS {Z}");
    /* The example of section 2: U+01C4, and its other two cases. */
    check_title("\xc7\x84", "Dz\xcc\x8c");
    check_title("\xc7\x85", "Dz\xcc\x8c");
    check_title("\xc7\x86", "Dz\xcc\x8c");
    check_title("\xc3\xa9", "E\xcc\x81");                                /* é, composed */
    check_title("e\xcc\x81", "E\xcc\x81");                               /* and not */
    check_title("\xd0\xbf\xd1\x80\xd0\xb8", "\xd0\x9f\xd0\xa0\xd0\x98"); /* при */
    check_title("\xd0\xb9", "\xd0\x98\xcc\x86");                         /* й */
    check_title("\xcf\x83\xcf\x82\xce\xa3", "\xce\xa3\xce\xa3\xce\xa3"); /* σςΣ */
    /* What has no title case of one character, and no decomposition, stays. */
    check_title("\xc3\x9f", "\xc3\x9f");         /* ß */
    check_title("\xe1\xba\x9e", "\xe1\xba\x9e"); /* ẞ */
    check_title("\xef\xac\x81", "fi");           /* U+FB01: decomposed after title case */
    check_title("\xc4\xb1", "I");                /* dotless i */
    check_title("\xc4\xb0", "I\xcc\x87");        /* dotted I */
    check_title("\xc5\xbf", "S");                /* long s */
    check_title("\xe2\x84\xab", "A\xcc\x8a");    /* U+212B, ångström */
    check_title("\xe1\x83\x90", "\xe1\x83\x90"); /* Georgian: upper case, but no title case */
    check_title("\xef\xbd\x81", "A");            /* full-width a */
    /* 8-bit without a charset is windows-1252, as everywhere here. */
    check_title("caf\xe9", "CAFE\xcc\x81");
}

/* --- Sort keys. ------------------------------------------------------------------------------
 */

static void check_key(const char *text, enum sort_key_kind kind, const char *expected)
{
    struct buffer value;
    struct summary_sort sort;
    make(text, SUMMARY_SORT, &value);
    assert_true(summary_sort(value.data, value.len, &sort));
    if (sort.key[kind].n != strlen(expected) ||
        memcmp(sort.key[kind].p, expected, sort.key[kind].n) != 0)
        fail_msg("key %d is '%.*s', not '%s', of:\n%s", kind, (int)sort.key[kind].n,
                 sort.key[kind].p, expected, text);
    buffer_free(&value);
}

static void check_subject(const char *subject, const char *expected, bool reply)
{
    char text[4000];
    struct buffer value;
    struct summary_sort sort;
    snprintf(text, sizeof text, "Subject:%s\r\n\r\n", subject);
    check_key(text, SORT_SUBJECT, expected);
    make(text, SUMMARY_SORT, &value);
    assert_true(summary_sort(value.data, value.len, &sort));
    assert_int_equal(sort.reply, reply);
    buffer_free(&value);
}

static void subjects(void **state)
{
    (void)state;
    check_key("From: a\n\n", SORT_SUBJECT, "");
    check_subject("", "", false);
    check_subject(" Re: [list] Lunch (fwd)", "LUNCH", true);
    check_subject(" [list] Lunch", "LUNCH", false);
    check_subject(" Re:", "", true);
    /* Step 1: decoding comes before all else, folding is a space. */
    check_subject(" =?utf-8?Q?Re=3A_?= =?utf-8?B?0K8=?= x", "\xd0\xaf X", true);
    check_subject(" =?utf-8?Q?=5Bfwd=3A_a=5D?=", "A", true);
    check_subject(" Re:\r\n\t=?koi8-r?B?0dHR?=", "\xd0\xaf\xd0\xaf\xd0\xaf", true);
    check_subject(" a\r\n  b =?utf-8?Q?__c?=", "A B C", false);
    check_subject(" =?utf-8?Q?a=09=0D=0A_b?=", "A B", false);
    check_subject(" caf\xe9", "CAFE\xcc\x81", false);
    /* The first field counts, as in ENVELOPE. */
    check_key("Subject: a\nSubject: b\n\n", SORT_SUBJECT, "A");
}

static void check_addresses(const char *field, const char *mailbox, const char *name)
{
    static const struct {
        const char *name;
        int mailbox, display;
    } keys[] = {
        { "From", SORT_FROM, SORT_DISPLAYFROM },
        { "To", SORT_TO, SORT_DISPLAYTO },
        { "Cc", SORT_CC, -1 },
    };
    for (int i = 0; i < 3; i++) {
        char text[2000];
        snprintf(text, sizeof text, "X: y\n%s: %s\nSubject: s\n\n", keys[i].name, field);
        for (enum sort_key_kind kind = 0; kind < SORT_KEYS; kind++)
            check_key(text, kind,
                      kind == SORT_SUBJECT           ? "S"
                      : (int)kind == keys[i].mailbox ? mailbox
                      : (int)kind == keys[i].display ? name
                                                     : "");
    }
}

static void addresses(void **state)
{
    (void)state;
    check_addresses("", "", "");
    check_addresses("ann@example.com", "ANN", "ANN@EXAMPLE.COM");
    check_addresses("Ann Archer <ann@example.com>", "ANN", "ANN ARCHER");
    check_addresses("\"Archer, Ann\" <ann@example.com>, bob@x", "ANN", "ARCHER, ANN");
    check_addresses("ann@example.com (Ann)", "ANN", "ANN"); /* addr-name of ENVELOPE */
    check_addresses("=?utf-8?Q?C=C3=A9line?= =?utf-8?Q?_D?= <c@d>", "C", "CE\xcc\x81LINE D");
    check_addresses("=?koi8-r?B?6dfBzg==?= <ivan@x>", "IVAN",
                    "\xd0\x98\xd0\x92\xd0\x90\xd0\x9d");
    /* A name that decodes to nothing is none. */
    check_addresses("=?utf-8?Q?\?= <c@d>", "C", "C@D");
    check_addresses("\"\" <c@d>", "C", "C@D");
    check_addresses("<@a,@b:c@d>", "C", "C@D");
    check_addresses("\"a b\"@d", "A B", "A B@D");
    check_addresses("c@\xcc\x81"
                    "d",
                    "C",
                    "C@\xcc\x81"
                    "D");
    /* A group's name is where a mailbox would be (RFC 3501 section 7.4.2), without a host. */
    check_addresses("Friends: ann@x, bob@y;", "FRIENDS", "FRIENDS");
    check_addresses("undisclosed-recipients:;", "UNDISCLOSED-RECIPIENTS",
                    "UNDISCLOSED-RECIPIENTS");
    check_addresses("=?utf-8?Q?Fr=C3=BChe?=: a@b;", "FRU\xcc\x88HE", "FRU\xcc\x88HE");
    check_addresses("ann", "ANN", "ANN@"); /* its host is empty, and no NIL */
    check_addresses(", ,, ann@x", "ANN", "ANN@X");
    /* The first From field; of To and Cc all together (as ENVELOPE). */
    check_key("From:\nFrom: a@b\n\n", SORT_FROM, "");
    check_key("To:\nSubject: c@d\nTo: a@b\nTo: e@f\n\n", SORT_TO, "A");
    check_key("Cc: ,\nCc: a@b\n\n", SORT_CC, "A");
}

static void check_date(const char *header, bool dated, int64_t second)
{
    struct buffer value;
    struct summary_sort sort;
    make(header, SUMMARY_SORT, &value);
    assert_true(summary_sort(value.data, value.len, &sort));
    assert_int_equal(sort.dated, dated);
    assert_int_equal(sort.second, second);
    buffer_free(&value);
}

/* RFC 5256 section 2.2. */
static void dates(void **state)
{
    (void)state;
    /* Its example: 1 Jan 2001 00:01:33 +0000. */
    check_date("Date: 31 Dec 2000 16:01:33 -0800\n\n", true, 978307293);
    check_date("Date: Mon, 1 Jan 2001 00:01:33 +0000\n\n", true, 978307293);
    check_date("Date: 1 Jan 1970 05:30:00 +0530\n\n", true, 0);
    check_date("Date: 31 Dec 1969 23:59:59 GMT\n\n", true, -1);
    /* A zone that is none is UTC, a time that is missing midnight. */
    check_date("Date: 2 Jan 1970 00:00:10 XYZ\n\n", true, 86410);
    check_date("Date: 2 Jan 1970\n\n", true, 86400);
    check_date("Date: yesterday\n\n", false, 0);
    check_date("Subject: x\n\n", false, 0);
}

/* --- Threads. --------------------------------------------------------------------------------
 */

/* The ids: first the own one (NULL: none), then the references, up to a NULL. */
static void check_thread(const char *text, const char *own, const char *const *references)
{
    struct buffer value;
    struct summary_thread thread;
    make(text, SUMMARY_THREAD, &value);
    assert_true(summary_thread(value.data, value.len, &thread));
    assert_true(thread.id == (own == NULL ? 0 : message_id_hash(own, strlen(own))));
    size_t n = 0;
    for (; references[n] != NULL; n++)
        if (n < thread.references)
            assert_true(summary_thread_reference(&thread, n) ==
                        message_id_hash(references[n], strlen(references[n])));
    assert_int_equal(thread.references, n);
    buffer_free(&value);
}

#define REFERENCES(...) ((const char *const[]){ __VA_ARGS__ })

/* RFC 5256 section 3, REFERENCES. */
static void threads(void **state)
{
    (void)state;
    const char *const *none = REFERENCES(NULL);
    check_thread("\n", NULL, none);
    check_thread("Message-ID: <a@b>\n\n", "a@b", none);
    check_thread("Message-Id: (x) <\"a\"@b> <c@d>\n\n", "a@b", none);
    check_thread("Message-ID: a@b\n\n", NULL, none);
    check_thread("Message-ID: <a@b>\nReferences: <c@d>\n\t<e@f> <c@d>\n\n", "a@b",
                 REFERENCES("c@d", "e@f", "c@d", NULL));
    /* In-Reply-To only where References has none, and its first only. */
    check_thread("References: <c@d>\nIn-Reply-To: <e@f>\n\n", NULL, REFERENCES("c@d", NULL));
    check_thread("References: none\nIn-Reply-To: <e@f> <g@h>\n\n", NULL,
                 REFERENCES("e@f", NULL));
    check_thread("In-Reply-To: message of Friday <nobody> <e@f> <g@h>\n\n", NULL,
                 REFERENCES("e@f", NULL));
    check_thread("In-Reply-To: message of Friday\n\n", NULL, none);
}

/* The vectors of SipHash's authors: the octets 0, 1, ... up to n - 1. */
static void hash(void **state)
{
    (void)state;
    char octets[64];
    for (int i = 0; i < 64; i++)
        octets[i] = (char)i;
    assert_true(message_id_hash(octets, 0) == UINT64_C(0x726fdb47dd0e0e31));
    assert_true(message_id_hash(octets, 1) == UINT64_C(0x74f839c593dc67fd));
    assert_true(message_id_hash(octets, 15) == UINT64_C(0xa129ca6149be45e5));
}

/* --- Values. ---------------------------------------------------------------------------------
 */

static const char letter[] = "Date: Tue, 03 Mar 2020 10:00:00 +0300\n"
                             "From: =?utf-8?Q?C=C3=A9line?= <celine@example.org>\n"
                             "To: bob@example.org, ann@example.org\n"
                             "Cc: Friends: eve@example.org;\n"
                             "Subject: Re: [list] =?utf-8?Q?Gr=C3=BC=C3=9Fe?= from the sea\n"
                             "Message-ID: <1@example.org>\n"
                             "References: <2@example.org> <3@example.org>\n\n";

/* What a reader may point to lies in the value. */
static void read_any(const char *octets, size_t n)
{
    char *copy = malloc(n + 1); /* its own, so that a sanitizer sees what is read beyond */
    struct summary_sort sort;
    struct summary_thread thread;
    uint64_t sum = 0;
    assert_non_null(copy);
    char *p = copy + 1; /* no alignment */
    if (n > 0)
        memcpy(p, octets, n);
    if (summary_sort(p, n, &sort)) {
        for (int i = 0; i < SORT_KEYS; i++) {
            assert_true(sort.key[i].p >= p && sort.key[i].p <= p + n);
            assert_true(sort.key[i].n <= (size_t)(p + n - sort.key[i].p));
            for (size_t j = 0; j < sort.key[i].n; j++)
                sum += (unsigned char)sort.key[i].p[j];
        }
    }
    if (summary_thread(p, n, &thread)) {
        assert_true(thread.references <= n / 8);
        for (size_t i = 0; i < thread.references; i++)
            sum += summary_thread_reference(&thread, i);
    }
    volatile uint64_t sink = sum;
    (void)sink;
    free(copy);
}

static void hostile(void **state)
{
    (void)state;
    static const enum summary_kind kinds[] = { SUMMARY_SORT, SUMMARY_THREAD };
    uint32_t random = 5051;
    for (int k = 0; k < 2; k++) {
        struct buffer value;
        struct summary_sort sort;
        struct summary_thread thread;
        make(letter, kinds[k], &value);
        for (size_t n = 0; n <= value.len; n++)
            read_any(value.data, n);
        /* One octet less or more is not sound. */
        for (int more = -1; more <= 1; more += 2) {
            char longer[1000];
            assert_true(value.len < sizeof longer);
            memcpy(longer, value.data, value.len);
            longer[value.len] = 0;
            assert_false(kinds[k] == SUMMARY_SORT
                             ? summary_sort(longer, value.len + (size_t)more, &sort)
                             : summary_thread(longer, value.len + (size_t)more, &thread));
        }
        for (size_t at = 0; at < value.len; at++) {
            char old = value.data[at];
            for (int c = 0; c < 256; c++) {
                value.data[at] = (char)c;
                read_any(value.data, value.len);
            }
            value.data[at] = old;
        }
        /* Made by other rules. */
        value.data[0] = SUMMARY_FORMAT + 1;
        assert_false(summary_sort(value.data, value.len, &sort));
        assert_false(summary_thread(value.data, value.len, &thread));
        buffer_free(&value);
    }
    for (int round = 0; round < 100000; round++) {
        char octets[64];
        octets[0] = SUMMARY_FORMAT;
        for (size_t i = 1; i < sizeof octets; i++) {
            random = random * 1664525 + 1013904223;
            octets[i] = (char)((random >> 28) < 12 ? random >> 16 & 0x0f : random >> 16);
        }
        random = random * 1664525 + 1013904223;
        read_any(octets, random >> 26);
    }
    /* Lengths that are as long as a number can be. */
    static const char huge[] = {
        SUMMARY_FORMAT, 0,      0,      0,      0,      0, 0, 0, 0, 0,
        '\xff',         '\xff', '\xff', '\xff', '\x7f', 0, 0, 0, 0, 0
    };
    struct summary_sort sort;
    read_any(huge, sizeof huge);
    assert_false(summary_sort(huge, sizeof huge, &sort));
}

/* What does not fit is no value; and what is kept unasked is what most clients ask for. */
static void ceilings(void **state)
{
    (void)state;
    struct memory_input m;
    struct message *msg;
    struct buffer whole;
    memory_input_init(&m, letter, strlen(letter));
    for (enum summary_kind kind = SUMMARY_SORT; kind <= SUMMARY_THREAD; kind++) {
        assert_false(summary_kept_unasked(kind));
        make(letter, kind, &whole);
        assert_int_equal(message_parse(&m.in, MESSAGE_HEADER, &msg), MESSAGE_OK);
        for (size_t max = 0; max <= whole.len; max++) {
            struct buffer value;
            buffer_init(&value, max);
            assert_int_equal(summary_make(msg, kind, 0, &value),
                             max < whole.len ? MESSAGE_NOMEM : MESSAGE_OK);
            buffer_free(&value);
        }
        message_free(msg);
        buffer_free(&whole);
    }
    assert_false(summary_kept_unasked(SUMMARY_BODY));
    assert_true(summary_kept_unasked(SUMMARY_ENVELOPE));
}

/* Texts and lists of any length are read again as they were made. */
static void lengths(void **state)
{
    (void)state;
    static const size_t sizes[] = { 127, 128, 16383, 16384, 100000 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buffer text;
        struct buffer value;
        struct summary_sort sort;
        struct summary_thread thread;
        buffer_init(&text, (size_t)1 << 24);
        buffer_puts(&text, "Subject: ");
        for (size_t j = 0; j < sizes[i]; j++)
            buffer_putc(&text, 'x');
        buffer_puts(&text, "\nReferences:");
        for (size_t j = 0; j < sizes[i]; j++)
            buffer_printf(&text, " <%zu@b>", j);
        buffer_puts(&text, "\nFrom: a@b\n\n");
        make(buffer_string(&text), SUMMARY_SORT, &value);
        assert_true(summary_sort(value.data, value.len, &sort));
        assert_int_equal(sort.key[SORT_SUBJECT].n, sizes[i]);
        assert_int_equal(sort.key[SORT_DISPLAYFROM].n, 3);
        assert_memory_equal(sort.key[SORT_DISPLAYFROM].p, "A@B", 3);
        buffer_free(&value);
        make(buffer_string(&text), SUMMARY_THREAD, &value);
        assert_true(summary_thread(value.data, value.len, &thread));
        assert_int_equal(thread.references, sizes[i]);
        buffer_free(&value);
        buffer_free(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(title_case), cmocka_unit_test(subjects), cmocka_unit_test(addresses),
        cmocka_unit_test(dates),      cmocka_unit_test(threads),  cmocka_unit_test(hash),
        cmocka_unit_test(hostile),    cmocka_unit_test(ceilings), cmocka_unit_test(lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

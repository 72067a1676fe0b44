/* SEARCH's text keys (RFC 3501 section 6.4.4) over decoded fields and bodies. */
#include "memory_input.h"
#include "message/search.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum key { BODY, TEXT, SUBJECT };

static bool finds(const char *text, enum key key, const char *words, const char *charset,
                  size_t step)
{
    struct memory_input m;
    struct message *msg;
    struct search_text *wanted;
    bool found = false;
    memory_input_init(&m, text, strlen(text));
    m.step = step;
    assert_int_equal(message_parse(&m.in, MESSAGE_WHOLE, &msg), MESSAGE_OK);
    assert_int_equal(search_text_new(words, strlen(words), charset, &wanted), SEARCH_TEXT_OK);
    enum message_status status = key == BODY ? message_search_body(msg, wanted, &found)
                                 : key == TEXT
                                     ? message_search_text(msg, wanted, &found)
                                     : message_search_header(msg, "subject", wanted, &found);
    assert_int_equal(status, MESSAGE_OK);
    search_text_free(wanted);
    message_free(msg);
    return found;
}

static void check(const char *text, enum key key, const char *words, bool expected)
{
    if (finds(text, key, words, NULL, 0) != expected ||
        finds(text, key, words, NULL, 1) != expected)
        fail_msg("'%s' is %sfound in:\n%s", words, expected ? "not " : "", text);
}

static void check_subject(const char *subject, const char *words, bool expected)
{
    char text[2000];
    snprintf(text, sizeof text, "Subject: %s\r\n\r\n", subject);
    check(text, SUBJECT, words, expected);
    check(text, TEXT, words, expected);
    if (words[0] != '\0')
        check(text, BODY, words, false);
}

static void check_part(const char *fields, const char *body, const char *words, bool expected)
{
    char text[4000];
    snprintf(text, sizeof text, "Subject: x\n%s\n%s", fields, body);
    check(text, BODY, words, expected);
    check(text, TEXT, words, expected);
}

static void headers(void **state)
{
    (void)state;
    check_subject("Hello World", "hello", true);
    check_subject("Hello World", "O W", true);
    check_subject("Hello World", "world hello", false);
    check_subject("folded\r\n value", "folded value", true);
    check_subject("", "", true);
    check_subject("x", "", true);
    /* An empty text finds any message that has the field, and only those. */
    check("From: a\n\n", SUBJECT, "", false);
    check("From: a\nSubject:\n\n", SUBJECT, "", true);
    check("From: a\nSubject: b\n\n", TEXT, "from: a", true);
    check("From: a\nSubject: b\n\n", TEXT, "ab", false);
    /* Every field of the name counts. */
    check("Subject: a\nSubject: b\n\n", SUBJECT, "b", true);
    check("Subject: a\nSubject: b\n\n", SUBJECT, "ab", false);
}

/* Привет, мир and 日本語, each encoded in several ways. */
static void encoded_words(void **state)
{
    (void)state;
    check_subject("=?koi8-r?B?8NLJ18XULCDNydI=?=", "привет, МИР", true);
    check_subject("=?KOI8-R?b?8NLJ18XULCDNydI=?= tail", "мир tail", true);
    check_subject("=?windows-1251?Q?=CF=F0=E8=E2=E5=F2,_=EC=E8=F0?=", "Привет, мир", true);
    check_subject("=?utf-8*ru?Q?=D0=9F=D1=80=D0=B8?= =?utf-8?B?0LLQtdGC?=", "ПРИВЕТ", true);
    check_subject("=?iso-2022-jp?B?GyRCRnxLXDhsGyhC?=", "日本語", true);
    check_subject("=?shift_jis?B?k/qWe4zq?=", "本語", true);
    check_subject("=?euc-jp?B?xvzL3Ljs?=", "日本", true);
    check_subject("=?gb18030?B?1tDOxA==?=", "中文", true);
    check_subject("=?big5?B?pKSk5Q==?=", "中文", true);
    check_subject("=?euc-kr?B?x9GxzQ==?=", "한", true);
    check_subject("=?iso-8859-1?Q?caf=E9?=", "CAFÉ", true);
    /* A character cut in two: D0 | 9F. */
    check_subject("=?utf-8?B?0A==?= =?utf-8?B?n9GA?=", "пр", true);
    check_subject("=?utf-8?Q?=D0?=\r\n =?UTF-8?B?nw==?=", "п", true);
    /* White space between neighbours goes, beside other text it stays. */
    check_subject("=?utf-8?Q?a?= =?utf-8?Q?b?= c", "ab c", true);
    check_subject("=?utf-8?Q?a?= =?koi8-r?Q?b?=", "ab", true);
    check_subject("x =?utf-8?Q?a?= y", "x a y", true);
    /* A fold is one space, whatever the mailer made of it. */
    check_subject("folded \r\n\t  value", "folded value", true);
    check_subject("a\r\n \r\n b", "a b", true);
    check_subject("two  spaces", "two spaces", false);
    /* Not encoded-words. */
    check_subject("=?utf-8?X?abc?=", "=?utf-8?x?abc?=", true);
    check_subject("=?utf-8?Q?abc", "=?utf-8?q?abc", true);
    check_subject("=??Q?abc?=", "abc", true);
    check_subject("=? =?utf-8?Q?abc?=", "=? abc", true);
    /* A charset that is not known: what is US-ASCII of it is found. */
    check_subject("=?x-unknown?Q?abc=FF?=", "abc", true);
    /* Raw 8-bit: UTF-8 where it is that, else windows-1252. */
    check_subject("\xd0\x9f\xd1\x80\xd0\xb8", "при", true);
    check_subject("caf\xe9 x", "café", true);
}

/* RFC 5051's comparison: canonical and compatible forms are one, and so are cases. */
static void folding(void **state)
{
    (void)state;
    check_subject("STRASSE", "straße", true);
    check_subject("Stra\xc3\x9f"
                  "e",
                  "STRASSE", true);
    check_subject("ΣΊΣΥΦΟΣ", "σίσυφος", true);
    check_subject("Σίσυφος", "ΣΊΣΥΦΟΣ", true);
    check_subject("ЁЛКА", "ёлка", true);
    check_subject("cafe\xcc\x81", "café", true);
    check_subject("ｆｕｌｌ", "full", true);
    check_subject("ﬁne", "fine", true);
    check_subject("İstanbul", "i̇stanbul", true);
    check_subject("İstanbul", "İSTANBUL", true);
    check_subject("ISTANBUL", "istanbul", true);
    /* i;unicode-casemap compares by title case (RFC 5051 section 2): that of dotless i is I. */
    check_subject("ısparta", "isparta", true);
    check_subject("ISPARTA", "ısparta", true);
    check_subject("İstanbul", "istanbul", false);
    /* Marks in another order. */
    check_subject("q\xcc\x87\xcc\xa3", "q\xcc\xa3\xcc\x87", true);
    check_subject("각", "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8", true);
}

static void bodies(void **state)
{
    (void)state;
    check_part("", "Hello World\n", "o w", true);
    check_part("", "one\ntwo\n", "one\r\ntwo", true);
    check_part("", "one\r\ntwo\r\n", "one\r\ntwo", true);
    check_part("", "Привет\n", "привет", true);
    check_part("Content-Type: text/plain; charset=koi8-r\n", "\xf0\xd2\xc9\xd7\xc5\xd4\n",
               "Привет", true);
    check_part("Content-Type: text/plain; charset=koi8-r\n"
               "Content-Transfer-Encoding: quoted-printable\n",
               "=F0=D2=C9=\n=D7=C5=D4 =   \nx\n", "привет x", true);
    check_part("Content-Type: text/plain; charset=\"iso-2022-jp\"\n"
               "Content-Transfer-Encoding: base64\n",
               "GyRCRnxL\nXDhsGyhC\n", "日本語", true);
    check_part("Content-Transfer-Encoding: base64\n", "aGVs*bG8=\nIHdvcmxk\n", "hello world",
               true);
    check_part("Content-Transfer-Encoding: x-unknown\n", "plain words\n", "plain words", true);
    check_part("Content-Type: text/plain; charset=x-unknown\n", "plain caf\xe9\n", "café",
               true);
    /* Attachments are not searched. */
    check_part("Content-Type: application/octet-stream\n", "hello\n", "hello", false);
    check_part("Content-Type: image/gif\nContent-Transfer-Encoding: base64\n", "aGVsbG8=\n",
               "hello", false);
}

static void html(void **state)
{
    (void)state;
    static const char type[] = "Content-Type: text/html; charset=utf-8\n";
    check_part(type, "<p>Hello <b>wor</b>ld</p>\n", "hello world", true);
    check_part(type, "<p>one</p><p>two</p>", "onetwo", false);
    check_part(type, "one\n   two", "one two", true);
    check_part(type, "caf&eacute; &#1055;&#x0440;&amp;b &unknown; &lt", "café пр&b &unknown; <",
               true);
    check_part(type, "<a href=\"http://hidden/>\" title='x>y'>shown</a>", "hidden", false);
    check_part(type, "<a href=\"http://hidden/>\" title='x>y'>shown</a>", "shown", true);
    check_part(type, "<style>p { color: red }</style><script>if (a<b) c='</p>';</script>x",
               "color", false);
    check_part(type, "<style>p</style><script>if (a<b) c='</p>';</script>shown", "shown", true);
    check_part(type, "<!-- hidden > --><!--><!DOCTYPE html>shown", "hidden", false);
    check_part(type, "<!-- hidden > --><!--><!DOCTYPE html>shown", "shown", true);
    check_part(type, "a < b", "a < b", true);
    check_part(type, "a&nbsp;b", "a b", true);
    check_part(type, "&#147;q&#148;", "“q”", true);
    check_part("Content-Type: text/plain\n", "<b>x</b>", "<b>", true);
}

static const char two_parts[] =
    "Subject: outer\nContent-Type: multipart/mixed; boundary=b\n\npreamble\n--b\n"
    "Content-Type: text/plain\nX-Mime: mimefield\n\none\n--b\nContent-Type: message/rfc822\n\n"
    "Subject: =?utf-8?Q?inner=20subject?=\n\ntwo\n--b--\nepilogue\n";

/* Parts are searched each for itself; embedded messages with their headers. */
static void parts(void **state)
{
    (void)state;
    check(two_parts, BODY, "one", true);
    check(two_parts, BODY, "two", true);
    check(two_parts, BODY, "inner subject", true);
    check(two_parts, BODY, "subject: inner", true);
    check(two_parts, BODY, "outer", false);
    check(two_parts, TEXT, "outer", true);
    check(two_parts, BODY, "preamble", false);
    check(two_parts, BODY, "epilogue", false);
    check(two_parts, BODY, "onetwo", false);
    check(two_parts, BODY, "one\r\n", false);
    check(two_parts, BODY, "", true);
}

/* The text to look for in other charsets; what can't be text. */
static void wanted_text(void **state)
{
    (void)state;
    static const char subject[] = "Subject: Привет\n\n";
    assert_true(finds(subject, SUBJECT, "\xf0\xd2\xc9\xd7\xc5\xd4", "KOI8-R", 0));
    assert_true(finds(subject, SUBJECT, "\xcf\xf0\xe8\xe2\xe5\xf2", "windows-1251", 0));
    assert_true(finds("Subject: 日本\n\n", SUBJECT, "\x1b$BF|K\\\x1b(B", "iso-2022-jp", 0));
    struct search_text *text = NULL;
    assert_int_equal(search_text_new("x", 1, "no-such", &text), SEARCH_TEXT_BADCHARSET);
    assert_int_equal(search_text_new("x", 1, "UTF-8//TRANSLIT", &text), SEARCH_TEXT_BADCHARSET);
    assert_int_equal(search_text_new("x", 1, "", &text), SEARCH_TEXT_BADCHARSET);
    assert_int_equal(search_text_new("\xff", 1, NULL, &text), SEARCH_TEXT_INVALID);
    assert_int_equal(search_text_new("\xd0", 1, "UTF-8", &text), SEARCH_TEXT_INVALID);
    assert_int_equal(search_text_new("\xc0\xaf", 2, "UTF-8", &text), SEARCH_TEXT_INVALID);
    assert_int_equal(search_text_new("\xd0\x9f", 2, "US-ASCII", &text), SEARCH_TEXT_INVALID);
    assert_int_equal(search_text_new("\x80\x81", 2, "euc-kr", &text), SEARCH_TEXT_INVALID);
    assert_null(text);
}

/* Every charset that is told is one that works. */
static void charsets(void **state)
{
    (void)state;
    for (const char *const *name = charset_names; *name != NULL; name++) {
        struct search_text *text;
        bool wide = strncmp(*name, "UTF-16", 6) == 0;
        assert_true(charset_known(*name));
        int status = search_text_new(wide ? "\0a" : "ab", 2, *name, &text);
        if (status != SEARCH_TEXT_OK)
            fail_msg("%s", *name);
        search_text_free(text);
    }
    assert_true(charset_known("utf-8"));
    assert_true(charset_known("Cp1251"));
    assert_false(charset_known("ISO-2022-CN-EXT"));
}

/* A match may lie across any border of the blocks a body is read in. */
static void borders(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 1 << 20);
    for (size_t before = 32768 - 24; before < 32768 + 24; before++) {
        buffer_clear(&text);
        buffer_puts(&text, "\n");
        for (size_t i = 0; i < before; i++)
            buffer_putc(&text, 'x');
        buffer_puts(&text, "Иголка");
        for (size_t i = 0; i < 20000; i++)
            buffer_putc(&text, 'x');
        assert_true(finds(buffer_string(&text), BODY, "xИГОЛКАx", NULL, 0));
        assert_false(finds(buffer_string(&text), BODY, "xИГОЛКАy", NULL, 0));
    }
    /* A text longer than the window. */
    struct buffer wanted;
    buffer_init(&wanted, 1 << 20);
    for (size_t i = 0; i < 50000; i++)
        buffer_putc(&wanted, (char)('a' + i % 23));
    buffer_clear(&text);
    buffer_puts(&text, "\nxyz");
    buffer_append(&text, wanted.data, wanted.len);
    assert_true(finds(buffer_string(&text), BODY, buffer_string(&wanted), NULL, 0));
    buffer_putc(&wanted, '!');
    assert_false(finds(buffer_string(&text), BODY, buffer_string(&wanted), NULL, 0));
    buffer_free(&wanted);
    buffer_free(&text);
}

static unsigned seed = 2463534242;

static unsigned next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

static void random_text(char *p, size_t n, const char *octets)
{
    for (size_t i = 0; i < n; i++)
        p[i] = octets[next_random() % strlen(octets)];
    p[n] = '\0';
}

/* As it is compared, where all of it is US-ASCII: in lower case, without CRs. */
static void fold_plainly(char *p)
{
    char *to = p;
    for (; *p != '\0'; p++)
        if (*p != '\r')
            *to++ = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
    *to = '\0';
}

static void base64(struct buffer *out, const char *p, size_t n)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = 0;
        for (size_t k = i; k < i + 3; k++)
            v = v << 8 | (k < n ? (unsigned char)p[k] : 0);
        for (size_t k = 0; k < 4; k++)
            buffer_putc(out, i + k > n ? '=' : digits[v >> (18 - 6 * k) & 63]);
    }
}

/* A body searched where it lies has what the same body has when it must be decoded, and when it
 * is looked through in the plainest way: whatever its line ends, wherever its chunks end. */
static void bodies_where_they_lie(void **state)
{
    (void)state;
    static const char *const types[] = { "",
                                         "Content-Type: text/plain; charset=us-ascii\n",
                                         "Content-Type: text/plain; charset=koi8-r\n",
                                         "Content-Type: text/x; charset=\"Windows-1252\"\n",
                                         "Content-Type: text/plain; charset=utf-7\n",
                                         "Content-Type: text/plain; charset=unheard-of\n" };
    static const char *const kinds[] = { "aB \n", "ab\r\n", "abcdefgh\n", "Ab\r", "aa\n" };
    static char body[140000];
    struct buffer plain;
    struct buffer encoded;
    size_t found = 0;
    buffer_init(&plain, 1 << 20);
    buffer_init(&encoded, 1 << 20);
    for (size_t round = 0; round < 4000; round++) {
        const char *type = types[next_random() % (sizeof types / sizeof *types)];
        const char *kind = kinds[round % (sizeof kinds / sizeof *kinds)];
        bool large = round % 40 == 0;
        size_t n =
            large ? 65536 * (1 + round % 2) - 20 + next_random() % 40 : next_random() % 60;
        char words[24];
        random_text(body, n, kind);
        random_text(words, 1 + next_random() % 8, kind);
        if (large) { /* all but a few of those that are too easily found */
            memset(body, '.', n);
            for (size_t i = 0; i < 400; i++)
                body[next_random() % n] = kind[next_random() % strlen(kind)];
            size_t near = next_random() % 10;
            if (n > 65536 + 30)
                memcpy(body + 65536 - near, words, strlen(words));
        }
        if (round % 11 == 0 && n > 0)
            body[next_random() % n] = '\xe9';
        buffer_clear(&plain);
        buffer_clear(&encoded);
        buffer_printf(&plain, "%s\n%s", type, body);
        buffer_printf(&encoded, "%sContent-Transfer-Encoding: base64\n\n", type);
        base64(&encoded, body, n);
        bool here = finds(buffer_string(&plain), BODY, words, NULL, 0);
        bool in_steps =
            finds(buffer_string(&plain), BODY, words, NULL, 1 + next_random() % 70000);
        bool decoded = finds(buffer_string(&encoded), BODY, words, NULL, 0);
        assert_int_equal(here, decoded);
        assert_int_equal(here, in_steps);
        bool ascii = strchr(body, '\xe9') == NULL;
        fold_plainly(body);
        fold_plainly(words);
        if (ascii)
            assert_int_equal(here, strstr(body, words) != NULL);
        found += here;
    }
    assert_in_range(found, 200, 3800);
    buffer_free(&plain);
    buffer_free(&encoded);
}

/* Fields that are passed over because a word is not in them, and the same fields where that
 * can't be said: with the beginning of an encoded-word that is none at their end. */
static void fields_that_lack_a_word(void **state)
{
    (void)state;
    size_t found = 0;
    for (size_t round = 0; round < 100000; round++) {
        char value[40];
        char words[12];
        char text[2][200];
        random_text(value, next_random() % 30, round % 2 == 0 ? "abC \t:" : "ab\r b\t\v");
        random_text(words, 1 + next_random() % 6, round % 2 == 0 ? "abc :" : "ab \v");
        size_t fold = next_random() % (strlen(value) + 1);
        for (int i = 0; i < 2; i++)
            snprintf(text[i], sizeof text[i], "%s%.*s%s%s%s\n\n",
                     round % 3 == 0 ? "Subject:" : "Subject : ", (int)fold, value,
                     round % 5 == 0 ? "\r\n \t" : "", value + fold, i == 0 ? "" : " |=?");
        if (words[strlen(words) - 1] == ' ')
            continue;
        enum key key = round % 2 == 0 ? TEXT : SUBJECT;
        bool quickly = finds(text[0], key, words, NULL, 0);
        assert_int_equal(quickly, finds(text[1], key, words, NULL, 0));
        found += quickly;
    }
    assert_in_range(found, 10000, 90000);
    check("Subject: Kelvin \u212a\n\n", TEXT, "kelvin k", true);
    check("Subject: x\n\n\u212a", TEXT, "k", true);
    check("Subject: x\n\n\u212a", BODY, "k", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),
        cmocka_unit_test(encoded_words),
        cmocka_unit_test(folding),
        cmocka_unit_test(bodies),
        cmocka_unit_test(html),
        cmocka_unit_test(parts),
        cmocka_unit_test(wanted_text),
        cmocka_unit_test(charsets),
        cmocka_unit_test(borders),
        cmocka_unit_test(bodies_where_they_lie),
        cmocka_unit_test(fields_that_lack_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

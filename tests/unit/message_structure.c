/* BODY and BODYSTRUCTURE (RFC 3501 section 7.4.2), and the MIME structure under them. */
#include "memory_input.h"
#include "message/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void check_form(const char *text, bool extended, const char *expected)
{
    struct memory_input m;
    memory_input_init(&m, text, strlen(text));
    struct message *msg;
    assert_int_equal(message_parse(&m.in, MESSAGE_WHOLE, &msg), MESSAGE_OK);
    struct buffer out;
    buffer_init(&out, 1 << 24);
    assert_int_equal(message_structure(msg, extended, &out), MESSAGE_OK);
    assert_string_equal(buffer_string(&out), expected);
    buffer_free(&out);
    message_free(msg);
}

static void check_body(const char *text, const char *expected)
{
    check_form(text, false, expected);
}

static void check_structure(const char *text, const char *expected)
{
    check_form(text, true, expected);
}

#define PLAIN "\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" "

/* RFC 3501: a message without Content-Type. */
static void no_content_type(void **state)
{
    (void)state;
    check_body("Subject: x\r\n\r\none\r\ntwo\r\n", "(" PLAIN "10 2)");
    check_structure("Subject: x\r\n\r\none\r\ntwo\r\n", "(" PLAIN "10 2 NIL NIL NIL NIL)");
    check_body("", "(" PLAIN "0 0)");
    check_body("\n", "(" PLAIN "0 0)");
    check_body("Subject: no body", "(" PLAIN "0 0)");
}

/* Sizes and lines are those of the CRLF form. */
static void line_ends(void **state)
{
    (void)state;
    check_body("A: b\n\none\ntwo\n", "(" PLAIN "10 2)");
    check_body("A: b\n\none\r\ntwo\n", "(" PLAIN "10 2)");
    check_body("A: b\n\none\rtwo\n", "(" PLAIN "9 1)");
    check_body("A: b\n\none\r\r\n", "(" PLAIN "6 1)");
    check_body("A: b\n\nno line end", "(" PLAIN "11 0)");
    check_body("A: b\r\n\r\n\n\n\r\n", "(" PLAIN "6 3)");
}

static void every_field(void **state)
{
    (void)state;
    check_structure(
        "Content-Type: Application/PDF; name=\"a b.pdf\"; x=y\r\n"
        "Content-ID: <id@x>\r\nContent-Description: A\r\n description\r\n"
        "Content-Transfer-Encoding: BASE64\r\nContent-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\n"
        "Content-Disposition: attachment; filename=a.pdf; size=12\r\n"
        "Content-Language: en, ru (Russian), i-mingo\r\n"
        "Content-Location: http://www.example.org/\r\n  long/path\r\n\r\nYWJj\r\n",
        "(\"Application\" \"PDF\" (\"name\" \"a b.pdf\" \"x\" \"y\") \"<id@x>\" "
        "\"A description\" \"BASE64\" 6 \"Q2hlY2sgSW50ZWdyaXR5IQ==\" "
        "(\"attachment\" (\"filename\" \"a.pdf\" \"size\" \"12\")) "
        "(\"en\" \"ru\" \"i-mingo\") \"http://www.example.org/long/path\")");
    check_structure(
        "Content-Type: image/gif\nContent-Disposition: inline\nContent-Language: de\n\n",
        "(\"image\" \"gif\" NIL NIL NIL \"7BIT\" 0 NIL (\"inline\" NIL) (\"de\") NIL)");
}

/* RFC 3501 section 7.4.2 has this one, made of its parts. */
static void two_parts(void **state)
{
    (void)state;
    static const char text[] =
        "MIME-Version: 1.0\r\n"
        "Content-Type: MULTIPART/MIXED; BOUNDARY=\"=-x\"\r\n\r\n"
        "This is the preamble.\r\n"
        "--=-x\r\n\r\nfirst\r\nline\r\n"
        "--=-x\r\nContent-Type: TEXT/PLAIN; CHARSET=US-ASCII; NAME=cc.diff\r\n"
        "Content-ID: <960723163407.20117h@cac.washington.edu>\r\n"
        "Content-Description: Compiler diff\r\n"
        "Content-Transfer-Encoding: BASE64\r\n\r\n"
        "YQ==\r\n\r\n--=-x--\r\nepilogue\r\n";
    check_body(text, "((" PLAIN "11 1)"
                     "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\" \"NAME\" \"cc.diff\") "
                     "\"<960723163407.20117h@cac.washington.edu>\" \"Compiler diff\" "
                     "\"BASE64\" 6 1) \"MIXED\")");
    check_structure(text, "((" PLAIN "11 1 NIL NIL NIL NIL)"
                          "(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"US-ASCII\" \"NAME\" \"cc.diff\") "
                          "\"<960723163407.20117h@cac.washington.edu>\" \"Compiler diff\" "
                          "\"BASE64\" 6 1 NIL NIL NIL NIL) \"MIXED\" (\"BOUNDARY\" \"=-x\") "
                          "NIL NIL NIL)");
}

static void embedded_message(void **state)
{
    (void)state;
    check_body("Content-Type: multipart/mixed; boundary=b\n\n--b\n"
               "Content-Type: message/rfc822\n\nSubject: in\nFrom: a@b\n\nhello\nyou\n--b--\n",
               "((\"message\" \"rfc822\" NIL NIL NIL \"7BIT\" 36 (NIL \"in\" "
               "((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) "
               "NIL NIL NIL NIL NIL) (" PLAIN "10 1) 4) \"mixed\")");
    /* The message itself is one that holds another. */
    check_body("Content-Type: message/rfc822\n\nSubject: in\n\nx\n",
               "(\"message\" \"rfc822\" NIL NIL NIL \"7BIT\" 18 "
               "(NIL \"in\" NIL NIL NIL NIL NIL NIL NIL NIL) (" PLAIN "3 1) 3)");
}

/* RFC 2046 section 5.1.5. */
static void digest(void **state)
{
    (void)state;
    check_body(
        "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\n1\n"
        "--b\nContent-Type: text/plain\n\n2\n--b--\n",
        "((\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 17 "
        "(NIL \"one\" NIL NIL NIL NIL NIL NIL NIL NIL) (" PLAIN "1 0) 2)"
        "(\"text\" \"plain\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 1 0) \"digest\")");
}

/* RFC 2045 section 5.2: what is not a Content-Type is text/plain. */
static void wrong_types(void **state)
{
    (void)state;
    check_body("Content-Type: text\n\nx\n", "(" PLAIN "3 1)");
    check_body("Content-Type:\n\nx\n", "(" PLAIN "3 1)");
    check_body("Content-Type: /plain\n\nx\n", "(" PLAIN "3 1)");
    check_body("Content-Type: multipart/mixed\n\n--b\n\nx\n--b--\n", "(" PLAIN "17 4)");
    /* The first of several counts. */
    check_body("Content-Type: text/x-a\nContent-Type: text/x-b\n\nx\n",
               "(\"text\" \"x-a\" (\"CHARSET\" \"US-ASCII\") NIL NIL \"7BIT\" 3 1)");
    /* MIME-Version is not needed. */
    check_body(
        "Content-Type: (a) text (b) / (c) html (d) ; charset (e) = (f) koi8-r (g)\n\nx\n",
        "(\"text\" \"html\" (\"charset\" \"koi8-r\") NIL NIL \"7BIT\" 3 1)");
}

static void params(void **state)
{
    (void)state;
    /* A missing value, a missing '=' and nonsense are passed over; RFC 2231 section 6. */
    check_body(
        "Content-Type: image/png; name*0*=utf-8''%d0%af; name*1=b; q=\"a\\\"b;c\"; none=;\n"
        " nothing; =x; ;u=----=_P.1\n\n",
        "(\"image\" \"png\" (\"name*\" \"utf-8''%d0%afb\" "
        "\"q\" \"a\\\"b;c\" \"u\" \"----=_P.1\") NIL NIL \"7BIT\" 0)");
    check_body("Content-Type: image/png; name=\"\xd0\xaf\"; e=\"\"\n\n",
               "(\"image\" \"png\" (\"name\" {2}\r\n\xd0\xaf \"e\" \"\") NIL NIL \"7BIT\" 0)");
    check_body("Content-Type: image/png; name=\"open\n\n",
               "(\"image\" \"png\" (\"name\" \"open\") NIL NIL \"7BIT\" 0)");
    check_body("Content-Type: image/png; name*0=\"a b\"; NAME*1=\".p\"; name*2=ng; x=1\n\n",
               "(\"image\" \"png\" (\"name\" \"a b.png\" \"x\" \"1\") NIL NIL \"7BIT\" 0)");
    check_body("Content-Type: image/png; n*0*=utf-8'ru'%d0; n*1=\"%; \"; n*2*=%af; n*4=x\n\n",
               "(\"image\" \"png\" (\"n*\" \"utf-8'ru'%d0%25%3B%20%af\" \"n*4\" \"x\") "
               "NIL NIL \"7BIT\" 0)");
    check_body("Content-Type: image/png; n*=utf-8''%d0; m*1=x; m*0=y; *0=z; k*00=w; k*01=v\n\n",
               "(\"image\" \"png\" (\"n*\" \"utf-8''%d0\" \"m\" \"yx\" "
               "\"*0\" \"z\" \"k*00\" \"w\" \"k*01\" \"v\") NIL NIL \"7BIT\" 0)");
    /* The order of pieces means nothing (RFC 2231 section 1); the first of a number counts. */
    check_body("Content-Type: image/png; m*1=b; n*2=z; n*0=x; m*0=a; n*1=y; M*2=c\n\n",
               "(\"image\" \"png\" (\"n\" \"xyz\" \"m\" \"abc\") NIL NIL \"7BIT\" 0)");
    check_body("Content-Type: image/png; n*0=a; n*0=b; n*1=c; n*3=d; nn*0=e\n\n",
               "(\"image\" \"png\" (\"n\" \"ac\" \"n*0\" \"b\" \"n*3\" \"d\" \"nn\" \"e\") "
               "NIL NIL \"7BIT\" 0)");
    check_body("Content-Type: image/png; n*0=\"a b\"; n*1*=%20c\n\n",
               "(\"image\" \"png\" (\"n*\" \"''a%20b%20c\") NIL NIL \"7BIT\" 0)");
    /* A boundary in pieces. */
    check_body("Content-Type: multipart/x; boundary*1=cd; boundary*0=ab; boundary*1=cd\n\n"
               "--abcd\n\nx\n--abcd--\n",
               "((" PLAIN "1 0) \"x\")");
    check_body("Content-Type: multipart/x; boundary*1*=%63d; boundary*0*=us-ascii'en'ab\n\n"
               "--abcd\n\nx\n--abcd--\n",
               "((" PLAIN "1 0) \"x\")");
}

/* More pieces than are looked at are told as they are; work and memory stay bounded. */
static void many_pieces(void **state)
{
    (void)state;
    struct buffer text;
    struct buffer expected;
    buffer_init(&text, 1 << 20);
    buffer_init(&expected, 1 << 20);
    buffer_puts(&text, "Content-Type: image/png");
    buffer_puts(&expected, "(\"image\" \"png\" (\"n\" \"");
    for (int i = 0; i < 128; i++) {
        buffer_printf(&text, "; n*%d=%c", 127 - i, 'a' + (127 - i) % 26);
        buffer_putc(&expected, (char)('a' + i % 26));
    }
    buffer_puts(&text, "; m*0=x; n*128=y; n*5=z\n\n");
    buffer_puts(&expected,
                "\" \"m*0\" \"x\" \"n*128\" \"y\" \"n*5\" \"z\") NIL NIL \"7BIT\" 0)");
    check_body(buffer_string(&text), buffer_string(&expected));
    buffer_free(&text);
    buffer_free(&expected);
}

/* RFC 2183: what follows no grammar. */
static void dispositions(void **state)
{
    (void)state;
    static const struct {
        const char *value, *expected;
    } cases[] = {
        { "inline", "(\"inline\" NIL)" },
        { "(a) attachment (b) ; (c) filename (d) = x (e)",
          "(\"attachment\" (\"filename\" \"x\"))" },
        { "attachment; filename*1=b; filename*0=a", "(\"attachment\" (\"filename\" \"ab\"))" },
        { "; filename=a", "(\"\" (\"filename\" \"a\"))" },
        { "", "NIL" },
        { "\"attachment\"; filename=a", "NIL" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        char expected[200];
        snprintf(text, sizeof text, "Content-Type: a/b\nContent-Disposition: %s\n\n",
                 cases[i].value);
        snprintf(expected, sizeof expected,
                 "(\"a\" \"b\" NIL NIL NIL \"7BIT\" 0 NIL %s NIL NIL)", cases[i].expected);
        check_structure(text, expected);
    }
}

/* The fields of BODYSTRUCTURE's extension, each as its RFC has it and as it should not be. */
static void extension_fields(void **state)
{
    (void)state;
    static const struct {
        const char *field, *expected; /* MD5, disposition, language, location */
    } cases[] = {
        { "Content-Language: en", "NIL NIL (\"en\") NIL" },
        { "Content-Language: mi (Maori), en,\n i-mingo",
          "NIL NIL (\"mi\" \"en\" \"i-mingo\") NIL" },
        { "Content-Language: ,en,,ru,", "NIL NIL (\"en\" \"ru\") NIL" },
        { "Content-Language: en ru", "NIL NIL (\"en\" \"ru\") NIL" },
        { "Content-Language:", "NIL NIL NIL NIL" },
        { "Content-Language: (none)", "NIL NIL NIL NIL" },
        { "Content-Location: http://x.example/a(b).gif",
          "NIL NIL NIL \"http://x.example/a(b).gif\"" },
        { "Content-Location: http://x.example/\n\t long/\n path",
          "NIL NIL NIL \"http://x.example/long/path\"" },
        { "Content-Location:", "NIL NIL NIL \"\"" },
        { "Content-MD5:  Q2hlY2sgSW50ZWdyaXR5IQ==  ",
          "\"Q2hlY2sgSW50ZWdyaXR5IQ==\" NIL NIL NIL" },
        { "Content-MD5:", "\"\" NIL NIL NIL" },
        { "content-md5 : x\nContent-MD5: y", "\"x\" NIL NIL NIL" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300];
        char expected[300];
        snprintf(text, sizeof text, "Content-Type: a/b\n%s\n\n", cases[i].field);
        snprintf(expected, sizeof expected, "(\"a\" \"b\" NIL NIL NIL \"7BIT\" 0 %s)",
                 cases[i].expected);
        check_structure(text, expected);
        /* A multipart has them too, but no MD5. */
        snprintf(text, sizeof text,
                 "%s\nContent-Type: multipart/a; boundary=b\n\n--b\n\n--b--\n", cases[i].field);
        snprintf(expected, sizeof expected,
                 "((" PLAIN "0 0 NIL NIL NIL NIL) \"a\" (\"boundary\" \"b\") %s)",
                 strchr(cases[i].expected, ' ') + 1);
        check_structure(text, expected);
    }
}

/* IMAP has no multipart without parts. */
static void empty_multiparts(void **state)
{
    (void)state;
    check_body("Content-Type: multipart/mixed; boundary=b\n\nno delimiter\n",
               "((" PLAIN "0 0) \"mixed\")");
    check_body("Content-Type: multipart/mixed; boundary=b\n\n--b--\n",
               "((" PLAIN "0 0) \"mixed\")");
    check_body("Content-Type: multipart/mixed; boundary=b\n\n--b\n",
               "((" PLAIN "0 0) \"mixed\")");
    check_body("Content-Type: multipart/mixed; boundary=b", "((" PLAIN "0 0) \"mixed\")");
    check_body("Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\n\n--b--",
               "((" PLAIN "0 0)(" PLAIN "0 0) \"mixed\")");
}

static void not_closed(void **state)
{
    (void)state;
    check_body("Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n",
               "((" PLAIN "3 0)(" PLAIN "5 1) \"mixed\")");
    /* An outer delimiter ends what is open inside. */
    check_body("Content-Type: multipart/mixed; boundary=o\n\n--o\n"
               "Content-Type: multipart/alternative; boundary=i\n\n--i\n\none\n"
               "--o\n\ntwo\n--i\nstill two\n--o--\n",
               "(((" PLAIN "3 0) \"alternative\")(" PLAIN "19 2) \"mixed\")");
    /* A header that a delimiter ends. */
    check_body(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/gif\n--b--\n",
        "((\"image\" \"gif\" NIL NIL NIL \"7BIT\" 0) \"mixed\")");
}

static void boundaries(void **state)
{
    (void)state;
    /* One is the beginning of the other, both ways. */
    check_body("Content-Type: multipart/a; boundary=x\n\n--x\n"
               "Content-Type: multipart/b; boundary=xy\n\n--xy\n\n1\n--xy\n\n2\n--xy--\n"
               "--xy\nepilogue\n--x\n\n3\n--x--\n",
               "(((" PLAIN "1 0)(" PLAIN "1 0) \"b\")(" PLAIN "1 0) \"a\")");
    check_body("Content-Type: multipart/a; boundary=xy\n\n--xy\n"
               "Content-Type: multipart/b; boundary=x\n\n--x\n\n1\n--x--\n--xy\n\n2\n--xy--\n",
               "(((" PLAIN "1 0) \"b\")(" PLAIN "1 0) \"a\")");
    /* The same one twice: the inner multipart has it until it is closed. */
    check_body("Content-Type: multipart/a; boundary=x\n\n--x\n"
               "Content-Type: multipart/b; boundary=x\n\n--x\n\n1\n--x--\n--x\n\n2\n--x--\n",
               "(((" PLAIN "1 0) \"b\")(" PLAIN "1 0) \"a\")");
    /* White space after it; two dashes alone; dashes in the text. */
    check_body(
        "Content-Type: multipart/a; boundary=\"b \"\n\n--\n--b \t\n\n--\n---b\n -\n--b--  \n",
        "((" PLAIN "12 2) \"a\")");
    /* After the close-delimiter there are no parts. */
    check_body("Content-Type: multipart/a; boundary=b\n\n--b\n\n1\n--b--\n--b\n\n2\n--b--\n",
               "((" PLAIN "1 0) \"a\")");
}

/* A boundary longer than any mailer's makes the part opaque: text, whatever it says. */
static void long_boundary(void **state)
{
    (void)state;
    char boundary[301];
    char text[2000];
    memset(boundary, 'b', 300);
    boundary[300] = '\0';
    snprintf(text, sizeof text, "Content-Type: multipart/a; boundary=%s\n\n--%s\n\n1\n",
             boundary, boundary);
    check_body(text, "(" PLAIN "309 3)");
    boundary[200] = '\0';
    snprintf(text, sizeof text, "Content-Type: multipart/a; boundary=%s\n\n--%s\n\n1\n",
             boundary, boundary);
    check_body(text, "((" PLAIN "3 1) \"a\")");
}

/* A delimiter may lie across any border between two reads. */
static void reads_of_any_size(void **state)
{
    (void)state;
    static const char text[] =
        "Content-Type: multipart/a; boundary=abc\r\n\r\n--abc\r\n\r\n1\r\n-- no\r\n--abc\r\n"
        "Content-Type: image/gif\r\n\r\n2\r\n--abc--\r\nepilogue\r\n";
    for (size_t step = 1; step < sizeof text; step++) {
        struct memory_input m;
        memory_input_init(&m, text, sizeof text - 1);
        m.step = step;
        struct message *msg;
        assert_int_equal(message_parse(&m.in, MESSAGE_WHOLE, &msg), MESSAGE_OK);
        struct buffer out;
        buffer_init(&out, 1 << 16);
        assert_int_equal(message_structure(msg, false, &out), MESSAGE_OK);
        assert_string_equal(buffer_string(&out),
                            "((" PLAIN "8 1)(\"image\" \"gif\" NIL NIL NIL \"7BIT\" 1) \"a\")");
        buffer_free(&out);
        message_free(msg);
    }
}

/* The same around the end of the window of 64 KiB. */
static void window_borders(void **state)
{
    (void)state;
    for (size_t fill = 65400; fill < 65560; fill++) {
        struct buffer text;
        buffer_init(&text, 1 << 18);
        buffer_puts(&text, "Content-Type: multipart/a; boundary=abc\n\n--abc\n\n");
        for (size_t i = 0; i < fill; i++)
            buffer_putc(&text, i % 50 == 0 ? '\n' : 'x');
        buffer_puts(&text, "\n--abc\nContent-Type: image/gif\n\n\n--abc--\n");
        size_t lines = (fill + 49) / 50;
        char expected[200];
        snprintf(expected, sizeof expected,
                 "((" PLAIN "%zu %zu)(\"image\" \"gif\" NIL NIL NIL \"7BIT\" 0) \"a\")",
                 fill + lines, lines);
        check_body(buffer_string(&text), expected);
        buffer_free(&text);
    }
}

static void input_errors(void **state)
{
    (void)state;
    static const char text[] = "Subject: x\n\nbody\n";
    struct memory_input m;
    struct message *msg;
    for (size_t n = 1; n < 3; n++) {
        memory_input_init(&m, text, sizeof text - 1);
        m.step = 5;
        m.fail_after = n;
        assert_int_equal(message_parse(&m.in, MESSAGE_WHOLE, &msg), MESSAGE_IO);
        assert_null(msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_content_type),  cmocka_unit_test(line_ends),
        cmocka_unit_test(every_field),      cmocka_unit_test(two_parts),
        cmocka_unit_test(embedded_message), cmocka_unit_test(digest),
        cmocka_unit_test(wrong_types),      cmocka_unit_test(params),
        cmocka_unit_test(many_pieces),      cmocka_unit_test(dispositions),
        cmocka_unit_test(extension_fields), cmocka_unit_test(empty_multiparts),
        cmocka_unit_test(not_closed),       cmocka_unit_test(boundaries),
        cmocka_unit_test(long_boundary),    cmocka_unit_test(reads_of_any_size),
        cmocka_unit_test(window_borders),   cmocka_unit_test(input_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* ENVELOPE (RFC 3501 section 7.4.2) of headers as RFC 5322 and the world have them. */
#include "memory_input.h"
#include "message/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void check_octets(const char *text, size_t len, const char *expected)
{
    struct memory_input m;
    memory_input_init(&m, text, len);
    struct message *msg;
    assert_int_equal(message_parse(&m.in, MESSAGE_HEADER, &msg), MESSAGE_OK);
    struct buffer out;
    buffer_init(&out, 1 << 24);
    assert_int_equal(message_envelope(msg, &out), MESSAGE_OK);
    assert_string_equal(buffer_string(&out), expected);
    buffer_free(&out);
    message_free(msg);
}

static void check(const char *text, const char *expected)
{
    check_octets(text, strlen(text), expected);
}

/* The envelope of a message that has this From field alone. */
static void check_from(const char *from, const char *addresses)
{
    struct buffer text;
    struct buffer expected;
    buffer_init(&text, 1 << 20);
    buffer_init(&expected, 1 << 20);
    buffer_printf(&text, "From:%s\r\n\r\n", from);
    buffer_printf(&expected, "(NIL NIL %s %s %s NIL NIL NIL NIL NIL)", addresses, addresses,
                  addresses);
    check(buffer_string(&text), buffer_string(&expected));
    buffer_free(&text);
    buffer_free(&expected);
}

/* RFC 3501 section 8, its sample connection. */
static void rfc3501_sample(void **state)
{
    (void)state;
    check("Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
          "From: Terry Gray <gray@cac.washington.edu>\r\n"
          "Subject: IMAP4rev1 WG mtg summary and minutes\r\n"
          "To: imap@cac.washington.edu\r\n"
          "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n"
          "Message-Id: <B27397-0100000@cac.washington.edu>\r\n"
          "MIME-Version: 1.0\r\n"
          "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n"
          "\r\n",
          "(\"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\" "
          "\"IMAP4rev1 WG mtg summary and minutes\" "
          "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
          "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
          "((\"Terry Gray\" NIL \"gray\" \"cac.washington.edu\")) "
          "((NIL NIL \"imap\" \"cac.washington.edu\")) "
          "((NIL NIL \"minutes\" \"CNRI.Reston.VA.US\")"
          "(\"John Klensin\" NIL \"KLENSIN\" \"MIT.EDU\")) NIL NIL "
          "\"<B27397-0100000@cac.washington.edu>\")");
}

/* RFC 5322 appendix A.1.3 (groups), A.5 (white space, comments), A.6.1 (obsolete). */
static void rfc5322_examples(void **state)
{
    (void)state;
    check("From: Pete <pete@silly.example>\r\n"
          "To: A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;\r\n"
          "Cc: Undisclosed recipients:;\r\n"
          "Date: Thu, 13 Feb 1969 23:32:54 -0330\r\n"
          "Message-ID: <testabcd.1234@silly.example>\r\n\r\nTesting.\r\n",
          "(\"Thu, 13 Feb 1969 23:32:54 -0330\" NIL "
          "((\"Pete\" NIL \"pete\" \"silly.example\")) "
          "((\"Pete\" NIL \"pete\" \"silly.example\")) "
          "((\"Pete\" NIL \"pete\" \"silly.example\")) "
          "((NIL NIL \"A Group\" NIL)(\"Ed Jones\" NIL \"c\" \"a.test\")"
          "(NIL NIL \"joe\" \"where.test\")(\"John\" NIL \"jdoe\" \"one.test\")"
          "(NIL NIL NIL NIL)) "
          "((NIL NIL \"Undisclosed recipients\" NIL)(NIL NIL NIL NIL)) NIL NIL "
          "\"<testabcd.1234@silly.example>\")");
    check("From: Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>\r\n"
          "To:A Group(Some people)\r\n"
          "     :Chris Jones <c@(Chris's host.)public.example>,\r\n"
          "         joe@example.org,\r\n"
          "  John <jdoe@one.test> (my dear friend); (the end of the group)\r\n"
          "Cc:(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;\r\n\r\n",
          "(NIL NIL ((\"Pete\" NIL \"pete\" \"silly.test\")) "
          "((\"Pete\" NIL \"pete\" \"silly.test\")) ((\"Pete\" NIL \"pete\" \"silly.test\")) "
          "((NIL NIL \"A Group\" NIL)(\"Chris Jones\" NIL \"c\" \"public.example\")"
          "(NIL NIL \"joe\" \"example.org\")(\"John\" NIL \"jdoe\" \"one.test\")"
          "(NIL NIL NIL NIL)) "
          "((NIL NIL \"Hidden recipients\" NIL)(NIL NIL NIL NIL)) NIL NIL NIL)");
    check("From: Joe Q. Public <john.q.public@example.com>\r\n"
          "To: Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example\r\n\r\n",
          "(NIL NIL ((\"Joe Q. Public\" NIL \"john.q.public\" \"example.com\")) "
          "((\"Joe Q. Public\" NIL \"john.q.public\" \"example.com\")) "
          "((\"Joe Q. Public\" NIL \"john.q.public\" \"example.com\")) "
          "((\"Mary Smith\" \"@node.test\" \"mary\" \"example.net\")"
          "(NIL NIL \"jdoe\" \"test.example\")) NIL NIL NIL NIL)");
}

static void addresses(void **state)
{
    (void)state;
    check_from(" user@example.org (Full Name)",
               "((\"Full Name\" NIL \"user\" \"example.org\"))");
    check_from(" user@example.org (a (nested) one)",
               "((\"a (nested) one\" NIL \"user\" \"example.org\"))");
    check_from(" \"Doe, John\" <j@x>", "((\"Doe, John\" NIL \"j\" \"x\"))");
    check_from(" \"a \\\"b\\\" \\\\c\" <j@x>", "((\"a \\\"b\\\" \\\\c\" NIL \"j\" \"x\"))");
    check_from(" <@a,@b:c@d>", "((NIL \"@a,@b\" \"c\" \"d\"))");
    check_from(" < (x) @a , @b : c@d>", "((NIL \"@a,@b\" \"c\" \"d\"))");
    /* obs-domain-list of RFC 5322 section 4.4 has empty elements. */
    check_from(" <,@a,,(x),@b:c@d>", "((NIL \"@a,@b\" \"c\" \"d\"))");
    check_from(" <,c@d>", "((NIL NIL \"\" \"\")(NIL NIL \"c\" \"d\"))");
    /* A comment is a name where it follows the address (RFC 5322 section 3.4). */
    check_from(" (before) a@b", "((NIL NIL \"a\" \"b\"))");
    check_from(" a(c1)@(c2)b(c3).c", "((NIL NIL \"a\" \"b.c\"))");
    check_from(" (before) a@b (one) (two)", "((\"two\" NIL \"a\" \"b\"))");
    check_from(" a@b (), c@d (x)", "((NIL NIL \"a\" \"b\")(\"x\" NIL \"c\" \"d\"))");
    check_from(" (x) <a@b>", "((NIL NIL \"a\" \"b\"))");
    check_from(" <a@b> (x)", "((\"x\" NIL \"a\" \"b\"))");
    check_from(" \"john doe\"@x", "((NIL NIL \"john doe\" \"x\"))");
    check_from(" john . doe @ x . y", "((NIL NIL \"john.doe\" \"x.y\"))");
    check_from(" me@[127.0.0.1]", "((NIL NIL \"me\" \"[127.0.0.1]\"))");
    check_from(" a@b.c <a@b.c>", "((\"a@b.c\" NIL \"a\" \"b.c\"))");
    check_from(" nobody", "((NIL NIL \"nobody\" \"\"))");
    check_from(" Foo <>", "((\"Foo\" NIL \"\" \"\"))");
    check_from(" a@b; c@d", "((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\"))");
    check_from(" g: a@b", "((NIL NIL \"g\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL NIL NIL))");
    check_from(" =?koi8-r?B?4c7O0Q==?= <a@b>", "((\"=?koi8-r?B?4c7O0Q==?=\" NIL \"a\" \"b\"))");
    check_from(" John\r\n\tDoe <a@b>", "((\"John Doe\" NIL \"a\" \"b\"))");
    /* What is opened and not closed ends with the field. */
    check_from(" \"x <a@b>", "((NIL NIL \"x <a@b>\" \"\"))");
    check_from(" a@b (comment\\", "((\"comment\" NIL \"a\" \"b\"))");
    check_from(" X <a@b", "((\"X\" NIL \"a\" \"b\"))");
    check_from(" X <a@b, c@d", "((\"X\" NIL \"a\" \"b\")(NIL NIL \"c\" \"d\"))");
    check_from(" a@b.c>", "((NIL NIL \"a\" \"b.c\"))");
    check_from(" a@b.c> , d@e", "((NIL NIL \"a\" \"b.c\")(NIL NIL \"d\" \"e\"))");
    check_from(" X <<a@b>>", "((\"X\" NIL \"a\" \"b\"))");
    check_from(" <<@r:a@b>", "((NIL \"@r\" \"a\" \"b\"))");
    /* No address at all: as if the field were empty. */
    check_from(" , ,;", "NIL");
    check_from(" (only a comment)", "NIL");
    check_from("", "NIL");
}

/* "If these header lines are present but empty the corresponding member of the envelope is the
 * empty string"; absent, NIL. */
static void empty_and_missing(void **state)
{
    (void)state;
    check("", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    check("\r\n", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
    check("Date:\r\nSubject: \r\nTo:\r\nCc: \r\nIn-Reply-To:\r\nMessage-ID: \r\n\r\n",
          "(\"\" \"\" NIL NIL NIL NIL NIL NIL \"\" \"\")");
    check("From: a@b\nSender:\nReply-To: c@d\n\n",
          "(NIL NIL ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) ((NIL NIL \"c\" \"d\")) "
          "NIL NIL NIL NIL NIL)");
    check("Sender: s@x\r\n\r\n",
          "(NIL NIL NIL ((NIL NIL \"s\" \"x\")) NIL NIL NIL NIL NIL NIL)");
}

/* RFC 5322 section 2.2.3: unfolding takes away the line end alone. */
static void folding(void **state)
{
    (void)state;
    check("Subject: one\r\n two\r\n\tthree\r\nIn-Reply-To:\r\n <a@b>\r\n <c@d>\r\n\r\n",
          "(NIL \"one two\tthree\" NIL NIL NIL NIL NIL NIL \"<a@b> <c@d>\" NIL)");
    check("subject : obsolete space\n\n",
          "(NIL \"obsolete space\" NIL NIL NIL NIL NIL NIL NIL NIL)");
}

/* Section 4.5.3 of RFC 5322: destination fields are joined. Of others the first counts. */
static void several_fields(void **state)
{
    (void)state;
    check("Subject: a\r\nSubject: b\r\nTo: a@b\r\nFrom: x@y\r\nFrom: z@y\r\nTo: c@d\r\n\r\n",
          "(NIL \"a\" ((NIL NIL \"x\" \"y\")) ((NIL NIL \"x\" \"y\")) ((NIL NIL \"x\" \"y\")) "
          "((NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")) NIL NIL NIL NIL)");
}

static void strings(void **state)
{
    (void)state;
    check("Subject: say \"hi\" \\o/\r\n\r\n",
          "(NIL \"say \\\"hi\\\" \\\\o/\" NIL NIL NIL NIL NIL NIL NIL NIL)");
    check("Subject: \xd0\xaf\r\n\r\n", "(NIL {2}\r\n\xd0\xaf NIL NIL NIL NIL NIL NIL NIL NIL)");
    check("Subject: a\rb\n\n", "(NIL {3}\r\na\rb NIL NIL NIL NIL NIL NIL NIL NIL)");
    static const char nul[] = "Subject: a\0b\n\n";
    check_octets(nul, sizeof nul - 1,
                 "(NIL {3}\r\na\x80"
                 "b NIL NIL NIL NIL NIL NIL NIL NIL)");
    check("From: \xd0\xaf <\xd0\xaf@x>\r\n\r\n",
          "(NIL NIL (({2}\r\n\xd0\xaf NIL {2}\r\n\xd0\xaf \"x\")) "
          "(({2}\r\n\xd0\xaf NIL {2}\r\n\xd0\xaf \"x\")) "
          "(({2}\r\n\xd0\xaf NIL {2}\r\n\xd0\xaf \"x\")) NIL NIL NIL NIL NIL)");
}

/* A string too long to be quoted well is a literal. */
static void long_string(void **state)
{
    (void)state;
    struct buffer text;
    struct buffer expected;
    buffer_init(&text, 1 << 20);
    buffer_init(&expected, 1 << 20);
    buffer_puts(&text, "Subject: ");
    buffer_puts(&expected, "(NIL {5000}\r\n");
    for (int i = 0; i < 5000; i++) {
        buffer_putc(&text, 'x');
        buffer_putc(&expected, 'x');
    }
    buffer_puts(&text, "\r\n\r\n");
    buffer_puts(&expected, " NIL NIL NIL NIL NIL NIL NIL NIL)");
    check(buffer_string(&text), buffer_string(&expected));
    buffer_free(&text);
    buffer_free(&expected);
}

/* What is no field is passed over; only an empty line ends the header. */
static void no_fields(void **state)
{
    (void)state;
    check("From someone Mon Jan  1 00:00:00 2024\nSubject: x\n junk\nno colon here\n"
          " and its continuation\n: no name\nb\xc3\xa4 d: name\nDate: y\n",
          "(\"y\" \"x junk\" NIL NIL NIL NIL NIL NIL NIL NIL)");
    check("Subject: no line end", "(NIL \"no line end\" NIL NIL NIL NIL NIL NIL NIL NIL)");
    check("\nSubject: in the body\n", "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)");
}

/* The ceiling of the buffer is an error, not a cut. */
static void buffer_ceiling(void **state)
{
    (void)state;
    static const char text[] = "Subject: abcdefghijklmnopqrstuvwxyz\r\n\r\n";
    struct memory_input m;
    memory_input_init(&m, text, sizeof text - 1);
    struct message *msg;
    assert_int_equal(message_parse(&m.in, MESSAGE_HEADER, &msg), MESSAGE_OK);
    for (size_t max = 0; max < 60; max++) {
        struct buffer out;
        buffer_init(&out, max);
        assert_int_equal(message_envelope(msg, &out), MESSAGE_NOMEM);
        buffer_free(&out);
    }
    message_free(msg);
}

/* A header of 100,000 fields, and 100,000 addresses in one. */
static void many(void **state)
{
    (void)state;
    struct buffer text;
    buffer_init(&text, 1 << 26);
    for (int i = 0; i < 100000; i++)
        buffer_printf(&text, "X-Field-%d: value\n", i);
    buffer_puts(&text, "To: ");
    for (int i = 0; i < 100000; i++)
        buffer_printf(&text, "a%d@b,\n ", i);
    buffer_puts(&text, "end@b\nSubject: after\n\nbody");
    struct memory_input m;
    memory_input_init(&m, text.data, text.len);
    struct message *msg;
    assert_int_equal(message_parse(&m.in, MESSAGE_HEADER, &msg), MESSAGE_OK);
    struct buffer out;
    buffer_init(&out, 1 << 26);
    assert_int_equal(message_envelope(msg, &out), MESSAGE_OK);
    const char *s = buffer_string(&out);
    assert_non_null(strstr(s, "(NIL \"after\" NIL NIL NIL ((NIL NIL \"a0\" \"b\")(NIL NIL"));
    assert_non_null(strstr(s, "(NIL NIL \"a99999\" \"b\")(NIL NIL \"end\" \"b\")) NIL NIL"));
    buffer_free(&out);
    message_free(msg);
    buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc3501_sample), cmocka_unit_test(rfc5322_examples),
        cmocka_unit_test(addresses),      cmocka_unit_test(empty_and_missing),
        cmocka_unit_test(folding),        cmocka_unit_test(several_fields),
        cmocka_unit_test(strings),        cmocka_unit_test(long_string),
        cmocka_unit_test(no_fields),      cmocka_unit_test(buffer_ceiling),
        cmocka_unit_test(many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

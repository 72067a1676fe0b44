/* OAUTHBEARER's and XOAUTH2's messages: RFC 7628's examples and grammar, Google's example. */
#include "auth/sasl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char helper[] = "/bin/true";
static struct settings settings = { .oauth_helper = helper };
static struct sasl_terms terms = { .settings = &settings };
static struct sasl s;

static void expect(enum auth_mechanism m, const char *text, enum sasl_step step,
                   const char *user, const char *token)
{
    sasl_begin(&s, m, &terms);
    enum sasl_step got = sasl_respond(&s, (const unsigned char *)text, strlen(text));
    if (got != step || strcmp(s.user, user) != 0 || strcmp(s.password, token) != 0)
        fail_msg("%s: %d \"%s\" \"%s\"", text, (int)got, s.user, s.password);
}

#define TOKEN "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="

/* RFC 7628 sections 4.1 and 4.3. */
static void test_rfc7628(void **state)
{
    (void)state;
    static const char base64[] =
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVh"
        "cmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB";
    char text[sizeof base64];
    long n = base64_decode(base64, sizeof base64 - 1, (unsigned char *)text);
    assert_true(n > 0);
    text[n] = '\0';
    expect(MECHANISM_OAUTHBEARER, text, SASL_ASK, "user@example.com", TOKEN);
    /* The query for what is needed. */
    expect(MECHANISM_OAUTHBEARER,
           "n,a=user@example.com,\1host=server.example.com\1port=143\1auth=\1\1", SASL_REFUSED,
           "", "");
    assert_int_equal(sasl_token_failed(&s), SASL_CHALLENGE);
    assert_string_equal(s.challenge, "{\"status\":\"invalid_token\"}");
    assert_int_equal(s.challenge_n, strlen(s.challenge));
}

static void test_oauthbearer(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum sasl_step step;
        const char *user, *token;
    } cases[] = {
        { "n,,\1auth=Bearer abc\1\1", SASL_ASK, "", "abc" },
        { "y,,\1auth=bearer abc\1\1", SASL_ASK, "", "abc" },
        { "n,,\1auth=BEARER   a-b._~+/c==\1\1", SASL_ASK, "", "a-b._~+/c==" },
        { "n,a=a=2Cb=3Dc,\1auth=Bearer abc\1\1", SASL_ASK, "a,b=c", "abc" },
        { "n,,\1auth=Bearer abc\1qs=x=y\1\1", SASL_ASK, "", "abc" },
        { "n,,\1auth=Basic abc\1\1", SASL_REFUSED, "", "" },
        { "n,,\1auth=Bearer\1\1", SASL_REFUSED, "", "" },
        { "n,,\1auth=Bearer \1\1", SASL_REFUSED, "", "" },
        { "n,,\1auth=Bearer a b\1\1", SASL_REFUSED, "", "" },
        { "n,,\1auth=Bearer a;rm\1\1", SASL_REFUSED, "", "" },
        { "n,,\1auth=Bearer ==\1\1", SASL_REFUSED, "", "" },
        { "n,,\1auth=Bearer a=b\1\1", SASL_REFUSED, "", "" },
        { "n,,\1auth=Bearer a\nb\1\1", SASL_REFUSED, "", "" },
        { "", SASL_MALFORMED, "", "" },
        { "n,,", SASL_MALFORMED, "", "" },
        { "n,,\1", SASL_MALFORMED, "", "" },
        { "n,,\1\1", SASL_MALFORMED, "", "" },
        { "n,,\1host=x\1\1", SASL_MALFORMED, "", "" },
        { "n,,\1auth=Bearer abc", SASL_MALFORMED, "", "" },
        { "n,,\1auth=Bearer abc\1", SASL_MALFORMED, "", "" },
        { "n,,\1auth=Bearer abc\1\1x", SASL_MALFORMED, "", "" },
        { "n,,\1auth=Bearer a\1auth=Bearer b\1\1", SASL_MALFORMED, "", "" },
        { "n,,\1nothing\1auth=Bearer a\1\1", SASL_MALFORMED, "", "" },
        { "n,,\1=x\1auth=Bearer a\1\1", SASL_MALFORMED, "", "" },
        { "n,,x\1auth=Bearer a\1\1", SASL_MALFORMED, "", "" },
        { "n,\1auth=Bearer a\1\1", SASL_MALFORMED, "", "" },
        { "n,user=someuser@example.com,\1auth=Bearer a\1\1", SASL_MALFORMED, "", "" },
        { "p=tls-exporter,,\1auth=Bearer a\1\1", SASL_MALFORMED, "", "" },
        { "n,a=a=b,\1auth=Bearer a\1\1", SASL_MALFORMED, "", "" },
        { "n,a=,\1auth=Bearer a\1\1", SASL_MALFORMED, "", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect(MECHANISM_OAUTHBEARER, cases[i].text, cases[i].step, cases[i].user,
               cases[i].token);
    sasl_begin(&s, MECHANISM_OAUTHBEARER, &terms);
    assert_int_equal(sasl_respond(&s, NULL, 0), SASL_CHALLENGE);
    assert_int_equal(s.challenge_n, 0);
}

static void test_xoauth2(void **state)
{
    (void)state;
    /* Google's example. */
    expect(MECHANISM_XOAUTH2,
           "user=someuser@example.com\1auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29t"
           "Cg\1\1",
           SASL_ASK, "someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg");
    expect(MECHANISM_XOAUTH2, "user=a=b\1auth=Bearer x\1\1", SASL_ASK, "a=b", "x");
    expect(MECHANISM_XOAUTH2, "auth=Bearer x\1user=a\1\1", SASL_MALFORMED, "", "");
    expect(MECHANISM_XOAUTH2, "user=a\1\1", SASL_MALFORMED, "", "");
    expect(MECHANISM_XOAUTH2, "user=a\1auth=Bearer x\1", SASL_MALFORMED, "", "");
    expect(MECHANISM_XOAUTH2, "user=a", SASL_MALFORMED, "", "");
    expect(MECHANISM_XOAUTH2, "", SASL_MALFORMED, "", "");
    assert_int_equal(sasl_token_failed(&s), SASL_CHALLENGE);
    assert_string_equal(s.challenge, "{\"status\":\"401\",\"schemes\":\"bearer\"}");
}

static void test_lengths(void **state)
{
    (void)state;
    char text[SASL_RESPONSE_MAX + 1];
    size_t head = strlen("n,,\1auth=Bearer ");
    memcpy(text, "n,,\1auth=Bearer ", head);
    memset(text + head, 'x', sizeof text - head);
    memcpy(text + head + AUTH_TOKEN_MAX, "\1\1", 3);
    sasl_begin(&s, MECHANISM_OAUTHBEARER, &terms);
    assert_int_equal(sasl_respond(&s, (unsigned char *)text, strlen(text)), SASL_ASK);
    assert_int_equal(strlen(s.password), AUTH_TOKEN_MAX);
    memcpy(text + head + AUTH_TOKEN_MAX, "x\1\1", 4);
    sasl_begin(&s, MECHANISM_OAUTHBEARER, &terms);
    assert_int_equal(sasl_respond(&s, (unsigned char *)text, strlen(text)), SASL_REFUSED);
    assert_string_equal(s.password, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc7628),
        cmocka_unit_test(test_oauthbearer),
        cmocka_unit_test(test_xoauth2),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SASL's messages (RFC 4616, LOGIN as its clients know it) and base64 (RFC 4648). */
#include "auth/sasl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_base64_valid(void **state)
{
    (void)state;
    /* RFC 4648 section 10, and what the challenges must look like on the wire. */
    static const struct {
        const char *plain;
        size_t n;
        const char *text;
    } cases[] = {
        { "", 0, "" },
        { "f", 1, "Zg==" },
        { "fo", 2, "Zm8=" },
        { "foo", 3, "Zm9v" },
        { "foob", 4, "Zm9vYg==" },
        { "fooba", 5, "Zm9vYmE=" },
        { "foobar", 6, "Zm9vYmFy" },
        { "User Name", 10, "VXNlciBOYW1lAA==" },
        { "Password", 9, "UGFzc3dvcmQA" },
        { "\xff\xfb\xff", 3, "//v/" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[BASE64_ENCODED(16) + 1];
        unsigned char plain[16];
        base64_encode(cases[i].plain, cases[i].n, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(base64_decode(text, strlen(text), plain), (long)cases[i].n);
        assert_memory_equal(plain, cases[i].plain, cases[i].n);
    }
}

static void test_base64_all_lengths(void **state)
{
    (void)state;
    unsigned char in[100];
    unsigned char out[105];
    char text[BASE64_ENCODED(100) + 1];
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (unsigned char)(i * 37 + 200);
    for (size_t n = 0; n <= sizeof in; n++) {
        base64_encode(in, n, text);
        assert_int_equal(strlen(text), BASE64_ENCODED(n));
        assert_int_equal(base64_decode(text, strlen(text), out), (long)n);
        assert_memory_equal(in, out, n);
    }
}

static void test_base64_invalid(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "Z",        "Zg",   "Zg=",     "Zg===",  "=",        "==",       "===",
        "====",     "Z===", "Zm9v=",   "Zm9vZg", "Zg==Zg==", "Zm8=Zm8=", "Zm 9",
        "Zm9v\r\n", "Zm-_", "Zm9*",    "Zh==",   "Zm9=",     "Zg=a",     "Zg==\n",
        "=Zg=",     "Z=g=", "\x80m9v", " Zg==",  "Zm9vYg=",  "*",        "Zm.v",
    };
    unsigned char out[16];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (base64_decode(cases[i], strlen(cases[i]), out) != -1)
            fail_msg("taken: %s", cases[i]);
    }
    assert_int_equal(base64_decode("Zm\0v", 4, out), -1);
    char *big = malloc(BASE64_DECODE_MAX + 4);
    unsigned char *decoded = malloc(BASE64_DECODE_MAX);
    assert_non_null(big);
    assert_non_null(decoded);
    memset(big, 'A', BASE64_DECODE_MAX + 4);
    assert_int_equal(base64_decode(big, BASE64_DECODE_MAX, decoded), BASE64_DECODE_MAX / 4 * 3);
    assert_int_equal(base64_decode(big, BASE64_DECODE_MAX + 4, decoded), -1);
    free(big);
    free(decoded);
}

static char no_helper[] = "";
static char some_helper[] = "/bin/true";
static struct settings settings = { .oauth_helper = no_helper };
static struct tls_facts tls;
static struct sasl_terms terms = { .settings = &settings };

static void test_find(void **state)
{
    (void)state;
    enum auth_mechanism m;
    assert_true(sasl_find("plain", &m));
    assert_int_equal(m, MECHANISM_PLAIN);
    assert_true(sasl_find("LOGIN", &m));
    assert_int_equal(m, MECHANISM_LOGIN);
    assert_true(sasl_find("scram-sha-256-plus", &m));
    assert_int_equal(m, MECHANISM_SCRAM_PLUS);
    assert_true(sasl_find("Scram-SHA-256", &m));
    assert_int_equal(m, MECHANISM_SCRAM);
    assert_false(sasl_find("SCRAM-SHA-1", &m));
    assert_false(sasl_find("command", &m));
    assert_false(sasl_find("KERBEROS_V4", &m));
    assert_false(sasl_find("GSSAPI", &m));
    assert_false(sasl_find("", &m));
    assert_false(sasl_find("PLAINX", &m));
}

/* Each mechanism only where it would work: the bits of enum auth_mechanism. */
static unsigned offered(void)
{
    unsigned bits = 0;
    for (unsigned m = 0; m <= MECHANISMS; m++)
        bits |= (unsigned)sasl_offered(&terms, (enum auth_mechanism)m) << m;
    return bits;
}

static void test_offered(void **state)
{
    (void)state;
    const unsigned passwords = 1U << MECHANISM_PLAIN | 1U << MECHANISM_LOGIN;
    const unsigned tokens = 1U << MECHANISM_OAUTHBEARER | 1U << MECHANISM_XOAUTH2;
    const unsigned scram = 1U << MECHANISM_SCRAM;
    const unsigned plus = 1U << MECHANISM_SCRAM_PLUS;
    assert_int_equal(offered(), passwords);
    settings.scram = true; /* without a passwd file there are no verifiers */
    assert_int_equal(offered(), passwords);
    settings.auth[0] = AUTH_BACKEND_PAM;
    settings.auth_count = 1;
    assert_int_equal(offered(), passwords);
    settings.auth[1] = AUTH_BACKEND_PASSWD_FILE;
    settings.auth_count = 2;
    assert_int_equal(offered(), passwords | scram);
    settings.oauth_helper = some_helper;
    assert_int_equal(offered(), passwords | scram | tokens);
    terms.password_refused = true;
    assert_int_equal(offered(), scram);
    terms.tls = &tls;
    assert_int_equal(offered(), scram);
    tls.end_point_n = 32;
    assert_int_equal(offered(), scram | plus);
    terms.password_refused = false;
    memcpy(tls.client, "riley", 6);
    assert_int_equal(offered(), passwords | scram | plus | tokens | 1U << MECHANISM_EXTERNAL);
    settings.scram = false;
    settings.oauth_helper = no_helper;
    assert_int_equal(offered(), passwords | 1U << MECHANISM_EXTERNAL);
}

static int reset(void **state)
{
    (void)state;
    settings = (struct settings){ .oauth_helper = no_helper };
    memset(&tls, 0, sizeof tls);
    terms = (struct sasl_terms){ .settings = &settings };
    return 0;
}

#define RESPOND(s, text) sasl_respond(&(s), (const unsigned char *)(text), sizeof(text) - 1)

static void test_login(void **state)
{
    (void)state;
    struct sasl s;
    sasl_begin(&s, MECHANISM_LOGIN, &terms);
    assert_int_equal(sasl_respond(&s, NULL, 0), SASL_CHALLENGE);
    assert_int_equal(s.challenge_n, 10);
    assert_memory_equal(s.challenge, "User Name\0", 10);
    assert_int_equal(RESPOND(s, "riley"), SASL_CHALLENGE);
    assert_int_equal(s.challenge_n, 9);
    assert_memory_equal(s.challenge, "Password\0", 9);
    assert_int_equal(RESPOND(s, "firetruck"), SASL_ASK);
    assert_string_equal(s.user, "riley");
    assert_string_equal(s.password, "firetruck");
    sasl_end(&s);
    assert_string_equal(s.password, "");
}

static void test_login_initial_response(void **state)
{
    (void)state;
    struct sasl s;
    sasl_begin(&s, MECHANISM_LOGIN, &terms);
    assert_int_equal(RESPOND(s, "riley"), SASL_CHALLENGE);
    assert_memory_equal(s.challenge, "Password\0", 9);
    assert_int_equal(RESPOND(s, "firetruck"), SASL_ASK);
    assert_string_equal(s.user, "riley");
}

static void test_login_bad(void **state)
{
    (void)state;
    struct sasl s;
    char longest[AUTH_USER_MAX + 1];
    memset(longest, 'u', sizeof longest);
    sasl_begin(&s, MECHANISM_LOGIN, &terms);
    assert_int_equal(RESPOND(s, "ri\0ley"), SASL_MALFORMED);
    sasl_begin(&s, MECHANISM_LOGIN, &terms);
    assert_int_equal(sasl_respond(&s, (unsigned char *)longest, sizeof longest), SASL_REFUSED);
    assert_string_equal(s.user, "");
    sasl_begin(&s, MECHANISM_LOGIN, &terms);
    assert_int_equal(sasl_respond(&s, (unsigned char *)longest, sizeof longest - 1),
                     SASL_CHALLENGE);
}

static void test_plain(void **state)
{
    (void)state;
    struct sasl s;
    sasl_begin(&s, MECHANISM_PLAIN, &terms);
    assert_int_equal(sasl_respond(&s, NULL, 0), SASL_CHALLENGE);
    assert_int_equal(s.challenge_n, 0);
    /* RFC 4616 section 4, the examples. */
    assert_int_equal(RESPOND(s, "\0tim\0tanstaaftanstaaf"), SASL_ASK);
    assert_string_equal(s.user, "tim");
    assert_string_equal(s.password, "tanstaaftanstaaf");
    sasl_begin(&s, MECHANISM_PLAIN, &terms);
    assert_int_equal(RESPOND(s, "Ursel\0Kurt\0xipj3plmq"), SASL_REFUSED);
    assert_string_equal(s.password, "");
    assert_string_equal(s.user, "");
    sasl_begin(&s, MECHANISM_PLAIN, &terms);
    assert_int_equal(RESPOND(s, "tim\0tim\0secret"), SASL_ASK);
}

static void test_plain_bad(void **state)
{
    (void)state;
    struct sasl s;
#define EXPECT(text, step)                                                                     \
    do {                                                                                       \
        sasl_begin(&s, MECHANISM_PLAIN, &terms);                                               \
        assert_int_equal(RESPOND(s, text), step);                                              \
        assert_string_equal(s.password, "");                                                   \
    } while (0)
    EXPECT("", SASL_MALFORMED);
    EXPECT("tim", SASL_MALFORMED);
    EXPECT("\0tim", SASL_MALFORMED);
    EXPECT("\0tim\0sec\0ret", SASL_MALFORMED);
    EXPECT("\0\0", SASL_REFUSED);
    EXPECT("\0tim\0", SASL_REFUSED);
    EXPECT("\0\0secret", SASL_REFUSED);
    EXPECT("ti\0tim\0secret", SASL_REFUSED);
    EXPECT("timm\0tim\0secret", SASL_REFUSED);
#undef EXPECT
    unsigned char big[2 + AUTH_USER_MAX + 1 + AUTH_PASSWORD_MAX + 1];
    memset(big, 'x', sizeof big);
    big[0] = '\0';
    big[AUTH_USER_MAX + 1] = '\0';
    size_t fits = 2 + AUTH_USER_MAX + AUTH_PASSWORD_MAX;
    sasl_begin(&s, MECHANISM_PLAIN, &terms);
    assert_int_equal(sasl_respond(&s, big, fits), SASL_ASK);
    sasl_begin(&s, MECHANISM_PLAIN, &terms);
    assert_int_equal(sasl_respond(&s, big, fits + 1), SASL_REFUSED);
    big[AUTH_USER_MAX + 1] = 'x';
    big[AUTH_USER_MAX + 2] = '\0';
    sasl_begin(&s, MECHANISM_PLAIN, &terms);
    assert_int_equal(sasl_respond(&s, big, fits), SASL_REFUSED);
}

/* RFC 4422 appendix A. */
static void test_external(void **state)
{
    (void)state;
    struct sasl s;
    memcpy(tls.client, "riley", 6);
    terms.tls = &tls;
#define EXPECT(text, step)                                                                     \
    do {                                                                                       \
        sasl_begin(&s, MECHANISM_EXTERNAL, &terms);                                            \
        assert_int_equal(RESPOND(s, text), step);                                              \
        assert_string_equal(s.user, (step) == SASL_ASK ? "riley" : "");                        \
        assert_string_equal(s.password, "");                                                   \
    } while (0)
    sasl_begin(&s, MECHANISM_EXTERNAL, &terms);
    assert_int_equal(sasl_respond(&s, NULL, 0), SASL_CHALLENGE);
    assert_int_equal(s.challenge_n, 0);
    assert_int_equal(RESPOND(s, ""), SASL_ASK);
    EXPECT("", SASL_ASK);
    EXPECT("riley", SASL_ASK);
    EXPECT("rile", SASL_REFUSED);
    EXPECT("root", SASL_REFUSED);
    EXPECT("riley\0", SASL_MALFORMED);
#undef EXPECT
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base64_valid),
        cmocka_unit_test(test_base64_all_lengths),
        cmocka_unit_test(test_base64_invalid),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_login),
        cmocka_unit_test(test_login_initial_response),
        cmocka_unit_test(test_login_bad),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_plain_bad),
        cmocka_unit_test_teardown(test_offered, reset),
        cmocka_unit_test_teardown(test_external, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

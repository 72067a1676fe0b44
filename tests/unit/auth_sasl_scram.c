/* SCRAM's messages: RFC 7677's example, RFC 5802's rules, channel binding with a fake TLS. */
#include "auth/sasl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct settings settings;
static struct tls_facts tls;
static struct sasl_terms terms;
static struct sasl s;

static int reset(void **state)
{
    (void)state;
    static char none[] = "";
    settings = (struct settings){ .auth = { AUTH_BACKEND_PASSWD_FILE },
                                  .auth_count = 1,
                                  .scram = true,
                                  .oauth_helper = none };
    memset(&tls, 0, sizeof tls);
    tls.exporter_n = sizeof tls.exporter;
    memset(tls.exporter, 0xe1, sizeof tls.exporter);
    tls.end_point_n = 48;
    memset(tls.end_point, 0xe2, sizeof tls.end_point);
    terms = (struct sasl_terms){ .settings = &settings };
    return 0;
}

static enum sasl_step respond(const char *text)
{
    return sasl_respond(&s, (const unsigned char *)text, strlen(text));
}

static enum sasl_step first(enum auth_mechanism m, const char *text)
{
    sasl_begin(&s, m, &terms);
    return respond(text);
}

static const struct gate_salt some_salt = {
    .iterations = 4096, .salt_n = 3, .salt = "abc", .nonce = "0123456789abcdef0123456789abcdef"
};

/* RFC 7677 section 3, with the server's part of the nonce as long as ours is. */
static void test_example(void **state)
{
    (void)state;
    struct gate_salt salt = { .iterations = 4096,
                              .salt_n = 16,
                              .nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0ab" };
    assert_int_equal(base64_decode("W22ZaJ0SNY7soEsUEjb6gQ==", 24, salt.salt), 16);
    sasl_begin(&s, MECHANISM_SCRAM, &terms);
    assert_int_equal(sasl_respond(&s, NULL, 0), SASL_CHALLENGE);
    assert_int_equal(s.challenge_n, 0);
    assert_int_equal(respond("n,,n=user,r=rOprNGfwEbeRWgbNEkqO"), SASL_ASK_SALT);
    assert_string_equal(s.user, "user");
    assert_int_equal(sasl_scram_salt(&s, &salt), SASL_CHALLENGE);
    assert_string_equal(s.challenge, "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0ab,"
                                     "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    assert_int_equal(s.challenge_n, strlen(s.challenge));
    assert_int_equal(respond("c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0ab,"
                             "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="),
                     SASL_ASK_PROOF);
    static const char message[] =
        "n=user,r=rOprNGfwEbeRWgbNEkqO,"
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0ab,s=W22ZaJ0SNY7soEsUEjb6gQ==,"
        "i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0ab";
    assert_int_equal(s.scram.message_n, sizeof message - 1);
    assert_memory_equal(s.scram.message, message, sizeof message - 1);
    unsigned char signature[SCRAM_KEY + 1];
    assert_int_equal(
        base64_decode("6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", 44, signature), 32);
    assert_int_equal(sasl_scram_signed(&s, signature), SASL_CHALLENGE);
    assert_string_equal(s.challenge, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    assert_int_equal(respond(""), SASL_DONE);
    assert_int_equal(respond("x"), SASL_MALFORMED);
}

static void expect_first(const char *text, enum sasl_step step, const char *user)
{
    enum sasl_step got = first(MECHANISM_SCRAM, text);
    if (got != step || strcmp(s.user, user) != 0)
        fail_msg("%s: %d, \"%s\"", text, (int)got, s.user);
}

/* RFC 5802 sections 5.1 and 7. */
static void test_first(void **state)
{
    (void)state;
    expect_first("n,,n=user,r=abc", SASL_ASK_SALT, "user");
    expect_first("y,,n=user,r=abc", SASL_ASK_SALT, "user");
    expect_first("n,a=user,n=user,r=abc", SASL_ASK_SALT, "user");
    expect_first("n,a=u=2Cs=3Der,n=u=2Cs=3Der,r=abc", SASL_ASK_SALT, "u,s=er");
    expect_first("n,,n=user,r=abc,x=an extension,Y=2", SASL_ASK_SALT, "user");
    expect_first("n,,n=us\xc2\xad"
                 "er,r=abc",
                 SASL_ASK_SALT, "user"); /* SASLprep */
    expect_first("n,,n=\xe2\x85\xa8,r=abc", SASL_ASK_SALT, "IX");
    expect_first("n,,n=user,r=!~+-.", SASL_ASK_SALT, "user");
    /* Another's identity, a mandatory extension, a name that SASLprep forbids. */
    expect_first("n,a=root,n=user,r=abc", SASL_REFUSED, "");
    expect_first("n,,m=x,n=user,r=abc", SASL_REFUSED, "");
    expect_first("n,,n=us\x07"
                 "er,r=abc",
                 SASL_REFUSED, "");
    expect_first("n,,n=us\xffx,r=abc", SASL_REFUSED, "");
    /* Channel binding belongs to -PLUS. */
    expect_first("p=tls-exporter,,n=user,r=abc", SASL_REFUSED, "");
    static const char *const malformed[] = {
        "",
        "n",
        "n,",
        "n,,",
        "n,,n=user",
        "n,,n=user,",
        "n,,n=user,r=",
        "n,,n=,r=abc",
        "n,,r=abc,n=user",
        "n,,N=user,r=abc",
        "n,,user,r=abc",
        "n,n=user,r=abc",
        "n,,n=us=er,r=abc",
        "n,,n=user=2,r=abc",
        "n,,n=user=2c,r=abc",
        "n,,n=user=20,r=abc",
        "n,,n=user,r=a c",
        "n,,n=user,r=a\x7f",
        "n,,n=user,r=a\x80",
        "n,,n=user,r=abc,",
        "n,,n=user,r=abc,x",
        "n,,n=user,r=abc,x=",
        "n,,n=user,r=abc,1=x",
        "n,a=,n=user,r=abc",
        "n,b=user,n=user,r=abc",
        "n,user,n=user,r=abc",
        "x,,n=user,r=abc",
        "N,,n=user,r=abc",
        "nn,,n=user,r=abc",
        "p=,,n=user,r=abc",
        "p,,n=user,r=abc",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        expect_first(malformed[i], SASL_MALFORMED, "");
    sasl_begin(&s, MECHANISM_SCRAM, &terms);
    assert_int_equal(sasl_respond(&s, (const unsigned char *)"n,,n=u,r=a\0b", 12),
                     SASL_MALFORMED);
}

static void test_too_long(void **state)
{
    (void)state;
    char text[5000];
    char part[4096];
    memset(part, 'x', sizeof part);
    snprintf(text, sizeof text, "n,,n=%.255s,r=%.256s", part, part);
    assert_int_equal(first(MECHANISM_SCRAM, text), SASL_ASK_SALT);
    assert_int_equal(sasl_scram_salt(&s, &some_salt), SASL_CHALLENGE);
    snprintf(text, sizeof text, "n,,n=%.256s,r=abc", part);
    assert_int_equal(first(MECHANISM_SCRAM, text), SASL_REFUSED);
    snprintf(text, sizeof text, "n,,n=user,r=%.257s", part);
    assert_int_equal(first(MECHANISM_SCRAM, text), SASL_REFUSED);
    snprintf(text, sizeof text, "n,a=%.600s,n=user,r=abc", part);
    assert_int_equal(first(MECHANISM_SCRAM, text), SASL_REFUSED);
    snprintf(text, sizeof text, "n,,n=user,r=abc,x=%.4095s", part);
    assert_int_equal(first(MECHANISM_SCRAM, text), SASL_REFUSED);
    /* Room for the first message, not for all. */
    snprintf(text, sizeof text, "n,,n=user,r=abc,x=%.4040s", part);
    assert_int_equal(first(MECHANISM_SCRAM, text), SASL_ASK_SALT);
    assert_int_equal(sasl_scram_salt(&s, &some_salt), SASL_REFUSED);
}

#define NONCE "abc0123456789abcdef0123456789abcdef"
#define PROOF "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="

static void test_final(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum sasl_step step;
    } cases[] = {
        { "c=biws,r=" NONCE ",p=" PROOF, SASL_ASK_PROOF },
        { "c=biws,r=" NONCE ",x=y,p=" PROOF, SASL_ASK_PROOF },
        { "c=eSws,r=" NONCE ",p=" PROOF, SASL_REFUSED }, /* not the flag that it sent */
        { "c=,r=" NONCE ",p=" PROOF, SASL_REFUSED },
        { "c=biwsAA==,r=" NONCE ",p=" PROOF, SASL_REFUSED },
        { "c=biws,r=" NONCE "x,p=" PROOF, SASL_REFUSED },
        { "c=biws,r=abc,p=" PROOF, SASL_REFUSED },
        { "c=biws,r=,p=" PROOF, SASL_REFUSED },
        { "c=biws,r=" NONCE, SASL_MALFORMED },
        { "c=biws,r=" NONCE ",p=", SASL_MALFORMED },
        { "c=biws,r=" NONCE ",p=AAAA", SASL_MALFORMED },
        { "c=biws,r=" NONCE ",p=" PROOF "=", SASL_MALFORMED },
        { "c=biws,r=" NONCE ",p=" PROOF ",", SASL_MALFORMED },
        { "c=biws,r=" NONCE ",p=" PROOF ",x=y", SASL_MALFORMED },
        { "r=" NONCE ",c=biws,p=" PROOF, SASL_MALFORMED },
        { "c=biws,p=" PROOF, SASL_MALFORMED },
        { "p=" PROOF, SASL_MALFORMED },
        { "", SASL_MALFORMED },
        { "n,,n=user,r=abc", SASL_MALFORMED },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(first(MECHANISM_SCRAM, "n,,n=user,r=abc"), SASL_ASK_SALT);
        assert_int_equal(sasl_scram_salt(&s, &some_salt), SASL_CHALLENGE);
        enum sasl_step got = respond(cases[i].text);
        if (got != cases[i].step)
            fail_msg("%s: %d", cases[i].text, (int)got);
    }
}

/* The message's end that the checker looks for is what the client was told. */
static void finish(const char *header, const char *binding, size_t binding_n,
                   enum sasl_step step)
{
    unsigned char octets[256];
    char c[BASE64_ENCODED(sizeof octets) + 1];
    char text[1024];
    size_t n = strlen(header);
    memcpy(octets, header, n);
    memcpy(octets + n, binding, binding_n);
    base64_encode(octets, n + binding_n, c);
    snprintf(text, sizeof text, "%sn=user,r=abc", header);
    assert_int_equal(first(MECHANISM_SCRAM_PLUS, text), SASL_ASK_SALT);
    assert_int_equal(sasl_scram_salt(&s, &some_salt), SASL_CHALLENGE);
    snprintf(text, sizeof text, "c=%s,r=" NONCE ",p=" PROOF, c);
    assert_int_equal(respond(text), step);
}

/* RFC 5802 section 6, RFC 9266, RFC 5929 section 4. */
static void test_channel_binding(void **state)
{
    (void)state;
    char exporter[32];
    char end_point[48];
    memset(exporter, 0xe1, sizeof exporter);
    memset(end_point, 0xe2, sizeof end_point);
    terms.tls = &tls;
    finish("p=tls-exporter,,", exporter, sizeof exporter, SASL_ASK_PROOF);
    finish("p=tls-server-end-point,,", end_point, sizeof end_point, SASL_ASK_PROOF);
    finish("p=tls-exporter,a=user,", exporter, sizeof exporter, SASL_ASK_PROOF);
    /* What another connection, the other type, or nobody would send. */
    finish("p=tls-exporter,,", end_point, sizeof end_point, SASL_REFUSED);
    finish("p=tls-server-end-point,,", exporter, sizeof exporter, SASL_REFUSED);
    finish("p=tls-exporter,,", "", 0, SASL_REFUSED);
    finish("p=tls-exporter,,", exporter, sizeof exporter - 1, SASL_REFUSED);
    exporter[31] ^= 1;
    finish("p=tls-exporter,,", exporter, sizeof exporter, SASL_REFUSED);
    /* Not bound at all, or to what we have not. */
    assert_int_equal(first(MECHANISM_SCRAM_PLUS, "n,,n=user,r=abc"), SASL_REFUSED);
    assert_int_equal(first(MECHANISM_SCRAM_PLUS, "y,,n=user,r=abc"), SASL_REFUSED);
    assert_int_equal(first(MECHANISM_SCRAM_PLUS, "p=tls-unique,,n=user,r=abc"), SASL_REFUSED);
    assert_int_equal(first(MECHANISM_SCRAM_PLUS, "p=TLS-EXPORTER,,n=user,r=abc"), SASL_REFUSED);
    tls.exporter_n = 0;
    assert_int_equal(first(MECHANISM_SCRAM_PLUS, "p=tls-exporter,,n=user,r=abc"), SASL_REFUSED);
    finish("p=tls-server-end-point,,", end_point, sizeof end_point, SASL_ASK_PROOF);
}

/* Section 6: who takes -PLUS out of our list is found out. A client that can't bind may not. */
static void test_downgrade(void **state)
{
    (void)state;
    terms.tls = &tls;
    assert_int_equal(first(MECHANISM_SCRAM, "y,,n=user,r=abc"), SASL_REFUSED);
    assert_int_equal(first(MECHANISM_SCRAM, "n,,n=user,r=abc"), SASL_ASK_SALT);
    tls.exporter_n = tls.end_point_n = 0;
    assert_int_equal(first(MECHANISM_SCRAM, "y,,n=user,r=abc"), SASL_ASK_SALT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_example, reset),
        cmocka_unit_test_setup(test_first, reset),
        cmocka_unit_test_setup(test_too_long, reset),
        cmocka_unit_test_setup(test_final, reset),
        cmocka_unit_test_setup(test_channel_binding, reset),
        cmocka_unit_test_setup(test_downgrade, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SCRAM's arithmetic: RFC 7677's example, verifiers that Dovecot's doveadm pw has made, and
 * what is invented for users who are not there. */
#include "auth/library.h"
#include "auth/sasl.h"
#include "auth/saslprep.h"
#include "auth/scram.h"
#include "base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct library_crypto lib;

/* RFC 7677 section 3, and the verifier that follows from it. */
#define EXAMPLE                                                                                \
    "4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"              \
    "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
static const char example_message[] =
    "n=user,r=rOprNGfwEbeRWgbNEkqO,"
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,"
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
#define EXAMPLE_PROOF     "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
#define EXAMPLE_SIGNATURE "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

static struct scram_verifier read_verifier(const char *text)
{
    struct scram_verifier v;
    assert_true(scram_verifier_read(text, &v));
    return v;
}

static bool fits(const char *verifier, const char *password)
{
    struct scram_verifier v = read_verifier(verifier);
    char prepared[SASLPREP_MAX + 1];
    bool fits = false;
    assert_true(saslprep(password, SASLPREP_STORED, prepared, sizeof prepared));
    assert_true(scram_password_fits(&lib, &v, prepared, &fits));
    return fits;
}

static void test_example(void **state)
{
    (void)state;
    struct scram_verifier v = read_verifier(EXAMPLE);
    unsigned char proof[SCRAM_KEY + 1];
    unsigned char signature[SCRAM_KEY];
    char text[BASE64_ENCODED(SCRAM_KEY) + 1];
    bool fits = false;
    size_t n = strlen(example_message);
    assert_int_equal(base64_decode(EXAMPLE_PROOF, strlen(EXAMPLE_PROOF), proof), SCRAM_KEY);
    assert_true(scram_proof_fits(&lib, &v, example_message, n, proof, signature, &fits));
    assert_true(fits);
    base64_encode(signature, SCRAM_KEY, text);
    assert_string_equal(text, EXAMPLE_SIGNATURE);
    /* Any other message, proof or key. */
    assert_true(scram_proof_fits(&lib, &v, example_message, n - 1, proof, signature, &fits));
    assert_false(fits);
    for (size_t i = 0; i < SCRAM_KEY; i++) {
        proof[i] ^= 0x80;
        assert_true(scram_proof_fits(&lib, &v, example_message, n, proof, signature, &fits));
        assert_false(fits);
        proof[i] ^= 0x80;
        v.stored_key[i] ^= 1;
        assert_true(scram_proof_fits(&lib, &v, example_message, n, proof, signature, &fits));
        assert_false(fits);
        v.stored_key[i] ^= 1;
    }
}

static void test_passwords(void **state)
{
    (void)state;
    static const struct {
        const char *verifier, *password;
    } cases[] = {
        { EXAMPLE, "pencil" },
        /* doveadm pw -s SCRAM-SHA-256 (2.3.19) */
        { "4096,38QVlJhfDrO8l2VESfNEmA==,G+fLkAFM+Xjc/GEkJ76wteep8pLOLt1eyz+9DeLDM08=,"
          "5cLW7QeNqPs4Xm3d/R+DIKar8on4+CL/XjE4nTMYTYI=",
          "pencil" },
        { "4096,ecsiIjaI0v5vldwUvnIwiQ==,i9NpOx4zBgfIP44ELJeEy1uNEp7nuk9OIK3XZD/S+jU=,"
          "cLxXfV7dGAKEw/uAVdMDBF2YoPwbqSur/98zebdd8y8=",
          "correct horse" },
        { "4096,m+0nuJ/CL+7pRWfbR5yGjA==,4uuyRdv/phCsFkpBvobpCVFxVALzy+a+IZqtKXGM4rM=,"
          "1S9HopDLQd1IRKIbBVTRgCE+Wd0PgBYdpE2Clemhtms=",
          "p\xc3\xa4ss" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(fits(cases[i].verifier, cases[i].password));
        assert_false(fits(cases[i].verifier, "pencil "));
        assert_false(fits(cases[i].verifier, "x"));
    }
    assert_true(fits(cases[3].verifier, "pa\xcc\x88ss")); /* the same, decomposed */
}

static void test_make(void **state)
{
    (void)state;
    struct buffer one;
    struct buffer two;
    buffer_init(&one, 512);
    buffer_init(&two, 512);
    assert_true(scram_verifier_make(&lib, "pencil", &one));
    assert_true(scram_verifier_make(&lib, "pencil", &two));
    assert_string_not_equal(buffer_string(&one), buffer_string(&two));
    struct scram_verifier v = read_verifier(one.data);
    assert_true(v.iterations >= 4096); /* RFC 7677 section 3 */
    assert_true(v.salt_n >= 16);
    assert_true(fits(one.data, "pencil"));
    assert_false(fits(one.data, "pencil2"));
    buffer_free(&one);
    buffer_free(&two);
}

#define KEY "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="

static void test_malformed(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "4096",
        "4096,",
        "4096,W22Z",
        "4096,W22Z," KEY,
        "4096,W22Z," KEY ",",
        "4096,W22Z," KEY "," KEY ",",
        "4096,W22Z," KEY "," KEY " ",
        "4096,W22Z," KEY ",AAAA",
        "4096,W22Z,AAAA," KEY,
        "4096,," KEY "," KEY,
        "4096,====," KEY "," KEY,
        "4096,W22," KEY "," KEY,
        ",W22Z," KEY "," KEY,
        "0,W22Z," KEY "," KEY,
        "-1,W22Z," KEY "," KEY,
        "+1,W22Z," KEY "," KEY,
        " 1,W22Z," KEY "," KEY,
        "4096x,W22Z," KEY "," KEY,
        "5000001,W22Z," KEY "," KEY,
        "4294971392,W22Z," KEY "," KEY,
        "99999999999999999999,W22Z," KEY "," KEY,
    };
    struct scram_verifier v;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (scram_verifier_read(cases[i], &v))
            fail_msg("taken: %s", cases[i]);
    }
    assert_true(scram_verifier_read("1,AA==," KEY "," KEY, &v));
    assert_int_equal(v.salt_n, 1);
    /* 64 octets of salt, 65, 66 */
    static const char *const ends[] = { "AA==", "AAA=", "AAAA" };
    for (size_t i = 0; i < 3; i++) {
        char text[512];
        char zeros[85];
        memset(zeros, 'A', 84);
        zeros[84] = '\0';
        snprintf(text, sizeof text, "5000000,%s%s," KEY "," KEY, zeros, ends[i]);
        assert_int_equal(scram_verifier_read(text, &v), i == 0);
    }
    assert_true(scram_verifier_read("5000000,AA==," KEY "," KEY, &v));
}

/* The same for the same user and host, another for another; and it tells by its form nothing.
 */
static void test_invent(void **state)
{
    (void)state;
    static const unsigned char secret[32] = { 1 };
    static const unsigned char other_host[32] = { 2 };
    struct scram_verifier like = read_verifier("7000,W22ZaJ0SNY7soEsUEjb6gQkk," KEY "," KEY);
    struct scram_verifier a = { 0 };
    struct scram_verifier b = { 0 };
    assert_true(scram_verifier_invent(&lib, secret, sizeof secret, "nobody", &like, &a));
    assert_true(scram_verifier_invent(&lib, secret, sizeof secret, "nobody", &like, &b));
    assert_memory_equal(&a, &b, sizeof a);
    assert_int_equal(a.iterations, 7000);
    assert_int_equal(a.salt_n, like.salt_n);
    assert_true(scram_verifier_invent(&lib, secret, sizeof secret, "nobodx", &like, &b));
    assert_memory_not_equal(a.salt, b.salt, a.salt_n);
    assert_true(
        scram_verifier_invent(&lib, other_host, sizeof other_host, "nobody", &like, &b));
    assert_memory_not_equal(a.salt, b.salt, a.salt_n);
    assert_true(scram_verifier_invent(&lib, secret, sizeof secret, "nobody", NULL, &b));
    assert_int_equal(b.iterations, SCRAM_ITERATIONS);
    assert_int_equal(b.salt_n, SCRAM_SALT);
    like.salt_n = SCRAM_SALT_MAX;
    assert_true(scram_verifier_invent(&lib, secret, sizeof secret, "nobody", &like, &b));
    assert_memory_not_equal(b.salt, b.salt + 32, 32);
}

static void test_nonce(void **state)
{
    (void)state;
    char one[SCRAM_NONCE + 1];
    char two[SCRAM_NONCE + 1];
    assert_true(scram_nonce(one));
    assert_true(scram_nonce(two));
    assert_int_equal(strlen(one), SCRAM_NONCE);
    assert_null(strchr(one, ',')); /* RFC 5802 section 7, "printable" */
    assert_string_not_equal(one, two);
}

static int set_up(void **state)
{
    (void)state;
    return library_load_crypto(&lib) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example), cmocka_unit_test(test_passwords),
        cmocka_unit_test(test_make),    cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_invent),  cmocka_unit_test(test_nonce),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}

/*
 * The TLS module against OpenSSL's own client, in one process and over a socketpair: what goes
 * through, what is known afterwards, and clients that keep TLS busy without saying anything.
 */
#include "auth/tls_module.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const struct tls_module *module;
static char directory[] = "/tmp/auth_tls.XXXXXX";
static char certificate[64], key[64], other[64];
static X509 *self;

struct fixture {
    int fd[2];
    struct tls_keys *keys;
    struct transport *t;
    SSL_CTX *context;
    SSL *client;
};

/* --- Certificates. */

static X509 *sign(EVP_PKEY *pkey, const char *name)
{
    X509 *x = X509_new();
    assert_non_null(x);
    assert_int_equal(X509_set_version(x, 2), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, pkey);
    X509_NAME *subject = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1,
                               -1, 0);
    X509_set_issuer_name(x, subject);
    assert_true(X509_sign(x, pkey, EVP_sha256()) > 0);
    return x;
}

static void write_pem(const char *path, const X509 *x, EVP_PKEY *pkey)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    if (x != NULL)
        assert_int_equal(PEM_write_X509(f, x), 1);
    if (pkey != NULL)
        assert_int_equal(PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(f), 0);
}

static int make_certificates(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL)
        return -1;
    snprintf(certificate, sizeof certificate, "%s/cert", directory);
    snprintf(key, sizeof key, "%s/key", directory);
    snprintf(other, sizeof other, "%s/other", directory);
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    EVP_PKEY *stranger = EVP_EC_gen("P-256");
    self = sign(pkey, "demo");
    write_pem(certificate, self, NULL);
    write_pem(key, NULL, pkey);
    write_pem(other, NULL, stranger);
    EVP_PKEY_free(pkey);
    EVP_PKEY_free(stranger);
    /* Units are one directory below what they test. */
    char path[TLS_MODULE_PATH];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(n > 0);
    path[n] = '\0';
    *strrchr(path, '/') = '\0';
    snprintf(strrchr(path, '/'), 32, "/%s", TLS_MODULE_FILE);
    module = tls_module_open(path);
    return module == NULL ? -1 : 0;
}

static int remove_certificates(void **state)
{
    (void)state;
    unlink(certificate);
    unlink(key);
    unlink(other);
    X509_free(self);
    return rmdir(directory);
}

static struct tls_files files(void)
{
    return (struct tls_files){ .certificate = certificate,
                               .key = key,
                               .sni = "",
                               .client_ca = "",
                               .ocsp = "",
                               .ticket_key = "",
                               .ciphers = "" };
}

/* --- A connection. */

static void open_with(struct fixture *f, const struct tls_files *with)
{
    char why[256] = "";
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, f->fd), 0);
    f->keys = module->load(with, why, sizeof why);
    assert_string_equal(why, "");
    assert_non_null(f->keys);
    f->t = module->accept(f->keys, f->fd[0]);
    f->context = SSL_CTX_new(TLS_client_method());
    assert_non_null(f->context);
    f->client = SSL_new(f->context);
    SSL_set_fd(f->client, f->fd[1]);
    SSL_set_connect_state(f->client);
}

static int open_connection(void **state)
{
    struct tls_files with = files();
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL)
        return -1;
    with.client_ca = certificate;
    open_with(f, &with);
    *state = f;
    return 0;
}

static int close_connection(void **state)
{
    struct fixture *f = *state;
    module->close(f->t);
    module->unload(f->keys);
    SSL_free(f->client);
    SSL_CTX_free(f->context);
    close(f->fd[0]);
    close(f->fd[1]);
    free(f);
    return 0;
}

/* True: both are up. */
static bool shake(struct fixture *f)
{
    enum tls_step server = TLS_WAITS;
    int client = 0;
    for (unsigned round = 0; round < 100; round++) {
        if (client != 1)
            client = SSL_do_handshake(f->client);
        if (server == TLS_WAITS)
            server = module->handshake(f->t);
        if (client == 1 && server == TLS_DONE)
            return true;
        if (server == TLS_FAILED)
            return false;
    }
    return false;
}

static void say(struct fixture *f, const char *text)
{
    int n = (int)strlen(text);
    assert_int_equal(SSL_write(f->client, text, n), n);
}

static void hears(struct fixture *f, const char *text)
{
    char got[256];
    ssize_t n = f->t->read(f->t, got, sizeof got);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(got, text, (size_t)n);
}

static void test_talk(void **state)
{
    struct fixture *f = *state;
    char got[64];
    assert_true(shake(f));
    assert_int_equal(f->t->read(f->t, got, sizeof got), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(f->t->waits, POLLIN);
    say(f, "a1 NOOP\r\n");
    say(f, "a2 NOOP\r\n");
    hears(f, "a1 NOOP\r\n");
    assert_true(f->t->pending(f->t));
    hears(f, "a2 NOOP\r\n");
    assert_int_equal(f->t->write(f->t, "a1 OK\r\n", 7), 7);
    assert_int_equal(SSL_read(f->client, got, sizeof got), -1); /* not flushed yet */
    assert_true(f->t->flush(f->t));
    assert_int_equal(SSL_read(f->client, got, sizeof got), 7);
    SSL_shutdown(f->client);
    assert_int_equal(f->t->read(f->t, got, sizeof got), 0);
    assert_int_equal(f->t->write(f->t, "* BYE\r\n", 7), 7); /* it still listens */
    f->t->finish(f->t);
    assert_int_equal(SSL_read(f->client, got, sizeof got), 7);
    assert_int_equal(SSL_read(f->client, got, sizeof got), 0);
    assert_int_equal(SSL_get_error(f->client, 0), SSL_ERROR_ZERO_RETURN);
    assert_string_equal(module->why(f->t), "");
}

/* What the client does not take is not taken from us: nothing is lost or doubled by that. */
static void test_slow_reader(void **state)
{
    struct fixture *f = *state;
    enum { MUCH = 3 << 20 };
    static unsigned char out[MUCH], in[MUCH];
    size_t sent = 0;
    size_t got = 0;
    for (size_t i = 0; i < MUCH; i++)
        out[i] = (unsigned char)(i * 2654435761U >> 13);
    assert_true(shake(f));
    for (unsigned round = 0; got < MUCH; round++) {
        while (sent < MUCH) {
            ssize_t n = f->t->write(f->t, out + sent, MUCH - sent);
            if (n < 0) {
                assert_int_equal(errno, EAGAIN);
                assert_true((f->t->waits & POLLOUT) != 0);
                break;
            }
            sent += (size_t)n;
        }
        (void)f->t->flush(f->t);
        for (unsigned i = 0; i < round % 7; i++) {
            int n =
                SSL_read(f->client, in + got, (int)(MUCH - got < 20000 ? MUCH - got : 20000));
            got += n > 0 ? (size_t)n : 0;
        }
    }
    assert_memory_equal(out, in, MUCH);
}

static void new_keys(struct fixture *f)
{
    assert_int_equal(SSL_key_update(f->client, SSL_KEY_UPDATE_REQUESTED), 1);
    (void)SSL_do_handshake(f->client);
}

/* Keys may be changed at any time, between any two records. */
static void test_key_updates(void **state)
{
    struct fixture *f = *state;
    char got[16];
    assert_true(shake(f));
    for (unsigned i = 0; i < 2000; i++) {
        new_keys(f);
        say(f, "x");
        hears(f, "x");
        assert_int_equal(f->t->write(f->t, "y", 1), 1);
        assert_true(f->t->flush(f->t));
        assert_int_equal(SSL_read(f->client, got, sizeof got), 1);
    }
}

/* But who changes them for ever, and says nothing, is kept company no longer. */
static void test_key_update_flood(void **state)
{
    struct fixture *f = *state;
    char got[16];
    assert_true(shake(f));
    ssize_t n = -1;
    for (unsigned i = 0; i < 100000; i++) {
        new_keys(f);
        (void)SSL_read(f->client, got, sizeof got); /* takes the answers */
        n = f->t->read(f->t, got, sizeof got);
        assert_int_equal(n, -1);
        if (errno != EAGAIN)
            break;
    }
    assert_int_not_equal(errno, EAGAIN);
    assert_string_equal(module->why(f->t), "too much that is no data");
    assert_int_equal(f->t->write(f->t, "y", 1), -1);
}

/* The same from one who does not read what it makes us say: then it is not read either. */
static void test_key_update_flood_unread(void **state)
{
    struct fixture *f = *state;
    char got[16];
    assert_true(shake(f));
    for (unsigned i = 0; i < 100000; i++) {
        new_keys(f);
        assert_int_equal(f->t->read(f->t, got, sizeof got), -1);
        if (errno != EAGAIN || f->t->waits == POLLOUT)
            return;
    }
    fail_msg("it went on for ever");
}

/* RFC 9051 needs none, and it is a way to make the server work: refused. */
static void test_renegotiation(void **state)
{
    struct fixture *f = *state;
    char got[16];
    SSL_set_max_proto_version(f->client, TLS1_2_VERSION);
    assert_true(shake(f));
    assert_int_equal(SSL_renegotiate(f->client), 1);
    (void)SSL_do_handshake(f->client);
    assert_int_equal(f->t->read(f->t, got, sizeof got), -1);
    assert_true(f->t->flush(f->t));
    for (unsigned i = 0; i < 10; i++)
        assert_int_not_equal(SSL_do_handshake(f->client), 1);
}

/* --- What is known. */

static void expect_facts(struct fixture *f, const char *protocol)
{
    static const char label[] = "EXPORTER-Channel-Binding"; /* RFC 9266 section 4.2 */
    unsigned char expected[TLS_EXPORTER];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    struct tls_facts facts;
    module->facts(f->t, &facts);
    assert_string_equal(facts.protocol, protocol);
    assert_int_not_equal(facts.cipher[0], '\0');
    assert_int_equal(SSL_export_keying_material(f->client, expected, sizeof expected, label,
                                                strlen(label), (const unsigned char *)"", 0, 1),
                     1);
    assert_int_equal(facts.exporter_n, sizeof expected);
    assert_memory_equal(facts.exporter, expected, sizeof expected);
    assert_int_equal(X509_digest(self, EVP_sha256(), digest, &n), 1);
    assert_int_equal(facts.end_point_n, n);
    assert_memory_equal(facts.end_point, digest, n);
    assert_string_equal(facts.client, "");
}

static void test_facts(void **state)
{
    assert_true(shake(*state));
    expect_facts(*state, "TLSv1.3");
}

static void test_facts_1_2(void **state)
{
    struct fixture *f = *state;
    SSL_set_max_proto_version(f->client, TLS1_2_VERSION);
    assert_true(shake(f));
    expect_facts(f, "TLSv1.2");
}

/* RFC 9266 section 4.1: without RFC 7627 two connections could have the same. */
static void test_no_exporter(void **state)
{
    struct fixture *f = *state;
    struct tls_facts facts;
    SSL_set_max_proto_version(f->client, TLS1_2_VERSION);
    SSL_set_options(f->client, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    assert_true(shake(f));
    module->facts(f->t, &facts);
    assert_int_equal(facts.exporter_n, 0);
    assert_int_not_equal(facts.end_point_n, 0);
}

static void client_named(const char *name, int n, const char *expected)
{
    struct fixture f = { 0 };
    struct tls_files with = files();
    char path[80];
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    X509 *x = sign(pkey, "x");
    X509_NAME *subject = X509_NAME_new();
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, n, -1,
                               0);
    X509_set_subject_name(x, subject);
    X509_set_issuer_name(x, subject);
    X509_NAME_free(subject);
    assert_true(X509_sign(x, pkey, EVP_sha256()) > 0);
    snprintf(path, sizeof path, "%s/client", directory);
    write_pem(path, x, NULL);
    with.client_ca = path;
    open_with(&f, &with);
    assert_int_equal(SSL_use_certificate(f.client, x), 1);
    assert_int_equal(SSL_use_PrivateKey(f.client, pkey), 1);
    assert_true(shake(&f));
    struct tls_facts facts;
    module->facts(f.t, &facts);
    assert_string_equal(facts.client, expected);
    module->close(f.t);
    module->unload(f.keys);
    SSL_free(f.client);
    SSL_CTX_free(f.context);
    close(f.fd[0]);
    close(f.fd[1]);
    X509_free(x);
    EVP_PKEY_free(pkey);
    unlink(path);
}

/* A name with a NUL, a blank or a control character in it is nobody's. */
static void test_client_name(void **state)
{
    (void)state;
    client_named("demo", -1, "demo");
    client_named("j\xc3\xb6rg@example.org", -1, "j\xc3\xb6rg@example.org");
    client_named("demo\0.evil", 10, "");
    client_named("two words", -1, "");
    client_named("li\nne", -1, "");
}

/* --- Files. */

static void expect_refused(const struct tls_files *with, const char *file)
{
    char why[256] = "";
    assert_null(module->load(with, why, sizeof why));
    assert_non_null(strstr(why, file));
    assert_null(strchr(why, '\n'));
}

static void test_files(void **state)
{
    (void)state;
    struct tls_files with = files();
    with.certificate = "/nonexistent/c";
    expect_refused(&with, "/nonexistent/c: no certificate: No such file");
    with = files();
    with.key = "/nonexistent/k";
    expect_refused(&with, "/nonexistent/k: no private key: No such file");
    with.key = other;
    expect_refused(&with, "not the key of the certificate");
    with = files();
    with.certificate = key; /* a key alone */
    expect_refused(&with, "no certificate");
    with = files();
    with.sni = "/nonexistent/s";
    expect_refused(&with, "/nonexistent/s");
    with = files();
    with.client_ca = key;
    expect_refused(&with, key);
    with = files();
    with.ticket_key = key;
    expect_refused(&with, "ticket key");
    with = files();
    with.ciphers = "NONE-OF-THEM";
    expect_refused(&with, "tls_ciphers");
}

static void test_module_safe(void **state)
{
    (void)state;
    char path[80];
    assert_null(tls_module_open("imapd-tls.so"));
    assert_null(tls_module_open("/nonexistent/imapd-tls.so"));
    snprintf(path, sizeof path, "%s/m", directory);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
    assert_null(tls_module_open(path)); /* nothing in it */
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_talk, open_connection, close_connection),
        cmocka_unit_test_setup_teardown(test_slow_reader, open_connection, close_connection),
        cmocka_unit_test_setup_teardown(test_key_updates, open_connection, close_connection),
        cmocka_unit_test_setup_teardown(test_key_update_flood, open_connection,
                                        close_connection),
        cmocka_unit_test_setup_teardown(test_key_update_flood_unread, open_connection,
                                        close_connection),
        cmocka_unit_test_setup_teardown(test_renegotiation, open_connection, close_connection),
        cmocka_unit_test_setup_teardown(test_facts, open_connection, close_connection),
        cmocka_unit_test_setup_teardown(test_facts_1_2, open_connection, close_connection),
        cmocka_unit_test_setup_teardown(test_no_exporter, open_connection, close_connection),
        cmocka_unit_test(test_client_name),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_module_safe),
    };
    return cmocka_run_group_tests(tests, make_certificates, remove_certificates);
}

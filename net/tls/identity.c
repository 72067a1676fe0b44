/* A certificate, what leads from it to the root, and its key. */
#include "net/tls/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

/* More than any chain that clients take. */
#define CHAIN_MAX 16

/* Nobody is there to type it in. */
static int no_password(char *buffer, int size, int writing, void *ctx)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

/* All certificates of the file: the first is the server's. Other things in between (a key) are
 * passed over. */
static bool read_certificates(BIO *file, struct identity *identity)
{
    identity->certificate = PEM_read_bio_X509(file, NULL, no_password, NULL);
    identity->chain = sk_X509_new_null();
    if (identity->certificate == NULL || identity->chain == NULL)
        return false;
    while (sk_X509_num(identity->chain) < CHAIN_MAX) {
        X509 *next = PEM_read_bio_X509(file, NULL, no_password, NULL);
        if (next == NULL) { /* the end is an error to OpenSSL; so is a broken one, and is one */
            bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
            if (end)
                ERR_clear_error();
            return end;
        }
        if (sk_X509_push(identity->chain, next) == 0) {
            X509_free(next);
            return false;
        }
    }
    return true;
}

static bool read_from(const char *path, bool (*read)(BIO *file, struct identity *identity),
                      struct identity *identity)
{
    BIO *file = BIO_new_file(path, "r");
    bool ok = file != NULL && read(file, identity);
    BIO_free(file);
    return ok;
}

static bool read_key(BIO *file, struct identity *identity)
{
    identity->key = PEM_read_bio_PrivateKey(file, NULL, no_password, NULL);
    return identity->key != NULL;
}

bool identity_read(const char *certificate, const char *key, struct identity *identity_r,
                   const char **file_r, const char **what_r)
{
    memset(identity_r, 0, sizeof *identity_r);
    *file_r = certificate;
    *what_r = "no certificate";
    if (!read_from(certificate, read_certificates, identity_r))
        return false;
    if (key != NULL)
        *file_r = key;
    *what_r = "no private key";
    if (!read_from(*file_r, read_key, identity_r))
        return false;
    *what_r = "not the key of the certificate";
    return X509_check_private_key(identity_r->certificate, identity_r->key) == 1;
}

void identity_free(struct identity *identity)
{
    X509_free(identity->certificate);
    sk_X509_pop_free(identity->chain, X509_free);
    EVP_PKEY_free(identity->key);
    memset(identity, 0, sizeof *identity);
}

/* Cleared first: a connection can hold a certificate of each kind of key, and would show one of
 * them whose kind the client likes better, of whatever name. */
bool identity_show(SSL *ssl, const struct identity *identity)
{
    SSL_certs_clear(ssl);
    return SSL_use_cert_and_key(ssl, identity->certificate, identity->key, identity->chain,
                                1) == 1;
}

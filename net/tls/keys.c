/* The files: certificates and their keys, the stapled OCSP response, the key of the tickets. */
#include "net/tls/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A response is 1 or 2 KiB, with a chain of certificates in it a little more. */
#define OCSP_MAX ((size_t)64 * 1024)
/* How far the clocks of us and of whoever signed a response may differ, in seconds. */
#define OCSP_SLACK 300
/* Octets of SSL_CTX_set_tlsext_ticket_keys: a name, an HMAC's key, a cipher's. */
#define TICKET_KEY 80
/* Longer than a path may be (PATH_MAX). */
#define PATH_SIZE 4096

struct complaint {
    char *text;
    size_t size;
};

/* "file: what", and why in OpenSSL's words, of which the first are closest to the cause. */
static bool complain(const struct complaint *why, const char *file, const char *what)
{
    unsigned long code = ERR_peek_error();
    const char *reason = NULL;
    if (code != 0)
        reason = ERR_SYSTEM_ERROR(code) ? strerror(ERR_GET_REASON(code))
                                        : ERR_reason_error_string(code);
    snprintf(why->text, why->size, "%s: %s%s%s", file, what, reason != NULL ? ": " : "",
             reason != NULL ? reason : "");
    ERR_clear_error();
    return false;
}

/* Reads at most `size` octets; -1: it can't be read, or is longer. */
static long read_file(const char *path, unsigned char *to, size_t size)
{
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return -1;
    size_t n = fread(to, 1, size, f);
    bool whole = ferror(f) == 0 && n < size;
    int saved = errno;
    fclose(f);
    errno = saved;
    return whole ? (long)n : -1;
}

static bool use_ticket_key(SSL_CTX *context, const char *file, const struct complaint *why)
{
    if (file[0] == '\0') {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        return SSL_CTX_set_num_tickets(context, 0) == 1;
    }
    unsigned char key[TICKET_KEY + 1];
    long n = read_file(file, key, sizeof key);
    bool ok = n == TICKET_KEY && SSL_CTX_set_tlsext_ticket_keys(context, key, TICKET_KEY) == 1;
    OPENSSL_cleanse(key, sizeof key);
    return ok || complain(why, file, "not the 80 octets of a ticket key");
}

/* A response whose time is over would make clients refuse what they take without one. */
static bool is_current(const unsigned char *octets, long n)
{
    const unsigned char *p = octets;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &p, n);
    OCSP_BASICRESP *basic = response == NULL ? NULL : OCSP_response_get1_basic(response);
    OCSP_SINGLERESP *single = basic == NULL ? NULL : OCSP_resp_get0(basic, 0);
    bool current = false;
    if (single != NULL) {
        ASN1_GENERALIZEDTIME *from = NULL;
        ASN1_GENERALIZEDTIME *until = NULL;
        int reason = 0;
        current = OCSP_single_get0_status(single, &reason, NULL, &from, &until) ==
                      V_OCSP_CERTSTATUS_GOOD &&
                  OCSP_check_validity(from, until, OCSP_SLACK, -1) == 1;
    }
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    ERR_clear_error();
    return current;
}

static int staple(SSL *ssl, void *ctx)
{
    const struct tls_keys *keys = ctx;
    if (SSL_get_certificate(ssl) != keys->identity[0].certificate)
        return SSL_TLSEXT_ERR_NOACK; /* it is another's */
    unsigned char *copy = OPENSSL_memdup(keys->ocsp, (size_t)keys->ocsp_n);
    if (copy == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, keys->ocsp_n); /* takes it */
    return SSL_TLSEXT_ERR_OK;
}

/* Without a response the certificate is as good: what is wrong with this file, which something
 * else renews, takes TLS from nobody. */
static bool use_ocsp(struct tls_keys *keys, const char *file)
{
    if (file[0] == '\0')
        return true;
    keys->ocsp = malloc(OCSP_MAX);
    if (keys->ocsp == NULL)
        return false;
    keys->ocsp_n = read_file(file, keys->ocsp, OCSP_MAX);
    if (keys->ocsp_n > 0 && is_current(keys->ocsp, keys->ocsp_n)) {
        SSL_CTX_set_tlsext_status_cb(keys->context, staple);
        SSL_CTX_set_tlsext_status_arg(keys->context, keys);
    }
    return true;
}

static bool make_context(struct tls_keys *keys, const struct tls_files *files,
                         const struct complaint *why)
{
    const char *what = "OpenSSL";
    keys->context = SSL_CTX_new(TLS_server_method());
    if (keys->context == NULL || !policy_apply(keys->context, files, &what))
        return complain(why, what, "of no use");
    policy_choose_by_name(keys);
    return use_ticket_key(keys->context, files->ticket_key, why);
}

/* key: "": in the same file. A connection that goes nowhere shows whether OpenSSL takes it. */
static bool add_identity(struct tls_keys *keys, const char *certificate, const char *key,
                         const struct complaint *why)
{
    const char *file = certificate;
    const char *what = "";
    if (keys->identities == 1 + TLS_SNI_MAX)
        return complain(why, certificate, "more certificates than there can be");
    struct identity *identity = &keys->identity[keys->identities++];
    if (!identity_read(certificate, key[0] == '\0' ? NULL : key, identity, &file, &what))
        return complain(why, file, what);
    SSL *trial = SSL_new(keys->context);
    bool good = trial != NULL && identity_show(trial, identity);
    SSL_free(trial);
    return good || complain(why, certificate, "no certificate to show");
}

/* CERTIFICATE or CERTIFICATE:KEY, between blanks. */
static bool add_by_name(struct tls_keys *keys, const char *sni, const struct complaint *why)
{
    for (const char *p = sni + strspn(sni, " \t"); *p != '\0'; p += strspn(p, " \t")) {
        char word[2 * PATH_SIZE];
        size_t n = strcspn(p, " \t");
        if (n >= sizeof word)
            return complain(why, "tls_sni", "a path that is too long");
        memcpy(word, p, n);
        word[n] = '\0';
        p += n;
        char *colon = strchr(word, ':');
        if (colon != NULL)
            *colon++ = '\0';
        if (!add_identity(keys, word, colon == NULL ? "" : colon, why))
            return false;
    }
    return true;
}

/* What connections show unless they are asked for another name. */
static bool show_first(struct tls_keys *keys, const struct complaint *why)
{
    const struct identity *first = &keys->identity[0];
    return SSL_CTX_use_cert_and_key(keys->context, first->certificate, first->key, first->chain,
                                    1) == 1 ||
           complain(why, "tls_cert", "of no use");
}

struct tls_keys *keys_load(const struct tls_files *files, char *text, size_t size)
{
    struct complaint why = { text, size };
    /* No openssl.cnf: what counts is in imapd.conf, and no other file is read. */
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) != 1) {
        (void)complain(&why, "OpenSSL", "can't begin");
        return NULL;
    }
    struct tls_keys *keys = calloc(1, sizeof *keys);
    if (keys == NULL) {
        (void)complain(&why, "TLS", "no memory");
        return NULL;
    }
    keys->wire = wire_method();
    if (keys->wire != NULL && make_context(keys, files, &why) &&
        add_identity(keys, files->certificate, files->key, &why) && show_first(keys, &why) &&
        add_by_name(keys, files->sni, &why) && use_ocsp(keys, files->ocsp))
        return keys;
    if (text[0] == '\0')
        (void)complain(&why, "TLS", "no memory");
    keys_unload(keys);
    return NULL;
}

void keys_unload(struct tls_keys *keys)
{
    SSL_CTX_free(keys->context);
    for (size_t i = 0; i < keys->identities; i++)
        identity_free(&keys->identity[i]);
    BIO_meth_free(keys->wire);
    free(keys->ocsp);
    free(keys);
}

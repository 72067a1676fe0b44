/* What we speak: versions, ciphers, names. */
#include "net/tls/tls.h"

#include <openssl/x509v3.h>
#include <string.h>

/* TLS 1.2: forward secrecy and authenticated encryption, which every mail client of the last
 * ten years has. TLS 1.3 has nothing else. */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

/* RFC 8446 section 4.4.2 sets no limit to a chain; nobody's clients need more. */
#define CLIENT_CHAIN_MAX 8

/* ALPN (RFC 7301): a client that names protocols names this one, or is in the wrong place; one
 * that was led here to speak HTTP is turned away before it says a word. */
static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_n,
                           const unsigned char *offered, unsigned offered_n, void *ctx)
{
    static const unsigned char imap[] = "\4imap";
    (void)ssl;
    (void)ctx;
    unsigned char *found = NULL;
    if (SSL_select_next_proto(&found, chosen_n, imap, sizeof imap - 1, offered, offered_n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

/* RFC 6066 section 3. A name that no certificate has gets the first: the client judges. */
static int choose_certificate(SSL *ssl, int *alert, void *ctx)
{
    const struct tls_keys *keys = ctx;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (name == NULL)
        return SSL_TLSEXT_ERR_NOACK;
    for (size_t i = 0; i < keys->identities; i++) {
        if (X509_check_host(keys->identity[i].certificate, name, strlen(name), 0, NULL) != 1)
            continue;
        if (i == 0 || identity_show(ssl, &keys->identity[i]))
            break;
        *alert = SSL_AD_INTERNAL_ERROR;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return SSL_TLSEXT_ERR_OK;
}

static bool ask_for_certificates(SSL_CTX *context, const char *client_ca)
{
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(client_ca);
    if (names == NULL || SSL_CTX_load_verify_locations(context, client_ca, NULL) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return false;
    }
    SSL_CTX_set_client_CA_list(context, names); /* takes them */
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_verify_depth(context, CLIENT_CHAIN_MAX);
    return true;
}

bool policy_apply(SSL_CTX *context, const struct tls_files *files, const char **what_r)
{
    static const unsigned char id[] = "imapd";
    const char *ciphers = files->ciphers[0] == '\0' ? CIPHERS : files->ciphers;
    /* An end without close_notify is an end: IMAP says itself what is complete. */
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    *what_r = "OpenSSL";
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_session_id_context(context, id, sizeof id - 1) != 1)
        return false;
    *what_r = "tls_ciphers";
    if (SSL_CTX_set_cipher_list(context, ciphers) != 1)
        return false;
    *what_r = files->client_ca;
    return files->client_ca[0] == '\0' || ask_for_certificates(context, files->client_ca);
}

void policy_choose_by_name(struct tls_keys *keys)
{
    SSL_CTX_set_tlsext_servername_callback(keys->context, choose_certificate);
    SSL_CTX_set_tlsext_servername_arg(keys->context, keys);
}

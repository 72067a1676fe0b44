/* What is known of a connection: for the log, for EXTERNAL, for channel binding. */
#include "net/tls/tls.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

/* The subject's commonName, if it has exactly one, that is text and fits. A NUL inside would
 * make one name of another. */
static void name_of(const X509 *certificate, char name[TLS_NAME_MAX + 1])
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0)
        return;
    unsigned char *text = NULL;
    int n =
        ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    bool good = n > 0 && n <= TLS_NAME_MAX;
    for (int i = 0; good && i < n; i++)
        good = text[i] > ' ' && text[i] != 0x7f;
    if (good) {
        memcpy(name, text, (size_t)n);
        name[n] = '\0';
    }
    OPENSSL_free(text);
}

/* RFC 9266 section 4.1: in TLS 1.2 only with the extended master secret. */
static void exporter_of(SSL *ssl, struct tls_facts *f)
{
    static const char label[] = "EXPORTER-Channel-Binding";
    static const unsigned char none[1];
    if (SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1)
        return;
    if (SSL_export_keying_material(ssl, f->exporter, sizeof f->exporter, label,
                                   sizeof label - 1, none, 0, 1) == 1)
        f->exporter_n = sizeof f->exporter;
}

/* RFC 5929 section 4.1: the hash of the certificate with the hash of its signature, SHA-256 in
 * the place of MD5 and SHA-1. A signature without a hash (Ed25519) has none. */
static void end_point_of(SSL *ssl, struct tls_facts *f)
{
    const X509 *certificate = SSL_get_certificate(ssl);
    int hash = NID_undef;
    unsigned n = 0;
    if (certificate == NULL ||
        X509_get_signature_info((X509 *)certificate, &hash, NULL, NULL, NULL) != 1)
        return;
    if (hash == NID_md5 || hash == NID_sha1)
        hash = NID_sha256;
    const EVP_MD *md = hash == NID_undef ? NULL : EVP_get_digestbynid(hash);
    if (md != NULL && EVP_MD_get_size(md) <= TLS_END_POINT_MAX &&
        X509_digest(certificate, md, f->end_point, &n) == 1)
        f->end_point_n = n;
}

void connection_facts(struct transport *t, struct tls_facts *facts_r)
{
    struct connection *c = (struct connection *)t;
    memset(facts_r, 0, sizeof *facts_r);
    snprintf(facts_r->protocol, sizeof facts_r->protocol, "%s", SSL_get_version(c->ssl));
    snprintf(facts_r->cipher, sizeof facts_r->cipher, "%s", SSL_get_cipher_name(c->ssl));
    const X509 *client = SSL_get0_peer_certificate(c->ssl);
    if (client != NULL && SSL_get_verify_result(c->ssl) == X509_V_OK)
        name_of(client, facts_r->client);
    exporter_of(c->ssl, facts_r);
    end_point_of(c->ssl, facts_r);
}

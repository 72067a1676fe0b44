/*
 * Libraries that are loaded where they are used, and not by every process of every connection:
 * PAM's, crypt(3)'s and, for SCRAM, OpenSSL's libcrypto. The checker alone needs them (and
 * `imapd -H`, and pam_session's waiting process), for one question of its short life; linked,
 * they would be mapped, relocated and copied at each fork in gate, parent and session too. What
 * that saves is in doc/security.md.
 *
 * They are found by the name that a linked program would ask for, by the system's own rules.
 */
#ifndef AUTH_LIBRARY_H
#define AUTH_LIBRARY_H

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <security/pam_appl.h>
#include <stdbool.h>

struct library_pam {
    __typeof__(pam_start) *start;
    __typeof__(pam_end) *end;
    __typeof__(pam_set_item) *set_item;
    __typeof__(pam_get_item) *get_item;
    __typeof__(pam_authenticate) *authenticate;
    __typeof__(pam_acct_mgmt) *acct_mgmt;
    __typeof__(pam_setcred) *setcred;
    __typeof__(pam_open_session) *open_session;
    __typeof__(pam_close_session) *close_session;
    __typeof__(pam_strerror) *strerror;
};

struct library_crypt {
    __typeof__(crypt_r) *crypt;
    __typeof__(crypt_gensalt_rn) *gensalt;
};

struct library_crypto {
    __typeof__(OPENSSL_init_crypto) *init;
    __typeof__(EVP_sha256) *sha256;
    __typeof__(EVP_Digest) *digest;
    __typeof__(HMAC) *hmac;
    __typeof__(PKCS5_PBKDF2_HMAC) *pbkdf2;
    __typeof__(CRYPTO_memcmp) *compare;
};

/* Loads libpam and fills all of *pam. It stays loaded. False: it is not there, or lacks one of
 * these; logged. */
bool library_load_pam(struct library_pam *pam);

/* The same with libcrypt. */
bool library_load_crypt(struct library_crypt *crypt);

/* The same with libcrypto, which is told to read no configuration. */
bool library_load_crypto(struct library_crypto *crypto);

#endif

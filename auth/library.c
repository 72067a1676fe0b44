#include "auth/library.h"
#include "base/log.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

/* More than any of the structs has members. */
#define FUNCTIONS_MAX 16

/* PAM's functions are looked up where a linked program's would be: modules that do not name
 * libpam themselves find it, and so does what is put before it (pam_wrapper(1)). The others are
 * looked up in their library alone, and seen by nobody else. */
enum scope { SCOPE_PROGRAM, SCOPE_LIBRARY };

/* Fills a struct that is made of n pointers to functions, in the order of their names. */
static bool load(const char *library, enum scope scope, const char *const name[], size_t n,
                 void *functions)
{
    bool global = scope == SCOPE_PROGRAM;
    void *found[FUNCTIONS_MAX];
    void *handle = dlopen(library, RTLD_NOW | (global ? RTLD_GLOBAL : RTLD_LOCAL));
    bool ok = handle != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        found[i] = dlsym(global ? RTLD_DEFAULT : handle, name[i]);
        ok = found[i] != NULL;
    }
    if (!ok)
        log_error("%s can't be loaded: %s", library, dlerror());
    else
        memcpy(functions, found, n * sizeof found[0]); /* dlsym(3): they have one size */
    return ok;
}

bool library_load_pam(struct library_pam *pam)
{
    static const char *const name[] = { "pam_start",    "pam_end",          "pam_set_item",
                                        "pam_get_item", "pam_authenticate", "pam_acct_mgmt",
                                        "pam_setcred",  "pam_open_session", "pam_close_session",
                                        "pam_strerror" };
    _Static_assert(sizeof *pam == sizeof name, "a name for each function");
    return load("libpam.so.0", SCOPE_PROGRAM, name, sizeof name / sizeof *name, pam);
}

bool library_load_crypt(struct library_crypt *crypt)
{
    static const char *const name[] = { "crypt_r", "crypt_gensalt_rn" };
    _Static_assert(sizeof *crypt == sizeof name, "a name for each function");
    return load("libcrypt.so.1", SCOPE_LIBRARY, name, sizeof name / sizeof *name, crypt);
}

bool library_load_crypto(struct library_crypto *crypto)
{
    static const char *const name[] = { "OPENSSL_init_crypto", "EVP_sha256",
                                        "EVP_Digest",          "HMAC",
                                        "PKCS5_PBKDF2_HMAC",   "CRYPTO_memcmp" };
    _Static_assert(sizeof *crypto == sizeof name, "a name for each function");
    return load("libcrypto.so.3", SCOPE_LIBRARY, name, sizeof name / sizeof *name, crypto) &&
           crypto->init(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL) == 1;
}

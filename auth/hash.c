#include "auth/hash.h"
#include "auth/library.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum kind { KIND_CRYPT, KIND_PLAIN, KIND_SCRAM };

struct scheme {
    const char *name;
    const char *prefix; /* what its hashes begin with; "": anything */
    enum kind kind;
};

static const struct scheme schemes[] = {
    { "CRYPT", "", KIND_CRYPT },           { "SHA256-CRYPT", "$5$", KIND_CRYPT },
    { "SHA512-CRYPT", "$6$", KIND_CRYPT }, { "BLF-CRYPT", "$2", KIND_CRYPT },
    { "PLAIN", "", KIND_PLAIN },           { "CLEARTEXT", "", KIND_PLAIN },
    { "SCRAM-SHA-256", "", KIND_SCRAM },
};

/* Splits "{SCHEME}hash". NULL: no scheme of ours. */
static const struct scheme *split(const char *stored, const char **hash_r)
{
    *hash_r = stored;
    if (stored[0] != '{')
        return &schemes[0];
    const char *end = strchr(stored, '}');
    if (end == NULL)
        return NULL;
    *hash_r = end + 1;
    size_t n = (size_t)(end - stored - 1);
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (strlen(schemes[i].name) == n && strncasecmp(schemes[i].name, stored + 1, n) == 0)
            return &schemes[i];
    }
    return NULL;
}

/* Equal or not, in a time that depends on the length of `given` alone, which its owner knows.
 */
static bool same(const char *secret, const char *given)
{
    size_t secret_n = strlen(secret);
    size_t given_n = strlen(given);
    unsigned char differ = secret_n != given_n;
    for (size_t i = 0; i < given_n; i++)
        differ |= (unsigned char)(given[i] ^ secret[secret_n == 0 ? 0 : i % secret_n]);
    return differ == 0;
}

/* crypt(3)'s tokens for failure begin with '*'; what an administrator locks an account with
 * begins with '*' or '!'. An empty hash would let crypt(3) decide. */
static bool locked(const char *hash)
{
    return hash[0] == '*' || hash[0] == '!' || hash[0] == '\0';
}

static enum hash_result check_crypt(const char *hash, const char *password)
{
    struct library_crypt lib;
    if (!library_load_crypt(&lib))
        return HASH_FAILED;
    /* 32 KiB, and libcrypt keeps intermediate secrets there. */
    struct crypt_data *data = calloc(1, sizeof *data);
    if (data == NULL)
        return HASH_FAILED;
    enum hash_result result = HASH_UNKNOWN;
    const char *made = lib.crypt(password, hash, data);
    if (made != NULL && made[0] != '*')
        result = same(hash, made) ? HASH_MATCH : HASH_MISMATCH;
    explicit_bzero(data, sizeof *data);
    free(data);
    return result;
}

static enum hash_result check_scram(const char *hash, const char *prepared)
{
    struct scram_verifier v;
    struct library_crypto lib;
    bool fits = false;
    if (!scram_verifier_read(hash, &v))
        return HASH_UNKNOWN;
    /* A password without a form takes as long as another. */
    bool done = library_load_crypto(&lib) && scram_password_fits(&lib, &v, prepared, &fits);
    explicit_bzero(&v, sizeof v);
    if (!done)
        return HASH_FAILED;
    return fits && prepared[0] != '\0' ? HASH_MATCH : HASH_MISMATCH;
}

enum hash_result hash_check(const char *stored, const struct hash_password *password,
                            bool allow_plain)
{
    const char *hash;
    const struct scheme *scheme = split(stored, &hash);
    if (scheme == NULL)
        return HASH_UNKNOWN;
    bool plain = scheme->kind == KIND_PLAIN;
    if (locked(hash) && !(plain && hash[0] != '\0'))
        return HASH_LOCKED;
    if (plain && !allow_plain)
        return HASH_REFUSED;
    if (plain)
        return same(hash, password->sent) ? HASH_MATCH : HASH_MISMATCH;
    if (scheme->kind == KIND_SCRAM)
        return check_scram(hash, password->prepared);
    if (strncmp(hash, scheme->prefix, strlen(scheme->prefix)) != 0)
        return HASH_UNKNOWN;
    return check_crypt(hash, password->sent);
}

bool hash_scram(const char *stored, struct scram_verifier *v_r, bool *locked_r)
{
    const char *hash;
    const struct scheme *scheme = split(stored, &hash);
    *locked_r = scheme != NULL && scheme->kind != KIND_PLAIN && locked(hash);
    return scheme != NULL && scheme->kind == KIND_SCRAM && !*locked_r &&
           scram_verifier_read(hash, v_r);
}

bool hash_is_shut(const char *stored)
{
    const char *hash;
    const struct scheme *scheme = split(stored, &hash);
    return scheme != NULL && scheme->kind != KIND_PLAIN && hash[0] == '!';
}

bool hash_costs(const char *stored)
{
    const char *hash;
    const struct scheme *scheme = split(stored, &hash);
    return scheme != NULL && scheme->kind != KIND_PLAIN && !locked(hash);
}

bool hash_make(const char *password, struct buffer *out)
{
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    struct library_crypt lib;
    if (!library_load_crypt(&lib) || lib.gensalt("$y$", 0, NULL, 0, salt, sizeof salt) == NULL)
        return false;
    struct crypt_data *data = calloc(1, sizeof *data);
    if (data == NULL)
        return false;
    const char *made = lib.crypt(password, salt, data);
    bool ok =
        made != NULL && made[0] != '*' && buffer_puts(out, "{CRYPT}") && buffer_puts(out, made);
    explicit_bzero(data, sizeof *data);
    free(data);
    return ok;
}

bool hash_make_scram(const char *prepared, struct buffer *out)
{
    struct library_crypto lib;
    return library_load_crypto(&lib) && buffer_puts(out, "{SCRAM-SHA-256}") &&
           scram_verifier_make(&lib, prepared, out);
}

#include "auth/scram.h"
#include "auth/library.h"
#include "auth/sasl.h"
#include "base/buffer.h"
#include "config/value.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

_Static_assert(SCRAM_NONCE % 4 == 0, "base64 without padding");

static bool random_octets(void *to, size_t n)
{
    return getrandom(to, n, 0) == (ssize_t)n; /* up to 256 octets come whole (getrandom(2)) */
}

bool scram_nonce(char nonce[SCRAM_NONCE + 1])
{
    unsigned char octets[SCRAM_NONCE / 4 * 3];
    if (!random_octets(octets, sizeof octets))
        return false;
    base64_encode(octets, sizeof octets, nonce);
    return true;
}

/* --- Verifiers in text. ---------------------------------------------------------------------
 */

/* One field in base64 of min to max octets, and *text moved behind it. */
static bool read_octets(const char **text, unsigned char *to, size_t min, size_t max,
                        size_t *n_r)
{
    unsigned char octets[BASE64_ENCODED(SCRAM_SALT_MAX)]; /* more than decoding needs */
    size_t n = strcspn(*text, ",");
    if (n > BASE64_ENCODED(max))
        return false;
    long got = base64_decode(*text, n, octets);
    *text += n;
    if (got < (long)min || got > (long)max)
        return false;
    memcpy(to, octets, (size_t)got);
    *n_r = (size_t)got;
    return true;
}

static bool comma(const char **text)
{
    if (**text != ',')
        return false;
    (*text)++;
    return true;
}

static bool read_iterations(const char **text, unsigned *iterations_r)
{
    char number[16];
    uint64_t value = 0;
    size_t n = strcspn(*text, ",");
    if (n >= sizeof number)
        return false;
    memcpy(number, *text, n);
    number[n] = '\0';
    *text += n;
    if (value_number(number, 1, SCRAM_ITERATIONS_MAX, &value) != VALUE_OK)
        return false;
    *iterations_r = (unsigned)value;
    return true;
}

bool scram_verifier_read(const char *text, struct scram_verifier *v)
{
    size_t n;
    return read_iterations(&text, &v->iterations) && comma(&text) &&
           read_octets(&text, v->salt, SCRAM_SALT_MIN, SCRAM_SALT_MAX, &v->salt_n) &&
           comma(&text) && read_octets(&text, v->stored_key, SCRAM_KEY, SCRAM_KEY, &n) &&
           comma(&text) && read_octets(&text, v->server_key, SCRAM_KEY, SCRAM_KEY, &n) &&
           *text == '\0';
}

static bool write_verifier(const struct scram_verifier *v, struct buffer *out)
{
    char salt[BASE64_ENCODED(SCRAM_SALT_MAX) + 1];
    char stored_key[BASE64_ENCODED(SCRAM_KEY) + 1];
    char server_key[BASE64_ENCODED(SCRAM_KEY) + 1];
    base64_encode(v->salt, v->salt_n, salt);
    base64_encode(v->stored_key, SCRAM_KEY, stored_key);
    base64_encode(v->server_key, SCRAM_KEY, server_key);
    return buffer_printf(out, "%u,%s,%s,%s", v->iterations, salt, stored_key, server_key);
}

/* --- Keys. ----------------------------------------------------------------------------------
 */

static bool hmac(const struct library_crypto *lib, const unsigned char *key, size_t key_n,
                 const void *octets, size_t n, unsigned char out[SCRAM_KEY])
{
    unsigned out_n = 0;
    return lib->hmac(lib->sha256(), key, (int)key_n, octets, n, out, &out_n) != NULL &&
           out_n == SCRAM_KEY;
}

static bool hash(const struct library_crypto *lib, const unsigned char in[SCRAM_KEY],
                 unsigned char out[SCRAM_KEY])
{
    unsigned out_n = 0;
    return lib->digest(in, SCRAM_KEY, out, &out_n, lib->sha256(), NULL) == 1 &&
           out_n == SCRAM_KEY;
}

/* StoredKey and ServerKey of a password, with v's salt and iterations. */
static bool make_keys(const struct library_crypto *lib, const char *password,
                      struct scram_verifier *v)
{
    unsigned char salted[SCRAM_KEY];
    unsigned char client_key[SCRAM_KEY];
    bool ok = lib->pbkdf2(password, (int)strlen(password), v->salt, (int)v->salt_n,
                          (int)v->iterations, lib->sha256(), SCRAM_KEY, salted) == 1 &&
              hmac(lib, salted, SCRAM_KEY, "Client Key", 10, client_key) &&
              hash(lib, client_key, v->stored_key) &&
              hmac(lib, salted, SCRAM_KEY, "Server Key", 10, v->server_key);
    explicit_bzero(salted, sizeof salted);
    explicit_bzero(client_key, sizeof client_key);
    return ok;
}

bool scram_verifier_make(const struct library_crypto *lib, const char *password,
                         struct buffer *out)
{
    struct scram_verifier v = { .iterations = SCRAM_ITERATIONS, .salt_n = SCRAM_SALT };
    bool ok = random_octets(v.salt, v.salt_n) && make_keys(lib, password, &v) &&
              write_verifier(&v, out);
    explicit_bzero(&v, sizeof v);
    return ok;
}

bool scram_password_fits(const struct library_crypto *lib, const struct scram_verifier *v,
                         const char *password, bool *fits_r)
{
    struct scram_verifier made = *v;
    bool ok = make_keys(lib, password, &made);
    *fits_r = ok && lib->compare(made.stored_key, v->stored_key, SCRAM_KEY) == 0;
    explicit_bzero(&made, sizeof made);
    return ok;
}

/* Section 3: ClientKey := ClientProof XOR HMAC(StoredKey, AuthMessage), and H(ClientKey) must
 * be StoredKey. */
bool scram_proof_fits(const struct library_crypto *lib, const struct scram_verifier *v,
                      const char *message, size_t n, const unsigned char proof[SCRAM_KEY],
                      unsigned char signature_r[SCRAM_KEY], bool *fits_r)
{
    unsigned char client_key[SCRAM_KEY];
    unsigned char stored_key[SCRAM_KEY];
    bool ok = hmac(lib, v->stored_key, SCRAM_KEY, message, n, client_key) &&
              hmac(lib, v->server_key, SCRAM_KEY, message, n, signature_r);
    for (size_t i = 0; ok && i < SCRAM_KEY; i++)
        client_key[i] ^= proof[i];
    ok = ok && hash(lib, client_key, stored_key);
    *fits_r = ok && lib->compare(stored_key, v->stored_key, SCRAM_KEY) == 0;
    explicit_bzero(client_key, sizeof client_key);
    return ok;
}

bool scram_verifier_invent(const struct library_crypto *lib, const unsigned char *secret,
                           size_t n, const char *user, const struct scram_verifier *like,
                           struct scram_verifier *v)
{
    unsigned char of_user[SCRAM_KEY];
    unsigned char salt[2 * SCRAM_KEY];
    _Static_assert(sizeof salt >= SCRAM_SALT_MAX, "a salt of any length");
    v->iterations = like == NULL ? SCRAM_ITERATIONS : like->iterations;
    v->salt_n = like == NULL ? SCRAM_SALT : like->salt_n;
    bool ok = hmac(lib, secret, n, user, strlen(user), of_user) &&
              hmac(lib, of_user, sizeof of_user, "salt 1", 6, salt) &&
              hmac(lib, of_user, sizeof of_user, "salt 2", 6, salt + SCRAM_KEY) &&
              hmac(lib, of_user, sizeof of_user, "stored", 6, v->stored_key) &&
              hmac(lib, of_user, sizeof of_user, "server", 6, v->server_key);
    if (ok)
        memcpy(v->salt, salt, v->salt_n);
    explicit_bzero(of_user, sizeof of_user);
    return ok;
}

/* base64 and the mechanisms: each line is a response, in base64 or (behind '!') as it is. */
#include "tests/fuzz/fuzz.h"

#include "auth/sasl.h"
#include "auth/saslprep.h"

static void check_base64(const uint8_t *data, size_t size)
{
    if (size > BASE64_DECODE_MAX / 2)
        size = BASE64_DECODE_MAX / 2;
    char *text = malloc(BASE64_ENCODED(size) + 1);
    unsigned char *octets = malloc(BASE64_ENCODED(size) + 3);
    CHECK(text != NULL && octets != NULL);
    base64_encode(data, size, text);
    CHECK(strlen(text) == BASE64_ENCODED(size));
    CHECK(base64_decode(text, strlen(text), octets) == (long)size);
    CHECK(size == 0 || memcmp(octets, data, size) == 0);
    long n = base64_decode((const char *)data, size, octets);
    if (n >= 0) { /* nothing else decodes to the same */
        CHECK((size_t)n <= size / 4 * 3);
        base64_encode(octets, (size_t)n, text);
        CHECK(strlen(text) == size && (size == 0 || memcmp(text, data, size) == 0));
    }
    free(text);
    free(octets);
}

static void check_step(const struct sasl *s, enum sasl_step step)
{
    CHECK(memchr(s->user, '\0', sizeof s->user) != NULL);
    CHECK(memchr(s->password, '\0', sizeof s->password) != NULL);
    if (step == SASL_MALFORMED || step == SASL_REFUSED)
        CHECK(s->user[0] == '\0' && s->password[0] == '\0');
    if (step == SASL_ASK && s->mechanism == MECHANISM_PLAIN)
        CHECK(s->user[0] != '\0' && s->password[0] != '\0');
    if (step == SASL_CHALLENGE)
        CHECK(s->challenge_n <= SASL_CHALLENGE_MAX);
    if (step == SASL_ASK_SALT || step == SASL_ASK_PROOF)
        CHECK(s->scram.message_n > 0 && s->scram.message_n <= AUTH_SCRAM_MESSAGE_MAX &&
              memchr(s->scram.message, '\0', s->scram.message_n) == NULL);
}

/* The parent's answers: a salt, and yes to every proof. */
static enum sasl_step answer(struct sasl *s, enum sasl_step step)
{
    static const struct gate_salt salt = { .iterations = 4096,
                                           .salt_n = SCRAM_SALT_MAX,
                                           .nonce = "0123456789abcdef0123456789abcdef" };
    static const unsigned char signature[SCRAM_KEY];
    if (step == SASL_ASK_SALT)
        return sasl_scram_salt(s, &salt);
    if (step == SASL_ASK_PROOF)
        return sasl_scram_signed(s, signature);
    return step;
}

/* As the command does: a challenge, a response, until it is over. */
static void converse(enum auth_mechanism mechanism, const struct sasl_terms *terms,
                     const uint8_t *data, size_t size)
{
    struct sasl s;
    sasl_begin(&s, mechanism, terms);
    enum sasl_step step = sasl_respond(&s, NULL, 0);
    CHECK(step == SASL_CHALLENGE);
    for (int rounds = 0; step == SASL_CHALLENGE && size > 0; rounds++) {
        const uint8_t *line;
        size_t n;
        CHECK(rounds < 4);
        fuzz_cut(&data, &size, '\n', &line, &n);
        unsigned char *octets = malloc(n + 4);
        CHECK(octets != NULL);
        long got = -1;
        if (n > 0 && line[0] == '!') {
            got = (long)n - 1;
            memcpy(octets, line + 1, n - 1);
        } else if (n > 0 && n <= BASE64_DECODE_MAX) {
            got = base64_decode((const char *)line, n, octets);
        }
        if (got >= 0) {
            step = sasl_respond(&s, octets, (size_t)got);
            check_step(&s, step);
            step = answer(&s, step);
            check_step(&s, step);
        }
        free(octets);
        if (got < 0)
            break;
    }
    sasl_end(&s);
}

/* What passes for prepared is so when it is prepared again (RFC 3454 section 5 keeps it so),
 * and is UTF-8 without a control character. */
static void check_saslprep(const uint8_t *data, size_t size)
{
    char out[SASLPREP_MAX + 1];
    char again[SASLPREP_MAX + 1];
    char *in = fuzz_string(data, size > 2000 ? 2000 : size);
    if (saslprep(in, SASLPREP_QUERY, out, sizeof out)) {
        CHECK(out[0] != '\0' && strlen(out) < sizeof out);
        for (const char *p = out; *p != '\0'; p++)
            CHECK((unsigned char)*p >= ' ' && *p != 0x7f);
        CHECK(saslprep(out, SASLPREP_QUERY, again, sizeof again));
        CHECK(strcmp(out, again) == 0);
    }
    free(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char helper[] = "/bin/true";
    const struct settings settings = { .auth = { AUTH_BACKEND_PASSWD_FILE },
                                       .auth_count = 1,
                                       .scram = true,
                                       .oauth_helper = helper };
    const struct tls_facts tls = { .exporter_n = 32, .end_point_n = 64, .client = "riley" };
    const struct sasl_terms terms = { .settings = &settings, .tls = &tls };
    check_base64(data, size);
    check_saslprep(data, size);
    for (unsigned m = MECHANISM_LOGIN; m < MECHANISMS; m++)
        converse((enum auth_mechanism)m, &terms, data, size);
    return 0;
}

/* base64 and the mechanisms: each line is a response, in base64 or (behind '!') as it is. */
#include "tests/fuzz/fuzz.h"

#include "auth/sasl.h"

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
    if (step == SASL_DONE && s->mechanism == MECHANISM_PLAIN)
        CHECK(s->user[0] != '\0' && s->password[0] != '\0');
}

/* As the command does: a challenge, a response, until it is over. */
static void converse(enum auth_mechanism mechanism, const uint8_t *data, size_t size)
{
    struct sasl s;
    const char *challenge;
    size_t challenge_n;
    sasl_begin(&s, mechanism);
    enum sasl_step step = sasl_respond(&s, NULL, 0, &challenge, &challenge_n);
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
            step = sasl_respond(&s, octets, (size_t)got, &challenge, &challenge_n);
            check_step(&s, step);
        }
        free(octets);
        if (got < 0)
            break;
    }
    sasl_end(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_base64(data, size);
    converse(MECHANISM_PLAIN, data, size);
    converse(MECHANISM_LOGIN, data, size);
    return 0;
}

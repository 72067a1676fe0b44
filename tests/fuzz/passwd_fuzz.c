/* The passwd file: the first line is the user who is asked for, the rest the file. Whoever is
 * found is in it by the plainest reading, and is somebody whole. */
#include "tests/fuzz/scratch.h"

#include "auth/backend.h"

/* Longer lines are passed over: passwd_file.c. */
#define LONG_LINE 6000

/* Whether a line of the file begins with the user and ':', or is the user alone. *unsure_r: a
 * line that may be too long, or has a NUL. */
static bool is_in(const uint8_t *data, size_t size, const char *user, bool *unsure_r)
{
    size_t user_n = strlen(user);
    bool found = false;
    *unsure_r = false;
    while (size > 0) {
        const uint8_t *line;
        size_t n;
        fuzz_cut(&data, &size, '\n', &line, &n);
        if (n > LONG_LINE || (n > 0 && memchr(line, '\0', n) != NULL)) {
            *unsure_r = true;
            continue;
        }
        if (n > 0 && line[n - 1] == '\r')
            n--;
        if (n == 0 || line[0] == '#' || n < user_n || memcmp(line, user, user_n) != 0)
            continue;
        found = found || n == user_n || line[user_n] == ':';
    }
    return found;
}

static void check_identity(const struct identity *id, const char *user)
{
    CHECK(identity_valid(id));
    CHECK(strcmp(id->user, user) == 0);
    CHECK(id->home[0] == '\0' || id->home[0] == '/');
    CHECK(id->uid != (uid_t)-1 && id->gid != (gid_t)-1);
    CHECK(id->backend == AUTH_BACKEND_PASSWD_FILE);
}

static void check_verifier(const struct settings *s, const char *user,
                           enum backend_result result)
{
    struct scram_verifier v;
    struct scram_verifier like;
    const char *reason = NULL;
    enum backend_result found = passwd_file_verifier(s, user, &v, &like, &reason);
    CHECK(reason != NULL && found != BACKEND_UNAVAILABLE && found != BACKEND_EXPIRED);
    CHECK((found == BACKEND_UNKNOWN) == (result == BACKEND_UNKNOWN));
    CHECK(like.iterations <= SCRAM_ITERATIONS_MAX && like.salt_n <= SCRAM_SALT_MAX);
    if (found == BACKEND_OK)
        CHECK(v.iterations > 0 && v.iterations <= SCRAM_ITERATIONS_MAX && v.salt_n > 0 &&
              v.salt_n <= SCRAM_SALT_MAX && like.iterations > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct identity id;
    const uint8_t *name;
    size_t name_n;
    char path[40];
    const char *reason = NULL;
    bool unsure;
    struct settings s;
    fuzz_cut(&data, &size, '\n', &name, &name_n);
    char *user = fuzz_string(name, name_n);
    if (strlen(user) > AUTH_USER_MAX || user[0] == '\0' || strchr(user, ':') != NULL) {
        free(user); /* no such name comes so far: auth/parent.c */
        return 0;
    }
    int fd = scratch_memfd(data, size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    CHECK(settings_init(&s));
    free(s.passwd_file);
    s.passwd_file = strdup(path);
    CHECK(s.passwd_file != NULL);
    memset(&id, 0, sizeof id);
    bool there = is_in(data, size, user, &unsure);
    enum backend_result result = passwd_file_identity(&s, user, &id, &reason);
    CHECK(reason != NULL && result != BACKEND_UNAVAILABLE && result != BACKEND_EXPIRED);
    if (result == BACKEND_OK)
        check_identity(&id, user);
    CHECK(unsure || there == (result != BACKEND_UNKNOWN));
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    check_verifier(&s, user, result);
    /* The password too, where no hash is asked for whose cost the file decides. */
    if (size == 0 || (memchr(data, '$', size) == NULL && memchr(data, ',', size) == NULL)) {
        struct credentials c = { .user = user, .password = "secret", .prepared = "secret" };
        s.passwd_file_plain = true;
        CHECK(lseek(fd, 0, SEEK_SET) == 0);
        enum backend_result checked = backend_passwd_file(&s, &c, &id, &reason);
        CHECK(checked != BACKEND_OK || result == BACKEND_OK);
        CHECK((checked == BACKEND_UNKNOWN) == (result == BACKEND_UNKNOWN));
    }
    settings_free(&s);
    close(fd);
    free(user);
    return 0;
}

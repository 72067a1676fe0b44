/* The configuration file: the first line is a user's name, the rest the file. What is accepted
 * has every setting in its bounds; what is not is told in one line; a file of one line says the
 * same as -o. */
#include "tests/fuzz/scratch.h"

#include "config/settings.h"

static void check_settings(const struct settings *s)
{
    CHECK(s->mail_root != NULL && s->index_dir != NULL && s->pam_service != NULL);
    CHECK(s->passwd_file != NULL && s->login_user != NULL);
    CHECK(s->layout == LAYOUT_MAILDIRPP || s->layout == LAYOUT_FS);
    CHECK(s->auth_count <= AUTH_BACKENDS);
    for (size_t i = 0; i < s->auth_count; i++) {
        CHECK(s->auth[i] < AUTH_BACKENDS);
        CHECK(i == 0 || s->auth[i] != s->auth[0]);
    }
    CHECK(s->plaintext_login <= PLAINTEXT_ALWAYS && s->log <= LOG_DEST_STDERR);
    CHECK(s->idle_timeout >= 1800);
    CHECK(s->max_auth_tries > 0 && s->first_valid_uid > 0);
    CHECK(s->max_message > 0 && s->index_max_size > 0);
}

/* What the user's name adds leads nowhere else. */
static void check_paths(const struct settings *s, const char *name)
{
    struct settings_user user = { .user = name, .home = "/home/u" };
    char *root = settings_mail_root(s, &user);
    char *dir = settings_index_dir(s, &user);
    if (root != NULL) {
        CHECK(root[0] != '\0');
        CHECK(strchr(name, '/') == NULL || strchr(s->mail_root, '%') == NULL ||
              strstr(root, name) == NULL || strstr(s->mail_root, name) != NULL);
    }
    CHECK(dir == NULL || dir[0] == '/');
    free(root);
    free(dir);
}

static bool read_file(struct settings *s, int fd, struct buffer *err)
{
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    bool ok = settings_read_file(s, path, true, err);
    CHECK(ok ? err->len == 0 : err->len > 0);
    return ok;
}

/* A line without blanks at its ends. */
static void check_override(const uint8_t *data, size_t size, bool ok)
{
    struct settings s;
    struct buffer err;
    if (size == 0 || memchr(data, '\n', size) != NULL || memchr(data, '\0', size) != NULL ||
        memchr(data, ' ', size) != NULL || memchr(data, '\t', size) != NULL ||
        memchr(data, '\r', size) != NULL || data[0] == '#' || size > 4000)
        return;
    char *assignment = fuzz_string(data, size);
    fuzz_buffer(&err);
    CHECK(settings_init(&s));
    CHECK(settings_override(&s, assignment, &err) == ok);
    settings_free(&s);
    buffer_free(&err);
    free(assignment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings s;
    struct buffer err;
    const uint8_t *part;
    size_t n;
    fuzz_cut(&data, &size, '\n', &part, &n);
    char *name = fuzz_string(part, n);
    int fd = scratch_memfd(data, size);
    buffer_init(&err, 8192);
    CHECK(settings_init(&s));
    bool ok = read_file(&s, fd, &err);
    if (ok) {
        check_settings(&s);
        check_paths(&s, name);
    }
    check_override(data, size, ok);
    settings_free(&s);
    buffer_free(&err);
    close(fd);
    free(name);
    return 0;
}

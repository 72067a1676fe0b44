/*
 * The passwd file, in Dovecot's format:
 *
 *     user:{SCHEME}hash:uid:gid:gecos:home:shell:extra
 *
 * The first line of a user counts. A line that is too long, holds a NUL or lacks a field that
 * is needed is passed over with a word in the log and can't take a neighbour with it.
 *
 * Time: whoever asks must not learn whether a user is there. The file is always read to its
 * end, and for a user who is not in it (or is locked, or whose line is damaged) the password is
 * hashed all the same, with the file's first hash, so with the method and the cost that the
 * file uses. A file that mixes methods tells who has which; a file of {PLAIN} costs nothing to
 * anybody.
 */
#include "auth/backend.h"
#include "auth/hash.h"
#include "base/log.h"
#include "config/value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A name, a hash (384 octets at most in libcrypt), two numbers, a path of 4095 and some extra
 * fields. */
#define LINE_OCTETS_MAX 6144

enum { FIELD_USER, FIELD_HASH, FIELD_UID, FIELD_GID, FIELD_GECOS, FIELD_HOME, FIELDS };

struct found {
    bool user; /* the line is in `line`, cut into fields */
    bool hash; /* there is a first hash */
    char line[LINE_OCTETS_MAX];
    char *field[FIELDS];         /* "" where the line ends before */
    char first[LINE_OCTETS_MAX]; /* the file's first hash, to spend time on */
    struct scram_verifier like;  /* the file's first verifier; iterations 0: there is none */
};

static FILE *open_file(const char *path, const char **reason_r)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        log_error("passwd_file %s: %s", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        log_error("passwd_file %s: not a regular file", path);
    } else if ((st.st_mode & S_IWOTH) != 0) {
        log_error("passwd_file %s: everybody may write to it", path);
    } else {
        FILE *file = fdopen(fd, "r");
        if (file != NULL)
            return file;
    }
    if (fd >= 0)
        close(fd);
    *reason_r = "passwd-file-unreadable";
    return NULL;
}

/* Cuts the line at its colons, in place; what is behind the home is of no use here. */
static void cut(char *line, char *field[FIELDS])
{
    char *p = line;
    for (int i = 0; i < FIELDS; i++) {
        field[i] = p;
        p += strcspn(p, ":");
        if (*p == ':')
            *p++ = '\0';
    }
}

/* The next line without its end, in line; false at the end of the file. A damaged one is given
 * as an empty line, which nobody is. */
static bool next_line(FILE *file, char line[LINE_OCTETS_MAX], const char *path, unsigned number)
{
    size_t n = 0;
    bool damaged = false;
    int c;
    while ((c = getc_unlocked(file)) != EOF && c != '\n') {
        damaged = damaged || c == '\0' || n == LINE_OCTETS_MAX - 1;
        if (!damaged)
            line[n++] = (char)c;
    }
    if (c == EOF && n == 0 && !damaged)
        return false;
    if (damaged) {
        log_warning("passwd_file %s:%u: too long, or a NUL in it", path, number);
        n = 0;
    }
    if (n > 0 && line[n - 1] == '\r')
        n--;
    line[n] = '\0';
    return true;
}

/* The first hash that costs something, and the first verifier: what the others are like. */
static void note_hash(const char *stored, struct found *found)
{
    struct scram_verifier v;
    bool locked;
    if (!found->hash && hash_costs(stored)) {
        found->hash = true;
        memcpy(found->first, stored, strlen(stored) + 1);
    }
    if (found->like.iterations == 0 && hash_scram(stored, &v, &locked))
        found->like = v;
}

/* Reads the whole file. False: it could not be read to its end. */
static bool search(FILE *file, const char *path, const char *user, struct found *found)
{
    char line[LINE_OCTETS_MAX];
    cut(found->line, found->field); /* all of them "" */
    for (unsigned number = 1; next_line(file, line, path, number); number++) {
        if (line[0] == '\0' || line[0] == '#')
            continue;
        size_t user_n = strcspn(line, ":");
        if (!found->user && strlen(user) == user_n && memcmp(line, user, user_n) == 0) {
            memcpy(found->line, line, strlen(line) + 1);
            cut(found->line, found->field);
            found->user = true;
        }
        if ((!found->hash || found->like.iterations == 0) && line[user_n] == ':') {
            char *field[FIELDS];
            cut(line, field);
            note_hash(field[FIELD_HASH], found);
        }
    }
    bool ok = ferror(file) == 0;
    explicit_bzero(line, sizeof line);
    return ok;
}

/* A uid or gid; 2^32 - 1 is nobody's. Empty: not given, and *value_r stays. */
static bool number(const char *text, unsigned *value_r, bool *given_r)
{
    uint64_t value = 0;
    *given_r = *text != '\0';
    if (!*given_r)
        return true;
    if (value_number(text, 0, 4294967294U, &value) != VALUE_OK)
        return false;
    *value_r = (unsigned)value;
    return true;
}

/* The identity that the line names, with what it leaves out from the system's account, also the
 * supplementary groups where the account is the same user. A line that leaves nothing out has
 * no more groups than it says, and the system is not asked: where it does not know the user,
 * that takes longer than all else, because every source of nsswitch.conf is tried. */
static bool identify(const struct found *found, struct identity *id, const char **reason_r)
{
    unsigned uid = 0;
    unsigned gid = 0;
    bool has_uid;
    bool has_gid;
    const char *home = found->field[FIELD_HOME];
    *reason_r = "passwd-file-line";
    if (!number(found->field[FIELD_UID], &uid, &has_uid) ||
        !number(found->field[FIELD_GID], &gid, &has_gid) || strlen(home) > IDENTITY_HOME_MAX ||
        (*home != '\0' && *home != '/'))
        return false;
    bool whole = has_uid && has_gid && *home != '\0';
    if (!whole && !identity_of_account(id, found->field[FIELD_USER], reason_r))
        return false;
    bool same = !whole && (!has_uid || id->uid == uid);
    memcpy(id->user, found->field[FIELD_USER], strlen(found->field[FIELD_USER]) + 1);
    if (*home != '\0')
        memcpy(id->home, home, strlen(home) + 1);
    id->uid = has_uid ? uid : id->uid;
    id->gid = has_gid ? gid : id->gid;
    id->backend = AUTH_BACKEND_PASSWD_FILE;
    id->group_count = same ? id->group_count : 1;
    id->group[0] = same ? id->group[0] : id->gid;
    /* The account's were found with the account's gid. */
    return !same || !has_gid || identity_find_groups(id, reason_r);
}

static enum backend_result compare(const struct settings *s, const struct credentials *c,
                                   const struct found *found, const char **reason_r)
{
    const struct hash_password password = { c->password, c->prepared };
    enum hash_result result = HASH_MISMATCH;
    if (found->user)
        result = hash_check(found->field[FIELD_HASH], &password, s->passwd_file_plain);
    bool hashed = found->user && hash_costs(found->field[FIELD_HASH]) &&
                  (result == HASH_MATCH || result == HASH_MISMATCH);
    if (!hashed && found->hash && result != HASH_MATCH)
        (void)hash_check(found->first, &password, false); /* only for the time it takes */
    if (!found->user) {
        *reason_r = "unknown-user";
        return BACKEND_UNKNOWN;
    }
    switch (result) {
    case HASH_MATCH:
        *reason_r = "ok";
        return BACKEND_OK;
    case HASH_MISMATCH:
        *reason_r = "mismatch";
        return BACKEND_MISMATCH;
    case HASH_LOCKED:
        *reason_r = "locked";
        return BACKEND_MISMATCH;
    case HASH_REFUSED:
        *reason_r = "plain-not-allowed";
        return BACKEND_MISMATCH;
    case HASH_UNKNOWN:
        *reason_r = "unknown-scheme";
        return BACKEND_MISMATCH;
    default:
        *reason_r = "no-memory";
        return BACKEND_UNAVAILABLE;
    }
}

/* Somebody else vouches for the user; the file still says who may log in. */
static enum backend_result vouched(const struct found *found, const char **reason_r)
{
    bool shut = found->user && hash_is_shut(found->field[FIELD_HASH]);
    *reason_r = !found->user ? "unknown-user" : shut ? "locked" : "ok";
    if (!found->user)
        return BACKEND_UNKNOWN;
    return shut ? BACKEND_MISMATCH : BACKEND_OK;
}

static void found_free(struct found *found)
{
    explicit_bzero(found, sizeof *found);
    free(found);
}

/* What the file says of a user, freed with found_free; NULL: it can't be asked. */
static struct found *look_up(const struct settings *s, const char *user, const char **reason_r)
{
    FILE *file = open_file(s->passwd_file, reason_r);
    if (file == NULL)
        return NULL;
    struct found *found = calloc(1, sizeof *found);
    if (found == NULL) {
        *reason_r = "no-memory";
    } else if (!search(file, s->passwd_file, user, found)) {
        *reason_r = "passwd-file-unreadable";
        found_free(found);
        found = NULL;
    }
    fclose(file);
    return found;
}

enum backend_result backend_passwd_file(const struct settings *s, const struct credentials *c,
                                        struct identity *id, const char **reason_r)
{
    struct found *found = look_up(s, c->user, reason_r);
    if (found == NULL)
        return BACKEND_UNAVAILABLE;
    enum backend_result result =
        c->password == NULL ? vouched(found, reason_r) : compare(s, c, found, reason_r);
    if (result == BACKEND_OK && identify(found, id, reason_r))
        *reason_r = "ok";
    else if (result == BACKEND_OK)
        result = BACKEND_MISMATCH;
    found_free(found);
    return result;
}

enum backend_result passwd_file_identity(const struct settings *s, const char *user,
                                         struct identity *id, const char **reason_r)
{
    struct found *found = look_up(s, user, reason_r);
    if (found == NULL)
        return BACKEND_UNAVAILABLE;
    enum backend_result result = BACKEND_OK;
    *reason_r = "unknown-user";
    if (!found->user)
        result = BACKEND_UNKNOWN;
    else if (!identify(found, id, reason_r))
        result = BACKEND_MISMATCH;
    found_free(found);
    return result;
}

/* Who the user is to the system is not looked up here: it would take its time with those alone
 * who are there. */
enum backend_result passwd_file_verifier(const struct settings *s, const char *user,
                                         struct scram_verifier *v_r,
                                         struct scram_verifier *like_r, const char **reason_r)
{
    struct found *found = look_up(s, user, reason_r);
    if (found == NULL)
        return BACKEND_UNAVAILABLE;
    bool locked = false;
    bool has = hash_scram(found->field[FIELD_HASH], v_r, &locked);
    *like_r = found->like;
    *reason_r = !found->user ? "unknown-user" : locked ? "locked" : has ? "ok" : "no-verifier";
    enum backend_result result = !found->user ? BACKEND_UNKNOWN
                                 : has        ? BACKEND_OK
                                              : BACKEND_MISMATCH;
    found_free(found);
    return result;
}

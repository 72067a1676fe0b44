#include "auth/tls_state.h"
#include "auth/process.h"
#include "auth/tls_gate.h"
#include "auth/tls_module.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Octets of a description with its verdict: 64 certificates by name, with room. */
#define STATE_MAX 65536
/* Octets of the verdict: one line. */
#define VERDICT_MAX 1024

static const char good[] = "good\n";

/* --- What the verdict depends on, as text. */

static void describe_file(struct buffer *b, const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0)
        buffer_printf(b, "%s %d\n", path, errno);
    else
        buffer_printf(b, "%s %ju %ju %jd %jd.%09ld %jd.%09ld\n", path, (uintmax_t)st.st_dev,
                      (uintmax_t)st.st_ino, (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
                      st.st_mtim.tv_nsec, (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

static void describe_by_name(struct buffer *b, const char *sni)
{
    for (const char *p = sni + strspn(sni, " \t:"); *p != '\0'; p += strspn(p, " \t:")) {
        char path[TLS_MODULE_PATH];
        size_t n = strcspn(p, " \t:");
        if (n < sizeof path) {
            memcpy(path, p, n);
            path[n] = '\0';
            describe_file(b, path);
        }
        p += n;
    }
}

static void describe(struct buffer *b, const struct settings *s)
{
    const char *const files[] = { s->tls_cert, s->tls_key, s->tls_client_ca,
                                  s->tls_ticket_key };
    char module[TLS_MODULE_PATH];
    buffer_printf(b, "imapd " IMAPD_VERSION "\n");
    (void)tls_module_find(module);
    describe_file(b, module);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (files[i][0] != '\0')
            describe_file(b, files[i]);
        else
            buffer_puts(b, "-\n");
    }
    describe_by_name(b, s->tls_sni);
    buffer_printf(b, "sni=%s\nciphers=%s\n", s->tls_sni, s->tls_ciphers);
}

/* --- Finding it out. */

static void find_out_here(const struct settings *s, int answer)
{
    struct tls_gate g;
    char why[VERDICT_MAX];
    bool ok = tls_gate_load(&g, s, why, sizeof why - 1);
    if (!ok && g.module == NULL)
        snprintf(why, sizeof why, "no module");
    for (char *p = why; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ')
            *p = ' ';
    }
    char line[VERDICT_MAX];
    snprintf(line, sizeof line, "%.*s\n", (int)sizeof line - 2, why);
    const char *text = ok ? good : line;
    (void)!write(answer, text, strlen(text)); /* nothing arrives: that is a no, too */
}

/* In a process of its own, which leaves nothing of OpenSSL in this one. */
static bool find_out(const struct settings *s, char verdict[VERDICT_MAX])
{
    int fd[2];
    verdict[0] = '\0';
    if (pipe2(fd, O_CLOEXEC) < 0)
        return false;
    pid_t child = fork();
    if (child == 0) {
        find_out_here(s, fd[1]);
        _exit(0);
    }
    close(fd[1]);
    size_t n = 0;
    ssize_t got = 0;
    while (child > 0 && n < VERDICT_MAX - 1 &&
           ((got = read(fd[0], verdict + n, VERDICT_MAX - 1 - n)) > 0 ||
            (got < 0 && errno == EINTR)))
        n += got > 0 ? (size_t)got : 0;
    close(fd[0]);
    verdict[n] = '\0';
    return child > 0 && process_reap(child) == 0 && n > 0;
}

/* --- Remembering it. */

/* One file for each set of settings, so that two services do not push out each other's; what
 * tells them apart for sure is the description in it. FNV-1a. */
static void name_of(const struct settings *s, char *name, size_t size)
{
    const char *const texts[] = { s->tls_cert,      s->tls_key,        s->tls_sni,
                                  s->tls_client_ca, s->tls_ticket_key, s->tls_ciphers };
    uint64_t hash = 0xcbf29ce484222325U;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (const char *p = texts[i]; *p != '\0'; p++)
            hash = (hash ^ (unsigned char)*p) * 0x100000001b3U;
        hash = (hash ^ 0xff) * 0x100000001b3U;
    }
    snprintf(name, size, "%016" PRIx64, hash);
}

/* -1: there is none that is ours alone. */
static int open_directory(const char *path)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return -1;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 077) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The verdict that is remembered behind this description. */
static bool recall(int directory, const char *name, const struct buffer *description,
                   char verdict[VERDICT_MAX])
{
    size_t size = description->len + VERDICT_MAX;
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    char *text = fd < 0 ? NULL : malloc(size);
    ssize_t n = text == NULL ? 0 : read(fd, text, size);
    bool same = n > (ssize_t)description->len && n < (ssize_t)size && text[n - 1] == '\n' &&
                memcmp(text, description->data, description->len) == 0;
    if (same) {
        memcpy(verdict, text + description->len, (size_t)n - description->len);
        verdict[(size_t)n - description->len] = '\0';
    }
    free(text);
    if (fd >= 0)
        close(fd);
    return same;
}

/* Whole or not at all; where it can't be written, it is found out again. */
static void remember(int directory, const char *name, struct buffer *description,
                     const char *verdict)
{
    char new[64];
    snprintf(new, sizeof new, "%s.%ld", name, (long)getpid());
    buffer_puts(description, verdict);
    if (description->failed || description->len > STATE_MAX)
        return;
    int fd = openat(directory, new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return;
    bool whole = write(fd, description->data, description->len) == (ssize_t)description->len;
    if (close(fd) < 0 || !whole || renameat(directory, new, directory, name) < 0)
        (void)unlinkat(directory, new, 0);
}

static bool look(const struct settings *s, int directory, char verdict[VERDICT_MAX])
{
    char name[32];
    struct buffer description;
    buffer_init(&description, STATE_MAX);
    describe(&description, s);
    name_of(s, name, sizeof name);
    bool known =
        directory >= 0 && !description.failed && recall(directory, name, &description, verdict);
    if (!known && find_out(s, verdict)) {
        known = true;
        if (directory >= 0 && !description.failed)
            remember(directory, name, &description, verdict);
    }
    buffer_free(&description);
    return known;
}

bool tls_state_good(const struct settings *s, const char *directory)
{
    char verdict[VERDICT_MAX];
    if (s->tls_cert[0] == '\0')
        return false;
    int fd = directory == NULL ? -1 : open_directory(directory);
    bool known = look(s, fd, verdict);
    if (fd >= 0)
        close(fd);
    if (known && strcmp(verdict, good) == 0)
        return true;
    verdict[strcspn(verdict, "\n")] = '\0';
    log_error("TLS: STARTTLS is not offered: %s",
              known ? verdict : "nobody could look at the certificate");
    return false;
}

/* Messages in a mail root, put there as other programs do, for the tests of mailstore/. */
#ifndef TESTS_MAILSTORE_MAIL_H
#define TESTS_MAILSTORE_MAIL_H

#include "mailstore_root.h"

#include "mailstore/mailbox.h"

#include <time.h>

#define MAIL_TEXT "Subject: x\n\nbody\n"

static inline int mail_setup(void **state)
{
    struct root *r = calloc(1, sizeof *r);
    assert_non_null(r);
    root_open(r, LAYOUT_MAILDIRPP);
    *state = r;
    return 0;
}

static inline int mail_teardown(void **state)
{
    struct root *r = *state;
    root_close(r);
    free(r);
    return 0;
}

/* Waits until the timestamps of the directories are older than any grain. */
static inline void mail_settle(void)
{
    const struct timespec t = { 0, 30 * 1000000L };
    nanosleep(&t, NULL);
}

/* new/<name>, by way of tmp/. */
static inline void mail_deliver(const struct root *r, const char *name)
{
    char tmp[512];
    char new[512];
    int fd = store_root_fd(r->store);
    snprintf(tmp, sizeof tmp, "tmp/%s", name);
    snprintf(new, sizeof new, "new/%s", name);
    root_write(r, tmp, MAIL_TEXT);
    assert_int_equal(renameat(fd, tmp, fd, new), 0);
}

static inline void mail_rename(const struct root *r, const char *from, const char *to)
{
    int fd = store_root_fd(r->store);
    assert_int_equal(renameat(fd, from, fd, to), 0);
}

static inline void mail_remove(const struct root *r, const char *path)
{
    assert_int_equal(unlinkat(store_root_fd(r->store), path, 0), 0);
}

static inline struct mailbox *mail_open(const struct root *r, const char *name, bool writable)
{
    struct mailbox *mb = NULL;
    assert_int_equal(mailbox_open(r->store, name, writable, &mb), STORE_OK);
    assert_non_null(mb);
    return mb;
}

/* The first name in a directory that begins so, "" if none. */
static inline const char *mail_find(const struct root *r, const char *dir, const char *begin)
{
    static char found[300];
    char path[200];
    snprintf(path, sizeof path, "%s/%s", r->path, dir);
    DIR *d = opendir(path);
    assert_non_null(d);
    found[0] = '\0';
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        if (e->d_name[0] != '.' && strncmp(e->d_name, begin, strlen(begin)) == 0)
            snprintf(found, sizeof found, "%s", e->d_name);
    closedir(d);
    return found;
}

static inline size_t mail_count(const struct root *r, const char *dir)
{
    char path[200];
    size_t n = 0;
    snprintf(path, sizeof path, "%s/%s", r->path, dir);
    DIR *d = opendir(path);
    assert_non_null(d);
    for (struct dirent *e = readdir(d); e != NULL; e = readdir(d))
        n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

struct mail_listing {
    char text[2048];
    struct mailbox *mb;
};

static inline void mail_list_one(void *ctx, const struct message_info *info)
{
    struct mail_listing *l = ctx;
    size_t n = strlen(l->text);
    n += (size_t)snprintf(l->text + n, sizeof l->text - n, "%s%u", n > 0 ? " " : "", info->uid);
    static const char letter[] = "RFTSD";
    for (int i = 0; i < 5; i++)
        if (info->flags & (1 << i))
            n += (size_t)snprintf(l->text + n, sizeof l->text - n, "%c", letter[i]);
    if (info->recent)
        n += (size_t)snprintf(l->text + n, sizeof l->text - n, "*");
    if (info->expunged)
        n += (size_t)snprintf(l->text + n, sizeof l->text - n, "-");
    for (unsigned i = 0; i < KEYWORDS_MAX; i++)
        if (info->keywords & (1U << i))
            n += (size_t)snprintf(l->text + n, sizeof l->text - n, "(%s)",
                                  mailbox_keyword(l->mb, i));
}

/* The messages changed since a mod-sequence: "<uid><flags>", '*' recent, '-' expunged. */
static inline void mail_expect_since(struct mailbox *mb, uint64_t since, const char *text)
{
    struct mail_listing l = { "", mb };
    mailbox_changes(mb, since, mail_list_one, &l);
    assert_string_equal(l.text, text);
}

/* All messages that are there. */
static inline void mail_expect(struct mailbox *mb, const char *text)
{
    struct mail_listing l = { "", mb };
    struct message_info info;
    for (uint32_t uid = 1; mailbox_next(mb, uid, &info); uid = info.uid + 1)
        mail_list_one(&l, &info);
    assert_string_equal(l.text, text);
}

static inline uint32_t mail_messages(struct mailbox *mb)
{
    struct mailbox_counts counts;
    mailbox_counts(mb, &counts);
    return counts.messages;
}

static inline void mail_refresh(struct mailbox *mb)
{
    assert_int_equal(mailbox_refresh(mb), STORE_OK);
}

#endif

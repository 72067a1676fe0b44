/*
 * imapd --adopt: lines and exit status.
 *
 * THE SOURCE IS ONLY READ. It is locked for reading as fcntl(2) does, which delivery agents and
 * other servers look at and which leaves nothing behind; not by X.lock, which would have to be
 * made beside it. Whoever writes all the same is noticed by mailstore/adopt.c.
 *
 * AGAIN. What can be done twice is so that the second time finds done what was done. A folder
 * is subscribed before it is made, and only then: so what the user gives up later stays so.
 */
#include "command/account_adopt.h"

#include "base/log.h"
#include "command/mbox_tree.h"
#include "mailstore/adopt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Seconds that a lock is waited for. */
#define LOCK_SECONDS 30

struct run {
    struct store *store;
    struct folder_list subscribed; /* in the source */
    size_t folders;
    size_t messages;
    size_t added;
    size_t failures;
};

/* --- Lines. ----------------------------------------------------------------------------------
 */

/* What can be a folder's name can be shown; else as in the log. */
static const char *show(const char *path, char shown[LOG_QUOTE_MAX + 1])
{
    char name[FOLDER_NAME_MAX + 1];
    return folder_name_normalize(path, strlen(path), name) == STORE_OK
               ? path
               : log_quote(shown, LOG_QUOTE_MAX + 1, path);
}

static void tell_left(void *ctx, const char *path, bool failure, const char *why)
{
    struct run *run = ctx;
    char shown[LOG_QUOTE_MAX + 1];
    run->failures += failure;
    printf("%s%s: %s\n", failure ? "failed: " : "note: ", show(path, shown), why);
}

static void tell_failure(struct run *run, const char *path, const struct adopted *a,
                         enum adopt_result result, const char *folder)
{
    struct buffer why;
    buffer_init(&why, (size_t)2 * FOLDER_NAME_MAX);
    switch (result) {
    case ADOPT_VALIDITY:
        buffer_printf(&why,
                      "%s has messages under another UIDVALIDITY (%u, and %u in the file); "
                      "--into takes it to another folder",
                      folder, a->folder_uidvalidity, a->uidvalidity);
        break;
    case ADOPT_UNNUMBERED:
        buffer_puts(&why,
                    "it has no UIDs, and what was taken of it before is not its beginning "
                    "any more");
        break;
    case ADOPT_CHANGED:
        buffer_puts(&why, "it was changed while it was read; again, please");
        break;
    default:
        buffer_printf(&why, "%s: %s", folder, store_error_text(a->error));
        break;
    }
    const char *text = buffer_string(&why);
    tell_left(run, path, true, text == NULL ? strerror(ENOMEM) : text);
    buffer_free(&why);
}

static void tell_adopted(struct run *run, const char *path, const char *folder,
                         const struct adopted *a)
{
    char shown[LOG_QUOTE_MAX + 1];
    run->folders++;
    run->messages += a->messages;
    printf("%s -> %s: %zu messages, %zu added", show(path, shown), folder, a->messages,
           a->added);
    if (a->known > 0)
        printf(", %zu known", a->known);
    if (a->uidvalidity != 0)
        printf(" (with their UIDs, UIDVALIDITY %u)", a->uidvalidity);
    putchar('\n');
}

/* --- Subscriptions. --------------------------------------------------------------------------
 */

static int by_name(const void *name, const void *folder)
{
    return strcmp(name, ((const struct folder *)folder)->name);
}

static bool was_subscribed(const struct run *run, const char *folder)
{
    return run->subscribed.count > 0 &&
           bsearch(folder, run->subscribed.folder, run->subscribed.count,
                   sizeof *run->subscribed.folder, by_name) != NULL;
}

static void subscribe(struct run *run, const char *folder)
{
    enum store_error e = subscriptions_change(run->store, folder, true);
    if (e != STORE_OK) {
        run->failures++;
        printf("failed: %s: can't be subscribed: %s\n", folder, store_error_text(e));
    }
}

static void subscribe_new(struct run *run, const char *folder)
{
    int fd = -1;
    if (!was_subscribed(run, folder))
        return;
    if (folder_open_dir(run->store, folder, &fd) == STORE_OK)
        close(fd);
    else
        subscribe(run, folder);
}

/* INBOX is always there. */
static void subscribe_inbox(struct run *run)
{
    struct folder_list ours;
    if (!was_subscribed(run, "INBOX") || subscriptions_read(run->store, &ours) != STORE_OK)
        return;
    if (ours.count == 0)
        subscribe(run, "INBOX");
    folder_list_free(&ours);
}

/* --- One file. -------------------------------------------------------------------------------
 */

static bool lock(int fd)
{
    struct flock whole = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
    struct timespec pause = { .tv_nsec = 100000000 };
    for (int tries = 0; fcntl(fd, F_SETLK, &whole) < 0; tries++) {
        if ((errno != EACCES && errno != EAGAIN && errno != EINTR) ||
            tries == LOCK_SECONDS * 10)
            return false;
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

/* Of a tree a file that is no mbox is a note, of itself a failure. */
static void adopt(struct run *run, int fd, const char *path, const char *folder, bool in_tree)
{
    struct adopted adopted;
    if (!lock(fd)) {
        tell_left(run, path, true,
                  errno == EACCES || errno == EAGAIN ? "another program has locked it"
                                                     : strerror(errno));
        return;
    }
    enum adopt_result result = adopt_mbox(run->store, fd, folder, &adopted);
    if (result == ADOPT_DONE)
        tell_adopted(run, path, folder, &adopted);
    else if (result == ADOPT_NO_MBOX)
        tell_left(run, path, !in_tree, "no mbox");
    else
        tell_failure(run, path, &adopted, result, folder);
    run->added += adopted.added;
    if (adopted.keywords_left[0] != '\0')
        printf("note: %s: there is no room for these keywords: %s\n", folder,
               adopted.keywords_left);
}

static void adopt_entry(void *ctx, int dir, const char *entry, const char *path,
                        const char *folder)
{
    struct run *run = ctx;
    int fd = mbox_tree_open(dir, entry, O_NOFOLLOW);
    if (fd < 0) {
        tell_left(run, path, true, strerror(errno));
        return;
    }
    subscribe_new(run, folder);
    adopt(run, fd, path, folder, true);
    close(fd);
}

/* --- All. ------------------------------------------------------------------------------------
 */

static void adopt_tree(struct run *run, int fd, const char *source, const char *into)
{
    const struct mbox_tree tree = { adopt_entry, tell_left, run };
    char *real = realpath(source, NULL);
    const char *base = real == NULL ? "" : strrchr(real, '/') + 1;
    bool found = false;
    if (real == NULL || !mbox_tree_subscribed(fd, base, into, &run->subscribed, &found))
        tell_left(run, ".mailboxlist", true, strerror(errno));
    else if (!found)
        tell_left(run, ".mailboxlist", false, "there is none: nothing is subscribed");
    subscribe_inbox(run);
    mbox_tree_walk(fd, into, &tree);
    folder_list_free(&run->subscribed);
    free(real);
}

static int fail(const char *what, const char *why)
{
    fprintf(stderr, "imapd: %s: %s\n", what, why);
    return ACCOUNT_ADOPT_FAILED;
}

static int run_open(struct run *run, int fd, const char *source, const char *into)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return fail(source, strerror(errno));
    if (S_ISDIR(st.st_mode))
        adopt_tree(run, fd, source, into);
    else
        adopt(run, fd, source, into == NULL ? "INBOX" : into, false);
    printf("%zu folders, %zu messages, %zu added%s\n", run->folders, run->messages, run->added,
           run->failures > 0 ? "; not all could be taken over" : "");
    if (fflush(stdout) != 0 || ferror(stdout))
        return ACCOUNT_ADOPT_FAILED;
    return run->failures > 0 ? ACCOUNT_ADOPT_LEFT : ACCOUNT_ADOPT_ALL;
}

int account_adopt(const struct settings *s, const char *mail_root, const char *index_dir,
                  const char *source, const char *into)
{
    struct run run = { .store = NULL };
    char folder[FOLDER_NAME_MAX + 1];
    if (into != NULL && folder_name_normalize(into, strlen(into), folder) != STORE_OK)
        return fail("--into", "this can be no folder's name");
    int fd = mbox_tree_open(AT_FDCWD, source, 0);
    if (fd < 0)
        return fail(source, strerror(errno));
    int status = ACCOUNT_ADOPT_FAILED;
    enum store_error e = store_open(mail_root, s->layout, &run.store);
    if (e == STORE_OK && !store_index_at(run.store, index_dir, s->index_max_size))
        e = STORE_UNAVAILABLE;
    if (e != STORE_OK)
        fail(mail_root, store_error_text(e));
    else
        status = run_open(&run, fd, source, into == NULL ? NULL : folder);
    store_close(run.store);
    close(fd);
    return status;
}

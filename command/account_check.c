/*
 * imapd --check and --repair: lines and exit status.
 *
 * It is a child that compares. An index of rubbish can lead LMDB to memory that is not there,
 * and then the process that reads it ends by a signal: the parent tells that, and for --repair
 * throws the index away and begins again.
 */
#include "command/account_check.h"

#include "mailstore/check.h"
#include "mailstore/index.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

struct account {
    const struct settings *settings;
    const char *mail_root;
    const char *index_dir;
    bool repair;
    bool full;
};

/* The last is of the parent, when the child has died. */
enum { CHILD_DIED = 3 };

static void print_line(void *ctx, enum check_line kind, const char *line)
{
    static const char *const before[] = { [CHECK_NOTE] = "note: ",
                                          [CHECK_DIFFERENCE] = "",
                                          [CHECK_DONE] = "repaired: ",
                                          [CHECK_FAILURE] = "failed: " };
    (void)ctx;
    printf("%s%s\n", before[kind], line);
}

static enum store_error open_account(const struct account *a, struct store **store_r)
{
    enum store_error e = store_open_only(a->mail_root, a->settings->layout, store_r);
    if (e == STORE_OK && !store_index_at(*store_r, a->index_dir, a->settings->index_max_size)) {
        store_close(*store_r);
        return STORE_UNAVAILABLE;
    }
    return e;
}

static int status_of(enum store_error e, const struct check_counts *counts)
{
    if (e != STORE_OK || counts->failures > 0)
        return ACCOUNT_CHECK_FAILED;
    return counts->differences > 0 ? ACCOUNT_CHECK_DIFFERS : ACCOUNT_CHECK_SAME;
}

static int run(const struct account *a)
{
    struct store *store = NULL;
    struct check_counts counts = { 0 };
    const struct check_options o = { .full = a->full, .tell = print_line };
    enum store_error e = open_account(a, &store);
    if (e == STORE_OK) {
        e = a->repair ? store_repair(store, &o, &counts) : store_check(store, &o, &counts);
        store_close(store);
    }
    if (e != STORE_OK)
        fprintf(stderr, "imapd: %s: %s\n", a->mail_root,
                e == STORE_NONEXISTENT ? "there is no such directory" : store_error_text(e));
    else
        printf("%zu folders, %zu messages, %zu differences%s\n", counts.folders,
               counts.messages, counts.differences,
               counts.failures > 0 ? "; not all could be compared" : "");
    int status = status_of(e, &counts);
    return fflush(stdout) == 0 && !ferror(stdout) ? status : ACCOUNT_CHECK_FAILED;
}

static bool is_fault(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL ||
           number == SIGABRT;
}

static int run_apart(const struct account *a)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        setvbuf(stdout, NULL, _IOLBF, 0);
        _exit(run(a));
    }
    if (child < 0) {
        fprintf(stderr, "imapd: no process to compare with: %s\n", strerror(errno));
        return ACCOUNT_CHECK_FAILED;
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return ACCOUNT_CHECK_FAILED;
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (!is_fault(number)) {
        fprintf(stderr, "imapd: the comparing process was ended by signal %d\n", number);
        return ACCOUNT_CHECK_FAILED;
    }
    printf("the index is damaged so that reading it ends the process (signal %d); --repair, or "
           "the next session that comes across it, begins it anew\n",
           number);
    return CHILD_DIED;
}

static bool throw_index_away(const struct account *a)
{
    struct store *store = NULL;
    bool ok = open_account(a, &store) == STORE_OK &&
              index_throw_away(store_root_fd(store), a->index_dir);
    store_close(store);
    if (ok)
        printf("repaired: the index was begun anew\n");
    return ok;
}

int account_check(const struct settings *s, const char *mail_root, const char *index_dir,
                  bool repair, bool full)
{
    const struct account a = { s, mail_root, index_dir, repair, full };
    int status = run_apart(&a);
    if (status == CHILD_DIED && repair && throw_index_away(&a))
        status = run_apart(&a);
    if (fflush(stdout) != 0)
        return ACCOUNT_CHECK_FAILED;
    return status == CHILD_DIED ? ACCOUNT_CHECK_FAILED : status;
}

/*
 * imapd --check, --repair, --adopt: as whom.
 *
 * Root does nothing in the mail of another: before anything of an account is looked at, this
 * process has become the user who is named, or the owner of mail_root. That goes for what is
 * taken over, too: it is opened as the user, so nobody gets to read by it what is not theirs.
 */
#include "account.h"

#include "auth/backend.h"
#include "auth/become.h"
#include "auth/process.h"
#include "base/log.h"
#include "command/account_adopt.h"
#include "command/account_check.h"

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of all three commands (account_check.h, account_adopt.h). */
enum { ACCOUNT_FAILED = 2 };

char *account_index_dir(const struct settings *s, const struct settings_user *user)
{
    char *dir = settings_index_dir(s, user);
    if (dir == NULL && s->index_dir[0] != '\0')
        log_warning("no index_dir can be made for this user: the index is in mail_root");
    return dir;
}

int account_complain(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("imapd: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    return ACCOUNT_FAILED;
}

/* Whom a name at the command line means: whoever would log in with it. */
static bool find_user(const struct settings *s, const char *name, struct identity *id,
                      const char **why_r)
{
    enum backend_result result = BACKEND_UNKNOWN;
    *why_r = "unknown-user";
    if (strlen(name) > AUTH_USER_MAX)
        return false;
    for (size_t i = 0; i < s->auth_count && result == BACKEND_UNKNOWN; i++) {
        if (s->auth[i] == AUTH_BACKEND_PASSWD_FILE)
            result = passwd_file_identity(s, name, id, why_r);
        else if (identity_of_account(id, name, why_r))
            result = BACKEND_OK;
    }
    if (result != BACKEND_OK)
        return false;
    *why_r = identity_refused(id, s, geteuid());
    return *why_r == NULL;
}

/* The invoking user, as with -P. */
static bool find_self(struct identity *id, const char *home)
{
    const struct passwd *account = getpwuid(getuid());
    id->uid = getuid();
    id->gid = getgid();
    if (account != NULL)
        home = account->pw_dir;
    int n = snprintf(id->home, sizeof id->home, "%s", home == NULL ? "" : home);
    if (account != NULL)
        snprintf(id->user, sizeof id->user, "%s", account->pw_name);
    else
        snprintf(id->user, sizeof id->user, "%u", (unsigned)id->uid);
    return n >= 0 && (size_t)n < sizeof id->home;
}

/* Root does nothing in the mail of another: it becomes whoever owns it. */
static bool become_owner(const char *mail_root)
{
    struct stat st;
    const char *why = "";
    if (geteuid() != 0 || stat(mail_root, &st) < 0 || st.st_uid == 0)
        return true;
    struct identity *owner = calloc(1, sizeof *owner);
    const struct passwd *account = getpwuid(st.st_uid);
    if (owner == NULL)
        return false;
    if (account == NULL || !identity_of_account(owner, account->pw_name, &why) ||
        owner->uid != st.st_uid) {
        owner->uid = st.st_uid;
        owner->gid = owner->group[0] = st.st_gid;
        owner->group_count = 1;
    }
    bool ok = become(owner->uid, owner->gid, owner->group, owner->group_count);
    free(owner);
    return ok;
}

/* Before this process goes to the user's home. */
static char *absolute(const char *path)
{
    char *here = path[0] == '/' ? strdup("") : getcwd(NULL, 0);
    char *whole = NULL;
    if (here == NULL || asprintf(&whole, "%s%s%s", here, here[0] == '\0' ? "" : "/", path) < 0)
        whole = NULL;
    free(here);
    return whole;
}

static int work_on(const struct options *o, const char *source, const char *mail_root,
                   const char *index_dir)
{
    if (o->mode == MODE_ADOPT)
        return account_adopt(&o->settings, mail_root, index_dir, source, o->into);
    return account_check(&o->settings, mail_root, index_dir, o->mode == MODE_REPAIR, o->full);
}

static int work_as(const struct options *options, const struct identity *id, const char *source)
{
    struct settings_user user = { .user = id->user, .home = id->home };
    char *mail_root = settings_mail_root(&options->settings, &user);
    char *index_dir = account_index_dir(&options->settings, &user);
    int status = ACCOUNT_FAILED;
    if (mail_root == NULL)
        account_complain("no mail_root can be made for this user");
    else if (options->user == NULL && !become_owner(mail_root))
        account_complain("%s: its owner can't be had", mail_root);
    else
        status = work_on(options, source, mail_root, index_dir);
    free(index_dir);
    free(mail_root);
    return status;
}

int account_command(const struct options *options, const char *home)
{
    const char *why = "";
    struct identity *id = calloc(1, sizeof *id);
    char *source = options->source == NULL ? NULL : absolute(options->source);
    if (id == NULL || (options->source != NULL && source == NULL)) {
        int err = errno;
        free(source);
        free(id);
        return account_complain("%s", strerror(err));
    }
    log_open(true);
    int status = ACCOUNT_FAILED;
    bool found = options->user != NULL ? find_user(&options->settings, options->user, id, &why)
                                       : find_self(id, home);
    bool alone = process_keep_only(-1);
    log_open(true);
    if (!found)
        account_complain("%s: %s", options->user != NULL ? options->user : "this user", why);
    else if (!alone || (options->user != NULL &&
                        (!become_user(id) || !process_settle(id->user, id->home))))
        account_complain("%s: this process can't be the user's", id->user);
    else
        status = work_as(options, id, source);
    free(source);
    free(id);
    return status;
}

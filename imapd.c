/*
 * imapd: serves one IMAP client on one connection, which is standard input and output.
 *
 *     imapd   (root, or the invoking user)    main, connection.c
 *       | fork
 *       +-- gate     login_user, in an empty directory: greets, takes names and passwords
 *       |
 *     parent  (root): answers the gate's frames; forks a checker (root) for each try
 *       |
 *       | the password was right; the gate has ended
 *       v
 *     session (the user): serves the mail
 *
 * With pam_session the parent forks the session and waits for its end. With -P there are no
 * roles: the invoking user's session alone. With --check, --repair and --adopt (account.c)
 * there is no client either.
 *
 * What runs as root: this file, account.c and connection.c, auth/ but for gate.c, saslprep.c
 * and sasl*.c, config/, base/, net/peer.c, libc, libcrypt, OpenSSL's libcrypto, and PAM with
 * its modules. Of these only what auth/parent.c does with a frame sees anything that a client
 * can choose. doc/security.md tells more.
 */
#include "account.h"
#include "auth/backend.h"
#include "auth/become.h"
#include "auth/filter.h"
#include "auth/hash_line.h"
#include "auth/mechanism.h"
#include "auth/pam_session.h"
#include "auth/process.h"
#include "auth/sandbox.h"
#include "auth/tls_gate.h"
#include "base/log.h"
#include "command/server.h"
#include "config/options.h"
#include "connection.h"
#include "net/peer.h"
#include "refuse.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

/* A session that is about to begin: whose, for whom, from where. */
struct start {
    const struct settings *settings;
    const struct peer *peer;
    const char *user;
    const char *home;
    const char *mechanism; /* for the log */
    const char *tag;       /* of the command that logged in; NULL: -P */
    const void *ahead;     /* read by the gate beyond it */
    size_t ahead_n;
};

static const char *reason_of(enum server_end end)
{
    if (process_was_told_to_end())
        return "signal";
    switch (end) {
    case SERVER_LOGOUT:
        return "logout";
    case SERVER_DISCONNECTED:
        return "disconnected";
    case SERVER_TIMEOUT:
        return "timeout";
    default:
        return "refused";
    }
}

static void log_logout(const struct session *s, const char *mechanism, enum server_end end)
{
    char user[LOG_QUOTE_MAX + 1];
    struct timespec now = { 0 };
    clock_gettime(CLOCK_MONOTONIC, &now);
    log_info("logout: user=<%s> rip=%s mech=%s in=%llu out=%llu fetched=%llu appended=%llu "
             "expunged=%llu seconds=%lld reason=%s",
             log_quote(user, sizeof user, s->user), s->peer, mechanism,
             (unsigned long long)s->io->octets_in, (unsigned long long)s->io->octets_out,
             (unsigned long long)s->counts.fetched, (unsigned long long)s->counts.appended,
             (unsigned long long)s->counts.expunged, (long long)(now.tv_sec - s->counts.began),
             reason_of(end));
}

/* The session, as the user that this process is by now. */
static int serve_session(const struct start *start)
{
    struct settings_user user = { .user = start->user, .home = start->home };
    char *mail_root = settings_mail_root(start->settings, &user);
    if (mail_root == NULL || !process_end_on_signal())
        return refuse(EX_CONFIG, "no mail_root can be made for this user");
    char *index_dir = account_index_dir(start->settings, &user);
    struct stream io;
    stream_init(&io, STDIN_FILENO, STDOUT_FILENO, start->settings->idle_timeout);
    struct timespec now = { 0 };
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct session session = { .io = &io,
                               .settings = start->settings,
                               .user = start->user,
                               .peer = start->peer->text,
                               .counts = { .began = now.tv_sec } };
    enum server_end end = SERVER_DISCONNECTED;
    if (!serve_open(&session, start->tag, mail_root, index_dir))
        end = SERVER_REFUSED;
    else if (!sandbox_session(store_root_fd(session.store), index_dir))
        return refuse(EX_OSERR, "the session can't be locked in");
    else if (start->ahead_n == 0 || stream_preload(&io, start->ahead, start->ahead_n))
        end = serve_user(&session, start->tag);
    if (process_was_told_to_end() && end == SERVER_DISCONNECTED) {
        static const char bye[] = "* BYE [UNAVAILABLE] This server is being shut down\r\n";
        (void)!write(STDOUT_FILENO, bye, sizeof bye - 1); /* the last word: no matter if lost */
    }
    log_logout(&session, start->mechanism, end);
    free(index_dir);
    free(mail_root);
    return 0;
}

/* From root to the user, for good, with the client's descriptors and a log of its own. waiting:
 * the process that is to close the PAM session, without which there is to be no session; 0:
 * there is none. */
static int become_session(struct login *login, const struct settings *settings,
                          const struct peer *peer, pid_t waiting)
{
    const struct identity *id = &login->identity;
    bool alone = process_keep_only(login->slot); /* held until this process ends */
    log_open(settings->log == LOG_DEST_STDERR);
    if (!alone || !become_user(id) || !process_settle(id->user, id->home) ||
        (waiting != 0 && !process_end_with(waiting, SIGTERM)))
        return refuse(EX_OSERR, "the session can't be the user's");
    struct start start = { .settings = settings,
                           .peer = peer,
                           .user = id->user,
                           .home = id->home,
                           .mechanism = auth_mechanism_name(login->mechanism),
                           .tag = login->tag,
                           .ahead = login->ahead,
                           .ahead_n = login->ahead_n };
    return serve_session(&start);
}

static int start_session(struct login *login, const struct settings *settings,
                         const struct peer *peer)
{
    const char *rhost = peer->kind == PEER_LOCAL ? NULL : peer->text;
    if (!settings->pam_session || geteuid() != 0 || login->identity.backend != AUTH_BACKEND_PAM)
        return become_session(login, settings, peer, 0);
    pid_t self = getpid();
    struct pam_session *pam = NULL;
    if (!pam_session_open(settings, &login->identity, rhost, &pam))
        return refuse(EX_UNAVAILABLE, "no PAM session, so none of ours");
    if (pam_session_fork())
        return become_session(login, settings, peer, self);
    pam_session_close(pam);
    return 0;
}

/* -P: who started us has the user's shell already, and needs no password. A socket that can be
 * reached by its name or address has anybody behind it: that must never lead here. */
static int preauth(const struct settings *settings, const struct peer *peer, const char *home)
{
    struct peer output;
    peer_of(STDOUT_FILENO, &output);
    if (peer->by_name || output.by_name)
        return refuse(EX_CONFIG, "-P: refused, because this is a socket that others can reach");
    char number[24];
    snprintf(number, sizeof number, "%u", (unsigned)getuid());
    const struct passwd *account = getpwuid(getuid());
    if (getuid() == 0)
        log_warning("-P: serving as root");
    if (account != NULL)
        home = account->pw_dir;
    struct start start = { .settings = settings,
                           .peer = peer,
                           .user = account == NULL ? number : account->pw_name,
                           .home = home,
                           .mechanism = "PREAUTH" };
    char user[LOG_QUOTE_MAX + 1];
    log_info("login: user=<%s> rip=%s mech=%s", log_quote(user, sizeof user, start.user),
             peer->text, start.mechanism);
    return serve_session(&start);
}

static int serve(const struct options *options, const char *home)
{
    log_open(options->settings.log == LOG_DEST_STDERR);
    struct peer peer;
    peer_of(STDIN_FILENO, &peer);
    if (peer.kind == PEER_GONE)
        return 0; /* before we could begin: nobody's fault */
    if (peer.kind == PEER_LISTENING)
        return refuse(EX_CONFIG, "standard input is a listening socket: whoever started us "
                                 "must accept (systemd: Accept=yes; xinetd: wait = no)");
    peer_tune(STDIN_FILENO);
    if (options->mode == MODE_PREAUTH)
        return preauth(&options->settings, &peer, home);
    if (options->tls && options->settings.tls_cert[0] == '\0')
        return refuse(EX_CONFIG, "-t: no tls_cert is set");
    if (options->tls && !tls_gate_possible(STDIN_FILENO))
        return refuse(EX_USAGE, "-t: standard input is no stream socket");
    struct login login;
    int status = connection_serve(&options->settings, &peer, options->tls, &login);
    return status == CONNECTION_LOGGED_IN ? start_session(&login, &options->settings, &peer)
                                          : status;
}

static int print(const char *text)
{
    return fputs(text, stdout) >= 0 && fflush(stdout) == 0 ? 0 : EX_IOERR;
}

int main(int argc, char **argv)
{
    const char *home = getenv("HOME"); /* the string outlives the environment */
    if (!process_clean() || getauxval(AT_SECURE) != 0)
        return refuse(EX_OSERR, "no clean process to be had (never make me setuid)");
    struct options options;
    struct buffer err;
    buffer_init(&err, 8192);
    enum options_result result = options_read(&options, argc, argv, &err);
    int status;
    if (options.tls && !process_silence(STDOUT_FILENO)) /* nothing may be said in the clear */
        return EX_OSERR;
    bool alone = options_are_of_account(options.mode);
    if (result != OPTIONS_OK && alone)
        status = account_complain("%s", buffer_string(&err) == NULL ? "no memory" : err.data);
    else if (result != OPTIONS_OK)
        status = refuse(result == OPTIONS_WRONG ? EX_USAGE : EX_CONFIG, "%s",
                        buffer_string(&err) == NULL ? "no memory" : err.data);
    else if (options.mode == MODE_HASH)
        status = hash_line(options.user, options.scram);
    else if (options.mode == MODE_VERSION)
        status = print(filter_is_built() ? "imapd " IMAPD_VERSION "\n"
                                         : "imapd " IMAPD_VERSION " without its sandbox\n");
    else if (options.mode == MODE_USAGE)
        status = print(options_usage);
    else if (alone)
        status = account_command(&options, home);
    else
        status = serve(&options, home);
    if (result == OPTIONS_OK)
        settings_free(&options.settings);
    buffer_free(&err);
    return status;
}

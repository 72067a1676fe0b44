/*
 * A connection until its login: a gate for each way it speaks, and root's answers to it.
 *
 * WITH STARTTLS there are two gates, one after the other. The first has answered OK and ended
 * before the second, which has read the keys as root, begins the handshake: what the client
 * sent ahead in the clear went with the first one's memory (CVE-2021-33515 and its kin). Tries
 * and time are counted on.
 *
 * A TLS gate stays after the login, between the client and the session: one end of a socketpair
 * is its, the other becomes the session's standard input and output.
 *
 * BEHIND A PROXY the first thing that comes is a PROXY header, in the clear; the first gate
 * reads it, once it is locked in, and tells the parent whom it names.
 */
#include "connection.h"
#include "auth/become.h"
#include "auth/capability.h"
#include "auth/client.h"
#include "auth/process.h"
#include "auth/sandbox.h"
#include "auth/slots.h"
#include "auth/tls_gate.h"
#include "auth/tls_state.h"
#include "base/log.h"
#include "command/server.h"
#include "net/proxy.h"
#include "refuse.h"

#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

/* What becomes of a gate. */
struct gate_start {
    const struct settings *settings;
    struct peer *peer;
    const struct passwd *account; /* login_user; NULL: without root */
    pid_t parent;
    int channel;
    int session; /* with TLS: the socket to what will be the session; -1: no TLS */
    bool starttls;
    bool first;       /* greets, and reads what a proxy says; not behind STARTTLS */
    unsigned seconds; /* for the login */
};

/* Where a gate has what it is given. */
#define GATE_CHANNEL 3
#define GATE_SESSION 4

static bool keep_only_gates(const struct gate_start *g)
{
    bool alone = g->session < 0 ? process_keep_only(g->channel)
                                : process_keep_two(g->channel, g->session);
    log_open(g->settings->log == LOG_DEST_STDERR);
    return alone;
}

/* Whether the PROXY header has to come before all else, and nothing but it counts. */
static bool is_proxy(const struct settings *settings, const struct peer *peer)
{
    return network_has(settings->proxy_from, settings->proxy_from_count, peer->address,
                       peer->address_n);
}

/* In the gate: reads who the client behind the proxy is, and tells the parent. */
static bool learn_client(struct peer *peer)
{
    static const char *const why[] = { [PROXY_CUT] = "cut off",
                                       [PROXY_LATE] = "not whole in time",
                                       [PROXY_NO_HEADER] = "something else came" };
    struct proxy_header header;
    enum proxy_got got = proxy_read(STDIN_FILENO, PROXY_SECONDS, &header);
    if (got == PROXY_GONE)
        return false; /* a look whether the port is open */
    if (got != PROXY_GOT) {
        log_warning("no PROXY header from proxy_from: %s: rip=%s", why[got], peer->text);
        return false;
    }
    peer_told(peer, header.address, header.address_n);
    return client_tell(GATE_CHANNEL, header.address, header.address_n);
}

/* In the parent: hears it. */
static bool hear_client(struct peer *peer, int channel)
{
    enum { SLACK = 5 }; /* the gate, once it is locked in, knows first that the time is over */
    struct frame_client client;
    if (!client_hear(channel, PROXY_SECONDS + SLACK, peer->text, &client))
        return false;
    peer_told(peer, client.address, client.address_n);
    return true;
}

static bool lock_gate_in(const struct gate_start *g)
{
    uid_t uid = g->account == NULL ? getuid() : g->account->pw_uid;
    gid_t gid = g->account == NULL ? getgid() : g->account->pw_gid;
    bool tls = g->session >= 0;
    return become_gate(uid, gid, tls) && process_end_with(g->parent, SIGKILL) &&
           sandbox_gate(tls);
}

/* False: the client is gone, or is none that may come here. */
static bool know_client(const struct gate_start *g)
{
    return !g->first || !is_proxy(g->settings, g->peer) || learn_client(g->peer);
}

static bool sends_password_in_the_clear(const struct gate_start *g)
{
    bool remote = g->peer->kind != PEER_LOCAL && g->peer->kind != PEER_LOOPBACK;
    enum plaintext_login may = g->settings->plaintext_login;
    return g->session < 0 && (may == PLAINTEXT_NEVER || (may == PLAINTEXT_LOOPBACK && remote));
}

/* The client, until the login or its end. */
static enum server_end greet(const struct gate_start *g, struct stream *io,
                             const struct tls_facts *tls)
{
    struct gate gate = { .channel = GATE_CHANNEL, .tls = tls, .starttls = g->starttls };
    struct session session = { .io = io,
                               .settings = g->settings,
                               .gate = &gate,
                               .peer = g->peer->text,
                               .password_refused = sends_password_in_the_clear(g) };
    return serve_gate(&session, g->first); /* the parent knows from the channel how it went */
}

static void begin_stream(const struct gate_start *g, struct stream *io)
{
    int out = g->session < 0 ? STDOUT_FILENO : STDIN_FILENO; /* TLS runs over the one socket */
    stream_init(io, STDIN_FILENO, out, g->settings->login_timeout);
    stream_set_deadline(io, g->seconds);
}

/* The life of a gate without TLS. */
static int serve_as_gate(const struct gate_start *g)
{
    if (!keep_only_gates(g) || !lock_gate_in(g))
        return refuse(EX_OSERR, "the gate can't be locked in");
    if (!know_client(g))
        return 0;
    struct stream io;
    begin_stream(g, &io);
    (void)greet(g, &io, NULL);
    return 0;
}

/* And of one with it, which lasts as long as the connection. Nothing may be said in the clear,
 * so whatever goes wrong before the handshake is for the log alone. */
static int serve_as_tls_gate(const struct gate_start *g)
{
    struct tls_gate tls;
    char why[1024] = "";
    if (!keep_only_gates(g) || !tls_gate_load(&tls, g->settings, why, sizeof why)) {
        log_error("TLS: the connection is closed: %s: rip=%s",
                  why[0] == '\0' ? "no gate for it" : why, g->peer->text);
        return EX_CONFIG;
    }
    if (!lock_gate_in(g)) {
        log_error("the gate can't be locked in");
        return EX_OSERR;
    }
    struct stream io;
    begin_stream(g, &io);
    if (know_client(g) && tls_gate_begin(&tls, &io, g->peer->text) &&
        greet(g, &io, &tls.facts) == SERVER_HANDED_OVER) {
        close(GATE_CHANNEL); /* the parent goes on */
        tls_gate_relay(&tls, GATE_SESSION, g->settings, g->peer->text);
    }
    tls_gate_end(&tls);
    return 0;
}

/* login_user is looked up before there is a gate: the gate could not, and nobody should be
 * greeted who can't be served. */
static bool find_login_user(const struct settings *settings, const struct passwd **account_r)
{
    *account_r = NULL;
    if (geteuid() != 0)
        return true;
    const struct passwd *account = getpwnam(settings->login_user);
    if (account == NULL || account->pw_uid == 0)
        return false;
    *account_r = account;
    return true;
}

static void end_gate(pid_t gate, const struct peer *peer)
{
    kill(gate, SIGKILL); /* it has ended, or should have */
    int status = process_reap(gate);
    if (status >= 0 && WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
        log_error("gate: ended by signal %d: rip=%s", WTERMSIG(status), peer->text);
}

static void close_pair(int fd[2])
{
    for (int i = 0; i < 2; i++) {
        if (fd[i] >= 0)
            close(fd[i]);
        fd[i] = -1;
    }
}

/* Makes a gate of start, with a channel to the parent and, where parent->tls, the socket that
 * session[0] is our end of. -1: not to be had; nothing is left open. */
static pid_t fork_gate(struct gate_start *start, struct parent *parent, int session[2])
{
    int channel[2] = { -1, -1 };
    session[0] = session[1] = -1;
    pid_t gate = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) == 0 &&
        (!parent->tls || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, session) == 0)) {
        start->channel = channel[1];
        start->session = session[1];
        start->starttls = parent->starttls;
        gate = fork();
    }
    if (gate == 0)
        _exit(parent->tls ? serve_as_tls_gate(start) : serve_as_gate(start));
    if (gate < 0) {
        close_pair(channel);
        close_pair(session);
        return -1;
    }
    close(channel[1]);
    parent->channel = channel[0];
    if (session[1] >= 0)
        close(session[1]);
    session[1] = -1;
    return gate;
}

/* With TLS the session's client is the gate. */
static bool take_session_socket(int fd)
{
    bool ok =
        dup2(fd, STDIN_FILENO) == STDIN_FILENO && dup2(fd, STDOUT_FILENO) == STDOUT_FILENO;
    close(fd);
    return ok;
}

/* One gate's time, until nothing more comes from it. A gate that carries a session's octets
 * goes on without us. */
static enum parent_end serve_gate_of(struct gate_start *start, struct parent *parent,
                                     struct login *login)
{
    int session[2];
    pid_t gate = fork_gate(start, parent, session);
    if (gate < 0) {
        (void)refuse(EX_OSERR, "no process or channel for the gate");
        return PARENT_BROKEN;
    }
    enum parent_end end = PARENT_CLOSED;
    if (!start->first || !is_proxy(start->settings, start->peer) ||
        hear_client(start->peer, parent->channel))
        end = parent_serve(parent, login);
    bool over = end == PARENT_LOGGED_IN || end == PARENT_STARTTLS;
    if (over && !parent_gate_ended(parent))
        log_warning("gate: had to be ended after the hand-over: rip=%s", parent->peer);
    if (end != PARENT_LOGGED_IN || !parent->tls)
        end_gate(gate, start->peer); /* before anything else reads what the client sends */
    close(parent->channel);
    if (end == PARENT_LOGGED_IN && parent->tls && !take_session_socket(session[0]))
        return PARENT_BROKEN;
    if (end != PARENT_LOGGED_IN)
        close_pair(session);
    return end;
}

/* Seconds of login_timeout that are left, at least 1. */
static unsigned seconds_left(const struct settings *s, const struct timespec *began)
{
    struct timespec now = *began;
    clock_gettime(CLOCK_MONOTONIC, &now);
    time_t gone = now.tv_sec - began->tv_sec;
    return gone < (time_t)s->login_timeout ? s->login_timeout - (unsigned)gone : 1;
}

/* Root's power is limited before anything comes from the client. */
static int prepare(const struct settings *settings, const struct passwd **account_r)
{
    if (!find_login_user(settings, account_r))
        return refuse(
            EX_CONFIG,
            "login_user %s: no such user (systemd-sysusers or useradd makes it), or it is root",
            settings->login_user);
    if (*account_r != NULL && (!process_hide() || !capability_limit_parent(settings)))
        return refuse(EX_OSERR, "root's power can't be limited");
    return 0;
}

/* From here on the gates speak TLS. */
static void begin_tls(struct parent *parent)
{
    parent->tls = true;
    parent->starttls = false;
    parent->certificates = parent->settings->tls_client_ca[0] != '\0';
}

static bool offers_starttls(const struct settings *settings)
{
    return tls_gate_possible(STDOUT_FILENO) &&
           tls_state_good(settings, geteuid() == 0 ? TLS_STATE_DIRECTORY : NULL);
}

int connection_serve(const struct settings *settings, struct peer *peer, bool tls,
                     struct login *login_r)
{
    struct timespec began = { 0 };
    struct gate_start start = {
        .settings = settings, .peer = peer, .parent = getpid(), .first = true
    };
    login_r->slot = -1;
    int status = prepare(settings, &start.account);
    if (status == 0 && clock_gettime(CLOCK_MONOTONIC, &began) < 0)
        status = refuse(EX_OSERR, "no clock");
    if (status != 0)
        return status;
    struct parent parent = { .settings = settings,
                             .peer = peer->text,
                             .rhost = peer->kind == PEER_LOCAL ? NULL : peer->text,
                             .slots = geteuid() == 0 ? SLOTS_DIRECTORY : NULL };
    if (tls)
        begin_tls(&parent);
    else
        parent.starttls = offers_starttls(settings);
    start.seconds = settings->login_timeout;
    enum parent_end end = serve_gate_of(&start, &parent, login_r);
    if (end == PARENT_STARTTLS) {
        if (!process_silence(STDOUT_FILENO)) /* from here on nothing is said in the clear */
            return EX_OSERR;
        begin_tls(&parent);
        start.first = false;
        start.seconds = seconds_left(settings, &began);
        end = serve_gate_of(&start, &parent, login_r);
    }
    return end == PARENT_LOGGED_IN ? CONNECTION_LOGGED_IN : 0;
}

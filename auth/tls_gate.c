#include "auth/tls_gate.h"
#include "auth/tls_module.h"
#include "base/log.h"
#include "net/relay.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

bool tls_gate_possible(int out_fd)
{
    struct stat in;
    struct stat out;
    int type = 0;
    socklen_t n = sizeof type;
    return getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
           type == SOCK_STREAM && fstat(STDIN_FILENO, &in) == 0 && fstat(out_fd, &out) == 0 &&
           in.st_dev == out.st_dev && in.st_ino == out.st_ino;
}

/* A key that everybody on this machine can read is no secret; but to serve nobody helps
 * nobody. */
static void warn_of_readers(const char *file)
{
    struct stat st;
    if (file[0] != '\0' && stat(file, &st) == 0 && (st.st_mode & S_IROTH) != 0)
        log_warning("TLS: everybody can read the key %s", file);
}

bool tls_gate_load(struct tls_gate *g, const struct settings *s, char *why, size_t size)
{
    struct tls_files files = { .certificate = s->tls_cert,
                               .key = s->tls_key,
                               .sni = s->tls_sni,
                               .client_ca = s->tls_client_ca,
                               .ocsp = s->tls_ocsp,
                               .ticket_key = s->tls_ticket_key,
                               .ciphers = s->tls_ciphers };
    memset(g, 0, sizeof *g);
    why[0] = '\0';
    g->module = tls_module_load();
    if (g->module == NULL)
        return false;
    warn_of_readers(s->tls_key[0] == '\0' ? s->tls_cert : s->tls_key);
    warn_of_readers(s->tls_ticket_key);
    g->keys = g->module->load(&files, why, size);
    return g->keys != NULL;
}

bool tls_gate_begin(struct tls_gate *g, struct stream *io, const char *peer)
{
    g->transport = g->module->accept(g->keys, STDIN_FILENO);
    if (g->transport == NULL) {
        log_error("TLS: no memory: rip=%s", peer);
        return false;
    }
    enum tls_step step;
    while ((step = g->module->handshake(g->transport)) == TLS_WAITS) {
        if (!stream_wait_for(io, STDIN_FILENO, g->transport->waits))
            break;
    }
    if (step == TLS_DONE) {
        g->module->facts(g->transport, &g->facts);
        stream_through(io, g->transport);
        return true;
    }
    const char *why = step == TLS_WAITS ? "not done in time" : g->module->why(g->transport);
    if (why[0] != '\0')
        log_info("TLS: no handshake: %s: rip=%s", why, peer);
    return false;
}

void tls_gate_relay(struct tls_gate *g, int session, const struct settings *s, const char *peer)
{
    enum relay_end end = relay(g->transport, STDIN_FILENO, session, s->idle_timeout);
    const char *why = g->module->why(g->transport);
    if (end == RELAY_FAILED)
        log_error("TLS: no memory, or no poll(2): rip=%s", peer);
    else if (end == RELAY_STALLED)
        log_info("TLS: the client takes nothing: rip=%s", peer);
    else if (end == RELAY_CLIENT && why[0] != '\0')
        log_info("TLS: broken off: %s: rip=%s", why, peer);
}

void tls_gate_end(struct tls_gate *g)
{
    if (g->transport != NULL) {
        g->transport->finish(g->transport);
        g->module->close(g->transport);
    }
    if (g->keys != NULL)
        g->module->unload(g->keys);
    g->transport = NULL;
    g->keys = NULL;
}

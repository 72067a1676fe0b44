/* A session before login, which reads what anybody sends: greeted, answered in lines, and never
 * logged in, since the parent at the other end of the channel is gone. */
#include "tests/fuzz/scratch.h"

#include "auth/gate.h"
#include "command/server.h"
#include "config/settings.h"

#include <sys/socket.h>

static void check_lines(const char *p, size_t n)
{
    const char *end = p + n;
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        CHECK(lf != NULL && lf > p + 1 && lf[-1] == '\r');
        CHECK(memchr(p, '\0', (size_t)(lf - p)) == NULL);
        CHECK(memchr(p, '\r', (size_t)(lf - p)) == lf - 1);
        CHECK(memchr(p, ' ', (size_t)(lf - p)) != NULL);
        p = lf + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stream io;
    struct settings settings;
    int channel[2];
    int in = scratch_memfd(data, size);
    int out = scratch_memfd("", 0);
    CHECK(settings_init(&settings));
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) == 0);
    close(channel[1]);
    struct gate gate = { .channel = channel[0] };
    stream_init(&io, in, out, 2);
    struct session session = { .io = &io,
                               .settings = &settings,
                               .gate = &gate,
                               .peer = "local",
                               .password_refused = size % 2 == 1 };
    enum server_end end = serve_gate(&session, true);
    CHECK(end != SERVER_HANDED_OVER && !gate.accepted && !gate.handed_over);
    off_t n = lseek(out, 0, SEEK_END);
    CHECK(n > 0);
    char *answer = mmap(NULL, (size_t)n, PROT_READ, MAP_PRIVATE, out, 0);
    CHECK(answer != MAP_FAILED);
    check_lines(answer, (size_t)n);
    munmap(answer, (size_t)n);
    settings_free(&settings);
    close(channel[0]);
    close(in);
    close(out);
    return 0;
}

/*
 * The gate's frames, as the parent gets them from a gate that was taken over. Each line of the
 * input is a frame: a letter for a sound one of that kind (T, V, H, C, B, S, P, L; any other:
 * none), then changes of three octets each, where (two) and what. What passes for valid is so
 * by a second look; and the parent, given all of them, comes to an end and lets nobody in.
 */
#include "tests/fuzz/fuzz.h"

#include "auth/parent.h"

#include <sys/socket.h>
#include <unistd.h>

/* More would not fit into the socket. */
#define FRAMES_MAX 6

union any_frame {
    struct frame_head head;
    struct frame_try try;
    struct frame_verdict verdict;
    struct frame_hand_over hand_over;
    struct frame_checked checked;
    struct frame_scram_begin begin;
    struct frame_scram_begun begun;
    struct frame_scram_proof proof;
    unsigned char octet[sizeof(struct frame_hand_over) + 64];
};

static size_t make(char kind, union any_frame *f)
{
    memset(f, 0, sizeof *f);
    f->head.magic = FRAME_MAGIC;
    switch (kind) {
    case 'T':
        f->head.kind = FRAME_TRY;
        f->try.user_n = 4;
        f->try.password_n = 6;
        memcpy(f->try.user, "user", 4);
        memcpy(f->try.password, "secret", 6);
        return sizeof f->try;
    case 'V':
        f->head.kind = FRAME_VERDICT;
        return sizeof f->verdict;
    case 'H':
        f->head.kind = FRAME_HAND_OVER;
        f->hand_over.tag_n = 2;
        memcpy(f->hand_over.tag, "a1", 2);
        f->hand_over.ahead_n = 9;
        return sizeof f->hand_over;
    case 'C':
        f->head.kind = FRAME_CHECKED;
        f->checked.identity.uid = 1000;
        f->checked.identity.user[0] = 'u';
        f->checked.identity.group_count = 1;
        return sizeof f->checked;
    case 'B':
        f->head.kind = FRAME_SCRAM_BEGIN;
        f->begin.mechanism = MECHANISM_SCRAM;
        f->begin.user_n = 4;
        memcpy(f->begin.user, "user", 4);
        return sizeof f->begin;
    case 'S':
        f->head.kind = FRAME_SCRAM_BEGUN;
        f->begun.iterations = 4096;
        f->begun.salt_n = 16;
        memset(f->begun.nonce, 'x', SCRAM_NONCE);
        return sizeof f->begun;
    case 'P':
        f->head.kind = FRAME_SCRAM_PROOF;
        f->proof.message_n = 3;
        memcpy(f->proof.message, "n=u", 3);
        return sizeof f->proof;
    case 'L':
        f->head.kind = FRAME_STARTTLS;
        return sizeof(struct frame_starttls);
    default:
        return (unsigned char)kind;
    }
}

static void change(union any_frame *f, size_t *n, const uint8_t *p, size_t left)
{
    for (; left >= 3; p += 3, left -= 3) {
        size_t at = (size_t)p[0] << 8 | p[1];
        if (at < *n)
            f->octet[at] = p[2];
        else if (at == 0xffff)
            *n = *n > p[2] ? *n - p[2] : 0;
    }
}

static bool is_string(const char *s, size_t size, size_t n)
{
    return n < size && strnlen(s, size) == n;
}

static void check_try(const struct frame_try *f)
{
    CHECK(is_string(f->user, sizeof f->user, f->user_n));
    CHECK(is_string(f->password, sizeof f->password, f->password_n));
    CHECK(is_string(f->prepared, sizeof f->prepared, f->prepared_n));
    CHECK(f->mechanism < MECHANISMS && f->head.kind == FRAME_TRY);
}

static void check_hand_over(const struct frame_hand_over *f)
{
    CHECK(is_string(f->tag, sizeof f->tag, f->tag_n) && f->tag_n > 0);
    CHECK(f->ahead_n <= AUTH_AHEAD_MAX && f->head.kind == FRAME_HAND_OVER);
    for (const char *p = f->tag; *p != '\0'; p++)
        CHECK(*p > ' ' && *p < 0x7f && *p != '+' && *p != '"' && *p != '{');
}

static void check_checked(const struct frame_checked *f)
{
    CHECK(strnlen(f->reason, sizeof f->reason) < sizeof f->reason);
    if (f->verdict != VERDICT_OK)
        return;
    CHECK(strnlen(f->identity.user, sizeof f->identity.user) < sizeof f->identity.user);
    CHECK(strnlen(f->identity.home, sizeof f->identity.home) < sizeof f->identity.home);
    CHECK(f->identity.group_count <= IDENTITY_GROUPS_MAX);
}

static void check_begun(const struct frame_scram_begun *f)
{
    CHECK(f->verdict <= VERDICT_TOO_MANY);
    if (f->verdict == VERDICT_OK)
        CHECK(f->salt_n <= SCRAM_SALT_MAX && f->iterations > 0 &&
              is_string(f->nonce, sizeof f->nonce, SCRAM_NONCE) &&
              strchr(f->nonce, ',') == NULL);
}

static void look(union any_frame *f, size_t n)
{
    if (frame_try_valid(&f->try, n)) {
        check_try(&f->try);
        /* A password would be checked, in a process of its own. */
        memset(f->try.password, 0, sizeof f->try.password);
        f->try.password_n = 0;
    }
    if (frame_verdict_valid(&f->verdict, n))
        CHECK(f->verdict.verdict < VERDICTS);
    if (frame_hand_over_valid(&f->hand_over, n))
        check_hand_over(&f->hand_over);
    if (frame_checked_valid(&f->checked, n))
        check_checked(&f->checked);
    if (frame_scram_begin_valid(&f->begin, n))
        CHECK(is_string(f->begin.user, sizeof f->begin.user, f->begin.user_n));
    if (frame_scram_begun_valid(&f->begun, n))
        check_begun(&f->begun);
    if (frame_scram_proof_valid(&f->proof, n))
        CHECK(is_string(f->proof.message, sizeof f->proof.message, f->proof.message_n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct login login;
    int channel[2];
    struct settings s;
    CHECK(settings_init(&s));
    s.auth_count = 0;
    s.auth_fail_delay = 0;
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) == 0);
    for (int frames = 0; size > 0 && frames < FRAMES_MAX; frames++) {
        union any_frame *f = malloc(sizeof *f);
        const uint8_t *line;
        size_t line_n;
        CHECK(f != NULL);
        fuzz_cut(&data, &size, '\n', &line, &line_n);
        size_t n = make(line_n > 0 ? (char)line[0] : '\0', f);
        if (line_n > 1)
            change(f, &n, line + 1, line_n - 1);
        look(f, n);
        CHECK(send(channel[0], f, n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n);
        free(f);
    }
    close(channel[0]);
    struct parent p = {
        .settings = &s, .peer = "local", .channel = channel[1], .starttls = true
    };
    enum parent_end end;
    while ((end = parent_serve(&p, &login)) == PARENT_STARTTLS)
        continue; /* as another gate would, with what is left */
    CHECK(end != PARENT_LOGGED_IN);
    close(channel[1]);
    settings_free(&s);
    return 0;
}

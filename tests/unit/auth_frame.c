/* The frames: what a gate that was taken over might send, and what must be taken. */
#include "auth/frame.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct frame_try good_try(void)
{
    struct frame_try f;
    memset(&f, 0, sizeof f);
    f.head = (struct frame_head){ FRAME_MAGIC, FRAME_TRY };
    f.mechanism = MECHANISM_PLAIN;
    f.user_n = 3;
    memcpy(f.user, "tim", 3);
    f.password_n = 6;
    memcpy(f.password, "secret", 6);
    return f;
}

static struct frame_hand_over good_hand_over(void)
{
    struct frame_hand_over f;
    memset(&f, 0, sizeof f);
    f.head = (struct frame_head){ FRAME_MAGIC, FRAME_HAND_OVER };
    f.tag_n = 2;
    memcpy(f.tag, "a1", 2);
    f.ahead_n = 4;
    return f;
}

static void test_try(void **state)
{
    (void)state;
    struct frame_try f = good_try();
    assert_true(frame_try_valid(&f, sizeof f));
    for (size_t n = 0; n < sizeof f; n++)
        assert_false(frame_try_valid(&f, n));
    assert_false(frame_try_valid(&f, sizeof f + 1));

    f.head.magic ^= 1;
    assert_false(frame_try_valid(&f, sizeof f));
    f = good_try();
    f.head.kind = FRAME_HAND_OVER;
    assert_false(frame_try_valid(&f, sizeof f));
    f = good_try();
    f.mechanism = MECHANISMS;
    assert_false(frame_try_valid(&f, sizeof f));
    f.mechanism = 0xffffffff;
    assert_false(frame_try_valid(&f, sizeof f));
}

static void test_try_lengths(void **state)
{
    (void)state;
    struct frame_try f = good_try();
    static const uint32_t wrong[] = {
        0, 1, 2, 4, 255, 256, 257, 1023, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        f = good_try();
        f.user_n = wrong[i];
        assert_false(frame_try_valid(&f, sizeof f));
        f = good_try();
        f.password_n = wrong[i];
        assert_false(frame_try_valid(&f, sizeof f));
    }
    f = good_try(); /* a NUL inside */
    f.user[1] = '\0';
    assert_false(frame_try_valid(&f, sizeof f));
    f = good_try(); /* none at all */
    memset(f.user, 'x', sizeof f.user);
    f.user_n = sizeof f.user;
    assert_false(frame_try_valid(&f, sizeof f));
    f.user_n = sizeof f.user - 1;
    assert_false(frame_try_valid(&f, sizeof f));
    f.user[sizeof f.user - 1] = '\0';
    assert_true(frame_try_valid(&f, sizeof f));
    f = good_try();
    memset(f.password, 'x', sizeof f.password);
    f.password_n = AUTH_PASSWORD_MAX;
    assert_false(frame_try_valid(&f, sizeof f));
    f.password[AUTH_PASSWORD_MAX] = '\0';
    assert_true(frame_try_valid(&f, sizeof f));
    f.password[AUTH_PASSWORD_MAX] = 'x'; /* a token may be longer, a password not */
    f.password[AUTH_PASSWORD_MAX + 1] = '\0';
    f.password_n = AUTH_PASSWORD_MAX + 1;
    assert_false(frame_try_valid(&f, sizeof f));
    f.mechanism = MECHANISM_OAUTHBEARER;
    assert_true(frame_try_valid(&f, sizeof f));
    memset(f.password, 'x', sizeof f.password);
    f.password_n = AUTH_TOKEN_MAX;
    assert_false(frame_try_valid(&f, sizeof f));
    f.password[AUTH_TOKEN_MAX] = '\0';
    assert_true(frame_try_valid(&f, sizeof f));
    f = good_try();
    f.prepared_n = 1;
    assert_false(frame_try_valid(&f, sizeof f));
    f.prepared[0] = 'x';
    assert_true(frame_try_valid(&f, sizeof f));
    f.prepared_n = 0;
    assert_false(frame_try_valid(&f, sizeof f));
    memset(&f, 0, sizeof f);
    assert_false(frame_try_valid(&f, sizeof f));
    memset(&f, 0xff, sizeof f);
    assert_false(frame_try_valid(&f, sizeof f));
}

static void test_scram(void **state)
{
    (void)state;
    static const uint32_t wrong[] = { 0, 65, 256, 0x7fffffff, 0xffffffff };
    struct frame_scram_begin begin = { .head = { FRAME_MAGIC, FRAME_SCRAM_BEGIN },
                                       .mechanism = MECHANISM_SCRAM_PLUS,
                                       .user_n = 1,
                                       .user = "u" };
    assert_true(frame_scram_begin_valid(&begin, sizeof begin));
    assert_false(frame_scram_begin_valid(&begin, sizeof begin - 1));
    begin.mechanism = MECHANISM_PLAIN;
    assert_false(frame_scram_begin_valid(&begin, sizeof begin));
    begin.mechanism = MECHANISM_SCRAM;
    begin.user_n = 2;
    assert_false(frame_scram_begin_valid(&begin, sizeof begin));

    struct frame_scram_begun good = { .head = { FRAME_MAGIC, FRAME_SCRAM_BEGUN },
                                      .iterations = 4096,
                                      .salt_n = SCRAM_SALT_MAX,
                                      .nonce = "0123456789abcdefABCDEF+/01234567" };
    struct frame_scram_begun begun = good;
    assert_true(frame_scram_begun_valid(&begun, sizeof begun));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        begun = good;
        begun.salt_n = wrong[i];
        assert_false(frame_scram_begun_valid(&begun, sizeof begun));
    }
    begun = good;
    begun.iterations = 0;
    assert_false(frame_scram_begun_valid(&begun, sizeof begun));
    begun.iterations = SCRAM_ITERATIONS_MAX + 1;
    assert_false(frame_scram_begun_valid(&begun, sizeof begun));
    begun = good;
    begun.nonce[5] = ',';
    assert_false(frame_scram_begun_valid(&begun, sizeof begun));
    begun.nonce[5] = '\0';
    assert_false(frame_scram_begun_valid(&begun, sizeof begun));
    memset(begun.nonce, 'x', sizeof begun.nonce);
    assert_false(frame_scram_begun_valid(&begun, sizeof begun));
    memset(&begun, 0, sizeof begun);
    begun.head = good.head;
    assert_false(frame_scram_begun_valid(&begun, sizeof begun));
    begun.verdict = VERDICT_UNAVAILABLE; /* then the rest says nothing */
    assert_true(frame_scram_begun_valid(&begun, sizeof begun));
    begun.verdict = VERDICT_TOO_MANY + 1;
    assert_false(frame_scram_begun_valid(&begun, sizeof begun));

    static struct frame_scram_proof proof = { .head = { FRAME_MAGIC, FRAME_SCRAM_PROOF } };
    assert_true(frame_scram_proof_valid(&proof, sizeof proof));
    proof.message_n = 1;
    assert_false(frame_scram_proof_valid(&proof, sizeof proof));
    memset(proof.message, 'x', AUTH_SCRAM_MESSAGE_MAX);
    proof.message_n = AUTH_SCRAM_MESSAGE_MAX;
    assert_true(frame_scram_proof_valid(&proof, sizeof proof));
    proof.message_n++;
    assert_false(frame_scram_proof_valid(&proof, sizeof proof));
}

static void test_hand_over(void **state)
{
    (void)state;
    struct frame_hand_over f = good_hand_over();
    assert_true(frame_hand_over_valid(&f, sizeof f));
    assert_false(frame_hand_over_valid(&f, sizeof f - 1));
    assert_false(frame_hand_over_valid(&f, sizeof f + 1));
    f.ahead_n = AUTH_AHEAD_MAX;
    assert_true(frame_hand_over_valid(&f, sizeof f));
    f.ahead_n = AUTH_AHEAD_MAX + 1;
    assert_false(frame_hand_over_valid(&f, sizeof f));
    f.ahead_n = 0xffffffff;
    assert_false(frame_hand_over_valid(&f, sizeof f));
    static const char *const bad_tags[] = {
        "",    "a b", "a\r\n", "a+", "a*",   "a%",    "a\"",
        "a\\", "a(",  "a)",    "a{", "\x7f", "a\x80", "a\t"
    };
    for (size_t i = 0; i < sizeof bad_tags / sizeof *bad_tags; i++) {
        f = good_hand_over();
        memset(f.tag, 0, sizeof f.tag);
        f.tag_n = (uint32_t)strlen(bad_tags[i]);
        memcpy(f.tag, bad_tags[i], f.tag_n);
        if (frame_hand_over_valid(&f, sizeof f))
            fail_msg("tag taken: %s", bad_tags[i]);
    }
    /* RFC 3501 section 9: tag = 1*<any ASTRING-CHAR except "+">, and "]" is an ASTRING-CHAR. */
    assert_true(frame_is_tag("a]}[.-_~'&^$#@!,;:<>?/|`=", 25));
    char longest[AUTH_TAG_MAX + 1];
    memset(longest, 't', sizeof longest);
    assert_true(frame_is_tag(longest, AUTH_TAG_MAX));
    assert_false(frame_is_tag(longest, AUTH_TAG_MAX + 1));
    f = good_hand_over();
    memset(f.tag, 't', sizeof f.tag);
    f.tag_n = AUTH_TAG_MAX;
    assert_false(frame_hand_over_valid(&f, sizeof f)); /* no NUL behind it */
}

static void test_verdict(void **state)
{
    (void)state;
    struct frame_verdict f = { .head = { FRAME_MAGIC, FRAME_VERDICT }, .verdict = VERDICT_OK };
    assert_true(frame_verdict_valid(&f, sizeof f));
    f.verdict = VERDICTS;
    assert_false(frame_verdict_valid(&f, sizeof f));
    f.verdict = VERDICT_OK;
    assert_false(frame_verdict_valid(&f, sizeof f - 1));
    f.head.kind = FRAME_TRY;
    assert_false(frame_verdict_valid(&f, sizeof f));
}

static void test_checked(void **state)
{
    (void)state;
    static struct frame_checked f;
    f.head = (struct frame_head){ FRAME_MAGIC, FRAME_CHECKED };
    f.verdict = VERDICT_FAILED;
    assert_true(frame_checked_valid(&f, sizeof f));
    f.verdict = VERDICT_OK; /* of nobody */
    assert_false(frame_checked_valid(&f, sizeof f));
    f.identity.user[0] = 'x';
    assert_true(frame_checked_valid(&f, sizeof f));
    f.identity.uid = (uid_t)-1;
    assert_false(frame_checked_valid(&f, sizeof f));
    f.identity.uid = 1;
    f.identity.group_count = IDENTITY_GROUPS_MAX + 1;
    assert_false(frame_checked_valid(&f, sizeof f));
    f.identity.group_count = 0;
    f.identity.backend = AUTH_BACKENDS;
    assert_false(frame_checked_valid(&f, sizeof f));
    f.identity.backend = 0;
    memcpy(f.identity.home, "relative", 9);
    assert_false(frame_checked_valid(&f, sizeof f));
    memset(f.identity.home, '/', sizeof f.identity.home);
    assert_false(frame_checked_valid(&f, sizeof f));
    f.identity.home[sizeof f.identity.home - 1] = '\0';
    assert_true(frame_checked_valid(&f, sizeof f));
    f.verdict = VERDICT_TOO_MANY; /* no checker says that */
    assert_false(frame_checked_valid(&f, sizeof f));
    f.verdict = VERDICT_FAILED;
    memset(f.reason, 'r', sizeof f.reason);
    assert_false(frame_checked_valid(&f, sizeof f));
}

static void test_receive(void **state)
{
    (void)state;
    int fd[2];
    char buf[16];
    size_t n = 0;
    struct timespec deadline;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    assert_true(frame_send(fd[0], "0123456789abcdef", 16));
    assert_int_equal(frame_receive(fd[1], buf, sizeof buf, &n, NULL), FRAME_GOT);
    assert_int_equal(n, 16);
    assert_true(frame_send(fd[0], "0123456789abcdefg", 17));
    assert_int_equal(frame_receive(fd[1], buf, sizeof buf, &n, NULL), FRAME_TOO_LONG);
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &deadline), 0);
    assert_int_equal(frame_receive(fd[1], buf, sizeof buf, &n, &deadline), FRAME_LATE);
    assert_int_equal(frame_milliseconds_until(&deadline), 0);
    deadline.tv_sec += 1000000000;
    assert_int_equal(frame_milliseconds_until(&deadline), 2147483647);
    assert_int_equal(close(fd[0]), 0);
    assert_int_equal(frame_receive(fd[1], buf, sizeof buf, &n, &deadline), FRAME_CLOSED);
    assert_false(frame_send(fd[1], "x", 1));
    assert_int_equal(close(fd[1]), 0);
}

/* Answers one try with a verdict, and looks at a hand-over, as the parent would. */
static void *answer(void *arg)
{
    int fd = *(int *)arg;
    static union frame_from_gate f;
    size_t n = 0;
    struct frame_verdict yes = { .head = { FRAME_MAGIC, FRAME_VERDICT },
                                 .verdict = VERDICT_OK };
    bool ok = frame_receive(fd, &f, sizeof f, &n, NULL) == FRAME_GOT &&
              frame_try_valid(&f.try, n) && strcmp(f.try.user, "tim") == 0 &&
              strcmp(f.try.password, "secret") == 0 && frame_send(fd, &yes, sizeof yes) &&
              frame_receive(fd, &f, sizeof f, &n, NULL) == FRAME_GOT &&
              frame_hand_over_valid(&f.hand_over, n) && strcmp(f.hand_over.tag, "a1") == 0 &&
              f.hand_over.ahead_n == 3 && memcmp(f.hand_over.ahead, "b\0c", 3) == 0;
    return ok ? arg : NULL;
}

static void test_gate(void **state)
{
    (void)state;
    int fd[2];
    pthread_t thread;
    void *result;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    assert_int_equal(pthread_create(&thread, NULL, answer, &fd[1]), 0);
    struct gate gate = { .channel = fd[0] };
    assert_false(gate_hand_over(&gate, "a1", NULL, 0)); /* nobody is logged in */
    assert_int_equal(gate_authenticate(&gate, MECHANISM_PLAIN, "tim", "secret"), VERDICT_OK);
    assert_int_equal(gate_authenticate(&gate, MECHANISM_PLAIN, "tim", "secret"),
                     VERDICT_UNAVAILABLE);
    static char ahead[AUTH_AHEAD_MAX + 1];
    char tag[AUTH_TAG_MAX + 2];
    memset(tag, 't', sizeof tag);
    tag[sizeof tag - 1] = '\0';
    assert_false(gate_hand_over(&gate, tag, "", 0));
    assert_false(gate_hand_over(&gate, "", "", 0));
    assert_false(gate_hand_over(&gate, "a1", ahead, sizeof ahead));
    assert_true(gate_hand_over(&gate, "a1", "b\0c", 3));
    assert_false(gate_hand_over(&gate, "a1", "b\0c", 3));
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_non_null(result);
    close(fd[0]);
    close(fd[1]);
}

static void test_gate_without_parent(void **state)
{
    (void)state;
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    close(fd[1]);
    struct gate gate = { .channel = fd[0] };
    assert_int_equal(gate_authenticate(&gate, MECHANISM_PLAIN, "tim", "secret"),
                     VERDICT_UNAVAILABLE);
    close(fd[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_try),
        cmocka_unit_test(test_try_lengths),
        cmocka_unit_test(test_scram),
        cmocka_unit_test(test_hand_over),
        cmocka_unit_test(test_verdict),
        cmocka_unit_test(test_checked),
        cmocka_unit_test(test_receive),
        cmocka_unit_test(test_gate),
        cmocka_unit_test(test_gate_without_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

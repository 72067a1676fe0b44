/*
 * SCRAM between gate, parent and checker: exchanges that succeed, fail, are given up or faked
 * by a gate that was taken over; and that users who are not there look like those who are.
 */
#include "auth/library.h"
#include "auth/parent.h"
#include "auth/process.h"
#include "auth/sasl.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* "pencil": RFC 7677's salt and keys. */
#define VERIFIER                                                                               \
    "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,"                                            \
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="                                             \
    ",wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static char work[] = "/tmp/auth_parent_scram.XXXXXX";
static char passwd_file[64];
static char secret_file[64];
static struct settings settings;
static struct login login;
static struct library_crypto lib;

static void check_at(bool ok, int line)
{
    if (!ok) {
        fprintf(stderr, "gate: line %d\n", line);
        _exit(1);
    }
}
#define CHECK(ok) check_at((ok), __LINE__)

static enum parent_end run(void (*gate)(struct gate *gate))
{
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fd), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct gate g = { .channel = fd[1] };
        close(fd[0]);
        gate(&g);
        _exit(0);
    }
    close(fd[1]);
    struct parent parent = { .settings = &settings, .peer = "192.0.2.1", .channel = fd[0] };
    memset(&login, 0, sizeof login);
    enum parent_end end = parent_serve(&parent, &login);
    close(fd[0]);
    assert_int_equal(process_reap(pid), 0);
    return end;
}

static void write_passwd(const char *text)
{
    FILE *f = fopen(passwd_file, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* --- A client's side of RFC 5802 section 3. -------------------------------------------------
 */

struct client {
    struct gate_salt salt;
    char message[1024]; /* AuthMessage */
    unsigned char proof[SCRAM_KEY];
    unsigned char signature[SCRAM_KEY]; /* the server's, as it should be */
};

static void hmac(const unsigned char *key, const char *text, unsigned char *out)
{
    unsigned n = 0;
    CHECK(lib.hmac(lib.sha256(), key, SCRAM_KEY, (const unsigned char *)text, strlen(text), out,
                   &n) != NULL);
}

static void prove(struct client *c, const char *user, const char *password)
{
    unsigned char salted[SCRAM_KEY];
    unsigned char client_key[SCRAM_KEY];
    unsigned char stored_key[SCRAM_KEY];
    unsigned char server_key[SCRAM_KEY];
    char salt[BASE64_ENCODED(SCRAM_SALT_MAX) + 1];
    base64_encode(c->salt.salt, c->salt.salt_n, salt);
    snprintf(c->message, sizeof c->message, "n=%s,r=abc,r=abc%s,s=%s,i=%u,c=biws,r=abc%s", user,
             c->salt.nonce, salt, c->salt.iterations, c->salt.nonce);
    CHECK(lib.pbkdf2(password, (int)strlen(password), c->salt.salt, (int)c->salt.salt_n,
                     (int)c->salt.iterations, lib.sha256(), SCRAM_KEY, salted) == 1);
    hmac(salted, "Client Key", client_key);
    hmac(salted, "Server Key", server_key);
    CHECK(lib.digest(client_key, SCRAM_KEY, stored_key, NULL, lib.sha256(), NULL) == 1);
    hmac(stored_key, c->message, c->proof);
    hmac(server_key, c->message, c->signature);
    for (size_t i = 0; i < SCRAM_KEY; i++)
        c->proof[i] ^= client_key[i];
}

static enum auth_verdict begin(struct gate *g, struct client *c, const char *user)
{
    memset(c, 0, sizeof *c);
    return gate_scram_begin(g, MECHANISM_SCRAM, user, &c->salt);
}

static enum auth_verdict end(struct gate *g, struct client *c, unsigned char *signature_r)
{
    return gate_scram_prove(g, c->message, strlen(c->message), c->proof, signature_r);
}

static enum auth_verdict try(struct gate *g, const char *user, const char *password)
{
    struct client c;
    unsigned char signature[SCRAM_KEY];
    enum auth_verdict verdict = begin(g, &c, user);
    if (verdict != VERDICT_OK)
        return verdict;
    prove(&c, user, password);
    verdict = end(g, &c, signature);
    CHECK(verdict != VERDICT_OK || memcmp(signature, c.signature, SCRAM_KEY) == 0);
    return verdict;
}

/* --- Tests. ---------------------------------------------------------------------------------
 */

static void gate_logs_in(struct gate *g)
{
    struct client c;
    CHECK(begin(g, &c, "demo") == VERDICT_OK);
    CHECK(c.salt.iterations == 4096 && c.salt.salt_n == 16);
    CHECK(memcmp(c.salt.salt, "\x5b\x6d\x99\x68", 4) == 0);
    prove(&c, "demo", "penci");
    CHECK(end(g, &c, c.signature) == VERDICT_FAILED);
    CHECK(try(g, "demo", "pencil") == VERDICT_OK);
    CHECK(try(g, "demo", "pencil") == VERDICT_UNAVAILABLE); /* once is enough */
    CHECK(gate_hand_over(g, "a1", "", 0));
}

static void test_login(void **state)
{
    (void)state;
    assert_int_equal(run(gate_logs_in), PARENT_LOGGED_IN);
    assert_string_equal(login.identity.user, "demo");
    assert_string_equal(login.identity.home, "/srv/demo");
    assert_int_equal(login.mechanism, MECHANISM_SCRAM);
}

static void gate_tries_others(struct gate *g)
{
    CHECK(try(g, "zero", "pencil") == VERDICT_FAILED);  /* uid 0 */
    CHECK(try(g, "crypt", "pencil") == VERDICT_FAILED); /* has another hash */
    CHECK(try(g, "plain", "pencil") == VERDICT_FAILED);
    CHECK(try(g, "shut", "pencil") == VERDICT_FAILED);
    CHECK(try(g, "nobody", "pencil") == VERDICT_FAILED);
    CHECK(try(g, "", "pencil") == VERDICT_FAILED);
    CHECK(try(g, "../x", "pencil") == VERDICT_FAILED);
    CHECK(try(g, "a:b", "pencil") == VERDICT_FAILED);
}

static void test_others(void **state)
{
    (void)state;
    settings.max_auth_tries = 20;
    assert_int_equal(run(gate_tries_others), PARENT_CLOSED);
}

static void gate_compares(struct gate *g)
{
    static const char *const names[] = { "nobody", "crypt", "shut", "../x" };
    struct client demo;
    struct client one;
    struct client two;
    CHECK(begin(g, &demo, "demo") == VERDICT_OK);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        CHECK(begin(g, &one, names[i]) == VERDICT_OK);
        CHECK(begin(g, &two, names[i]) == VERDICT_OK);
        CHECK(one.salt.iterations == demo.salt.iterations);
        CHECK(one.salt.salt_n == demo.salt.salt_n);
        CHECK(memcmp(one.salt.salt, two.salt.salt, one.salt.salt_n) == 0);
        CHECK(memcmp(one.salt.salt, demo.salt.salt, one.salt.salt_n) != 0);
        CHECK(strcmp(one.salt.nonce, two.salt.nonce) != 0);
    }
}

/* Who is not there has a salt, too, the same each time. */
static void test_unknown_users(void **state)
{
    (void)state;
    settings.max_auth_tries = 20;
    assert_int_equal(run(gate_compares), PARENT_CLOSED);
}

/* Without as much as one real verifier in the file. */
static void gate_asks_empty_file(struct gate *g)
{
    struct client c;
    CHECK(begin(g, &c, "demo") == VERDICT_OK);
    CHECK(c.salt.iterations == SCRAM_ITERATIONS && c.salt.salt_n == SCRAM_SALT);
}

static void test_no_verifiers(void **state)
{
    (void)state;
    write_passwd("demo:{PLAIN}x:1:1::/srv/demo::\n");
    assert_int_equal(run(gate_asks_empty_file), PARENT_CLOSED);
}

static void gate_replays(struct gate *g)
{
    struct client old;
    struct client c;
    CHECK(begin(g, &old, "demo") == VERDICT_OK);
    prove(&old, "demo", "pencil");
    /* The exchange that was listened to is given up, and its proof used in another. */
    CHECK(begin(g, &c, "demo") == VERDICT_OK);
    CHECK(end(g, &old, c.signature) == VERDICT_FAILED);
    /* A message of our own about the fresh nonce, but another salt and fewer iterations. */
    CHECK(begin(g, &c, "demo") == VERDICT_OK);
    struct client fake = c;
    fake.salt.iterations = 1;
    prove(&fake, "demo", "pencil");
    CHECK(end(g, &fake, c.signature) == VERDICT_FAILED);
    /* Another user's proof. */
    CHECK(begin(g, &c, "other") == VERDICT_OK);
    prove(&c, "demo", "pencil");
    CHECK(end(g, &c, c.signature) == VERDICT_FAILED);
    CHECK(begin(g, &c, "demo") == VERDICT_OK);
    CHECK(gate_scram_prove(g, "", 0, c.proof, c.signature) == VERDICT_FAILED);
}

static void test_replay(void **state)
{
    (void)state;
    settings.max_auth_tries = 20;
    assert_int_equal(run(gate_replays), PARENT_CLOSED);
}

static void gate_gives_up(struct gate *g)
{
    struct client c;
    CHECK(begin(g, &c, "demo") == VERDICT_OK);
    CHECK(begin(g, &c, "demo") == VERDICT_OK);
    CHECK(begin(g, &c, "demo") == VERDICT_OK);
    CHECK(begin(g, &c, "demo") == VERDICT_TOO_MANY);
    CHECK(begin(g, &c, "demo") == VERDICT_UNAVAILABLE);
}

/* What is given up is a failed try, or it would be free. */
static void test_given_up(void **state)
{
    (void)state;
    settings.max_auth_tries = 3;
    assert_int_equal(run(gate_gives_up), PARENT_BROKEN);
}

static void gate_changes_its_mind(struct gate *g)
{
    struct client c;
    CHECK(begin(g, &c, "demo") == VERDICT_OK);
    CHECK(gate_authenticate(g, MECHANISM_PLAIN, "demo", "pencil") == VERDICT_OK);
    CHECK(gate_hand_over(g, "a1", "", 0));
}

/* PLAIN takes a verifier as well. */
static void test_plain_instead(void **state)
{
    (void)state;
    settings.max_auth_tries = 3;
    assert_int_equal(run(gate_changes_its_mind), PARENT_LOGGED_IN);
    assert_int_equal(login.mechanism, MECHANISM_PLAIN);
}

static void gate_fails_three_times(struct gate *g)
{
    CHECK(try(g, "demo", "1") == VERDICT_FAILED);
    CHECK(try(g, "demo", "2") == VERDICT_FAILED);
    CHECK(try(g, "demo", "3") == VERDICT_TOO_MANY);
}

static void test_too_many(void **state)
{
    (void)state;
    settings.max_auth_tries = 3;
    assert_int_equal(run(gate_fails_three_times), PARENT_CLOSED);
}

static void gate_proves_nothing(struct gate *g)
{
    struct client c;
    memset(&c, 0, sizeof c);
    CHECK(end(g, &c, c.signature) == VERDICT_UNAVAILABLE);
}

static void gate_hands_over_early(struct gate *g)
{
    struct client c;
    CHECK(begin(g, &c, "demo") == VERDICT_OK);
    g->accepted = true;
    CHECK(gate_hand_over(g, "a1", "", 0));
}

static void gate_sends_octets(struct gate *g)
{
    struct client c;
    CHECK(begin(g, &c, "demo") == VERDICT_OK);
    CHECK(frame_send(g->channel, "hello", 5));
}

static void test_broken_gates(void **state)
{
    (void)state;
    assert_int_equal(run(gate_proves_nothing), PARENT_BROKEN);
    assert_int_equal(run(gate_hands_over_early), PARENT_BROKEN);
    assert_int_equal(run(gate_sends_octets), PARENT_BROKEN);
}

static void gate_hears_unavailable(struct gate *g)
{
    CHECK(try(g, "demo", "pencil") == VERDICT_UNAVAILABLE);
}

static void test_unavailable(void **state)
{
    (void)state;
    settings.scram = false;
    assert_int_equal(run(gate_hears_unavailable), PARENT_CLOSED);
    settings.scram = true;
    settings.auth[0] = AUTH_BACKEND_PAM;
    assert_int_equal(run(gate_hears_unavailable), PARENT_CLOSED);
    settings.auth[0] = AUTH_BACKEND_PASSWD_FILE;
    assert_int_equal(unlink(passwd_file), 0);
    assert_int_equal(run(gate_hears_unavailable), PARENT_CLOSED);
}

static void test_secret(void **state)
{
    (void)state;
    struct stat st;
    unlink(secret_file);
    assert_int_equal(run(gate_logs_in), PARENT_LOGGED_IN); /* it is made */
    assert_int_equal(stat(secret_file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, 32);
    /* Not ours alone, too short, no file: nobody gets an answer, or the answer would tell. */
    assert_int_equal(chmod(secret_file, 0640), 0);
    assert_int_equal(run(gate_hears_unavailable), PARENT_CLOSED);
    assert_int_equal(chmod(secret_file, 0600), 0);
    assert_int_equal(truncate(secret_file, 31), 0);
    assert_int_equal(run(gate_hears_unavailable), PARENT_CLOSED);
    assert_int_equal(unlink(secret_file), 0);
    assert_int_equal(symlink("/dev/zero", secret_file), 0);
    assert_int_equal(run(gate_hears_unavailable), PARENT_CLOSED);
    assert_int_equal(unlink(secret_file), 0);
    assert_int_equal(mkdir(secret_file, 0700), 0);
    assert_int_equal(run(gate_hears_unavailable), PARENT_CLOSED);
    assert_int_equal(rmdir(secret_file), 0);
}

static int reset(void **state)
{
    (void)state;
    char text[2048];
    unsigned uid = getuid() == 0 ? 1 : (unsigned)getuid();
    snprintf(text, sizeof text,
             "plain:{PLAIN}pencil:%u:1::/srv/plain::\n"
             "crypt:{CRYPT}$6$rounds=1000$saltsalt$x:%u:1::/srv/crypt::\n"
             "demo:%s:%u:1::/srv/demo::\n"
             "other:{SCRAM-SHA-256}4096,AAAA,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
             "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=:%u:1::/srv/other::\n"
             "shut:!%s:%u:1::/srv/shut::\n"
             "zero:%s:0:0::/root::\n",
             uid, uid, VERIFIER, uid, uid, VERIFIER, uid, VERIFIER);
    write_passwd(text);
    settings.passwd_file = passwd_file;
    settings.scram_secret = secret_file;
    settings.scram = true;
    settings.passwd_file_plain = true;
    settings.auth[0] = AUTH_BACKEND_PASSWD_FILE;
    settings.auth_fail_delay = 0;
    settings.max_auth_tries = 3;
    settings.first_valid_uid = 1;
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(work) == NULL || !settings_init(&settings) || !library_load_crypto(&lib))
        return -1;
    free(settings.passwd_file);
    free(settings.scram_secret);
    snprintf(passwd_file, sizeof passwd_file, "%s/passwd", work);
    snprintf(secret_file, sizeof secret_file, "%s/state/secret", work);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char directory[64];
    snprintf(directory, sizeof directory, "%s/state", work);
    settings.passwd_file = settings.scram_secret = NULL;
    settings_free(&settings);
    unlink(secret_file);
    unlink(passwd_file);
    rmdir(directory);
    return rmdir(work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_login, reset),
        cmocka_unit_test_setup(test_others, reset),
        cmocka_unit_test_setup(test_unknown_users, reset),
        cmocka_unit_test_setup(test_no_verifiers, reset),
        cmocka_unit_test_setup(test_replay, reset),
        cmocka_unit_test_setup(test_given_up, reset),
        cmocka_unit_test_setup(test_plain_instead, reset),
        cmocka_unit_test_setup(test_too_many, reset),
        cmocka_unit_test_setup(test_broken_gates, reset),
        cmocka_unit_test_setup(test_unavailable, reset),
        cmocka_unit_test_setup(test_secret, reset),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

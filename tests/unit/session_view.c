/* The view over a mailbox that is made up here: what the client is told of changes, in numbers
 * that are right at each moment (RFC 3501 section 7.4.1), also where the store can't say what
 * was expunged; and what SELECT of a folder that was left finds. */
#include "net/stream.h"
#include "session/flags.h"
#include "session/modseq.h"
#include "session/select.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
// clang-format off
#include <cmocka.h>
// clang-format on

/* --- The store: one folder. ----------------------------------------------------------------
 */

enum { MESSAGES = 40 };

struct mailbox {
    struct message_info message[MESSAGES];
    size_t count;
    uint64_t modseq;
    bool log_lost;       /* expunges can't be told, and their records are gone */
    bool expunged_known; /* mailbox_get still knows what is gone */
    bool index_fails;
    uint32_t walk_fails_at; /* once */
    unsigned breaks_off;    /* so often */
    bool moved;
    bool reopen_fails;
    bool unwritable;
    bool is_private;
    unsigned opened, closed, reopened, walked;
};

static struct mailbox folder;

enum store_error mailbox_open(struct store *store, const char *name, bool writable,
                              struct mailbox **mb_r)
{
    (void)store;
    (void)writable;
    if (strcmp(name, "none") == 0)
        return STORE_NONEXISTENT;
    folder.opened++;
    *mb_r = &folder;
    return STORE_OK;
}

void mailbox_close(struct mailbox *mb)
{
    mb->closed++;
}

bool mailbox_writable(const struct mailbox *mb)
{
    return !mb->unwritable;
}

bool mailbox_uids_sticky(const struct mailbox *mb)
{
    (void)mb;
    return true;
}

uint64_t mailbox_modseq(const struct mailbox *mb)
{
    return mb->modseq;
}

bool mailbox_modseqs_kept(const struct mailbox *mb)
{
    return !mb->is_private;
}

const char *mailbox_keyword(const struct mailbox *mb, unsigned index)
{
    (void)mb;
    return index == 3 ? "$Three" : NULL;
}

bool mailbox_keywords_free(const struct mailbox *mb)
{
    (void)mb;
    return true;
}

enum store_error mailbox_refresh(struct mailbox *mb)
{
    (void)mb;
    return STORE_OK;
}

enum store_error mailbox_reopen(struct mailbox *mb)
{
    mb->reopened++;
    for (size_t i = 0; i < mb->count; i++)
        mb->message[i].recent = false;
    return mb->reopen_fails ? STORE_CORRUPT : STORE_OK;
}

bool mailbox_is_at(struct mailbox *mb, const char *name)
{
    (void)name;
    return !mb->moved;
}

void mailbox_counts(struct mailbox *mb, struct mailbox_counts *counts_r)
{
    *counts_r = (struct mailbox_counts){ 0 };
    for (size_t i = 0; i < mb->count; i++) {
        counts_r->messages += !mb->message[i].expunged;
        counts_r->recent += !mb->message[i].expunged && mb->message[i].recent;
    }
}

uint32_t mailbox_first_unseen(struct mailbox *mb)
{
    for (size_t i = 0; i < mb->count; i++)
        if (!mb->message[i].expunged && !(mb->message[i].flags & FLAG_SEEN))
            return mb->message[i].uid;
    return 0;
}

bool mailbox_get(struct mailbox *mb, uint32_t uid, struct message_info *info_r)
{
    for (size_t i = 0; i < mb->count; i++)
        if (mb->message[i].uid == uid && (!mb->message[i].expunged || mb->expunged_known)) {
            *info_r = mb->message[i];
            return true;
        }
    return false;
}

bool mailbox_is_gone(struct mailbox *mb, uint32_t uid)
{
    struct message_info info;
    return !mb->index_fails && (!mailbox_get(mb, uid, &info) || info.expunged);
}

bool mailbox_uids(struct mailbox *mb, uint32_t uid, uint32_t *uid_r, size_t max, size_t *n_r,
                  bool *recent_r)
{
    mb->walked++;
    *n_r = 0;
    *recent_r = false;
    for (size_t i = 0; i < mb->count && *n_r < max; i++) {
        const struct message_info *m = &mb->message[i];
        if (mb->walk_fails_at != 0 && m->uid >= mb->walk_fails_at) {
            mb->walk_fails_at = 0; /* as when the index ends before the folder does */
            return true;
        }
        if (m->uid >= uid && !m->expunged) {
            uid_r[(*n_r)++] = m->uid | (m->recent ? MAILBOX_UID_RECENT : 0);
            *recent_r = *recent_r || m->recent;
        }
    }
    return true;
}

enum store_error mailbox_rebuild(struct mailbox *mb)
{
    (void)mb;
    return STORE_OK;
}

enum changes_told mailbox_changes(struct mailbox *mb, uint64_t since,
                                  void (*each)(void *ctx, const struct message_info *info),
                                  void *ctx)
{
    for (size_t i = 0; i < mb->count; i++) {
        if (mb->breaks_off > 0 && i + 1 == mb->count) {
            mb->breaks_off--;
            return CHANGES_BROKEN_OFF;
        }
        if (mb->message[i].modseq > since && !(mb->log_lost && mb->message[i].expunged)) {
            struct message_info info = mb->message[i];
            if (info.expunged) /* of what is gone nothing need be known but that */
                info = (struct message_info){ .uid = info.uid,
                                              .expunged = true,
                                              .modseq = info.modseq };
            each(ctx, &info);
        }
    }
    return mb->log_lost ? CHANGES_BUT_EXPUNGED : CHANGES_TOLD;
}

bool mailbox_gaps(struct mailbox *mb, void (*each)(void *ctx, uint32_t first, uint32_t last),
                  void *ctx)
{
    (void)mb;
    (void)each;
    (void)ctx;
    return false;
}

/* --- What happens in it. -------------------------------------------------------------------
 */

static void arrives(uint32_t uid, bool recent)
{
    size_t at = folder.count++;
    assert_true(folder.count <= MESSAGES);
    for (; at > 0 && folder.message[at - 1].uid > uid; at--)
        folder.message[at] = folder.message[at - 1];
    folder.message[at] =
        (struct message_info){ .uid = uid, .recent = recent, .modseq = ++folder.modseq };
}

static struct message_info *changed(uint32_t uid)
{
    for (size_t i = 0; i < folder.count; i++)
        if (folder.message[i].uid == uid) {
            folder.message[i].modseq = ++folder.modseq;
            return &folder.message[i];
        }
    fail();
    return NULL;
}

static void is_expunged(uint32_t uid)
{
    changed(uid)->expunged = true;
}

/* --- The client. ---------------------------------------------------------------------------
 */

struct fixture {
    int client;
    struct stream *io;
    struct view view, parked;
};

static int begin(void **state)
{
    int fd[2];
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, fd) < 0)
        return -1;
    f->io = calloc(1, sizeof *f->io);
    if (f->io == NULL)
        return -1;
    f->client = fd[0];
    stream_init(f->io, fd[1], fd[1], 0);
    folder = (struct mailbox){ .modseq = 100 };
    *state = f;
    return 0;
}

static int end(void **state)
{
    struct fixture *f = *state;
    view_close(&f->view);
    view_close(&f->parked);
    assert_int_equal(folder.opened, folder.closed);
    close(f->client);
    close(f->io->in_fd);
    free(f->io);
    free(f);
    return 0;
}

static void hears(struct fixture *f, const char *text)
{
    char got[4096] = "";
    assert_true(stream_flush(f->io));
    ssize_t n = recv(f->client, got, sizeof got - 1, MSG_DONTWAIT);
    if (n < 0)
        n = 0;
    got[n] = '\0';
    assert_string_equal(got, text);
}

static void selects(struct fixture *f, const char *name)
{
    assert_int_equal(select_folder(&f->view, &f->parked, NULL, name, false), STORE_OK);
    f->view.keywords = 1;
}

static void syncs(struct fixture *f, bool expunges, const char *hears_this)
{
    struct view_sync how = { .expunges = expunges, .recent = true, .uids = true };
    assert_int_equal(view_sync(&f->view, f->io, &how), STORE_OK);
    hears(f, hears_this);
}

static void test_news(void **state)
{
    struct fixture *f = *state;
    for (uint32_t uid = 1; uid <= 5; uid++)
        arrives(uid * 10, uid > 3);
    selects(f, "x");
    assert_int_equal(f->view.count, 5);
    assert_int_equal(f->view.recent, 2);
    syncs(f, true, "");
    is_expunged(20);
    is_expunged(40);
    changed(30)->flags = FLAG_SEEN;
    changed(50)->keywords = 1 << 3;
    arrives(60, true);
    arrives(70, false);
    syncs(f, true,
          "* 2 EXPUNGE\r\n* 3 EXPUNGE\r\n* 5 EXISTS\r\n* 2 RECENT\r\n"
          "* 2 FETCH (UID 30 FLAGS (\\Seen))\r\n"
          "* 3 FETCH (UID 50 FLAGS (\\Recent $Three))\r\n");
    syncs(f, true, "");
    assert_int_equal(view_sequence(&f->view, 60), 4);
    assert_int_equal(view_sequence(&f->view, 40), 0);
    is_expunged(10);
    is_expunged(70);
    syncs(f, true, "* 1 EXPUNGE\r\n* 4 EXPUNGE\r\n* 3 EXISTS\r\n* 2 RECENT\r\n");
}

static void test_expunges_withheld(void **state)
{
    struct fixture *f = *state;
    for (uint32_t uid = 1; uid <= 3; uid++)
        arrives(uid, true);
    selects(f, "x");
    is_expunged(1);
    changed(2)->flags = FLAG_FLAGGED;
    syncs(f, false, "* 2 FETCH (UID 2 FLAGS (\\Flagged \\Recent))\r\n");
    syncs(f, false, "");
    arrives(4, true);
    syncs(f, false, "* 4 EXISTS\r\n* 4 RECENT\r\n");
    syncs(f, true, "* 1 EXPUNGE\r\n* 3 EXISTS\r\n* 3 RECENT\r\n");
    syncs(f, true, "");
}

/* It came and went between two looks: nobody has heard of it. */
static void test_came_and_went(void **state)
{
    struct fixture *f = *state;
    arrives(1, false);
    selects(f, "x");
    arrives(2, true);
    is_expunged(2);
    syncs(f, true, "");
    assert_int_equal(f->view.count, 1);
}

static void test_change_list_lost(void **state)
{
    struct fixture *f = *state;
    for (uint32_t uid = 1; uid <= 6; uid++)
        arrives(uid, uid == 2 || uid == 3);
    selects(f, "x");
    folder.log_lost = true;
    is_expunged(2);
    is_expunged(6);
    arrives(7, true);
    changed(5)->flags = FLAG_SEEN;
    syncs(f, false, "* 7 EXISTS\r\n* 3 RECENT\r\n* 5 FETCH (UID 5 FLAGS (\\Seen))\r\n");
    syncs(f, true, "* 2 EXPUNGE\r\n* 5 EXPUNGE\r\n* 5 EXISTS\r\n* 2 RECENT\r\n");
    folder.log_lost = false;
    syncs(f, true, "");
}

static void test_change_list_lost_but_records_kept(void **state)
{
    struct fixture *f = *state;
    for (uint32_t uid = 1; uid <= 3; uid++)
        arrives(uid, false);
    selects(f, "x");
    folder.log_lost = folder.expunged_known = true;
    is_expunged(2);
    syncs(f, true, "* 2 EXPUNGE\r\n* 2 EXISTS\r\n* 0 RECENT\r\n");
}

/* What can't be looked up is not gone. */
static void test_index_fails(void **state)
{
    struct fixture *f = *state;
    for (uint32_t uid = 1; uid <= 3; uid++)
        arrives(uid, false);
    folder.walk_fails_at = 2;
    selects(f, "x");
    assert_int_equal(f->view.count, 3);
    folder.log_lost = folder.index_fails = true;
    is_expunged(2);
    syncs(f, true, "");
    assert_int_equal(f->view.count, 3);
}

/* What changed is told of once, and all of it, or it waits. */
static void test_changes_broken_off(void **state)
{
    struct fixture *f = *state;
    struct view_sync how = { .expunges = true, .recent = true, .uids = true };
    for (uint32_t uid = 1; uid <= 3; uid++)
        arrives(uid, false);
    selects(f, "x");
    is_expunged(1);
    changed(2)->flags = FLAG_SEEN;
    arrives(4, true);
    arrives(5, false);
    folder.breaks_off = 100;
    assert_int_equal(view_sync(&f->view, f->io, &how), STORE_UNAVAILABLE);
    hears(f, "");
    assert_int_equal(f->view.count, 3);
    assert_int_equal(f->view.recent, 0);
    folder.breaks_off = 1;
    syncs(f, true,
          "* 1 EXPUNGE\r\n* 4 EXISTS\r\n* 1 RECENT\r\n* 1 FETCH (UID 2 FLAGS (\\Seen))\r\n");
    syncs(f, true, "");
}

/* It could get no number without moving those of others. */
static void test_turns_up_below(void **state)
{
    struct fixture *f = *state;
    arrives(10, false);
    arrives(30, false);
    selects(f, "x");
    arrives(20, false);
    syncs(f, true, "");
    arrives(40, false);
    syncs(f, true, "* 3 EXISTS\r\n* 0 RECENT\r\n");
    assert_int_equal(view_sequence(&f->view, 40), 3);
    selects(f, "x");
    assert_int_equal(f->view.count, 4);
    assert_int_equal(view_sequence(&f->view, 20), 2);
}

/* RFC 7162 section 3.2.10: one response for all, of UIDs. */
static void test_vanished(void **state)
{
    struct fixture *f = *state;
    const struct view_sync how = { .expunges = true, .recent = true, .vanished = true };
    for (uint32_t uid = 1; uid <= 9; uid++)
        arrives(uid, uid == 2);
    selects(f, "x");
    arrives(10, false);
    is_expunged(2);
    is_expunged(3);
    is_expunged(9);
    is_expunged(10); /* nobody has heard of it */
    assert_int_equal(view_sync(&f->view, f->io, &how), STORE_OK);
    hears(f, "* VANISHED 2:3,9\r\n* 6 EXISTS\r\n* 0 RECENT\r\n");
    assert_int_equal(view_sequence(&f->view, 8), 6);
}

/* RFC 7162 section 6: what the client takes for known is what it was told of, whatever
 * mod-sequences it has seen. */
static void test_highest_modseq(void **state)
{
    struct fixture *f = *state;
    const struct view_sync all = { .expunges = true, .recent = true, .modseqs = true };
    const struct view_sync some = { .recent = true, .modseqs = true };
    arrives(10, false); /* 101 */
    arrives(20, false);
    selects(f, "x");
    view_put_highest_modseq(&f->view, f->io);
    hears(f, "HIGHESTMODSEQ 102");
    assert_false(view_must_put_highest(&f->view));
    changed(10)->flags = FLAG_SEEN; /* 103; nothing is expunged: it is known with that */
    assert_int_equal(view_sync(&f->view, f->io, &some), STORE_OK);
    hears(f, "* 1 FETCH (FLAGS (\\Seen) MODSEQ (103))\r\n");
    assert_false(view_must_put_highest(&f->view));
    is_expunged(10); /* 104 */
    changed(20)->flags = FLAG_SEEN;
    assert_int_equal(view_sync(&f->view, f->io, &some), STORE_OK);
    hears(f, "* 2 FETCH (FLAGS (\\Seen) MODSEQ (105))\r\n");
    assert_true(view_must_put_highest(&f->view));
    view_put_highest_modseq(&f->view, f->io);
    hears(f, "HIGHESTMODSEQ 103");
    assert_int_equal(view_sync(&f->view, f->io, &some), STORE_OK);
    assert_false(view_must_put_highest(&f->view));
    assert_int_equal(view_sync(&f->view, f->io, &all), STORE_OK);
    assert_true(view_must_put_highest(&f->view));
    assert_int_equal(view_highest_modseq(&f->view), 105);
    /* 106 turns up below the last one and is not shown: it is never known. */
    arrives(15, false);
    arrives(30, false);
    assert_int_equal(view_sync(&f->view, f->io, &all), STORE_OK);
    assert_int_equal(view_highest_modseq(&f->view), 105);
    selects(f, "x");
    assert_int_equal(view_highest_modseq(&f->view), 107);
}

/* What a private index gives is good for nobody else. */
static void test_highest_modseq_of_a_private_index(void **state)
{
    struct fixture *f = *state;
    const struct view_sync how = { .expunges = true, .recent = true };
    arrives(1, false); /* 101 */
    selects(f, "x");
    folder.is_private = true;
    changed(1)->flags = FLAG_SEEN;
    assert_int_equal(view_sync(&f->view, f->io, &how), STORE_OK);
    assert_int_equal(view_highest_modseq(&f->view), 101);
    folder.is_private = false;
    changed(1)->flags = FLAG_DRAFT;
    assert_int_equal(view_sync(&f->view, f->io, &how), STORE_OK);
    assert_int_equal(view_highest_modseq(&f->view), 103);
    folder.is_private = true;
    selects(f, "x");
    hears(f, "* 1 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (FLAGS (\\Draft))\r\n");
    view_put_highest_modseq(&f->view, f->io);
    hears(f, "NOMODSEQ");
    assert_false(view_must_put_highest(&f->view));
}

/* Our own changes are answered already; what others do later to the same message is not. */
static void test_own(void **state)
{
    struct fixture *f = *state;
    for (uint32_t uid = 1; uid <= 3; uid++)
        arrives(uid, false);
    selects(f, "x");
    changed(1)->flags = FLAG_SEEN;
    changed(3)->flags = FLAG_SEEN;
    struct view_own mine = { 0 };
    view_own_add(&mine, &folder.message[0]);
    view_own_add(&mine, &folder.message[2]);
    changed(3)->flags = FLAG_SEEN | FLAG_DRAFT;
    changed(2)->flags = FLAG_ANSWERED;
    struct view_sync how = { .expunges = true, .recent = true, .own = &mine };
    assert_int_equal(view_sync(&f->view, f->io, &how), STORE_OK);
    hears(f, "* 2 FETCH (FLAGS (\\Answered))\r\n* 3 FETCH (FLAGS (\\Seen \\Draft))\r\n");
    view_own_free(&mine);
}

static void test_select_again(void **state)
{
    struct fixture *f = *state;
    arrives(1, true);
    arrives(2, true);
    selects(f, "x");
    assert_int_equal(f->view.recent, 2);
    unsigned walked = folder.walked;
    selects(f, "x");
    assert_int_equal(folder.opened, 1);
    assert_int_equal(folder.walked, walked); /* nothing has changed */
    assert_int_equal(f->view.count, 2);
    assert_int_equal(f->view.recent, 0);
    select_leave(&f->view, &f->parked);
    assert_null(f->view.mailbox);
    is_expunged(1);
    arrives(3, false);
    selects(f, "x");
    assert_int_equal(folder.opened, 1);
    assert_int_equal(f->view.count, 2);
    assert_int_equal(view_sequence(&f->view, 2), 1);
    assert_int_equal(view_sequence(&f->view, 3), 2);
    syncs(f, true, "");
}

static void test_select_in_turn(void **state)
{
    struct fixture *f = *state;
    selects(f, "x");
    selects(f, "y");
    assert_int_equal(folder.opened, 2);
    selects(f, "x");
    selects(f, "y");
    assert_int_equal(folder.opened, 2);
    assert_string_equal(f->view.name, "y");
    assert_string_equal(f->parked.name, "x");
    selects(f, "z");
    assert_int_equal(folder.opened, 3);
    assert_string_equal(f->parked.name, "y");
    /* Another way of looking at it. */
    assert_int_equal(select_folder(&f->view, &f->parked, NULL, "z", true), STORE_OK);
    assert_int_equal(folder.opened, 4);
    assert_true(f->view.read_only);
    assert_int_equal(select_folder(&f->view, &f->parked, NULL, "none", false),
                     STORE_NONEXISTENT);
    assert_null(f->view.mailbox);
}

/* Whatever is odd about what was parked: it is opened anew. */
static void test_parked_is_no_more_it(void **state)
{
    struct fixture *f = *state;
    arrives(1, false);
    selects(f, "x");
    folder.moved = true;
    selects(f, "x");
    assert_int_equal(folder.opened, 2);
    folder.moved = false;
    folder.reopen_fails = true;
    selects(f, "x");
    assert_int_equal(folder.reopened, 1);
    assert_int_equal(folder.opened, 3);
    folder.reopen_fails = false;
    folder.unwritable = true;
    select_leave(&f->view, &f->parked);
    view_close(&f->parked);
    selects(f, "x");
    assert_true(f->view.read_only);
    folder.unwritable = false;
    selects(f, "x");
    assert_false(f->view.read_only);
}

static void test_resolve(void **state)
{
    struct fixture *f = *state;
    for (uint32_t uid = 1; uid <= 9; uid++)
        arrives(uid * 2, false);
    selects(f, "x");
    struct sequence_range uids[] = { { 30, 15 }, { 3, 6 }, { SEQUENCE_STAR, 17 } };
    struct sequence_set set = { .range = uids, .count = 3 };
    struct view_messages m;
    assert_int_equal(view_resolve(&f->view, &set, true, &m), VIEW_RESOLVED);
    static const uint32_t wanted[] = { 4, 6, 16, 18 };
    assert_int_equal(m.count, 4);
    assert_memory_equal(m.uid, wanted, sizeof wanted);
    assert_int_equal(view_span(&f->view, &set, true), 4);
    size_t at = 0;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(view_sequence_next(&f->view, wanted[i], &at), wanted[i] / 2);
    assert_int_equal(view_sequence_next(&f->view, 5, &at), 0);
    assert_int_equal(view_sequence_next(&f->view, 2, &at), 1);
    assert_int_equal(view_sequence_next(&f->view, 99, &at), 0);
    view_messages_free(&m);
    struct sequence_range beyond[] = { { 9, 10 } };
    set = (struct sequence_set){ .range = beyond, .count = 1 };
    assert_int_equal(view_resolve(&f->view, &set, false, &m), VIEW_NO_SUCH_NUMBER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_news, begin, end),
        cmocka_unit_test_setup_teardown(test_expunges_withheld, begin, end),
        cmocka_unit_test_setup_teardown(test_came_and_went, begin, end),
        cmocka_unit_test_setup_teardown(test_change_list_lost, begin, end),
        cmocka_unit_test_setup_teardown(test_change_list_lost_but_records_kept, begin, end),
        cmocka_unit_test_setup_teardown(test_index_fails, begin, end),
        cmocka_unit_test_setup_teardown(test_changes_broken_off, begin, end),
        cmocka_unit_test_setup_teardown(test_turns_up_below, begin, end),
        cmocka_unit_test_setup_teardown(test_vanished, begin, end),
        cmocka_unit_test_setup_teardown(test_highest_modseq, begin, end),
        cmocka_unit_test_setup_teardown(test_highest_modseq_of_a_private_index, begin, end),
        cmocka_unit_test_setup_teardown(test_own, begin, end),
        cmocka_unit_test_setup_teardown(test_select_again, begin, end),
        cmocka_unit_test_setup_teardown(test_select_in_turn, begin, end),
        cmocka_unit_test_setup_teardown(test_parked_is_no_more_it, begin, end),
        cmocka_unit_test_setup_teardown(test_resolve, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

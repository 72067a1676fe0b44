/* An account in use, differences made in it by hand, and what --check and --repair say, for the
 * tests of mailstore/check*.c. */
#ifndef TESTS_MAILSTORE_CHECK_H
#define TESTS_MAILSTORE_CHECK_H

#include "mailstore_mail.h"

#include "mailstore/account.h"
#include "mailstore/check.h"
#include "mailstore/index_change.h"
#include "mailstore/index_folder.h"
#include "mailstore/index_message.h"
#include "mailstore/index_private.h"
#include "mailstore/table.h"

#include <lmdb.h>

/* --- Asking. ---------------------------------------------------------------------------------
 */

struct heard {
    char text[16384];
    unsigned lines[4]; /* by kind */
};

static inline void hear(void *ctx, enum check_line kind, const char *line)
{
    struct heard *h = ctx;
    size_t n = strlen(h->text);
    snprintf(h->text + n, sizeof h->text - n, "%c %s\n", "nDdF"[kind], line);
    h->lines[kind]++;
}

static struct heard heard;

static inline struct check_counts ask(const struct root *r, bool repair, bool full)
{
    struct check_options o = { .full = full, .patience = 1, .tell = hear, .ctx = &heard };
    struct check_counts counts;
    memset(&heard, 0, sizeof heard);
    assert_int_equal(repair ? store_repair(r->store, &o, &counts)
                            : store_check(r->store, &o, &counts),
                     STORE_OK);
    return counts;
}

static inline void expect_none(const struct root *r)
{
    struct check_counts counts = ask(r, false, true);
    if (counts.differences != 0 || counts.failures != 0)
        fail_msg("no difference expected:\n%s", heard.text);
}

/* Exactly one difference, in a line with these words. */
static inline void expect_one(const struct root *r, const char *word, const char *other)
{
    struct check_counts counts = ask(r, false, true);
    const char *line = strstr(heard.text, "D ");
    if (counts.differences != 1 || heard.lines[CHECK_DIFFERENCE] != 1 || counts.failures != 0 ||
        line == NULL || strstr(line, word) == NULL || strstr(line, other) == NULL)
        fail_msg("one line with \"%s\" and \"%s\" expected:\n%s", word, other, heard.text);
}

static inline void expect_note(const struct root *r, const char *word)
{
    expect_none(r);
    const char *line = strstr(heard.text, "n ");
    if (line == NULL || strstr(line, word) == NULL)
        fail_msg("a note with \"%s\" expected:\n%s", word, heard.text);
}

static inline void repair(const struct root *r)
{
    struct check_counts counts = ask(r, true, true);
    if (counts.differences != 0 || counts.failures != 0 || heard.lines[CHECK_DONE] == 0)
        fail_msg("not repaired:\n%s", heard.text);
    expect_none(r);
}

/* --- An account in use. ----------------------------------------------------------------------
 */

#define NAMES 3

static const char *const first_name[NAMES] = { "1700000001.M1P1.host", "1700000002.M2P1.host",
                                               "1700000003.M3P1.host,S=17,W=20" };

static inline void look(const struct root *r, const char *name)
{
    struct mailbox *mb = mail_open(r, name, false);
    mailbox_close(mb);
}

/* Until the index can say that it is up to date. */
static inline void calm(const struct root *r, const char *name)
{
    mail_settle();
    look(r, name);
    mail_settle();
    look(r, name);
}

static inline void mark(struct mailbox *mb, uint32_t uid, uint8_t flags, const char *keyword)
{
    size_t gone = 0;
    struct flag_change change = { .op = FLAGS_ADD, .flags = flags, .keyword = &keyword };
    change.keywords = keyword != NULL ? 1 : 0;
    assert_int_equal(mailbox_store(mb, &uid, 1, &change, &gone), STORE_OK);
}

/* INBOX has UIDs 1 to 3, 2 \Seen and "blue"; 4 came and went. Folder has a copy of 1. Returns
 * the UIDVALIDITY of INBOX. */
static inline uint32_t use(const struct root *r)
{
    uint32_t uid = 1;
    uint32_t copy = 0;
    uint32_t there = 0;
    uint64_t octets = 0;
    time_t date = 0;
    for (int i = 0; i < NAMES; i++)
        mail_deliver(r, first_name[i]);
    assert_int_equal(folder_create(r->store, "Folder"), STORE_OK);
    struct mailbox *mb = mail_open(r, "INBOX", true);
    mark(mb, 2, FLAG_SEEN, "blue");
    mail_deliver(r, "1700000004.M4P1.host");
    mail_refresh(mb);
    mark(mb, 4, FLAG_DELETED, NULL);
    assert_int_equal(mailbox_expunge(mb, NULL, EXPUNGE_ALL, NULL), STORE_OK);
    assert_int_equal(mailbox_copy(mb, &uid, 1, "Folder", &there, &copy), STORE_OK);
    for (uid = 1; uid <= 3; uid++) {
        assert_int_equal(mailbox_size(mb, uid, &octets), STORE_OK);
        assert_int_equal(mailbox_internaldate(mb, uid, &date), STORE_OK);
    }
    uint32_t validity = mailbox_uidvalidity(mb);
    mailbox_close(mb);
    calm(r, "Folder");
    calm(r, "INBOX");
    expect_none(r);
    return validity;
}

static inline uint32_t validity_of(const struct root *r, const char *name)
{
    struct mailbox *mb = mail_open(r, name, false);
    uint32_t validity = mailbox_uidvalidity(mb);
    mailbox_close(mb);
    return validity;
}

static inline void expect_kept(const struct root *r, uint32_t validity, const char *messages)
{
    struct mailbox *mb = mail_open(r, "INBOX", false);
    mail_expect(mb, messages);
    assert_int_equal(mailbox_uidvalidity(mb), validity);
    mailbox_close(mb);
}

/* The difference has been made: it is found, repaired, and nothing else has changed. */
static inline void found_and_repaired(const struct root *r, uint32_t validity, const char *word,
                                      const char *other)
{
    expect_one(r, word, other);
    expect_one(r, word, other); /* the first time has changed nothing */
    repair(r);
    expect_kept(r, validity, "1 2S(blue) 3");
}

/* --- By hand. --------------------------------------------------------------------------------
 */

static inline char *slurp(const struct root *r, const char *path)
{
    int fd = openat(store_root_fd(r->store), path, O_RDONLY | O_CLOEXEC);
    char *text = calloc(1, 65536);
    assert_true(fd >= 0 && text != NULL);
    assert_true(read(fd, text, 65535) >= 0);
    close(fd);
    return text;
}

/* Replaces the first `from` in a file, which becomes another file. */
static inline void edit(const struct root *r, const char *path, const char *from,
                        const char *to)
{
    char *text = slurp(r, path);
    char *at = strstr(text, from);
    char *made = calloc(1, 65536 + strlen(to));
    assert_non_null(at);
    assert_non_null(made);
    memcpy(made, text, (size_t)(at - text));
    strcat(made, to); /* NOLINT(clang-analyzer-security.insecureAPI.strcpy): room is there */
    strcat(made, at + strlen(from)); /* NOLINT(clang-analyzer-security.insecureAPI.strcpy) */
    root_write(r, "tmp/edited", made);
    mail_rename(r, "tmp/edited", path);
    free(text);
    free(made);
}

struct hand {
    struct index *ix;
    struct index_folder f;
};

static inline struct folder_key cur_of(const struct root *r, const char *cur)
{
    struct stat st;
    assert_int_equal(fstatat(store_root_fd(r->store), cur, &st, 0), 0);
    return folder_key_of(&st);
}

static inline struct hand begin(const struct root *r)
{
    bool found = false;
    struct hand h = { .ix = store_index(r->store) };
    assert_non_null(h.ix);
    index_check(h.ix);
    assert_true(index_write(h.ix));
    assert_true(index_folder_get(h.ix, cur_of(r, "cur"), &h.f, &found));
    assert_true(found);
    return h;
}

static inline void end(struct hand *h)
{
    assert_true(index_folder_put(h->ix, &h->f));
    assert_true(index_commit(h->ix));
}

static inline struct index_message get(const struct hand *h, uint32_t uid, char *name)
{
    struct index_message m;
    bool found = false;
    assert_true(index_message_get(h->ix, h->f.id, uid, &m, name, &found));
    assert_true(found);
    return m;
}

static inline void put(const struct hand *h, const struct index_message *m, const char *name)
{
    assert_true(index_message_put(h->ix, h->f.id, m, name));
}

#define CHECK(t) cmocka_unit_test_setup_teardown(t, mail_setup, mail_teardown)

#endif

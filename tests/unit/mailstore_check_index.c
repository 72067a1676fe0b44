/* As mailstore_check.c, of the index: its records against the disk, its tables and numbers
 * against its records, and the index as a whole. */
#include "mailstore_check.h"

/* --- The index and the files. ----------------------------------------------------------------
 */

static void test_other_flags(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    struct hand h = begin(r);
    struct index_message m = get(&h, 1, NULL);
    m.flags |= FLAG_FLAGGED;
    put(&h, &m, NULL);
    end(&h);
    found_and_repaired(r, validity, "INBOX: UID 1 is cur/1700000001.M1P1.host:2,", ":2,F");
}

static void test_other_directory(void **state)
{
    const struct root *r = *state;
    char name[NAME_MAX + 1];
    uint32_t validity = use(r);
    struct hand h = begin(r);
    struct index_message m = get(&h, 1, name);
    m.bits |= INDEX_IN_NEW;
    h.f.in_new++;
    h.f.in_new_from = 1;
    put(&h, &m, "1700000001.M1P1.host");
    end(&h);
    found_and_repaired(r, validity, "UID 1 (1700000001.M1P1.host) is in cur/", "new/ by the");
}

static void test_record_without_file(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    struct hand h = begin(r);
    struct index_message m = get(&h, 1, NULL);
    /* UID 4, which is gone, but with a line. */
    struct index_message gone = get(&h, 4, NULL);
    m.uid = 4;
    m.modseq = gone.modseq;
    m.flags = FLAG_SEEN;
    put(&h, &m, "1700000004.M4P1.host:2,S");
    h.f.shown++;
    h.f.dead--;
    uint32_t uid = 4;
    m.modseq = index_folder_next_modseq(&h.f, 0);
    assert_true(index_change_add(h.ix, &h.f, m.modseq, &uid, 1));
    put(&h, &m, NULL);
    end(&h);
    found_and_repaired(r, validity, "UID 4 (cur/1700000004.M4P1.host:2,S)",
                       "file is not there");
}

static void test_file_without_record(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    struct hand h = begin(r);
    struct index_message m = get(&h, 3, NULL);
    m.state = RECORD_GONE;
    m.modseq = index_folder_next_modseq(&h.f, 0);
    uint32_t uid = 3 | INDEX_EXPUNGED;
    assert_true(index_change_add(h.ix, &h.f, m.modseq, &uid, 1));
    put(&h, &m, NULL);
    h.f.shown--;
    h.f.unseen--;
    h.f.dead++;
    end(&h);
    expect_one(r, "cur/1700000003.M3P1.host,S=17,W=20:2,", "is not in the index");
    repair(r);
    /* It may have been told to be gone: a new UID is right. */
    expect_kept(r, validity, "1 2S(blue) 5");
}

static void test_record_of_another_message(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    struct hand h = begin(r);
    struct index_message m = get(&h, 1, NULL);
    put(&h, &m, "1600000000.other:2,");
    memset(&h.f.cur, 0, sizeof h.f.cur); /* behind, which does not explain it */
    end(&h);
    found_and_repaired(r, validity, "UID 1 is 1600000000.other", "1700000001.M1P1.host in");
}

static void test_record_without_line(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    /* The list loses a line, and the index has seen the list without. */
    edit(r, "dovecot-uidlist", "\n2 ", "\n4 :1700000002.x\n");
    char *text = slurp(r, "dovecot-uidlist");
    char *at = strstr(text, "\n4 :1700000002.x\n");
    char *rest = strstr(at + 17, "\n3 ");
    memmove(at, rest, strlen(rest) + 1);
    root_write(r, "dovecot-uidlist", text);
    struct uidlist_lines lines;
    struct hand h = begin(r);
    assert_int_equal(uidlist_load(&h.f.list, store_root_fd(r->store), &lines), STORE_OK);
    uidlist_lines_free(&lines);
    end(&h);
    free(text);
    found_and_repaired(r, validity, "UID 2 (1700000002.M2P1.host:2,Sa) has no line",
                       "puts it back");
}

static void test_line_without_record(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    struct hand h = begin(r);
    assert_true(index_message_remove(h.ix, h.f.id, 4));
    h.f.dead--;
    end(&h);
    found_and_repaired(r, validity, "UID 4 (1700000004.M4P1.host)", "not in the index");
}

/* The G of a line, of which the index says that it has read it. */
static void test_guid(void **state)
{
    const struct root *r = *state;
    static const char says[] = "the GUID 1600000000.M1P1.host,S=1 in dovecot-uidlist";
    static const char *const known[] = { "1600000000.M1P1.host", "1600000000.M1P1" };
    uint32_t validity = use(r);
    struct uidlist_lines lines;
    edit(r, "dovecot-uidlist", "\n2 ", "\n2 G1600000000.M1P1.host,S=1 ");
    struct hand h = begin(r);
    assert_int_equal(uidlist_load(&h.f.list, store_root_fd(r->store), &lines), STORE_OK);
    uidlist_lines_free(&lines);
    end(&h);
    found_and_repaired(r, validity, "UID 2 (1700000002.M2P1.host:2,Sa)", says);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        calm(r, "INBOX");
        h = begin(r);
        assert_true(index_message_set_guid(h.ix, h.f.id, 2, known[i]));
        end(&h);
        found_and_repaired(r, validity, "UID 2 (1700000002.M2P1.host:2,Sa)", says);
    }
}

static void test_line_said_not_to_be(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    struct hand h = begin(r);
    struct index_message m = get(&h, 2, NULL);
    m.bits = (uint8_t)(m.bits & ~INDEX_LISTED);
    put(&h, &m, NULL);
    end(&h);
    found_and_repaired(r, validity, "UID 2 (1700000002.M2P1.host:2,Sa) has a line",
                       "otherwise");
}

/* --- The index in itself. --------------------------------------------------------------------
 */

struct number {
    size_t offset;
    uint32_t value;
    const char *word;
};

#define OF(field) offsetof(struct index_folder, field)

static void test_numbers(void **state)
{
    const struct root *r = *state;
    static const struct number number[] = {
        { OF(shown), 4, "counts 4 messages that are there, and has 3" },
        { OF(unseen), 3, "counts 3 messages that are not \\Seen, and has 2" },
        { OF(deleted), 1, "are \\Deleted, and has 0" },
        { OF(recent), 7, "are \\Recent, and has 0" },
        { OF(in_new), 1, "are in new/, and has 0" },
        { OF(dead), 9, "with a line in the uidlist, and has 1" },
        { OF(unseen_from), 2, "no message below UID 2 is without \\Seen, and UID 1 is" },
        { OF(highest), 9, "has shown UID 9, recorded UID 4" },
        { OF(letters), 0, "UID 2 (1700000002.M2P1.host:2,Sa) has a keyword" },
    };
    uint32_t validity = use(r);
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        struct hand h = begin(r);
        memcpy((char *)&h.f + number[i].offset, &number[i].value, sizeof(uint32_t));
        end(&h);
        found_and_repaired(r, validity, number[i].word, "INBOX");
        calm(r, "INBOX");
    }
}

static void test_pending(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    struct hand h = begin(r);
    h.f.pending = 1;
    h.f.pending_uid = 1;
    end(&h);
    found_and_repaired(r, validity, "that are not shown yet, and has 0", "counts 1");
}

static void test_modseqs(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    struct hand h = begin(r);
    struct index_message m = get(&h, 1, NULL);
    m.modseq = h.f.floor; /* told of before the table began; it has no change there */
    put(&h, &m, NULL);
    m = get(&h, 2, NULL);
    m.modseq--;
    put(&h, &m, NULL);
    end(&h);
    found_and_repaired(r, validity, "UID 2 has changed at mod-sequence", "says otherwise");
}

static void test_modseq_above_the_folders(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    struct hand h = begin(r);
    struct index_message m = get(&h, 4, NULL); /* of a message that is gone */
    m.modseq = h.f.modseq + 1000;
    put(&h, &m, NULL);
    end(&h);
    found_and_repaired(r, validity, "UID 4", "has the mod-sequence");
}

static void test_changes(void **state)
{
    const struct root *r = *state;
    uint32_t uid = 77;
    uint32_t validity = use(r);
    struct hand h = begin(r);
    uint64_t modseq = index_folder_next_modseq(&h.f, 0);
    assert_true(index_change_add(h.ix, &h.f, modseq, &uid, 1));
    end(&h);
    found_and_repaired(r, validity, "the index says that UID 77 has changed", "INBOX");
    calm(r, "INBOX");
    h = begin(r);
    h.f.changes++;
    end(&h);
    found_and_repaired(r, validity, "counts", "changes, and has");
    calm(r, "INBOX");
    h = begin(r);
    uid = 99 | INDEX_EXPUNGED;
    h.f.floor -= 10; /* for index_change_add, which keeps none below it */
    assert_true(index_change_add(h.ix, &h.f, h.f.floor + 1, &uid, 1));
    h.f.floor += 10;
    end(&h);
    found_and_repaired(r, validity, "a change of UID 99", "says that it has those above");
}

/* (folder, hash) -> uid, with LMDB itself. */
static void touch_unique(const struct hand *h, uint32_t hash, uint32_t uid, bool add)
{
    unsigned char key[8];
    unsigned char value[4];
    MDB_val k = { sizeof key, key };
    MDB_val v = { sizeof value, value };
    index_key_put32(key, h->f.id);
    index_key_put32(key + 4, hash);
    index_key_put32(value, uid);
    int rc = add ? mdb_put(h->ix->txn, h->ix->table[INDEX_UNIQUES], &k, &v, 0)
                 : mdb_del(h->ix->txn, h->ix->table[INDEX_UNIQUES], &k, &v);
    assert_int_equal(rc, 0);
}

static void test_uniques(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    uint32_t hash = index_message_hash(first_name[0], strlen(first_name[0]));
    struct hand h = begin(r);
    touch_unique(&h, hash, 1, false);
    end(&h);
    found_and_repaired(r, validity, "UID 1 can't be found by its name", first_name[0]);
    calm(r, "INBOX");
    h = begin(r);
    touch_unique(&h, 12345, 88, true);
    end(&h);
    found_and_repaired(r, validity, "finds UID 88 by a name that it has not", "INBOX");
}

/* The bits of UIDs below 64, with LMDB itself; 0: no value. */
static void put_shown(const struct hand *h, uint64_t shown, uint64_t recent)
{
    unsigned char key[8];
    uint64_t value[32] = { shown, [16] = recent };
    MDB_val k = { sizeof key, key };
    MDB_val v = { sizeof value, value };
    index_key_put32(key, h->f.id);
    index_key_put32(key + 4, 0);
    int rc = shown != 0 ? mdb_put(h->ix->txn, h->ix->table[INDEX_SHOWN], &k, &v, 0)
                        : mdb_del(h->ix->txn, h->ix->table[INDEX_SHOWN], &k, NULL);
    assert_int_equal(rc, 0);
}

static void test_shown(void **state)
{
    const struct root *r = *state;
    static const struct {
        uint64_t shown; /* 1 to 3 are, none of them is recent */
        uint64_t recent;
        const char *word;
    } harm[] = {
        { 0xa, 0, "UID 2 is there, and is missing from the index's list of UIDs" },
        { 0x6, 0, "UID 3 is there, and is missing from the index's list of UIDs" },
        { 0x1e, 0, "lists UID 4 as a message that is there, and has no such message" },
        { 0x800000000000000e, 0, "lists UID 63 as a message that is there, and has no such" },
        { 0xe, 0x8, "UID 3 is not \\Recent, and the index's list of UIDs says otherwise" },
    };
    use(r);
    uint32_t validity = validity_of(r, "INBOX");
    for (size_t i = 0; i < sizeof harm / sizeof *harm; i++) {
        struct hand h = begin(r);
        put_shown(&h, harm[i].shown, harm[i].recent);
        end(&h);
        found_and_repaired(r, validity, harm[i].word, "begins the folder's index anew");
        calm(r, "INBOX");
    }
    struct hand h = begin(r);
    put_shown(&h, 0, 0);
    end(&h);
    assert_int_equal(ask(r, false, false).differences, 3);
    repair(r);
    expect_none(r);
}

/* The other way around. */
static void test_shown_recent(void **state)
{
    const struct root *r = *state;
    use(r);
    uint32_t validity = validity_of(r, "INBOX");
    struct hand h = begin(r);
    struct index_message m = get(&h, 3, NULL);
    m.bits |= INDEX_RECENT;
    h.f.recent++;
    h.f.recent_from = 3;
    put(&h, &m, NULL);
    end(&h);
    expect_none(r);
    h = begin(r);
    put_shown(&h, 0xe, 0);
    end(&h);
    found_and_repaired(r, validity, "UID 3 is \\Recent, and the index's list of UIDs", "INBOX");
}

static void test_size_and_date(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    struct hand h = begin(r);
    struct index_message m = get(&h, 2, NULL);
    assert_int_equal(m.size, 20);
    m.size = 21;
    put(&h, &m, NULL);
    end(&h);
    assert_int_equal(ask(r, false, false).differences, 0); /* not without reading mail */
    found_and_repaired(r, validity, "UID 2 has 20 octets, and 21 in the index", "INBOX");
    struct mailbox *mb = mail_open(r, "INBOX", false);
    time_t date = 0;
    assert_int_equal(mailbox_internaldate(mb, 3, &date), STORE_OK);
    mailbox_close(mb);
    h = begin(r);
    m = get(&h, 3, NULL);
    m.date++;
    put(&h, &m, NULL);
    end(&h);
    found_and_repaired(r, validity, "UID 3 is dated", "in the index");
}

/* --- The index as a whole. -------------------------------------------------------------------
 */

static void test_garbage(void **state)
{
    const struct root *r = *state;
    use(r);
    struct hand h = begin(r);
    struct index_folder gone = { .key = { 4242424242, 1 }, .uidvalidity = 5 };
    assert_true(index_folder_put(h.ix, &gone));
    end(&h);
    expect_note(r, "1 folders that are no more");
    struct check_counts counts = ask(r, true, false);
    assert_int_equal(counts.differences, 0);
    assert_non_null(strstr(heard.text, "d 1 folders that are no more were dropped"));
    expect_none(r);
    assert_int_equal(heard.lines[CHECK_NOTE], 0);
}

static void spoil(const struct root *r, const char *name, off_t at, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "imapd-index/db/%s", name);
    int fd = openat(store_root_fd(r->store), path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, text, strlen(text), at), strlen(text));
    close(fd);
}

static void close_index(const struct root *r)
{
    index_close(r->store->index);
    r->store->index = NULL;
}

/* What the next session puts right by itself is told; the files stay as they are. */
static void test_index_that_mends_itself(void **state)
{
    const struct root *r = *state;
    static const struct {
        const char *file;
        off_t at;
        const char *text;
        const char *word;
    } harm[] = {
        { "boot", 0, "another-boot-than-this", "was in use when the machine stopped" },
        { "data.mdb", 16, "rubbish", "is damaged" },
    };
    for (size_t i = 0; i < sizeof harm / sizeof *harm; i++) {
        char path[128];
        struct stat before;
        struct stat after;
        if (i == 0)
            use(r);
        else
            look(r, "INBOX");
        close_index(r);
        spoil(r, harm[i].file, harm[i].at, harm[i].text);
        snprintf(path, sizeof path, "imapd-index/db/%s", harm[i].file);
        assert_int_equal(fstatat(store_root_fd(r->store), path, &before, 0), 0);
        expect_note(r, harm[i].word);
        assert_int_equal(fstatat(store_root_fd(r->store), path, &after, 0), 0);
        assert_int_equal(before.st_ino, after.st_ino);
        assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    }
}

static void test_index_not_ours(void **state)
{
    const struct root *r = *state;
    use(r);
    close_index(r);
    assert_int_equal(fchmodat(store_root_fd(r->store), "imapd-index", 0777, 0), 0);
    struct check_counts counts = ask(r, false, false);
    assert_int_equal(counts.differences, 1);
    assert_non_null(strstr(heard.text, "D the index can be changed by everybody"));
}

/* A value that no session would have written. */
static void test_index_damaged_inside(void **state)
{
    const struct root *r = *state;
    uint32_t validity = use(r);
    struct hand h = begin(r);
    unsigned char key[8];
    index_key_put32(key, h.f.id);
    index_key_put32(key + 4, 1);
    MDB_val k = { sizeof key, key };
    MDB_val v = { 7, key };
    assert_int_equal(mdb_put(h.ix->txn, h.ix->table[INDEX_MESSAGES], &k, &v, 0), 0);
    end(&h);
    found_and_repaired(r, validity, "the index is damaged (", "begins it anew");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK(test_other_flags),
        CHECK(test_other_directory),
        CHECK(test_record_without_file),
        CHECK(test_file_without_record),
        CHECK(test_record_of_another_message),
        CHECK(test_record_without_line),
        CHECK(test_line_without_record),
        CHECK(test_guid),
        CHECK(test_line_said_not_to_be),
        CHECK(test_numbers),
        CHECK(test_pending),
        CHECK(test_modseqs),
        CHECK(test_modseq_above_the_folders),
        CHECK(test_changes),
        CHECK(test_uniques),
        CHECK(test_shown),
        CHECK(test_shown_recent),
        CHECK(test_size_and_date),
        CHECK(test_garbage),
        CHECK(test_index_that_mends_itself),
        CHECK(test_index_not_ours),
        CHECK(test_index_damaged_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Every value of the index, whatever is in it: an index is filled, then damaged as
 * the input says, then read and written as the store does. Nothing of it ends the process or
 * goes on for ever, and what is told is in order and can be used. Damage that nothing could
 * know (a size, a flag) stays; all else is noticed or does no harm.
 *
 * The input is a list of changes:
 *   p TABLE WHICH AT(2) N octets   octets of a value are others
 *   c TABLE WHICH N                a value is so much shorter
 *   d TABLE WHICH                  a value is gone
 *   k TABLE KEY-N key N octets     a value under any key
 */
#include "tests/fuzz/scratch.h"

#include "mailstore/index_cache.h"
#include "mailstore/index_change.h"
#include "mailstore/index_folder.h"
#include "mailstore/index_message.h"
#include "mailstore/index_private.h"
#include "mailstore/mailbox.h"
#include "mailstore/table.h"

#define MESSAGES  70
#define KINDS     3
#define VALUE_MAX 4096
#define KEY_MAX   64

static const struct folder_key folder_key = { .ino = 100, .dev = 2049 };

/* More records than were ever put, or damage could make. */
#define STEPS_MAX 100000

struct changes {
    const uint8_t *p;
    size_t left;
};

static unsigned take(struct changes *c)
{
    if (c->left == 0)
        return 0;
    c->left--;
    return *c->p++;
}

static const uint8_t *take_octets(struct changes *c, size_t *n)
{
    const uint8_t *p = c->p;
    *n = *n < c->left ? *n : c->left;
    c->p += *n;
    c->left -= *n;
    return p;
}

/* --- What is sound. --------------------------------------------------------------------------
 */

static void put_message(struct index *ix, uint32_t folder, uint32_t uid)
{
    struct index_message m = { .uid = uid,
                               .modseq = uid,
                               .state = RECORD_SHOWN,
                               .bits = INDEX_ON_DISK | INDEX_LISTED,
                               .flags = FLAG_SEEN,
                               .size = SIZE_UNKNOWN,
                               .date = INDEX_DATE_UNKNOWN };
    char name[NAME_MAX + 1];
    snprintf(name, sizeof name, "%u.M1P1.host,S=%u:2,S%s", uid, uid, uid % 5 == 0 ? ",x" : "");
    CHECK(index_message_put(ix, folder, &m, name));
    if (uid % 4 == 0)
        CHECK(index_message_set_guid(ix, folder, uid, "7.M1P1.host"));
}

static uint32_t fill(struct index *ix)
{
    static const uint32_t uid[] = { 1, 2, 3 | INDEX_EXPUNGED, 4 };
    struct index_folder f = { .key = folder_key, .uidvalidity = 1700000000, .shown = 3 };
    f.list.present = true;
    snprintf(f.list.fields, sizeof f.list.fields, " G0123456789abcdef");
    CHECK(index_write(ix));
    CHECK(index_folder_put(ix, &f));
    for (uint32_t i = 1; i <= MESSAGES; i++)
        put_message(ix, f.id, i);
    CHECK(index_change_add(ix, &f, 5, uid, 4) && index_change_add(ix, &f, 6, uid, 4));
    for (unsigned kind = 0; kind < KINDS; kind++)
        for (uint32_t i = 1; i <= MESSAGES; i += 9)
            CHECK(index_cache_put(ix, &f, kind, i, "a value that was kept", 21 - kind));
    CHECK(index_folder_put(ix, &f));
    CHECK(index_commit(ix));
    return f.id;
}

/* --- What is not. ----------------------------------------------------------------------------
 */

static bool find(struct index *ix, enum index_table table, unsigned which, unsigned char *key,
                 size_t *key_n, unsigned char *value, size_t *value_n)
{
    MDB_cursor *c;
    MDB_val k;
    MDB_val v;
    CHECK(mdb_cursor_open(ix->txn, ix->table[table], &c) == 0);
    int rc = mdb_cursor_get(c, &k, &v, MDB_FIRST);
    for (; rc == 0 && which > 0; which--)
        rc = mdb_cursor_get(c, &k, &v, MDB_NEXT);
    bool found = rc == 0 && k.mv_size <= KEY_MAX && v.mv_size <= VALUE_MAX;
    if (found) {
        memcpy(key, k.mv_data, *key_n = k.mv_size);
        memcpy(value, v.mv_data, *value_n = v.mv_size);
    }
    mdb_cursor_close(c);
    return found;
}

static void put(struct index *ix, enum index_table table, unsigned char *key, size_t key_n,
                unsigned char *value, size_t value_n)
{
    MDB_val k = { key_n, key };
    MDB_val v = { value_n, value };
    /* LMDB itself refuses what its tables can't have. */
    if (table == INDEX_UNIQUES && value_n != sizeof(uint32_t))
        return;
    (void)mdb_put(ix->txn, ix->table[table], &k, &v, 0);
}

static void change(struct index *ix, struct changes *c)
{
    unsigned char key[KEY_MAX];
    unsigned char value[VALUE_MAX];
    size_t key_n = 0;
    size_t value_n = 0;
    char op = (char)take(c);
    enum index_table table = (enum index_table)(take(c) % INDEX_TABLES);
    if (op == 'k') {
        key_n = take(c) % KEY_MAX;
        const uint8_t *p = take_octets(c, &key_n);
        memcpy(key, p, key_n);
        value_n = take(c);
        p = take_octets(c, &value_n);
        memcpy(value, p, value_n);
        if (key_n > 0)
            put(ix, table, key, key_n, value, value_n);
        return;
    }
    if (!find(ix, table, take(c) % 8, key, &key_n, value, &value_n))
        return;
    MDB_val k = { key_n, key };
    MDB_val v = { value_n, value };
    if (op == 'd' || table == INDEX_UNIQUES)
        (void)mdb_del(ix->txn, ix->table[table], &k, &v);
    if (op == 'c') {
        size_t less = take(c);
        value_n -= less < value_n ? less : value_n;
    } else if (op == 'p') {
        size_t at = (size_t)take(c) << 8;
        at |= take(c);
        size_t n = take(c);
        const uint8_t *p = take_octets(c, &n);
        for (size_t i = 0; i < n && at + i < value_n; i++)
            value[at + i] = p[i];
    }
    if (op != 'd')
        put(ix, table, key, key_n, value, value_n);
}

/* --- Reading and writing. --------------------------------------------------------------------
 */

static bool count_change(void *ctx, uint32_t uid, uint64_t modseq)
{
    (void)modseq;
    CHECK((uid & ~INDEX_EXPUNGED) != 0);
    return ++*(unsigned *)ctx < STEPS_MAX;
}

static bool see_folder(void *ctx, const struct index_folder *f)
{
    CHECK(f->key.ino != 0 && f->id != 0 && f->uidvalidity != 0);
    CHECK(memchr(f->list.fields, '\0', sizeof f->list.fields) != NULL);
    return ++*(unsigned *)ctx < STEPS_MAX;
}

static bool see_unique(void *ctx, uint32_t uid, uint32_t hash)
{
    (void)uid;
    (void)hash;
    return ++*(unsigned *)ctx < STEPS_MAX;
}

static bool see_value(void *ctx, unsigned kind, uint32_t uid, size_t n)
{
    (void)uid;
    CHECK(kind < INDEX_CACHE_KINDS && n > 0 && n <= INDEX_CACHE_MAX);
    return ++*(unsigned *)ctx < STEPS_MAX;
}

static void read_values(struct index *ix, uint32_t folder)
{
    const void *value;
    size_t n;
    uint64_t modseq;
    unsigned count = 0;
    unsigned char sum = 0;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        for (uint32_t uid = 1; uid <= MESSAGES; uid++) {
            if (!index_cache_get(ix, folder, kind, uid, &value, &n))
                continue;
            CHECK(n <= INDEX_CACHE_MAX);
            for (size_t i = 0; i < n; i++)
                sum ^= ((const unsigned char *)value)[i];
            (void)index_cache_sound(ix);
        }
    }
    (void)index_cache_swept(ix, folder, &modseq);
    (void)index_cache_each(ix, folder, see_value, &count);
    (void)sum;
}

static void check_message(const struct index_message *m, const char *name)
{
    size_t n = strnlen(name, NAME_MAX + 1);
    CHECK(n > 0 && n <= NAME_MAX && strchr(name, '/') == NULL);
    CHECK(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    CHECK(m->uid != 0 && m->uid <= UID_LIMIT);
    CHECK(m->state <= RECORD_GONE && m->state != RECORD_EXPUNGED);
}

static void read_all(struct index *ix, uint32_t folder)
{
    struct index_message m;
    struct index_folder f;
    char name[NAME_MAX + 1];
    bool found = true;
    unsigned n = 0;
    uint32_t uid = 0;
    uint32_t uids[MESSAGES];
    size_t got;
    while (index_message_next(ix, folder, uid, &m, name, &found) && found) {
        CHECK(m.uid >= uid && ++n < STEPS_MAX);
        check_message(&m, name);
        uid = m.uid + 1;
    }
    for (uid = 1; uid < MESSAGES + 5; uid += 3) {
        if (index_message_get(ix, folder, uid, &m, name, &found) && found) {
            char guid[GUID_MAX + 1];
            CHECK(m.uid == uid);
            check_message(&m, name);
            if ((m.bits & INDEX_GUID) != 0 && index_message_guid(ix, folder, uid, guid))
                CHECK(guid[0] != '\0' && strlen(guid) <= GUID_MAX);
        }
        snprintf(name, sizeof name, "%u.M1P1.host", uid);
        uint32_t at;
        if (index_message_find(ix, folder, name, strlen(name), &at))
            CHECK(at <= UID_LIMIT);
    }
    if (index_message_uids(ix, folder, 1, uids, MESSAGES, &got, NULL))
        for (size_t i = 1; i < got; i++)
            CHECK((uids[i] & ~INDEX_UID_RECENT) > (uids[i - 1] & ~INDEX_UID_RECENT));
    n = 0;
    (void)index_message_uniques(ix, folder, see_unique, &n);
    n = 0;
    (void)index_change_each(ix, folder, 0, count_change, &n);
    n = 0;
    (void)index_folder_each(ix, see_folder, &n);
    if (index_folder_get(ix, folder_key, &f, &found) && found)
        CHECK(folder_key_same(f.key, folder_key) && see_folder(&n, &f));
    read_values(ix, folder);
}

static bool write_all(struct index *ix, uint32_t folder)
{
    struct index_message m;
    struct index_folder f;
    uint32_t changed = 9;
    bool found;
    bool ok = true;
    for (uint32_t uid = 1; ok && uid < MESSAGES + 20; uid += 3) {
        ok = index_message_get(ix, folder, uid, &m, NULL, &found);
        memset(&m, 0, sizeof m);
        m.uid = uid;
        m.bits = INDEX_IN_NEW | INDEX_ON_DISK;
        ok = ok && index_message_put(ix, folder, &m, "another,name") &&
             index_message_set_guid(ix, folder, uid, "another") &&
             index_message_remove(ix, folder, uid + 1);
    }
    if (!ok || !index_folder_get(ix, folder_key, &f, &found))
        return false;
    if (found) {
        ok = index_cache_sweep(ix, &f) &&
             (!index_cache_room(ix) || index_cache_put(ix, &f, 1, 10, "new", 3));
        f.changes += 1000000;
        ok = ok && index_change_add(ix, &f, f.modseq + 1, &changed, 1) &&
             index_folder_put(ix, &f);
    }
    f = (struct index_folder){ .key = { .ino = 7, .dev = 1 }, .uidvalidity = 8 };
    return ok && index_folder_put(ix, &f) && index_folder_drop(ix, folder_key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct changes c = { data, size };
    int root = scratch_open(scratch_begin());
    struct index *ix = index_open(root, NULL, (uint64_t)1 << 24);
    CHECK(ix != NULL);
    (void)index_check(ix);
    CHECK(!index_is_private(ix)); /* a private one keeps less */
    uint32_t folder = fill(ix);
    CHECK(index_write(ix));
    while (c.left > 0)
        change(ix, &c);
    if (index_commit(ix) && index_read(ix))
        read_all(ix, folder);
    index_release(ix);
    (void)index_check(ix);
    if (index_write(ix)) {
        if (write_all(ix, folder))
            (void)index_commit(ix);
        else
            index_abort(ix);
    }
    (void)index_check(ix);
    /* Whatever it was: it can be used again. */
    if (index_read(ix))
        index_release(ix);
    else
        (void)index_check(ix);
    CHECK(index_read(ix));
    index_release(ix);
    index_close(ix);
    close(root);
    return 0;
}

/*
 * For the tests of the index's tables: an index in a directory of its own, and what is put into
 * it. Each function is there for all of them, so some are unused in one.
 */
#ifndef TESTS_MAILSTORE_TABLES_H
#define TESTS_MAILSTORE_TABLES_H

#include "mailstore/index_change.h"
#include "mailstore/index_folder.h"
#include "mailstore/index_message.h"
#include "mailstore/index_private.h"

#include "mailstore/filename.h"
#include "mailstore/mailbox.h"
#include "mailstore/table.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define UNUSED_TOO __attribute__((unused))

/* --- An index in a directory of its own. -----------------------------------------------------
 */

struct bench {
    char path[64];
    int root;
    struct index *ix;
};

#define NAME_BUF (NAME_MAX + 1)
#define MAP_SIZE ((uint64_t)1 << 30)

static UNUSED_TOO void bench_open(struct bench *b)
{
    b->ix = index_open(b->root, NULL, MAP_SIZE);
    assert_non_null(b->ix);
    index_check(b->ix);
}

static UNUSED_TOO int setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    snprintf(b->path, sizeof b->path, "/tmp/imapd-tables.XXXXXX");
    assert_non_null(mkdtemp(b->path));
    b->root = open(b->path, O_RDONLY | O_DIRECTORY);
    assert_true(b->root >= 0);
    bench_open(b);
    *state = b;
    return 0;
}

static UNUSED_TOO int teardown(void **state)
{
    struct bench *b = *state;
    char command[128];
    index_close(b->ix);
    close(b->root);
    snprintf(command, sizeof command, "rm -rf %s", b->path);
    /* The path is our own. NOLINTNEXTLINE(cert-env33-c,bugprone-command-processor) */
    assert_int_equal(system(command), 0);
    free(b);
    return 0;
}

/* The same directory, after everything was closed. */
static UNUSED_TOO void bench_reopen(struct bench *b)
{
    index_close(b->ix);
    bench_open(b);
}

/* --- Chance. ---------------------------------------------------------------------------------
 */

static uint64_t seed = 88172645463325252U;

static UNUSED_TOO uint32_t chance(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)((seed >> 20) % n);
}

/* --- Something to put. -----------------------------------------------------------------------
 */

static UNUSED_TOO void put_simple(struct index *ix, uint32_t folder, uint32_t uid)
{
    struct index_message m;
    char name[NAME_BUF];
    memset(&m, 0, sizeof m);
    m.uid = uid;
    m.state = RECORD_SHOWN;
    m.bits = INDEX_ON_DISK | INDEX_LISTED;
    m.flags = FLAG_SEEN;
    m.size = SIZE_UNKNOWN;
    m.date = INDEX_DATE_UNKNOWN;
    snprintf(name, sizeof name, "%u.M1P1.host,S=%u:2,S", uid, uid);
    assert_true(index_message_put(ix, folder, &m, name));
}

static UNUSED_TOO void put_many(struct index *ix, uint32_t folder, uint32_t n)
{
    for (uint32_t uid = 1; uid <= n; uid++)
        put_simple(ix, folder, uid);
}

static UNUSED_TOO struct folder_key some_key(uint64_t ino)
{
    return (struct folder_key){ .ino = ino, .dev = 2049 };
}

static UNUSED_TOO void make_folder(struct index_folder *f, uint64_t ino)
{
    memset(f, 0, sizeof *f);
    f->key = some_key(ino);
    f->uidvalidity = 1700000000;
    f->shown = 3;
    f->list.present = true;
    snprintf(f->list.fields, sizeof f->list.fields, " G0123456789abcdef");
}

/* The next new folder gets this id. */
static UNUSED_TOO void set_next_id(struct index *ix, uint32_t id)
{
    unsigned char key[8] = { 0 };
    struct index_self self;
    MDB_val k = { sizeof key, key };
    MDB_val v;
    assert_int_equal(mdb_get(ix->txn, ix->table[INDEX_FOLDERS], &k, &v), 0);
    assert_int_equal(v.mv_size, sizeof self);
    memcpy(&self, v.mv_data, sizeof self);
    self.next_folder = id;
    v = (MDB_val){ sizeof self, &self };
    assert_int_equal(mdb_put(ix->txn, ix->table[INDEX_FOLDERS], &k, &v, 0), 0);
}

#endif

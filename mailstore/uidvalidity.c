/*
 * The account's UIDVALIDITY counter, as Dovecot keeps it: an empty file
 * `dovecot-uidvalidity.<8 hex digits>`, whose name is the value given out last, and
 * `dovecot-uidvalidity`, which holds the same digits. A value is taken by renaming .n to .n+1:
 * of two that try, whoever they are, one finds .n gone.
 *
 * The first file is the truth and the second only a hint, which may be torn by a crash: we
 * write it for Dovecot and read it only when the first is missing.
 *
 * Our own processes take turns by a dotlock as well. Without it two of them could both find no
 * file and begin at the same second, and a directory read while another process renames can
 * miss the file under both names. Dovecot doesn't take that lock: against it there are the
 * rename that never replaces, and a second look before we believe that there is no file.
 *
 * With no file at all (a new account, or one from Courier, or the file was lost) the counter
 * begins at the clock, but above what any folder uses. Several files (a restored backup, a race
 * between Dovecot's processes): the highest counts, the others go. Values are below 2^31,
 * because many clients take them for signed.
 */
#include "mailstore/account.h"
#include "mailstore/dotlock.h"
#include "mailstore/listing.h"
#include "mailstore/sys.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "dovecot-uidvalidity"
#define LOCK_NAME "dovecot-uidvalidity.lock"
#define DIGITS    8
#define NAME_SIZE (sizeof FILE_NAME + 1 + DIGITS)

#define VALUE_MAX 0x7fffffffU

/* A value found without its proof (the hint, a folder's uidlist) is believed up to here, so
 * that damage can't use up all values at once. The clock gets there in 2037. */
#define BELIEVED_MAX 0x7f000000U

/* Each time somebody else was quicker. */
#define TRIES 20

/* A header line of a uidlist up to its UIDVALIDITY. */
#define UIDLIST_HEAD 64

static void companion(char out[NAME_SIZE], uint32_t value)
{
    snprintf(out, NAME_SIZE, FILE_NAME ".%08x", value);
}

/* Reads exactly eight hex digits. False: they are not; else any 32-bit value. */
static bool read_digits(const char *s, uint32_t *value_r)
{
    if (strspn(s, "0123456789abcdefABCDEF") < DIGITS)
        return false;
    char digits[DIGITS + 1];
    memcpy(digits, s, DIGITS);
    digits[DIGITS] = '\0';
    *value_r = (uint32_t)strtoul(digits, NULL, 16);
    return true;
}

static bool is_companion(const char *entry, uint32_t *value_r)
{
    static const char prefix[] = FILE_NAME ".";
    size_t n = sizeof prefix - 1;
    return strncmp(entry, prefix, n) == 0 && strlen(entry) == n + DIGITS &&
           read_digits(entry + n, value_r);
}

/* What a look at the root found. */
struct found {
    char best[NAME_SIZE]; /* the file's own spelling */
    uint32_t value;       /* 0: none */
    bool others;
};

static int look(int root, struct found *f)
{
    *f = (struct found){ .value = 0 };
    DIR *d = sys_opendirfd(root);
    if (d == NULL)
        return -1;
    struct dirent *e;
    while ((e = sys_readdir(d)) != NULL) {
        uint32_t value;
        if (!is_companion(e->d_name, &value))
            continue;
        bool valid = value > 0 && value <= VALUE_MAX;
        f->others = f->others || !valid || f->value > 0;
        if (valid && value > f->value) {
            f->value = value;
            memcpy(f->best, e->d_name, NAME_SIZE);
        }
    }
    int saved = errno;
    sys_closedir(d);
    errno = saved;
    return saved == 0 ? 0 : -1;
}

/* Removes the files below `value` and those that are no value. */
static void remove_others(int root, uint32_t value)
{
    DIR *d = sys_opendirfd(root);
    if (d == NULL)
        return;
    struct dirent *e;
    while ((e = sys_readdir(d)) != NULL) {
        uint32_t other;
        if (is_companion(e->d_name, &other) && (other < value || other > VALUE_MAX))
            sys_unlinkat(root, e->d_name, 0);
    }
    sys_closedir(d);
}

/* --- The beginning. ------------------------------------------------------------------------
 */

static ssize_t read_head(int root, const char *path, char *head, size_t size)
{
    int fd = sys_open_beneath(root, path, O_RDONLY | O_NONBLOCK);
    if (fd < 0)
        return -1;
    ssize_t n = sys_read(fd, head, size - 1);
    sys_close(fd);
    if (n >= 0)
        head[n] = '\0';
    return n;
}

static uint32_t higher(uint32_t value, unsigned long other)
{
    return other > 0 && other < BELIEVED_MAX && other >= value ? (uint32_t)other + 1 : value;
}

/* Raises `value` above the UIDVALIDITY of the folder at `path`: "3 V<value> ..." in Dovecot's
 * list, "1 <value> ..." in that of Courier and old Dovecots. */
static uint32_t above_folder(int root, const char *path, uint32_t value)
{
    static const char *const lists[] = { "dovecot-uidlist", "courierimapuiddb" };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct buffer file;
        buffer_init(&file, SIZE_MAX);
        buffer_printf(&file, "%s/%s", path, lists[i]);
        const char *name = buffer_string(&file);
        char head[UIDLIST_HEAD];
        bool read = name != NULL && read_head(root, name, head, sizeof head) > 0;
        buffer_free(&file);
        if (!read)
            continue;
        const char *digits = head;
        if (strncmp(head, "3 V", 3) == 0)
            digits += 3;
        else if (strncmp(head, "1 ", 2) == 0)
            digits += 2;
        if (digits > head && *digits >= '0' && *digits <= '9')
            value = higher(value, strtoul(digits, NULL, 10));
    }
    return value;
}

static enum store_error first_value(struct store *store, uint32_t *value_r)
{
    struct timespec now;
    if (sys_clock(&now) < 0)
        return STORE_UNAVAILABLE;
    uint32_t value = (uint32_t)((uint64_t)now.tv_sec & VALUE_MAX);
    if (value == 0)
        value = 1;
    char head[DIGITS + 2];
    uint32_t hint;
    if (read_head(store->root, FILE_NAME, head, sizeof head) > 0 && read_digits(head, &hint))
        value = higher(value, hint);
    struct listing l;
    enum store_error e = listing_read(store, &l);
    if (e != STORE_OK)
        return e;
    for (size_t i = 0; i < l.count; i++) {
        if (l.entry[i].selectable)
            value = above_folder(store->root, l.entry[i].path, value);
    }
    listing_free(&l);
    *value_r = value;
    return STORE_OK;
}

/* --- Taking the next. ----------------------------------------------------------------------
 */

/* Dovecot looks here first. No harm is done should it fail. */
static void write_hint(int root, uint32_t value)
{
    char digits[DIGITS + 1];
    snprintf(digits, sizeof digits, "%08x", value);
    int fd = sys_openat(root, FILE_NAME, O_WRONLY | O_CREAT | O_NOFOLLOW, MODE_FILE);
    if (fd < 0)
        return;
    if (sys_write(fd, digits, DIGITS) == DIGITS)
        sys_ftruncate(fd, DIGITS);
    sys_close(fd);
}

/* STORE_EXISTS: somebody else was quicker. */
static enum store_error begin_at(int root, uint32_t value)
{
    char name[NAME_SIZE];
    companion(name, value);
    int fd = sys_openat(root, name, O_RDWR | O_CREAT | O_EXCL, 0444);
    if (fd < 0)
        return store_error_from_errno(errno);
    sys_close(fd);
    return STORE_OK;
}

static enum store_error step_to(int root, const char *from, uint32_t value)
{
    char name[NAME_SIZE];
    companion(name, value);
    if (sys_rename_new(root, from, root, name) == 0)
        return STORE_OK;
    return errno == ENOENT ? STORE_EXISTS : store_error_from_errno(errno);
}

static enum store_error take(struct store *store, uint32_t *value_r)
{
    struct found f;
    if (look(store->root, &f) < 0 || (f.value == 0 && look(store->root, &f) < 0))
        return store_error_from_errno(errno);
    uint32_t value = 0;
    enum store_error e = STORE_OK;
    if (f.value == VALUE_MAX) {
        log_error("%s: no value is left below 2^31", FILE_NAME);
        return STORE_LIMIT;
    }
    if (f.value > 0) {
        value = f.value + 1;
        e = step_to(store->root, f.best, value);
    } else {
        e = first_value(store, &value);
        if (e == STORE_OK)
            e = begin_at(store->root, value);
    }
    if (e != STORE_OK)
        return e;
    if (f.others)
        remove_others(store->root, value);
    write_hint(store->root, value);
    if (sys_fsync(store->root) < 0)
        return store_error_from_errno(errno);
    *value_r = value;
    return STORE_OK;
}

enum store_error uidvalidity_next(struct store *store, uint32_t *uidvalidity_r)
{
    struct dotlock lock;
    enum store_error e = dotlock_take(&lock, store->root, LOCK_NAME);
    if (e != STORE_OK)
        return e;
    e = STORE_EXISTS;
    for (int i = 0; i < TRIES && e == STORE_EXISTS; i++)
        e = take(store, uidvalidity_r);
    dotlock_drop(&lock);
    return e == STORE_EXISTS ? STORE_INUSE : e;
}

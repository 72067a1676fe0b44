/*
 * Damage of the index that shows as a signal.
 *
 * LMDB reads a map of the file. Where the file ends before the map does (somebody truncated
 * it), or the disk has an error, touching the page is a SIGBUS. The handler puts another page
 * in its place and notes that; the reader goes on, with rubbish that it can read. No answer
 * counts that was found since: index_ok looks at the note. The same goes for lock.mdb, which
 * LMDB writes to: there the zeros are ours alone to write to.
 *
 * LMDB asserts that a page is what its parent says, and would end the process over zeros. So
 * the page is one that it takes for anything: a leaf and a branch at once, with two nodes whose
 * key and value are empty, and which as branches lead to page 0, where its search ends with an
 * error. Meta pages become those of an empty environment.
 *
 * Whether an address is the index's is found in /proc/self/maps when it happens, so that it
 * costs no more than a descriptor before (a session that is locked in may not get one later):
 * LMDB tells nobody where its map is. It is the only one that is shared, not to be
 * written to and of that length; and the only shared ones of a lock.mdb are its.
 *
 * Pages of random octets can lead LMDB anywhere: to an assertion, a SIGSEGV, a SIGFPE. Nothing
 * in the process is certain then, and it ends as it would have ended. But data.mdb is removed
 * first, else the user's next session would end there, too. So is it when the reason is a
 * mistake elsewhere while LMDB is at work: that costs reading the folders once.
 *
 * All here is for one environment, and in static variables, since signals have no other.
 */
#include "mailstore/index_private.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const int watched[] = { SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGABRT };
#define WATCHED (sizeof watched / sizeof *watched)

static struct {
    volatile sig_atomic_t working;
    volatile sig_atomic_t seen;
    volatile sig_atomic_t db; /* the directory of data.mdb; -1: none */
    int maps;                 /* /proc/self/maps; -1: there is none */
    bool installed;
    size_t map_size;
    uintptr_t page_size;
    uintptr_t start; /* of the map, once it was found */
    uintptr_t end;
    struct sigaction before[WATCHED];
} fault = { .db = -1, .maps = -1 };

/* --- /proc/self/maps. ------------------------------------------------------------------------
 */

/* "start-end rw-s offset device inode path": what it takes to tell ours. */
struct line {
    uintptr_t number[2];
    unsigned field; /* 0 start, 1 end, 2 rights, 3 the rest */
    unsigned rights_len;
    char rights[4];
    unsigned matched; /* octets of LOCK_PART */
};

#define LOCK_PART     "/lock.mdb"
#define LOCK_PART_LEN (sizeof LOCK_PART - 1)

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void line_take(struct line *l, char c)
{
    static const char lock_part[] = LOCK_PART;
    if (l->field < 2) {
        int digit = hex_digit(c);
        if (digit < 0)
            l->field++;
        else
            l->number[l->field] = l->number[l->field] << 4 | (unsigned)digit;
    } else if (l->field == 2) {
        if (c == ' ' || l->rights_len == sizeof l->rights)
            l->field++;
        else
            l->rights[l->rights_len++] = c;
    } else if (l->matched < LOCK_PART_LEN) {
        if (c != lock_part[l->matched])
            l->matched = 0;
        if (c == lock_part[l->matched])
            l->matched++;
    }
}

static bool has_rights(const struct line *l, const char *rights)
{
    for (unsigned i = 0; i < sizeof l->rights; i++)
        if (l->rights_len != sizeof l->rights || l->rights[i] != rights[i])
            return false;
    return true;
}

/* What was mapped at `at`: the rights to give to the page; PROT_NONE: nothing of the index's.
 */
static int rights_of(const struct line *l, uintptr_t at)
{
    uintptr_t start = l->number[0];
    uintptr_t end = l->number[1];
    if (at < start || at >= end)
        return PROT_NONE;
    if (has_rights(l, "rw-s") && l->matched == LOCK_PART_LEN)
        return PROT_READ | PROT_WRITE;
    if (!has_rights(l, "r--s") || end - start != fault.map_size)
        return PROT_NONE;
    fault.start = start;
    fault.end = end;
    return PROT_READ;
}

static int find_rights(uintptr_t at)
{
    char text[1024];
    struct line line = { .field = 0 };
    int rights = PROT_NONE;
    ssize_t n;
    if (at >= fault.start && at < fault.end)
        return PROT_READ;
    if (lseek(fault.maps, 0, SEEK_SET) < 0)
        return PROT_NONE;
    while (rights == PROT_NONE && (n = read(fault.maps, text, sizeof text)) > 0) {
        for (ssize_t i = 0; i < n && rights == PROT_NONE; i++) {
            if (text[i] != '\n') {
                line_take(&line, text[i]);
                continue;
            }
            rights = rights_of(&line, at);
            line = (struct line){ .field = 0 };
        }
    }
    return rights;
}

/* --- The handler. ----------------------------------------------------------------------------
 */

/* LMDB's layout (index_sound.c): flags, end of the nodes' offsets, begin of the nodes; then the
 * two offsets. */
#define FLAGS_AT    10
#define LOWER_AT    12
#define UPPER_AT    14
#define NODES_AT    16
#define NODE        64   /* where both nodes are: zeros */
#define ANY_PAGE    0x03 /* a branch, and a leaf */
#define META_PAGE   0x08
#define META_ROOT_1 80 /* of the free pages, and of the tables: all ones is none */
#define META_ROOT_2 128

static void put16(unsigned char *page, size_t at, uint16_t n)
{
    memcpy(page + at, &n, sizeof n);
}

static void fill_page(unsigned char *page, bool meta)
{
    put16(page, FLAGS_AT, meta ? META_PAGE : ANY_PAGE);
    if (meta) {
        memset(page + META_ROOT_1, 0xff, sizeof(uint64_t));
        memset(page + META_ROOT_2, 0xff, sizeof(uint64_t));
        return;
    }
    put16(page, LOWER_AT, NODES_AT + 2 * sizeof(uint16_t));
    put16(page, UPPER_AT, NODE);
    put16(page, NODES_AT, NODE);
    put16(page, NODES_AT + sizeof(uint16_t), NODE);
}

static bool put_page(const siginfo_t *info)
{
    uintptr_t at = (uintptr_t)info->si_addr;
    if (info->si_code != BUS_ADRERR)
        return false;
    int rights = find_rights(at);
    if (rights == PROT_NONE)
        return false;
    at &= ~(fault.page_size - 1);
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): it was a pointer */
    unsigned char *page = (unsigned char *)at;
    if (mmap(page, fault.page_size, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
        return false;
    fault.seen = 1;
    if ((rights & PROT_WRITE) != 0)
        return true;
    fill_page(page, at - fault.start < 2 * fault.page_size);
    return mprotect(page, fault.page_size, PROT_READ) == 0;
}

/* What was there before gets the signal: the instruction is tried again when we return, and a
 * signal that was sent comes once more. */
static void hand_on(int sig, const siginfo_t *info)
{
    for (size_t i = 0; i < WATCHED; i++)
        if (watched[i] == sig)
            (void)sigaction(sig, &fault.before[i], NULL);
    if (info->si_code <= 0)
        (void)raise(sig);
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)context;
    int saved = errno;
    if (sig != SIGBUS || !put_page(info)) {
        if (fault.working != 0 && fault.db >= 0)
            (void)unlinkat(fault.db, "data.mdb", 0);
        hand_on(sig, info);
    }
    errno = saved;
}

void index_fault_assert(MDB_env *env, const char *what)
{
    (void)env; /* abort(3) comes next, and with it on_fault */
    log_error("the index is damaged, and begun anew by the next session: %s", what);
}

/* --- For index.c. ----------------------------------------------------------------------------
 */

static void install(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO;
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < WATCHED; i++)
        (void)sigaction(watched[i], &action, &fault.before[i]);
    fault.maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    fault.installed = true;
}

void index_fault_watch(int db, size_t map_size)
{
    long size = sysconf(_SC_PAGESIZE);
    fault.page_size = size > 0 ? (uintptr_t)size : 4096;
    fault.db = db;
    fault.map_size = map_size;
    fault.start = fault.end = 0;
    fault.seen = 0;
    if (!fault.installed)
        install();
}

void index_fault_end(void)
{
    fault.working = 0;
    fault.db = -1;
    if (!fault.installed)
        return;
    for (size_t i = 0; i < WATCHED; i++)
        (void)sigaction(watched[i], &fault.before[i], NULL);
    if (fault.maps >= 0)
        (void)close(fault.maps);
    fault.maps = -1;
    fault.installed = false;
}

void index_fault_work(bool begins)
{
    fault.working = begins;
}

bool index_fault_seen(void)
{
    return fault.seen != 0;
}

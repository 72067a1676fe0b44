/*
 * What LMDB believes without a look.
 *
 * Its first two pages are the meta pages: page size, number of pages, roots of the two trees.
 * LMDB checks their magic number and version, and divides and maps by the rest. A page size of
 * 0 would end the process at each login; so would a file that is shorter than they say, by a
 * SIGBUS (index_fault.c) as soon as a page is touched that is not there. index_commit keeps
 * the file as long as they say.
 *
 * This is the layout of version 1 on a machine with 64 bits; any other is left to LMDB.
 */
#include "mailstore/index_private.h"
#include "mailstore/sys.h"

#include <string.h>

#define META_OFFSET  16 /* behind the page's own header */
#define META_SIZE    136
#define META_MAGIC   0xbeefc0deU
#define META_VERSION 1
/* Offsets in the meta. */
#define PAGE_SIZE_AT 24
#define ROOT_AT      64
#define ROOT_STEP    48
#define LAST_PAGE_AT 120
#define TXN_AT       128

#define PAGE_SIZE_MIN 512
#define PAGE_SIZE_MAX 65536

struct meta {
    uint64_t page_size;
    uint64_t last_page;
    uint64_t txn;
    uint64_t root[2]; /* UINT64_MAX: an empty tree */
};

static uint32_t get32(const unsigned char *at)
{
    uint32_t n;
    memcpy(&n, at, sizeof n);
    return n;
}

static uint64_t get64(const unsigned char *at)
{
    uint64_t n;
    memcpy(&n, at, sizeof n);
    return n;
}

enum verdict { SOUND, UNSOUND, UNKNOWN };

static enum verdict read_meta(int fd, uint64_t page_at, struct meta *m_r)
{
    unsigned char raw[META_SIZE];
    if (sys_pread(fd, raw, sizeof raw, (off_t)page_at + META_OFFSET) != META_SIZE)
        return UNSOUND;
    if (get32(raw) != META_MAGIC)
        return UNSOUND;
    if (get32(raw + sizeof(uint32_t)) != META_VERSION)
        return UNKNOWN;
    m_r->page_size = get32(raw + PAGE_SIZE_AT);
    m_r->root[0] = get64(raw + ROOT_AT);
    m_r->root[1] = get64(raw + ROOT_AT + ROOT_STEP);
    m_r->last_page = get64(raw + LAST_PAGE_AT);
    m_r->txn = get64(raw + TXN_AT);
    return SOUND;
}

static bool fits(const struct meta *m, uint64_t size)
{
    bool roots = (m->root[0] == UINT64_MAX || m->root[0] <= m->last_page) &&
                 (m->root[1] == UINT64_MAX || m->root[1] <= m->last_page);
    return roots && m->last_page >= 1 && m->last_page < size / m->page_size;
}

bool index_sound(int fd, uint64_t size)
{
    struct meta first;
    struct meta second;
    if (sizeof(size_t) != sizeof(uint64_t))
        return true;
    enum verdict v = read_meta(fd, 0, &first);
    if (v != SOUND)
        return v == UNKNOWN;
    if (first.page_size < PAGE_SIZE_MIN || first.page_size > PAGE_SIZE_MAX ||
        (first.page_size & (first.page_size - 1)) != 0)
        return false;
    v = read_meta(fd, first.page_size, &second);
    if (v != SOUND)
        return v == UNKNOWN;
    /* The older one may have been cut off in the middle of things: only the newer one counts.
     */
    const struct meta *newer = second.txn > first.txn ? &second : &first;
    return first.page_size == second.page_size && fits(newer, size);
}

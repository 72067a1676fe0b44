/* Between what the index keeps of a directory and what a process does (mailstore/dirs.h). */
#include "mailstore/index_stamp.h"

#include <string.h>

bool index_stamp_same(const struct index_stamp *a, const struct index_stamp *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->sec == b->sec && a->nsec == b->nsec;
}

void stamp_from_index(struct dir_stamp *stamp, const struct index_stamp *from)
{
    bool same = stamp->dev == from->dev && stamp->ino == from->ino &&
                stamp->mtime.tv_sec == from->sec && stamp->mtime.tv_nsec == from->nsec;
    stamp->known = from->ino != 0;
    stamp->verify_at = from->verify_at;
    if (same)
        return;
    stamp->dev = from->dev;
    stamp->ino = from->ino;
    stamp->mtime.tv_sec = from->sec;
    stamp->mtime.tv_nsec = from->nsec;
    stamp->since = monotonic_ms();
}

void stamp_to_index(struct index_stamp *to, const struct dir_stamp *stamp)
{
    memset(to, 0, sizeof *to);
    if (!stamp->known)
        return;
    to->dev = stamp->dev;
    to->ino = stamp->ino;
    to->sec = stamp->mtime.tv_sec;
    to->nsec = stamp->mtime.tv_nsec;
    to->verify_at = stamp->verify_at;
}

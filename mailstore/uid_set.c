/* A growing list of ascending UIDs. */
#include "mailstore/mailbox_private.h"

#include <stdlib.h>

bool uid_set_add(struct uid_set *set, uint32_t uid)
{
    if (set->count == set->allocated) {
        size_t n = set->allocated == 0 ? 16 : set->allocated * 2;
        uint32_t *grown = reallocarray(set->uid, n, sizeof *grown);
        if (grown == NULL)
            return false;
        set->uid = grown;
        set->allocated = n;
    }
    size_t at = set->count++;
    while (at > 0 && set->uid[at - 1] > uid) {
        set->uid[at] = set->uid[at - 1];
        at--;
    }
    set->uid[at] = uid;
    return true;
}

bool uid_set_has(const struct uid_set *set, uint32_t uid)
{
    size_t low = 0;
    size_t high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (set->uid[middle] < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->count && set->uid[low] == uid;
}

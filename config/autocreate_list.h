/* The setting `autocreate`: "NAME, NAME \\Use, ..." */
#ifndef CONFIG_AUTOCREATE_LIST_H
#define CONFIG_AUTOCREATE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct autocreate_item {
    const char *name; /* n octets of the setting, not looked into */
    size_t n;
    unsigned uses; /* enum special_use (mailstore/special_use.h); 0: what the name says */
};

/* Takes the next folder of the list that *at points into. False: it has no name, or a word
 * behind it is no special use. To be asked until *at is at the end. */
bool autocreate_next(const char **at, struct autocreate_item *item_r);

#endif

/* What search_prepare has made of a program's keys, for search_run: search_key.prepared. */
#ifndef SESSION_SEARCH_PRIVATE_H
#define SESSION_SEARCH_PRIVATE_H

#include "session/search.h"

/* Of SEARCH_SEQUENCE and SEARCH_UID. The key's own set stays as it came. */
struct wanted_set {
    bool by_uid;
    struct sequence_set set; /* normalized; points to `range` */
    struct sequence_range range[];
};

/* Of SEARCH_FLAG and SEARCH_KEYWORD. */
struct wanted_flag {
    uint8_t flags;
    bool recent;
    uint32_t keywords;
};

/* Of SEARCH_HEADER, SEARCH_BODY and SEARCH_TEXT. */
struct wanted_text {
    struct search_text *text;
    int field;       /* SEARCH_HEADER: its number in SUMMARY_SEARCH; -1: it is not in it */
    uint64_t fields; /* SEARCH_HEADER: else, as one of SUMMARY_FIELDS; 0: it is not in it */
};

#endif

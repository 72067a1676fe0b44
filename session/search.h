/* Which messages of the selected folder fit a SEARCH program (RFC 3501 section 6.4.4). */
#ifndef SESSION_SEARCH_H
#define SESSION_SEARCH_H

#include "message/search.h"
#include "parser/search.h"
#include "session/view.h"

/* Makes a program ready for a folder: strings converted and folded, sets normalized. Free with
 * search_release, on failure too. */
enum search_prepared {
    SEARCH_PREPARED,
    SEARCH_BADCHARSET, /* the charset is not known: NO [BADCHARSET] */
    SEARCH_BAD_STRING, /* a string is not text in that charset: BAD */
    SEARCH_BAD_NUMBER, /* a sequence number beyond the last message: BAD */
    SEARCH_NO_MEMORY
};
enum search_prepared search_prepare(const struct view *v, struct search_program *program);
void search_release(struct search_program *program);

struct search_result {
    struct view_messages found; /* ascending; free with view_messages_free */
    size_t unreadable;          /* messages that could not be looked into: they do not fit */
};

/* Looks through the whole view. False: no memory. */
bool search_run(const struct view *v, const struct search_program *program,
                struct search_result *result_r);

#endif

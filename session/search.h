/* Which messages of the selected folder fit a SEARCH program (RFC 3501 section 6.4.4). */
#ifndef SESSION_SEARCH_H
#define SESSION_SEARCH_H

#include "message/search.h"
#include "parser/search.h"
#include "session/view.h"

/* Makes a program ready for a folder as it is now: strings converted and folded, sets resolved.
 * Free with search_release, on failure too; then it may be made ready again. */
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

/* Looks through the messages in result->found alone, which are of the view and ascend, and
 * leaves those that fit. */
void search_among(const struct view *v, const struct search_program *program,
                  struct search_result *result);

/* --- For a program that is asked again and again (session/context.h). ----------------------
 */

/* Makes the message numbers in a program, and "$", the UIDs of the messages that they name now:
 * nothing else is meant by them later. To be called where search_prepare has found no fault,
 * after search_release. False: no memory. */
bool search_freeze(const struct view *v, struct search_program *program, struct arena *arena);

/* Whether messages begin or cease to fit for another reason than that they have come or were
 * changed: time goes by, or '*' becomes another. */
bool search_is_volatile(const struct search_program *program);

#endif

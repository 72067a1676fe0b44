/* SORT's order (RFC 5256 section 3) of messages of the selected folder. */
#ifndef SESSION_SORT_H
#define SESSION_SORT_H

#include "parser/sort.h"
#include "session/view.h"

/* Puts n messages, which come in the order of the view, into the order of the criteria; those
 * that are equal by these stay as they came. What they are sorted by is kept in the index. Of a
 * message that can't be read any more every key is empty. STORE_UNAVAILABLE, and the order as
 * it was: no memory, or more text to sort by than SORT_TEXT_MAX octets. */
#define SORT_TEXT_MAX ((size_t)1 << 29)
enum store_error sort_messages(const struct view *v, const struct sort_program *program,
                               uint32_t *uid, size_t n);

#endif

/* How the results of SEARCH and SORT are told, and saved. */
#ifndef COMMAND_SEARCH_ANSWER_H
#define COMMAND_SEARCH_ANSWER_H

#include "command/command.h"
#include "session/search.h"

/* Prepares and runs a program, which is then released. False: the command is ended; else
 * result_r->found is the caller's, who frees it with view_messages_free. */
bool find_messages(struct command *c, struct search_program *program,
                   struct search_result *result_r);

/* Tells of messages that could not be looked into. */
void put_unreadable(struct command *c, const struct search_result *result);

/* n results in their order: for SEARCH that of the view, so that the first is MIN. With
 * `returns` given the answer is ESEARCH (RFC 4731, RFC 5267 section 3), unless nothing but SAVE
 * was asked for; else "* NAME" and the numbers. */
void put_results(struct command *c, const char *name, const struct search_return *returns,
                 const uint32_t *uid, size_t n);

/* Where SAVE is among the options: "$" becomes what RFC 5182 section 2.4 and RFC 9394 section
 * 3.2 say of these results, in whatever order they are. False: the command is ended with NO,
 * since there is no memory; then it is empty. */
bool save_results(struct command *c, const struct search_return *returns, const uint32_t *uid,
                  size_t n);
/* To be called at the end: NO empties what was saved, BAD does not (RFC 5182 section 2.1). */
void drop_saved(struct command *c, const struct search_return *returns);

/* RFC 5267 section 4.3: a tag can't be used again for UPDATE while one is being told. False:
 * the command is ended with BAD. To be asked before anything is done. */
bool may_update(struct command *c, const struct search_return *returns);

/* Tells that no changes of the results will be told (section 4.3.1). */
void put_noupdate(struct command *c, const char *why);

#endif

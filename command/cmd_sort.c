/* SORT: RFC 5256; with RETURN, ESORT: RFC 5267 section 3. */
#include "command/search_answer.h"

#include "parser/sort.h"
#include "session/sort.h"

bool parse_sort_command(struct command *c)
{
    struct sort_program *program = command_args(c, sizeof *program);
    return program != NULL && lexer_space(c->lexer) && parse_sort(c->lexer, program) &&
           lexer_end(c->lexer);
}

static void answer(struct command *c, const struct sort_program *program,
                   const struct search_result *result)
{
    const struct search_return *returns = &program->search.returns;
    const struct view_messages *found = &result->found;
    enum store_error error =
        sort_messages(&c->session->view, program, found->uid, found->count);
    if (error != STORE_OK) {
        command_store_error(c, error);
        return;
    }
    if (!save_results(c, returns, found->uid, found->count))
        return;
    put_results(c, "SORT", returns, found->uid, found->count);
    put_unreadable(c, result);
    if ((returns->options & RETURN_UPDATE) != 0) /* no CONTEXT=SORT here */
        put_noupdate(c, "Sorted results are not updated");
    command_ok(c, NULL, "SORT completed");
}

void run_sort(struct command *c)
{
    struct sort_program *program = c->args;
    struct search_result result;
    if (!may_update(c, &program->search.returns))
        return;
    if (find_messages(c, &program->search, &result)) {
        answer(c, program, &result);
        view_messages_free(&result.found);
    }
    drop_saved(c, &program->search.returns);
}

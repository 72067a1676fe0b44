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

void run_sort(struct command *c)
{
    struct sort_program *program = c->args;
    struct search_result result;
    if (!may_update(c, &program->search.returns))
        return;
    if (!find_messages(c, &program->search, &result))
        return;
    enum store_error error =
        sort_messages(&c->session->view, program, result.found.uid, result.found.count);
    if (error == STORE_OK) {
        put_results(c, "SORT", &program->search.returns, result.found.uid, result.found.count);
        put_unreadable(c, &result);
        if ((program->search.returns.options & RETURN_UPDATE) != 0) /* no CONTEXT=SORT here */
            put_noupdate(c, "Sorted results are not updated");
        command_ok(c, NULL, "SORT completed");
    } else {
        command_store_error(c, error);
    }
    view_messages_free(&result.found);
}

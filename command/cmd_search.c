/* SEARCH: RFC 3501 section 6.4.4; with RETURN: RFC 4731. */
#include "command/search_answer.h"

#include "base/buffer.h"
#include "session/search.h"

bool parse_search_command(struct command *c)
{
    struct search_program *program = command_args(c, sizeof *program);
    return program != NULL && lexer_space(c->lexer) && parse_search(c->lexer, program) &&
           lexer_end(c->lexer);
}

/* BADCHARSET lists what would do (RFC 3501 section 7.1). */
static void refuse_charset(struct command *c)
{
    struct buffer code;
    buffer_init(&code, 4096);
    buffer_puts(&code, "BADCHARSET (");
    for (const char *const *name = charset_names; *name != NULL; name++)
        buffer_printf(&code, "%s%s", name == charset_names ? "" : " ", *name);
    buffer_putc(&code, ')');
    const char *kept = code.failed ? NULL : arena_copy(&c->lexer->arena, code.data, code.len);
    buffer_free(&code);
    command_no(c, kept != NULL ? kept : "BADCHARSET", "Unknown charset");
}

static void search(struct command *c, const struct search_program *program)
{
    struct view *v = &c->session->view;
    struct search_result result;
    if (!search_run(v, program, &result)) {
        command_store_error(c, STORE_UNAVAILABLE);
        return;
    }
    const struct view_messages *found = &result.found;
    if (save_results(c, &program->returns, found->uid, found->count)) {
        put_results(c, "SEARCH", &program->returns, found->uid, found->count);
        if (result.unreadable > 0)
            stream_printf(c->session->io, "* NO %zu messages could not be read\r\n",
                          result.unreadable);
        command_ok(c, NULL, "SEARCH completed");
    } else {
        command_no(c, "NOTSAVED", "Out of memory");
    }
    view_messages_free(&result.found);
}

void run_search(struct command *c)
{
    struct search_program *program = c->args;
    switch (search_prepare(&c->session->view, program)) {
    case SEARCH_PREPARED:
        search(c, program);
        break;
    case SEARCH_BADCHARSET:
        refuse_charset(c);
        break;
    case SEARCH_BAD_STRING:
        command_bad(c, "A string is no text in the charset of the search");
        break;
    case SEARCH_BAD_NUMBER:
        command_bad(c, "There is no message with that number");
        break;
    case SEARCH_NO_MEMORY:
        command_store_error(c, STORE_UNAVAILABLE);
        break;
    }
    /* RFC 5182 section 2.1: NO empties what was saved, BAD does not. */
    if (c->ending == ENDING_NO && (program->returns.options & RETURN_SAVE) != 0)
        (void)view_save(&c->session->view, NULL, 0);
    search_release(program);
}

/* SEARCH: RFC 3501 section 6.4.4; with RETURN: RFC 4731; with UPDATE: RFC 5267 section 4.3. */
#include "command/search_answer.h"

#include "base/buffer.h"
#include "session/context.h"

bool parse_search_command(struct command *c)
{
    struct search_program *program = command_args(c, sizeof *program);
    if (program == NULL || !lexer_space(c->lexer) || !parse_search(c->lexer, program) ||
        !lexer_end(c->lexer))
        return false;
    if (is_rev2(c->session) && !program->returns.given) { /* RFC 9051 section 6.4.4 */
        program->returns.given = true;
        program->returns.options = RETURN_ALL;
    }
    return program->charset == NULL || (c->session->enabled & EXTENSION_ACCEPT) == 0 ||
           lexer_fail(c->lexer, LEXER_SYNTAX, "CHARSET is not for UTF8=ACCEPT"); /* RFC 6855 */
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

static bool run(struct command *c, const struct search_program *program,
                struct search_result *result_r)
{
    if (search_run(&c->session->view, program, result_r))
        return true;
    command_store_error(c, STORE_UNAVAILABLE);
    return false;
}

bool find_messages(struct command *c, struct search_program *program,
                   struct search_result *result_r)
{
    bool found = false;
    if (program->returns.modseq && !command_uses_modseqs(c)) {
        search_release(program);
        return false;
    }
    c->keeps_numbers = search_has_key(program->root, SEARCH_SEQUENCE);
    switch (search_prepare(&c->session->view, program)) {
    case SEARCH_PREPARED:
        found = run(c, program, result_r);
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
    search_release(program);
    return found;
}

void put_unreadable(struct command *c, const struct search_result *result)
{
    if (result->unreadable > 0)
        stream_printf(c->session->io, "* NO %zu messages could not be read\r\n",
                      result->unreadable);
}

static void begin_updates(struct command *c, struct search_program *program,
                          const struct search_result *result)
{
    const struct context_search search = { c->tag, c->by_uid, program };
    if ((program->returns.options & RETURN_UPDATE) != 0 &&
        !context_add(&c->session->view, &search, &c->lexer->arena, &result->found))
        put_noupdate(c, "Too many contexts");
}

static void answer(struct command *c, struct search_program *program,
                   const struct search_result *result)
{
    const struct view_messages *found = &result->found;
    const struct search_return *returns = &program->returns;
    if (!save_results(c, returns, found->uid, found->count))
        return;
    put_results(c, "SEARCH", returns, found->uid, found->count);
    put_unreadable(c, result);
    begin_updates(c, program, result);
    command_ok(c, NULL, "SEARCH completed");
}

void run_search(struct command *c)
{
    struct search_program *program = c->args;
    struct search_result result;
    if (!may_update(c, &program->returns))
        return;
    if (find_messages(c, program, &result)) {
        answer(c, program, &result);
        view_messages_free(&result.found);
    }
    drop_saved(c, &program->returns);
}

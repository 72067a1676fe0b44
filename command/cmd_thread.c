/* THREAD: RFC 5256. */
#include "command/search_answer.h"

#include "session/thread.h"

#include <stdlib.h>

/* On the stack of what is still to be written: a list's end. */
#define END UINT32_MAX

struct writer {
    struct command *c;
    const struct threads *t;
    const uint32_t *number; /* of each message: its UID, or its number */
    uint32_t *stack;
    size_t depth;
};

bool parse_thread_command(struct command *c)
{
    struct thread_program *program = command_args(c, sizeof *program);
    return program != NULL && lexer_space(c->lexer) && parse_thread(c->lexer, program) &&
           lexer_end(c->lexer);
}

/* The messages' numbers in the place of their UIDs, which ascend. */
static void take_numbers(const struct view *v, uint32_t *uid, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        uid[i] = view_sequence_next(v, uid[i], &at);
}

/* From "(" on up to where the thread splits or ends. */
static void put_members(struct writer *w, uint32_t node)
{
    stream_puts(w->c->session->io, "(");
    w->stack[w->depth++] = END;
    for (;;) {
        const struct thread_node *n = &w->t->node[node];
        if (n->uid != 0)
            stream_put_uint(w->c->session->io, w->number[node]);
        if (n->uid != 0 && n->children > 0)
            stream_puts(w->c->session->io, " ");
        if (n->children != 1) {
            for (uint32_t i = n->children; i > 0; i--)
                w->stack[w->depth++] = w->t->child[n->first + i - 1];
            return;
        }
        node = w->t->child[n->first];
    }
}

static void put_threads(struct writer *w)
{
    stream_puts(w->c->session->io, "* THREAD");
    for (size_t i = 0; i < w->t->roots; i++) {
        if (i == 0)
            stream_puts(w->c->session->io, " ");
        w->stack[w->depth++] = w->t->root[i];
        while (w->depth > 0) {
            uint32_t next = w->stack[--w->depth];
            if (next == END)
                stream_puts(w->c->session->io, ")");
            else
                put_members(w, next);
        }
    }
    stream_puts(w->c->session->io, "\r\n");
}

static enum store_error thread(struct command *c, const struct thread_program *program,
                               struct view_messages *found)
{
    struct threads t;
    struct writer w = { .c = c, .t = &t, .number = found->uid };
    enum store_error error =
        threads_make(&c->session->view, program->algorithm, found->uid, found->count, &t);
    /* A message is on it once, and so is the end of the list that it begins; and one root. */
    w.stack = calloc(found->count * 2 + 2, sizeof *w.stack);
    if (error == STORE_OK && w.stack == NULL)
        error = STORE_UNAVAILABLE;
    if (error == STORE_OK && !c->by_uid)
        take_numbers(&c->session->view, found->uid, found->count);
    if (error == STORE_OK)
        put_threads(&w);
    free(w.stack);
    threads_free(&t);
    return error;
}

void run_thread(struct command *c)
{
    struct thread_program *program = c->args;
    struct search_result result;
    if (!find_messages(c, &program->search, &result))
        return;
    enum store_error error = thread(c, program, &result.found);
    if (error == STORE_OK) {
        put_unreadable(c, &result);
        command_ok(c, NULL, "THREAD completed");
    } else {
        command_store_error(c, error);
    }
    view_messages_free(&result.found);
}

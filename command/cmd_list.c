/* LIST: RFC 3501 section 6.3.8; CHILDREN: RFC 3348; LIST-EXTENDED: RFC 5258; LIST-STATUS: RFC
 * 5819; SPECIAL-USE: RFC 6154; IMAP4rev2: RFC 9051 sections 6.3.2 and 6.3.9. */
#include "command/list.h"
#include "command/status.h"

#include "mailstore/name.h"
#include "parser/list.h"
#include "session/special_use.h"

#include <stdlib.h>
#include <string.h>

/* A LIST under way. */
struct lister {
    struct command *c;
    const struct list_request *request;
    char **pattern; /* canonical; NULL: one that fits nothing */
    struct listed_folders folders;
};

bool parse_list(struct command *c)
{
    struct list_request *request = command_args(c, sizeof *request);
    return request != NULL && parse_list_request(c->lexer, request) && lexer_end(c->lexer);
}

/* Whether a name satisfies the selection criteria (RFC 5258 section 3). */
static bool selected(const struct lister *l, const struct listed *f)
{
    unsigned select = l->request->select;
    bool is = (select & LIST_SUBSCRIBED) != 0 ? f->subscribed : f->exists;
    return is && ((select & LIST_SPECIAL_USE) == 0 || f->use != 0);
}

static bool matches(const struct lister *l, const char *name)
{
    for (size_t i = 0; i < l->request->patterns; i++)
        if (l->pattern[i] != NULL && folder_match(l->pattern[i], name))
            return true;
    return false;
}

/* What is below the i-th folder and satisfies the criteria: any at all, and any that is not
 * listed itself (RFC 5258 section 3.5). */
static void look_below(const struct lister *l, size_t i, bool *any_r, bool *unlisted_r)
{
    const struct listed *f = &l->folders.folder[i];
    *any_r = *unlisted_r = false;
    for (size_t j = i + 1; j < l->folders.count && !*unlisted_r; j++) {
        const struct listed *below = &l->folders.folder[j];
        if (!name_is_below(below->name, f->name))
            break;
        if (!selected(l, below))
            continue;
        *any_r = true;
        *unlisted_r = !matches(l, below->name);
    }
}

/* Plain LIST has \Noselect, the extended one \NonExistent, which says more. `shut`: it is
 * there, but can't be selected. */
static void put_listed(const struct lister *l, const struct listed *f, bool shut,
                       bool childinfo)
{
    const struct list_request *r = l->request;
    struct stream *io = l->c->session->io;
    bool told =
        (r->select & LIST_SUBSCRIBED) != 0 || (r->returns & LIST_RETURN_SUBSCRIBED) != 0;
    stream_puts(io, "* LIST (");
    if (!f->selectable && (r->extended || is_rev2(l->c->session)))
        stream_puts(io, "\\NonExistent ");
    else if (!f->selectable || shut)
        stream_puts(io, "\\Noselect ");
    if (told && f->subscribed)
        stream_puts(io, "\\Subscribed ");
    for (unsigned i = 0; i < SPECIAL_USES; i++)
        if ((f->use & 1U << i) != 0)
            stream_printf(io, "%s ", special_use_name[i]);
    stream_puts(io, f->has_children ? "\\HasChildren" : "\\HasNoChildren");
    stream_puts(io, ") \"/\" ");
    put_mailbox(l->c->session, f->name);
    if (childinfo)
        stream_printf(io, " (\"CHILDINFO\" (%s%s%s))",
                      (r->select & LIST_SUBSCRIBED) != 0 ? "\"SUBSCRIBED\"" : "",
                      (r->select & LIST_SUBSCRIBED) != 0 && (r->select & LIST_SPECIAL_USE) != 0
                          ? " "
                          : "",
                      (r->select & LIST_SPECIAL_USE) != 0 ? "\"SPECIAL-USE\"" : "");
    stream_puts(io, "\r\n");
}

/* Whether a folder has children is not told: to know it the whole list must be read, 3 us a
 * folder. */
void list_selected(const struct session *s, const struct text *called)
{
    struct stream *io = s->io;
    unsigned uses = special_uses_of(s->store, s->view.name);
    const char *before = "* LIST (";
    for (unsigned i = 0; i < SPECIAL_USES; i++) {
        if ((uses & 1U << i) == 0)
            continue;
        stream_printf(io, "%s%s", before, special_use_name[i]);
        before = " ";
    }
    stream_puts(io, before[0] == '*' ? "* LIST () \"/\" " : ") \"/\" ");
    put_mailbox(s, s->view.name);
    if (strcmp(called->octets, s->view.name) != 0) {
        stream_puts(io, " (\"OLDNAME\" (");
        put_string(s, called->octets, called->n);
        stream_puts(io, "))");
    }
    stream_puts(io, "\r\n");
}

/* The status is asked for before the folder is listed, which depends on it (RFC 5819 section
 * 2). */
static void list_one(const struct lister *l, size_t i)
{
    const struct list_request *r = l->request;
    const struct listed *f = &l->folders.folder[i];
    struct mailbox_counts counts;
    bool fits = selected(l, f);
    bool any = false, unlisted = false;
    if (!matches(l, f->name))
        return;
    if ((r->select & LIST_RECURSIVEMATCH) != 0)
        look_below(l, i, &any, &unlisted);
    if (!fits && !unlisted)
        return;
    bool status = fits && f->selectable && (r->returns & LIST_RETURN_STATUS) != 0;
    enum store_error error =
        status ? get_status(l->c->session, f->name, r->status, &counts) : STORE_OK;
    put_listed(l, f, error == STORE_NOPERM || error == STORE_NONEXISTENT, any);
    if (status && error == STORE_OK)
        put_status(l->c->session, f->name, r->status, &counts);
}

static enum store_error list_folders(struct lister *l)
{
    const struct list_request *r = l->request;
    bool subscriptions =
        (r->select & LIST_SUBSCRIBED) != 0 || (r->returns & LIST_RETURN_SUBSCRIBED) != 0;
    enum store_error error =
        listed_folders_read(l->c->session->store, subscriptions, &l->folders);
    special_uses_mark(l->c->session->store, &l->folders);
    for (size_t i = 0; error == STORE_OK && i < l->folders.count; i++)
        list_one(l, i);
    listed_folders_free(&l->folders);
    return error;
}

/* An empty pattern fits nothing (RFC 5258 section 3). */
static bool make_patterns(struct lister *l)
{
    const struct list_request *r = l->request;
    l->pattern = calloc(r->patterns, sizeof *l->pattern);
    bool ok = l->pattern != NULL;
    for (size_t i = 0; ok && i < r->patterns; i++) {
        if (r->pattern[i].n == 0)
            continue;
        l->pattern[i] = list_pattern(l->c->session, &r->reference, &r->pattern[i]);
        ok = l->pattern[i] != NULL;
    }
    return ok;
}

static void free_patterns(struct lister *l)
{
    for (size_t i = 0; l->pattern != NULL && i < l->request->patterns; i++)
        free(l->pattern[i]);
    free(l->pattern);
}

void run_list(struct command *c)
{
    struct lister l = { .c = c, .request = c->args };
    if (!l.request->extended && l.request->pattern[0].n == 0) {
        list_root(c, "LIST");
        return;
    }
    enum store_error error = make_patterns(&l) ? list_folders(&l) : STORE_LIMIT;
    free_patterns(&l);
    if (error != STORE_OK)
        command_store_error(c, error);
    else
        command_ok(c, NULL, "Listed");
}

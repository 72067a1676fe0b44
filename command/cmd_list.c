/* LIST and LSUB: RFC 3501 sections 6.3.8 and 6.3.9; CHILDREN: RFC 3348. */
#include "command/command.h"

#include "base/buffer.h"
#include "mailstore/name.h"

#include <stdlib.h>
#include <string.h>

struct list_args {
    struct text reference, pattern;
};

bool parse_list(struct command *c)
{
    struct list_args *args = command_args(c, sizeof *args);
    return args != NULL && parse_mailbox(c->lexer, &args->reference) && lexer_space(c->lexer) &&
           lexer_list_mailbox(c->lexer, &args->pattern) && lexer_end(c->lexer);
}

static void put_folder(struct stream *io, const char *command, const struct folder *f,
                       bool children)
{
    stream_printf(io, "* %s (", command);
    if (!f->selectable)
        stream_puts(io, children ? "\\Noselect " : "\\Noselect");
    if (children)
        stream_puts(io, f->has_children ? "\\HasChildren" : "\\HasNoChildren");
    stream_puts(io, ") \"/\" ");
    put_mailbox(io, f->name);
    stream_puts(io, "\r\n");
}

/* The pattern in UTF-8: the reference is put before it (6.3.8: its interpretation is the
 * server's). What is no modified UTF-7 is taken as it is. NULL: no memory. */
static char *canonical_pattern(const struct list_args *args)
{
    struct buffer wire, pattern;
    buffer_init(&wire, (size_t)FOLDER_NAME_MAX * 4);
    buffer_init(&pattern, (size_t)FOLDER_NAME_MAX * 4);
    buffer_append(&wire, args->reference.octets, args->reference.n);
    buffer_append(&wire, args->pattern.octets, args->pattern.n);
    if (wire.len > 0 && !mutf7_to_utf8(wire.data, wire.len, &pattern)) {
        buffer_clear(&pattern);
        buffer_append(&pattern, wire.data, wire.len);
    }
    if (wire.failed)
        pattern.failed = true;
    buffer_free(&wire);
    return buffer_steal(&pattern);
}

/* LIST "" "": the hierarchy delimiter, and the root of the reference: always "" here. */
static void list_root(struct command *c, const char *command)
{
    stream_printf(c->session->io, "* %s (\\Noselect) \"/\" \"\"\r\n", command);
}

static enum store_error list_folders(struct command *c, const char *pattern)
{
    struct folder_list list;
    enum store_error error = folder_list(c->session->store, &list);
    if (error != STORE_OK)
        return error;
    for (size_t i = 0; i < list.count; i++)
        if (folder_match(pattern, list.folder[i].name))
            put_folder(c->session->io, "LIST", &list.folder[i], true);
    folder_list_free(&list);
    return STORE_OK;
}

static int by_name(const void *name, const void *folder)
{
    return name_compare(name, ((const struct folder *)folder)->name);
}

/* A subscribed name that does not fit a pattern with % may be below one that does: that one, if
 * it is not subscribed itself, is listed with \Noselect (6.3.9; without a % that would only be
 * an untruth about the subscription). `last` is the one listed last:
 * the names are sorted, so what lies below one name comes together. */
static void lsub_ancestors(struct stream *io, const char *pattern,
                           const struct folder_list *list, const char *name, char *last)
{
    char above[FOLDER_NAME_MAX + 1];
    for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t n = (size_t)(slash - name);
        if (n >= sizeof above)
            return;
        memcpy(above, name, n);
        above[n] = '\0';
        if (folder_match(pattern, above) && strcmp(last, above) != 0 &&
            bsearch(above, list->folder, list->count, sizeof *list->folder, by_name) == NULL) {
            put_folder(io, "LSUB", &(struct folder){ .name = above }, false);
            memcpy(last, above, n + 1);
        }
    }
}

static enum store_error list_subscribed(struct command *c, const char *pattern)
{
    struct folder_list list;
    char last[FOLDER_NAME_MAX + 1] = "";
    enum store_error error = subscriptions_read(c->session->store, &list);
    if (error != STORE_OK)
        return error;
    for (size_t i = 0; i < list.count; i++) {
        struct folder *f = &list.folder[i];
        f->selectable = true;
        if (folder_match(pattern, f->name))
            put_folder(c->session->io, "LSUB", f, false);
        else if (strchr(pattern, '%') != NULL)
            lsub_ancestors(c->session->io, pattern, &list, f->name, last);
    }
    folder_list_free(&list);
    return STORE_OK;
}

static void list(struct command *c, const char *name,
                 enum store_error (*act)(struct command *c, const char *pattern))
{
    const struct list_args *args = c->args;
    if (args->pattern.n == 0) {
        list_root(c, name);
        command_ok(c, NULL, "Listed");
        return;
    }
    char *pattern = canonical_pattern(args);
    enum store_error error = pattern != NULL ? act(c, pattern) : STORE_LIMIT;
    free(pattern);
    if (error != STORE_OK)
        command_store_error(c, error);
    else
        command_ok(c, NULL, "Listed");
}

void run_list(struct command *c)
{
    list(c, "LIST", list_folders);
}

void run_lsub(struct command *c)
{
    list(c, "LSUB", list_subscribed);
}

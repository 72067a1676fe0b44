/* LSUB: RFC 3501 section 6.3.9; and what it has in common with LIST. */
#include "command/list.h"

#include "base/buffer.h"
#include "mailstore/name.h"

#include <stdlib.h>
#include <string.h>

struct lsub_args {
    struct text reference, pattern;
};

bool parse_lsub(struct command *c)
{
    struct lsub_args *args = command_args(c, sizeof *args);
    return args != NULL && parse_mailbox(c->lexer, &args->reference) && lexer_space(c->lexer) &&
           lexer_list_mailbox(c->lexer, &args->pattern) && lexer_end(c->lexer);
}

char *list_pattern(const struct session *s, const struct text *reference,
                   const struct text *name)
{
    struct buffer wire, pattern;
    buffer_init(&wire, (size_t)FOLDER_NAME_MAX * 4);
    buffer_init(&pattern, (size_t)FOLDER_NAME_MAX * 4);
    buffer_append(&wire, reference->octets, reference->n);
    buffer_append(&wire, name->octets, name->n);
    bool utf8 = (s->enabled & EXTENSION_UTF8) != 0;
    if (wire.len > 0 && (utf8 || !mutf7_to_utf8(wire.data, wire.len, &pattern))) {
        buffer_clear(&pattern);
        buffer_append(&pattern, wire.data, wire.len);
    }
    if (wire.failed)
        pattern.failed = true;
    buffer_free(&wire);
    return buffer_steal(&pattern);
}

void list_root(struct command *c, const char *name)
{
    stream_printf(c->session->io, "* %s (\\Noselect) \"/\" \"\"\r\n", name);
    command_ok(c, NULL, "Listed");
}

static void put_lsub(const struct session *s, const char *name, bool subscribed)
{
    stream_printf(s->io, "* LSUB (%s) \"/\" ", subscribed ? "" : "\\Noselect");
    put_mailbox(s, name);
    stream_puts(s->io, "\r\n");
}

static int by_name(const void *name, const void *folder)
{
    return name_compare(name, ((const struct folder *)folder)->name);
}

/* A subscribed name that does not fit a pattern with % may be below one that does: that one, if
 * it is not subscribed itself, is listed with \Noselect (6.3.9; without a % that would only be
 * an untruth about the subscription). `last` is the one listed last:
 * the names are sorted, so what lies below one name comes together. */
static void lsub_ancestors(const struct session *s, const char *pattern,
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
            put_lsub(s, above, false);
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
        const char *name = list.folder[i].name;
        if (folder_match(pattern, name))
            put_lsub(c->session, name, true);
        else if (strchr(pattern, '%') != NULL)
            lsub_ancestors(c->session, pattern, &list, name, last);
    }
    folder_list_free(&list);
    return STORE_OK;
}

void run_lsub(struct command *c)
{
    const struct lsub_args *args = c->args;
    if (args->pattern.n == 0) {
        list_root(c, "LSUB");
        return;
    }
    char *pattern = list_pattern(c->session, &args->reference, &args->pattern);
    enum store_error error = pattern != NULL ? list_subscribed(c, pattern) : STORE_LIMIT;
    free(pattern);
    if (error != STORE_OK)
        command_store_error(c, error);
    else
        command_ok(c, NULL, "Listed");
}

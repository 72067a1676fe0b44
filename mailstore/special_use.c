/*
 * The file `imapd-special-use`: a line a folder, its uses with blanks between them, a TAB, its
 * name in UTF-8 as clients know it ('/' between the levels).
 *
 *   \Drafts \Sent	MySpecial
 *
 * Lines that say nothing to us stay where they are, and so do attributes that are not known
 * here. A line whose folder is not there is passed over by those who ask. Changes are made
 * under `imapd-special-use.lock`.
 */
#include "mailstore/special_use.h"

#include "base/log.h"
#include "mailstore/account.h"
#include "mailstore/name.h"
#include "mailstore/small_file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILE_NAME "imapd-special-use"
#define LOCK_NAME "imapd-special-use.lock"
#define NEW_NAME  "imapd-special-use.new"

/* As for subscriptions; of five uses there are five lines at most, and what others have added.
 */
#define FILE_MAX ((size_t)4 << 20)

const char *const special_use_name[SPECIAL_USES] = { "\\Archive", "\\Drafts", "\\Junk",
                                                     "\\Sent", "\\Trash" };

unsigned special_use_bit(const char *name, size_t n)
{
    for (unsigned i = 0; i < SPECIAL_USES; i++)
        if (strlen(special_use_name[i]) == n && strncasecmp(name, special_use_name[i], n) == 0)
            return 1U << i;
    return 0;
}

/* --- Lines. ----------------------------------------------------------------------------------
 */

struct line {
    const char *text; /* without its end */
    size_t n;
    size_t attributes; /* octets of them, from the beginning */
    unsigned uses;
    char name[FOLDER_NAME_MAX + 1];
};

/* The next line; false: there is none. *says_r: it tells of a folder. */
static bool next_line(const struct buffer *text, size_t *at, struct line *line_r, bool *says_r)
{
    if (*at >= text->len)
        return false;
    const char *begin = text->data + *at;
    const char *end = memchr(begin, '\n', text->len - *at);
    *line_r = (struct line){ .text = begin };
    line_r->n = end != NULL ? (size_t)(end - begin) : text->len - *at;
    *at += line_r->n + 1;
    const char *tab = memchr(begin, '\t', line_r->n);
    *says_r =
        tab != NULL && folder_name_normalize(tab + 1, line_r->n - (size_t)(tab + 1 - begin),
                                             line_r->name) == STORE_OK;
    if (!*says_r)
        return true;
    line_r->attributes = (size_t)(tab - begin);
    for (const char *p = begin; p < tab;) {
        const char *blank = memchr(p, ' ', (size_t)(tab - p));
        const char *stop = blank != NULL ? blank : tab;
        line_r->uses |= special_use_bit(p, (size_t)(stop - p));
        p = stop + 1;
    }
    return true;
}

static bool is_at_or_below(const char *name, const char *above)
{
    return strcmp(name, above) == 0 || name_is_below(name, above);
}

static void put_line(struct buffer *out, const char *attributes, size_t n, const char *name)
{
    buffer_append(out, attributes, n);
    buffer_printf(out, "\t%s\n", name);
}

static void put_uses(struct buffer *out, unsigned uses, const char *name)
{
    const char *before = "";
    for (unsigned i = 0; i < SPECIAL_USES; i++) {
        if ((uses & 1U << i) == 0)
            continue;
        buffer_printf(out, "%s%s", before, special_use_name[i]);
        before = " ";
    }
    buffer_printf(out, "\t%s\n", name);
}

/* --- Reading. --------------------------------------------------------------------------------
 */

static enum store_error read_file(struct store *store, struct buffer *text, mode_t *mode_r)
{
    buffer_init(text, FILE_MAX);
    *mode_r = MODE_FILE;
    enum store_error error = small_file_read(store->root, FILE_NAME, text, mode_r);
    return error == STORE_NONEXISTENT ? STORE_OK : error;
}

static bool add(struct special_uses *uses, size_t *room, const struct line *line)
{
    if (uses->count == *room) {
        size_t more = *room * 2 + 8;
        struct special_use_entry *larger = reallocarray(uses->entry, more, sizeof *larger);
        if (larger == NULL)
            return false;
        uses->entry = larger;
        *room = more;
    }
    struct special_use_entry entry = { strdup(line->name), line->uses };
    if (entry.name == NULL)
        return false;
    uses->entry[uses->count++] = entry;
    return true;
}

enum store_error special_uses_read(struct store *store, struct special_uses *uses_r)
{
    struct buffer text;
    struct line line;
    mode_t mode;
    size_t at = 0, room = 0;
    bool says;
    *uses_r = (struct special_uses){ .entry = NULL };
    enum store_error error = read_file(store, &text, &mode);
    while (error == STORE_OK && next_line(&text, &at, &line, &says))
        if (says && line.uses != 0 && !add(uses_r, &room, &line))
            error = STORE_UNAVAILABLE;
    buffer_free(&text);
    return error;
}

void special_uses_free(struct special_uses *uses)
{
    for (size_t i = 0; i < uses->count; i++)
        free(uses->entry[i].name);
    free(uses->entry);
    *uses = (struct special_uses){ .entry = NULL };
}

/* --- Changing. -------------------------------------------------------------------------------
 */

struct change {
    enum { ASSIGN, FOLLOW, FORGET } kind;
    const char *name;
    unsigned uses;  /* ASSIGN */
    const char *to; /* FOLLOW */
};

static void assign_line(const struct change *c, const struct line *line, struct buffer *out)
{
    if (strcmp(line->name, c->name) != 0)
        put_line(out, line->text, line->attributes, line->name);
}

/* What is known of the new name is of a folder that was there once. */
static void follow_line(const struct change *c, const struct line *line, struct buffer *out)
{
    struct buffer moved;
    if (is_at_or_below(line->name, c->to))
        return;
    put_line(out, line->text, line->attributes, line->name);
    if (!is_at_or_below(line->name, c->name))
        return;
    buffer_init(&moved, FOLDER_NAME_MAX + 1);
    buffer_printf(&moved, "%s%s", c->to, line->name + strlen(c->name));
    if (buffer_string(&moved) != NULL) /* else longer than a folder's name can be */
        put_line(out, line->text, line->attributes, moved.data);
    buffer_free(&moved);
}

static void change_line(const struct change *c, const struct line *line, struct buffer *out)
{
    if (c->kind == ASSIGN)
        assign_line(c, line, out);
    else if (c->kind == FOLLOW)
        follow_line(c, line, out);
    else if (!is_at_or_below(line->name, c->name))
        put_line(out, line->text, line->attributes, line->name);
}

/* What the file shall be. */
static void compose(const struct buffer *text, const struct change *c, struct buffer *out)
{
    struct line line;
    size_t at = 0;
    bool says;
    if (c->kind == ASSIGN && c->uses != 0)
        put_uses(out, c->uses, c->name);
    while (next_line(text, &at, &line, &says)) {
        if (says) {
            change_line(c, &line, out);
        } else {
            buffer_append(out, line.text, line.n);
            buffer_putc(out, '\n');
        }
    }
}

/* *changes_r: the file must be written. */
static enum store_error prepare(struct store *store, const struct change *c, struct buffer *out,
                                mode_t *mode_r, bool *changes_r)
{
    struct buffer text;
    enum store_error error = read_file(store, &text, mode_r);
    buffer_clear(out);
    if (error == STORE_OK)
        compose(&text, c, out);
    if (error == STORE_OK && out->failed)
        error = STORE_LIMIT;
    *changes_r =
        error == STORE_OK &&
        (out->len != text.len || (out->len > 0 && memcmp(out->data, text.data, out->len) != 0));
    buffer_free(&text);
    return error;
}

static enum store_error change_locked(struct store *store, const struct change *c,
                                      struct buffer *out)
{
    struct dotlock lock;
    mode_t mode;
    bool changes;
    enum store_error error = dotlock_take(&lock, store->root, LOCK_NAME);
    if (error != STORE_OK)
        return error;
    error = prepare(store, c, out, &mode, &changes);
    if (error == STORE_OK && changes)
        error = small_file_replace(store->root, FILE_NAME, NEW_NAME, out, mode, &lock);
    dotlock_drop(&lock);
    return error;
}

/* Most folders that are made, renamed or deleted are not in the file: then there is nothing to
 * lock. */
static enum store_error change(struct store *store, const struct change *c)
{
    struct buffer out;
    mode_t mode;
    bool changes;
    buffer_init(&out, FILE_MAX);
    enum store_error error = prepare(store, c, &out, &mode, &changes);
    if (error == STORE_OK && changes)
        error = change_locked(store, c, &out);
    buffer_free(&out);
    if (error != STORE_OK)
        log_error("%s can't be changed: %s", FILE_NAME, store_error_text(error));
    return error;
}

enum store_error special_use_assign(struct store *store, const char *name, unsigned uses)
{
    const struct change c = { .kind = ASSIGN, .name = name, .uses = uses };
    return change(store, &c);
}

enum store_error special_uses_follow(struct store *store, const char *from, const char *to)
{
    const struct change c = { .kind = FOLLOW, .name = from, .to = to };
    return change(store, &c);
}

enum store_error special_uses_forget(struct store *store, const char *name)
{
    const struct change c = { .kind = FORGET, .name = name };
    return change(store, &c);
}

/*
 * Subscriptions, in Dovecot's file `subscriptions`.
 *
 *   version 2 (what we write)   "V\t2\n\n", then a line a name: its levels, each escaped (octet
 * 1 and one of "0 1 t r n"), with TAB between them version 1 (kept as it is)   a line a name:
 * its levels with the layout's separator
 *
 * The levels are as on disk (name.c). A line that says nothing to us stays where it is.
 *
 * Without that file, Courier's `courierimapsubscribed` is read: "INBOX" and "INBOX.a.b". The
 * first change writes all of it to `subscriptions`.
 *
 * A change is made under `subscriptions.lock`, which Dovecot takes too, in a new file that
 * replaces the old one, so readers need no lock (small_file.h).
 */
#include "base/log.h"
#include "mailstore/account.h"
#include "mailstore/dotlock.h"
#include "mailstore/name.h"
#include "mailstore/small_file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILE_NAME    "subscriptions"
#define LOCK_NAME    "subscriptions.lock"
#define NEW_NAME     "subscriptions.new"
#define COURIER_NAME "courierimapsubscribed"

#define HEADER        "V\t2\n\n"
#define HEADER_LENGTH (sizeof HEADER - 1)

/* Some 50,000 names; nobody has more folders than that. */
#define FILE_MAX ((size_t)4 << 20)

#define ESCAPE 1

enum format { FORMAT_NONE, FORMAT_1, FORMAT_2, FORMAT_COURIER, FORMAT_UNKNOWN };

struct file {
    enum format format;
    mode_t mode;
    struct buffer text;
    size_t at; /* where the next line begins */
};

/* --- Reading. ------------------------------------------------------------------------------
 */

/* Reads what there is. On failure nothing needs to be freed. */
static enum store_error file_read(struct store *store, struct file *f)
{
    *f = (struct file){ .format = FORMAT_NONE, .mode = MODE_FILE };
    buffer_init(&f->text, FILE_MAX);
    enum store_error e = small_file_read(store->root, FILE_NAME, &f->text, &f->mode);
    if (e == STORE_OK && f->text.len > 0) {
        f->format = FORMAT_1;
        if (f->text.len >= HEADER_LENGTH && memcmp(f->text.data, HEADER, HEADER_LENGTH) == 0) {
            f->format = FORMAT_2;
            f->at = HEADER_LENGTH;
        } else if (f->text.len >= 2 && memcmp(f->text.data, HEADER, 2) == 0) {
            f->format = FORMAT_UNKNOWN;
        }
    } else if (e == STORE_NONEXISTENT) {
        e = small_file_read(store->root, COURIER_NAME, &f->text, &f->mode);
        f->mode = MODE_FILE;
        if (e == STORE_OK)
            f->format = FORMAT_COURIER;
        else if (e == STORE_NONEXISTENT)
            e = STORE_OK;
    }
    if (e != STORE_OK)
        buffer_free(&f->text);
    return e;
}

/* The next line, without its end. False: there is none. */
static bool file_line(struct file *f, const char **line_r, size_t *n_r)
{
    if (f->at >= f->text.len)
        return false;
    const char *line = f->text.data + f->at;
    size_t rest = f->text.len - f->at;
    const char *end = memchr(line, '\n', rest);
    *line_r = line;
    *n_r = end == NULL ? rest : (size_t)(end - line);
    f->at += *n_r + 1;
    return true;
}

/* --- Lines. --------------------------------------------------------------------------------
 */

static char separator_of(enum store_layout layout, enum format format)
{
    if (format == FORMAT_2)
        return '\t';
    return format == FORMAT_1 && layout == LAYOUT_FS ? '/' : '.';
}

/* After ESCAPE, and what it stands for. */
static const char code[] = "01trn";
static const char meaning[] = { '\0', ESCAPE, '\t', '\r', '\n' };

static bool unescape(const char *in, size_t n, struct buffer *out)
{
    for (size_t i = 0; i < n; i++) {
        if (in[i] != ESCAPE) {
            buffer_putc(out, in[i]);
            continue;
        }
        const char *c = ++i < n && in[i] != '\0' ? strchr(code, in[i]) : NULL;
        if (c == NULL)
            return false;
        buffer_putc(out, meaning[c - code]);
    }
    return !out->failed;
}

/* Appends one level of a line as the client sees it. */
static bool show_level(enum format format, const char *level, size_t n, struct buffer *name)
{
    if (format != FORMAT_2)
        return level_show(level, n, name);
    struct buffer plain;
    buffer_init(&plain, PATH_ROOM);
    bool ok = unescape(level, n, &plain) && buffer_string(&plain) != NULL &&
              level_show(plain.data, plain.len, name);
    buffer_free(&plain);
    return ok;
}

/* The name that a line stands for, in normal form. */
static bool show_line(enum store_layout layout, enum format format, const char *line, size_t n,
                      char out[FOLDER_NAME_MAX + 1])
{
    static const char courier[] = "INBOX.";
    if (format == FORMAT_COURIER && n >= sizeof courier - 1 &&
        strncasecmp(line, courier, sizeof courier - 1) == 0) {
        line += sizeof courier - 1;
        n -= sizeof courier - 1;
    } else if (format == FORMAT_COURIER && (n != 5 || strncasecmp(line, "INBOX", 5) != 0)) {
        return false;
    }
    struct buffer name;
    buffer_init(&name, PATH_ROOM);
    char separator = separator_of(layout, format);
    bool ok = format != FORMAT_UNKNOWN;
    for (size_t begin = 0; ok && begin <= n;) {
        const char *end = memchr(line + begin, separator, n - begin);
        size_t len = end == NULL ? n - begin : (size_t)(end - line) - begin;
        if (begin > 0)
            buffer_putc(&name, '/');
        ok = len > 0 && show_level(format, line + begin, len, &name);
        begin += len + 1;
    }
    ok = ok && buffer_string(&name) != NULL &&
         folder_name_normalize(name.data, name.len, out) == STORE_OK;
    buffer_free(&name);
    return ok;
}

static void escape(const char *in, size_t n, struct buffer *out)
{
    for (size_t i = 0; i < n; i++) {
        const char *special = memchr(meaning, in[i], sizeof meaning);
        if (special == NULL) {
            buffer_putc(out, in[i]);
        } else {
            buffer_putc(out, ESCAPE);
            buffer_putc(out, code[special - meaning]);
        }
    }
}

/* Appends the line for a name. False: no memory, or too long a file. */
static bool store_line(enum store_layout layout, enum format format, const char *name,
                       struct buffer *out)
{
    bool top = true;
    for (;;) {
        size_t n = strcspn(name, "/");
        struct buffer level;
        buffer_init(&level, PATH_ROOM);
        bool ok = level_store(layout, name, n, STORED_CANONICALLY, &level);
        if (ok && !top)
            buffer_putc(out, separator_of(layout, format));
        if (ok)
            escape(level.data, level.len, out);
        buffer_free(&level);
        if (!ok)
            return false;
        if (name[n] == '\0')
            return buffer_putc(out, '\n');
        name += n + 1;
        top = false;
    }
}

/* --- The list. -----------------------------------------------------------------------------
 */

static bool append(struct folder_list *list, size_t *room, const char *name)
{
    if (list->count == *room) {
        size_t more = *room == 0 ? 32 : *room * 2;
        struct folder *folder = realloc(list->folder, more * sizeof *folder);
        if (folder == NULL)
            return false;
        list->folder = folder;
        *room = more;
    }
    char *copy = strdup(name);
    if (copy == NULL)
        return false;
    list->folder[list->count++] = (struct folder){ .name = copy };
    return true;
}

static int by_name(const void *a, const void *b)
{
    const struct folder *x = a;
    const struct folder *y = b;
    return name_compare(x->name, y->name);
}

static void sort_unique(struct folder_list *list)
{
    if (list->count < 2)
        return;
    qsort(list->folder, list->count, sizeof *list->folder, by_name);
    size_t kept = 1;
    for (size_t i = 1; i < list->count; i++) {
        if (strcmp(list->folder[kept - 1].name, list->folder[i].name) == 0)
            free(list->folder[i].name);
        else
            list->folder[kept++] = list->folder[i];
    }
    list->count = kept;
}

enum store_error subscriptions_read(struct store *store, struct folder_list *list_r)
{
    *list_r = (struct folder_list){ .folder = NULL };
    struct file f;
    enum store_error e = file_read(store, &f);
    if (e != STORE_OK)
        return e;
    size_t room = 0;
    const char *line;
    size_t n;
    while (e == STORE_OK && file_line(&f, &line, &n)) {
        char name[FOLDER_NAME_MAX + 1];
        if (show_line(store->layout, f.format, line, n, name) && !append(list_r, &room, name))
            e = STORE_UNAVAILABLE;
    }
    buffer_free(&f.text);
    if (e == STORE_OK)
        sort_unique(list_r);
    else
        folder_list_free(list_r);
    return e;
}

/* --- Changing. -----------------------------------------------------------------------------
 */

/* Writes to `text` what the file shall be. *changed_r false: what it is already. */
static enum store_error compose(enum store_layout layout, struct file *f, const char *name,
                                bool subscribe, struct buffer *text, bool *changed_r)
{
    enum format format = f->format == FORMAT_1 ? FORMAT_1 : FORMAT_2;
    bool found = false;
    const char *line;
    size_t n;
    if (format == FORMAT_2)
        buffer_puts(text, HEADER);
    while (file_line(f, &line, &n)) {
        char shown[FOLDER_NAME_MAX + 1];
        bool known = show_line(layout, f->format, line, n, shown);
        if (known && strcmp(shown, name) == 0) {
            found = true;
            if (!subscribe)
                continue;
        }
        if (f->format == FORMAT_COURIER) {
            if (known && !store_line(layout, format, shown, text))
                return STORE_UNAVAILABLE;
            continue;
        }
        buffer_append(text, line, n);
        buffer_putc(text, '\n');
    }
    if (subscribe && !found && !store_line(layout, format, name, text))
        return text->failed ? STORE_LIMIT : STORE_UNAVAILABLE;
    *changed_r = found != subscribe;
    return text->failed ? STORE_LIMIT : STORE_OK;
}

static enum store_error change_locked(struct store *store, const char *name, bool subscribe,
                                      struct dotlock *lock)
{
    struct file f;
    enum store_error e = file_read(store, &f);
    if (e != STORE_OK)
        return e;
    if (f.format == FORMAT_UNKNOWN) {
        log_error("%s: of a version that is not known", FILE_NAME);
        buffer_free(&f.text);
        return STORE_CORRUPT;
    }
    struct buffer text;
    buffer_init(&text, FILE_MAX);
    bool changed = false;
    e = compose(store->layout, &f, name, subscribe, &text, &changed);
    if (e == STORE_OK && changed)
        e = small_file_replace(store->root, FILE_NAME, NEW_NAME, &text, f.mode, lock);
    buffer_free(&text);
    buffer_free(&f.text);
    return e;
}

enum store_error subscriptions_change(struct store *store, const char *name, bool subscribe)
{
    char normal[FOLDER_NAME_MAX + 1];
    enum store_error e = name_check(name, normal);
    if (e != STORE_OK)
        return e;
    struct dotlock lock;
    e = dotlock_take(&lock, store->root, LOCK_NAME);
    if (e != STORE_OK)
        return e;
    e = change_locked(store, normal, subscribe, &lock);
    dotlock_drop(&lock);
    return e;
}

/*
 * What a folder is called, for the client and on disk.
 *
 * The client sees UTF-8 with '/' between the levels. A level is stored in modified UTF-7, in
 * which what the layout can't hold is written as `\hh`, two lower-case hexadecimal digits, as
 * Dovecot does with its storage escape character set to '\'. That is
 *
 *   in both layouts   '\' itself, and '~' at the beginning of a level
 *   in Maildir++      '.', which is the separator there
 *   in fs             the first '.' of a level that is "." or begins with "..", and the first
 *                     letter of a level that would be one of the files and directories that
 *                     mail software keeps in a folder (name_is_reserved)
 *
 * That is the canonical encoding, the only one we write. Others are read: raw UTF-8 (Courier),
 * upper-case hex digits, needless escapes, modified UTF-7 that is not the shortest.
 *
 * Whatever is on disk must also be seen, opened, renamed and deleted. An entry that stands for
 * nothing a client could send (bytes that are no text, control characters, an escaped '/', an
 * empty level, a second entry for a name that is taken, `.INBOX` beside the INBOX that is the
 * root) is shown in an opaque form: its first octet and all that are not printable ASCII become
 * the private-use characters U+EF00 to U+EFFF, octet by octet. That can't be mistaken for
 * another folder's name, takes at most three octets for one (so an entry always fits
 * FOLDER_NAME_MAX), and is undone by looking for the entry that is shown so (listing.c).
 *
 * "Stored otherwise": should the canonical entry be taken by something that is no folder
 * (mbsync's file `.uidvalidity`, notmuch's directory `.notmuch`), the first octet of the last
 * level is escaped though it needs it not.
 */
#include "mailstore/name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#define ESCAPE '\\'

/* No level grows beyond this on its way: 4 octets of UTF-8 become at most 8 of UTF-7 and a
 * shift, an escaped octet 3. */
#define LEVEL_ROOM ((size_t)4 * FOLDER_NAME_MAX)

#define OPAQUE_BASE 0xef00

/* C0 and C1 controls, DEL and the separators of lines and paragraphs: RFC 9051 section 5.1 by
 * way of RFC 5198. */
static bool is_control(utf8proc_int32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

/* Whether n octets are UTF-8 without control characters. */
static bool is_text(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t used =
            utf8proc_iterate((const utf8proc_uint8_t *)s + i, (utf8proc_ssize_t)(n - i), &c);
        if (used <= 0 || is_control(c))
            return false;
        i += (size_t)used;
    }
    return true;
}

static bool is_inbox(const char *s, size_t n)
{
    return n == 5 && strncasecmp(s, "INBOX", 5) == 0;
}

enum store_error folder_name_normalize(const char *name, size_t n, char *out)
{
    if (n > 0 && name[n - 1] == '/')
        n--;
    if (n == 0)
        return STORE_CANNOT;
    if (n > FOLDER_NAME_MAX)
        return STORE_LIMIT;
    if (!is_text(name, n))
        return STORE_CANNOT;
    size_t levels = 0;
    for (size_t begin = 0, i = 0; i <= n; i++) {
        if (i < n && name[i] != '/')
            continue;
        if (i == begin || ++levels > FOLDER_LEVELS_MAX)
            return STORE_CANNOT;
        begin = i + 1;
    }
    memcpy(out, name, n);
    out[n] = '\0';
    if (is_inbox(out, strcspn(out, "/")))
        memcpy(out, "INBOX", 5);
    return STORE_OK;
}

bool folder_name_is_composed(const char *name)
{
    utf8proc_uint8_t *composed = utf8proc_NFC((const utf8proc_uint8_t *)name);
    bool same = composed != NULL && strcmp((const char *)composed, name) == 0;
    free(composed);
    return same;
}

enum store_error name_check(const char *name, char *out)
{
    return folder_name_normalize(name, strlen(name), out);
}

bool name_is_hidden(const char *entry)
{
    return strcmp(entry, ".") == 0 || strcmp(entry, "..") == 0 ||
           strncmp(entry, "..imapd.", 8) == 0 || strncasecmp(entry, "..DOVECOT-Tr", 12) == 0;
}

bool name_is_reserved(const char *entry)
{
    static const char *const whole[] = { "cur",         "new",           "tmp",
                                         "imapd-index", "maildirfilter", "shared-maildirs" };
    static const char *const begin[] = { "dovecot-",      "dovecot.",         "subscriptions",
                                         "courierimap",   "courierpop3d",     "maildirsize",
                                         "maildirfolder", "imapd-special-use" };
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        if (strcmp(entry, whole[i]) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof begin / sizeof *begin; i++) {
        if (strncmp(entry, begin[i], strlen(begin[i])) == 0)
            return true;
    }
    return false;
}

/* Whether the octet at i of a level in modified UTF-7 must be escaped. */
static bool must_escape(enum store_layout layout, const char *level, size_t i)
{
    if (level[i] == ESCAPE)
        return true;
    if (i == 0 && level[0] == '~')
        return true;
    if (layout == LAYOUT_MAILDIRPP)
        return level[i] == '.';
    return i == 0 &&
           (strcmp(level, ".") == 0 || strncmp(level, "..", 2) == 0 || name_is_reserved(level));
}

bool level_store(enum store_layout layout, const char *level, size_t n, enum storing how,
                 struct buffer *out)
{
    struct buffer utf7;
    buffer_init(&utf7, LEVEL_ROOM);
    bool ok = utf8_to_mutf7(level, n, &utf7);
    const char *s = ok ? buffer_string(&utf7) : NULL;
    if (s == NULL) {
        buffer_free(&utf7);
        return false;
    }
    for (size_t i = 0; i < utf7.len; i++) {
        if ((how == STORED_OTHERWISE && i == 0) || must_escape(layout, s, i))
            buffer_printf(out, "%c%02x", ESCAPE, (unsigned char)s[i]);
        else
            buffer_putc(out, s[i]);
    }
    buffer_free(&utf7);
    return !out->failed;
}

bool name_store(enum store_layout layout, const char *name, enum storing how,
                struct buffer *path)
{
    bool top = true;
    for (;;) {
        size_t n = strcspn(name, "/");
        bool last = name[n] == '\0';
        if (layout == LAYOUT_MAILDIRPP)
            buffer_putc(path, '.');
        else if (!top)
            buffer_putc(path, '/');
        if (!level_store(layout, name, n, last ? how : STORED_CANONICALLY, path))
            return false;
        if (last)
            return true;
        name += n + 1;
        top = false;
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Appends with each `\hh` undone; a '\' that begins none stands for itself. */
static void unescape(const char *in, size_t n, struct buffer *out)
{
    for (size_t i = 0; i < n; i++) {
        int high = in[i] == ESCAPE && n - i > 2 ? hex_digit(in[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(in[i + 2]) : -1;
        if (low >= 0) {
            buffer_putc(out, (char)(high << 4 | low));
            i += 2;
        } else {
            buffer_putc(out, in[i]);
        }
    }
}

bool level_show(const char *stored, size_t n, struct buffer *out)
{
    size_t before = out->len;
    struct buffer plain;
    buffer_init(&plain, LEVEL_ROOM);
    unescape(stored, n, &plain);
    const char *s = buffer_string(&plain);
    bool ok = s != NULL &&
              (mutf7_decode_loosely(s, plain.len, out) || buffer_append(out, s, plain.len));
    buffer_free(&plain);
    size_t len = out->len - before;
    if (ok && len > 0) {
        const char *shown = out->data + before;
        if (is_text(shown, len) && memchr(shown, '/', len) == NULL)
            return true;
    }
    out->len = before;
    return false;
}

bool level_show_opaque(const char *stored, size_t n, struct buffer *out)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)stored[i];
        if (i > 0 && c >= 0x20 && c <= 0x7e && c != '/') {
            buffer_putc(out, (char)c);
        } else {
            utf8proc_uint8_t utf8[4];
            utf8proc_ssize_t len = utf8proc_encode_char(OPAQUE_BASE + c, utf8);
            buffer_append(out, utf8, (size_t)len);
        }
    }
    return !out->failed;
}

bool level_show_somehow(const char *stored, size_t n, struct buffer *out)
{
    return level_show(stored, n, out) || level_show_opaque(stored, n, out);
}

static bool in_inbox(const char *name)
{
    return strncmp(name, "INBOX", 5) == 0 && (name[5] == '\0' || name[5] == '/');
}

int name_compare(const char *a, const char *b)
{
    bool inbox = in_inbox(a);
    if (inbox != in_inbox(b))
        return inbox ? -1 : 1;
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    /* No name has an octet below 0x20, so 1 is free for '/'. */
    int x = *a == '/' ? 1 : (unsigned char)*a;
    int y = *b == '/' ? 1 : (unsigned char)*b;
    return x - y;
}

bool name_is_below(const char *name, const char *above)
{
    size_t n = strlen(above);
    return strncmp(name, above, n) == 0 && name[n] == '/';
}

size_t name_levels(const char *name)
{
    size_t levels = 1;
    for (; *name != '\0'; name++) {
        if (*name == '/')
            levels++;
    }
    return levels;
}

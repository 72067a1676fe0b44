/*
 * Header lines by which clients list.
 *
 * Behind the format: whether the header has its empty line (1 octet), the set of names that are
 * covered (8), how many lines there are (4), for each its name's number (1) and its length (4),
 * and then the lines themselves, in the order of the header and as they are sent. So a request
 * is a walk over the numbers, and neighbours that are wanted are copied at once.
 *
 * The names are those of the FETCH commands of the clients that are known. Received is not
 * among them: it is longer than all others together, and hardly any client lists by it.
 */
#include "message/header.h"
#include "message/octets.h"
#include "message/part.h"
#include "message/summary_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* In alphabetical order, and `common`: kept without having been asked for. A new name goes to
 * its place, and SUMMARY_FORMAT grows. */
static const struct {
    const char *name;
    bool common;
} known[] = {
    { "Authentication-Results", false },
    { "Autocrypt-Setup-Message", false },
    { "Bcc", true },
    { "BIMI-Indicator", false },
    { "BIMI-Location", false },
    { "Cc", true },
    { "Chat-Is-Post-Message", false },
    { "Chat-Version", true },
    { "Content-Description", true },
    { "Content-Duration", false },
    { "Content-Type", true },
    { "Date", true },
    { "Disposition-Notification-To", true },
    { "DKIM-Signature", false },
    { "From", true },
    { "Importance", true },
    { "In-Reply-To", true },
    { "Lines", true },
    { "List-Id", true },
    { "List-Post", true },
    { "List-Subscribe", true },
    { "List-Unsubscribe", true },
    { "Message-ID", true },
    { "Newsgroups", true },
    { "Priority", true },
    { "Received-SPF", false },
    { "References", true },
    { "Reply-To", true },
    { "Secure-Join", true },
    { "Sender", true },
    { "Subject", true },
    { "To", true },
    { "X-BIMI-Indicator-Hash", false },
    { "X-Forefront-Antispam-Report", false },
    { "X-K9mail-Identity", false },
    { "X-Label", true },
    { "X-Microsoft-Original-Message-ID", false },
    { "X-OfflineIMAP", true },
    { "X-Original-To", true },
    { "X-Priority", true },
    { "X-Spam-Flag", false },
    { "X-Spam-Status", false },
    { "X-TUID", true },
    { "X-Uniform-Type-Identifier", true },
    { "X-Universally-Unique-Identifier", true },
};

#define KNOWN ((unsigned)(sizeof known / sizeof known[0]))
_Static_assert(sizeof known / sizeof known[0] <= 64, "a set of names is a number of 64 bits");

#define BIT(i) ((uint64_t)1 << (i))

/* Where the parts of a value are, behind the format. */
#define AT_BLANK   0
#define AT_COVERED 1
#define AT_COUNT   (AT_COVERED + sizeof(uint64_t))
#define AT_LINES   (AT_COUNT + sizeof(uint32_t))
#define LINE_SIZE  (1 + sizeof(uint32_t))

/* --- Names. ----------------------------------------------------------------------------------
 */

/* n octets, which need not end. */
struct name {
    const char *p;
    size_t n;
};

static int compare_name(const void *key, const void *element)
{
    const struct name *name = key;
    const char *s = *(const char *const *)element;
    int order = strncasecmp(name->p, s, name->n);
    return order != 0 ? order : -(s[name->n] != '\0');
}

static int number_of(const char *p, size_t n)
{
    struct name name = { p, n };
    const void *found = bsearch(&name, known, KNOWN, sizeof known[0], compare_name);
    if (found == NULL)
        return -1;
    return (int)(((const char *)found - (const char *)known) / (ptrdiff_t)sizeof known[0]);
}

uint64_t summary_fields_common(void)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < KNOWN; i++)
        set |= known[i].common ? BIT(i) : 0;
    return set;
}

uint64_t summary_fields_common_of(const char *name)
{
    int number = number_of(name, strlen(name));
    return number >= 0 && known[number].common ? BIT(number) : 0;
}

bool summary_fields_wanted(const struct section *section, uint64_t *fields_r)
{
    uint64_t set = 0;
    if (section->depth != 0 || section->text != SECTION_HEADER_FIELDS || section->fields == 0)
        return false;
    for (size_t i = 0; i < section->fields; i++) {
        int number = number_of(section->field[i], strlen(section->field[i]));
        if (number < 0)
            return false;
        set |= BIT(number);
    }
    *fields_r = set;
    return true;
}

/* --- Making. ---------------------------------------------------------------------------------
 */

/* Finds the next field of a name in the set; -1: there is no more. */
static int next_kept(const struct part *root, uint64_t fields, size_t *pos, struct field *f)
{
    while (header_next(root->fields, root->fields_len, pos, f)) {
        int number = number_of(f->name, f->name_len);
        if (number >= 0 && (fields & BIT(number)) != 0)
            return number;
    }
    return -1;
}

/* Appends a line as it is sent. It is converted in small runs, since how much it will be is not
 * known before, and a value may be as long as the ceiling. */
static bool put_converted(struct buffer *out, const char *p, size_t n)
{
    char run[2 * 512];
    unsigned char last = 0;
    while (n > 0) {
        size_t part = n < sizeof run / 2 ? n : sizeof run / 2;
        if (!buffer_append(out, run, octets_convert(run, p, part, &last)))
            return false;
        p += part;
        n -= part;
    }
    return true;
}

/* The header is walked through twice, since the numbers and lengths come before the lines, and
 * nothing but the value is held in memory. */
enum message_status summary_put_fields(const struct message *msg, uint64_t fields,
                                       struct buffer *out)
{
    const struct part *root = &msg->part[0];
    uint32_t count = 0;
    size_t pos = 0;
    struct field f;
    fields &= KNOWN == 64 ? UINT64_MAX : BIT(KNOWN) - 1;
    while (next_kept(root, fields, &pos, &f) >= 0)
        count++;
    buffer_putc(out, root->blank ? 1 : 0);
    buffer_append(out, &fields, sizeof fields);
    buffer_append(out, &count, sizeof count);
    if (!buffer_reserve(out, count * LINE_SIZE))
        return MESSAGE_NOMEM;
    size_t line = out->len; /* where the next number and length go */
    out->len += count * LINE_SIZE;
    pos = 0;
    for (int number; (number = next_kept(root, fields, &pos, &f)) >= 0; line += LINE_SIZE) {
        size_t before = out->len;
        if (!put_converted(out, f.raw, f.raw_len))
            return MESSAGE_NOMEM;
        uint32_t n = (uint32_t)(out->len - before);
        out->data[line] = (char)number;
        memcpy(out->data + line + 1, &n, sizeof n);
    }
    return MESSAGE_OK;
}

/* --- Reading. --------------------------------------------------------------------------------
 */

struct lines {
    bool blank;
    uint64_t covered;
    size_t count;
    const char *line; /* numbers and lengths */
    const char *text;
};

/* The number of line i, and its length. */
static unsigned line_at(const struct lines *l, size_t i, size_t *n_r)
{
    const char *p = l->line + i * LINE_SIZE;
    uint32_t n;
    memcpy(&n, p + 1, sizeof n);
    *n_r = n;
    return (unsigned char)p[0];
}

/* Whether the lines are of names that are covered, and `left` octets together. */
static bool lines_are_sound(const struct lines *l, size_t left)
{
    for (size_t i = 0; i < l->count; i++) {
        size_t n;
        unsigned number = line_at(l, i, &n);
        if (number >= KNOWN || (l->covered & BIT(number)) == 0 || n > left)
            return false;
        left -= n;
    }
    return left == 0;
}

static bool open_value(const void *value, size_t n, struct lines *l_r)
{
    const char *p = summary_contents(value, n);
    uint32_t count;
    if (p == NULL || n - 1 < AT_LINES)
        return false;
    memcpy(&l_r->covered, p + AT_COVERED, sizeof l_r->covered);
    memcpy(&count, p + AT_COUNT, sizeof count);
    size_t rest = n - 1 - AT_LINES;
    if (count > rest / LINE_SIZE)
        return false;
    l_r->blank = p[AT_BLANK] != 0;
    l_r->count = count;
    l_r->line = p + AT_LINES;
    l_r->text = l_r->line + count * LINE_SIZE;
    return lines_are_sound(l_r, rest - count * LINE_SIZE);
}

uint64_t summary_fields_covered(const void *value, size_t n)
{
    struct lines l;
    return open_value(value, n, &l) ? l.covered : 0;
}

/* Neighbours that are wanted are a run. */
static void copy_lines(const struct lines *l, uint64_t fields, struct buffer *out)
{
    const char *run = l->text;
    const char *end = l->text;
    for (size_t i = 0; i < l->count; i++) {
        size_t n;
        if ((fields & BIT(line_at(l, i, &n))) == 0) {
            buffer_append(out, run, (size_t)(end - run));
            run = end + n;
        }
        end += n;
    }
    buffer_append(out, run, (size_t)(end - run));
}

bool summary_fields_select(const void *value, size_t n, uint64_t fields, struct buffer *out)
{
    struct lines l;
    if (!open_value(value, n, &l) || (fields & ~l.covered) != 0)
        return false;
    copy_lines(&l, fields, out);
    if (l.blank)
        buffer_puts(out, "\r\n");
    return !out->failed;
}

/* A NUL is searched as it is in the message, and is not in what is sent. */
static bool search_line(const char *line, size_t n, const char *name,
                        const struct search_text *text, bool *found_r)
{
    return memchr(line, OCTET_FOR_NUL, n) == NULL &&
           search_header_lines(line, n, name, text, found_r) == MESSAGE_OK;
}

bool summary_fields_search(const void *value, size_t n, const char *name,
                           const struct search_text *text, bool *found_r)
{
    struct lines l;
    int number = number_of(name, strlen(name));
    *found_r = false;
    if (number < 0 || !open_value(value, n, &l) || (l.covered & BIT(number)) == 0)
        return false;
    const char *line = l.text;
    for (size_t i = 0, len; i < l.count && !*found_r; i++, line += len)
        if (line_at(&l, i, &len) == (unsigned)number &&
            !search_line(line, len, name, text, found_r))
            return false;
    return true;
}

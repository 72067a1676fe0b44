/*
 * What SEARCH compares of a header.
 *
 * Behind the format: whether there is a date (1 octet), its day as SENTON means it (8), the
 * length of each field's text (4 each), then the texts, decoded and folded. Several fields of
 * one name are set apart by an octet that is in no text, so that nothing is found across them.
 * The length is ABSENT where there is no such field: an empty text is found in any that is
 * there.
 */
#include "message/encoded_word.h"
#include "message/fold.h"
#include "message/header.h"
#include "message/part.h"
#include "message/summary_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const name[] = { "From", "To", "Cc", "Bcc", "Subject" };
#define FIELDS (sizeof name / sizeof name[0])

#define ABSENT    UINT32_MAX
#define SEPARATOR '\xff' /* folded text is UTF-8 */

/* Where the parts of a value are, behind the format. */
#define AT_DATED   0
#define AT_DAY     1
#define AT_LENGTHS (AT_DAY + sizeof(int64_t))
#define AT_TEXTS   (AT_LENGTHS + FIELDS * sizeof(uint32_t))

int summary_search_field(const char *wanted)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (strcasecmp(wanted, name[i]) == 0)
            return (int)i;
    return -1;
}

/* --- Making. ---------------------------------------------------------------------------------
 */

struct maker {
    struct buffer text[FIELDS];
    bool present[FIELDS];
    struct buffer value; /* one unfolded field */
    struct fold fold;
};

static void take_field(struct maker *m, size_t i, const struct field *f)
{
    struct summary_collector last = { { summary_collect }, &m->text[i] };
    bool stopped = false;
    if (m->present[i])
        buffer_putc(&m->text[i], SEPARATOR);
    m->present[i] = true;
    buffer_clear(&m->value);
    fold_init(&m->fold, &last.sink);
    if (!field_unfold_to_spaces(f, &m->value) ||
        !encoded_word_decode(m->value.data, m->value.len, &m->fold.sink, &stopped) ||
        !fold_finish(&m->fold))
        m->text[i].failed = true;
}

static void take_fields(struct maker *m, const struct part *root)
{
    size_t pos = 0;
    struct field f;
    while (header_next(root->fields, root->fields_len, &pos, &f))
        for (size_t i = 0; i < FIELDS; i++)
            if (field_is(&f, name[i]))
                take_field(m, i, &f);
}

static void put_date(const struct message *msg, struct buffer *out)
{
    int64_t day = 0;
    buffer_putc(out, message_sent_day(msg, &day) ? 1 : 0);
    buffer_append(out, &day, sizeof day);
}

static void put_texts(const struct maker *m, struct buffer *out)
{
    for (size_t i = 0; i < FIELDS; i++) {
        uint32_t n = m->present[i] ? (uint32_t)m->text[i].len : ABSENT;
        buffer_append(out, &n, sizeof n);
        out->failed |= m->text[i].failed;
    }
    for (size_t i = 0; i < FIELDS; i++)
        buffer_append(out, m->text[i].data, m->text[i].len);
}

enum message_status summary_put_search(const struct message *msg, struct buffer *out)
{
    const struct part *root = &msg->part[0];
    struct maker *m = calloc(1, sizeof *m);
    if (m == NULL)
        return MESSAGE_NOMEM;
    buffer_init(&m->value, HEADER_MAX);
    for (size_t i = 0; i < FIELDS; i++)
        buffer_init(&m->text[i], out->max);
    take_fields(m, root);
    put_date(msg, out);
    put_texts(m, out);
    for (size_t i = 0; i < FIELDS; i++)
        buffer_free(&m->text[i]);
    buffer_free(&m->value);
    free(m);
    return out->failed ? MESSAGE_NOMEM : MESSAGE_OK;
}

/* --- Reading. --------------------------------------------------------------------------------
 */

/* The length of a field's text; it may be ABSENT. */
static uint32_t length_at(const char *p, size_t field)
{
    uint32_t n;
    memcpy(&n, p + AT_LENGTHS + field * sizeof n, sizeof n);
    return n;
}

/* What is behind the format; NULL: the value is not sound. */
static const char *open_value(const void *value, size_t n)
{
    const char *p = summary_contents(value, n);
    if (p == NULL || n - 1 < AT_TEXTS)
        return NULL;
    size_t left = n - 1 - AT_TEXTS;
    for (size_t i = 0; i < FIELDS; i++) {
        uint32_t len = length_at(p, i);
        if (len == ABSENT)
            continue;
        if (len > left)
            return NULL;
        left -= len;
    }
    return left == 0 ? p : NULL;
}

bool summary_search_header(const void *value, size_t n, int field,
                           const struct search_text *text, bool *found_r)
{
    const char *p = open_value(value, n);
    *found_r = false;
    if (p == NULL || field < 0 || (size_t)field >= FIELDS)
        return false;
    uint32_t len = length_at(p, (size_t)field);
    if (len == ABSENT)
        return true;
    const char *folded = p + AT_TEXTS;
    for (size_t i = 0; i < (size_t)field; i++)
        folded += length_at(p, i) == ABSENT ? 0 : length_at(p, i);
    *found_r = search_text_in(text, folded, len);
    return true;
}

bool summary_sent_day(const void *value, size_t n, bool *dated_r, int64_t *day_r)
{
    const char *p = open_value(value, n);
    if (p == NULL)
        return false;
    *dated_r = p[AT_DATED] != 0;
    memcpy(day_r, p + AT_DAY, sizeof *day_r);
    return true;
}

/*
 * What SORT and THREAD order and group by.
 *
 * Behind the format: MARKs (1 octet), the second of the Date (8), the lengths of the PIECES,
 * each in as few octets as it needs, then the pieces themselves. The display name and the
 * mailbox of an address are two pieces; where it has no name, "@host" is in the name's place,
 * and what it is sorted by as a name is both pieces together (an '@' is folded to itself and
 * joins with nothing).
 */
#include "message/address.h"
#include "message/base_subject.h"
#include "message/date.h"
#include "message/encoded_word.h"
#include "message/fold.h"
#include "message/header.h"
#include "message/part.h"
#include "message/summary_private.h"

#include <stdlib.h>
#include <string.h>

enum mark {
    MARK_DATED = 1,
    MARK_REPLY = 2,
    MARK_FROM_NAMED = 4, /* From's first address has a display name */
    MARK_TO_NAMED = 8,
    MARKS = 16 /* above them all */
};

/* The name of an address is behind its mailbox. */
enum piece {
    PIECE_SUBJECT,
    PIECE_FROM_MAILBOX,
    PIECE_FROM_NAME, /* or "@host" */
    PIECE_TO_MAILBOX,
    PIECE_TO_NAME,
    PIECE_CC_MAILBOX,
    PIECES
};

/* Where the parts of a value are, behind the format. */
#define AT_MARKS   0
#define AT_SECOND  1
#define AT_LENGTHS (AT_SECOND + sizeof(int64_t))

#define SECONDS_A_DAY 86400

/* --- Making. ---------------------------------------------------------------------------------
 */

struct maker {
    const struct part *root;
    unsigned marks;
    size_t length[PIECES];
    struct buffer pieces;
    struct buffer value;   /* an unfolded field */
    struct buffer decoded; /* text to be folded */
    struct fold fold;
};

/* Appends text, folded, to a piece; they are written one after the other. */
static void put_folded(struct maker *m, enum piece piece, const char *p, size_t n)
{
    struct summary_collector last = { { summary_collect }, &m->pieces };
    size_t before = m->pieces.len;
    fold_init_title(&m->fold, &last.sink);
    if (n > 0 && !(m->fold.sink.write(&m->fold.sink, p, n) && fold_finish(&m->fold)))
        m->pieces.failed = true;
    m->length[piece] += m->pieces.len - before;
}

/* Decodes encoded-words into m->decoded. */
static void decode(struct maker *m, const struct buffer *text)
{
    struct summary_collector last = { { summary_collect }, &m->decoded };
    bool stopped;
    buffer_clear(&m->decoded);
    if (!encoded_word_decode(text->data, text->len, &last.sink, &stopped))
        m->pieces.failed = true;
}

static void take_subject(struct maker *m)
{
    struct field f;
    if (!part_field(m->root, "Subject", &f))
        return;
    if (!field_unfold(&f, &m->value))
        m->pieces.failed = true;
    decode(m, &m->value);
    struct base_subject base = base_subject_find(m->decoded.data, m->decoded.len);
    m->marks |= base.reply ? MARK_REPLY : 0;
    put_folded(m, PIECE_SUBJECT, base.text, base.len);
}

/* Finds the first address in the fields that ENVELOPE makes its list of: the first From, all of
 * To, all of Cc (message/envelope.c). address_end is the caller's where there is one. */
static bool first_address(struct maker *m, const char *name, bool first_field,
                          struct address_parser *a)
{
    struct field f;
    if (!part_field(m->root, name, &f))
        return false;
    size_t pos = (size_t)(f.raw + f.raw_len - m->root->fields);
    do {
        if (!field_is(&f, name))
            continue;
        address_begin(a, f.value, f.value_len);
        if (address_next(a))
            return true;
        if (!address_end(a))
            m->pieces.failed = true;
    } while (!first_field && header_next(m->root->fields, m->root->fields_len, &pos, &f));
    return false;
}

/* A group has its name in the place of a mailbox and no host, as in ENVELOPE. */
static void put_mailbox(struct maker *m, const struct address_parser *a, enum piece piece)
{
    if (a->kind == ADDRESS_MAILBOX) {
        put_folded(m, piece, a->mailbox.data, a->mailbox.len);
    } else {
        decode(m, &a->name);
        put_folded(m, piece, m->decoded.data, m->decoded.len);
    }
}

/* Returns whether it has a display name. */
static bool put_name(struct maker *m, const struct address_parser *a, enum piece piece)
{
    if (a->kind != ADDRESS_MAILBOX)
        return false;
    decode(m, &a->name);
    if (m->decoded.len > 0) {
        put_folded(m, piece, m->decoded.data, m->decoded.len);
        return true;
    }
    put_folded(m, piece, "@", 1);
    put_folded(m, piece, a->host.data, a->host.len);
    return false;
}

/* named: the mark of a display name; 0: names are not wanted. */
static void take_address(struct maker *m, const char *field, bool first_field,
                         enum piece mailbox, unsigned named)
{
    struct address_parser a;
    if (!first_address(m, field, first_field, &a))
        return;
    put_mailbox(m, &a, mailbox);
    if (named != 0 && put_name(m, &a, mailbox + 1))
        m->marks |= named;
    if (!address_end(&a))
        m->pieces.failed = true;
}

/* The second in UTC. */
static int64_t take_date(struct maker *m)
{
    struct field f;
    struct date date;
    if (!part_field(m->root, "Date", &f) || !date_parse(f.value, f.value_len, &date))
        return 0;
    m->marks |= MARK_DATED;
    return date.day * SECONDS_A_DAY + date.second - (int64_t)date.zone * 60;
}

/* Seven bits an octet, the lowest first; all but the last octet have the eighth. */
static void put_number(struct buffer *out, size_t number)
{
    for (; number >= 0x80; number >>= 7)
        buffer_putc(out, (char)(number | 0x80));
    buffer_putc(out, (char)number);
}

enum message_status summary_put_sort(const struct message *msg, struct buffer *out)
{
    struct maker *m = malloc(sizeof *m);
    if (m == NULL)
        return MESSAGE_NOMEM;
    m->root = &msg->part[0];
    m->marks = 0;
    memset(m->length, 0, sizeof m->length);
    buffer_init(&m->pieces, out->max);
    buffer_init(&m->value, HEADER_MAX);
    buffer_init(&m->decoded, HEADER_MAX * 4);
    take_subject(m);
    take_address(m, "From", true, PIECE_FROM_MAILBOX, MARK_FROM_NAMED);
    take_address(m, "To", false, PIECE_TO_MAILBOX, MARK_TO_NAMED);
    take_address(m, "Cc", false, PIECE_CC_MAILBOX, 0);
    int64_t second = take_date(m);
    buffer_putc(out, (char)m->marks);
    buffer_append(out, &second, sizeof second);
    for (int i = 0; i < PIECES; i++)
        put_number(out, m->length[i]);
    buffer_append(out, m->pieces.data, m->pieces.len);
    bool ok = !out->failed && !m->pieces.failed;
    buffer_free(&m->pieces);
    buffer_free(&m->value);
    buffer_free(&m->decoded);
    free(m);
    return ok ? MESSAGE_OK : MESSAGE_NOMEM;
}

/* --- Reading. --------------------------------------------------------------------------------
 */

/* What is left of a value. */
struct rest {
    const char *p;
    size_t n;
};

/* A number that no value's length reaches is none. */
static bool get_number(struct rest *r, size_t *number_r)
{
    *number_r = 0;
    for (unsigned shift = 0; r->n > 0 && shift <= 28; shift += 7) {
        unsigned char c = (unsigned char)*r->p;
        r->p++;
        r->n--;
        *number_r |= (size_t)(c & 0x7f) << shift;
        if (c < 0x80)
            return true;
    }
    return false;
}

static bool get_pieces(struct rest *r, struct sort_key piece[PIECES])
{
    for (int i = 0; i < PIECES; i++)
        if (!get_number(r, &piece[i].n))
            return false;
    for (int i = 0; i < PIECES; i++) {
        if (piece[i].n > r->n)
            return false;
        piece[i].p = r->p;
        r->p += piece[i].n;
        r->n -= piece[i].n;
    }
    return r->n == 0;
}

/* What an address is sorted by under DISPLAYFROM and DISPLAYTO. */
static struct sort_key display(const struct sort_key *mailbox, bool named)
{
    const struct sort_key *name = mailbox + 1;
    if (named)
        return *name;
    return (struct sort_key){ mailbox->p, mailbox->n + name->n };
}

bool summary_sort(const void *value, size_t n, struct summary_sort *sort_r)
{
    const char *p = summary_contents(value, n);
    if (p == NULL || n - 1 < AT_LENGTHS)
        return false;
    unsigned marks = (unsigned char)p[AT_MARKS];
    struct rest r = { p + AT_LENGTHS, n - 1 - AT_LENGTHS };
    struct sort_key piece[PIECES];
    if (marks >= MARKS || !get_pieces(&r, piece))
        return false;
    sort_r->dated = (marks & MARK_DATED) != 0;
    sort_r->reply = (marks & MARK_REPLY) != 0;
    memcpy(&sort_r->second, p + AT_SECOND, sizeof sort_r->second);
    sort_r->key[SORT_SUBJECT] = piece[PIECE_SUBJECT];
    sort_r->key[SORT_FROM] = piece[PIECE_FROM_MAILBOX];
    sort_r->key[SORT_TO] = piece[PIECE_TO_MAILBOX];
    sort_r->key[SORT_CC] = piece[PIECE_CC_MAILBOX];
    sort_r->key[SORT_DISPLAYFROM] =
        display(&piece[PIECE_FROM_MAILBOX], (marks & MARK_FROM_NAMED) != 0);
    sort_r->key[SORT_DISPLAYTO] =
        display(&piece[PIECE_TO_MAILBOX], (marks & MARK_TO_NAMED) != 0);
    return true;
}

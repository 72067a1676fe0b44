/*
 * Each member is written as it is found, never held: a header of some MiB may make an envelope
 * many times as long, because an octet can be an address or the end of a group, and From may
 * stand for Sender and Reply-To.
 *
 * Fields that occur more than once: RFC 5322 section 4.5.3 has the lists of To, Cc and Bcc
 * joined; for the others, where it leaves the meaning open, the first one counts.
 */
#include "message/envelope.h"

#include "message/address.h"
#include "message/imap_string.h"

/* In the order of the envelope. */
enum envelope_member {
    ENV_DATE,
    ENV_SUBJECT,
    ENV_FROM,
    ENV_SENDER,
    ENV_REPLY_TO,
    ENV_TO,
    ENV_CC,
    ENV_BCC,
    ENV_IN_REPLY_TO,
    ENV_MESSAGE_ID,
    ENV_MEMBERS
};

enum member_kind { MEMBER_TEXT, MEMBER_ADDRESSES, MEMBER_JOINED_ADDRESSES };

static const struct {
    const char *name;
    enum member_kind kind;
} members[ENV_MEMBERS] = {
    [ENV_DATE] = { "Date", MEMBER_TEXT },
    [ENV_SUBJECT] = { "Subject", MEMBER_TEXT },
    [ENV_FROM] = { "From", MEMBER_ADDRESSES },
    [ENV_SENDER] = { "Sender", MEMBER_ADDRESSES },
    [ENV_REPLY_TO] = { "Reply-To", MEMBER_ADDRESSES },
    [ENV_TO] = { "To", MEMBER_JOINED_ADDRESSES },
    [ENV_CC] = { "Cc", MEMBER_JOINED_ADDRESSES },
    [ENV_BCC] = { "Bcc", MEMBER_JOINED_ADDRESSES },
    [ENV_IN_REPLY_TO] = { "In-Reply-To", MEMBER_TEXT },
    [ENV_MESSAGE_ID] = { "Message-ID", MEMBER_TEXT },
};

static int member_of(const struct field *f)
{
    for (int i = 0; i < ENV_MEMBERS; i++)
        if (field_is(f, members[i].name))
            return i;
    return -1;
}

bool envelope_field(const struct field *f)
{
    return member_of(f) >= 0;
}

/* The first field that a member is made of. */
struct member {
    bool seen;
    struct field field;
    size_t behind; /* where the next field of the header begins */
};

struct envelope {
    const char *header;
    size_t len;
    struct member member[ENV_MEMBERS];
    struct buffer *out;
};

static void find_members(struct envelope *e)
{
    size_t pos = 0;
    struct field f;
    while (header_next(e->header, e->len, &pos, &f)) {
        int i = member_of(&f);
        if (i >= 0 && !e->member[i].seen)
            e->member[i] = (struct member){ true, f, pos };
    }
}

/* False: the member is not there. */
static bool write_text(struct envelope *e, enum envelope_member i)
{
    struct buffer text;
    if (!e->member[i].seen)
        return false;
    buffer_init(&text, e->len);
    field_unfold(&e->member[i].field, &text);
    e->out->failed |= text.failed;
    imap_string(e->out, text.data, text.len);
    buffer_free(&text);
    return true;
}

static bool has_address(struct envelope *e, const struct field *f)
{
    struct address_parser a;
    address_begin(&a, f->value, f->value_len);
    bool found = address_next(&a);
    e->out->failed |= !address_end(&a);
    return found;
}

/* False: no address is in it, and nothing was written. */
static bool write_list(struct envelope *e, enum envelope_member i)
{
    bool joined = members[i].kind == MEMBER_JOINED_ADDRESSES;
    bool any = false;
    struct field f = e->member[i].field;
    size_t pos = e->member[i].behind;
    if (!e->member[i].seen)
        return false;
    do {
        if (!field_is(&f, members[i].name))
            continue;
        if (!any && has_address(e, &f))
            any = buffer_putc(e->out, '(');
        if (any && !address_list_write(e->out, f.value, f.value_len))
            e->out->failed = true;
    } while (joined && !e->out->failed && header_next(e->header, e->len, &pos, &f));
    if (any)
        buffer_putc(e->out, ')');
    return any;
}

static bool write_member(struct envelope *e, enum envelope_member i)
{
    if (members[i].kind == MEMBER_TEXT)
        return write_text(e, i);
    return write_list(e, i) ||
           ((i == ENV_SENDER || i == ENV_REPLY_TO) && write_list(e, ENV_FROM));
}

bool envelope_write(const char *header, size_t len, struct buffer *out)
{
    struct envelope e = { .header = header, .len = len, .out = out };
    find_members(&e);
    for (int i = 0; i < ENV_MEMBERS; i++) {
        buffer_putc(out, i == 0 ? '(' : ' ');
        if (!write_member(&e, (enum envelope_member)i))
            buffer_puts(out, "NIL");
    }
    buffer_putc(out, ')');
    return !out->failed;
}

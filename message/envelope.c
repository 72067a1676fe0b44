/*
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

static void write_text(struct buffer *out, const struct field *f, struct buffer *scratch)
{
    buffer_clear(scratch);
    field_unfold(f, scratch);
    imap_string(out, scratch->data, scratch->len);
}

/* Each member as it will be sent; empty: not there. */
static void collect(const char *header, size_t len, struct buffer *value,
                    struct buffer *scratch)
{
    bool seen[ENV_MEMBERS] = { false };
    size_t pos = 0;
    struct field f;
    while (header_next(header, len, &pos, &f)) {
        int i = member_of(&f);
        if (i < 0 || (seen[i] && members[i].kind != MEMBER_JOINED_ADDRESSES))
            continue;
        seen[i] = true;
        if (members[i].kind == MEMBER_TEXT)
            write_text(&value[i], &f, scratch);
        else if (!address_list_write(&value[i], f.value, f.value_len))
            value[i].failed = true;
    }
}

static void write_member(struct buffer *out, const struct buffer *value, enum member_kind kind)
{
    if (value->failed)
        out->failed = true;
    else if (value->len == 0)
        buffer_puts(out, "NIL");
    if (value->failed || value->len == 0)
        return;
    if (kind != MEMBER_TEXT)
        buffer_putc(out, '(');
    buffer_append(out, value->data, value->len);
    if (kind != MEMBER_TEXT)
        buffer_putc(out, ')');
}

bool envelope_write(const char *header, size_t len, struct buffer *out)
{
    struct buffer value[ENV_MEMBERS];
    struct buffer scratch;
    for (int i = 0; i < ENV_MEMBERS; i++)
        buffer_init(&value[i], out->max);
    buffer_init(&scratch, len);
    collect(header, len, value, &scratch);
    if (scratch.failed)
        out->failed = true;

    for (int i = 0; i < ENV_MEMBERS; i++) {
        bool from_too = (i == ENV_SENDER || i == ENV_REPLY_TO) && value[i].len == 0;
        buffer_putc(out, i == 0 ? '(' : ' ');
        write_member(out, &value[from_too ? ENV_FROM : i], members[i].kind);
    }
    buffer_putc(out, ')');

    buffer_free(&scratch);
    for (int i = 0; i < ENV_MEMBERS; i++)
        buffer_free(&value[i]);
    return !out->failed;
}

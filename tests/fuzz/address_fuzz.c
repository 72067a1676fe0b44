/* Address lists: any octets are one; groups open and close in turn; and the addresses, written
 * down by RFC 5322 with everything quoted, are read again as the same. */
#include "tests/fuzz/fuzz.h"

#include "message/address.h"

/* A quoted-string (RFC 5322 section 3.2.4). */
static void put_quoted(struct buffer *out, const struct buffer *text)
{
    buffer_putc(out, '"');
    for (size_t i = 0; i < text->len; i++) {
        if (text->data[i] == '"' || text->data[i] == '\\')
            buffer_putc(out, '\\');
        buffer_putc(out, text->data[i]);
    }
    buffer_putc(out, '"');
}

/* What can stand in a quoted string and be read as it is: no line end. */
static bool quotable(const struct buffer *text)
{
    return text->len == 0 || (memchr(text->data, '\n', text->len) == NULL &&
                              memchr(text->data, '\r', text->len) == NULL &&
                              memchr(text->data, '\0', text->len) == NULL);
}

static bool is_domain(const struct buffer *host)
{
    for (size_t i = 0; i < host->len; i++) {
        char c = host->data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return true;
}

/* One address of a list in another form. False: it can't be written so. */
static bool put(struct buffer *out, const struct address_parser *a)
{
    switch (a->kind) {
    case ADDRESS_GROUP_START:
        put_quoted(out, &a->name);
        buffer_putc(out, ':');
        return quotable(&a->name) && a->name.len > 0;
    case ADDRESS_GROUP_END:
        buffer_putc(out, ';');
        return true;
    case ADDRESS_MAILBOX:
        break;
    }
    if (a->name.len > 0)
        put_quoted(out, &a->name);
    buffer_putc(out, '<');
    put_quoted(out, &a->mailbox);
    buffer_putc(out, '@');
    buffer_append(out, a->host.data, a->host.len);
    buffer_puts(out, ">,");
    return a->route.len == 0 && a->mailbox.len > 0 && a->host.len > 0 && is_domain(&a->host) &&
           quotable(&a->mailbox) && quotable(&a->name);
}

static void tell(struct buffer *out, const struct address_parser *a)
{
    buffer_printf(out, "%d ", a->kind);
    if (a->kind == ADDRESS_GROUP_END)
        return;
    const struct buffer *part[] = { &a->name, &a->route, &a->mailbox, &a->host };
    for (int i = 0; i < 4; i++) {
        if (a->kind == ADDRESS_GROUP_START && i > 0)
            break;
        buffer_printf(out, "%zu:", part[i]->len);
        buffer_append(out, part[i]->data, part[i]->len);
    }
}

/* Tells of the list in *told, writes it down again in *again; whether that could be. */
static bool read_list(const char *value, size_t n, struct buffer *told, struct buffer *again)
{
    struct address_parser a;
    bool in_group = false;
    bool writable = true;
    size_t count = 0;
    address_begin(&a, value, n);
    while (address_next(&a)) {
        CHECK(++count <= n * 2 + 2);
        CHECK(a.lex.p <= value + n);
        if (a.kind == ADDRESS_GROUP_START)
            CHECK(!in_group);
        if (a.kind == ADDRESS_GROUP_END)
            CHECK(in_group);
        if (a.kind != ADDRESS_MAILBOX)
            in_group = a.kind == ADDRESS_GROUP_START;
        tell(told, &a);
        writable = put(again, &a) && writable;
    }
    CHECK(!in_group);
    CHECK(address_end(&a));
    return writable;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer told;
    struct buffer told_again;
    struct buffer again;
    struct buffer written;
    char *value = fuzz_string(data, size);
    fuzz_buffer(&told);
    fuzz_buffer(&told_again);
    fuzz_buffer(&again);
    fuzz_buffer(&written);
    CHECK(address_list_write(&written, value, size));
    if (read_list(value, size, &told, &again)) {
        buffer_clear(&written);
        read_list(again.data == NULL ? "" : again.data, again.len, &told_again, &written);
        CHECK(fuzz_same(&told, &told_again));
    }
    buffer_free(&told);
    buffer_free(&told_again);
    buffer_free(&again);
    buffer_free(&written);
    free(value);
    return 0;
}

/* Message ids: each has something on both sides of an '@', and is read again as it is, between
 * its angle brackets, where it needs no quoting. */
#include "tests/fuzz/fuzz.h"

#include "message/message_ids.h"

static void check_again(const struct buffer *id)
{
    struct message_ids ids;
    struct buffer value;
    fuzz_buffer(&value);
    buffer_putc(&value, '<');
    buffer_append(&value, id->data, id->len);
    buffer_putc(&value, '>');
    message_ids_begin(&ids, value.data, value.len);
    CHECK(message_ids_next(&ids) && fuzz_same(&ids.id, id));
    CHECK(!message_ids_next(&ids));
    CHECK(message_ids_end(&ids));
    buffer_free(&value);
}

static bool needs_quoting(const struct buffer *id)
{
    for (size_t i = 0; i < id->len; i++)
        if (id->data[i] == '\0' || strchr("<>\"( \t\r\n", id->data[i]) != NULL)
            return true;
    /* Its only '@' may have been quoted at the beginning: then there is nothing before it. */
    return id->data[0] == '@';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct message_ids ids;
    size_t octets = 0;
    char *value = fuzz_string(data, size);
    message_ids_begin(&ids, value, size);
    while (message_ids_next(&ids)) {
        CHECK(ids.id.len >= 3 && ids.id.len <= MESSAGE_ID_MAX);
        CHECK(memchr(ids.id.data + 1, '@', ids.id.len - 2) != NULL);
        CHECK(message_id_hash(ids.id.data, ids.id.len) != 0);
        octets += ids.id.len + 2;
        CHECK(octets <= size);
        if (!needs_quoting(&ids.id))
            check_again(&ids.id);
    }
    CHECK(message_ids_end(&ids));
    free(value);
    return 0;
}

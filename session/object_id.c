#include "session/object_id.h"

#include "message/message_ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Octets of the SUMMARY_THREAD of a message with as many references as a header holds. */
#define REFERENCES_MAX ((size_t)1 << 24)

/* Two numbers of 64 bits of the same text: message_id_hash is good against chance, which is all
 * that is asked for. Identities are made by this machine's mailers, and whoever could make two
 * that agree would fool himself; who wants a message in another's thread need but name it. */
static void put(char kind, const char *text, size_t n, char id_r[OBJECT_ID_SIZE])
{
    char other[MESSAGE_ID_MAX + 1];
    size_t part = n < MESSAGE_ID_MAX ? n : MESSAGE_ID_MAX;
    other[0] = kind;
    memcpy(other + 1, text, part);
    snprintf(id_r, OBJECT_ID_SIZE, "%c%016" PRIx64 "%016" PRIx64, kind,
             message_id_hash(text, n), message_id_hash(other, part + 1));
}

enum store_error object_email_id(struct mailbox *mb, uint32_t uid, char id_r[OBJECT_ID_SIZE])
{
    char identity[IDENTITY_MAX + 1];
    enum store_error error = mailbox_identity(mb, uid, identity);
    if (error == STORE_OK)
        put('M', identity, strlen(identity), id_r);
    return error;
}

/* What the summary has of an id is its hash. */
static void put_first(uint64_t first, char id_r[OBJECT_ID_SIZE])
{
    char text[sizeof "0123456789abcdef"];
    snprintf(text, sizeof text, "%016" PRIx64, first);
    put('T', text, sizeof text - 1, id_r);
}

/* A message that has no id, and names no other, is in a thread with its copies alone. */
static enum store_error put_own(struct content *c, char id_r[OBJECT_ID_SIZE])
{
    char identity[IDENTITY_MAX + 1];
    enum store_error error = mailbox_identity(c->mailbox, c->uid, identity);
    if (error == STORE_OK)
        put('T', identity, strlen(identity), id_r);
    return error;
}

static enum store_error from_summary(struct content *c, const struct buffer *value,
                                     char id_r[OBJECT_ID_SIZE])
{
    struct summary_thread thread;
    if (!summary_thread(value->data, value->len, &thread))
        return STORE_UNAVAILABLE;
    uint64_t first = thread.references > 0 ? summary_thread_reference(&thread, 0) : thread.id;
    if (first == 0)
        return put_own(c, id_r);
    put_first(first, id_r);
    return STORE_OK;
}

static enum store_error from_message(struct content *c, char id_r[OBJECT_ID_SIZE])
{
    struct buffer whole;
    enum store_error error = STORE_UNAVAILABLE;
    buffer_init(&whole, REFERENCES_MAX);
    if (summary_make(c->message, SUMMARY_THREAD, 0, &whole) == MESSAGE_OK)
        error = from_summary(c, &whole, id_r);
    buffer_free(&whole);
    return error;
}

enum store_error object_thread_id_of(struct content *c, const struct buffer *value,
                                     char id_r[OBJECT_ID_SIZE])
{
    return value != NULL ? from_summary(c, value, id_r) : from_message(c, id_r);
}

enum store_error object_thread_id(struct content *c, struct buffer *value,
                                  char id_r[OBJECT_ID_SIZE])
{
    enum store_error error = content_summary(c, SUMMARY_THREAD, 0, value);
    if (error == STORE_OK)
        return from_summary(c, value, id_r);
    return c->message != NULL ? from_message(c, id_r) : error;
}

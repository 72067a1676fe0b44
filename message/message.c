#include "message/message.h"

#include "message/date.h"
#include "message/envelope.h"
#include "message/part.h"
#include "message/scanner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum message_status message_parse(struct message_input *in, enum message_depth depth,
                                  struct message **msg_r)
{
    *msg_r = NULL;
    struct message *msg = calloc(1, sizeof *msg);
    if (msg == NULL)
        return MESSAGE_NOMEM;
    msg->in = in;
    enum message_status status = mime_parse(msg, depth);
    if (status != MESSAGE_OK) {
        message_free(msg);
        return status;
    }
    *msg_r = msg;
    return MESSAGE_OK;
}

void message_free(struct message *msg)
{
    if (msg == NULL)
        return;
    for (size_t i = 0; i < msg->parts; i++)
        free(msg->part[i].fields);
    free(msg->part);
    free(msg);
}

enum message_status message_whole(struct message_input *in, struct section_data *data_r)
{
    memset(data_r, 0, sizeof *data_r);
    buffer_init(&data_r->made, 0);
    char *buf = NULL;
    if (in->peek == NULL && (buf = malloc(SCANNER_SIZE)) == NULL)
        return MESSAGE_NOMEM;
    struct octet_mark mark = { 0, 0, 0 };
    unsigned char last = 0;
    const char *p;
    ssize_t got;
    while ((got = message_input_get(in, buf, SCANNER_SIZE, mark.raw, &p)) > 0)
        octets_count(&mark, &last, p, (size_t)got);
    int why = errno;
    free(buf);
    errno = why;
    data_r->exists = got == 0;
    data_r->raw_len = mark.raw;
    data_r->octets = mark.octets;
    return got == 0 ? MESSAGE_OK : MESSAGE_IO;
}

enum message_status message_measure(struct message_input *in, uint64_t *octets_r)
{
    struct section_data whole;
    enum message_status status = message_whole(in, &whole);
    *octets_r = whole.octets;
    return status;
}

enum message_status message_envelope(const struct message *msg, struct buffer *out)
{
    const struct part *root = &msg->part[0];
    return envelope_write(root->fields, root->fields_len, out) ? MESSAGE_OK : MESSAGE_NOMEM;
}

bool message_sent_day(const struct message *msg, int64_t *day_r)
{
    struct field f;
    struct date date;
    if (!part_field(&msg->part[0], "Date", &f) || !date_parse(f.value, f.value_len, &date))
        return false;
    *day_r = date.day;
    return true;
}

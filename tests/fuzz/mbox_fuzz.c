/* An mbox: the same messages in pieces of any size; begin and end take turns; what is told of
 * them are lines of the file in their order, and none of them separates. */
#include "tests/fuzz/stage.h"

#include "message/mbox.h"

struct hearing {
    struct message_sink *to; /* all that is told, to be compared */
    bool open;
    size_t octets; /* of all messages */
};

static bool put(struct hearing *h, const char *s, size_t n)
{
    return h->to->write(h->to, s, n);
}

static bool hear_begin(void *ctx)
{
    struct hearing *h = ctx;
    CHECK(!h->open);
    h->open = true;
    return put(h, "[", 1);
}

static bool hear_octets(void *ctx, const char *p, size_t n)
{
    struct hearing *h = ctx;
    CHECK(h->open && n > 0);
    h->octets += n;
    return put(h, p, n);
}

static bool hear_end(void *ctx, const struct mbox_message *m)
{
    struct hearing *h = ctx;
    char line[128];
    CHECK(h->open);
    CHECK(strlen(m->keywords) <= MBOX_LINE_MAX && strlen(m->folder_keywords) <= MBOX_LINE_MAX);
    h->open = false;
    int n = snprintf(line, sizeof line, "]%lld %d %x %u %u %u %d ", (long long)m->second,
                     m->zoned, m->flags, m->uid, m->uidvalidity, m->last_uid, m->pseudo);
    return put(h, line, (size_t)n) && put(h, m->keywords, strlen(m->keywords)) &&
           put(h, m->folder_keywords, strlen(m->folder_keywords));
}

static bool stage(void *ctx, const uint8_t *data, size_t n, size_t step,
                  struct message_sink *to)
{
    (void)ctx;
    struct hearing h = { .to = to };
    const struct mbox_sink sink = { hear_begin, hear_octets, hear_end, &h };
    struct mbox_reader *r = mbox_reader_new(&sink);
    CHECK(r != NULL);
    enum mbox_status s = MBOX_OK;
    for (size_t at = 0; s == MBOX_OK && at < n; at += step)
        s = mbox_read(r, (const char *)data + at, n - at < step ? n - at : step);
    if (s == MBOX_OK)
        s = mbox_end(r);
    mbox_reader_free(r);
    CHECK(h.octets <= n && s != MBOX_NOMEM);
    CHECK(s == MBOX_STOPPED || !h.open);
    return s != MBOX_STOPPED;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buffer out;
    stage_check(stage, NULL, data, size, &out);
    buffer_free(&out);
    return 0;
}

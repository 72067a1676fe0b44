/*
 * What the store can do and no command asks for yet, measured on a Maildir:
 *
 *     store changes ROOT    milliseconds to find 10 changed messages of INBOX (CHANGEDSINCE)
 *     store append ROOT     milliseconds a message, 500 of 4 KB in one (MULTIAPPEND)
 */
#include "mailstore/append.h"
#include "mailstore/mailbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHANGED 10
#define ADDED   500
#define OCTETS  4096
#define MS_S    1e3
#define MS_NS   1e-6

static double now_ms(void)
{
    struct timespec t = { 0, 0 };
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * MS_S + (double)t.tv_nsec * MS_NS;
}

static void must(enum store_error e)
{
    if (e == STORE_OK)
        return;
    fprintf(stderr, "store: %s\n", store_error_text(e));
    exit(1);
}

static void count(void *ctx, const struct message_info *info)
{
    size_t *n = ctx;
    *n += !info->expunged;
}

/* Ten messages, spread over the folder. */
static double changes(struct store *store)
{
    struct mailbox *mb = NULL;
    struct mailbox_counts counts;
    uint32_t uid[CHANGED];
    size_t n = 0;
    must(mailbox_open(store, "INBOX", true, &mb));
    mailbox_counts(mb, &counts);
    for (uint32_t i = 0; i < CHANGED; i++) {
        struct message_info info;
        if (!mailbox_next(mb, 1 + i * (counts.uidnext / CHANGED), &info))
            must(STORE_EXPUNGED);
        uid[i] = info.uid;
        struct flag_change change = { .op =
                                          info.flags & FLAG_FLAGGED ? FLAGS_REMOVE : FLAGS_ADD,
                                      .flags = FLAG_FLAGGED };
        uint64_t before = mailbox_modseq(mb);
        must(mailbox_store(mb, &uid[i], 1, &change, NULL));
        if (mailbox_modseq(mb) == before)
            must(STORE_CORRUPT);
    }
    store_release(store);
    uint64_t since = mailbox_modseq(mb) - 1; /* find out how far back ten of them are */
    while (n < CHANGED && since > 0) {
        n = 0;
        since -= since > MS_S ? (uint64_t)MS_S : since;
        (void)mailbox_changes(mb, since, count, &n);
    }
    store_release(store);
    double began = now_ms();
    n = 0;
    (void)mailbox_changes(mb, since, count, &n);
    double took = now_ms() - began;
    mailbox_close(mb);
    return took;
}

static double append(struct store *store)
{
    static uint32_t uid[ADDED];
    char text[OCTETS];
    struct append *a = NULL;
    uint32_t validity = 0;
    struct flag_change none = { .op = FLAGS_REPLACE };
    memset(text, 'x', sizeof text);
    memcpy(text, "Subject: x\r\n\r\n", strlen("Subject: x\r\n\r\n"));
    double began = now_ms();
    must(append_open(store, "INBOX", &a));
    for (int i = 0; i < ADDED; i++) {
        must(append_message(a, &none, time(NULL)));
        must(append_write(a, text, sizeof text));
    }
    must(append_commit(a, &validity, uid));
    return (now_ms() - began) / ADDED;
}

int main(int argc, char **argv)
{
    struct store *store = NULL;
    if (argc != 3 || (strcmp(argv[1], "changes") != 0 && strcmp(argv[1], "append") != 0)) {
        fprintf(stderr, "usage: store changes|append ROOT\n");
        return 2;
    }
    must(store_open(argv[2], LAYOUT_MAILDIRPP, &store));
    printf("%.4f\n", argv[1][0] == 'c' ? changes(store) : append(store));
    store_close(store);
    return 0;
}

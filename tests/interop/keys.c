/*
 * keys FILE...: what SORT orders each message by, as message/summary.h keeps it. A line a file:
 * the second of its Date or "-", then the keys in the order of enum sort_key_kind, in
 * hexadecimal, each behind a tab. tests/interop/sort compares with servers.
 */
#include "message/summary.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct file_input {
    struct message_input in;
    int fd;
};

static ssize_t file_pread(struct message_input *in, void *buf, size_t n, uint64_t off)
{
    struct file_input *f = (struct file_input *)in;
    return pread(f->fd, buf, n, (off_t)off);
}

static bool print_keys(struct message_input *in)
{
    struct message *msg;
    struct buffer value;
    struct summary_sort sort;
    if (message_parse(in, summary_depth(SUMMARY_SORT), &msg) != MESSAGE_OK)
        return false;
    buffer_init(&value, (size_t)1 << 24);
    bool ok = summary_make(msg, SUMMARY_SORT, 0, &value) == MESSAGE_OK &&
              summary_sort(value.data, value.len, &sort);
    message_free(msg);
    if (ok) {
        if (sort.dated)
            printf("%" PRId64, sort.second);
        else
            putchar('-');
        for (int k = 0; k < SORT_KEYS; k++) {
            putchar('\t');
            for (size_t i = 0; i < sort.key[k].n; i++)
                printf("%02x", (unsigned char)sort.key[k].p[i]);
        }
        putchar('\n');
    }
    buffer_free(&value);
    return ok;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct file_input f = { .in.pread = file_pread,
                                .fd = open(argv[i], O_RDONLY | O_CLOEXEC) };
        bool ok = f.fd >= 0 && print_keys(&f.in);
        if (f.fd >= 0)
            close(f.fd);
        if (!ok) {
            fprintf(stderr, "keys: no keys of %s\n", argv[i]);
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}

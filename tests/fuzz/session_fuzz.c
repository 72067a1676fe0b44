/*
 * A whole session as with -P: the input is all that a client ever says, to a prepared Maildir
 * in memory. What is answered is IMAP's: lines that are tagged or not, literals as long as they
 * say, no NUL and no bare line end between them. And what is left on disk agrees with itself,
 * as imapd --check sees it.
 */
#include "tests/fuzz/scratch.h"

#include "command/server.h"
#include "config/settings.h"
#include "mailstore/check.h"

#define INDEX_SIZE ((uint64_t)1 << 26)

static const char mail1[] =
    "From: \"A\" <a@b>\nTo: g: x@y;\nSubject: =?utf-8?Q?=D0=AF?=\nDate: Mon, 1 Jan 2024 "
    "10:00:00 +0300\nMessage-ID: <1@b>\n\nhello\n";
static const char mail2[] =
    "Content-Type: multipart/mixed; boundary=b\n\npre\n--b\nContent-Type: text/html\n"
    "Content-Transfer-Encoding: quoted-printable\n\n<p>a=20b&amp;</p>\n--b\n"
    "Content-Type: message/rfc822\n\nSubject: in\n\nx\n--b\nContent-Type: application/x\n"
    "Content-Transfer-Encoding: base64\n\nAGFi\n--b--\n";

static void prepare(int root)
{
    static const char *const dirs[] = { "cur",        "new",        "tmp",       ".a.b",
                                        ".a.b/cur",   ".a.b/new",   ".a.b/tmp",  ".&BB8-",
                                        ".&BB8-/cur", ".&BB8-/new", ".&BB8-/tmp" };
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
        scratch_mkdir(root, dirs[i]);
    scratch_file(root, "cur/1.M1P1.h:2,S", 0, mail1, sizeof mail1 - 1);
    scratch_file(root, "cur/2.M1P1.h:2,aF", 0, mail2, sizeof mail2 - 1);
    scratch_file(root, "new/3.M1P1.h", 0, "\0x\r\n", 4);
    scratch_file(root, ".a.b/new/4.M1P1.h", 0, mail1, sizeof mail1 - 1);
    scratch_file(root, "dovecot-keywords", 0, "0 $Label1\n", 10);
    scratch_file(root, "subscriptions", 0, "V\t2\n\nINBOX\na\tb\n", 14);
}

static void check_answer(const char *p, size_t n)
{
    const char *end = p + n;
    bool begins = true;
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        CHECK(lf != NULL && lf > p && lf[-1] == '\r'); /* the last line is whole */
        if (begins) {
            const char *space = memchr(p, ' ', (size_t)(lf - p));
            CHECK(space != NULL && space > p);
        }
        CHECK(memchr(p, '\0', (size_t)(lf - p)) == NULL);
        CHECK(memchr(p, '\r', (size_t)(lf - p)) == lf - 1);
        /* {n} or ~{n} at the end of a line: a literal. */
        const char *open = memrchr(p, '{', (size_t)(lf - p));
        char *close = NULL;
        unsigned long long count = 0;
        if (open != NULL && lf[-2] == '}' && open[1] >= '0' && open[1] <= '9')
            count = strtoull(open + 1, &close, 10);
        bool literal = close == lf - 2;
        p = lf + 1;
        if (literal) {
            CHECK(count <= (size_t)(end - p));
            p += count;
        }
        begins = !literal;
    }
    CHECK(begins);
}

static void tell(void *ctx, enum check_line kind, const char *line)
{
    (void)ctx;
    if (kind == CHECK_DIFFERENCE || kind == CHECK_FAILURE)
        fprintf(stderr, "%s\n", line);
}

static void check_store(const char *root)
{
    struct store *store;
    struct check_counts counts;
    const struct check_options options = { .full = true, .patience = 1, .tell = tell };
    CHECK(store_open_only(root, LAYOUT_MAILDIRPP, &store) == STORE_OK);
    CHECK(store_index_at(store, NULL, INDEX_SIZE));
    CHECK(store_check(store, &options, &counts) == STORE_OK);
    CHECK(counts.differences == 0 && counts.failures == 0);
    store_close(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct stream io;
    struct settings settings;
    const char *root = scratch_begin();
    int dir = scratch_open(root);
    int in = scratch_memfd(data, size);
    int out = scratch_memfd("", 0);
    prepare(dir);
    close(dir);
    CHECK(settings_init(&settings));
    settings.index_max_size = INDEX_SIZE;
    settings.max_message = 100000;
    stream_init(&io, in, out, 2);
    struct session session = {
        .io = &io, .settings = &settings, .user = "fuzz", .peer = "local"
    };
    const char *tag = size % 2 == 0 ? NULL : "t0";
    CHECK(serve_open(&session, tag, root, NULL));
    (void)serve_user(&session, tag);
    off_t n = lseek(out, 0, SEEK_END);
    CHECK(n > 0);
    char *answer = mmap(NULL, (size_t)n, PROT_READ, MAP_PRIVATE, out, 0);
    CHECK(answer != MAP_FAILED);
    check_answer(answer, (size_t)n);
    munmap(answer, (size_t)n);
    check_store(root);
    settings_free(&settings);
    close(in);
    close(out);
    return 0;
}

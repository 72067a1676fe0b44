/*
 * The file dovecot-uidlist, any octets at all; the first octet says where it is cut, for a
 * reader that comes while it is being written. Whatever is in it: UIDs ascend and stay below
 * UIDNEXT, a file that grows tells what one look at all of it tells, and what is written anew
 * is read the same.
 */
#include "tests/fuzz/scratch.h"

#include "mailstore/uidlist.h"

static void check_lines(const struct uidlist *list, const struct uidlist_lines *lines)
{
    uint32_t last = 0;
    for (size_t i = 0; i < lines->count; i++) {
        const struct uidlist_line *l = &lines->line[i];
        CHECK(l->uid > last && l->uid <= UID_LIMIT);
        last = l->uid;
        CHECK(l->base_len > 0 && memchr(l->base, '\n', l->base_len) == NULL);
        CHECK(l->fields_len == 0 || memchr(l->fields, '\n', l->fields_len) == NULL);
    }
    CHECK(list->next > last && list->next <= UID_LIMIT + 1);
    CHECK(list->uidvalidity < UINT32_MAX);
    CHECK(memchr(list->fields, '\0', sizeof list->fields) != NULL);
}

static void tell(const struct uidlist_lines *lines, struct buffer *out)
{
    for (size_t i = 0; i < lines->count; i++) {
        const struct uidlist_line *l = &lines->line[i];
        buffer_printf(out, "%u ", l->uid);
        buffer_append(out, l->fields, l->fields_len);
        buffer_putc(out, ':');
        buffer_append(out, l->base, l->base_len);
        buffer_putc(out, '\n');
    }
}

static enum uidlist_news look(struct uidlist *list, int dir, bool locked, struct buffer *out)
{
    enum uidlist_news news;
    struct uidlist_lines lines;
    CHECK(uidlist_look(list, dir, locked, &news, &lines) == STORE_OK);
    if (list->uidvalidity != 0)
        check_lines(list, &lines);
    if (news == UIDLIST_NEW)
        buffer_clear(out);
    if (news != UIDLIST_MISSING)
        tell(&lines, out);
    uidlist_lines_free(&lines);
    return news;
}

/* In two steps, as a reader sees it that comes before and after an addition. */
static void check_grown(int dir, const uint8_t *data, size_t size, size_t cut,
                        const struct buffer *whole)
{
    struct uidlist list = { 0 };
    struct buffer told;
    fuzz_buffer(&told);
    scratch_file(dir, UIDLIST_NAME, O_TRUNC, data, cut);
    enum uidlist_news first = look(&list, dir, false, &told);
    scratch_file(dir, UIDLIST_NAME, O_APPEND, data + cut, size - cut);
    enum uidlist_news second = look(&list, dir, false, &told);
    if (first != UIDLIST_MISSING && second != UIDLIST_MISSING && !list.rewrite)
        CHECK(fuzz_same(&told, whole));
    buffer_free(&told);
}

/* Writes all of it anew; the same is read, and a writer who only adds believes the same. */
static void check_rewritten(int dir)
{
    struct uidlist list = { 0 };
    struct uidlist again = { 0 };
    struct uidlist tail = { 0 };
    struct uidlist_lines lines;
    struct buffer before;
    struct buffer after;
    fuzz_buffer(&before);
    fuzz_buffer(&after);
    CHECK(uidlist_load(&list, dir, &lines) == STORE_OK);
    tell(&lines, &before);
    if (list.uidvalidity == 0)
        list.uidvalidity = 1;
    CHECK(uidlist_rewrite(&list, dir, lines.line, lines.count) == STORE_OK);
    CHECK(uidlist_has_guid(&list));
    CHECK(look(&again, dir, true, &after) == UIDLIST_NEW);
    CHECK(again.damaged == 0 && !again.rewrite && again.uidvalidity == list.uidvalidity &&
          again.next == list.next);
    CHECK(fuzz_same(&before, &after));
    /* Where the first line or the last is too long to be read alone, all of it is read. */
    if (!uidlist_tail(&tail, dir)) {
        CHECK(before.len > 2000 || strlen(again.fields) > 500);
        tail = again;
    }
    CHECK(tail.next >= again.next && tail.uidvalidity == again.uidvalidity);
    if (list.next < UID_LIMIT) {
        const struct uidlist_line more = { list.next, "S1 ", 3, "1.M1.host", 9 };
        CHECK(uidlist_append(&tail, dir, &more, 1) == STORE_OK);
        CHECK(look(&again, dir, true, &after) == UIDLIST_GROWN);
        CHECK(again.last == more.uid && again.next == more.uid + 1 && again.damaged == 0);
    }
    uidlist_lines_free(&lines);
    buffer_free(&before);
    buffer_free(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t cut = 0;
    if (size > 0) {
        cut = data[0];
        data++;
        size--;
    }
    struct uidlist list = { 0 };
    struct uidlist memory = { 0 };
    struct uidlist_lines lines;
    struct buffer told;
    struct buffer parsed;
    int dir = scratch_open(scratch_begin());
    fuzz_buffer(&told);
    fuzz_buffer(&parsed);
    scratch_file(dir, UIDLIST_NAME, 0, data, size);
    enum uidlist_news news = look(&list, dir, false, &told);
    CHECK(uidlist_parse(&memory, (const char *)data, size, false, &lines));
    tell(&lines, &parsed);
    CHECK(news == UIDLIST_MISSING || fuzz_same(&told, &parsed));
    CHECK(memory.uidvalidity == list.uidvalidity || news == UIDLIST_MISSING);
    uidlist_lines_free(&lines);
    if (size > 0)
        check_grown(dir, data, size, cut * size / 256, &told);
    check_rewritten(dir);
    buffer_free(&told);
    buffer_free(&parsed);
    close(dir);
    return 0;
}

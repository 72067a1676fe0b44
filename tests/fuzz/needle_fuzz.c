/*
 * SEARCH's strings: the first line names a charset, the second is looked for, the rest is a
 * message of one text part in UTF-8. Found is what is in the folded text, looked for in the
 * plainest way.
 */
#include "tests/fuzz/stage.h"

#include "message/fold.h"
#include "message/search.h"

static bool fold_all(const uint8_t *data, size_t n, struct buffer *out)
{
    struct memory_sink sink;
    struct fold *f = malloc(sizeof *f);
    CHECK(f != NULL);
    memory_sink_init(&sink);
    fold_init(f, &sink.sink);
    CHECK(f->sink.write(&f->sink, data, n) && fold_finish(f));
    bool whole = !f->damaged;
    free(f);
    *out = sink.out;
    return whole;
}

static bool contains(const struct buffer *text, const struct buffer *what)
{
    return what->len == 0 ||
           (text->len > 0 && memmem(text->data, text->len, what->data, what->len) != NULL);
}

static void check_found(const uint8_t *body, size_t n, const uint8_t *what, size_t what_n,
                        const struct search_text *text)
{
    static const char head[] = "Subject: x\nContent-Type: text/plain; charset=utf-8\n\n";
    struct buffer whole;
    struct buffer folded;
    struct buffer folded_what;
    struct memory_input m;
    struct message *msg;
    bool found;
    fuzz_buffer(&whole);
    buffer_puts(&whole, head);
    buffer_append(&whole, body, n);
    memory_input_init(&m, whole.data, whole.len);
    CHECK(message_parse(&m.in, MESSAGE_WHOLE, &msg) == MESSAGE_OK);
    CHECK(message_search_body(msg, text, &found) == MESSAGE_OK);
    fold_all(body, n, &folded);
    fold_all(what, what_n, &folded_what);
    CHECK(found == contains(&folded, &folded_what));
    message_free(msg);
    buffer_free(&folded);
    buffer_free(&folded_what);
    buffer_free(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *name;
    const uint8_t *what;
    size_t name_n;
    size_t what_n;
    struct search_text *text = NULL;
    fuzz_cut(&data, &size, '\n', &name, &name_n);
    fuzz_cut(&data, &size, '\n', &what, &what_n);
    char *charset = fuzz_string(name, name_n);
    bool utf8 = strcmp(charset, "UTF-8") == 0;
    enum search_text_status status =
        search_text_new((const char *)what, what_n, charset, &text);
    if (status == SEARCH_TEXT_BADCHARSET)
        CHECK(!charset_known(charset));
    else
        CHECK(charset_known(charset) && status != SEARCH_TEXT_NOMEM);
    if (utf8 && is_utf8((const char *)what, what_n))
        CHECK(status == SEARCH_TEXT_OK);
    if (status == SEARCH_TEXT_OK && utf8 && is_utf8((const char *)what, what_n))
        check_found(data, size, what, what_n, text);
    if (status == SEARCH_TEXT_OK)
        search_text_free(text);
    free(charset);
    return 0;
}

/*
 * Summaries of any octets as a message: what is read from one is what the message itself says;
 * it is made where the ceiling is its length, and not where that is one less. And any octets as
 * a summary: those that were made, cut off or changed somewhere, and the input itself.
 */
#include "tests/fuzz/stage.h"

#include "message/message_ids.h"
#include "message/part.h"
#include "message/preview.h"
#include "message/summary.h"
#include "tests/unit/memory_input.h"

/* Above, what costs the length of the header each time is done less often. */
#define SMALL 4096

static const char *const names[] = {
    "From",
    "Sender",
    "Reply-To",
    "TO",
    "cc",
    "Bcc",
    "Date",
    "Subject",
    "Message-Id",
    "In-Reply-To",
    "References",
    "Content-Type",
    "Content-Description",
    "Content-Duration",
    "Priority",
    "X-Priority",
    "Importance",
    "Newsgroups",
    "Lines",
    "List-ID",
    "List-Post",
    "List-Subscribe",
    "List-Unsubscribe",
    "Disposition-Notification-To",
    "X-Label",
    "X-Original-To",
    "X-K9mail-Identity",
    "Chat-Version",
    "Chat-Is-Post-Message",
    "Secure-Join",
    "Autocrypt-Setup-Message",
    "X-TUID",
    "X-OfflineIMAP",
    "X-Microsoft-Original-Message-ID",
    "X-Uniform-Type-Identifier",
    "X-Universally-Unique-Identifier",
    "BIMI-Indicator",
    "BIMI-Location",
    "X-BIMI-Indicator-Hash",
    "Authentication-Results",
    "DKIM-Signature",
    "X-Spam-Status",
    "X-Spam-Flag",
    "Received-SPF",
    "X-Forefront-Antispam-Report",
};
#define NAMES (sizeof names / sizeof *names)

static const char *const searched[] = { "from", "To", "CC", "Bcc", "Subject" };
#define SEARCHED (sizeof searched / sizeof *searched)

/* Some of those that are searched in their kept lines. */
static const char *const searched_lines[] = { "message-id", "References", "X-TUID",
                                              "Content-Type", "from" };
#define SEARCHED_LINES (sizeof searched_lines / sizeof *searched_lines)

/* What is random is the same for the same input. */
static unsigned chance;

static size_t below(size_t n)
{
    chance ^= chance << 13;
    chance ^= chance >> 17;
    chance ^= chance << 5;
    return chance % n;
}

static void begin_chance(const uint8_t *data, size_t size)
{
    chance = 2166136261u;
    for (size_t i = 0; i < size; i++)
        chance = (chance ^ data[i]) * 16777619u;
    chance |= 1;
}

/* ---- what was made ---- */

static uint64_t set_of(const char *const *name, size_t n, struct section *section)
{
    uint64_t set = 0;
    *section = (struct section){ .text = SECTION_HEADER_FIELDS, .field = name, .fields = n };
    CHECK(summary_fields_wanted(section, &set) && set != 0);
    return set;
}

/* `all` holds all names; then the same of a value that covers just these. */
static void check_select(const struct message *msg, const struct buffer *all,
                         const char *const *name, size_t n)
{
    struct section section;
    struct section_data data;
    struct buffer out;
    struct buffer value;
    uint64_t set = set_of(name, n, &section);
    CHECK(message_section(msg, &section, &data) == MESSAGE_OK && data.exists && data.use_made);
    fuzz_buffer(&out);
    CHECK(summary_fields_select(all->data, all->len, set, &out) && fuzz_same(&out, &data.made));
    fuzz_buffer(&value);
    CHECK(summary_make(msg, SUMMARY_FIELDS, set, &value) == MESSAGE_OK);
    CHECK(summary_fields_covered(value.data, value.len) == set);
    buffer_clear(&out);
    CHECK(summary_fields_select(value.data, value.len, set, &out) &&
          fuzz_same(&out, &data.made));
    buffer_clear(&out);
    CHECK(set == UINT64_MAX ||
          !summary_fields_select(value.data, value.len, set | (~set & (0 - ~set)), &out));
    CHECK(out.len == 0);
    buffer_free(&value);
    buffer_free(&out);
    section_data_free(&data);
}

static void check_fields(const struct message *msg, const struct buffer *all, bool small)
{
    const char *some[NAMES];
    check_select(msg, all, names, NAMES);
    for (size_t i = 0; i < NAMES && small; i++)
        check_select(msg, all, &names[i], 1);
    for (int round = 0; round < 8; round++) {
        size_t n = 1 + below(20); /* one may be there twice */
        for (size_t i = 0; i < n; i++)
            some[i] = names[below(NAMES)];
        check_select(msg, all, some, n);
    }
}

static void check_folded(const struct message *msg, const struct buffer *value,
                         const struct search_text *text)
{
    for (size_t i = 0; i < SEARCHED; i++) {
        int field = summary_search_field(searched[i]);
        bool expected;
        bool found;
        CHECK(message_search_header(msg, searched[i], text, &expected) == MESSAGE_OK);
        CHECK(summary_search_header(value->data, value->len, field, text, &found));
        CHECK(found == expected);
    }
}

/* Nothing can be told of lines with an octet that a NUL may have been. */
static void check_lines(const struct message *msg, const struct buffer *value,
                        const struct search_text *text)
{
    bool doubtful = memchr(value->data, OCTET_FOR_NUL, value->len) != NULL;
    for (size_t i = 0; i < SEARCHED_LINES; i++) {
        const char *name = searched_lines[i];
        bool expected;
        bool found;
        CHECK(message_search_header(msg, name, text, &expected) == MESSAGE_OK);
        bool told = summary_fields_search(value->data, value->len, name, text, &found);
        CHECK(told ? found == expected : doubtful);
    }
}

static void check_word(const struct message *msg, enum summary_kind kind,
                       const struct buffer *value, const char *word, size_t n)
{
    struct search_text *text;
    if (search_text_new(word, n, NULL, &text) != SEARCH_TEXT_OK)
        return;
    (kind == SUMMARY_SEARCH ? check_folded : check_lines)(msg, value, text);
    search_text_free(text);
}

static void check_words(const struct message *msg, enum summary_kind kind,
                        const struct buffer *value, const char *octets, size_t n)
{
    static const char *const word[] = {
        "",  "\r", "\n",       "\xef\xbf\xbf",     "a",   "O",
        " ", "x ", "\xd0\x9f", "\xc3\x9f\xcc\x81", "b@c", "ss"
    };
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        check_word(msg, kind, value, word[i], strlen(word[i]));
    for (int round = 0; round < 12 && n > 0; round++) {
        size_t at = below(n);
        size_t len = below(9);
        check_word(msg, kind, value, octets + at, len < n - at ? len : n - at);
    }
}

static void check_day(const struct message *msg, const struct buffer *value)
{
    bool dated = false;
    int64_t day = 0;
    int64_t expected = 0;
    CHECK(summary_sent_day(value->data, value->len, &dated, &day));
    CHECK(message_sent_day(msg, &expected) == dated && (!dated || day == expected));
}

static void check_text(const struct message *msg, enum summary_kind kind,
                       const struct buffer *value)
{
    struct buffer expected;
    const char *text = NULL;
    size_t n = 0;
    fuzz_buffer(&expected);
    CHECK((kind == SUMMARY_ENVELOPE
               ? message_envelope(msg, &expected)
               : message_structure(msg, kind == SUMMARY_STRUCTURE, &expected)) == MESSAGE_OK);
    CHECK(summary_text(value->data, value->len, &text, &n));
    CHECK(n == expected.len && memcmp(text, expected.data, n) == 0);
    buffer_free(&expected);
}

/* What of it can be told in another way: the day, but for the zone; and each text is UTF-8. */
static void check_sort(const struct message *msg, const struct buffer *value)
{
    struct summary_sort sort;
    int64_t day = 0;
    CHECK(summary_sort(value->data, value->len, &sort));
    CHECK(message_sent_day(msg, &day) == sort.dated);
    CHECK(sort.second >= (day - 1) * 86400 && sort.second <= (day + 2) * 86400);
    for (int i = 0; i < SORT_KEYS; i++)
        CHECK(is_utf8(sort.key[i].p, sort.key[i].n));
}

static void check_thread(const struct message *msg, const struct buffer *value)
{
    struct summary_thread thread;
    struct message_ids ids;
    struct field f;
    uint64_t own = 0;
    size_t n = 0;
    CHECK(summary_thread(value->data, value->len, &thread));
    if (part_field(&msg->part[0], "message-id", &f)) {
        message_ids_begin(&ids, f.value, f.value_len);
        if (message_ids_next(&ids))
            own = message_id_hash(ids.id.data, ids.id.len);
        CHECK(message_ids_end(&ids));
    }
    CHECK(thread.id == own);
    if (part_field(&msg->part[0], "references", &f)) {
        message_ids_begin(&ids, f.value, f.value_len);
        for (; message_ids_next(&ids); n++)
            CHECK(n < thread.references && summary_thread_reference(&thread, n) ==
                                               message_id_hash(ids.id.data, ids.id.len));
        CHECK(message_ids_end(&ids));
    }
    CHECK(thread.references == n || (n == 0 && thread.references == 1));
}

/* No longer than is promised, in one line. */
static void check_preview(const struct buffer *value)
{
    const char *text = NULL;
    size_t n = 0;
    size_t characters = 0;
    CHECK(summary_preview(value->data, value->len, &text, &n) && is_utf8(text, n));
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        CHECK(c >= ' ' && c != 0x7f);
        CHECK(c != ' ' || (i > 0 && i + 1 < n && text[i - 1] != ' '));
        characters += (c & 0xc0) != 0x80;
    }
    CHECK(characters <= PREVIEW_MAX);
}

/* ---- any octets ---- */

static struct search_text *any_text;

/* As which kinds the readers take them: bits. */
static unsigned read_any(const char *octets, size_t n)
{
    const char *text;
    size_t text_n;
    bool flag;
    int64_t day;
    struct buffer out;
    fuzz_buffer(&out);
    unsigned kinds = summary_fields_covered(octets, n) != 0 ? 1u << SUMMARY_FIELDS : 0;
    uint64_t sets[] = { summary_fields_covered(octets, n), summary_fields_common(), 0,
                        UINT64_MAX };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        buffer_clear(&out);
        if (!summary_fields_select(octets, n, sets[i], &out))
            CHECK(out.len == 0);
        CHECK(out.len <= n);
    }
    buffer_free(&out);
    for (size_t i = 0; i < SEARCHED_LINES; i++)
        if (summary_fields_search(octets, n, searched_lines[i], any_text, &flag))
            CHECK(kinds != 0);
    bool sound = summary_sent_day(octets, n, &flag, &day);
    for (int field = -1; field <= (int)SEARCHED; field++)
        CHECK(summary_search_header(octets, n, field, any_text, &flag) ==
              (sound && field >= 0 && field < (int)SEARCHED));
    if (sound)
        kinds |= 1u << SUMMARY_SEARCH;
    struct summary_sort sort;
    struct summary_thread thread;
    if (summary_sort(octets, n, &sort)) {
        for (int i = 0; i < SORT_KEYS; i++)
            CHECK(sort.key[i].p >= octets && sort.key[i].p <= octets + n &&
                  sort.key[i].n <= (size_t)(octets + n - sort.key[i].p));
        kinds |= 1u << SUMMARY_SORT;
    }
    if (summary_thread(octets, n, &thread)) {
        for (size_t i = 0; i < thread.references; i++)
            (void)summary_thread_reference(&thread, i);
        kinds |= 1u << SUMMARY_THREAD;
    }
    if (summary_preview(octets, n, &text, &text_n)) {
        CHECK(text == octets + 1 && text_n == n - 1);
        kinds |= 1u << SUMMARY_PREVIEW;
    }
    if (summary_text(octets, n, &text, &text_n)) {
        CHECK(text_n >= 2 && text == octets + 1 && text_n == n - 1);
        kinds |= 1u << SUMMARY_ENVELOPE | 1u << SUMMARY_STRUCTURE | 1u << SUMMARY_BODY;
    }
    return kinds;
}

/* A copy that is not aligned, and after which nothing may be read; the caller's, one octet
 * behind what malloc gave. */
static char *copy_of(const char *octets, size_t n)
{
    char *copy = malloc(n + 1);
    CHECK(copy != NULL);
    if (n > 0)
        memcpy(copy + 1, octets, n);
    return copy + 1;
}

static void free_copy(char *copy)
{
    free(copy - 1);
}

/* One that was made, cut off at each place, or changed in one place. */
static void damage(enum summary_kind kind, const struct buffer *value)
{
    bool may_be_shorter =
        kind != SUMMARY_FIELDS && kind != SUMMARY_SEARCH && kind != SUMMARY_SORT;
    size_t step = 1 + value->len / 200;
    for (size_t n = 0; n < value->len; n += n < 80 ? 1 : step) {
        char *copy = copy_of(value->data, n);
        CHECK((read_any(copy, n) & 1u << kind) == 0 || may_be_shorter);
        free_copy(copy);
    }
    CHECK(read_any(value->data, value->len) & 1u << kind);
    for (int round = 0; round < 100; round++) {
        size_t head = value->len < 100 ? value->len : 100;
        char *copy = copy_of(value->data, value->len);
        for (size_t left = 1 + below(3); left > 0; left--)
            copy[below(round % 2 ? value->len : head)] = (char)below(256);
        (void)read_any(copy, value->len);
        copy[0] = SUMMARY_FORMAT + 1;
        CHECK(read_any(copy, value->len) == 0);
        free_copy(copy);
    }
}

/* ---- one message ---- */

static void make(const struct message *msg, enum summary_kind kind, struct buffer *value)
{
    fuzz_buffer(value);
    CHECK(summary_make(msg, kind, UINT64_MAX, value) == MESSAGE_OK);
    struct buffer again;
    buffer_init(&again, value->len);
    CHECK(summary_make(msg, kind, UINT64_MAX, &again) == MESSAGE_OK);
    CHECK(fuzz_same(value, &again));
    buffer_free(&again);
    buffer_init(&again, value->len - 1);
    CHECK(summary_make(msg, kind, UINT64_MAX, &again) == MESSAGE_NOMEM);
    buffer_free(&again);
}

static void check_kind(const struct message *header, const struct message *whole,
                       enum summary_kind kind, const uint8_t *data, size_t size)
{
    bool shallow = summary_depth(kind) == MESSAGE_HEADER;
    struct buffer value;
    make(shallow ? header : whole, kind, &value);
    if (shallow) {
        struct buffer again;
        make(whole, kind, &again);
        CHECK(fuzz_same(&value, &again));
        buffer_free(&again);
    }
    if (kind == SUMMARY_FIELDS || kind == SUMMARY_SEARCH)
        check_words(header, kind, &value, (const char *)data, size < SMALL ? size : SMALL);
    if (kind == SUMMARY_FIELDS)
        check_fields(header, &value, size <= SMALL);
    else if (kind == SUMMARY_SEARCH)
        check_day(header, &value);
    else if (kind == SUMMARY_SORT)
        check_sort(header, &value);
    else if (kind == SUMMARY_THREAD)
        check_thread(header, &value);
    else if (kind == SUMMARY_PREVIEW)
        check_preview(&value);
    else
        check_text(whole, kind, &value);
    damage(kind, &value);
    buffer_free(&value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct memory_input m;
    struct message *header;
    struct message *whole;
    begin_chance(data, size);
    memory_input_init(&m, (const char *)data, size);
    CHECK(search_text_new("b", 1, NULL, &any_text) == SEARCH_TEXT_OK);
    CHECK(message_parse(&m.in, MESSAGE_HEADER, &header) == MESSAGE_OK);
    CHECK(message_parse(&m.in, MESSAGE_WHOLE, &whole) == MESSAGE_OK);
    for (enum summary_kind kind = 0; kind < SUMMARY_KINDS; kind++)
        check_kind(header, whole, kind, data, size);
    message_free(header);
    message_free(whole);
    char *copy = copy_of((const char *)data, size);
    (void)read_any(copy, size);
    if (size > 0) {
        copy[0] = SUMMARY_FORMAT;
        (void)read_any(copy, size);
    }
    free_copy(copy);
    search_text_free(any_text);
    return 0;
}

#include "message/fold.h"

#include "message/lanes.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* The longest decomposition of one character is 18 characters (U+FDFA). */
#define DECOMPOSED_MAX 32

/* The longest UTF-8 sequence. */
#define SEQUENCE_MAX 4

/* The octets of most characters' decompositions, and of what is kept of them. */
#define ANSWER_MAX 8

static bool flush(struct fold *f)
{
    size_t n = f->out_len;
    f->out_len = 0;
    return n == 0 || f->next->write(f->next, f->out, n);
}

static bool put(struct fold *f, int32_t codepoint)
{
    if (sizeof f->out - f->out_len < SEQUENCE_MAX && !flush(f))
        return false;
    utf8proc_ssize_t n =
        utf8proc_encode_char(codepoint, (utf8proc_uint8_t *)f->out + f->out_len);
    f->out_len += (size_t)n;
    return true;
}

static int combining_class(int32_t codepoint)
{
    return utf8proc_get_property(codepoint)->combining_class;
}

/* Writes the marks that wait, in the order of their classes. */
static bool flush_marks(struct fold *f)
{
    size_t n = f->marks;
    f->marks = 0;
    for (size_t i = 1; i < n; i++) {
        int32_t mark = f->mark[i];
        int class = combining_class(mark);
        size_t j = i;
        for (; j > 0 && combining_class(f->mark[j - 1]) > class; j--)
            f->mark[j] = f->mark[j - 1];
        f->mark[j] = mark;
    }
    for (size_t i = 0; i < n; i++)
        if (!put(f, f->mark[i]))
            return false;
    return true;
}

static bool put_ordered(struct fold *f, int32_t codepoint)
{
    bool starter = combining_class(codepoint) == 0;
    if ((starter || f->marks == FOLD_MARKS_MAX) && f->marks > 0 && !flush_marks(f))
        return false;
    if (starter)
        return put(f, codepoint);
    f->mark[f->marks++] = codepoint;
    return true;
}

/* What makes a form, by fold.title. Title case is not among the library's options. */
static const struct {
    unsigned char first; /* of the 26 letters of US-ASCII that become the other case */
    utf8proc_option_t options;
} form[] = {
    [false] = { 'A', UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD },
    [true] = { 'a', UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT },
};

/* What separates the cases of a letter of US-ASCII. */
#define CASE_BIT 0x20

/* The library has a capital of its own for this letter; UnicodeData.txt has none. */
#define SHARP_S 0xdf

/* The one letter that case folding keeps apart from another and RFC 5051 does not: its title
 * case is that of i. */
#define DOTLESS_I 0x131

/* What a character is folded to: itself, where the library says nothing of it. */
static utf8proc_ssize_t decompose(bool title, int32_t codepoint,
                                  utf8proc_int32_t to[DECOMPOSED_MAX])
{
    if (title && codepoint != SHARP_S)
        codepoint = utf8proc_totitle(codepoint);
    if (!title && codepoint == DOTLESS_I) {
        to[0] = 'i';
        return 1;
    }
    int bound_class = 0;
    utf8proc_ssize_t n = utf8proc_decompose_char(codepoint, to, DECOMPOSED_MAX,
                                                 form[title].options, &bound_class);
    if (n >= 0 && n <= DECOMPOSED_MAX)
        return n;
    to[0] = codepoint;
    return 1;
}

static bool fold_by_library(struct fold *f, int32_t codepoint)
{
    utf8proc_int32_t to[DECOMPOSED_MAX];
    utf8proc_ssize_t n = decompose(f->title, codepoint, to);
    for (utf8proc_ssize_t i = 0; i < n; i++)
        if (!put_ordered(f, to[i]))
            return false;
    return true;
}

/* What the library said of one character: starters, and after them at most one mark. */
struct answer {
    int32_t codepoint; /* 0: none */
    int32_t mark;      /* 0: none */
    uint8_t len;
    char starters[ANSWER_MAX]; /* as UTF-8 */
    bool other;                /* it is not of that form: ask again */
};

/* Text has few characters, and those of two octets never share a place here. Got when a first
 * character is asked for: most processes never ask, and the 40 KiB would be touched in each of
 * them when it begins. */
#define ANSWERS 2048
static _Thread_local struct answer *answers[2]; /* by fold.title; NULL: none yet */

/* The place of a character's answer. NULL: no memory for any. */
static struct answer *place_of(bool title, int32_t codepoint)
{
    if (answers[title] == NULL)
        answers[title] = calloc(ANSWERS, sizeof *answers[title]);
    return answers[title] == NULL ? NULL : &answers[title][codepoint % ANSWERS];
}

static void ask(bool title, int32_t codepoint, struct answer *a)
{
    utf8proc_int32_t to[DECOMPOSED_MAX];
    utf8proc_ssize_t n = decompose(title, codepoint, to);
    *a = (struct answer){ .codepoint = codepoint };
    for (utf8proc_ssize_t i = 0; i < n && !a->other; i++) {
        if (a->mark != 0 || a->len + SEQUENCE_MAX > ANSWER_MAX)
            a->other = true;
        else if (combining_class(to[i]) != 0)
            a->mark = to[i];
        else
            a->len +=
                (uint8_t)utf8proc_encode_char(to[i], (utf8proc_uint8_t *)a->starters + a->len);
    }
}

static bool fold_codepoint(struct fold *f, int32_t codepoint)
{
    struct answer *a = place_of(f->title, codepoint);
    if (a != NULL && a->codepoint != codepoint)
        ask(f->title, codepoint, a);
    if (a == NULL || a->other)
        return fold_by_library(f, codepoint);
    if (a->len > 0) {
        if (f->marks > 0 && !flush_marks(f))
            return false;
        if (sizeof f->out - f->out_len < ANSWER_MAX && !flush(f))
            return false;
        memcpy(f->out + f->out_len, a->starters, ANSWER_MAX);
        f->out_len += a->len;
    }
    return a->mark == 0 || put_ordered(f, a->mark);
}

/* Reads one character of UTF-8 (RFC 3629 section 4). Returns its length, 0 when its end is
 * missing, -1 when it is none. */
static int decode(const char *text, size_t n, int32_t *codepoint_r)
{
    const unsigned char *p = (const unsigned char *)text;
    int len = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? -1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (len < 0 || p[0] > 0xf4)
        return -1;
    int32_t value = len == 1 ? p[0] : p[0] & (0x7f >> len);
    for (int i = 1; i < len; i++) {
        if ((size_t)i == n)
            return 0;
        if ((p[i] & 0xc0) != 0x80)
            return -1;
        value = value << 6 | (p[i] & 0x3f);
        bool too_low =
            i == 1 && ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90));
        bool too_high =
            i == 1 && ((p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f));
        if (too_low || too_high)
            return -1;
    }
    *codepoint_r = value;
    return len;
}

int32_t codepoint_of_windows_1252(unsigned char c)
{
    static const unsigned short high[32] = {
        0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8d,   0x017d, 0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178
    };
    return c >= 0x80 && c < 0xa0 ? high[c - 0x80] : c;
}

static bool fold_invalid(struct fold *f, char c)
{
    f->damaged = true;
    return fold_codepoint(f, codepoint_of_windows_1252((unsigned char)c));
}

/* Where octets are not US-ASCII, or are CR. */
static lanes need_care(lanes v)
{
    return (v & 0x80) | (lanes)(v == '\r');
}

static lanes change_case(lanes v, unsigned char first)
{
    return v ^ ((lanes)(v - first < 26) & CASE_BIT);
}

/* Folds the octets at p that are US-ASCII other than CR, and says how many they were. No
 * US-ASCII character decomposes or combines; only the case of letters is folded. */
static bool fold_ascii(struct fold *f, const char *p, size_t n, size_t *run_r)
{
    size_t i = 0;
    unsigned char first = form[f->title].first;
    if (f->marks > 0 && (unsigned char)*p < 0x80 && *p != '\r' && !flush_marks(f))
        return false;
    for (;;) {
        if (sizeof f->out - f->out_len < sizeof(lanes) && !flush(f))
            return false;
        size_t room = sizeof f->out - f->out_len;
        char *to = f->out + f->out_len;
        size_t left = n - i < room ? n - i : room;
        for (; left >= sizeof(lanes); left -= sizeof(lanes)) {
            lanes v = lanes_load(p + i);
            if (lanes_any(need_care(v)))
                break;
            lanes_store(to, change_case(v, first));
            i += sizeof v;
            to += sizeof v;
        }
        bool stop = left >= sizeof(lanes) || i + left == n;
        for (; left > 0 && (unsigned char)p[i] < 0x80 && p[i] != '\r'; left--, i++)
            *to++ = (char)(p[i] ^ ((unsigned char)(p[i] - first) < 26 ? CASE_BIT : 0));
        f->out_len = (size_t)(to - f->out);
        if (stop || left > 0)
            break;
    }
    *run_r = i;
    return true;
}

bool fold_keeps(const char *p, size_t n)
{
    lanes high = { 0 };
    lanes bare = { 0 };
    size_t i = 0;
    for (; n - i > sizeof(lanes); i += sizeof(lanes)) {
        lanes v = lanes_load(p + i);
        high |= v;
        bare |= (lanes)(v == '\r') & (lanes)(lanes_load(p + i + 1) != '\n');
    }
    if (lanes_any((high & 0x80) | bare))
        return false;
    for (; i < n; i++)
        if ((unsigned char)p[i] >= 0x80 || (p[i] == '\r' && (i + 1 == n || p[i + 1] != '\n')))
            return false;
    return true;
}

/* Adds octets to the tail until it is a character, or none. */
static bool finish_tail(struct fold *f, const char **p, size_t *n)
{
    while (f->tail_len > 0 && *n > 0) {
        int32_t codepoint;
        f->tail[f->tail_len] = **p;
        int len = decode(f->tail, f->tail_len + 1, &codepoint);
        if (len < 0) {
            /* The octet at hand is not part of it; what was held is not UTF-8. */
            size_t held = f->tail_len;
            f->tail_len = 0;
            for (size_t i = 0; i < held; i++)
                if (!fold_invalid(f, f->tail[i]))
                    return false;
            return true;
        }
        (*p)++;
        (*n)--;
        f->tail_len = len == 0 ? f->tail_len + 1 : 0;
        if (len > 0 && !fold_codepoint(f, codepoint))
            return false;
    }
    return true;
}

static bool fold_write(struct message_sink *sink, const void *octets, size_t n)
{
    struct fold *f = (struct fold *)sink;
    const char *p = octets;
    if (!finish_tail(f, &p, &n))
        return false;
    while (n > 0) {
        size_t run;
        if (!fold_ascii(f, p, n, &run))
            return false;
        p += run;
        n -= run;
        if (n == 0)
            break;
        if (*p == '\r') {
            p++;
            n--;
            continue;
        }
        int32_t codepoint;
        int len = decode(p, n, &codepoint);
        if (len == 0) {
            memcpy(f->tail, p, n);
            f->tail_len = n;
            break;
        }
        if (!(len < 0 ? fold_invalid(f, *p) : fold_codepoint(f, codepoint)))
            return false;
        p += len < 0 ? 1 : len;
        n -= len < 0 ? 1 : (size_t)len;
    }
    return true;
}

void fold_init(struct fold *f, struct message_sink *next)
{
    f->sink.write = fold_write;
    f->next = next;
    f->title = false;
    f->damaged = false;
    f->tail_len = 0;
    f->marks = 0;
    f->out_len = 0;
}

void fold_init_title(struct fold *f, struct message_sink *next)
{
    fold_init(f, next);
    f->title = true;
}

bool fold_finish(struct fold *f)
{
    size_t held = f->tail_len;
    f->tail_len = 0;
    for (size_t i = 0; i < held; i++)
        if (!fold_invalid(f, f->tail[i]))
            return false;
    return flush_marks(f) && flush(f);
}

#include "message/encoded_word.h"

#include "base/buffer.h"
#include "message/digits.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A longer charset name is none. Bounds how far a "=?" is looked at. */
#define CHARSET_NAME_MAX 64

struct word {
    const char *charset;
    size_t charset_len; /* without the language */
    char encoding;      /* 'B' or 'Q' */
    const char *text;
    size_t text_len;
    const char *end; /* after "?=" */
};

struct decoder {
    struct message_sink *utf8;
    struct charset *charset;  /* the conversion's state; large, so made when needed */
    struct buffer text;       /* decoded octets of neighbouring words */
    const char *charset_name; /* their charset */
    size_t charset_len;
    bool no_end; /* no "?=" is left in the value: nothing more to look for */
    bool stopped;
};

/* The first place with the octet a and then b; NULL for none. (Not memmem(3): under the address
 * sanitizer that looks at all octets up to the end, each time.) */
static const char *find_pair(const char *p, const char *end, char a, char b)
{
    while (end - p >= 2 && (p = memchr(p, a, (size_t)(end - p - 1))) != NULL) {
        if (p[1] == b)
            return p;
        p++;
    }
    return NULL;
}

/* Reads the encoded-word that begins at p ("=?"). */
static bool read_word(struct decoder *d, const char *p, const char *end, struct word *w)
{
    w->charset = p + 2;
    const char *limit =
        end - w->charset > CHARSET_NAME_MAX ? w->charset + CHARSET_NAME_MAX : end;
    const char *mark = memchr(w->charset, '?', (size_t)(limit - w->charset));
    if (mark == NULL || mark == w->charset || end - mark < 3 || mark[2] != '?')
        return false;
    w->encoding = mark[1];
    if (w->encoding == 'b' || w->encoding == 'q')
        w->encoding = (char)(w->encoding - 'a' + 'A');
    if (w->encoding != 'B' && w->encoding != 'Q')
        return false;
    const char *star = memchr(w->charset, '*', (size_t)(mark - w->charset));
    w->charset_len = (size_t)((star == NULL ? mark : star) - w->charset);
    w->text = mark + 3;
    const char *close = find_pair(w->text, end, '?', '=');
    if (close == NULL) {
        d->no_end = true;
        return false;
    }
    w->text_len = (size_t)(close - w->text);
    w->end = close + 2;
    return true;
}

static void decode_base64(struct buffer *out, const char *p, size_t n)
{
    unsigned bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < n; i++) {
        int value = base64_value(p[i]);
        if (value < 0)
            continue;
        bits = bits << 6 | (unsigned)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            buffer_putc(out, (char)(bits >> count & 0xff));
        }
    }
}

static void decode_q(struct buffer *out, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int high = p[i] == '=' && n - i > 2 ? hex_value(p[i + 1]) : -1;
        int low = high >= 0 ? hex_value(p[i + 2]) : -1;
        if (low >= 0) {
            buffer_putc(out, (char)(high * 16 + low));
            i += 2;
        } else {
            buffer_putc(out, (char)(p[i] == '_' ? ' ' : p[i]));
        }
    }
}

static bool write_utf8(struct decoder *d, const char *p, size_t n)
{
    if (n > 0 && !d->utf8->write(d->utf8, p, n))
        d->stopped = true;
    return !d->stopped;
}

/* Converts and writes the words that are held. */
static bool flush(struct decoder *d)
{
    if (d->text.failed)
        return false;
    if (d->text.len == 0)
        return true;
    if (d->charset == NULL && (d->charset = malloc(sizeof *d->charset)) == NULL)
        return false;
    charset_open(d->charset, d->charset_name, d->charset_len, d->utf8);
    struct message_sink *sink = &d->charset->sink;
    d->stopped = !sink->write(sink, d->text.data, d->text.len) || !charset_finish(d->charset);
    charset_close(d->charset);
    d->text.len = 0;
    return !d->stopped;
}

static bool take_word(struct decoder *d, const struct word *w)
{
    bool same = w->charset_len == d->charset_len &&
                strncasecmp(w->charset, d->charset_name, w->charset_len) == 0;
    if (d->text.len > 0 && !same && !flush(d))
        return false;
    d->charset_name = w->charset;
    d->charset_len = w->charset_len;
    if (w->encoding == 'B')
        decode_base64(&d->text, w->text, w->text_len);
    else
        decode_q(&d->text, w->text, w->text_len);
    return !d->text.failed;
}

static bool is_blank(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    return p == end;
}

static bool decode(struct decoder *d, const char *p, const char *end)
{
    const char *plain = p; /* what is not written yet begins here */
    bool after_word = false;
    while (p < end && !d->no_end) {
        p = find_pair(p, end, '=', '?');
        if (p == NULL)
            break;
        struct word w;
        if (!read_word(d, p, end, &w)) {
            p += 2;
            continue;
        }
        bool between = after_word && is_blank(plain, p);
        if (!between && (!flush(d) || !write_utf8(d, plain, (size_t)(p - plain))))
            return false;
        if (!take_word(d, &w))
            return false;
        after_word = true;
        p = plain = w.end;
    }
    return flush(d) && write_utf8(d, plain, (size_t)(end - plain));
}

bool encoded_word_decode(const char *value, size_t n, struct message_sink *utf8,
                         bool *stopped_r)
{
    struct decoder d = { .utf8 = utf8, .charset_name = "" };
    buffer_init(&d.text, n);
    bool ok = n == 0 || decode(&d, value, value + n);
    *stopped_r = d.stopped;
    buffer_free(&d.text);
    free(d.charset);
    return ok;
}

/*
 * mbox.h. A line is held until it has ended or is too long to mean anything; an empty one until
 * it is known that none of the folder's comes behind it.
 */
#include "message/mbox.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum place {
    AT_START, /* no separator was there yet */
    IN_HEADER,
    IN_BODY
};

#define KEYWORDS_MAX MBOX_LINE_MAX

struct mbox_reader {
    struct mbox_sink sink;
    struct mbox_message m;
    enum place at;
    bool first;      /* this is the first message */
    bool told_field; /* the field before was the folder's: what continues it is, too */
    bool passing;    /* the rest of a line that was too long to be held */
    size_t empty_n;  /* octets of an empty line that is held; 0: none */
    char empty[2];
    size_t n; /* of the line */
    char line[MBOX_LINE_MAX];
    char keywords[KEYWORDS_MAX + 1];
    char folder_keywords[KEYWORDS_MAX + 1];
};

struct mbox_reader *mbox_reader_new(const struct mbox_sink *sink)
{
    struct mbox_reader *r = calloc(1, sizeof *r);
    if (r != NULL)
        r->sink = *sink;
    return r;
}

void mbox_reader_free(struct mbox_reader *r)
{
    free(r);
}

/* --- Fields that say something of the message. -----------------------------------------------
 */

/* A number at *p, which is moved behind it; 0 where there is none, or one too large. */
static uint32_t take_number(const char **p, const char *end)
{
    uint64_t n = 0;
    bool huge = false;
    while (*p < end && (**p == ' ' || **p == '\t'))
        ++*p;
    for (; *p < end && isdigit((unsigned char)**p); ++*p) {
        n = n * 10 + (unsigned)(**p - '0');
        huge = huge || n > UINT32_MAX;
        if (huge)
            n = 0;
    }
    return huge ? 0 : (uint32_t)n;
}

static void take_flags(struct mbox_reader *r, const char *p, const char *end)
{
    static const struct {
        char letter;
        enum mbox_flag flag;
    } flags[] = { { 'R', MBOX_SEEN },    { 'O', MBOX_OLD },      { 'D', MBOX_DELETED },
                  { 'F', MBOX_FLAGGED }, { 'A', MBOX_ANSWERED }, { 'T', MBOX_DRAFT } };
    for (; p < end; p++)
        for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
            if (*p == flags[i].letter)
                r->m.flags |= flags[i].flag;
}

/* Appends words; what has no room is left out. */
static void take_words(char *words, const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    size_t have = strlen(words);
    size_t n = (size_t)(end - p);
    if (n == 0 || n + 1 > KEYWORDS_MAX - have || memchr(p, '\0', n) != NULL)
        return;
    if (have > 0)
        words[have++] = ' ';
    memcpy(words + have, p, n);
    words[have + n] = '\0';
}

static void take_base(struct mbox_reader *r, const char *p, const char *end)
{
    r->m.uidvalidity = take_number(&p, end);
    r->m.last_uid = take_number(&p, end);
    take_words(r->folder_keywords, p, end);
}

/* Whether the line is a field of the folder's, which it then takes. */
static bool take_field(struct mbox_reader *r, const char *line, const char *end)
{
    static const char *const names[] = { "Status", "X-Status", "X-Keywords",
                                         "X-UID",  "X-IMAP",   "X-IMAPbase" };
    const char *colon = memchr(line, ':', (size_t)(end - line));
    if (colon == NULL)
        return false;
    size_t n = (size_t)(colon - line);
    size_t i = 0;
    while (i < sizeof names / sizeof *names &&
           !(strlen(names[i]) == n && strncasecmp(names[i], line, n) == 0))
        i++;
    const char *value = colon + 1;
    switch (i) {
    case 0:
    case 1:
        take_flags(r, value, end);
        return true;
    case 2:
        take_words(r->keywords, value, end);
        return true;
    case 3:
        r->m.uid = take_number(&value, end);
        return true;
    case 4:
        r->m.pseudo = r->first;
        take_base(r, value, end);
        return true;
    case 5:
        take_base(r, value, end);
        return true;
    default:
        return false;
    }
}

/* --- Lines. ----------------------------------------------------------------------------------
 */

static enum mbox_status pass(struct mbox_reader *r, const char *p, size_t n)
{
    return n == 0 || r->sink.octets(r->sink.ctx, p, n) ? MBOX_OK : MBOX_STOPPED;
}

static enum mbox_status let_go(struct mbox_reader *r)
{
    size_t n = r->empty_n;
    r->empty_n = 0;
    return pass(r, r->empty, n);
}

static enum mbox_status end_message(struct mbox_reader *r)
{
    if (r->at == AT_START)
        return MBOX_OK;
    r->empty_n = 0;
    r->m.keywords = r->keywords;
    r->m.folder_keywords = r->folder_keywords;
    return r->sink.end(r->sink.ctx, &r->m) ? MBOX_OK : MBOX_STOPPED;
}

static enum mbox_status begin_message(struct mbox_reader *r, int64_t second, bool zoned)
{
    bool first = r->at == AT_START;
    enum mbox_status s = end_message(r);
    if (s != MBOX_OK)
        return s;
    r->first = first;
    r->m = (struct mbox_message){ .second = second, .zoned = zoned };
    r->keywords[0] = r->folder_keywords[0] = '\0';
    r->at = IN_HEADER;
    r->told_field = false;
    return r->sink.begin(r->sink.ctx) ? MBOX_OK : MBOX_STOPPED;
}

static enum mbox_status header_line(struct mbox_reader *r, const char *end)
{
    if (end == r->line) {
        r->at = IN_BODY;
        return pass(r, r->line, r->n);
    }
    bool continues = r->line[0] == ' ' || r->line[0] == '\t';
    if (!continues)
        r->told_field = take_field(r, r->line, end);
    return r->told_field ? MBOX_OK : pass(r, r->line, r->n);
}

/* The line in r->line, with its end if it has one. */
static enum mbox_status take_line(struct mbox_reader *r)
{
    int64_t second;
    bool zoned;
    const char *end = r->line + r->n;
    while (end > r->line && (end[-1] == '\n' || end[-1] == '\r'))
        end--;
    if (mbox_separator(r->line, (size_t)(end - r->line), &second, &zoned))
        return begin_message(r, second, zoned);
    if (r->at == AT_START)
        return end == r->line ? MBOX_OK : MBOX_NONE;
    if (r->at == IN_HEADER)
        return header_line(r, end);
    enum mbox_status s = let_go(r);
    if (s != MBOX_OK)
        return s;
    if (end > r->line || r->n > sizeof r->empty)
        return pass(r, r->line, r->n);
    memcpy(r->empty, r->line, r->n);
    r->empty_n = r->n;
    return MBOX_OK;
}

/* So much of a line that it can be no separator, and no field of the folder's. */
static enum mbox_status take_long(struct mbox_reader *r)
{
    if (r->at == AT_START)
        return MBOX_NONE;
    enum mbox_status s = let_go(r);
    bool continues = r->line[0] == ' ' || r->line[0] == '\t';
    if (r->at == IN_HEADER && !continues)
        r->told_field = false;
    return s != MBOX_OK || (r->at == IN_HEADER && r->told_field) ? s : pass(r, r->line, r->n);
}

/* Of the rest of a long line. */
static enum mbox_status pass_rest(struct mbox_reader *r, const char *p, size_t n)
{
    return r->at == IN_HEADER && r->told_field ? MBOX_OK : pass(r, p, n);
}

enum mbox_status mbox_read(struct mbox_reader *r, const char *octets, size_t n)
{
    enum mbox_status s = MBOX_OK;
    while (n > 0 && s == MBOX_OK) {
        const char *lf = memchr(octets, '\n', n);
        size_t piece = lf != NULL ? (size_t)(lf - octets) + 1 : n;
        if (!r->passing && piece > sizeof r->line - r->n)
            piece = sizeof r->line - r->n;
        bool ended = lf != NULL && octets + piece == lf + 1;
        if (r->passing) {
            s = pass_rest(r, octets, piece);
            r->passing = !ended;
        } else {
            memcpy(r->line + r->n, octets, piece);
            r->n += piece;
            if (ended || r->n == sizeof r->line) {
                s = ended ? take_line(r) : take_long(r);
                r->passing = !ended;
                r->n = 0;
            }
        }
        octets += piece;
        n -= piece;
    }
    return s;
}

enum mbox_status mbox_end(struct mbox_reader *r)
{
    enum mbox_status s = r->n > 0 && !r->passing ? take_line(r) : MBOX_OK;
    r->n = 0;
    return s == MBOX_OK ? end_message(r) : s;
}

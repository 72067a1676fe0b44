#include "message/charset.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* The name we tell (RFC 3501 section 7.1, BADCHARSET). */
const char *const charset_names[] = { "US-ASCII",
                                      "UTF-8",
                                      "UTF-7",
                                      "UTF-16",
                                      "UTF-16BE",
                                      "UTF-16LE",
                                      "ISO-8859-1",
                                      "ISO-8859-2",
                                      "ISO-8859-3",
                                      "ISO-8859-4",
                                      "ISO-8859-5",
                                      "ISO-8859-6",
                                      "ISO-8859-7",
                                      "ISO-8859-8",
                                      "ISO-8859-9",
                                      "ISO-8859-10",
                                      "ISO-8859-11",
                                      "ISO-8859-13",
                                      "ISO-8859-14",
                                      "ISO-8859-15",
                                      "ISO-8859-16",
                                      "KOI8-R",
                                      "KOI8-U",
                                      "windows-1250",
                                      "windows-1251",
                                      "windows-1252",
                                      "windows-1253",
                                      "windows-1254",
                                      "windows-1255",
                                      "windows-1256",
                                      "windows-1257",
                                      "windows-1258",
                                      "windows-874",
                                      "IBM437",
                                      "IBM850",
                                      "IBM852",
                                      "IBM855",
                                      "IBM866",
                                      "macintosh",
                                      "x-mac-cyrillic",
                                      "TIS-620",
                                      "VISCII",
                                      "ISO-2022-JP",
                                      "Shift_JIS",
                                      "EUC-JP",
                                      "GB2312",
                                      "GBK",
                                      "GB18030",
                                      "Big5",
                                      "Big5-HKSCS",
                                      "EUC-KR",
                                      "ISO-2022-KR",
                                      "KS_C_5601-1987",
                                      NULL };

/* What iconv is asked for. Where mail says one charset and means a larger one that holds it,
 * the larger one is taken. NULL: no conversion. */
static const struct {
    const char *name;
    const char *iconv_name;
} known[] = {
    { "us-ascii", NULL },
    { "ascii", NULL },
    { "ansi_x3.4-1968", NULL },
    { "utf-8", NULL },
    { "utf8", NULL },
    { "unicode-1-1-utf-8", NULL },
    { "utf-7", "UTF-7" },
    { "unicode-1-1-utf-7", "UTF-7" },
    { "utf-16", "UTF-16" },
    { "utf-16be", "UTF-16BE" },
    { "utf-16le", "UTF-16LE" },
    { "iso-8859-1", "CP1252" },
    { "iso8859-1", "CP1252" },
    { "iso_8859-1", "CP1252" },
    { "latin1", "CP1252" },
    { "iso-8859-2", "ISO-8859-2" },
    { "iso8859-2", "ISO-8859-2" },
    { "latin2", "ISO-8859-2" },
    { "iso-8859-3", "ISO-8859-3" },
    { "iso-8859-4", "ISO-8859-4" },
    { "iso-8859-5", "ISO-8859-5" },
    { "iso-8859-6", "ISO-8859-6" },
    { "iso-8859-7", "ISO-8859-7" },
    { "iso-8859-8", "ISO-8859-8" },
    { "iso-8859-8-i", "ISO-8859-8" },
    { "iso-8859-8-e", "ISO-8859-8" },
    { "iso-8859-9", "CP1254" },
    { "iso-8859-10", "ISO-8859-10" },
    { "iso-8859-11", "CP874" },
    { "iso-8859-13", "ISO-8859-13" },
    { "iso-8859-14", "ISO-8859-14" },
    { "iso-8859-15", "ISO-8859-15" },
    { "iso8859-15", "ISO-8859-15" },
    { "latin9", "ISO-8859-15" },
    { "iso-8859-16", "ISO-8859-16" },
    { "koi8-r", "KOI8-R" },
    { "koi8", "KOI8-R" },
    { "koi8r", "KOI8-R" },
    { "koi8-u", "KOI8-U" },
    { "koi8-ru", "KOI8-RU" },
    { "windows-1250", "CP1250" },
    { "cp1250", "CP1250" },
    { "windows-1251", "CP1251" },
    { "cp1251", "CP1251" },
    { "cp-1251", "CP1251" },
    { "win-1251", "CP1251" },
    { "windows-1252", "CP1252" },
    { "cp1252", "CP1252" },
    { "windows-1253", "CP1253" },
    { "cp1253", "CP1253" },
    { "windows-1254", "CP1254" },
    { "cp1254", "CP1254" },
    { "windows-1255", "CP1255" },
    { "cp1255", "CP1255" },
    { "windows-1256", "CP1256" },
    { "cp1256", "CP1256" },
    { "windows-1257", "CP1257" },
    { "cp1257", "CP1257" },
    { "windows-1258", "CP1258" },
    { "cp1258", "CP1258" },
    { "windows-874", "CP874" },
    { "cp874", "CP874" },
    { "ibm437", "CP437" },
    { "cp437", "CP437" },
    { "ibm850", "CP850" },
    { "cp850", "CP850" },
    { "ibm852", "CP852" },
    { "cp852", "CP852" },
    { "ibm855", "CP855" },
    { "cp855", "CP855" },
    { "ibm866", "CP866" },
    { "cp866", "CP866" },
    { "macintosh", "MACINTOSH" },
    { "x-mac-roman", "MACINTOSH" },
    { "x-mac-cyrillic", "MAC-CYRILLIC" },
    { "tis-620", "CP874" },
    { "viscii", "VISCII" },
    { "iso-2022-jp", "ISO-2022-JP-3" },
    { "iso-2022-jp-1", "ISO-2022-JP-3" },
    { "iso-2022-jp-2", "ISO-2022-JP-2" },
    { "shift_jis", "CP932" },
    { "shift-jis", "CP932" },
    { "sjis", "CP932" },
    { "x-sjis", "CP932" },
    { "ms_kanji", "CP932" },
    { "windows-31j", "CP932" },
    { "cp932", "CP932" },
    { "euc-jp", "EUC-JP-MS" },
    { "x-euc-jp", "EUC-JP-MS" },
    { "gb2312", "GB18030" },
    { "x-gb2312", "GB18030" },
    { "gb_2312-80", "GB18030" },
    { "euc-cn", "GB18030" },
    { "gbk", "GB18030" },
    { "x-gbk", "GB18030" },
    { "cp936", "GB18030" },
    { "gb18030", "GB18030" },
    { "big5", "CP950" },
    { "x-big5", "CP950" },
    { "cn-big5", "CP950" },
    { "cp950", "CP950" },
    { "big5-hkscs", "BIG5-HKSCS" },
    { "euc-kr", "CP949" },
    { "ks_c_5601-1987", "CP949" },
    { "ks_c_5601", "CP949" },
    { "windows-949", "CP949" },
    { "cp949", "CP949" },
    { "iso-2022-kr", "ISO-2022-KR" },
};

bool charset_find(const char *name, size_t n, enum charset_way *way_r,
                  const char **iconv_name_r)
{
    *way_r = CHARSET_UTF8;
    *iconv_name_r = NULL;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strlen(known[i].name) != n || strncasecmp(known[i].name, name, n) != 0)
            continue;
        *iconv_name_r = known[i].iconv_name;
        if (known[i].iconv_name != NULL)
            *way_r = CHARSET_ICONV;
        return true;
    }
    return false;
}

bool charset_known(const char *name)
{
    enum charset_way way;
    const char *iconv_name;
    return charset_find(name, strlen(name), &way, &iconv_name);
}

static bool put_replacement(struct charset *c)
{
    c->damaged = true;
    return c->next->write(c->next, "\xef\xbf\xbd", 3);
}

/* Converts what can be converted of *p and moves it past that. The rest, if there is any, is
 * the beginning of a character. */
static bool convert(struct charset *c, char **p, size_t *n)
{
    while (*n > 0) {
        char *out = c->out;
        size_t room = sizeof c->out;
        size_t result = iconv(c->cd, p, n, &out, &room);
        enum { FINE, INCOMPLETE, INVALID } how = FINE;
        if (result == (size_t)-1 && errno == EINVAL)
            how = INCOMPLETE;
        else if (result == (size_t)-1 && errno != E2BIG)
            how = INVALID;
        size_t made = (size_t)(out - c->out);
        if (made > 0 && !c->next->write(c->next, c->out, made))
            return false;
        if (how == INCOMPLETE)
            return true;
        if (how == INVALID) {
            (*p)++;
            (*n)--;
            if (!put_replacement(c))
                return false;
        }
    }
    return true;
}

/* Adds octets to the tail one by one until it is a character. */
static bool finish_tail(struct charset *c, const char **p, size_t *n)
{
    while (c->tail_len > 0 && *n > 0) {
        c->tail[c->tail_len++] = *(*p)++;
        (*n)--;
        char *from = c->tail;
        size_t left = c->tail_len;
        if (!convert(c, &from, &left))
            return false;
        if (left == sizeof c->tail) {
            left = 0;
            if (!put_replacement(c))
                return false;
        }
        memmove(c->tail, from, left);
        c->tail_len = left;
    }
    return true;
}

static bool charset_write(struct message_sink *sink, const void *octets, size_t n)
{
    struct charset *c = (struct charset *)sink;
    const char *p = octets;
    if (c->way == CHARSET_UTF8)
        return c->next->write(c->next, p, n);
    if (!finish_tail(c, &p, &n))
        return false;
    if (c->tail_len > 0)
        return true; /* all of it was too little to make the character whole */
    /* iconv(3) does not write to its input, whatever its prototype says. */
    char *from = (char *)p;
    if (!convert(c, &from, &n))
        return false;
    if (n > sizeof c->tail - 1)
        n = sizeof c->tail - 1;
    memcpy(c->tail, from, n);
    c->tail_len = n;
    return true;
}

bool charset_open(struct charset *c, const char *name, size_t n, struct message_sink *next)
{
    const char *iconv_name;
    c->sink.write = charset_write;
    c->next = next;
    c->damaged = false;
    c->tail_len = 0;
    charset_find(name, n, &c->way, &iconv_name);
    if (c->way == CHARSET_UTF8)
        return true;
    c->cd = iconv_open("UTF-8", iconv_name);
    // NOLINTNEXTLINE(performance-no-int-to-ptr): it is POSIX's value for failure.
    if (c->cd != (iconv_t)-1)
        return true;
    c->way = CHARSET_UTF8;
    return false;
}

bool charset_finish(struct charset *c)
{
    if (c->way == CHARSET_UTF8)
        return true;
    bool whole = c->tail_len == 0;
    c->tail_len = 0;
    /* Some charsets hold a character back until they know that no accent follows. */
    char *out = c->out;
    size_t room = sizeof c->out;
    iconv(c->cd, NULL, NULL, &out, &room);
    size_t made = (size_t)(out - c->out);
    if (made > 0 && !c->next->write(c->next, c->out, made))
        return false;
    return whole || put_replacement(c);
}

void charset_close(struct charset *c)
{
    if (c->way == CHARSET_ICONV)
        iconv_close(c->cd);
    c->way = CHARSET_UTF8;
}

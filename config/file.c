/*
 * Files of `key = value` lines.
 *
 * A line is a comment when its first octet that is not a blank is '#'; elsewhere '#' is an
 * octet like any other, as are quotes and backslashes: what stands between the '=' and the end
 * of the line, without the blanks around it, is the value. CRLF ends a line as LF does.
 */
#include "config/table.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line holds one path at the most (4095), its setting's name and some blanks. */
#define LINE_MAX_OCTETS 4352
/* Every setting at its longest, and comments of the length of the manual, fit many times. */
#define FILE_MAX_OCTETS ((size_t)256 * 1024)

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

static const char *name_end(const char *p)
{
    while (*p != '\0' && *p != '=' && !blank(*p))
        p++;
    return p;
}

/* One line, NUL-terminated, its end of line and trailing blanks cut off. Returns true, or false
 * with "setting: what is wrong" in why. */
static bool read_line(struct settings *s, const char *line, uint64_t *seen, struct buffer *why)
{
    while (blank(*line))
        line++;
    if (*line == '\0' || *line == '#')
        return true;
    const char *end = name_end(line);
    const char *p = end;
    while (blank(*p))
        p++;
    buffer_printf(why, "%.*s: ", (int)(end - line > 64 ? 64 : end - line), line);
    if (*p != '=') {
        buffer_puts(why, "no '=' behind it");
        return false;
    }
    do
        p++;
    while (blank(*p));
    return settings_take(s, line, (size_t)(end - line), p, seen, why);
}

/* Copies a line of n octets to out (LINE_MAX_OCTETS + 1) as read_line wants it. NULL, or what
 * is wrong. */
static const char *copy_line(const char *line, size_t n, char *out)
{
    if (n > 0 && line[n - 1] == '\r')
        n--;
    while (n > 0 && blank(line[n - 1]))
        n--;
    if (n > LINE_MAX_OCTETS)
        return "the line is too long";
    if (memchr(line, '\0', n) != NULL)
        return "there is a NUL in the line";
    memcpy(out, line, n);
    out[n] = '\0';
    return NULL;
}

static bool read_lines(struct settings *s, const char *path, const struct buffer *text,
                       struct buffer *err)
{
    char line[LINE_MAX_OCTETS + 1];
    struct buffer why;
    buffer_init(&why, 512);
    uint64_t seen = 0;
    unsigned number = 0;
    const char *p = text->data;
    const char *end = text->data + text->len;
    bool ok = true;
    while (ok && p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        size_t n = lf == NULL ? (size_t)(end - p) : (size_t)(lf - p);
        number++;
        const char *wrong = copy_line(p, n, line);
        if (wrong != NULL)
            buffer_puts(&why, wrong);
        ok = wrong == NULL && read_line(s, line, &seen, &why);
        if (!ok) {
            const char *text_why = buffer_string(&why);
            buffer_printf(err, "%s:%u: %s", path, number,
                          text_why == NULL ? "not understood" : text_why);
        }
        buffer_clear(&why);
        p = lf == NULL ? end : lf + 1;
    }
    buffer_free(&why);
    return ok;
}

/* The whole file into text. NULL, or what is wrong. */
static const char *slurp(int fd, struct buffer *text)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return strerror(errno);
    if (S_ISDIR(st.st_mode))
        return strerror(EISDIR);
    if (S_ISREG(st.st_mode) && (st.st_mode & S_IWOTH) != 0)
        return "everybody may write to it";
    for (;;) {
        char octets[4096];
        ssize_t n = read(fd, octets, sizeof octets);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return strerror(errno);
        if (n == 0)
            return NULL;
        if (!buffer_append(text, octets, (size_t)n))
            return "the file is too long";
    }
}

bool settings_read_file(struct settings *s, const char *path, bool must_exist,
                        struct buffer *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        if (errno == ENOENT && !must_exist)
            return true;
        buffer_printf(err, "%s: %s", path, strerror(errno));
        return false;
    }
    struct buffer text;
    buffer_init(&text, FILE_MAX_OCTETS);
    const char *wrong = slurp(fd, &text);
    close(fd);
    bool ok = wrong == NULL;
    if (!ok)
        buffer_printf(err, "%s: %s", path, wrong);
    else if (text.len > 0)
        ok = read_lines(s, path, &text, err);
    buffer_free(&text);
    return ok;
}

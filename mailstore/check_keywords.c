/*
 * A folder's dovecot-keywords, and whether the letters on its files have names there.
 *
 * Names that no message has are ordinary life, and so are names that are no keywords of IMAP:
 * other programs made them, and they are kept.
 */
#include "mailstore/check_private.h"

#include "mailstore/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Far more than 26 lines; what is behind is not looked at by sessions either. */
#define TEXT_MAX 65535

static void check_line(struct folder_check *fc, size_t number, const char *line, uint32_t *seen)
{
    char quoted[CHECK_QUOTE_MAX];
    char *end = NULL;
    long letter = line[0] >= '0' && line[0] <= '9' ? strtol(line, &end, 10) : -1;
    if (letter < 0 || letter >= LETTERS_COUNTED || *end != ' ' || end[1] == '\0') {
        check_differs(fc, CURE_KEYWORDS,
                      "%s line %zu makes no sense (\"%s\"); --repair drops it", KEYWORDS_NAME,
                      number, check_quote(quoted, line, strlen(line)));
        return;
    }
    if ((*seen & (1U << letter)) != 0)
        check_differs(
            fc, CURE_KEYWORDS,
            "%s line %zu names the letter %c once more; --repair drops the line before",
            KEYWORDS_NAME, number, (char)('a' + letter));
    *seen |= 1U << letter;
}

static void check_text(struct folder_check *fc, char *text, size_t n)
{
    uint32_t seen = 0;
    size_t number = 1;
    text[n] = '\0';
    for (char *p = text; p < text + n; number++) {
        char *lf = memchr(p, '\n', (size_t)(text + n - p));
        char *end = lf != NULL ? lf : text + n;
        if (memchr(p, '\0', (size_t)(end - p)) != NULL)
            check_differs(fc, CURE_KEYWORDS, "%s line %zu has a NUL in it; --repair drops it",
                          KEYWORDS_NAME, number);
        *end = '\0';
        if (strlen(p) == (size_t)(end - p) && end > p)
            check_line(fc, number, p, &seen);
        p = end + 1;
    }
}

static bool read_text(struct folder_check *fc, int fd)
{
    char *text = malloc(TEXT_MAX + 1);
    size_t have = 0;
    ssize_t n = 1;
    if (text == NULL)
        return check_impossible(fc, "no memory for %s", KEYWORDS_NAME);
    while (have < TEXT_MAX && (n = sys_read(fd, text + have, TEXT_MAX - have)) > 0)
        have += (size_t)n;
    if (n < 0)
        check_impossible(fc, "%s can't be read: %s", KEYWORDS_NAME, strerror(errno));
    else
        check_text(fc, text, have);
    free(text);
    return n >= 0;
}

/* Two letters of one name: the second can't be told by it. */
static void check_names(struct folder_check *fc)
{
    char quoted[CHECK_QUOTE_MAX];
    for (int i = 0; i < LETTERS_COUNTED; i++) {
        const char *name = fc->keywords.name[i];
        for (int j = 0; j < i && name != NULL; j++) {
            if (fc->keywords.name[j] == NULL || strcasecmp(name, fc->keywords.name[j]) != 0)
                continue;
            check_differs(fc, CURE_KEYWORDS,
                          "%s gives the letters %c and %c one name (%s); --repair calls the "
                          "latter unknown-%d, as clients see it",
                          KEYWORDS_NAME, (char)('a' + j), (char)('a' + i),
                          check_quote(quoted, name, strlen(name)), i);
            break;
        }
    }
}

static void check_letters(struct folder_check *fc)
{
    for (int i = 0; i < LETTERS_COUNTED; i++)
        if (fc->letter_count[i] > 0 && fc->keywords.name[i] == NULL)
            check_differs(fc, CURE_KEYWORDS,
                          "%u messages have the letter %c, which %s does not name; --repair "
                          "calls it unknown-%d, as clients see it",
                          fc->letter_count[i], (char)('a' + i), KEYWORDS_NAME, i);
}

bool check_keywords(struct folder_check *fc)
{
    struct stat st;
    uint32_t ignored = 0;
    int fd = sys_openat(fc->dirs.dir, KEYWORDS_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    if (fd < 0 && errno != ENOENT && errno != ELOOP)
        return check_impossible(fc, "%s can't be read: %s", KEYWORDS_NAME, strerror(errno));
    if (fd < 0 && errno == ENOENT) {
        check_letters(fc);
        return true;
    }
    bool regular = fd >= 0 && sys_fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    bool ok = !regular || read_text(fc, fd);
    if (fd >= 0)
        sys_close(fd);
    if (!regular) {
        check_differs(fc, 0, "%s is no file; move it elsewhere", KEYWORDS_NAME);
        return true;
    }
    enum store_error e = keywords_look(&fc->keywords, fc->dirs.dir, &ignored);
    if (ok && e != STORE_OK)
        return check_impossible(fc, "%s can't be read: %s", KEYWORDS_NAME, store_error_text(e));
    check_names(fc);
    check_letters(fc);
    return ok;
}

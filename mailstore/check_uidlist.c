/*
 * A folder's uidlist, line by line.
 *
 * Ordinary life: no list in a folder that nobody has opened; an N that is below the last lines'
 * UIDs (who adds lines does not touch it); lines whose file is gone; two lines whose base names
 * differ behind the unique part (another program has renamed the file); a last line without LF,
 * which is what a writer left that was cut off, and the next one mends; version 1.
 */
#include "mailstore/check_private.h"

#include "mailstore/sys.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* --- The header. -----------------------------------------------------------------------------
 */

static bool has_number(const char *line, const char *end, char field)
{
    for (const char *p = line; p + 2 < end; p++)
        if (p[0] == ' ' && p[1] == field && isdigit((unsigned char)p[2]))
            return true;
    return false;
}

static void check_header(struct folder_check *fc, const char *line, const char *end)
{
    bool old = end - line > 2 && memcmp(line, "1 ", 2) == 0;
    if (fc->list.uidvalidity == 0) {
        check_differs(fc, CURE_UIDLIST, "%s has no header with a UIDVALIDITY; %s", UIDLIST_NAME,
                      fc->indexed
                          ? "--repair, or the next session, writes it anew with that of "
                            "the index"
                          : "the next session begins it anew, and clients must load the "
                            "folder again");
        return;
    }
    if (old) {
        check_note(fc, "%s is of version 1; the next writer makes it version 3", UIDLIST_NAME);
        return;
    }
    if (!has_number(line, end, 'N'))
        check_differs(fc, CURE_UIDLIST,
                      "%s has no next UID (N) in its header; --repair, or the next session, "
                      "writes it anew",
                      UIDLIST_NAME);
    if (!uidlist_has_guid(&fc->list))
        check_differs(fc, CURE_UIDLIST,
                      "%s has no GUID (G) in its header; --repair, or the next session, gives "
                      "it one",
                      UIDLIST_NAME);
}

/* --- Lines. ----------------------------------------------------------------------------------
 */

/* kept: the next of the lines that uidlist_parse has kept. */
static void check_line(struct folder_check *fc, int version, size_t number, const char *p,
                       const char *lf, size_t *kept)
{
    char quoted[CHECK_QUOTE_MAX];
    struct uidlist_line line;
    if (!uidlist_parse_line(version, p, lf, &line)) {
        check_differs(fc, CURE_UIDLIST,
                      "%s line %zu makes no sense (\"%s\"); --repair, or the next session, "
                      "drops it",
                      UIDLIST_NAME, number, check_quote(quoted, p, (size_t)(lf - p)));
        return;
    }
    if (*kept < fc->lines.count && fc->lines.line[*kept].base == line.base) {
        ++*kept;
        return;
    }
    check_differs(
        fc, CURE_UIDLIST,
        "%s line %zu (UID %u) is out of order; --repair, or the next session, drops it",
        UIDLIST_NAME, number, line.uid);
}

static void check_lines(struct folder_check *fc)
{
    const char *text = fc->lines.text.data;
    const char *end = text + fc->lines.text.len;
    const char *lf = fc->lines.text.len > 0 ? memchr(text, '\n', fc->lines.text.len) : NULL;
    size_t kept = 0;
    size_t number = 1;
    check_header(fc, text, lf != NULL ? lf : end);
    if (lf == NULL)
        return;
    int version = lf - text > 2 && memcmp(text, "1 ", 2) == 0 ? 1 : 3;
    for (const char *p = lf + 1; p < end; p = lf + 1) {
        number++;
        lf = memchr(p, '\n', (size_t)(end - p));
        if (lf == NULL) {
            check_note(fc, "%s ends in the midst of line %zu; the next writer mends it",
                       UIDLIST_NAME, number);
            return;
        }
        check_line(fc, version, number, p, lf, &kept);
    }
}

/* --- What the lines say. ---------------------------------------------------------------------
 */

static bool take_line(struct folder_check *fc, const struct uidlist_line *line)
{
    char base[BASE_NAME_MAX + 1];
    char quoted[CHECK_QUOTE_MAX];
    struct maildir_name parts;
    if (line->base_len > BASE_NAME_MAX)
        return true;
    memcpy(base, line->base, line->base_len);
    base[line->base_len] = '\0';
    if (!maildir_name_parse(base, &parts))
        return true;
    const struct record *other = table_unique(&fc->listed, base, parts.unique_len);
    if (other != NULL && strcmp(other->name, base) == 0)
        check_differs(fc, CURE_REPEATED,
                      "%s has %s as UID %u and as UID %u; --repair drops the former, which has "
                      "lost its file to the latter",
                      UIDLIST_NAME, check_quote(quoted, base, line->base_len), other->uid,
                      line->uid);
    if (table_put(&fc->listed, line->uid, base, line->base_len, parts.unique_len) == NULL)
        return check_impossible(fc, "no memory for its uidlist");
    return true;
}

static void tell_missing(struct folder_check *fc)
{
    if (fc->indexed && !fc->reborn && fc->f.provisional == 0)
        check_differs(fc, CURE_UIDLIST,
                      "%s is missing; --repair, or the next session, writes it anew with the "
                      "UIDs of the index",
                      UIDLIST_NAME);
}

/* Whether the index is about this folder at all. */
static void check_validity(struct folder_check *fc)
{
    uint32_t here = fc->list.uidvalidity;
    bool other = fc->indexed &&
                 (here != 0 ? here != fc->f.uidvalidity : fc->reborn && !fc->list.present);
    if (!other)
        return;
    if (fc->reborn || fc->f.provisional != 0)
        check_note(fc,
                   "the index knows another folder in its place (UIDVALIDITY %u); the next "
                   "session drops that",
                   fc->f.uidvalidity);
    else
        check_differs(
            fc, CURE_BELIEVE,
            "%s has UIDVALIDITY %u, the index %u; --repair, or the next session, drops "
            "what the index has, and clients load the folder again",
            UIDLIST_NAME, here, fc->f.uidvalidity);
    fc->indexed = false;
}

static bool take_list(struct folder_check *fc)
{
    struct stat st;
    enum store_error e = uidlist_load(&fc->list, fc->dirs.dir, &fc->lines);
    if (e == STORE_CORRUPT) {
        check_differs(fc, 0, "%s is no file, or too large to be one; move it elsewhere",
                      UIDLIST_NAME);
        return true;
    }
    if (e != STORE_OK &&
        sys_fstatat(fc->dirs.dir, UIDLIST_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(st.st_mode)) {
        check_differs(fc, 0, "%s is a symbolic link; replace it by the file", UIDLIST_NAME);
        return true;
    }
    if (e != STORE_OK)
        return check_impossible(fc, "%s can't be read: %s", UIDLIST_NAME, store_error_text(e));
    if (!fc->list.present) {
        tell_missing(fc);
        return true;
    }
    check_lines(fc);
    for (size_t i = 0; i < fc->lines.count; i++)
        if (!take_line(fc, &fc->lines.line[i]))
            return false;
    return true;
}

bool check_uidlist(struct folder_check *fc)
{
    bool ok = take_list(fc);
    check_validity(fc);
    return ok;
}

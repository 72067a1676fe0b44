/*
 * mail_root and index_dir for one user.
 *
 * The user's name comes from the network in the end, so it must not steer the path: a name with
 * a '/' or a leading '.' could, and a '%' in it is never looked at again. %n and %d are parts
 * of the name and are held to the same: "x@../y" has a '/' and "@x" an empty %n.
 */
#include "config/settings.h"

#include <limits.h>
#include <string.h>

/* A part of the name that may become a part of a path. */
static bool harmless(const char *part, size_t n)
{
    if (n == 0 || part[0] == '.')
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)part[i];
        if (c < ' ' || c == 0x7f || c == '/')
            return false;
    }
    return true;
}

/* A home that can't be meant: empty or relative. */
static bool put_home(struct buffer *out, const char *home)
{
    return home != NULL && home[0] == '/' && buffer_puts(out, home);
}

static bool put_letter(struct buffer *out, char letter, const struct settings_user *user)
{
    const char *at = strchr(user->user, '@');
    size_t name = at == NULL ? strlen(user->user) : (size_t)(at - user->user);
    switch (letter) {
    case 'u':
        return buffer_puts(out, user->user);
    case 'n':
        return harmless(user->user, name) && buffer_append(out, user->user, name);
    case 'd':
        return at != NULL && harmless(at + 1, strlen(at + 1)) && buffer_puts(out, at + 1);
    case 'h':
        return put_home(out, user->home);
    case '%':
        return buffer_putc(out, '%');
    default:
        return false;
    }
}

static char *expand(const char *template, const struct settings_user *user)
{
    if (!harmless(user->user, strlen(user->user)))
        return NULL;
    struct buffer out;
    buffer_init(&out, PATH_MAX - 1);
    const char *p = template;
    bool ok = true;
    if (p[0] == '~' && (p[1] == '/' || p[1] == '\0')) {
        ok = put_home(&out, user->home);
        p++;
    }
    for (; ok && *p != '\0'; p++) {
        if (*p != '%')
            ok = buffer_putc(&out, *p);
        else if (p[1] == '\0')
            ok = false;
        else
            ok = put_letter(&out, *++p, user);
    }
    if (!ok) {
        buffer_free(&out);
        return NULL;
    }
    return buffer_steal(&out);
}

char *settings_mail_root(const struct settings *s, const struct settings_user *user)
{
    return expand(s->mail_root, user);
}

char *settings_index_dir(const struct settings *s, const struct settings_user *user)
{
    return s->index_dir[0] == '\0' ? NULL : expand(s->index_dir, user);
}

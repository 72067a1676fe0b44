/*
 * The table of settings. Each has a name, a default in the text form that a file would have,
 * and a function that takes text into the struct; so defaults, files and -o go one way.
 */
#include "config/settings.h"

#include "config/autocreate_list.h"
#include "config/table.h"
#include "config/value.h"

#include <stdlib.h>
#include <string.h>

/* What a setting is when nobody sets it, what it may be, and where it goes. */
struct setting {
    const char *name;
    const char *preset;
    bool (*take)(struct settings *s, const struct setting *self, const char *text,
                 struct buffer *why);
    size_t offset;            /* of its member in struct settings */
    uint64_t min, max;        /* of a number, in seconds or octets where it is one of these */
    const char *unit;         /* of min and max, for the message */
    const char *const *words; /* of a choice: its words, in the order of its enum */
};

/* Longer than any path the kernel takes (PATH_MAX 4096). */
#define SETTING_TEXT_MAX 4095

static bool take_text(struct settings *s, const struct setting *self, const char *text,
                      struct buffer *why)
{
    if (*text == '\0') {
        buffer_puts(why, "is empty");
        return false;
    }
    if (strlen(text) > SETTING_TEXT_MAX) {
        buffer_printf(why, "is longer than %d octets", SETTING_TEXT_MAX);
        return false;
    }
    char *copy = strdup(text);
    if (copy == NULL) {
        buffer_puts(why, "out of memory");
        return false;
    }
    char **member = (char **)((char *)s + self->offset);
    free(*member);
    *member = copy;
    return true;
}

/* Letters are looked at here, so that a slip shows when the file is read, not when somebody
 * logs in. */
static bool take_template(struct settings *s, const struct setting *self, const char *text,
                          struct buffer *why)
{
    if (text[0] == '~' && text[1] != '/' && text[1] != '\0') {
        buffer_puts(why, "~ can only stand for the user's own home");
        return false;
    }
    for (const char *p = strchr(text, '%'); p != NULL; p = strchr(p + 2, '%')) {
        if (p[1] == '\0' || strchr("undh%", p[1]) == NULL) {
            buffer_puts(why, "behind % there can only be u, n, d, h or %");
            return false;
        }
    }
    return take_text(s, self, text, why);
}

static bool take_absolute(struct settings *s, const struct setting *self, const char *text,
                          struct buffer *why)
{
    if (*text != '/') {
        buffer_puts(why, "is no absolute path");
        return false;
    }
    return take_text(s, self, text, why);
}

/* Empty: none. */
static bool take_optional_text(struct settings *s, const struct setting *self, const char *text,
                               struct buffer *why)
{
    if (*text != '\0')
        return take_text(s, self, text, why);
    char *none = strdup("");
    if (none == NULL) {
        buffer_puts(why, "out of memory");
        return false;
    }
    char **member = (char **)((char *)s + self->offset);
    free(*member);
    *member = none;
    return true;
}

static bool take_optional(struct settings *s, const struct setting *self, const char *text,
                          struct buffer *why)
{
    return *text == '\0' ? take_optional_text(s, self, text, why)
                         : take_absolute(s, self, text, why);
}

/* CERTIFICATE or CERTIFICATE:KEY, between blanks. */
static bool take_certificates(struct settings *s, const struct setting *self, const char *text,
                              struct buffer *why)
{
    for (const char *p = text + strspn(text, " \t"); *p != '\0'; p += strspn(p, " \t")) {
        size_t n = strcspn(p, " \t");
        const char *colon = memchr(p, ':', n);
        if (*p != '/' || (colon != NULL && colon[1] != '/') ||
            (colon != NULL && memchr(colon + 1, ':', n - (size_t)(colon + 1 - p)) != NULL)) {
            buffer_printf(why, "%.*s is no absolute path, nor two with a colon between",
                          (int)(n > 256 ? 256 : n), p);
            return false;
        }
        p += n;
    }
    return take_optional_text(s, self, text, why);
}

static bool take_autocreate(struct settings *s, const struct setting *self, const char *text,
                            struct buffer *why)
{
    struct autocreate_item item;
    for (const char *p = text; *p != '\0';) {
        if (!autocreate_next(&p, &item)) {
            buffer_puts(why, "is no list of folders, each with its special uses behind it");
            return false;
        }
    }
    return take_optional_text(s, self, text, why);
}

/* Empty: inside mail_root. */
static bool take_index_dir(struct settings *s, const struct setting *self, const char *text,
                           struct buffer *why)
{
    if (*text == '\0')
        return take_optional_text(s, self, text, why);
    if (*text != '/' && *text != '~' && strncmp(text, "%h", 2) != 0) {
        buffer_puts(why, "is no absolute path");
        return false;
    }
    return take_template(s, self, text, why);
}

static bool take_boolean(struct settings *s, const struct setting *self, const char *text,
                         struct buffer *why)
{
    if (value_boolean(text, (bool *)((char *)s + self->offset)) == VALUE_OK)
        return true;
    buffer_puts(why, "is neither yes nor no");
    return false;
}

static bool told_number(const struct setting *self, enum value_result result, const char *form,
                        struct buffer *why)
{
    if (result == VALUE_MALFORMED)
        buffer_puts(why, form);
    else if (result == VALUE_RANGE)
        buffer_printf(why, "is not between %llu and %llu%s", (unsigned long long)self->min,
                      (unsigned long long)self->max, self->unit);
    return result == VALUE_OK;
}

static bool take_number(struct settings *s, const struct setting *self, const char *text,
                        struct buffer *why)
{
    uint64_t value = 0;
    enum value_result result = value_number(text, self->min, self->max, &value);
    if (!told_number(self, result, "is no number", why))
        return false;
    *(unsigned *)((char *)s + self->offset) = (unsigned)value;
    return true;
}

static bool take_seconds(struct settings *s, const struct setting *self, const char *text,
                         struct buffer *why)
{
    uint64_t value = 0;
    enum value_result result = value_seconds(text, self->min, self->max, &value);
    if (!told_number(self, result, "is no time (a number with s, min, h or d)", why))
        return false;
    *(unsigned *)((char *)s + self->offset) = (unsigned)value;
    return true;
}

static bool take_octets(struct settings *s, const struct setting *self, const char *text,
                        struct buffer *why)
{
    uint64_t value = 0;
    enum value_result result = value_octets(text, self->min, self->max, &value);
    if (!told_number(self, result, "is no size (a number with B, KiB, MiB or GiB)", why))
        return false;
    *(uint64_t *)((char *)s + self->offset) = value;
    return true;
}

static bool tell_words(const struct setting *self, struct buffer *why)
{
    buffer_puts(why, "is none of");
    for (size_t i = 0; self->words[i] != NULL; i++)
        buffer_printf(why, " %s", self->words[i]);
    return false;
}

static bool take_choice(struct settings *s, const struct setting *self, const char *text,
                        struct buffer *why)
{
    size_t i = 0;
    if (value_word(text, strlen(text), self->words, &i) != VALUE_OK)
        return tell_words(self, why);
    *(unsigned *)((char *)s + self->offset) = (unsigned)i;
    return true;
}

/* A list of backends, between blanks or commas, each at most once. */
static bool take_auth(struct settings *s, const struct setting *self, const char *text,
                      struct buffer *why)
{
    enum auth_backend auth[AUTH_BACKENDS];
    size_t count = 0;
    for (const char *p = text + strspn(text, " \t,"); *p != '\0'; p += strspn(p, " \t,")) {
        size_t n = strcspn(p, " \t,");
        size_t word;
        if (value_word(p, n, self->words, &word) != VALUE_OK)
            return tell_words(self, why);
        for (size_t i = 0; i < count; i++) {
            if (auth[i] == (enum auth_backend)word) {
                buffer_printf(why, "names %s twice", self->words[word]);
                return false;
            }
        }
        auth[count++] = (enum auth_backend)word;
        p += n;
    }
    if (count == 0) {
        buffer_puts(why, "is empty");
        return false;
    }
    memcpy(s->auth, auth, count * sizeof *auth);
    s->auth_count = count;
    return true;
}

/* Networks, between blanks or commas. Empty: none. */
static bool take_proxy_from(struct settings *s, const struct setting *self, const char *text,
                            struct buffer *why)
{
    struct network networks[PROXY_FROM_MAX] = { 0 };
    size_t count = 0;
    (void)self;
    for (const char *p = text + strspn(text, " \t,"); *p != '\0'; p += strspn(p, " \t,")) {
        size_t n = strcspn(p, " \t,");
        if (count == PROXY_FROM_MAX) {
            buffer_printf(why, "has more than %d networks", PROXY_FROM_MAX);
            return false;
        }
        const char *wrong = network_parse(p, n, &networks[count++]);
        if (wrong != NULL) {
            buffer_printf(why, "%.*s %s", (int)(n > 64 ? 64 : n), p, wrong);
            return false;
        }
        p += n;
    }
    memcpy(s->proxy_from, networks, count * sizeof *networks);
    s->proxy_from_count = count;
    return true;
}

static const char *const layout_words[] = { "maildir++", "fs", NULL };
static const char *const backend_words[] = { "pam", "passwd-file", NULL };
static const char *const plaintext_words[] = { "never", "loopback", "always", NULL };
static const char *const log_words[] = { "syslog", "stderr", NULL };

#define INDEX_SIZE_MIN ((uint64_t)16 << 20)
#define INDEX_SIZE_MAX ((uint64_t)1 << 40)

#define MEMBER(m) offsetof(struct settings, m)

/* The bounds:
 *  index_max_size   16 MiB hold about 80,000 messages; 1 TiB of address space leaves room for
 *                   everything else.
 *  first_valid_uid  0 is root's, and root can never log in; 2^32 - 2 is the last there is.
 *  login_timeout    a person with a slow token still types within 10 minutes; under 5 s a
 *                   client on a bad line can't log in at all.
 *  idle_timeout     RFC 3501 section 5.4: at least 30 minutes.
 *  auth_fail_delay  a minute of waiting makes clients give up and users call.
 *  max_user_connections  a slot is looked for one by one: 10,000 take 20 ms.
 *  max_message      RFC822.SIZE is a 32-bit number (RFC 3501 section 9, "number"); below
 *                   64 KiB nobody's mail fits. */
static const struct setting table[] = {
    { "mail_root", "~/Maildir", take_template, MEMBER(mail_root), 0, 0, "", NULL },
    { "layout", "maildir++", take_choice, MEMBER(layout), 0, 0, "", layout_words },
    { "index_dir", "", take_index_dir, MEMBER(index_dir), 0, 0, "", NULL },
    { "index_max_size", "8GiB", take_octets, MEMBER(index_max_size), INDEX_SIZE_MIN,
      INDEX_SIZE_MAX, " octets", NULL },
    { "auth", "pam", take_auth, MEMBER(auth), 0, 0, "", backend_words },
    { "pam_service", "imap", take_text, MEMBER(pam_service), 0, 0, "", NULL },
    { "passwd_file", "/etc/imapd.passwd", take_absolute, MEMBER(passwd_file), 0, 0, "", NULL },
    { "passwd_file_plain", "no", take_boolean, MEMBER(passwd_file_plain), 0, 0, "", NULL },
    { "scram", "no", take_boolean, MEMBER(scram), 0, 0, "", NULL },
    { "scram_secret", "/var/lib/imapd/scram-secret", take_absolute, MEMBER(scram_secret), 0, 0,
      "", NULL },
    { "oauth_helper", "", take_optional, MEMBER(oauth_helper), 0, 0, "", NULL },
    { "oauth_user", "imapd-oauth", take_text, MEMBER(oauth_user), 0, 0, "", NULL },
    { "login_user", "imapd", take_text, MEMBER(login_user), 0, 0, "", NULL },
    { "pam_session", "no", take_boolean, MEMBER(pam_session), 0, 0, "", NULL },
    { "first_valid_uid", "1000", take_number, MEMBER(first_valid_uid), 1, 4294967294U, "",
      NULL },
    { "plaintext_login", "loopback", take_choice, MEMBER(plaintext_login), 0, 0, "",
      plaintext_words },
    { "tls_cert", "", take_optional, MEMBER(tls_cert), 0, 0, "", NULL },
    { "tls_key", "", take_optional, MEMBER(tls_key), 0, 0, "", NULL },
    { "tls_sni", "", take_certificates, MEMBER(tls_sni), 0, 0, "", NULL },
    { "tls_client_ca", "", take_optional, MEMBER(tls_client_ca), 0, 0, "", NULL },
    { "tls_ocsp", "", take_optional, MEMBER(tls_ocsp), 0, 0, "", NULL },
    { "tls_ticket_key", "", take_optional, MEMBER(tls_ticket_key), 0, 0, "", NULL },
    { "tls_ciphers", "", take_optional_text, MEMBER(tls_ciphers), 0, 0, "", NULL },
    { "login_timeout", "60s", take_seconds, MEMBER(login_timeout), 5, 600, " seconds", NULL },
    { "idle_timeout", "30min", take_seconds, MEMBER(idle_timeout), 1800, 604800, " seconds",
      NULL },
    { "max_auth_tries", "3", take_number, MEMBER(max_auth_tries), 1, 20, "", NULL },
    { "max_user_connections", "60", take_number, MEMBER(max_user_connections), 0, 10000, "",
      NULL },
    { "auth_fail_delay", "2s", take_seconds, MEMBER(auth_fail_delay), 0, 60, " seconds", NULL },
    { "progress_interval", "10s", take_seconds, MEMBER(progress_interval), 0, 600, " seconds",
      NULL },
    { "max_message", "256MiB", take_octets, MEMBER(max_message), 65536, 4294967295U, " octets",
      NULL },
    { "autocreate", "", take_autocreate, MEMBER(autocreate), 0, 0, "", NULL },
    { "literal_minus", "no", take_boolean, MEMBER(literal_minus), 0, 0, "", NULL },
    { "append_8bit_header", "no", take_boolean, MEMBER(append_8bit_header), 0, 0, "", NULL },
    { "expunge_on_logout", "no", take_boolean, MEMBER(expunge_on_logout), 0, 0, "", NULL },
    { "proxy_from", "", take_proxy_from, 0, 0, 0, "", NULL },
    { "log", "syslog", take_choice, MEMBER(log), 0, 0, "", log_words },
};
#define SETTINGS (sizeof table / sizeof *table)

/* take_number and take_choice write an unsigned. */
_Static_assert(sizeof(uid_t) == sizeof(unsigned), "uid_t");
_Static_assert(sizeof(enum store_layout) == sizeof(unsigned), "enum");
_Static_assert(SETTINGS <= 64, "settings_take marks what it has seen in 64 bits");

static const struct setting *find(const char *name, size_t n, size_t *index_r)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        if (strlen(table[i].name) == n && memcmp(table[i].name, name, n) == 0) {
            *index_r = i;
            return &table[i];
        }
    }
    return NULL;
}

bool settings_take(struct settings *s, const char *name, size_t n, const char *value,
                   uint64_t *seen, struct buffer *why)
{
    size_t i;
    const struct setting *setting = find(name, n, &i);
    if (setting == NULL) {
        buffer_puts(why, "there is no such setting");
        return false;
    }
    if (seen != NULL) {
        if ((*seen >> i & 1) != 0) {
            buffer_puts(why, "is set twice in this file");
            return false;
        }
        *seen |= (uint64_t)1 << i;
    }
    return setting->take(s, setting, value, why);
}

bool settings_init(struct settings *s)
{
    memset(s, 0, sizeof *s);
    struct buffer why;
    buffer_init(&why, 256);
    bool ok = true;
    for (size_t i = 0; ok && i < SETTINGS; i++)
        ok = table[i].take(s, &table[i], table[i].preset, &why);
    buffer_free(&why);
    if (!ok)
        settings_free(s);
    return ok;
}

void settings_free(struct settings *s)
{
    free(s->mail_root);
    free(s->index_dir);
    free(s->pam_service);
    free(s->passwd_file);
    free(s->scram_secret);
    free(s->oauth_helper);
    free(s->oauth_user);
    free(s->login_user);
    free(s->tls_cert);
    free(s->tls_key);
    free(s->tls_sni);
    free(s->tls_client_ca);
    free(s->tls_ocsp);
    free(s->tls_ticket_key);
    free(s->tls_ciphers);
    free(s->autocreate);
    memset(s, 0, sizeof *s);
}

bool settings_override(struct settings *s, const char *assignment, struct buffer *err)
{
    const char *equals = strchr(assignment, '=');
    size_t n = equals == NULL ? strlen(assignment) : (size_t)(equals - assignment);
    struct buffer why;
    buffer_init(&why, 512);
    bool ok = false;
    if (equals == NULL)
        buffer_puts(&why, "no '=' in it");
    else
        ok = settings_take(s, assignment, n, equals + 1, NULL, &why);
    if (!ok)
        buffer_printf(err, "-o %.*s: %s", (int)(n > 64 ? 64 : n), assignment,
                      buffer_string(&why) == NULL ? "not understood" : why.data);
    buffer_free(&why);
    return ok;
}

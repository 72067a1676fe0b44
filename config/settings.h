/*
 * The settings: a table of names, types, defaults and bounds; `key = value` files; -o on the
 * command line. imapd.conf(5) is its manual.
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include "base/buffer.h"
#include "config/network.h"
#include "mailstore/store.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SETTINGS_FILE "/etc/imapd.conf"

enum auth_backend { AUTH_BACKEND_PAM, AUTH_BACKEND_PASSWD_FILE, AUTH_BACKENDS };
enum plaintext_login { PLAINTEXT_NEVER, PLAINTEXT_LOOPBACK, PLAINTEXT_ALWAYS };
enum log_destination { LOG_DEST_SYSLOG, LOG_DEST_STDERR };

/* Networks of proxies: nobody has more rows of machines. */
#define PROXY_FROM_MAX 32

struct settings {
    char *mail_root; /* with its %u %n %d %h and ~ not yet expanded */
    enum store_layout layout;
    char *index_dir;                       /* as mail_root; empty: inside of it */
    uint64_t index_max_size;               /* octets */
    enum auth_backend auth[AUTH_BACKENDS]; /* in this order */
    size_t auth_count;
    char *pam_service;
    char *passwd_file;
    bool passwd_file_plain; /* {PLAIN} entries are taken */
    bool scram;             /* SCRAM-SHA-256 is offered */
    char *scram_secret;     /* a file of root's, made where it is missing */
    char *oauth_helper;     /* a program; empty: no OAUTHBEARER and XOAUTH2 */
    char *oauth_user;       /* whom it runs as */
    char *login_user;
    bool pam_session;
    uid_t first_valid_uid;
    enum plaintext_login plaintext_login;
    char *tls_cert; /* empty: no TLS; of the others that there is none */
    char *tls_key;  /* empty: in tls_cert */
    char *tls_sni;  /* CERTIFICATE or CERTIFICATE:KEY, between blanks */
    char *tls_client_ca;
    char *tls_ocsp;
    char *tls_ticket_key;
    char *tls_ciphers;
    unsigned login_timeout; /* seconds */
    unsigned idle_timeout;  /* seconds, never less than 30 minutes (RFC 3501 5.4) */
    unsigned max_auth_tries;
    unsigned auth_fail_delay;      /* seconds */
    unsigned max_user_connections; /* 0: any number */
    struct network proxy_from[PROXY_FROM_MAX];
    size_t proxy_from_count;
    unsigned progress_interval; /* seconds; 0: progress is not told */
    uint64_t max_message;       /* octets */
    char *autocreate;           /* config/autocreate_list.h */
    bool literal_minus;         /* LITERAL- in place of LITERAL+ */
    bool append_8bit_header;    /* from clients that have not enabled UTF-8, too */
    bool expunge_on_logout;
    enum log_destination log;
};

/* Every setting at its default. False: no memory. */
bool settings_init(struct settings *s);
void settings_free(struct settings *s);

/* Reads a file over s. must_exist false: a missing file changes nothing and is no error. On an
 * error false, with one line for a person in err: "FILE:LINE: setting: what is wrong". */
bool settings_read_file(struct settings *s, const char *path, bool must_exist,
                        struct buffer *err);

/* One "setting=value" of -o. On an error false, with "-o setting: what is wrong" in err. */
bool settings_override(struct settings *s, const char *assignment, struct buffer *err);

/* What the letters of mail_root and index_dir stand for. */
struct settings_user {
    const char *user; /* %u; %n is what is before its '@', %d what is behind */
    const char *home; /* %h, and a leading ~ */
};

/* mail_root for this user, to be freed by the caller. NULL: no memory, an unknown %letter, or a
 * user name that could lead elsewhere ('/', a leading '.', control characters). */
char *settings_mail_root(const struct settings *s, const struct settings_user *user);

/* index_dir for this user in the same way: an absolute path. NULL also where it is empty. */
char *settings_index_dir(const struct settings *s, const struct settings_user *user);

#endif

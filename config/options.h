/*
 * The command line: imapd(8) is its manual.
 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "config/settings.h"

enum options_mode {
    MODE_SERVE,   /* a client that has to log in */
    MODE_PREAUTH, /* -P: the invoking user's own mail */
    MODE_HASH,    /* -H: a line for the passwd file */
    MODE_CHECK,   /* --check: compares index, uidlists and Maildir */
    MODE_REPAIR,  /* --repair: and mends */
    MODE_ADOPT,   /* --adopt: takes over mail from another server's files */
    MODE_VERSION, /* -V */
    MODE_USAGE    /* -h */
};

struct options {
    enum options_mode mode;
    const char *user;   /* the word behind -H, --check, --repair or --adopt; NULL: none */
    const char *source; /* --adopt: a file or a directory */
    const char *into;   /* --into: a folder in UTF-8; NULL: not given */
    bool scram;         /* -H scram: a verifier of SCRAM */
    bool full;          /* --check=full, --repair=full */
    bool tls;           /* -t: TLS from the first octet on */
    /* Where options_have_settings; settings_free is the caller's. */
    struct settings settings;
};

enum options_result {
    OPTIONS_OK,
    OPTIONS_WRONG,  /* the command line makes no sense: EX_USAGE */
    OPTIONS_SETTING /* a setting does: EX_CONFIG */
};

extern const char options_usage[];

/* Whether settings are read in this mode. */
bool options_have_settings(enum options_mode mode);
/* Whether it is for one account, and without a client. */
bool options_are_of_account(enum options_mode mode);

/* Reads the command line, then the file, then lays the -o over it, in that order whatever
 * theirs was. On an error nothing has to be freed, `err` has a line for a person, and o->mode
 * is what was understood of it. */
enum options_result options_read(struct options *o, int argc, char **argv, struct buffer *err);

#endif

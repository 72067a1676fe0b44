#include "auth/hash_line.h"
#include "auth/gate.h"
#include "auth/hash.h"
#include "auth/process.h"
#include "auth/saslprep.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

static bool complain(const char *what)
{
    fprintf(stderr, "imapd: -H: %s\n", what);
    return false;
}

/* A line of standard input without its end. */
static bool read_secret(const char *prompt, bool terminal, char out[AUTH_PASSWORD_MAX + 1])
{
    if (terminal) {
        fputs(prompt, stderr);
        fflush(stderr);
    }
    size_t n = 0;
    bool fits = true;
    bool nul = false;
    int c;
    while ((c = getchar()) != EOF && c != '\n') {
        fits = fits && n < AUTH_PASSWORD_MAX;
        nul = nul || c == '\0';
        if (fits)
            out[n++] = (char)c;
    }
    if (terminal)
        fputc('\n', stderr);
    out[n] = '\0';
    if (nul || !fits || n == 0)
        return complain(n == 0 ? "no password came" : "that can't be a password");
    return true;
}

static bool read_twice(bool terminal, char password[AUTH_PASSWORD_MAX + 1])
{
    if (!read_secret("Password: ", terminal, password))
        return false;
    if (!terminal)
        return true;
    char again[AUTH_PASSWORD_MAX + 1];
    bool same = read_secret("Again: ", terminal, again) && strcmp(password, again) == 0;
    explicit_bzero(again, sizeof again);
    return same || complain("the two are not the same");
}

/* Who gives up is not to be left with a terminal that shows nothing: a signal ends the input,
 * and so the function on its ordinary way. */
static bool read_hidden(const struct termios *shown, char password[AUTH_PASSWORD_MAX + 1])
{
    struct termios hidden = *shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    int terminal = dup(STDIN_FILENO); /* the signal takes descriptor 0 away */
    bool ok = terminal >= 0 && process_end_on_signal() &&
              tcsetattr(terminal, TCSAFLUSH, &hidden) == 0;
    if (!ok)
        return complain("the terminal would show the password");
    ok = read_twice(true, password);
    (void)tcsetattr(terminal, TCSAFLUSH, shown);
    close(terminal);
    return ok;
}

static bool read_password(char password[AUTH_PASSWORD_MAX + 1])
{
    struct termios shown;
    setvbuf(stdin, NULL, _IONBF, 0); /* no copy of it stays in a buffer */
    if (isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &shown) == 0)
        return read_hidden(&shown, password);
    return read_twice(false, password);
}

static bool can_be_user(const char *user)
{
    size_t n = strlen(user);
    if (n == 0 || n > AUTH_USER_MAX)
        return false;
    for (const char *p = user; *p != '\0'; p++) {
        if ((unsigned char)*p <= ' ' || *p == 0x7f || *p == ':' || *p == '/')
            return false;
    }
    return strchr("#.-", user[0]) == NULL;
}

/* Returns the exit status. */
static int make_hash(const char *password, bool scram, struct buffer *hash)
{
    char prepared[AUTH_PASSWORD_MAX + 1];
    if (!scram) {
        if (hash_make(password, hash) && buffer_string(hash) != NULL)
            return 0;
        complain("no hash to be had from crypt(3)");
        return EX_OSERR;
    }
    if (!saslprep(password, SASLPREP_STORED, prepared, sizeof prepared)) {
        complain("SCRAM takes no such password (it must be UTF-8 without odd characters)");
        return EX_USAGE;
    }
    bool ok = hash_make_scram(prepared, hash) && buffer_string(hash) != NULL;
    explicit_bzero(prepared, sizeof prepared);
    if (!ok)
        complain("no verifier to be had from libcrypto");
    return ok ? 0 : EX_OSERR;
}

int hash_line(const char *user, bool scram)
{
    if (user != NULL && !can_be_user(user)) {
        complain("that can't be a user's name");
        return EX_USAGE;
    }
    char password[AUTH_PASSWORD_MAX + 1];
    struct buffer hash;
    buffer_init(&hash, 1024);
    int status = read_password(password) ? make_hash(password, scram, &hash) : EX_USAGE;
    explicit_bzero(password, sizeof password);
    bool printed = status == 0 && (user == NULL ? printf("%s\n", hash.data) > 0
                                                : printf("%s:%s::::::\n", user, hash.data) > 0);
    buffer_free(&hash);
    if (status != 0)
        return status;
    return printed && fflush(stdout) == 0 ? 0 : EX_OSERR;
}

#include "auth/hash_line.h"
#include "auth/gate.h"
#include "auth/hash.h"
#include "auth/process.h"

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

int hash_line(const char *user)
{
    if (user != NULL && !can_be_user(user)) {
        complain("that can't be a user's name");
        return EX_USAGE;
    }
    char password[AUTH_PASSWORD_MAX + 1];
    struct buffer hash;
    buffer_init(&hash, 1024);
    bool ok = read_password(password);
    int status = EX_USAGE;
    if (ok) {
        ok = hash_make(password, &hash) && buffer_string(&hash) != NULL;
        if (!ok)
            complain("no hash to be had from crypt(3)");
        status = EX_OSERR;
    }
    explicit_bzero(password, sizeof password);
    if (ok && user != NULL)
        ok = printf("%s:%s::::::\n", user, hash.data) > 0;
    else if (ok)
        ok = printf("%s\n", hash.data) > 0;
    buffer_free(&hash);
    return ok && fflush(stdout) == 0 ? 0 : status;
}

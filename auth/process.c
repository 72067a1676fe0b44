/*
 * One hard place here: how a signal ends a session that may be anywhere in its work.
 *
 * The handler puts /dev/null in the place of the client's input. A read or poll under way comes
 * back with EINTR and is tried again, on what is now /dev/null; one that was about to begin
 * begins on /dev/null: there is no moment at which the signal is missed, and no flag that a
 * loop would have to look at. Output still goes to the client, so a command that is being
 * answered is answered whole.
 */
#include "auth/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#define SEARCH_PATH "/usr/local/bin:/usr/bin:/bin"

/* Seconds that a session has to end by itself after a signal. */
#define END_SECONDS 5

/* What the signal handler needs. Written before the handler is installed, and by it. */
static volatile sig_atomic_t null_fd = -1;
static volatile sig_atomic_t told_to_end;

static bool open_standard(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        if (open("/dev/null", O_RDWR) != fd) /* the lowest free number is this one */
            return false;
    }
    return true;
}

static bool close_from(int first)
{
    if (close_range((unsigned)first, ~0U, 0) == 0)
        return true;
    long max = sysconf(_SC_OPEN_MAX); /* a kernel before 5.9 */
    for (int fd = first; fd < max; fd++)
        close(fd);
    return max > 0;
}

bool process_keep_only(int keep)
{
    enum { KEPT = STDERR_FILENO + 1 };
    closelog();
    if (keep < 0)
        return close_from(KEPT);
    return (keep == KEPT || dup3(keep, KEPT, O_CLOEXEC) == KEPT) && close_from(KEPT + 1);
}

bool process_keep_two(int third, int fourth)
{
    enum { THIRD = STDERR_FILENO + 1, FOURTH };
    closelog();
    int aside = fcntl(fourth, F_DUPFD_CLOEXEC, FOURTH + 1); /* it may be number 3 */
    return aside >= 0 && (third == THIRD || dup3(third, THIRD, O_CLOEXEC) == THIRD) &&
           dup3(aside, FOURTH, O_CLOEXEC) == FOURTH && close_from(FOURTH + 1);
}

bool process_hide(void)
{
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

/* xinetd gives the connection as standard error, too. What is written there would be read by
 * the client as answers. */
static bool keep_errors_from_client(void)
{
    struct stat errors;
    if (fstat(STDERR_FILENO, &errors) < 0)
        return false;
    for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++) {
        struct stat client;
        if (fstat(fd, &client) < 0)
            return false;
        if (S_ISSOCK(errors.st_mode) && client.st_dev == errors.st_dev &&
            client.st_ino == errors.st_ino)
            return process_silence(STDERR_FILENO);
    }
    return true;
}

static bool reset_signals(void)
{
    static const int to_default[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGALRM,
                                      SIGCHLD, SIGUSR1, SIGUSR2, SIGCONT, SIGTSTP };
    static const int to_ignored[] = { SIGPIPE, SIGXFSZ };
    sigset_t none;
    for (size_t i = 0; i < sizeof to_default / sizeof *to_default; i++) {
        if (signal(to_default[i], SIG_DFL) == SIG_ERR)
            return false;
    }
    for (size_t i = 0; i < sizeof to_ignored / sizeof *to_ignored; i++) {
        if (signal(to_ignored[i], SIG_IGN) == SIG_ERR)
            return false;
    }
    return sigemptyset(&none) == 0 && sigprocmask(SIG_SETMASK, &none, NULL) == 0;
}

bool process_silence(int fd)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return false;
    bool ok = dup2(null, fd) == fd;
    if (null != fd)
        close(null);
    return ok;
}

bool process_clean(void)
{
    static const struct rlimit no_core = { 0, 0 };
    umask(077);
    return open_standard() && process_keep_only(-1) && keep_errors_from_client() &&
           reset_signals() && setrlimit(RLIMIT_CORE, &no_core) == 0 && clearenv() == 0 &&
           setenv("PATH", SEARCH_PATH, 1) == 0;
}

bool process_settle(const char *user, const char *home)
{
    if (home[0] == '\0' || chdir(home) < 0) {
        home = "/";
        if (chdir(home) < 0)
            return false;
    }
    return clearenv() == 0 && setenv("PATH", SEARCH_PATH, 1) == 0 &&
           setenv("HOME", home, 1) == 0 && setenv("USER", user, 1) == 0 &&
           setenv("LOGNAME", user, 1) == 0;
}

bool process_end_with(pid_t parent, int signal)
{
    return prctl(PR_SET_PDEATHSIG, signal) == 0 && getppid() == parent;
}

bool process_outlive(void)
{
    return prctl(PR_SET_PDEATHSIG, 0L) == 0 && signal(SIGTERM, SIG_IGN) != SIG_ERR &&
           signal(SIGHUP, SIG_IGN) != SIG_ERR && signal(SIGINT, SIG_IGN) != SIG_ERR;
}

int process_reap(pid_t child)
{
    int status;
    pid_t done;
    do
        done = waitpid(child, &status, 0);
    while (done < 0 && errno == EINTR);
    return done == child ? status : -1;
}

static void end_input(int signal)
{
    (void)signal;
    int saved = errno;
    told_to_end = 1;
    dup2(null_fd, 0);
    alarm(END_SECONDS);
    errno = saved;
}

bool process_end_on_signal(void)
{
    static const int signals[] = { SIGTERM, SIGHUP, SIGINT };
    null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null_fd < 0)
        return false;
    struct sigaction action = { .sa_handler = end_input };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        if (sigaction(signals[i], &action, NULL) < 0)
            return false;
    }
    return true;
}

bool process_was_told_to_end(void)
{
    return told_to_end != 0;
}

/*
 * The process as we want it, whoever started it: xinetd, systemd, a shell, a hostile parent.
 */
#ifndef AUTH_PROCESS_H
#define AUTH_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* Descriptors 0 to 2 open (on /dev/null where they were not), none above; standard error on
 * /dev/null where it is the client's connection; umask 077; no environment but PATH; signals at
 * their defaults and unblocked, but for SIGPIPE and SIGXFSZ, which are errors of write(2)
 * instead; no core dumps, which could hold passwords and mail. False: not to be had. */
bool process_clean(void);

/* Sets HOME, USER, LOGNAME and PATH and nothing else, and changes to the home directory, or to
 * / where that can't be entered. False: no memory, or not even /. */
bool process_settle(const char *user, const char *home);

/* Asks the kernel to send `signal` to this process when its parent ends. To be called after all
 * changes of uid, which undo it. False: `parent` is gone already. */
bool process_end_with(pid_t parent, int signal);

/* Takes that back, and lets no SIGTERM, SIGHUP or SIGINT end this process: for one that has to
 * deliver another's last words, and ends by itself right after it. False: not to be had. */
bool process_outlive(void);

/* Closes every descriptor but 0 to 2 and `keep`, which becomes number 3 (-1: none): also those
 * that are none of ours, because the user database or a PAM module has opened them and holds
 * them as root. The log's is among them: log_open is to be called after this. False: not to be
 * had. */
bool process_keep_only(int keep);

/* The same with two, which become 3 and 4. */
bool process_keep_two(int third, int fourth);

/* No core dump, and no other process of the same user may trace this one or read its memory.
 * The limit that process_clean sets does not count where core(5) goes to a program, and a
 * change of uid undoes this: it is to be called after it. False: not to be had. */
bool process_hide(void);

/* Points a descriptor at /dev/null. */
bool process_silence(int fd);

/* Waits for a child of ours. Returns its status as waitpid(2), -1 if there is none. */
int process_reap(pid_t child);

/* SIGTERM, SIGHUP and SIGINT from now on end the input of descriptor 0, as if the client had
 * gone: the command at hand is finished, and the session ends as it always does. If that takes
 * more than 5 seconds the process is ended. False: not to be had. */
bool process_end_on_signal(void);
/* Whether one of these came. */
bool process_was_told_to_end(void);

#endif

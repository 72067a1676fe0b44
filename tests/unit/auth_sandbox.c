/*
 * Each role tries what it must not do, by the same functions by which imapd makes a process a
 * gate or a session; and a session what it must do. Every act is in a child of its own. As root
 * the roles are other users; without, they are ourselves, and all else holds the same.
 */
#include "auth/become.h"
#include "auth/filter.h"
#include "auth/landlock.h"
#include "auth/process.h"
#include "auth/sandbox.h"
#include "base/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define ABI_SCOPE 6

static char home[64]; /* with .ssh/id_rsa, Maildir/{cur,new}, and index/ beside it */
static uid_t uid = 65534;
static pid_t target; /* of ptrace and kill: the process of the tests */
static int root_fd;  /* Maildir */
static int datagrams[2];
static long abi;

static const char *inside(const char *what)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", home, what);
    return path;
}

/* --- What they try. 0 or more: it could be done. ---------------------------------------------
 */

static long opens_key(void)
{
    return open(inside(".ssh/id_rsa"), O_RDONLY);
}

static long opens_key_by_link(void)
{
    return openat(root_fd, "key", O_RDONLY);
}

static long opens_shadow(void)
{
    return open("/etc/shadow", O_RDONLY);
}

static long opens_passwd(void)
{
    return open("/etc/passwd", O_RDONLY);
}

static long opens_parents_memory(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", (int)target);
    return open(path, O_RDWR);
}

static long opens_parents_command_line(void)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)target);
    return open(path, O_RDONLY);
}

static long makes_file_outside(void)
{
    return open(inside("made"), O_WRONLY | O_CREAT | O_EXCL, 0600);
}

static long makes_directory_outside(void)
{
    return mkdirat(AT_FDCWD, inside("made.d"), 0700);
}

static long takes_key_in(void)
{
    return linkat(AT_FDCWD, inside(".ssh/id_rsa"), root_fd, "cur/stolen", 0);
}

static long puts_mail_out(void)
{
    return renameat(root_fd, "cur/mail", AT_FDCWD, inside("put"));
}

static long removes_key(void)
{
    return unlinkat(AT_FDCWD, inside(".ssh/id_rsa"), 0);
}

static long makes_link(void)
{
    return symlinkat("/", root_fd, "link");
}

static long makes_device(void)
{
    return mknodat(root_fd, "pipe", S_IFIFO | 0600, 0);
}

static long lists_home(void)
{
    return open(home, O_RDONLY | O_DIRECTORY);
}

static long runs_program(void)
{
    return execl("/bin/true", "true", (char *)NULL);
}

static long runs_program_by_descriptor(void)
{
    return syscall(SYS_execveat, 0, "", NULL, NULL, AT_EMPTY_PATH);
}

static long forks(void)
{
    return fork();
}

static long makes_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static long makes_pair(void)
{
    int pair[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
}

static long connects(void)
{
    const struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
    return connect(datagrams[0], (const struct sockaddr *)&to, sizeof to);
}

static long sends_elsewhere(void)
{
    const struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
    return sendto(datagrams[0], "x", 1, 0, (const struct sockaddr *)&to, sizeof to);
}

static long sends_descriptor(void)
{
    char octet = 'x';
    struct iovec iov = { &octet, 1 };
    struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
    return sendmsg(datagrams[0], &message, 0);
}

static long ends_parent(void)
{
    return kill(target, SIGTERM);
}

static long looks_for_parent(void)
{
    return kill(target, 0) < 0 && errno != EPERM ? -1 : 0;
}

static long aborts_parent(void)
{
    return syscall(SYS_tgkill, target, target, SIGABRT);
}

static long has_kernel_signal_parent(void)
{
    return fcntl(datagrams[0], F_SETOWN, target);
}

static long traces_parent(void)
{
    return ptrace(PTRACE_ATTACH, target, 0, 0);
}

static long reads_parents_memory(void)
{
    char octet;
    struct iovec here = { &octet, 1 };
    struct iovec there = { &target, 1 };
    return process_vm_readv(target, &here, 1, &there, 1, 0);
}

static long mounts(void)
{
    return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static long becomes_root(void)
{
    return setresuid(0, 0, 0);
}

static long leaves_root(void)
{
    return chroot(".");
}

static long makes_namespace(void)
{
    return syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */);
}

static long asks_for_ring(void)
{
    char params[256] = "";
    return syscall(SYS_io_uring_setup, 1, params);
}

static long is_dumpable(void)
{
    return prctl(PR_SET_DUMPABLE, 1L, 0L, 0L, 0L);
}

static long is_told_of_end(void)
{
    return prctl(PR_SET_PDEATHSIG, (long)SIGTERM);
}

static long loads_filter(void)
{
    return prctl(PR_SET_SECCOMP, 2, NULL, 0, 0);
}

static long types_at_terminal(void)
{
    return ioctl(0, TIOCSTI, "x");
}

static long maps_written_code(void)
{
    return mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                   MAP_FAILED
               ? -1
               : 0;
}

static long maps_empty_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
                   MAP_FAILED
               ? -1
               : 0;
}

static long makes_data_code(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page == MAP_FAILED ? -1 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

#ifdef __x86_64__
/* getpid(2), which is allowed, by the number that it has for 32-bit programs. */
static long calls_as_i386(void)
{
    long result = 20;
    __asm__ volatile("int $0x80" : "+a"(result) : : "r8", "r9", "r10", "r11", "memory");
    return result;
}

/* The same by that of the x32 ABI. */
static long calls_as_x32(void)
{
    return syscall(0x40000000 + SYS_getpid);
}
#endif

/* --- What a session does. --------------------------------------------------------------------
 */

static long moves_mail(void)
{
    int fd = openat(root_fd, "new/here", O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 0) < 0 || fchmod(fd, 0640) < 0 ||
        fsync(fd) < 0 || close(fd) < 0 || renameat(root_fd, "new/here", root_fd, "cur/there") ||
        linkat(root_fd, "cur/there", root_fd, "new/again", 0) < 0 ||
        unlinkat(root_fd, "new/again", 0) < 0 || unlinkat(root_fd, "cur/there", 0) < 0)
        return -1;
    return mkdirat(root_fd, ".folder", 0700) < 0 ? -1
                                                 : unlinkat(root_fd, ".folder", AT_REMOVEDIR);
}

/* A folder may be replaced by a program of the user's, and the path is what the user knows. */
static long opens_mail_by_path(void)
{
    return open(inside("Maildir/cur/mail"), O_RDWR);
}

static long changes_index(void)
{
    int fd = open(inside("index/data.mdb"), O_RDWR | O_CREAT, 0600);
    return fd < 0 || pwrite(fd, "x", 1, 4096) != 1 ? -1 : 0;
}

/* A file without a name, opened again by way of /proc: the index in memory. */
static long opens_memory(void)
{
    char path[64];
    int fd = memfd_create("x", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return fd < 0 ? -1 : open(path, O_RDWR);
}

/* One that is within libc, some that are modules, one of which has a library of its own. */
static long converts(void)
{
    static const char *const charset[] = { "UTF-16",  "KOI8-R", "ISO-2022-JP",
                                           "GB18030", "EUC-KR", "no-such-charset" };
    for (size_t i = 0; i < sizeof charset / sizeof *charset; i++) {
        iconv_t cd = iconv_open("UTF-8", charset[i]);
        bool there = cd != (iconv_t)-1;
        if (there != (i < 5))
            return -1;
        if (there)
            (void)iconv_close(cd);
    }
    return 0;
}

static int by_octet(const void *a, const void *b)
{
    return *(const char *)a - *(const char *)b;
}

/* What libc needs in rare cases: memory by the megabyte, a sort that asks how much there is,
 * the time, the log. */
static long works(void)
{
    enum { MUCH = 4 << 20 };
    char *big = malloc(MUCH);
    char *bigger = big == NULL ? NULL : realloc(big, 2 * (size_t)MUCH);
    if (bigger == NULL)
        return -1;
    memset(bigger, 'x', 2 * (size_t)MUCH);
    qsort(bigger, 4096, 16, by_octet);
    free(bigger);
    time_t now = time(NULL);
    struct tm local;
    if (localtime_r(&now, &local) == NULL)
        return -1;
    struct timespec moment = { 0, 1000 };
    return nanosleep(&moment, NULL) < 0 || getrandom(&now, sizeof now, 0) < 0 ? -1 : 0;
}

/* Also where the daemon is gone, or never was; and to a standard error that is a device, of
 * which libc asks whether it is a terminal. */
static long logs(void)
{
    log_info("a line from within");
    log_open(true);
    closelog();
    log_info("another, which finds no way");
    return 0;
}

static long knows_boot_and_maps(void)
{
    return open("/proc/sys/kernel/random/boot_id", O_RDONLY) < 0
               ? -1
               : open("/proc/self/maps", O_RDONLY);
}

static long aborts(void)
{
    abort();
}

/* --- The table. ------------------------------------------------------------------------------
 */

enum outcome {
    DONE,
    REFUSED, /* an error */
    ENDED,   /* by SIGSYS */
    ABORTED, /* by SIGABRT */
    NO_ROLE  /* it never began */
};

static const struct act {
    const char *name;
    long (*act)(void);
    enum outcome gate;
    enum outcome session;
} acts[] = {
    { "open ~/.ssh/id_rsa", opens_key, ENDED, REFUSED },
    { "open it by a link in the mail", opens_key_by_link, ENDED, REFUSED },
    { "open /etc/shadow", opens_shadow, ENDED, REFUSED },
    { "open /etc/passwd", opens_passwd, ENDED, REFUSED },
    { "open the parent's memory", opens_parents_memory, ENDED, REFUSED },
    { "open the parent's command line", opens_parents_command_line, ENDED, REFUSED },
    { "make a file outside", makes_file_outside, ENDED, REFUSED },
    { "make a directory outside", makes_directory_outside, ENDED, REFUSED },
    { "link the key into the mail", takes_key_in, ENDED, REFUSED },
    { "rename mail out", puts_mail_out, ENDED, REFUSED },
    { "remove the key", removes_key, ENDED, REFUSED },
    { "make a symbolic link", makes_link, ENDED, ENDED },
    { "make a pipe", makes_device, ENDED, ENDED },
    { "list the home", lists_home, ENDED, REFUSED },
    { "exec", runs_program, ENDED, ENDED },
    { "execveat", runs_program_by_descriptor, ENDED, ENDED },
    { "fork", forks, ENDED, ENDED },
    { "socket", makes_socket, REFUSED, REFUSED },
    { "socketpair", makes_pair, ENDED, ENDED },
    { "connect", connects, ENDED, ENDED },
    { "sendto an address", sends_elsewhere, ENDED, ENDED },
    { "sendmsg", sends_descriptor, ENDED, ENDED },
    { "kill the parent", ends_parent, ENDED, ENDED },
    { "have the kernel signal the parent", has_kernel_signal_parent, ENDED, ENDED },
    { "ptrace the parent", traces_parent, ENDED, ENDED },
    { "process_vm_readv", reads_parents_memory, ENDED, ENDED },
    { "mount", mounts, ENDED, ENDED },
    { "setresuid", becomes_root, ENDED, ENDED },
    { "chroot", leaves_root, ENDED, ENDED },
    { "unshare", makes_namespace, ENDED, ENDED },
    { "io_uring_setup", asks_for_ring, ENDED, ENDED },
    { "be dumpable", is_dumpable, ENDED, ENDED },
    { "be told of the parent's end", is_told_of_end, ENDED, ENDED },
    { "prctl", loads_filter, ENDED, ENDED },
    { "ioctl", types_at_terminal, ENDED, ENDED },
    { "map writable code", maps_written_code, ENDED, ENDED },
    { "map code of no file", maps_empty_code, ENDED, ENDED },
    { "make data code", makes_data_code, ENDED, ENDED },
#ifdef __x86_64__
    { "a call as i386", calls_as_i386, ENDED, ENDED },
    { "a call as x32", calls_as_x32, ENDED, ENDED },
#endif
    { "look whether a process is there", looks_for_parent, ENDED, DONE },
    { "deliver, move and remove mail", moves_mail, ENDED, DONE },
    { "open mail by its path", opens_mail_by_path, ENDED, DONE },
    { "change the index", changes_index, ENDED, DONE },
    { "open an index in memory", opens_memory, ENDED, DONE },
    { "read what the index asks for", knows_boot_and_maps, ENDED, DONE },
    { "convert charsets", converts, ENDED, DONE },
    { "sort, wait, allocate", works, ENDED, DONE },
    { "log", logs, DONE, DONE },
    { "abort", aborts, ENDED, ABORTED },
};

#define ACTS (sizeof acts / sizeof *acts)

static bool be_gate(bool tls)
{
    return process_keep_only(-1) && become_gate(uid, uid, tls) &&
           process_end_with(target, SIGKILL) && sandbox_gate(tls);
}

static bool be_bare_gate(void)
{
    return be_gate(false);
}

static bool be_tls_gate(void)
{
    return be_gate(true);
}

static bool be_user(void)
{
    struct identity id = { .user = "somebody", .uid = uid, .gid = uid, .group_count = 1 };
    id.group[0] = uid;
    return become_user(&id) && process_settle(id.user, home);
}

static bool be_session(void)
{
    return be_user() && sandbox_session(root_fd, inside("index"));
}

static enum outcome try(bool (*role)(void), long (*act)(void))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        log_open(false);
        if (!process_silence(STDERR_FILENO) || !role())
            _exit(NO_ROLE);
        _exit(act() < 0 ? REFUSED : DONE);
    }
    int status = process_reap(pid);
    if (WIFEXITED(status))
        return (enum outcome)WEXITSTATUS(status);
    if (WTERMSIG(status) == SIGSYS)
        return ENDED;
    assert_int_equal(WTERMSIG(status), SIGABRT);
    return ABORTED;
}

static void try_all(bool (*role)(void), bool session)
{
    if (!filter_is_built())
        skip();
    unsigned wrong = 0;
    for (size_t i = 0; i < ACTS; i++) {
        enum outcome want = session ? acts[i].session : acts[i].gate;
        enum outcome got = try(role, acts[i].act);
        if (got != want) {
            print_error("%s: %d in place of %d\n", acts[i].name, (int)got, (int)want);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void test_gate(void **state)
{
    (void)state;
    try_all(be_bare_gate, false);
}

static void test_tls_gate(void **state)
{
    (void)state;
    try_all(be_tls_gate, false);
}

static void test_session(void **state)
{
    (void)state;
    if (abi < 2)
        skip();
    try_all(be_session, true);
}

/* Other sessions of the user, and under a shared uid other users' sessions. */
static void test_session_signals_nobody(void **state)
{
    (void)state;
    if (abi < ABI_SCOPE || !filter_is_built())
        skip();
    assert_int_equal(try(be_session, aborts_parent), REFUSED);
}

/* What the tests above see refused is there to be done. */
static void test_acts_are_real(void **state)
{
    (void)state;
    static long (*const can_be_done[])(
        void) = { opens_key,    opens_key_by_link, opens_passwd, lists_home,   runs_program,
                  forks,        makes_socket,      makes_pair,   takes_key_in, makes_link,
                  makes_device, maps_empty_code,   removes_key };
    for (size_t i = 0; i < sizeof can_be_done / sizeof *can_be_done; i++)
        assert_int_equal(try(be_user, can_be_done[i]), DONE);
}

/* --- Landlock by itself. ---------------------------------------------------------------------
 */

static bool confine_nowhere(void)
{
    const struct landlock_place nowhere = { -1, LANDLOCK_MAY_READ };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           landlock_confine(&nowhere, 1) == LANDLOCK_CONFINED;
}

static bool confine_to_closed(void)
{
    const struct landlock_place closed = { 1000, LANDLOCK_MAY_READ };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           landlock_confine(&closed, 1) != LANDLOCK_FAILED;
}

static long opens_root(void)
{
    return open("/", O_RDONLY | O_DIRECTORY);
}

static void test_landlock(void **state)
{
    (void)state;
    if (abi < 2)
        skip();
    assert_int_equal(try(confine_nowhere, opens_root), REFUSED);
    assert_int_equal(try(confine_to_closed, opens_root), NO_ROLE);
}

/* --- The place. ------------------------------------------------------------------------------
 */

static void make_file(const char *name)
{
    int fd = open(inside(name), O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0 && fchown(fd, uid, uid) == 0 && close(fd) == 0);
}

static void make_directory(const char *name)
{
    assert_int_equal(mkdir(inside(name), 0700), 0);
    assert_int_equal(chown(inside(name), uid, uid), 0);
}

static int set_up(void **state)
{
    (void)state;
    target = getpid();
    if (geteuid() != 0)
        uid = getuid();
    abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    snprintf(home, sizeof home, "/tmp/imapd-sandbox.XXXXXX");
    assert_non_null(mkdtemp(home));
    assert_int_equal(chown(home, uid, uid), 0);
    static const char *const directories[] = { ".ssh", "Maildir", "Maildir/cur",
                                               "Maildir/new" };
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        make_directory(directories[i]);
    make_file(".ssh/id_rsa");
    make_file("Maildir/cur/mail");
    root_fd = open(inside("Maildir"), O_RDONLY | O_DIRECTORY);
    assert_true(root_fd >= 0);
    assert_int_equal(symlinkat("../.ssh/id_rsa", root_fd, "key"), 0);
    return socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams);
}

static int tear_down(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", home);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate),
        cmocka_unit_test(test_tls_gate),
        cmocka_unit_test(test_session),
        cmocka_unit_test(test_session_signals_nobody),
        cmocka_unit_test(test_landlock),
        cmocka_unit_test(test_acts_are_real), /* the last: it removes the key */
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

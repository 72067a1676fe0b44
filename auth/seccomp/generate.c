/*
 * generate ARCH: writes the seccomp filters (auth/filter.h) for that architecture as C.
 * generate --list: writes a line "role call" for each entry, for the test that compares them
 * with the table in doc/security.md.
 *
 * Runs when imapd is built, on the machine that builds. libseccomp knows the numbers of the
 * calls on each architecture and leaves out what one does not have.
 *
 * What belongs in a list: what the code and libc do for it, as tests/ found by strace(1) and as
 * libc's sources say of what tests can't provoke (a clock that the vDSO can't read, a lock that
 * is taken). A call by which a process could reach beyond what it has open does not, or only
 * with arguments by which it can't.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { GATE = 1, TLS = 2, SESSION = 4, GATES = GATE | TLS, ALL = GATES | SESSION };

/* Of a call. */
#define NAME_SIZE 32

#define CONDITIONS_MAX 2

struct calls {
    unsigned roles;
    const char *names;
    unsigned refuse; /* the errno they fail with; 0: they are allowed */
    unsigned n;
    struct scmp_arg_cmp condition[CONDITIONS_MAX]; /* all must hold */
};

#define CALLS(who, which)                                                                      \
    {                                                                                          \
        .roles = (who), .names = (which)                                                       \
    }
#define REFUSED(who, which, error)                                                             \
    {                                                                                          \
        .roles = (who), .names = (which), .refuse = (error)                                    \
    }
#define IF(who, which, one)                                                                    \
    {                                                                                          \
        .roles = (who), .names = (which), .n = 1, .condition = { one }                         \
    }
#define IF_BOTH(who, which, one, two)                                                          \
    {                                                                                          \
        .roles = (who), .names = (which), .n = 2, .condition = { one, two }                    \
    }

/* Conditions, by an argument's place (0 is the first). */
#define IS(at, value)       SCMP_CMP64(at, SCMP_CMP_EQ, value)
#define BITS(at, mask, set) SCMP_CMP64(at, SCMP_CMP_MASKED_EQ, mask, set)

static const struct calls table[] = {
    /* What is open: the client, the channel to the parent, the log, files. */
    CALLS(ALL, "read write close poll ppoll shutdown"),
    CALLS(GATES, "recvfrom"),
    /* Without an address: from the log's socket any other of its kind could be reached. */
    IF(ALL, "sendto", IS(4, 0)),
    /* syslog(3) asks for another socket when its daemon is gone; it does without. */
    REFUSED(ALL, "socket", EACCES),
    /* What a descriptor is (the stream asks once; log = stderr, at each line). glibc 2.36 asks
     * with an empty path. */
    CALLS(ALL, "fstat lseek"),
    IF(GATES, "newfstatat", BITS(3, AT_EMPTY_PATH, AT_EMPTY_PATH)),
    /* Is standard error a terminal? (The same, where it is a device.) */
    IF(ALL, "ioctl", IS(1, TCGETS)),
    /* libc's last words before abort(3); LMDB's pages. */
    CALLS(ALL, "writev"),

    /* Memory. Never both to be written and to be executed; what a session executes are files
     * (iconv's modules). */
    CALLS(ALL, "brk munmap mremap"),
    IF(ALL, "mmap", BITS(2, PROT_EXEC, 0)),
    IF_BOTH(SESSION, "mmap", BITS(2, PROT_EXEC | PROT_WRITE, PROT_EXEC),
            BITS(3, MAP_ANONYMOUS, 0)),
    IF(SESSION, "mprotect", BITS(2, PROT_EXEC, 0)),
    CALLS(SESSION, "madvise"),

    /* Time, where the vDSO can't tell it; what the kernel makes of a wait that was stopped and
     * continued. */
    CALLS(ALL, "clock_gettime gettimeofday time restart_syscall"),

    /* Oneself: the number stands in each line of the log. */
    CALLS(ALL, "getpid exit_group"),

    /* Locks of OpenSSL and LMDB when they are taken; random numbers. */
    CALLS(TLS | SESSION, "futex getrandom"),

    /* A TLS gate at the hand-over: it is to outlive its parent, and signals to all of the
     * service's processes (process_outlive in auth/process.c). */
    IF_BOTH(TLS, "prctl", IS(0, PR_SET_PDEATHSIG), IS(1, 0)),
    CALLS(TLS, "rt_sigaction"),

    /* --- A session's own. */
    CALLS(SESSION, "clock_nanosleep"),
    /* Is the holder of a lock still there? 0 is no signal. */
    IF(SESSION, "kill", IS(1, 0)),
    /* abort(3), on which an index that was to blame is removed (mailstore/index_fault.c). */
    IF(SESSION, "tgkill", IS(2, SIGABRT)),
    CALLS(SESSION, "gettid rt_sigaction rt_sigprocmask rt_sigreturn"),
    /* What a signal to end does: auth/process.c. */
    CALLS(SESSION, "dup2 dup3 alarm setitimer"),

    /* Files. Which, is Landlock's to say. */
    CALLS(SESSION, "openat openat2 pread64 preadv2 pwrite64 getdents64 ftruncate fallocate"),
    CALLS(SESSION, "newfstatat statx fstatfs faccessat faccessat2"),
    CALLS(SESSION, "mkdirat linkat renameat renameat2 unlinkat fchmod utimensat"),
    CALLS(SESSION, "fsync fdatasync sync_file_range fadvise64 flock memfd_create"),
    CALLS(SESSION, "inotify_init1 inotify_add_watch"),
    /* Not F_SETOWN and F_SETSIG, on which the kernel sends signals to others. */
    IF(SESSION, "fcntl", IS(1, F_GETFD)),
    IF(SESSION, "fcntl", IS(1, F_SETFD)),
    IF(SESSION, "fcntl", IS(1, F_GETFL)),
    IF(SESSION, "fcntl", IS(1, F_DUPFD_CLOEXEC)),
    IF(SESSION, "fcntl", IS(1, F_GETLK)),
    IF(SESSION, "fcntl", IS(1, F_SETLK)),
    IF(SESSION, "fcntl", IS(1, F_SETLKW)),
    IF(SESSION, "fcntl", IS(1, F_OFD_SETLK)),
    IF(SESSION, "fcntl", IS(1, F_SETLEASE)),

    /* Whose is what is found; the machine's name, for new messages; qsort(3)'s question how
     * much memory there is. */
    CALLS(SESSION, "geteuid uname sysinfo"),
};

#define TABLE (sizeof table / sizeof *table)

static const struct {
    unsigned role;
    const char *name;
} roles[] = { { GATE, "gate" }, { TLS, "gate_tls" }, { SESSION, "session" } };

#define ROLES (sizeof roles / sizeof *roles)

static _Noreturn void fail(const char *what, int err)
{
    fprintf(stderr, "generate: %s: %s\n", what, strerror(err));
    exit(1);
}

/* Takes the next of the names. False: there is none. */
static bool next_name(const char **names, char *name_r, size_t size)
{
    *names += strspn(*names, " ");
    size_t n = strcspn(*names, " ");
    if (n >= size)
        fail(*names, ENAMETOOLONG);
    memcpy(name_r, *names, n);
    name_r[n] = '\0';
    *names += n;
    return n > 0;
}

static void add_rules(scmp_filter_ctx filter, const struct calls *c)
{
    char name[NAME_SIZE];
    uint32_t action = c->refuse == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(c->refuse);
    for (const char *names = c->names; next_name(&names, name, sizeof name);) {
        int number = seccomp_syscall_resolve_name(name);
        if (number == __NR_SCMP_ERROR)
            fail(name, ENOSYS);
        int rc = seccomp_rule_add_array(filter, action, number, c->n, c->condition);
        if (rc < 0)
            fail(name, -rc);
    }
}

/* Calls by another architecture's numbers (i386 on x86_64) end the process, too. */
static scmp_filter_ctx make(unsigned role, uint32_t arch)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL)
        fail("seccomp_init", ENOMEM);
    int rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (rc == 0) /* a binary tree: few steps to any number */
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (rc == 0 && arch != seccomp_arch_native()) {
        rc = seccomp_arch_add(filter, arch);
        if (rc == 0)
            rc = seccomp_arch_remove(filter, SCMP_ARCH_NATIVE);
    }
    if (rc < 0)
        fail("the architecture", -rc);
    for (size_t i = 0; i < TABLE; i++) {
        if ((table[i].roles & role) != 0)
            add_rules(filter, &table[i]);
    }
    return filter;
}

static void print_filter(const char *name, scmp_filter_ctx filter)
{
    FILE *f = tmpfile();
    if (f == NULL)
        fail("a temporary file", errno);
    int rc = seccomp_export_bpf(filter, fileno(f));
    if (rc < 0 || fseek(f, 0, SEEK_SET) != 0)
        fail("seccomp_export_bpf", rc < 0 ? -rc : errno);
    struct sock_filter step;
    printf("\nstatic const struct sock_filter %s[] = {\n", name);
    unsigned n = 0;
    for (; fread(&step, sizeof step, 1, f) == 1; n++)
        printf("    { 0x%02x, %u, %u, 0x%08x },\n", (unsigned)step.code, (unsigned)step.jt,
               (unsigned)step.jf, (unsigned)step.k);
    if (n == 0 || ferror(f))
        fail("reading a filter", EIO);
    printf("};\nconst struct filter filter_%s = { %u, %s };\n", name, n, name);
    fclose(f);
}

static void print_names(const char *role, const char *names)
{
    char name[NAME_SIZE];
    while (next_name(&names, name, sizeof name))
        printf("%s %s\n", role, name);
}

static void print_list(void)
{
    for (size_t r = 0; r < ROLES; r++) {
        for (size_t i = 0; i < TABLE; i++) {
            if ((table[i].roles & roles[r].role) != 0)
                print_names(roles[r].name, table[i].names);
        }
    }
}

static void print_filters(const char *arch_name)
{
    uint32_t arch = seccomp_arch_resolve_name(arch_name);
    if (arch == 0)
        fail(arch_name, EINVAL);
    printf("/* Made by auth/seccomp/generate.c for %s. */\n#include \"auth/filter.h\"\n",
           arch_name);
    for (size_t r = 0; r < ROLES; r++) {
        scmp_filter_ctx filter = make(roles[r].role, arch);
        print_filter(roles[r].name, filter);
        seccomp_release(filter);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: generate ARCH | --list\n", stderr);
        return 2;
    }
    if (strcmp(argv[1], "--list") == 0)
        print_list();
    else
        print_filters(argv[1]);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}

"""Stops a running process at any one of its system calls: to end it there, or to make that call
fail. By ptrace(2), so it is the program as it is that is tested, with libc's own calls too.

A Tracer must be used by the thread that made it (ptrace's rule).
"""

import ctypes
import errno
import functools
import os
import platform
import re
import signal
import time

SEIZE, INTERRUPT, SYSCALL, DETACH, POKEUSER = 0x4206, 0x4207, 24, 17, 6
GET_SYSCALL_INFO = 0x420e
TRACESYSGOOD, EXITKILL = 1, 1 << 20
ENTRY, EXIT = 1, 2  # struct ptrace_syscall_info, op

# struct user of x86_64: what the call is, and what it returned.
ORIG_RAX, RAX = 15 * 8, 10 * 8
GETPID = 39

# The calls that a store makes and that can fail, by number. Other machines: ending the process
# works everywhere, failing needs this table and the two offsets.
NAMES = {'x86_64': {
    0: 'read', 1: 'write', 2: 'open', 3: 'close', 5: 'fstat', 7: 'poll', 8: 'lseek', 9: 'mmap',
    10: 'mprotect', 11: 'munmap', 12: 'brk', 13: 'rt_sigaction', 14: 'rt_sigprocmask',
    17: 'pread64', 18: 'pwrite64', 20: 'writev', 25: 'mremap', 26: 'msync', 28: 'madvise',
    35: 'nanosleep', 39: 'getpid', 44: 'sendto', 45: 'recvfrom', 63: 'uname', 72: 'fcntl',
    73: 'flock', 74: 'fsync', 75: 'fdatasync', 77: 'ftruncate', 82: 'rename', 87: 'unlink',
    91: 'fchmod', 107: 'geteuid', 131: 'sigaltstack', 138: 'fstatfs', 186: 'gettid',
    202: 'futex', 217: 'getdents64', 230: 'clock_nanosleep', 254: 'inotify_add_watch',
    257: 'openat', 258: 'mkdirat', 262: 'newfstatat', 263: 'unlinkat', 264: 'renameat',
    265: 'linkat', 266: 'symlinkat', 267: 'readlinkat', 268: 'fchmodat', 269: 'faccessat',
    271: 'ppoll', 273: 'set_robust_list', 280: 'utimensat', 285: 'fallocate',
    294: 'inotify_init1', 296: 'pwritev', 302: 'prlimit64', 316: 'renameat2', 318: 'getrandom',
    319: 'memfd_create', 326: 'copy_file_range', 332: 'statx', 437: 'openat2',
    439: 'faccessat2'}}

LOOKING = ('read', 'fstat', 'poll', 'lseek', 'mmap', 'pread64', 'recvfrom', 'fcntl', 'fstatfs',
           'getdents64', 'newfstatat', 'faccessat', 'ppoll', 'statx', 'openat2', 'faccessat2',
           'close', 'nanosleep', 'clock_nanosleep', 'mprotect', 'munmap', 'brk', 'rt_sigaction',
           'rt_sigprocmask', 'mremap', 'madvise', 'getpid', 'uname', 'flock', 'geteuid',
           'sigaltstack', 'gettid', 'futex', 'readlinkat', 'set_robust_list', 'prlimit64',
           'getrandom', 'memfd_create')

CAN_FAIL_CALLS = platform.machine() in NAMES and ctypes.sizeof(ctypes.c_void_p) == 8


class SyscallInfo(ctypes.Structure):
    _fields_ = [('op', ctypes.c_uint8), ('pad', ctypes.c_uint8 * 3), ('arch', ctypes.c_uint32),
                ('ip', ctypes.c_uint64), ('sp', ctypes.c_uint64), ('nr', ctypes.c_uint64),
                ('args', ctypes.c_uint64 * 6)]


libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, pid, address=0, data=0):
    r = libc.ptrace(request, pid, address, data)
    if r < 0:
        err = ctypes.get_errno()
        raise OSError(err, 'ptrace %#x: %s' % (request, os.strerror(err)))
    return r


ON_FD = ('write', 'writev', 'pwrite64', 'pwritev', 'ftruncate', 'fallocate', 'fsync', 'fdatasync',
         'msync', 'fcntl', 'flock', 'read', 'pread64', 'fchmod', 'utimensat', 'getdents64', 'mmap')


def memory_at(pid, address, n):
    with open('/proc/%d/mem' % pid, 'rb', buffering=0) as memory:
        memory.seek(address)
        return memory.read(n)


def place(name, args, pid):
    """What the call is about: the path of its descriptor, or the one that it is given; '' where
    that is not known."""
    try:
        if name in ON_FD:
            fd = ctypes.c_int(args[4] if name == 'mmap' else args[0]).value
            return os.readlink('/proc/%d/fd/%d' % (pid, fd)) if fd >= 0 else ''
        if name in ('openat', 'open'):
            octets = memory_at(pid, args[0 if name == 'open' else 1], 4096)
            path = os.fsdecode(octets.partition(b'\0')[0])
            if m := re.match(r'/proc/self/fd/(\d+)$', path):
                return os.readlink('/proc/%d/fd/%s' % (pid, m[1]))
            return path
    except OSError:
        pass
    return ''


class Call:
    """A system call that is about to be made. What it is about can be asked while it is."""

    def __init__(self, info, pid):
        self.pid = pid
        self.number = info.nr
        self.args = list(info.args)
        self.name = NAMES.get(platform.machine(), {}).get(info.nr, 'call %d' % info.nr)

    @functools.cached_property
    def at(self):
        return place(self.name, self.args, self.pid)

    @functools.cached_property
    def unlocks(self):
        """Of a lock by fcntl(2): it is given back, which does not fail."""
        return self.name == 'fcntl' and self.args[1] in LOCKS and \
            memory_at(self.pid, self.args[2], 2) == bytes([F_UNLCK, 0])  # struct flock's l_type

    def remember(self):
        """All that can be asked, for later."""
        return self, self.at, self.unlocks

    def in_memory(self):
        """It is about a file without a disk: no full or read-only one can refuse it."""
        return self.at.startswith(('/memfd:', '/proc/', '/sys/'))

    def only_looks(self):
        """It changes nothing that outlives the process."""
        return self.name in LOOKING


class Gone(Exception):
    """The process has ended by itself; the wait status."""


class Tracer:
    """From here on the process stops at each of its system calls."""

    def __init__(self, pid):
        self.pid = pid
        ptrace(SEIZE, pid, 0, TRACESYSGOOD | EXITKILL)
        ptrace(INTERRUPT, pid)
        self._wait()

    def _wait(self):
        _, status = os.waitpid(self.pid, 0)
        if not os.WIFSTOPPED(status):
            raise Gone(status)
        return status

    def next_entry(self):
        """Lets the process go on to its next call, and returns it."""
        forward = 0
        while True:
            ptrace(SYSCALL, self.pid, 0, forward)
            status = self._wait()
            stopped = os.WSTOPSIG(status)
            if stopped == signal.SIGTRAP | 0x80:
                info = self._info()
                if info.op == ENTRY:
                    return Call(info, self.pid)
                forward = 0
            else:  # a signal for it, or one of ptrace's own stops
                forward = 0 if status >> 16 or stopped == signal.SIGTRAP else stopped

    def _info(self):
        info = SyscallInfo()
        ptrace(GET_SYSCALL_INFO, self.pid, ctypes.sizeof(info), ctypes.addressof(info))
        return info

    def fail(self, err, done):
        """The call at which the process stands fails with err. done: it is made all the same,
        and only says that it failed; else another takes its place, which does nothing and which
        the process's seccomp filter allows (it is asked after us)."""
        if not done:
            ptrace(POKEUSER, self.pid, ORIG_RAX, GETPID)
        ptrace(SYSCALL, self.pid)
        self._wait()
        ptrace(POKEUSER, self.pid, RAX, ctypes.c_uint64(-err & (1 << 64) - 1).value)

    def kill(self):
        """Ends it before the call at which it stands."""
        os.kill(self.pid, signal.SIGKILL)
        try:
            while True:
                self._wait()
        except Gone:
            pass

    def detach(self):
        ptrace(DETACH, self.pid)


CREATES = os.O_CREAT
F_DUPFD, F_DUPFD_CLOEXEC = 0, 1030
READERS = ('poll', 'ppoll', 'read', 'recvfrom')
LOCK_UN, F_UNLCK = 8, 2
F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW = 6, 7, 37, 38
LOCKS = (F_SETLK, F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW)
WRITERS = ('write', 'writev', 'pwrite64', 'pwritev', 'mkdirat', 'linkat', 'symlinkat', 'renameat',
           'renameat2', 'rename', 'fallocate', 'copy_file_range')


def is_client_wait(call):
    return call.name in ('poll', 'ppoll') or (call.name in READERS and call.args[0] == 0)


def needs_space(call):
    """Whether a full disk may refuse it."""
    if call.in_memory():
        return False
    if call.name in ('write', 'writev'):
        return call.args[0] > 2
    return call.name in WRITERS or (call.name == 'openat' and call.args[2] & CREATES != 0)


def needs_write(call):
    """Whether a disk that can only be read refuses it."""
    if call.in_memory():
        return False
    if call.name == 'openat':
        return call.args[2] & (os.O_ACCMODE | os.O_CREAT | os.O_TRUNC) != 0
    return needs_space(call) or call.name in ('unlinkat', 'ftruncate', 'fchmod', 'utimensat')


def failures(call):
    """The errors with which this call can fail, and which a server must live with."""
    name, fd = call.name, call.args[0]
    space = [errno.ENOSPC, errno.EDQUOT]
    if name in ('openat', 'openat2'):
        return [errno.EMFILE, errno.ENOMEM, errno.EIO] + (space if needs_space(call) else [])
    if name == 'fcntl':
        return [errno.EMFILE] if call.args[1] in (F_DUPFD, F_DUPFD_CLOEXEC) else \
            [errno.ENOLCK, errno.EIO] if call.args[1] in LOCKS and not call.unlocks else []
    if name == 'flock':
        return [] if call.args[1] & LOCK_UN else [errno.ENOLCK, errno.EIO]
    if name == 'memfd_create':
        return [errno.EMFILE, errno.ENOMEM]
    if name in ('inotify_init1', 'inotify_add_watch'):
        return [errno.EMFILE, errno.ENOSPC]
    if name in ('read', 'pread64'):
        return [errno.EIO] if fd > 2 else []
    if name in ('write', 'writev'):
        return [errno.EIO] + space if fd > 2 else []
    if name in ('fsync', 'fdatasync', 'msync'):
        return [errno.EIO] + space
    if name in WRITERS:
        return [errno.EIO, errno.ENOMEM] + space
    if name in ('getdents64', 'newfstatat', 'statx', 'faccessat', 'faccessat2', 'fstatfs'):
        return [errno.EIO, errno.ENOMEM]
    if name in ('unlinkat', 'unlink', 'fstat', 'ftruncate', 'utimensat', 'fchmod', 'fchmodat',
                'lseek', 'close'):
        return [errno.EIO]
    return [errno.ENOMEM] if name in ('mmap', 'mremap') else []


def patience(seconds):
    """An endless generator that ends with an AssertionError when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
    raise AssertionError('not done after %d s' % seconds)

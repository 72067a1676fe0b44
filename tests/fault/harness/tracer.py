"""Stops a running process at any one of its system calls: to end it there, or to make that call
fail. By ptrace(2), so it is the program as it is that is tested, with libc's own calls too.

A Tracer must be used by the thread that made it (ptrace's rule).
"""

import ctypes
import errno
import os
import platform
import signal
import time

SEIZE, INTERRUPT, SYSCALL, DETACH, POKEUSER = 0x4206, 0x4207, 24, 17, 6
GET_SYSCALL_INFO = 0x420e
TRACESYSGOOD, EXITKILL = 1, 1 << 20
ENTRY, EXIT = 1, 2  # struct ptrace_syscall_info, op

# struct user of x86_64: what the call is, and what it returned.
ORIG_RAX, RAX = 15 * 8, 10 * 8

# The calls that a store makes and that can fail, by number. Other machines: ending the process
# works everywhere, failing needs this table and the two offsets.
NAMES = {'x86_64': {
    0: 'read', 1: 'write', 3: 'close', 5: 'fstat', 7: 'poll', 8: 'lseek', 9: 'mmap', 17: 'pread64',
    18: 'pwrite64', 20: 'writev', 35: 'nanosleep', 44: 'sendto', 45: 'recvfrom', 72: 'fcntl',
    74: 'fsync', 75: 'fdatasync', 77: 'ftruncate', 82: 'rename', 87: 'unlink', 91: 'fchmod',
    138: 'fstatfs', 217: 'getdents64', 230: 'clock_nanosleep', 254: 'inotify_add_watch',
    257: 'openat', 258: 'mkdirat', 262: 'newfstatat', 263: 'unlinkat', 264: 'renameat',
    265: 'linkat', 266: 'symlinkat', 268: 'fchmodat', 269: 'faccessat', 271: 'ppoll',
    280: 'utimensat', 285: 'fallocate', 294: 'inotify_init1', 316: 'renameat2',
    326: 'copy_file_range', 332: 'statx', 437: 'openat2', 439: 'faccessat2'}}

LOOKING = ('read', 'fstat', 'poll', 'lseek', 'mmap', 'pread64', 'recvfrom', 'fcntl', 'fstatfs',
           'getdents64', 'newfstatat', 'faccessat', 'ppoll', 'statx', 'openat2', 'faccessat2',
           'close', 'nanosleep', 'clock_nanosleep')

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


class Call:
    """A system call that is about to be made."""

    def __init__(self, info):
        self.number = info.nr
        self.args = list(info.args)
        self.name = NAMES.get(platform.machine(), {}).get(info.nr, 'call %d' % info.nr)

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
                    return Call(info)
                forward = 0
            else:  # a signal for it, or one of ptrace's own stops
                forward = 0 if status >> 16 or stopped == signal.SIGTRAP else stopped

    def _info(self):
        info = SyscallInfo()
        ptrace(GET_SYSCALL_INFO, self.pid, ctypes.sizeof(info), ctypes.addressof(info))
        return info

    def fail(self, err, done):
        """The call at which the process stands fails with err. done: it is made all the same,
        and only says that it failed."""
        if not done:
            ptrace(POKEUSER, self.pid, ORIG_RAX, ctypes.c_uint64(-1 & (1 << 64) - 1).value)
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
WRITERS = ('write', 'writev', 'pwrite64', 'mkdirat', 'linkat', 'symlinkat', 'renameat', 'renameat2',
           'rename', 'fallocate', 'copy_file_range')


def is_client_wait(call):
    return call.name in ('poll', 'ppoll') or (call.name in READERS and call.args[0] == 0)


def needs_space(call):
    """Whether a full disk may refuse it."""
    if call.name in ('write', 'writev'):
        return call.args[0] > 2
    return call.name in WRITERS or (call.name == 'openat' and call.args[2] & CREATES != 0)


def failures(call):
    """The errors with which this call can fail, and which a server must live with."""
    name, fd = call.name, call.args[0]
    space = [errno.ENOSPC, errno.EDQUOT]
    if name in ('openat', 'openat2'):
        return [errno.EMFILE, errno.ENOMEM, errno.EIO] + (space if needs_space(call) else [])
    if name == 'fcntl':
        return [errno.EMFILE] if call.args[1] in (F_DUPFD, F_DUPFD_CLOEXEC) else []
    if name in ('inotify_init1', 'inotify_add_watch'):
        return [errno.EMFILE, errno.ENOSPC]
    if name in ('read', 'pread64'):
        return [errno.EIO] if fd > 2 else []
    if name in ('write', 'writev'):
        return [errno.EIO] + space if fd > 2 else []
    if name in ('fsync', 'fdatasync'):
        return [errno.EIO] + space
    if name in WRITERS:
        return [errno.EIO, errno.ENOMEM] + space
    if name in ('getdents64', 'newfstatat', 'statx', 'faccessat', 'faccessat2', 'fstatfs'):
        return [errno.EIO, errno.ENOMEM]
    if name in ('unlinkat', 'unlink', 'fstat', 'ftruncate', 'utimensat', 'fchmod', 'fchmodat',
                'lseek', 'close'):
        return [errno.EIO]
    return [errno.ENOMEM] if name == 'mmap' else []


def patience(seconds):
    """An endless generator that ends with an AssertionError when the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
    raise AssertionError('not done after %d s' % seconds)

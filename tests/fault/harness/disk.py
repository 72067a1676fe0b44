"""A disk whose every write and flush is on record, so that the power can be cut at any moment of
its past.

It is one file, served through FUSE by a process of ours, under a loop device. Whatever the file
system on it hands down arrives here as a write or, for a cache flush (the loop device turns a
flush, and the flush behind a FUA write, into fsync(2) of its backing file), as FSYNC. The file is
open with FOPEN_DIRECT_IO, so that no page cache lies between loop and record.

`cut` makes the image that a power cut leaves: all that was written before the last flush, and of
what was written after it a random choice, as a disk's volatile cache does. What the file system
still had in memory was never written and is thereby lost. So nothing survives but what was synced,
or happened to be written.
"""

import ctypes
import errno
import mmap
import os
import shutil
import stat
import struct
import subprocess
import time

(LOOKUP, FORGET, GETATTR, SETATTR, OPEN, READ, WRITE, STATFS, RELEASE, FSYNC, FLUSH, INIT, DESTROY,
 BATCH_FORGET) = 1, 2, 3, 4, 14, 15, 16, 17, 18, 20, 25, 26, 38, 42
ROOT_NODE, FILE_NODE = 1, 2
MAX_WRITE = 1 << 17
BIG_WRITES, MAX_PAGES = 1 << 5, 1 << 22
FOPEN_DIRECT_IO = 1
MS_NOSUID, MS_NODEV, MNT_DETACH = 2, 4, 2
IN_HEADER = struct.Struct('=IIQQIIII')
RECORD = struct.Struct('=QI')  # offset and length; a flush: length 0

libc = ctypes.CDLL(None, use_errno=True)


def mount_fuse(path):
    fd = os.open('/dev/fuse', os.O_RDWR)
    options = 'fd=%d,rootmode=40000,user_id=0,group_id=0' % fd
    if libc.mount(b'imapd-fault', os.fsencode(path), b'fuse', MS_NOSUID | MS_NODEV,
                  options.encode()) != 0:
        os.close(fd)
        raise OSError(ctypes.get_errno(), 'mount: %s' % os.strerror(ctypes.get_errno()))
    return fd


class Server:
    """Answers the kernel until the file system is unmounted."""

    def __init__(self, fd, image, record, position):
        self.fd, self.record, self.position = fd, record, position
        self.image = bytearray(image)

    def attributes(self, node):
        mode, size = (stat.S_IFDIR | 0o700, 4096) if node == ROOT_NODE else \
            (stat.S_IFREG | 0o600, len(self.image))
        return struct.pack('=QQQQQQIIIIIIIIII', node, size, size // 512, 0, 0, 0, 0, 0, 0, mode, 1,
                           0, 0, 0, 4096, 0)

    def log(self, offset, data):
        self.record.write(RECORD.pack(offset, len(data)) + data)
        self.record.flush()
        self.position[:8] = struct.pack('=Q', struct.unpack('=Q', self.position[:8])[0] + 1)

    def answer(self, opcode, node, body):
        """The reply's body, or an errno."""
        if opcode == INIT:
            return struct.pack('=IIIIHHIIHH8I', 7, 31, MAX_WRITE, BIG_WRITES | MAX_PAGES, 16, 12,
                               MAX_WRITE, 1, MAX_WRITE // 4096, 0, *[0] * 8)[:64]
        if opcode == LOOKUP:
            if body.rstrip(b'\0') != b'image':
                return errno.ENOENT
            return struct.pack('=QQQQII', FILE_NODE, 0, 3600, 3600, 0, 0) + \
                self.attributes(FILE_NODE)
        if opcode in (GETATTR, SETATTR):
            return struct.pack('=QII', 3600, 0, 0) + self.attributes(node)
        if opcode == OPEN:
            return struct.pack('=QII', 1, FOPEN_DIRECT_IO, 0)
        if opcode == READ:
            _, offset, size = struct.unpack_from('=QQI', body)
            return bytes(self.image[offset:offset + size])
        if opcode == WRITE:
            _, offset, size = struct.unpack_from('=QQI', body)
            data = body[40:40 + size]
            self.image[offset:offset + size] = data
            self.log(offset, data)
            return struct.pack('=II', size, 0)
        if opcode == FSYNC:
            self.log(0, b'')
            return b''
        if opcode in (FLUSH, RELEASE, DESTROY):
            return b''
        if opcode == STATFS:
            return struct.pack('=QQQQQIIII6I', 1 << 20, 1 << 20, 1 << 20, 1, 1, 4096, 255, 4096, 0,
                               *[0] * 6)
        return errno.ENOSYS

    def serve(self):
        while True:
            try:
                request = os.read(self.fd, MAX_WRITE + 8192)
            except OSError as e:
                if e.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                    continue
                return  # ENODEV: unmounted
            _, opcode, unique, node, *_ = IN_HEADER.unpack_from(request)
            if opcode in (FORGET, BATCH_FORGET):
                continue
            reply = self.answer(opcode, node, request[IN_HEADER.size:])
            err, reply = (-reply, b'') if isinstance(reply, int) else (0, reply)
            try:
                os.write(self.fd, struct.pack('=IiQ', 16 + len(reply), err, unique) + reply)
            except OSError:
                pass  # the request was given up


def run(*argv):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise OSError('%s: %s' % (' '.join(argv), done.stdout.strip()))
    return done.stdout.strip()


class Mounted:
    """An image on a loop device, mounted."""

    def __init__(self, image, path):
        self.path = path
        os.makedirs(path, exist_ok=True)
        self.loop = run('losetup', '--find', '--show', image)
        try:
            run('mount', '-t', 'ext4', self.loop, path)
        except OSError:
            run('losetup', '-d', self.loop)
            raise

    def close(self):
        for _ in range(50):
            try:
                run('umount', self.path)
                break
            except OSError as problem:
                if not os.path.ismount(self.path):
                    break
                last = problem
                time.sleep(0.1)
        else:
            raise last
        run('losetup', '-d', self.loop)


class Disk:
    def __init__(self, top, megabytes=48):
        self.top, self.size = top, megabytes << 20
        self.base, self.fuse = os.path.join(top, 'base'), os.path.join(top, 'fuse')
        self.record = os.path.join(top, 'record')
        self.mounted, self.pid = None, None
        os.mkdir(self.fuse)
        with open(self.base, 'wb') as f:
            f.truncate(self.size)
        run('mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,lazy_journal_init=0,nodiscard', '-J',
            'size=8', self.base)
        self.position = mmap.mmap(-1, mmap.PAGESIZE)
        fd = mount_fuse(self.fuse)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                with open(self.base, 'rb') as f, open(self.record, 'wb') as record:
                    Server(fd, f.read(), record, self.position).serve()
            finally:
                os._exit(0)
        os.close(fd)
        try:
            self.mounted = Mounted(os.path.join(self.fuse, 'image'), os.path.join(top, 'mail'))
        except OSError:
            self.close()
            raise

    def now(self):
        """How many writes and flushes have come so far."""
        return struct.unpack('=Q', self.position[:8])[0]

    def close(self):
        if self.mounted is not None:
            self.mounted.close()
            self.mounted = None
        if self.pid is not None:
            libc.umount2(os.fsencode(self.fuse), MNT_DETACH)
            os.waitpid(self.pid, 0)
            self.pid = None

    def records(self, upto):
        with open(self.record, 'rb') as f:
            for _ in range(upto):
                offset, length = RECORD.unpack(f.read(RECORD.size))
                yield offset, f.read(length)

    def cut(self, upto, rng, path):
        """Writes the image that a power cut at that moment leaves; (kept, dropped) of the writes
        since the last flush."""
        shutil.copyfile(self.base, path)
        pending, kept = [], 0
        with open(path, 'r+b') as f:
            def put(offset, data):
                f.seek(offset)
                f.write(data)
            for offset, data in self.records(upto):
                if data:
                    pending.append((offset, data))
                    continue
                for w in pending:
                    put(*w)
                pending = []
            share = rng.choice([0.0, 0.5, 1.0])
            for w in pending:
                if rng.random() < share:
                    put(*w)
                    kept += 1
        return kept, len(pending) - kept

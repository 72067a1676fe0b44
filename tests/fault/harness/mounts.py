"""File systems for a test alone: in a mount namespace of its own, so that nobody else sees them,
and that they are gone, with their loop devices, when the test is, however it ends."""

import ctypes
import os
import shutil
import subprocess

CLONE_NEWNS = 0x00020000
MS_REC, MS_PRIVATE = 0x4000, 0x40000
MNT_DETACH = 2

libc = ctypes.CDLL(None, use_errno=True)


class Unavailable(Exception):
    """It can't be had on this machine; the text says why."""


def run(*argv):
    path = os.environ.get('PATH', '') + ':/usr/sbin:/sbin'
    if shutil.which(argv[0], path=path) is None:
        raise Unavailable('there is no %s here' % argv[0])
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, env=dict(os.environ, PATH=path))
    if done.returncode != 0:
        raise Unavailable('%s: %s' % (' '.join(argv), done.stdout.strip()))


def own_namespace():
    """From here on, mounts of this process and its children are theirs alone."""
    if os.getuid() != 0:
        raise Unavailable('needs root, to mount')
    if libc.unshare(CLONE_NEWNS) != 0 or \
            libc.mount(b'none', b'/', None, MS_REC | MS_PRIVATE, None) != 0:
        raise Unavailable('a mount namespace: %s' % os.strerror(ctypes.get_errno()))


def mount_ext4(top, name, megabytes, *options):
    """An image in the directory `top`, made with these options of mkfs; where it is mounted."""
    image, path = os.path.join(top, name + '.image'), os.path.join(top, name)
    with open(image, 'wb') as f:
        f.truncate(megabytes << 20)
    run('mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0,nodiscard', *options, image)
    os.mkdir(path)
    run('mount', '-t', 'ext4', '-o', 'loop', image, path)
    os.chmod(path, 0o777)
    return path


def mount_memory(top, name, kind='tmpfs', options='mode=777'):
    path = os.path.join(top, name)
    os.mkdir(path)
    run('mount', '-t', kind, '-o', options, 'imapd-test', path)
    os.chmod(path, 0o777)
    return path


def remove(top):
    """Takes away what is mounted in the directory `top`, and the directory."""
    for name in os.listdir(top):
        libc.umount2(os.fsencode(os.path.join(top, name)), MNT_DETACH)  # where it is a mount
    shutil.rmtree(top, ignore_errors=True)


def mount_over(source, target):
    """Whoever reads the file `target` reads `source`."""
    run('mount', '--bind', source, target)

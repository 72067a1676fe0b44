"""The Maildir of a script: made before the server starts, changed behind its back as other
programs change one, and looked at afterwards."""

import base64
import glob
import os
import re

DIRECTORIES = ('cur', 'new', 'tmp')


def mutf7(name):
    """RFC 3501 section 5.1.3."""
    def encode(m):
        if m[0] == '&':
            return '&-'
        return '&' + base64.b64encode(m[0].encode('utf-16-be')).decode().rstrip('=') \
            .replace('/', ',') + '-'
    return re.sub(r'&|[^\x20-\x7e]+', encode, name)


def crlf(octets):
    return re.sub(rb'(?<!\r)\n', b'\r\n', octets)


class Maildir:
    def __init__(self, root, layout='maildir++', owner=None):
        self.root, self.layout, self.owner = root, layout, owner
        self.serial = 0
        os.makedirs(root, 0o700, exist_ok=True)
        self.own(root)
        self.make('INBOX')

    def own(self, path):
        if self.owner is not None:
            os.chown(path, self.owner, self.owner, follow_symlinks=False)

    def own_all(self):
        if self.owner is None:
            return
        for top, directories, files in os.walk(self.root):
            for name in directories + files:
                self.own(os.path.join(top, name))

    def path(self, folder):
        if folder.upper() == 'INBOX':
            return self.root
        levels = [mutf7(level) for level in folder.split('/')]
        if self.layout == 'fs':
            return os.path.join(self.root, *levels)
        return os.path.join(self.root, '.' + '.'.join(levels))

    def make(self, folder):
        path = self.path(folder)
        for name in DIRECTORIES:
            os.makedirs(os.path.join(path, name), 0o700, exist_ok=True)
        if path != self.root and self.layout != 'fs':
            open(os.path.join(path, 'maildirfolder'), 'wb').close()
        part = path
        while len(part) >= len(self.root):
            self.own(part)
            part = os.path.dirname(part)
        for name in os.listdir(path):
            self.own(os.path.join(path, name))

    def _write(self, folder, octets, mtime):
        """A file in tmp/, complete; its path."""
        tmp = os.path.join(self.path(folder), 'tmp', 'made-by-%d-%d' % (os.getpid(), self.serial))
        with open(tmp, 'wb') as f:
            f.write(octets)
        os.chmod(tmp, 0o600)
        if mtime is not None:
            os.utime(tmp, (mtime, mtime))
        self.own(tmp)
        return tmp

    def add(self, folder, octets, file=None, flags='', mtime=None, new=False):
        """A message: in cur/ with flags, or delivered into new/."""
        self.serial += 1
        file = file or '%d.M%dP7.host' % (1000000000 + self.serial, self.serial)
        if not new and ':' not in file:
            file += ':2,' + flags
        os.rename(self._write(folder, octets, mtime),
                  os.path.join(self.path(folder), 'new' if new else 'cur', file))

    def find(self, folder, unique):
        """The path of a message by the unique part of its name, or None."""
        for sub in ('cur', 'new'):
            for path in glob.glob(os.path.join(glob.escape(self.path(folder)), sub, '*')):
                if re.split('[:,]', os.path.basename(path))[0] == unique:
                    return path
        return None

    def set_flags(self, folder, unique, flags):
        """As mutt does: a rename, and out of new/."""
        path = self.find(folder, unique)
        base = os.path.basename(path).split(':')[0]
        os.rename(path, os.path.join(self.path(folder), 'cur', '%s:2,%s' % (base, flags)))

    def inside(self, name):
        return os.path.join(self.root, name)

    # --- What must hold of every Maildir when nobody works on it --------------------------------

    def faults(self):
        out = []
        for top, directories, files in os.walk(self.root):
            if os.path.basename(top) == 'tmp':
                out += ['left in tmp/: %s' % os.path.join(top, f) for f in files]
            if 'dovecot-uidlist' in files:
                out += uidlist_faults(os.path.join(top, 'dovecot-uidlist'))
            out += ['lock left: %s' % os.path.join(top, f) for f in files if f.endswith('.lock')]
            if os.path.basename(top) in ('cur', 'new'):
                out += size_faults(top, files)
        return out


def uidlist_faults(path):
    """What would make Dovecot throw the file away."""
    with open(path, 'rb') as f:
        lines = f.read().split(b'\n')
    if lines.pop() != b'':
        return ['%s: the last line has no end' % path]
    if not lines or not re.fullmatch(rb'3 V[1-9]\d* N[1-9]\d* G[0-9a-f]{32}( [A-Z]\S*)*', lines[0]):
        return ['%s: header %r' % (path, lines[:1])]
    out, last, names = [], 0, set()
    for line in lines[1:]:
        m = re.fullmatch(rb'(\d+)(?: [A-Z]\S*)* :([^/\n]+)', line)
        if not m:
            out.append('%s: malformed line %r' % (path, line))
            continue
        uid, unique = int(m[1]), re.split(rb'[,:]', m[2])[0]
        if uid <= last or uid >= 1 << 31:
            out.append('%s: UID %d after %d' % (path, uid, last))
        if unique in names:
            out.append('%s: %r twice' % (path, unique))
        names.add(unique)
        last = uid
    return out


def size_faults(top, files):
    """,S= and ,W= are what the file holds."""
    out = []
    for name in files:
        path = os.path.join(top, name)
        claimed = dict(re.findall(r',([SW])=(\d+)', name))
        if not claimed or not os.access(path, os.R_OK):
            continue
        with open(path, 'rb') as f:
            octets = f.read()
        if int(claimed.get('S', len(octets))) != len(octets):
            out.append('%s holds %d octets' % (path, len(octets)))
        if int(claimed.get('W', len(crlf(octets)))) != len(crlf(octets)):
            out.append('%s holds %d octets with CRLF' % (path, len(crlf(octets))))
    return out

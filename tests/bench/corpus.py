"""The mail that is measured: messages that look like a year of somebody's, the same in every run.

They are made once, from slices of a few texts made before, and kept; a Maildir to measure on is
hard links to them. No server writes into a message, so sharing them is safe, and both servers
find the same files in the page cache.
"""

import base64
import os
import random
import shutil
import time

VERSION = 1           # of what generate() makes: raise it, and kept corpora are made anew
EPOCH = 1735689600    # 2025-01-01; the messages are of the year after it
SECONDS_APART = 315   # 100,000 of them in a year
SLICE = 5000          # messages a process makes at a time
HOST = 'bench'

PEOPLE = ['Ann Archer <ann@example.com>', 'Bob Baker <bob@example.org>',
          '=?utf-8?Q?C=C3=A9line_Dupont?= <celine@example.net>', '"Evans, Dana" <dana@example.com>',
          '=?koi8-r?B?6dfBziDwxdTSz9c=?= <ivan@example.ru>', 'builds@ci.example.org',
          'The Shop <noreply@shop.example>', 'Farid <farid@example.net>']
SUBJECTS = ['Lunch on Thursday?', 'Minutes of the meeting', 'Invoice %d', 'Holiday pictures',
            'Draft of chapter %d', 'Your order %d has left', 'Backup finished with 0 errors',
            '=?utf-8?B?0J7RgtGH0ZHRgiDQt9CwINC60LLQsNGA0YLQsNC7?= %d', 'Train tickets',
            '[list] index format, try %d', '[PATCH %d/9] refuse NUL in quoted strings']
WORDS = ('mail server folder message letter reader quick small careful answer question paper the '
         'window river garden morning evening number order table summer winter simple of and to '
         'in is that it was for on are as with they be at one have this from or had by').split()


def prose(rng, octets):
    """Text in lines of up to 72 octets, with an empty line now and then."""
    lines, total = [], 0
    while total < octets:
        line = ''
        while len(line) < 60:
            line += rng.choice(WORDS) + ' '
        lines.append(line[:72].rstrip() + ('\n' if rng.random() < 0.15 else ''))
        total += len(lines[-1]) + 1
    return lines


class Maker:
    """Makes messages number first to first + n; what it draws depends on first alone."""

    def __init__(self, first):
        rng = random.Random(3501)
        self.lines = prose(rng, 400_000)
        self.blob = base64.encodebytes(rng.randbytes(400_000)).decode().splitlines()
        self.rng = random.Random(first)

    def text(self, octets):
        n = max(1, octets // 66)
        at = self.rng.randrange(len(self.lines) - n)
        return '\n'.join(self.lines[at:at + n]) + '\n'

    def encoded(self, octets):
        n = max(1, octets // 77)
        at = self.rng.randrange(len(self.blob) - n)
        return '\n'.join(self.blob[at:at + n]) + '\n'

    def hex(self, digits):
        return '%0*x' % (digits, self.rng.getrandbits(4 * digits))

    def subject(self):
        subject = self.rng.choice(SUBJECTS)
        return subject % self.rng.randrange(9999) if '%d' in subject else subject

    def headers(self, number, when):
        rng = self.rng
        date = time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime(when))
        sender = rng.choice(PEOPLE)
        parent = ''
        subject = self.subject()
        if number > 20 and rng.random() < 0.35:  # an answer
            ids = ['<%08d.bench@example.org>' % (number - rng.randrange(1, 20)) for _ in range(3)]
            subject = 'Re: ' + subject
            parent = 'In-Reply-To: %s\nReferences: %s\n' % (ids[-1], '\n '.join(ids))
        received = ''.join(
            'Received: from %s.example.org (%s.example.org [192.0.2.%d])\n'
            '\tby mail.example.org with ESMTPS id %s\n\tfor <me@example.org>; %s\n'
            % (hop, hop, rng.randrange(256), self.hex(12), date) for hop in ('mx1', 'relay', 'out'))
        signature = ''
        if rng.random() < 0.8:
            signature = ('DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org;\n'
                         '\ts=k1; h=from:to:subject:date:message-id;\n\tbh=%s=;\n\tb=%s\n'
                         % (self.hex(42), '\n\t '.join(self.hex(68) for _ in range(4))))
        others = ''.join('Cc: %s\n' % rng.choice(PEOPLE) for _ in range(rng.random() < 0.2))
        if rng.random() < 0.3:
            others += ('List-Id: <list.lists.example.org>\nPrecedence: list\n'
                       'List-Unsubscribe: <mailto:list-request@lists.example.org>\n')
        return ('Return-Path: <bounce-%s@example.org>\n%s'
                'Authentication-Results: mail.example.org; dkim=pass; spf=pass\n%s'
                'From: %s\nTo: Me <me@example.org>\n%sSubject: %s\nDate: %s\n'
                'Message-ID: <%08d.bench@example.org>\n%sMIME-Version: 1.0\n'
                'X-Mailer: Bench 1.0\n'
                % (self.hex(10), received, signature, sender, others, subject, date, number,
                   parent))

    def body(self):
        """With its Content-Type, as the headers' end. About 4 KB on average: two thirds are
        plain text, a fifth has HTML beside it, the others an attachment."""
        rng, kind = self.rng, self.rng.random()
        if kind < 0.67:
            return ('Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n'
                    + self.text(min(int(rng.lognormvariate(7.2, 0.8)), 30_000)))
        edge = '=_' + self.hex(24)
        text = ('--%s\nContent-Type: text/plain; charset=utf-8\n\n%s' %
                (edge, self.text(rng.randrange(400, 2000))))
        if kind < 0.88:
            return ('Content-Type: multipart/alternative; boundary="%s"\n\n%s\n--%s\n'
                    'Content-Type: text/html; charset=utf-8\n\n<html><body><p>%s</p></body></html>\n'
                    '\n--%s--\n' % (edge, text, edge, self.text(rng.randrange(1500, 6000)), edge))
        return ('Content-Type: multipart/mixed; boundary="%s"\n\n%s\n--%s\n'
                'Content-Type: application/pdf; name="paper.pdf"\n'
                'Content-Disposition: attachment; filename="paper.pdf"\n'
                'Content-Transfer-Encoding: base64\n\n%s\n--%s--\n'
                % (edge, text, edge, self.encoded(
                    min(int(rng.lognormvariate(9.32, 0.7)), 200_000)), edge))

    def flags(self):
        out = ''
        for letter, chance in (('F', 0.05), ('R', 0.15), ('S', 0.9)):
            if self.rng.random() < chance:
                out += letter
        return out

    def write(self, directory, number):
        when = EPOCH + number * SECONDS_APART
        octets = (self.headers(number, when) + self.body()).encode()
        name = '%d.M%dP%d.%s,S=%d,W=%d:2,%s' % (
            when, number % 1_000_000, number, HOST, len(octets),
            len(octets) + octets.count(b'\n'), self.flags())
        path = os.path.join(directory, name)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(fd, octets)
        finally:
            os.close(fd)
        os.utime(path, (when, when))


def make_slices(directory, firsts, n):
    for first in firsts:
        maker = Maker(first)
        for number in range(first, min(first + SLICE, n)):
            maker.write(directory, number)


def generate(directory, n):
    """Two processes make the slices."""
    firsts = list(range(0, n, SLICE))
    child = os.fork()
    if child == 0:
        try:
            make_slices(directory, firsts[1::2], n)
            os._exit(0)
        finally:
            os._exit(1)
    make_slices(directory, firsts[0::2], n)
    if os.waitpid(child, 0)[1] != 0:
        raise OSError('making the corpus failed')


class Corpus:
    """directory: where it is kept. owner: the uid and gid of the mail's user, or None: ours."""

    def __init__(self, directory, n, owner):
        self.n, self.owner = n, owner
        self.path = os.path.join(directory, 'corpus-%d' % n)
        self.stamp = os.path.join(self.path, 'complete')
        if not self.is_kept():
            shutil.rmtree(self.path, ignore_errors=True)
            self.messages = os.path.join(self.path, 'messages')
            os.makedirs(self.messages)
            generate(self.messages, n)
            with open(self.stamp, 'w', encoding='ascii') as f:
                f.write('%d\n' % VERSION)
        self.messages = os.path.join(self.path, 'messages')
        self.names = sorted(os.listdir(self.messages))
        self.octets = 0
        for name in self.names:  # read, too: into the page cache
            path = os.path.join(self.messages, name)
            with open(path, 'rb', buffering=0) as f:
                self.octets += len(f.read())
            if owner is not None:
                os.chown(path, *owner)

    def is_kept(self):
        try:
            with open(self.stamp, encoding='ascii') as f:
                return f.read() == '%d\n' % VERSION
        except OSError:
            return False

    def directory(self, path):
        os.makedirs(path, 0o700)
        if self.owner is not None:
            os.chown(path, *self.owner)

    def maildir(self, path, n, sizes=True):
        """A Maildir of n messages; more than the corpus has: the same ones again under other
        names. sizes: whether the names tell them."""
        for sub in ('', 'cur', 'new', 'tmp'):
            self.directory(os.path.join(path, sub))
        for i in range(n):
            source = self.names[i % len(self.names)]
            name = source
            if i >= len(self.names):
                name = source.replace('.' + HOST, '.%s%d' % (HOST, i // len(self.names)))
            if not sizes:
                name = name[:name.index(',S=')] + name[name.index(':2,'):]
            os.link(os.path.join(self.messages, source), os.path.join(path, 'cur', name))
        return path

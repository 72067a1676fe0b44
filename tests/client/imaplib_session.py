"""What a program with Python's imaplib does: imaplib_session.py PORT PASSWORD MAILDIR"""

import imaplib
import os
import re
import sys
import time

port, password, maildir = int(sys.argv[1]), sys.argv[2], sys.argv[3]
failures = checks = 0


def check(what, got, wanted):
    global failures, checks
    checks += 1
    if got == wanted:
        print('ok   ' + what)
    else:
        failures += 1
        print('FAIL %s\n       got:    %r\n       wanted: %r' % (what, got, wanted))


def ok(answer):
    status, data = answer
    if status != 'OK':
        raise SystemExit('FAIL %r' % (answer,))
    return data


def files(folder=''):
    directory = os.path.join(maildir, folder)
    return [os.path.join(directory, d, name) for d in ('cur', 'new')
            for name in os.listdir(os.path.join(directory, d)) if name[0] != '.']


def flags_of(name):
    return ''.join(c for c in name.rpartition(':2,')[2] if c.isupper()) if ':2,' in name else ''


def connect():
    c = imaplib.IMAP4('127.0.0.1', port, timeout=30)
    ok(c.login('demo', password))
    return c


c = connect()
# It asks for them once, before the login, and looks there for these two.
check('ENABLE and IDLE are announced before the login', {'ENABLE', 'IDLE'} <= set(c.capabilities), True)
names = [m[1] for line in ok(c.list())
         if (m := re.match(r'\(.*\) "/" "?(.*?)"?$', line.decode()))]
there = sorted(d for d in os.listdir(maildir) if d[0] == '.' and d != '.')
check('every folder is listed', sorted('.' + n.replace('/', '.') for n in names
                                       if '.' + n.replace('/', '.') in there), there)
check('namespace', ok(c.namespace())[0], b'(("" "/")) NIL NIL')

# Reading.
check('SELECT counts the files', int(ok(c.select('INBOX'))[0]), len(files()))
uids = ok(c.uid('SEARCH', None, 'ALL'))[0].split()
texts = []
for uid in uids:
    (_, octets), _ = ok(c.uid('FETCH', uid, '(BODY.PEEK[])'))[:2]
    texts.append(octets)
on_disk = []
for path in files():
    with open(path, 'rb') as f:
        on_disk.append(re.sub(b'\r?\n', b'\r\n', f.read()))
check('all messages read as they are', sorted(texts), sorted(on_disk))
found = ok(c.search('UTF-8', 'SUBJECT', '"invoice"'))[0].split()
check('search', len(found), sum(bool(re.search(rb'(?im)^Subject:.*invoice', t.split(b'\r\n\r\n')[0]))
                                for t in texts))
c.literal = 'счёт'.encode()
check('search with a literal in UTF-8', c.search('UTF-8', 'TEXT')[0], 'OK')
ordered = ok(c.sort('(REVERSE SIZE)', 'UTF-8', 'ALL'))[0].split()
check('sort by size', [len(texts[int(n) - 1]) for n in ordered],
      sorted(map(len, texts), reverse=True))
check('threads have everybody', sorted(map(int, re.findall(rb'\d+', ok(
    c.thread('REFERENCES', 'UTF-8', 'ALL'))[0]))), list(range(1, len(uids) + 1)))

# Changing.
ok(c.store('1:2', '+FLAGS', r'(\Flagged $Label1)'))
check('two are flagged on disk', sum('F' in flags_of(p) for p in files()),
      len(ok(c.search(None, 'FLAGGED'))[0].split()))
before = len(files('.Trash'))
ok(c.copy('1:2', 'Trash'))
check('copy adds two', len(files('.Trash')), before + 2)
when = time.time() - 86400 * 400
message = b'From: a@example.org\r\nSubject: from imaplib\r\n\r\none\r\ntwo\r\n'
data = ok(c.append('Sent', r'(\Seen \Answered)', imaplib.Time2Internaldate(when), message))
check('append tells its UID', bool(re.match(rb'\[APPENDUID \d+ \d+\]', data[0])), True)
sent = [p for p in files('.Sent') if b'from imaplib' in open(p, 'rb').read()]
check('one came, with its flags', [flags_of(p) for p in sent], ['RS'])
check('and its date', int(os.stat(sent[0]).st_mtime), int(when))
before, trash = len(files()), len(files('.Trash'))
ok(c.uid('MOVE', uids[0], 'Trash'))
check('move takes one from here', len(files()), before - 1)
check('and puts it there', len(files('.Trash')), trash + 1)
ok(c.uid('STORE', uids[1], '+FLAGS.SILENT', r'(\Deleted)'))
c.response('EXPUNGE')  # MOVE's
check('expunge tells of one', len([x for x in ok(c.expunge()) if x]), 1)
check('and one is gone', len(files()), before - 2)

# Folders.
ok(c.create('"made by imaplib"'))
check('a folder is made', os.path.isdir(maildir + '/.made by imaplib/cur'), True)
ok(c.subscribe('"made by imaplib"'))
with open(maildir + '/subscriptions', encoding='ascii') as f:
    check('and subscribed', 'made by imaplib\n' in f.read().replace('\t', '/'), True)
ok(c.rename('"made by imaplib"', 'renamed'))
check('and renamed', os.path.isdir(maildir + '/.renamed/cur'), True)
ok(c.unsubscribe('"made by imaplib"'))
ok(c.delete('renamed'))
check('and deleted', os.path.isdir(maildir + '/.renamed'), False)
ok(c.close())
check('logout', c.logout()[0], 'BYE')

# UTF-8 on the wire (RFC 6855). Not its APPEND: before Python 3.13 that puts "UTF8 (" into the
# message.
c = connect()
ok(c.append('Drafts', None, None, b'Subject: =?utf-8?B?0L/RgNC40LLQtdGC?=\r\n\r\nx\r\n'))
ok(c.enable('UTF8=ACCEPT'))
ok(c.create('"Черновики друзей"'))
check('a Cyrillic folder is made', os.path.isdir(
    maildir + '/.&BCcENQRABD0EPgQyBDgEOgQ4- &BDQEQARDBDcENQQ5-/cur'), True)
ok(c.select('Drafts'))
check('a Cyrillic word is found', ok(c.search(None, 'SUBJECT "прив"'))[0].split()[-1:],
      [b'%d' % len(files('.Drafts'))])
ok(c.unselect())
ok(c.delete('"Черновики друзей"'))

# IDLE by hand: this imaplib has none.
ok(c.select('INBOX'))
count = len(files())
tag = c._new_tag()
c.send(tag + b' IDLE\r\n')
check('IDLE begins', c.readline()[:1], b'+')
with open(maildir + '/tmp/1.imaplib', 'wb') as f:
    f.write(b'Subject: delivered\n\nx\n')
stat = os.stat(maildir)
if os.getuid() == 0:
    os.chown(maildir + '/tmp/1.imaplib', stat.st_uid, stat.st_gid)
os.rename(maildir + '/tmp/1.imaplib', maildir + '/new/1700000000.imaplib')
check('and tells of a delivery', c.readline(), b'* %d EXISTS\r\n' % (count + 1))
c.send(b'DONE\r\n')
while not (line := c.readline()).startswith(tag):
    pass
check('and ends', line.split()[1], b'OK')
c.logout()
print('%d passed, %d failed' % (checks - failures, failures))
sys.exit(failures > 0)

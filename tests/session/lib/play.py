"""Plays one script, one way, against a server on a fresh Maildir."""

import os
import re
import resource
import shutil
import subprocess
import tempfile
import time

from lib import maildir, match, script, server

NOBODY = 65534
OPTIONS = ('file', 'flags', 'mtime', 'eol', 'new', 'unique')
WAYS = ('lockstep', 'pipeline', 'octets')


class Failure(Exception):
    """The text is what a person sees."""


class Skip(Exception):
    pass


def options(words):
    """The arguments name=value that directives know, and the others."""
    known = [w for w in words if w.split('=')[0] in OPTIONS and '=' in w]
    return dict(w.split('=', 1) for w in known), [w for w in words if w not in known]


class Player:
    def __init__(self, parsed, way, layout, imapd, keep=False):
        self.script, self.way, self.imapd, self.keep = parsed, way, imapd, keep
        self.seconds = float(os.environ.get('SESSION_SECONDS', '10'))
        self.login = parsed.flag('login') or parsed.flag('user')
        root = os.getuid() == 0
        # With -P the server is the user's own. As root it is so for a login as well when
        # pipelined, so that both kinds of start are seen.
        self.as_root = root and (parsed.flag('root') or (self.login and way != 'pipeline'))
        self.uid = NOBODY if root else None
        self.top = tempfile.mkdtemp(prefix='imapd-session.')
        os.chmod(self.top, 0o755)
        self.mounted = False
        self.limit = None
        self.variables, self.connections, self.seen = {}, {}, {}
        self.codes, self.expected_exit = [], None
        self.log = open(os.path.join(self.top, 'log'), 'w+b')
        self.box_path = os.path.join(self.top, 'Maildir')
        self.layout = layout

    def prepare(self):
        if self.script.flag('need-root') and os.getuid() != 0:
            raise Skip('needs root')
        os.mkdir(self.box_path, 0o700)
        for size in self.script.words('tmpfs'):
            self._mount(size[0])
        self.box = maildir.Maildir(self.box_path, self.layout, self.uid)

    def _mount(self, size):
        if os.getuid() != 0:
            raise Skip('needs root for a small tmpfs')
        done = subprocess.run(['mount', '-t', 'tmpfs', '-o', 'mode=700,size=' + size, 'tmpfs',
                               self.box_path], capture_output=True)
        if done.returncode != 0:
            raise Skip('no tmpfs to be had here')
        self.mounted = True

    # --- The server --------------------------------------------------------------------------

    def argv(self):
        out = [self.imapd, '-f', '/dev/null', '-o', 'mail_root=' + self.box_path,
               '-o', 'log=stderr']
        if self.box.layout == 'fs':
            out += ['-o', 'layout=fs']
        if self.login:
            uid = NOBODY if self.uid is not None else os.getuid()
            passwd = os.path.join(self.top, 'passwd')
            if not os.path.exists(passwd):
                users = self.script.words('user') or [['demo', 'secret']]
                lines = [' '.join(w) for w in self.script.words('passwd-line')] or \
                    ['%s:{PLAIN}%s:%d:%d::%s::' % (u[0], u[1], uid, uid, self.top) for u in users]
                with open(passwd, 'w') as f:
                    f.writelines(line + '\n' for line in lines)
                os.mkdir(os.path.join(self.top, 'state'))
                if not self.as_root:
                    os.chown(os.path.join(self.top, 'state'), uid, -1)
            out += ['-o', 'auth=passwd-file', '-o', 'passwd_file=' + passwd,
                    '-o', 'passwd_file_plain=yes', '-o', 'login_user=nobody',
                    '-o', 'first_valid_uid=%d' % min(1000, uid), '-o', 'auth_fail_delay=0',
                    '-o', 'scram_secret=' + os.path.join(self.top, 'state/scram-secret')]
        else:
            out.append('-P')
        for setting in self.script.words('set'):
            out += ['-o', ' '.join(setting)]
        return out

    def connect(self, conn, greet):
        """Opens connection conn; without `greet` the script does not care what the greeting
        is."""
        for size in self.script.words('filesize'):
            octets = int(size[0])
            self.limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (octets, octets))
        pipes = self.way == 'pipeline' or self.script.flag('pipes')
        c = server.Connection(self.argv(), self.log, None if self.as_root else self.uid, pipes,
                              self.top, self.limit, self.seconds)
        self.connections[conn], self.seen[conn] = c, []
        if not greet:
            got = self.receive(conn)
            if got is None or not re.match(r'\* (OK|PREAUTH) ', got):
                raise Failure('greeting: %r' % got)
            if self.login:
                user = (self.script.words('user') or [['demo', 'secret']])[0]
                self.exchange(conn, 'login0 LOGIN %s %s\r\n' % (user[0], user[1]), 'login0 OK')

    def exchange(self, conn, command, answer):
        self.say(conn, command)
        while (got := self.receive(conn)) is not None and got.startswith('* '):
            pass
        if got is None or not got.startswith(answer):
            raise Failure('%s answered with %r' % (command.strip(), got))

    def say(self, conn, text):
        for line in text.split('\r\n'):
            if line:
                self.seen[conn].append('C: ' + line)
        octets = match.substitute(text, self.variables).encode('latin-1')
        self.connections[conn].send(octets, self.way == 'octets')

    def receive(self, conn, seconds=None):
        got = self.connections[conn].response(seconds)
        if got is None:
            self.seen[conn].append('S: <eof>')
            return None
        got = got.decode('latin-1')
        self.seen[conn].append('S: ' + got)
        return got

    # --- Steps -------------------------------------------------------------------------------

    def need(self, conn, step):
        if conn not in self.connections:
            first = step.kind == 'expect' or self.script.flag('greeting')
            self.connect(conn, first)

    def play(self):
        steps = list(self.script.steps)
        if self.way == 'pipeline':
            steps = self._all_sends_first(steps)
        for step in steps:
            try:
                getattr(self, 'step_' + step.kind)(step)
            except (Failure, match.Mismatch) as problem:
                raise Failure(self.report(step, str(problem))) from None
            except server.Timeout:
                raise Failure(self.report(step, 'no answer in %g s' % self.seconds)) from None
            except OSError as problem:
                raise Failure(self.report(step, 'the script itself failed: %s' % problem)) \
                    from None
        self.finish()
        for problem in [] if self.script.flag('unsound') else self.box.faults():
            raise Failure(problem)

    def _all_sends_first(self, steps):
        sends = [s for s in steps if s.kind == 'send']
        first = next(i for i, s in enumerate(steps) if s.kind in ('send', 'expect'))
        together = script.Step('send', sends[0].line, conn=1,
                               text=''.join(s.text for s in sends))
        rest = [s for s in steps[first:] if s.kind != 'send']
        if steps[first].kind == 'expect':
            return steps[:first + 1] + [together] + [s for s in rest if s is not steps[first]]
        return steps[:first] + [together] + rest

    def step_send(self, step):
        self.need(step.conn, step)
        self.say(step.conn, step.text)

    def step_expect(self, step):
        self.need(step.conn, step)
        last = step.wants[-1][1]
        if last.startswith('<quiet'):
            return self._quiet(step, float(last[6:-1].strip() or 200) / 1000)
        eof = last == '<eof>'
        wants = step.wants[:-1] if eof else step.wants
        gots = []
        while True:
            if not step.ended and gots and self._satisfied(wants, gots):
                return None
            try:
                got = self.receive(step.conn)
            except server.Timeout:
                if gots or step.ended:
                    match.match_group(wants, gots, dict(self.variables))
                raise
            if got is None:
                match.match_group(wants, gots, self.variables)
                if not eof:
                    raise Failure('the server closed the connection')
                return None
            gots.append(got)
            if step.ended and not eof and not got.startswith('* '):
                match.match_group(wants, gots, self.variables)
                return None

    def _satisfied(self, wants, gots):
        found = dict(self.variables)
        try:
            match.match_group(wants, gots, found)
        except match.Mismatch:
            return False
        self.variables.update(found)
        return True

    def _quiet(self, step, seconds):
        try:
            got = self.receive(step.conn, seconds)
        except server.Timeout:
            return
        raise Failure('expected silence, got %r' % got)

    def step_do(self, step):
        name = step.words[0].replace('-', '_')
        if not hasattr(self, 'do_' + name):
            raise Failure('unknown directive: = %s' % step.words[0])
        given, rest = options(step.words[1:])
        getattr(self, 'do_' + name)(step, given, rest)

    def step_check(self, step):
        given, rest = options(step.words[1:])
        getattr(self, 'check_' + step.words[0].replace('-', '_'))(step, given, rest)

    # --- = directives --------------------------------------------------------------------------

    def nothing(self, step, given, rest):
        """Read before the start."""

    do_login = do_user = do_set = do_layout = do_ways = do_root = do_pipes = do_tmpfs = nothing
    do_need_root = do_passwd_line = do_unsound = do_filesize = nothing

    def octets(self, step, given):
        body = script.block_octets(step.block, b'\r\n' if given.get('eol') == 'crlf' else b'\n')
        return match.substitute(body.decode('latin-1'), self.variables).encode('latin-1')

    def name(self, rest):
        return ' '.join(rest).encode('latin-1').decode('utf-8')

    def do_folder(self, step, given, rest):
        self.box.make(self.name(rest))

    def _add(self, step, given, rest, new):
        body = self.octets(step, given) if step.block else \
            b'From: a@example.org\nSubject: message %d\n\nbody %d\n' % ((self.box.serial + 1,) * 2)
        self.box.add(self.name(rest), body, given.get('file'), given.get('flags', ''),
                     int(given['mtime']) if 'mtime' in given else None, new)

    def do_message(self, step, given, rest):
        self._add(step, given, rest, False)

    def do_deliver(self, step, given, rest):
        self._add(step, given, rest, True)

    def do_messages(self, step, given, rest):
        for _ in range(int(rest[-1])):
            self._add(step, given, rest[:-1], given.get('new') == 'yes')

    def do_flags(self, step, given, rest):
        self.box.set_flags(self.name(rest[:-1]), rest[-1].split(':')[0],
                           rest[-1].partition(':')[2])

    def do_remove(self, step, given, rest):
        os.unlink(self.box.find(self.name(rest[:-1]), rest[-1]))

    def do_delete(self, step, given, rest):
        path = self.box.inside(self.name(rest))
        shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)

    def do_move(self, step, given, rest):
        os.rename(self.box.inside(rest[0]), self.box.inside(rest[1]))

    def do_mkdir(self, step, given, rest):
        os.makedirs(self.box.inside(self.name(rest)), 0o700)
        self.box.own_all()

    def do_symlink(self, step, given, rest):
        os.symlink(rest[0], self.box.inside(rest[1]))
        self.box.own(self.box.inside(rest[1]))

    def do_chmod(self, step, given, rest):
        os.chmod(self.box.inside(self.name(rest[1:])), int(rest[0], 8))

    def do_write(self, step, given, rest):
        """Writes a file in the Maildir, whole and at once, as careful programs do."""
        path = self.box.inside(self.name(rest))
        with open(path + '.new', 'wb') as f:
            f.write(self.octets(step, given))
        self.box.own(path + '.new')
        if 'mtime' in given:
            os.utime(path + '.new', (int(given['mtime']),) * 2)
        os.rename(path + '.new', path)

    def do_dead_lock(self, step, given, rest):
        """A lock file whose owner, a process of this host, is gone."""
        child = subprocess.Popen(['true'])
        child.wait()
        with open(self.box.inside(rest[0]), 'w') as f:
            f.write('%d:%s' % (child.pid, os.uname().nodename))
        self.box.own(self.box.inside(rest[0]))

    def do_append(self, step, given, rest):
        with open(self.box.inside(self.name(rest)), 'ab') as f:
            f.write(self.octets(step, given))

    def do_sleep(self, step, given, rest):
        time.sleep(float(rest[0]) / 1000)

    def do_disconnect(self, step, given, rest):
        """The client goes away."""
        conn = int(rest[0]) if rest else 1
        self.codes.append(self.connections.pop(conn).finish()[0])

    # --- ? checks ------------------------------------------------------------------------------

    def check_count(self, step, given, rest):
        """? count FOLDER N, or FOLDER/cur N."""
        where, wanted = self.name(rest[:-1]), int(rest[-1])
        head, _, sub = where.rpartition('/')
        subs = ('cur', 'new') if sub not in maildir.DIRECTORIES else (sub,)
        path = self.box.path(where if sub not in maildir.DIRECTORIES else head)
        found = [f for s in subs for f in os.listdir(os.path.join(path, s))]
        if len(found) != wanted:
            raise Failure('%d files and not %d: %s' % (len(found), wanted, sorted(found)[:9]))

    def check_flags(self, step, given, rest):
        """? flags FOLDER unique:FS: the letters in the file's name."""
        unique, _, flags = rest[-1].partition(':')
        path = self.box.find(self.name(rest[:-1]), unique)
        if path is None:
            raise Failure('no message %s' % unique)
        got = os.path.basename(path).partition(':2,')[2]
        if got != flags:
            raise Failure('%s has the flags %r and not %r' % (unique, got, flags))

    def check_exists(self, step, given, rest):
        if not os.path.lexists(self.box.inside(self.name(rest))):
            raise Failure('there is no %s' % ' '.join(rest))

    def check_missing(self, step, given, rest):
        if os.path.lexists(self.box.inside(self.name(rest))):
            raise Failure('%s is there' % ' '.join(rest))

    def check_gone(self, step, given, rest):
        if self.box.find(self.name(rest[:-1]), rest[-1]):
            raise Failure('%s is still there' % rest[-1])

    def _lines(self, name):
        with open(self.box.inside(name), 'rb') as f:
            return f.read().decode('latin-1').split('\n')

    def _has_line(self, words):
        wanted = re.compile(match.substitute(' '.join(words[1:]), self.variables))
        return any(wanted.search(line) for line in self._lines(words[0]))

    def check_line(self, step, given, rest):
        words = step.words[1:]
        if not self._has_line(words):
            raise Failure('%s has no such line: %s' % (words[0], self._lines(words[0])[:9]))

    def check_noline(self, step, given, rest):
        words = step.words[1:]
        if self._has_line(words):
            raise Failure('%s has such a line: %s' % (words[0], self._lines(words[0])[:9]))

    def check_content(self, step, given, rest):
        """? content FOLDER [unique=U] with a block: the only message there, or that one."""
        if 'unique' in given:
            path = self.box.find(self.name(rest), given['unique'])
        else:
            top = self.box.path(self.name(rest))
            found = [os.path.join(top, s, f) for s in ('cur', 'new')
                     for f in os.listdir(os.path.join(top, s))]
            path = found[0] if len(found) == 1 else None
        if path is None:
            raise Failure('no such message')
        with open(path, 'rb') as f:
            got = f.read()
        if got != self.octets(step, given):
            raise Failure('the file holds %r' % got[:400])
        if 'mtime' in given and int(os.stat(path).st_mtime) != int(given['mtime']):
            raise Failure('its mtime is %d' % os.stat(path).st_mtime)

    def check_private(self, step, given, rest):
        for top, directories, files in os.walk(self.box.root):
            for name in directories + files:
                if os.stat(os.path.join(top, name)).st_mode & 0o077:
                    raise Failure('others may look into %s' % os.path.join(top, name))

    def check_log(self, step, given, rest):
        text = ' '.join(step.words[1:])
        for _ in range(20):
            log = self.read_log()
            if re.search(text, log):
                return
            time.sleep(0.1)
        raise Failure('not in the log: %s' % text)

    def check_nolog(self, step, given, rest):
        if re.search(' '.join(step.words[1:]), self.read_log()):
            raise Failure('in the log: %s' % ' '.join(step.words[1:]))

    def check_exit(self, step, given, rest):
        self.expected_exit = int(rest[0])

    # --- The end -------------------------------------------------------------------------------

    def read_log(self):
        with open(os.path.join(self.top, 'log'), 'rb') as f:
            return f.read().decode('latin-1')

    def finish(self):
        for conn in sorted(self.connections):
            try:
                code, rest = self.connections[conn].finish()
            except server.Timeout:
                raise Failure(self.report(None, 'connection %d: the server does not end' % conn)) \
                    from None
            self.codes.append(code)
            stray = [r for r in rest if not r.startswith(b'* ')]
            if stray:
                raise Failure(self.report(None, 'more came at the end: %r' % stray[:3]))
        self.connections = {}
        for code in self.codes:
            if code < 0 or code > 128:
                raise Failure(self.report(None, 'the server died of signal %d' % (code & 127)))
            if self.expected_exit is not None and code != self.expected_exit:
                raise Failure(self.report(None, 'exit status %d' % code))
        if re.search(r'AddressSanitizer|LeakSanitizer|runtime error:', self.read_log()):
            raise Failure(self.report(None, 'the sanitizer has something to say'))

    def report(self, step, problem):
        out = [problem]
        if step is not None:
            out[0] = 'line %d: %s' % (step.line, problem)
            if step.kind == 'expect':
                out.append('  expected:')
                out += ['    %s' % shown(m + ' ' + t if m else t) for m, t in step.wants]
        for conn, seen in sorted(self.seen.items()):
            out.append('  connection %d, the last of it:' % conn)
            out += ['    %s' % shown(s) for s in seen[-12:]]
        log = self.read_log().strip().split('\n')
        if log != ['']:
            out.append('  log:')
            out += ['    ' + line for line in log[-12 if 'anitizer' not in problem else 0:]][:60]
        return '\n'.join(out)

    def clean(self):
        for c in self.connections.values():
            c.kill()
        self.log.close()
        if self.mounted:
            subprocess.run(['umount', '-l', self.box_path], check=False)
        if self.keep:
            return
        for top, directories, _ in os.walk(self.top):
            for d in directories:
                path = os.path.join(top, d)
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
        shutil.rmtree(self.top, ignore_errors=True)


def shown(text):
    text = text.encode('unicode_escape').decode().replace('\\r\\n', '\\r\\n\n      ')
    return text if len(text) < 1500 else text[:1500] + ' ...'


def play(path, way, layout, imapd, keep):
    """'' for success, 'skip: ...', or what went wrong."""
    player = None
    try:
        player = Player(script.Script(path), way, layout, imapd, keep)
        player.prepare()
        player.play()
        return ''
    except Skip as reason:
        return 'skip: %s' % reason
    except (Failure, script.ScriptError) as problem:
        return str(problem)
    except Exception as problem:  # a fault of the runner is a failed test, not a lost one
        import traceback
        return 'the runner itself: ' + ''.join(traceback.format_exception(problem))
    finally:
        if player:
            player.clean()

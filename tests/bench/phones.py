"""Many clients in one process, each as a mail program on a phone is: in IDLE most of the time,
fetching what was delivered, now and then reading, looking into other folders, setting a flag,
searching; and gone and back again."""

import asyncio
import random
import re

LITERAL = re.compile(rb'\{(\d+)\}\r\n$')
PASSWORD = b'bench'
SECONDS = 60           # how long an answer may take
BETWEEN = 25.0         # seconds, on average, between two things that one person does
LINE_MAX = 1 << 20


class Trouble(Exception):
    """NO, BAD, or an end of the connection."""


def now():
    return asyncio.get_running_loop().time()


class Account:
    """A user: several phones, and who delivers to them. deliver(): a message is there, at once."""

    def __init__(self, name, folders, deliver):
        self.name, self.folders, self.deliver = name, folders, deliver
        self.delivered = 0
        self.last = 0.0   # when, on the loop's clock

    def mail_comes(self):
        self.last = now()
        self.deliver()
        self.delivered += 1


class Phone:
    """One session. told(what, seconds) is called with what is measured."""

    def __init__(self, port, account, seed, told):
        self.port, self.account, self.told = port, account, told
        self.r = random.Random(seed)
        self.count = self.exists = self.uidnext = 0
        self.stopping = False
        self.lines = self.writer = self.pump = None

    def stop(self):
        self.stopping = True
        self.lines.put_nowait(None)

    # --- The protocol ------------------------------------------------------------------------

    async def read_all(self, reader):
        """Every response, with its literals, goes to self.lines; at the end an exception."""
        try:
            whole = b''
            while (line := await reader.readline()).endswith(b'\n'):
                whole += line
                if literal := LITERAL.search(line):
                    whole += await reader.readexactly(int(literal[1]))
                else:
                    self.take(whole)
                    self.lines.put_nowait(whole)
                    whole = b''
            self.lines.put_nowait(Trouble('the connection has ended after %r' % whole[-100:]))
        except (OSError, ValueError, asyncio.IncompleteReadError) as error:
            self.lines.put_nowait(Trouble(repr(error)))

    def take(self, line):
        if m := re.match(rb'\* (\d+) EXISTS', line):
            self.exists = int(m[1])
        elif re.match(rb'\* \d+ EXPUNGE', line):
            self.exists -= 1
        elif m := re.search(rb'\[UIDNEXT (\d+)\]', line):
            self.uidnext = int(m[1])

    async def response(self, seconds=SECONDS):
        """None: it was told to stop."""
        got = await asyncio.wait_for(self.lines.get(), seconds)
        if isinstance(got, Trouble):
            raise got
        return got

    def send(self, command):
        self.count += 1
        tag = b'p%d ' % self.count
        self.writer.write(tag + command + b'\r\n')
        return tag

    async def finish(self, tag):
        untagged = []
        while (line := await self.response()) is None or not line.startswith(tag):
            untagged.append(line or b'')
        if not line.startswith(tag + b'OK'):
            raise Trouble(line.decode(errors='replace').strip())
        return untagged

    async def run(self, what, command):
        began = now()
        untagged = await self.finish(self.send(command))
        self.told(what, now() - began)
        return untagged

    # --- What it does ------------------------------------------------------------------------

    async def connect(self):
        began = now()
        self.lines = asyncio.Queue()
        reader, self.writer = await asyncio.open_connection('127.0.0.1', self.port, limit=LINE_MAX)
        self.pump = asyncio.create_task(self.read_all(reader))
        await self.response()
        await self.finish(self.send(b'LOGIN %s %s' % (self.account.name, PASSWORD)))
        self.told('connect + login', now() - began)
        await self.run('SELECT', b'SELECT INBOX')

    async def leave(self):
        await self.finish(self.send(b'LOGOUT'))
        self.writer.close()
        await self.pump

    async def look_at_news(self):
        """What was delivered: first what a list shows, sometimes the message itself."""
        untagged = await self.run('FETCH of news',
                                  b'UID FETCH %d:* (UID FLAGS ENVELOPE BODYSTRUCTURE)' % self.uidnext)
        found = [int(m[1]) for u in untagged if (m := re.search(rb'UID (\d+)', u))]
        fresh = [uid for uid in found if uid >= self.uidnext]
        if fresh:
            self.uidnext = max(fresh) + 1
            if self.r.random() < 0.25:
                await self.run('FETCH of a body', b'UID FETCH %d (BODY.PEEK[])' % fresh[-1])

    async def do_something(self):
        drawn, number = self.r.random(), self.r.randint(1, max(1, self.exists))
        if drawn < 0.35:
            await self.run('FETCH of a body', b'FETCH %d (BODY.PEEK[])' % number)
            await self.run('STORE', b'STORE %d +FLAGS.SILENT (\\Seen)' % number)
        elif drawn < 0.60:
            for folder in self.account.folders:
                await self.run('STATUS', b'STATUS %s (MESSAGES UNSEEN UIDNEXT)' % folder)
        elif drawn < 0.75:
            await self.run('FETCH of a list', b'FETCH %d:* (UID FLAGS ENVELOPE)' % max(1, self.exists - 49))
        elif drawn < 0.85:
            await self.run('SEARCH', b'SEARCH SUBJECT "meeting"')
        elif drawn < 0.95:
            await self.run('SELECT', b'SELECT ' + self.r.choice(self.account.folders))
            await self.run('FETCH of a list', b'FETCH 1:* (UID FLAGS ENVELOPE)')
            await self.run('SELECT', b'SELECT INBOX')
        else:
            await self.leave()
            await self.connect()

    async def idle(self, seconds):
        """Until mail comes, or so long, or the end."""
        before = self.exists
        tag = self.send(b'IDLE')
        while not (await self.response() or b'').startswith(b'+'):
            pass
        since, until = now(), now() + seconds
        while self.exists <= before and not self.stopping and now() < until:
            try:
                await self.response(until - now())
            except asyncio.TimeoutError:
                break
        if self.exists > before and self.account.last > since:
            self.told('IDLE: delivery to EXISTS', now() - self.account.last)
        self.writer.write(b'DONE\r\n')
        await self.finish(tag)

    async def live(self):
        """Until it is told to stop."""
        known = self.exists
        while not self.stopping:
            await self.idle(self.r.expovariate(1 / BETWEEN))
            if self.exists > known:
                await self.look_at_news()
            elif not self.stopping:
                await self.do_something()
            known = self.exists

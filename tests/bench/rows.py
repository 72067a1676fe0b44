"""The rows of the table: each a function that measures one server once and returns milliseconds
(or KiB). The runner calls it for one server and the other in turn, as often as there are runs.

Each opens its own session, as a client that has just connected finds things; what comes before
the thing itself is not timed. "Again" rows are warmed by one call that does not count."""

import statistics
import time
from contextlib import contextmanager

from client import now
from servers import PASSWORD, USER
from side import FOLDERS, pss

ROWS = []

LOGIN = b'LOGIN %s %s' % (USER.pw_name.encode(), PASSWORD.encode())

LIST_HEADERS = (b'From To Cc Bcc Subject Date Message-ID Priority X-Priority References '
                b'In-Reply-To Content-Type Reply-To')  # what Thunderbird asks for


class Row:
    """label: for people; %s in it is `count`, which is smaller in a small Maildir. reach: of
    Dovecot's figure. needs: capabilities without which a server has no such command."""

    def __init__(self, label, reach, needs, again, count, unit, measure):
        self.label, self.reach, self.needs, self.again = label, reach, needs, again
        self.count, self.unit, self.measure = count, unit, measure

    def label_for(self, side):
        return self.label % format(side.count(self.count), ',') if '%s' in self.label \
            else self.label

    def lacks(self, side):
        return sorted(set(self.needs) - side.capabilities)


def row(label, reach, needs=(), again=False, count=0, unit='ms'):
    def add(measure):
        ROWS.append(Row(label, reach, needs, again, count, unit, measure))
        return measure
    return add


def fetch_all(side, items, root=None):
    with side.selected(root) as client:
        return client.timed(b'FETCH 1:* ' + items)


def search(side, command):
    with side.selected() as client:
        return client.timed(command)


# --- Connecting and selecting --------------------------------------------------------------------


@row('connect + login', 0.25, again=True)
def login(side):
    side.server.serve(side.many)
    times = []
    for _ in range(20):
        start = now()
        client = side.server.connect()
        client.run(LOGIN)
        times.append(now() - start)
        client.close()
    return statistics.median(times)


def select(side):
    with side.client() as client:
        return client.timed(b'SELECT INBOX')


@row('SELECT, nothing changed, new session', 0.5, again=True)
def select_unchanged(side):
    side.be_used()
    return select(side)


@row('SELECT again in the same session', 0.5, again=True)
def select_again(side):
    with side.selected() as client:
        client.run(b'UNSELECT')
        return client.timed(b'SELECT INBOX')


@row('SELECT after a delivery', 0.02, again=True)
def select_after_delivery(side):
    side.settle()
    side.deliver()
    return select(side)


@row('SELECT after a flag change by others', 0.4, again=True)
def select_after_flag(side):
    side.settle()
    side.change_a_flag()
    return select(side)


# --- Fetching ------------------------------------------------------------------------------------


@row('FETCH 1:* (UID FLAGS)', 0.25, again=True)
def fetch_flags(side):
    return fetch_all(side, b'(UID FLAGS)')


@row('FETCH 1:* sizes and dates, first', 0.4)
def fetch_sizes_first(side):
    """Of messages whose names do not tell their sizes."""
    side.forget(side.bare)
    return fetch_all(side, b'(UID RFC822.SIZE INTERNALDATE)', side.bare)


@row('FETCH 1:* sizes and dates, again', 0.06, again=True)
def fetch_sizes_again(side):
    return fetch_all(side, b'(UID RFC822.SIZE INTERNALDATE)', side.bare)


@row('FETCH 1:* ENVELOPE, again', 0.08, again=True)
def fetch_envelope(side):
    return fetch_all(side, b'ENVELOPE')


@row('FETCH 1:* BODYSTRUCTURE, again', 0.15, again=True)
def fetch_structure(side):
    return fetch_all(side, b'BODYSTRUCTURE')


@row('FETCH 1:* 13 header fields, again', 0.1, again=True)
def fetch_headers(side):
    return fetch_all(side, b'BODY.PEEK[HEADER.FIELDS (%s)]' % LIST_HEADERS)


@row('FETCH 1:* BODY.PEEK[]', 0.45, again=True)
def fetch_bodies(side):
    return fetch_all(side, b'BODY.PEEK[]')


@row('FETCH 1:* BODY.PEEK[] over TLS', 1, again=True)
def fetch_bodies_tls(side):
    side.server.serve(side.main, True)
    with side.server.connect() as client:
        client.run(LOGIN)
        client.run(b'SELECT INBOX')
        return client.timed(b'FETCH 1:* BODY.PEEK[]')


@row('%s single FETCH BODY.PEEK[]', 0.4, count=1000, again=True)
def fetch_singly(side):
    n = side.count(1000)
    with side.selected() as client:
        start = now()
        for i in range(n):
            client.run(b'FETCH %d BODY.PEEK[]' % (1 + i * (side.n // n)))
        return now() - start


# --- Searching -----------------------------------------------------------------------------------


@row('SEARCH FROM', 0.1, again=True)
def search_from(side):
    return search(side, b'SEARCH FROM "evans"')


@row('SEARCH SUBJECT', 0.1, again=True)
def search_subject(side):
    return search(side, b'SEARCH SUBJECT "chapter 77"')


@row('SEARCH BODY, no match', 0.25, again=True)
def search_body(side):
    return search(side, b'SEARCH BODY "xylophone"')


@row('SORT (DATE), again', 0.2, needs=['SORT'], again=True)
def sort_date(side):
    return search(side, b'SORT (DATE) UTF-8 ALL')


@row('THREAD REFERENCES, again', 0.2, needs=['THREAD=REFERENCES'], again=True)
def thread(side):
    return search(side, b'THREAD REFERENCES UTF-8 ALL')


def highest_modseq(answer):
    return int(answer.split(b'[HIGHESTMODSEQ ')[1].split(b']')[0])


@row('CHANGEDSINCE, 10 changed', 0.1, needs=['CONDSTORE'], again=True)
def changed_since(side):
    with side.client() as client:
        before = highest_modseq(client.run(b'SELECT INBOX (CONDSTORE)'))
        step = side.n // 10
        for command in (b'+FLAGS', b'-FLAGS'):
            client.run(b'STORE %s %s.SILENT (\\Flagged)' % (
                b','.join(b'%d' % (1 + i * step) for i in range(10)), command))
    with side.client() as client:
        client.run(b'SELECT INBOX (CONDSTORE)')
        return client.timed(b'FETCH 1:* (UID FLAGS) (CHANGEDSINCE %d)' % before)


# --- Changing ------------------------------------------------------------------------------------


@row('STORE a flag on %s', 0.95, count=10_000)
def store(side):
    with side.selected() as client:
        numbers = b'1:%d' % side.count(10_000)
        client.run(b'STORE %s -FLAGS.SILENT (\\Flagged)' % numbers)
        time.sleep(0.1)
        return client.timed(b'STORE %s +FLAGS.SILENT (\\Flagged)' % numbers)


@contextmanager
def folder(client, name=b'bench'):
    """An empty folder, gone afterwards."""
    client.run(b'CREATE ' + name)
    try:
        yield name
    finally:
        client.run(b'SELECT INBOX')
        client.run(b'DELETE ' + name)


FOUR_KB = (b'From: me@example.org\r\nSubject: appended\r\n\r\n' + b'0123456789 ' * 400)[:4094] \
    + b'\r\n'


@row('APPEND 4 KB, one', 0.6)
def append(side):
    with side.client(side.many) as client, folder(client) as name:
        command = b'APPEND %s {%d+}\r\n%s' % (name, len(FOUR_KB), FOUR_KB)
        return statistics.median(client.timed(command) for _ in range(30))


@row('APPEND 4 KB, 500 in one, each', 0.3, needs=['MULTIAPPEND'])
def append_many(side):
    with side.client(side.many) as client, folder(client) as name:
        message = b' {%d+}\r\n%s' % (len(FOUR_KB), FOUR_KB)
        return client.timed(b'APPEND ' + name + message * 500) / 500


@row('COPY %s', 0.5, count=2000)
def copy(side):
    with side.selected() as client, folder(client) as name:
        return client.timed(b'COPY %s %s' % (side.untouched(2000), name))


@contextmanager
def copies(side):
    """A client that has selected a folder of messages it may lose."""
    with side.selected() as client, folder(client) as name:
        client.run(b'COPY %s %s' % (side.untouched(2000), name))
        client.run(b'SELECT ' + name)
        yield client


@row('MOVE %s', 0.5, count=2000, needs=['MOVE'])
def move(side):
    with copies(side) as client, folder(client, b'bench2') as name:
        return client.timed(b'MOVE 1:* ' + name)


@row('EXPUNGE %s', 0.5, count=2000)
def expunge(side):
    with copies(side) as client:
        client.run(b'STORE 1:* +FLAGS.SILENT (\\Deleted)')
        return client.timed(b'EXPUNGE')


# --- The account, waiting, memory ----------------------------------------------------------------


@row('LIST with STATUS of %d folders' % FOLDERS, 0.1, needs=['LIST-STATUS'], again=True)
def list_status(side):
    with side.client(side.many) as client:
        return client.timed(b'LIST "" "*" RETURN (STATUS (MESSAGES UNSEEN UIDNEXT))')


@row('IDLE: delivery to EXISTS', 0.01, again=True)
def idle(side):
    side.settle()
    with side.selected() as client:
        tag = client.send(b'IDLE')
        client.wait_for(b'+ ')
        time.sleep(0.3)
        deliver = side.prepare_delivery()
        start = now()
        deliver()
        client.wait_for(b' EXISTS\r\n')
        took = now() - start
        client.sock.sendall(b'DONE\r\n')
        client.answer(tag)
        return took


def memory(side, root):
    """Of ten connections that wait for their clients, each."""
    clients = [side.selected(root) for _ in range(10)]
    try:
        time.sleep(0.5)
        return sum(pss(client.process.pid) for client in clients) / len(clients)
    finally:
        for client in clients:
            client.close()


@row('memory a connection (PSS), small folder', 0.5, unit='KiB', again=True)
def memory_small(side):
    return memory(side, side.many)


@row('memory a connection (PSS), the whole folder selected', 0.5, unit='KiB', again=True)
def memory_large(side):
    return memory(side, side.main)

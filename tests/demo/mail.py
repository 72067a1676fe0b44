#!/usr/bin/python3
"""Makes the sample Maildir of `make demo`: tests/demo/mail.py [--until EPOCH] DIRECTORY

Some 200 messages in a few folders, as varied as mail is: plain, HTML, alternatives,
attachments, messages in messages; Russian in three charsets, Japanese in two; threads, flags,
keywords, a year of dates. The same messages each time, but for the year they end with.
"""

import argparse
import base64
import os
import random
import re
import struct
import sys
import time
import zlib
from email import charset, encoders, policy
from email.header import Header
from email.mime.application import MIMEApplication
from email.mime.base import MIMEBase
from email.mime.image import MIMEImage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import formataddr, formatdate

DAY = 86400
ME = ('Demo User', 'demo@example.org')
PEOPLE = [('Anna Bergström', 'anna@example.org'), ('Bob Carter', 'bob@example.com'),
          ('Chidi Okafor', 'chidi@example.net'), ('Dana "Dee" Evans', 'dee@example.com'),
          ('Élodie Dupont', 'elodie@example.org'), ('Farid', 'farid@example.net'),
          ('Build Robot', 'builds@example.org'), ('', 'noreply@shop.example')]
RUSSIANS = [('Иван Петров', 'ivan@example.ru'), ('Мария Соколова', 'maria@example.ru'),
            ('Отдел кадров', 'hr@example.ru')]
JAPANESE = [('山田太郎', 'yamada@example.jp'), ('佐藤花子', 'sato@example.jp')]
SUBJECTS = ['Lunch on Thursday?', 'Minutes of the meeting', 'Invoice 2041', 'Holiday pictures',
            'The printer again', 'Draft of chapter three', 'Re-scheduling', 'Your order has left',
            'Backup finished with 0 errors', 'A question about Maildir', 'Garden party',
            'Café opening hours', 'Train tickets', 'Notes for the talk', 'Keys', 'Old bicycle']
THREADS = ['index format, second try', 'IDLE and battery life', 'what does , mean in a file name',
           '[PATCH] parser: refuse NUL in quoted strings', 'release plan', 'flag letters',
           'how long should a lock live?']
RUSSIAN = [('Привет!', 'Привет! Как дела? Давно не виделись.'),
           ('Встреча в среду', 'Коллеги, встреча переносится на среду, в 15:00, переговорная 3.'),
           ('Отчёт за квартал', 'Отчёт во вложении. Жду замечаний до пятницы.'),
           ('С днём рождения', 'Поздравляю! Счастья, здоровья, успехов.'),
           ('Заявка на отпуск', 'Прошу согласовать отпуск с первого числа на две недели.')]
JAPANESE_TEXTS = [('会議の予定', '来週の会議は水曜日の午後三時からです。よろしくお願いします。'),
                  ('写真を送ります', '先日の旅行の写真を添付します。'),
                  ('お誕生日おめでとう', 'お誕生日おめでとうございます。'),
                  ('資料について', '資料を確認しました。問題ありません。')]
WORDS = ('mail server folder message letter reader quick small careful answer question paper '
         'window river garden morning evening number order table summer winter simple').split()

# Quoted-printable for UTF-8, so that a demo shows more than base64.
charset.add_charset('utf-8', charset.SHORTEST, charset.QP)


def png():
    """A small image, made here: 16 x 16, one colour."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I',
                                                                        zlib.crc32(kind + data))
    rows = b''.join(b'\0' + b'\x40\x80\xc0' * 16 for _ in range(16))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 16, 16, 8, 2, 0, 0, 0))
            + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


class Sample:
    def __init__(self, root, until):
        self.root, self.until = root, until
        self.random = random.Random(3501)
        self.count = 0

    # --- Texts ---------------------------------------------------------------------------------

    def prose(self, paragraphs):
        out = []
        for _ in range(paragraphs):
            words = [self.random.choice(WORDS) for _ in range(self.random.randint(12, 60))]
            text = ' '.join(words).capitalize() + '.'
            out.append('\n'.join(re.findall(r'.{1,70}(?:\s|$)', text)))
        return '\n\n'.join(out) + '\n\n-- \nsent from a sample\n'

    def address(self, person, encoding='utf-8'):
        name = person[0]
        if name and not name.isascii():
            return '%s <%s>' % (Header(name, encoding).encode(), person[1])
        return formataddr(person)

    def headers(self, message, sender, subject, when, encoding='utf-8', to=ME, parent=None):
        self.count += 1
        message['Received'] = 'from mx.example.org by mail.example.org; ' + formatdate(when + 3)
        message['From'] = self.address(sender, encoding)
        message['To'] = self.address(to)
        if self.random.random() < 0.2:
            message['Cc'] = ', '.join(self.address(p) for p in self.random.sample(PEOPLE[:6], 2))
        message['Subject'] = subject if subject.isascii() else Header(subject, encoding)
        message['Date'] = formatdate(when, localtime=False)
        message['Message-ID'] = '<demo.%d@example.org>' % self.count
        if parent is not None:
            message['In-Reply-To'] = parent['Message-ID']
            message['References'] = ' '.join(filter(None, [parent['References'],
                                                           parent['Message-ID']]))
        return message

    # --- Kinds of messages -----------------------------------------------------------------------

    def plain(self, subject):
        return MIMEText(self.prose(self.random.randint(1, 5)), 'plain', 'us-ascii')

    def html(self, subject):
        page = '<html><body><h1>%s</h1><p>%s</p></body></html>\n' % (subject, self.prose(1))
        return MIMEText(page, 'html', 'utf-8')

    def alternative(self, subject):
        message = MIMEMultipart('alternative', boundary='=_alt%d' % self.count)
        message.attach(MIMEText(self.prose(2), 'plain', 'utf-8'))
        message.attach(self.html(subject))
        return message

    def attachments(self, subject):
        message = MIMEMultipart('mixed', boundary='=_mix%d' % self.count)
        message.attach(MIMEText(self.prose(1), 'plain', 'utf-8'))
        image = MIMEImage(png())
        image.add_header('Content-Disposition', 'attachment', filename='picture.png')
        message.attach(image)
        data = self.random.randbytes(self.random.randint(500, 60000))
        other = MIMEApplication(data)
        other.add_header('Content-Disposition', 'attachment',
                         filename=('utf-8', '', 'отчёт за квартал.bin'))
        message.attach(other)
        return message

    def forwarded(self, subject):
        inner = self.headers(self.attachments('inner'), self.random.choice(PEOPLE[:6]),
                             'The first message', self.until - 300 * DAY)
        message = MIMEMultipart('mixed', boundary='=_fwd%d' % self.count)
        message.attach(MIMEText('See below.\n', 'plain', 'us-ascii'))
        message.attach(MIMEMessage(inner))
        return message

    def signed(self, subject):
        message = MIMEMultipart('signed', boundary='=_sig%d' % self.count,
                                protocol='application/pgp-signature', micalg='pgp-sha512')
        message.attach(self.plain(subject))
        part = MIMEBase('application', 'pgp-signature', name='signature.asc')
        part.set_payload('-----BEGIN PGP SIGNATURE-----\n\nZGVtbw==\n'
                         '-----END PGP SIGNATURE-----\n')
        encoders.encode_7or8bit(part)
        message.attach(part)
        return message

    def national(self, text, encoding, transfer):
        """A text in a national charset, encoded as its senders do: 8bit, base64, 7bit."""
        message = MIMEBase('text', 'plain', charset=encoding)
        octets = (text + '\n').encode(encoding)
        if transfer == 'base64':
            payload = base64.encodebytes(octets).decode()
        else:
            payload = octets.decode('ascii', 'surrogateescape')
        message.set_payload(payload)
        message['Content-Transfer-Encoding'] = transfer
        return message

    # --- The Maildir -----------------------------------------------------------------------------

    def folder(self, name):
        path = self.root if name == 'INBOX' else os.path.join(
            self.root, '.' + '.'.join(mutf7(level) for level in name.split('/')))
        for sub in ('cur', 'new', 'tmp'):
            os.makedirs(os.path.join(path, sub), mode=0o700, exist_ok=True)
        if path != self.root:
            open(os.path.join(path, 'maildirfolder'), 'wb').close()
        return path

    def store(self, folder, message, when, flags=None):
        """flags None: just delivered."""
        octets = message.as_bytes(policy=policy.compat32)
        name = '%d.M%dP%d.demo,S=%d,W=%d' % (when, self.count, 1000 + self.count, len(octets),
                                             len(octets) + octets.count(b'\n'))
        path = self.folder(folder)
        path = os.path.join(path, 'new', name) if flags is None else \
            os.path.join(path, 'cur', '%s:2,%s' % (name, ''.join(sorted(flags))))
        with open(path, 'wb') as f:
            f.write(octets)
        os.chmod(path, 0o600)
        os.utime(path, (when, when))
        return message

    def flags(self):
        out = {'S'} if self.random.random() < 0.8 else set()
        for letter, chance in (('R', 0.2), ('F', 0.1), ('P', 0.05), ('a', 0.05), ('b', 0.03)):
            if self.random.random() < chance:
                out.add(letter)
        return out

    def when(self, days):
        return int(self.until - self.random.random() * days * DAY)

    def correspondence(self, folder, messages, days=365, mine=False):
        kinds = [self.plain, self.plain, self.plain, self.html, self.alternative,
                 self.attachments, self.forwarded, self.signed]
        for i in range(messages):
            subject, when = self.random.choice(SUBJECTS), self.when(days)
            other = self.random.choice(PEOPLE)
            message = kinds[i % len(kinds)](subject)
            sender, to = (ME, other) if mine else (other, ME)
            self.headers(message, sender, subject, when, to=to)
            self.store(folder, message, when, {'S'} if mine else self.flags())

    def threads(self, folder):
        for subject in THREADS:
            when = self.when(300)
            parent = self.headers(self.plain(subject), self.random.choice(PEOPLE[:6]), subject,
                                  when, to=('', 'list@lists.example.org'))
            seen = [self.store(folder, parent, when, self.flags())]
            for _ in range(self.random.randint(3, 7)):
                when = min(when + self.random.randint(600, 2 * DAY), self.until - 60)
                message = self.headers(self.plain(subject), self.random.choice(PEOPLE[:6]),
                                       'Re: ' + subject, when,
                                       to=('', 'list@lists.example.org'),
                                       parent=self.random.choice(seen))
                message['List-Id'] = '<list.lists.example.org>'
                seen.append(self.store(folder, message, when, self.flags()))

    def in_language(self, folder, texts, people, encodings, messages):
        for i in range(messages):
            subject, text = texts[i % len(texts)]
            encoding, transfer = encodings[i % len(encodings)]
            when = self.when(365)
            message = self.headers(self.national(text, encoding, transfer),
                                   people[i % len(people)], subject, when, encoding)
            self.store(folder, message, when, self.flags())

    def arrivals(self, messages):
        for i in range(messages):
            when = self.until - (messages - i) * 1800
            subject = self.random.choice(SUBJECTS)
            self.store('INBOX', self.headers(self.plain(subject), self.random.choice(PEOPLE),
                                             subject, when), when)

    def files(self, folders):
        """What stands beside the messages, in Dovecot's formats."""
        for name in folders:
            with open(os.path.join(self.folder(name), 'dovecot-keywords'), 'w') as f:
                f.write('0 $Label1\n1 work\n')
        with open(os.path.join(self.root, 'subscriptions'), 'w') as f:
            f.write('V\t2\n\n')
            for name in folders:
                f.write('\t'.join(mutf7(level) for level in name.split('/')) + '\n')


def mutf7(name):
    """RFC 3501 section 5.1.3."""
    def encode(m):
        if m[0] == '&':
            return '&-'
        octets = base64.b64encode(m[0].encode('utf-16-be')).decode()
        return '&' + octets.rstrip('=').replace('/', ',') + '-'
    return re.sub(r'&|[^\x20-\x7e]+', encode, name)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument('--until', type=int, default=int(time.time()))
    arguments.add_argument('directory')
    arguments = arguments.parse_args()
    sample = Sample(arguments.directory, arguments.until)
    folders = ['INBOX', 'Archive/Last year', 'Drafts', 'Lists/imapd', 'Sent', 'Trash',
               'Входящие/Работа', '受信箱']
    for name in folders:
        sample.folder(name)
    sample.correspondence('INBOX', 60)
    sample.in_language('INBOX', RUSSIAN, RUSSIANS,
                       [('koi8-r', '8bit'), ('windows-1251', 'base64'), ('utf-8', 'base64')], 6)
    sample.in_language('INBOX', JAPANESE_TEXTS, JAPANESE,
                       [('iso-2022-jp', '7bit'), ('utf-8', 'base64')], 4)
    sample.correspondence('Archive/Last year', 24)
    sample.threads('Lists/imapd')
    sample.correspondence('Sent', 16, mine=True)
    draft = sample.headers(sample.plain('x'), ME, 'Not finished', sample.until - 5 * DAY)
    sample.store('Drafts', draft, sample.until - 5 * DAY, {'D', 'S'})
    sample.correspondence('Trash', 4, 30)
    sample.in_language('Входящие/Работа', RUSSIAN, RUSSIANS,
                       [('koi8-r', '8bit'), ('windows-1251', '8bit'), ('windows-1251', 'base64'),
                        ('utf-8', '8bit')], 20)
    sample.in_language('受信箱', JAPANESE_TEXTS, JAPANESE,
                       [('iso-2022-jp', '7bit'), ('utf-8', 'base64'), ('utf-8', '8bit')], 12)
    sample.arrivals(5)
    sample.files(folders)
    total = sum(len(files) for top, _, files in os.walk(sample.root)
                if os.path.basename(top) in ('cur', 'new'))
    print('%d messages in %d folders' % (total, len(folders)))
    return 0


if __name__ == '__main__':
    os.umask(0o077)
    sys.exit(main())

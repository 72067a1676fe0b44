"""Messages in messages (RFC 2046 section 5.2.1), and part numbers through them."""

from . import case, octets

INNER = 'Subject: inner\nFrom: in@example.org\nDate: Sat, 1 Jan 2000 00:00:00 +0000\n\ninner text\n'


def embedded(name, word, body, fields='', **search):
    case('rfc822-' + name, word, b'Subject: outer\nContent-Type: message/rfc822\n' + octets(fields)
         + b'\n' + octets(body), **search)


def attached(name, word, body, fields='', after='', **search):
    case('rfc822-' + name, word,
         b'Subject: outer\nContent-Type: multipart/mixed; boundary=o\n\n--o\n\n'
         b'text\n--o\nContent-Type: message/rfc822\n' + octets(fields) + b'\n' + octets(body)
         + b'\n--o--\n' + octets(after), **search)


embedded('whole', 'the message is one that holds another', INNER,
         finds=['BODY inner', 'BODY inner text', 'BODY Subject: inner'], misses=['SUBJECT inner'])
embedded('twice', 'a message in a message in a message',
         'Subject: middle\nContent-Type: message/rfc822\n\n' + INNER,
         finds=['BODY middle', 'BODY inner text'])
embedded('without-header', 'no header in it', '\njust text\n', finds=['BODY just text'])
embedded('without-body', 'no body in it', 'Subject: inner\n\n')
embedded('without-blank', 'no empty line in it', 'Subject: inner\nFrom: a@b.example\n')
embedded('without-line-end', 'it ends in its header', 'Subject: inner')
embedded('empty', 'nothing in it', '')
embedded('text', 'text in place of a message', 'no message but words\nin lines\n')
embedded('mbox-from', 'an mbox line first', 'From a@b.example Sat Jan  1 00:00:00 2000\n' + INNER)
embedded('base64', 'in base64, which may not be', 'U3ViamVjdDogaW5uZXIKCnRleHQK\n',
         fields='Content-Transfer-Encoding: base64\n')
embedded('quoted-printable', 'in quoted-printable', 'Subject: inn=\ner\n\ntext\n',
         fields='Content-Transfer-Encoding: quoted-printable\n')
embedded('8bit', 'as 8bit', 'Subject: внутри\n\nтекст\n',
         fields='Content-Transfer-Encoding: 8bit\n',
         finds=['BODY внутри', 'BODY текст'])
embedded('multipart', 'a multipart in it',
         'Subject: inner\nContent-Type: multipart/mixed; boundary=i\n\n'
         '--i\n\none\n--i\n\ntwo\n--i--\nepilogue\n')
embedded('multipart-open', 'an open multipart in it',
         'Subject: inner\nContent-Type: multipart/mixed; boundary=i\n\n'
         '--i\n\none\n--i\n\ntwo\n')
embedded('multipart-empty', 'a multipart without parts in it',
         'Subject: inner\nContent-Type: multipart/mixed; boundary=i\n\n')
embedded('params', 'parameters of message/rfc822', INNER,
         fields='Content-Description: fwd\nContent-ID: <i@x.example>\n')
embedded('defaults', 'no Sender, no Reply-To in it', 'From: Group: a@b.example;\nSender:\n\nx\n')
embedded('long-lines', 'lines counted with its header', INNER + '\n' * 20)

attached('attached', 'a message as an attachment', INNER, finds=['BODY inner text',
         'BODY in@example.org'],
         misses=['SUBJECT inner', 'FROM in@example.org', 'SENTON 1-Jan-2000'])
attached('attached-two', 'two of them',
         INNER + '\n--o\nContent-Type: message/rfc822\n\nSubject: second\n\n2\n')
attached('attached-multipart', 'one with parts',
         'Subject: inner\nContent-Type: multipart/mixed; boundary=i\n\n'
         '--i\n\none\n--i\nContent-Type: image/gif\n\ntwo\n--i--\nepilogue\n',
         after='outer epilogue\n')
attached('attached-multipart-open', 'one whose multipart is open',
         'Subject: inner\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\none\n')
attached('attached-header-only', 'one of a header alone', 'Subject: inner\nFrom: a@b.example')
attached('attached-header-blank', 'one of a header and its empty line',
         'Subject: inner\nFrom: a@b.example\n')
attached('attached-empty', 'an empty one', '')
attached('attached-no-blank', 'no empty line after its MIME header', INNER, fields='X-Mime: yes\n')
attached('attached-upper', 'upper case', INNER, fields='CONTENT-DISPOSITION: ATTACHMENT\n')
attached('attached-boundary', 'the same boundary inside',
         'Subject: inner\nContent-Type: multipart/mixed; boundary=o\n\n--o\n\none\n--o--\n')
attached('attached-delimiter-in-header', 'a delimiter in its header', 'Subject: inner\nX-A: b')
attached('attached-twice', 'a message in a message in a part',
         'Subject: middle\nContent-Type: message/rfc822\n\n' + INNER)
attached('attached-html', 'HTML in it',
         'Subject: inner\nContent-Type: text/html\n\n<p>in<b>ner</b> html</p>\n',
         finds=['BODY inner html'])
attached('attached-encoded', 'an encoded subject in it',
         'Subject: =?koi8-r?B?8NLJ18XU?=\nContent-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: base64\n\n'
         '8NLJ18XU\n', finds=['BODY Subject: привет', 'BODY привет'])

case('rfc822-type-case', 'Message/RFC822', 'Content-Type: Message/RFC822\n\n' + INNER)
case('rfc822-type-quoted', 'parameters with it',
     'Content-Type: message/rfc822; name="a.eml"\n\n' + INNER)
case('rfc822-global', 'message/global (RFC 6532), which RFC 3501 does not know',
     'Content-Type: message/global\n\n' + INNER)
case('rfc822-in-alternative', 'a bounce',
     'Subject: Undelivered\nContent-Type: multipart/report; report-type=delivery-status;\n'
     ' boundary="r"\n\n--r\n\nIt failed.\n--r\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n'
     'Action: failed\n\n--r\nContent-Type: message/rfc822\n\n' + INNER + '\n--r--\n',
     finds=['BODY inner text', 'BODY failed'])
case('rfc822-headers', 'text/rfc822-headers',
     'Subject: Undelivered\nContent-Type: multipart/report; boundary="r"\n\n'
     '--r\n\nIt failed.\n--r\nContent-Type: text/rfc822-headers\n\nSubject: inner\n--r--\n')


def deep(depth):
    return ''.join('Subject: level %d\nContent-Type: message/rfc822\n\n' % i for i in range(depth)) \
        + 'Subject: bottom\n\nbottom\n'


case('rfc822-deep-10', 'ten within each other', deep(10))
case('rfc822-deep-40', 'forty', deep(40))
case('rfc822-deep-150', 'beyond the limit', deep(150))

case('rfc3501-numbers', 'the message of RFC 3501 section 6.4.5', (
    'Content-Type: multipart/mixed; boundary=m\n\n'
    '--m\nContent-Type: text/plain\n\n1\n'
    '--m\nContent-Type: application/octet-stream\n\n2\n'
    '--m\nContent-Type: message/rfc822\nX-Part: 3\n\n'
    'Subject: three\nContent-Type: multipart/mixed; boundary=n\n\n'
    '--n\nContent-Type: text/plain\n\n3.1\n'
    '--n\nContent-Type: application/octet-stream\n\n3.2\n--n--\n'
    '--m\nContent-Type: multipart/mixed; boundary=k\n\n'
    '--k\nContent-Type: image/gif\n\n4.1\n'
    '--k\nContent-Type: message/rfc822\n\n'
    'Subject: four two\nContent-Type: multipart/mixed; boundary=l\n\n'
    '--l\nContent-Type: text/plain\n\n4.2.1\n'
    '--l\nContent-Type: multipart/alternative; boundary=j\n\n'
    '--j\nContent-Type: text/plain\n\n4.2.2.1\n'
    '--j\nContent-Type: text/richtext\n\n4.2.2.2\n--j--\n--l--\n--k--\n--m--\n'))

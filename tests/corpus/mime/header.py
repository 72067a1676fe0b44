"""Header fields: folding, emptiness, doubles, and what is no field (RFC 5322 sections 2.2, 4.5)."""

from . import case, octets


def header(name, word, fields, body=b'body\n', **search):
    case('header-' + name, word, octets(fields) + b'\n\n' + octets(body), **search)


def subject(name, word, value, **search):
    header('subject-' + name, word, b'From: a@example.org\nSubject:' + octets(value), **search)


subject('plain', 'nothing odd', ' Hello World', finds=['SUBJECT lo wor', 'SUBJECT '],
        misses=['SUBJECT wor lo'])
subject('empty', 'an empty field', '', finds=['SUBJECT '], misses=['SUBJECT x'])
subject('blank', 'white space alone', '   ', finds=['SUBJECT '])
subject('missing-space', 'no space after the colon', 'Hello', finds=['SUBJECT hello'])
subject('tab', 'a tab after the colon', '\tHello')
subject('trailing-space', 'white space at the end', ' Hello   ')
subject('inner-space', 'several spaces between words', ' a   b', finds=['SUBJECT a   b'])
subject('folded', 'folded once', ' one\n two', finds=['SUBJECT one two'])
subject('folded-tab', 'folded with a tab', ' one\n\ttwo', finds=['SUBJECT one two'])
subject('folded-deep', 'folded before much white space', ' one\n      two')
subject('folded-first', 'folded before the first word', '\n one')
subject('folded-last', 'folded after the last word', ' one\n ')
subject('folded-blank', 'a line of white space within', ' one\n  \n two')
subject('folded-crlf', 'folded with CRLF', b' one\r\n two')
subject('folded-space-before', 'white space before the fold', ' one \n two',
        finds=['SUBJECT one'])
subject('folded-word', 'folded in a word', ' one\n  two three', finds=['SUBJECT three'])
subject('quotes', 'quotes and backslashes', ' say "hi" \\o/')
subject('parentheses', 'parentheses are no comment', ' a (b) c', finds=['SUBJECT a (b) c'])
subject('utf8', '8-bit: UTF-8', ' Привет, мир', finds=['SUBJECT привет'])
subject('latin1', '8-bit: windows-1252', b' caf\xe9')
subject('koi8r', '8-bit: KOI8-R', b' \xf0\xd2\xc9\xd7\xc5\xd4')
subject('utf8-broken', '8-bit: UTF-8 cut in a character', b' \xd0\x9f\xd1')
subject('control', 'control octets', b' a\x01\x7f\x1bb')
subject('nul', 'a NUL', b' a\0b')
subject('cr', 'a bare CR', b' a\rb')
subject('long', '5,000 octets in a line', ' ' + 'x' * 5000)
subject('long-998', 'as long as a line may be', ' ' + 'y' * 988)
subject('brace', 'looks like a literal', ' {5}')
subject('nil', 'the word NIL', ' NIL')
subject('percent', 'format directives', ' %s%n%d')
subject('two', 'two Subject fields', ' first\nSubject: second', finds=['SUBJECT first'])
subject('two-first-empty', 'two Subject fields, the first empty', '\nSubject: second')

header('date-empty', 'an empty Date', 'Date:\nFrom: a@example.org')
header('date-two', 'two Date fields', 'Date: Sat, 1 Jan 2000 00:00:00 +0000\n'
       'Date: Sun, 2 Jan 2000 00:00:00 +0000')
header('date-folded', 'a folded Date', 'Date: Sat,\n 1 Jan 2000\n 00:00:00 +0000')
header('date-comment', 'a comment in Date', 'Date: Sat, 1 Jan 2000 00:00:00 +0000 (UTC)')
header('message-id-empty', 'an empty Message-ID', 'From: a@example.org\nMessage-ID:')
header('message-id-folded', 'a folded Message-ID', 'Message-ID:\n <a@example.org>')
header('message-id-two', 'two ids in Message-ID', 'Message-ID: <a@example.org> <b@example.org>')
header('message-id-bare', 'no brackets', 'Message-ID: a@example.org')
header('message-id-comment', 'a comment after the id', 'Message-ID: <a@example.org> (added by mta)')
header('message-id-spaces', 'white space in the id', 'Message-ID: < a @ example.org >')
header('message-id-quoted', 'a quoted string in the id', 'Message-ID: <"a b"@example.org>')
header('in-reply-to-empty', 'an empty In-Reply-To', 'In-Reply-To:')
header('in-reply-to-two', 'two ids', 'In-Reply-To: <a@example.org>\n <b@example.org>')
header('in-reply-to-phrase', 'the form of RFC 822',
       'In-Reply-To: Your message of "Mon, 1 Jan 1990" <a@example.org>')
header('in-reply-to-fields', 'two In-Reply-To fields',
       'In-Reply-To: <a@example.org>\nIn-Reply-To: <b@example.org>')

header('none', 'no header at all: an empty line first', '')
header('name-case', 'names in odd case',
       'SUBJECT: upper\nfrom: a@example.org\nMeSsAgE-iD: <a@b.example>',
       finds=['SUBJECT upper', 'HEADER message-id a@b'])
header('name-space', 'white space before the colon', 'Subject : hello\nFrom\t: a@example.org')
header('name-folded', 'the colon on the next line', 'Subject\n : hello\nFrom: a@example.org')
header('name-empty', 'no name', ': nothing\nSubject: after\nFrom: a@example.org')
header('name-8bit', 'UTF-8 in a name', 'Тема: x\nSubject: after')
header('name-long', 'a name of 1,200 letters', 'X-' + 'n' * 1200 + ': v\nSubject: after')
header('name-prefix', 'names that begin alike', 'Sub: a\nSubject-X: b\nSubjec: c\nSubject: d')
header('no-colon', 'a line without a colon',
       'Subject: before\nno colon in this line\nFrom: a@example.org')
header('no-colon-first', 'a first line without a colon', 'no colon in this line\nSubject: after')
header('mbox-from', 'an mbox From_ line first',
       'From a@example.org Sat Jan  1 00:00:00 2000\nSubject: after')
header('mbox-from-quoted', 'a quoted mbox line first',
       '>From a@example.org Sat Jan  1 00:00:00 2000\nSubject: after')
header('continuation-first', 'a continuation of nothing', ' continued\nSubject: after')
header('space-line', 'a line of one space is no empty line', 'Subject: a\n \nFrom: b@example.org')
header('tab-line', 'a line of a tab', 'Subject: a\n\t\nFrom: b@example.org')
header('many', '2,000 fields', '\n'.join('X-Field-%d: %d' % (i, i) for i in range(2000))
       + '\nSubject: last')
header('same-many', 'one field 500 times', '\n'.join('Received: by host %d' % i for i in range(500))
       + '\nSubject: last', finds=['HEADER Received host 499'])
header('colon-alone', 'colons alone', ':\n::\n: :\nSubject: x')
header('x-empty', 'an unknown field that is empty', 'X-Empty:\nSubject: x',
       finds=['HEADER X-Empty '],
       misses=['HEADER X-None '])
header('x-colon', 'colons in a value', 'X-Url: http://example.org:80/\nSubject: x',
       finds=['HEADER x-url org:80'])
header('order', 'fields in another order',
       'To: t@example.org\nMessage-ID: <i@x.example>\nCc: c@example.org\n'
       'Subject: s\nFrom: f@example.org\nDate: Sat, 1 Jan 2000 00:00:00 +0000')
header('only-unknown', 'no field that ENVELOPE has', 'X-A: b\nX-C: d')
header('list', 'what lists add',
       'List-Id: <l.example.org>\nReferences: <a@x.example>\n <b@x.example>\n'
       'Subject: [l] x', finds=['HEADER References b@x', 'HEADER list-id '])

case('header-no-end', 'the file ends within the header', 'Subject: x\nFrom: a@example.org\n')
case('header-no-line-end', 'the file ends within a field', 'Subject: x\nFrom: a@example.org')
case('header-no-line-end-fold', 'the file ends within a fold', 'Subject: x\n ')
case('header-no-body', 'an empty line and no more', 'Subject: x\n\n')
case('header-alone-crlf', 'a header with CRLF and no empty line',
     b'Subject: x\r\nFrom: a@b.example\r\n')
case('header-empty-file', 'one line end', '\n')
case('header-two-empty-lines', 'the body begins with an empty line', 'Subject: x\n\n\nbody\n')
case('header-body-alone', 'text, no header, no empty line', 'just text\nof two lines\n')
case('header-body-alone-blank', 'text, an empty line, text', 'just text\n\nSubject: y\n')

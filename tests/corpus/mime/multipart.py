"""Multiparts and their boundaries (RFC 2046 section 5.1)."""

from . import case, octets


def multipart(name, word, body, boundary='b', subtype='mixed', end='\n', **search):
    case('multipart-' + name, word,
         b'Subject: multipart\nMIME-Version: 1.0\nContent-Type: multipart/'
         + octets(subtype) + b'; boundary=' + octets(boundary) + b'\n\n' + octets(body), **search)


TWO = '--b\n\none\n--b\nContent-Type: text/html\n\n<p>two</p>\n--b--\n'

multipart('two', 'nothing odd', TWO, finds=['BODY one', 'BODY two'], misses=['BODY onetwo'])
multipart('preamble', 'a preamble', 'This is the preamble.\n' + TWO)
multipart('epilogue', 'an epilogue', TWO + 'This is the epilogue.\n')
multipart('preamble-epilogue', 'both, of several lines',
          'pre 1\n\npre 2\n\n' + TWO + '\nepi 1\n\nepi 2\n',
          misses=['BODY epi 1'])
multipart('epilogue-no-line-end', 'an epilogue without a line end', TWO + 'end')
multipart('no-close', 'no closing boundary', '--b\n\none\n--b\n\ntwo\n', finds=['BODY two'])
multipart('no-close-no-line-end', 'no closing boundary, no line end', '--b\n\none\n--b\n\ntwo')
multipart('no-close-in-header', 'the file ends in the header of a part',
          '--b\n\none\n--b\nContent-Type: text/html')
multipart('no-close-after-header', 'the file ends with the header of a part',
          '--b\n\none\n--b\nContent-Type: text/html\n\n')
multipart('no-close-after-delimiter', 'the file ends with a delimiter', '--b\n\none\n--b')
multipart('no-close-after-delimiter-line', 'the file ends with a delimiter line',
          '--b\n\none\n--b\n')
multipart('close-no-line-end', 'no line end after the closing boundary', '--b\n\none\n--b--')
multipart('close-one-dash', 'one dash too few at the end', '--b\n\none\n--b-\n\ntwo\n--b--\n')
multipart('close-text', 'text after the closing boundary', '--b\n\none\n--b-- end\n')
multipart('close-twice', 'closed twice', '--b\n\none\n--b--\n--b--\n')
multipart('close-then-part', 'a part after the end', '--b\n\none\n--b--\n--b\n\ntwo\n--b--\n')
multipart('no-delimiter', 'no delimiter at all', 'text alone\nof two lines\n')
multipart('empty-body', 'no body', '')
multipart('empty-close', 'a closing boundary alone', '--b--\n')
multipart('empty-delimiter', 'a delimiter alone', '--b\n')
multipart('empty-preamble', 'a preamble and no part', 'preamble\n--b--\n')
multipart('empty-part', 'an empty part', '--b\n\n--b\n\ntwo\n--b--\n')
multipart('empty-parts', 'delimiters in a row', '--b\n--b\n--b\n--b--\n')
multipart('empty-part-two-lines', 'a part of empty lines', '--b\n\n\n\n--b--\n')
multipart('part-no-header', 'a part of one empty line and text', '--b\n\ntext\n--b--\n')
multipart('part-no-blank', 'a part of a header alone', '--b\nContent-Type: text/html\n--b--\n')
multipart('part-no-header-no-blank', 'text where a header should be',
          '--b\nno header here\nreally\n--b--\n')
multipart('part-header-garbage', 'garbage in the header of a part',
          '--b\ngarbage\nContent-Type: text/html\n\n<p>x</p>\n--b--\n')
multipart('part-blank-with-space', 'a line of a space for the empty line',
          '--b\nContent-Type: text/html\n \nx\n--b--\n')
multipart('part-ends-empty-line', 'an empty line before a delimiter',
          '--b\n\none\n\n--b\n\ntwo\n\n\n--b--\n')
multipart('one', 'one part', '--b\n\none\n--b--\n')
multipart('many', '200 parts', ''.join('--b\nContent-ID: <%d>\n\npart %d\n' % (i,
          i) for i in range(200))
          + '--b--\n', finds=['BODY part 199'])
multipart('subtype-unknown', 'an unknown subtype', TWO, subtype='x-unknown')
multipart('alternative', 'alternative', TWO, subtype='alternative')
multipart('subtype-comment', 'a comment after the subtype', TWO, subtype='mixed (really)')
multipart('params', 'more parameters', TWO, boundary='b; type="text/html"; start="<x>"',
          subtype='related')
multipart('fields', 'extension fields of a multipart', TWO,
          boundary='b\nContent-Disposition: inline; x=y\nContent-Language: en, de\n'
          'Content-Location: http://x.example/\nContent-ID: <m@x.example>')
multipart('digest', 'a digest',
          '--b\n\nSubject: one\nFrom: a@b.example\n\n1\n--b\n\nSubject: two\n\n2\n--b--\n',
          subtype='digest', finds=['BODY Subject: two'], misses=['SUBJECT two'])
multipart('digest-typed', 'a digest with a typed part',
          '--b\nContent-Type: text/plain\n\n1\n--b\n\nSubject: two\n\n2\n--b--\n', subtype='digest')
multipart('digest-bad-type', 'a digest with a bad Content-Type',
          '--b\nContent-Type: text\n\nSubject: one\n\n1\n--b--\n', subtype='digest')
multipart('digest-no-blank', 'a part of a digest without its empty header',
          '--b\nSubject: one\n\n1\n--b--\n', subtype='digest')
multipart('digest-in-digest', 'a digest in a digest',
          '--b\nContent-Type: multipart/digest; boundary=c\n\n--c\n\nSubject: in\n\n1\n--c--\n--b--\n',
          subtype='digest')
multipart('cte-base64', 'a multipart in base64, which may not be',
          'LS1iCgpvbmUKLS1iLS0K\n', boundary='b\nContent-Transfer-Encoding: base64')
multipart('cte-qp', 'a multipart in quoted-printable', '--b=\n\n\none\n--b--\n',
          boundary='b\nContent-Transfer-Encoding: quoted-printable')

# Boundaries.
multipart('boundary-quoted', 'in quotes', '--a b:c\n\none\n--a b:c--\n', boundary='"a b:c"')
multipart('boundary-specials', 'specials without quotes', '--=_a/b?c=\n\none\n--=_a/b?c=--\n',
          boundary='=_a/b?c=')
multipart('boundary-dashes', 'dashes in front', '------x\n\none\n------x--\n', boundary='----x')
multipart('boundary-dashes-alone', 'dashes alone', '-----\n\none\n-------\n', boundary='---')
multipart('boundary-case', 'case matters', '--B\n\nno\n--b\n\none\n--b--\n')
multipart('boundary-70', 'as long as may be', '--' + 'x' * 70 + '\n\none\n--' + 'x' * 70 + '--\n',
          boundary='x' * 70)
multipart('boundary-71', 'longer than may be', '--' + 'x' * 71 + '\n\none\n--' + 'x' * 71 + '--\n',
          boundary='x' * 71)
multipart('boundary-200', 'much longer', '--' + 'x' * 200 + '\n\none\n--' + 'x' * 200 + '--\n',
          boundary='x' * 200)
multipart('boundary-empty', 'an empty boundary', '--\n\none\n----\n', boundary='""')
multipart('boundary-space-end', 'a boundary that ends in a space', '--b\n\none\n--b--\n',
          boundary='"b "')
multipart('boundary-space-only', 'a boundary of a space', '-- \n\none\n-- --\n', boundary='" "')
multipart('boundary-8bit', 'UTF-8', '--я\n\none\n--я--\n', boundary='"я"')
multipart('boundary-two', 'two boundary parameters', '--a\n\none\n--a--\n',
          boundary='a; boundary=b')
multipart('boundary-comment', 'a comment after it', '--b\n\none\n--b--\n', boundary='b (c)')
multipart('boundary-quoted-pair', 'a quoted pair', '--a"b\n\none\n--a"b--\n', boundary='"a\\"b"')
multipart('boundary-wrong', 'another boundary in the body', '--c\n\none\n--c--\n')
multipart('boundary-in-line', 'the boundary within a line', '--b\n\none --b\n --b\nx--b\n--b--\n')
multipart('boundary-trailing-space', 'white space after delimiters', '--b \t\n\none\n--b--  \n')
multipart('boundary-trailing-text', 'text after a delimiter',
          '--b text\n\none\n--bcd\n\ntwo\n--b--\n')
multipart('boundary-lone-cr', 'a CR after a delimiter', b'--b\r\n\none\n--b--\r')
multipart('boundary-first-line', 'no empty line before the first delimiter', '--b\n\none\n--b--\n',
          boundary='b\nX-Last: field')
case('multipart-boundary-missing', 'no boundary parameter',
     'Content-Type: multipart/mixed\n\n--b\n\none\n--b--\n', finds=['BODY one'])
case('multipart-boundary-missing-value', 'no value',
     'Content-Type: multipart/mixed; boundary=\n\n--b\n\none\n--b--\n')
case('multipart-no-subtype', 'multipart without a subtype',
     'Content-Type: multipart; boundary=b\n\n--b\n\none\n--b--\n')
case('multipart-no-blank', 'the body begins where the header does not end',
     'Content-Type: multipart/mixed; boundary=b\n--b\n\none\n--b--\n')
case('multipart-no-mime-version', 'no MIME-Version',
     'Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b--\n')
case('multipart-crlf', 'the same with CRLF',
     b'Content-Type: multipart/mixed; boundary=b\r\n\r\npre\r\n--b\r\n\r\n'
     b'one\r\n--b\r\n\r\ntwo\r\n--b--\r\nepi\r\n')
case('multipart-crlf-mixed', 'CRLF and LF at delimiters',
     b'Content-Type: multipart/mixed; boundary=b\r\n\n--b\n\r\n'
     b'one\r\n--b\n\ntwo\n--b--\r\n')


# Multiparts in multiparts.
def nested(name, word, body, **search):
    multipart('nested-' + name, word, body, boundary='o', **search)


def inner(boundary, subtype='alternative'):
    return 'Content-Type: multipart/%s; boundary=%s\n\n' % (subtype, boundary)


nested('two', 'nothing odd',
       '--o\n' + inner('i') + '--i\n\none\n--i\n\ntwo\n--i--\n--o\n\nthree\n--o--\n')
nested('preambles', 'preambles and epilogues',
       'p\n--o\n' + inner('i') + 'ip\n--i\n\none\n--i--\nie\n--o--\ne\n')
nested('inner-open', 'the inner one is not closed',
       '--o\n' + inner('i') + '--i\n\none\n--o\n\ntwo\n--o--\n')
nested('both-open', 'none is closed', '--o\n' + inner('i') + '--i\n\none\n')
nested('outer-closes', 'the outer is closed in the inner',
       '--o\n' + inner('i') + '--i\n\none\n--o--\n--i\n\ntwo\n--i--\n')
nested('inner-after', 'an inner delimiter in an outer part',
       '--o\n' + inner('i') + '--i\n\none\n--i--\n--o\n\ntwo\n--i\nstill two\n--o--\n')
nested('inner-empty', 'an inner one without parts', '--o\n' + inner('i') + '--o\n\ntwo\n--o--\n')
nested('inner-closed-empty', 'an inner one closed at once', '--o\n' + inner('i') + '--i--\n--o--\n')
nested('same', 'the same boundary inside',
       '--o\n' + inner('o') + '--o\n\none\n--o--\n--o\n\ntwo\n--o--\n')
nested('prefix-outer', 'the outer boundary begins the inner one',
       '--o\n' + inner('oo') + '--oo\n\none\n--oo\n\ntwo\n--oo--\n--o\n\nthree\n--o--\n')
nested('prefix-inner', 'the inner boundary begins the outer one',
       '--oi\n\nno\n--o\n' + inner('i') + '--i\n\none\n--i--\n--o--\n')
multipart('nested-prefix-longer-outer', 'the inner boundary begins the outer one',
          '--ooo\n' + inner('o') + '--o\n\none\n--o--\n--ooo\n\ntwo\n--ooo--\n', boundary='ooo')
nested('prefix-dash', 'the inner boundary is the outer and dashes',
       '--o\n' + inner('o--') + '--o--\n\none\n--o----\n--o\n\ntwo\n--o--\n')
nested('no-line-between', 'an outer delimiter right after the inner end',
       '--o\n' + inner('i') + '--i\n\none\n--i--\n--o--\n')
nested('inner-no-boundary', 'an inner one without a boundary',
       '--o\nContent-Type: multipart/alternative\n\n--i\n\none\n--i--\n--o--\n')


def deep(depth):
    out = ['Content-Type: multipart/mixed; boundary=d0x\n\n']
    for i in range(1, depth):
        out.append('--d%dx\nContent-Type: multipart/mixed; boundary=d%dx\n\n' % (i - 1, i))
    out.append('--d%dx\n\nbottom\n' % (depth - 1))
    out += ['--d%dx--\n' % i for i in reversed(range(depth))]
    return ''.join(out)


case('multipart-deep-10', 'ten within each other', deep(10), finds=['BODY bottom'])
case('multipart-deep-30', 'thirty', deep(30), finds=['BODY bottom'])
case('multipart-deep-99', 'just within the limit', deep(99), finds=['BODY bottom'])
case('multipart-deep-150', 'beyond the limit', deep(150))

"""The Content- fields of one part (RFC 2045, 2183, 2231, 2557, 3282, 1864)."""

from . import case, octets


def content(name, word, fields, body='body of it\n', mime=True, **search):
    case(name, word, b'Subject: content\n' + (b'MIME-Version: 1.0\n' if mime else b'')
         + octets(fields) + b'\n\n' + octets(body), **search)


def ct(name, word, value, body='body of it\n', **search):
    content('ct-' + name, word, b'Content-Type:' + octets(value), body, **search)


ct('plain', 'by the book', ' text/plain; charset=us-ascii', finds=['BODY body of'])
ct('no-charset', 'text without a charset', ' text/html')
ct('text-alone', 'no subtype', ' text', finds=['BODY body of'])
ct('text-slash', 'an empty subtype', ' text/', finds=['BODY body of'])
ct('slash-plain', 'an empty type', ' /plain')
ct('slash-alone', 'a slash', ' /')
ct('empty', 'an empty field', '', finds=['BODY body of'])
ct('blank', 'white space', '   ')
ct('garbage', 'words', ' this is no type')
ct('garbage-semicolon', 'parameters without a type', ' ; charset=utf-8')
ct('params-alone', 'a parameter in place of the type', ' charset=utf-8')
ct('quoted', 'a quoted type', ' "text/plain"')
ct('spaces', 'white space around the slash', ' text / plain ; charset = utf-8')
ct('comments', 'comments everywhere', ' (a) text (b) / (c) plain (d) ; charset (e) = (f) utf-8 (g)')
ct('comment-open', 'a comment without an end', ' text/plain (open; charset=utf-8')
ct('upper', 'upper case', ' TEXT/PLAIN; CHARSET=UTF-8')
ct('mixed-case', 'odd case', ' tExT/PlAiN; ChArSeT="Utf-8"')
ct('three', 'three levels', ' text/plain/x')
ct('dots', 'dots and pluses', ' application/vnd.oasis.opendocument.text+xml')
ct('unknown', 'a type of nobody', ' x-foo/x-bar', misses=['BODY body of'])
ct('folded', 'folded', '\n text/plain;\n charset=utf-8')
ct('folded-slash', 'folded at the slash', ' text/\n plain')
ct('8bit', 'UTF-8 in the type', ' тип/подтип')
ct('comma', 'a comma for the semicolon', ' text/plain, charset=utf-8')
ct('semicolons', 'empty parameters', ' text/plain;;; charset=utf-8;;')
ct('semicolon-last', 'a semicolon at the end', ' text/plain;')
ct('nul', 'a NUL', b' text/pl\0ain')
ct('two', 'two Content-Type fields', ' text/x-a\nContent-Type: text/x-b')
ct('two-multipart-second', 'two Content-Type fields, the second multipart',
   ' text/plain\nContent-Type: multipart/mixed; boundary=b', '--b\n\npart\n--b--\n')
ct('two-first-empty', 'two Content-Type fields, the first empty', '\nContent-Type: text/html')
content('ct-missing', 'no Content-Type', 'X-A: b')
content('ct-no-mime-version', 'no MIME-Version', 'Content-Type: text/html; charset=utf-8',
        mime=False)
content('ct-no-mime-version-base64', 'no MIME-Version with base64',
        'Content-Transfer-Encoding: base64', 'aGVsbG8gd29ybGQ=\n', mime=False,
        finds=['BODY hello w'])
content('ct-mime-version-comment', 'a comment in MIME-Version',
        'MIME-Version: (by x) 1 (y) .0\nContent-Type: text/html', mime=False)
content('ct-mime-version-two', 'another version', 'MIME-Version: 2.0\nContent-Type: text/html',
        mime=False)
ct('charset-empty', 'an empty charset', ' text/plain; charset=')
ct('charset-empty-quoted', 'an empty quoted charset', ' text/plain; charset=""')
ct('charset-two', 'two charsets', ' text/plain; charset=utf-8; charset=koi8-r')
ct('charset-not-text', 'a charset of no text', ' application/xml; charset=utf-8')
ct('application', 'no charset is added', ' application/octet-stream; name=x',
   misses=['BODY body of'])
ct('image', 'an image', ' image/png; name="a.png"')
ct('message-partial', 'message/partial is no message/rfc822',
   ' message/partial; id="x@example.org"; number=1; total=2', 'Subject: inner\n\nbody\n')
ct('message-external', 'message/external-body',
   ' message/external-body; access-type=local-file; name="/x"',
   'Content-Type: image/gif\n\nphantom\n')
ct('message-delivery-status', 'groups of fields', ' message/delivery-status',
   'Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b.example\n')

# Parameters.
ct('param-quoted', 'a quoted value', ' text/plain; name="a b; c"; charset=utf-8')
ct('param-quoted-pair', 'quoted pairs in a value', ' text/plain; name="a\\"b\\\\c\\d"')
ct('param-quoted-open', 'a value without its quote', ' text/plain; name="open')
ct('param-quoted-open-next', 'a parameter after an open quote',
   ' text/plain; name="open; charset=utf-8')
ct('param-quoted-empty', 'an empty quoted value', ' text/plain; name=""')
ct('param-quoted-folded', 'a quoted value that is folded', ' text/plain; name="a\n b"')
ct('param-quoted-tail', 'text after a quoted value', ' text/plain; name="a"b; x=y')
ct('param-no-value', 'no value', ' text/plain; name; charset=utf-8')
ct('param-no-value-equals', 'nothing after the equals', ' text/plain; name=; charset=utf-8')
ct('param-no-name', 'no name', ' text/plain; =value; charset=utf-8')
ct('param-spaces', 'white space around equals', ' text/plain; name = value')
ct('param-space-value', 'white space in an unquoted value', ' text/plain; name=my file.txt; x=y')
ct('param-tspecials', 'specials in an unquoted value', ' text/plain; name=a/b?c=d@e; x=y')
ct('param-brackets', 'brackets in an unquoted value', ' text/plain; name=a[1].txt; x=<y>')
ct('param-apostrophes', 'single quotes', " text/plain; charset='utf-8'")
ct('param-8bit', 'UTF-8 in a value', ' text/plain; name="отчёт.txt"')
ct('param-8bit-bare', 'UTF-8 in an unquoted value', ' text/plain; name=отчёт.txt')
ct('param-encoded-word', 'an encoded-word in a value', ' text/plain; name="=?utf-8?B?0Y8=?="')
ct('param-encoded-word-bare', 'an encoded-word in an unquoted value',
   ' text/plain; name==?utf-8?B?0Y8=?=')
ct('param-comment', 'a comment after a value', ' text/plain; name=a (comment); x=y')
ct('param-no-semicolon', 'no semicolon before a parameter', ' text/plain charset=utf-8')
ct('param-no-semicolon-between', 'no semicolon between two',
   ' text/plain; charset=utf-8 format=flowed')
ct('param-same', 'one name twice', ' text/plain; name=a; name=b')
ct('param-case', 'names in odd case', ' text/plain; NaMe=a; FORMAT=Flowed')
ct('param-many', '50 parameters', ' text/plain' + ''.join('; p%d=v%d' % (i, i) for i in range(50)))
ct('param-long', 'a value of 3,000 letters', ' text/plain; name="' + 'v' * 3000 + '"')
ct('param-name-long', 'a name of 300 letters', ' text/plain; ' + 'n' * 300 + '=v')
ct('param-backslash', 'a backslash in an unquoted value', ' text/plain; name=C:\\dir\\x.txt')

# RFC 2231.
ct('2231-extended', 'a charset and language', " image/png; name*=utf-8'ru'%d0%af.png")
ct('2231-extended-empty', 'no charset, no language', " image/png; name*=''a.png")
ct('2231-extended-bare', 'no charset at all', ' image/png; name*=a.png')
ct('2231-extended-bad', 'bad percent-encoding', " image/png; name*=utf-8''%d%zz%")
ct('2231-pieces', 'a value in pieces', ' image/png; name*0="a b"; name*1=".p"; name*2=ng; x=y')
ct('2231-pieces-encoded', 'percent-encoded pieces',
   " image/png; name*0*=utf-8''%d0; name*1*=%af.png")
ct('2231-pieces-mixed', 'encoded and plain pieces',
   " image/png; name*0*=utf-8''%d0%af; name*1=\"b;%c\"; name*2*=%20d")
ct('2231-pieces-mixed-plain-first', 'the first piece plain', " image/png; name*0=a; name*1*=%20b")
ct('2231-pieces-order', 'pieces in another order', ' image/png; name*1=b; name*0=a')
ct('2231-pieces-gap', 'a piece is missing', ' image/png; name*0=a; name*2=c')
ct('2231-pieces-twice', 'a piece twice', ' image/png; name*0=a; name*0=b; name*1=c')
ct('2231-pieces-from-1', 'no piece 0', ' image/png; name*1=a; name*2=b')
ct('2231-pieces-zeros', 'leading zeros', ' image/png; name*00=a; name*01=b')
ct('2231-pieces-interleaved', 'pieces of two values by turns',
   ' image/png; a*0=1; b*0=2; a*1=3; b*1=4')
ct('2231-pieces-many', '30 pieces', ' image/png' + ''.join('; name*%d=p%d' % (i,
   i) for i in range(30)))
ct('2231-pieces-one', 'one piece', ' image/png; name*0=a.png')
ct('2231-both', 'the plain form and the extended',
   " image/png; name=a.png; name*=utf-8''%d0%af.png")
ct('2231-boundary', 'a boundary in pieces', ' multipart/mixed; boundary*0=ab; boundary*1=cd',
   '--abcd\n\npart\n--abcd--\n', finds=['BODY part'])
ct('2231-boundary-extended', 'a percent-encoded boundary',
   " multipart/mixed; boundary*=us-ascii''a%62c",
   '--abc\n\npart\n--abc--\n')
ct('2231-charset', 'a charset in pieces', ' text/plain; charset*0=koi; charset*1=8-r',
   b'\xf0\xd2\xc9\xd7\xc5\xd4\n')
ct('2231-star-alone', 'stars without sense', ' image/png; *=a; name**=b; name*x=c; name*-1=d')


# The other fields.
def part(name, word, fields, **search):
    content('part-' + name, word, b'Content-Type: application/x-y\n' + octets(fields), **search)


part('id', 'Content-ID', 'Content-ID: <id@example.org>')
part('id-empty', 'an empty Content-ID', 'Content-ID:')
part('id-folded', 'a folded Content-ID', 'Content-ID:\n <id@example.org>')
part('id-comment', 'a comment in Content-ID', 'Content-ID: (c) <id@example.org>')
part('description', 'Content-Description', 'Content-Description: A part')
part('description-empty', 'an empty Content-Description', 'Content-Description:')
part('description-folded', 'a folded one', 'Content-Description: A\n part')
part('description-8bit', 'UTF-8 in it', 'Content-Description: часть')
part('description-encoded', 'an encoded-word', 'Content-Description: =?utf-8?B?0Y8=?=')
part('description-two', 'two of them', 'Content-Description: a\nContent-Description: b')
part('cte-upper', 'upper case', 'Content-Transfer-Encoding: BASE64')
part('cte-8bit', '8bit', 'Content-Transfer-Encoding: 8bit')
part('cte-binary', 'binary', 'Content-Transfer-Encoding: binary')
part('cte-quoted-printable', 'quoted-printable', 'Content-Transfer-Encoding: quoted-printable')
part('cte-unknown', 'an encoding of nobody', 'Content-Transfer-Encoding: x-uuencode')
part('cte-empty', 'an empty one', 'Content-Transfer-Encoding:')
part('cte-comment', 'a comment in it', 'Content-Transfer-Encoding: (c) base64 (d)')
part('cte-quoted', 'in quotes', 'Content-Transfer-Encoding: "base64"')
part('cte-semicolon', 'a semicolon after it', 'Content-Transfer-Encoding: base64;')
part('cte-words', 'several words', 'Content-Transfer-Encoding: 7 bit')
part('cte-two', 'two fields', 'Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 8bit')
part('cte-folded', 'folded', 'Content-Transfer-Encoding:\n base64')
part('cte-8bits', 'UTF-8 in it', 'Content-Transfer-Encoding: восемь')
part('md5', 'Content-MD5', 'Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==')
part('md5-empty', 'an empty Content-MD5', 'Content-MD5:')
part('md5-spaces', 'white space around it', 'Content-MD5:   Q2hlY2sgSW50ZWdyaXR5IQ==  ')
part('md5-comment', 'a comment after it', 'Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ== (MD5)')
part('disposition', 'a disposition alone', 'Content-Disposition: inline')
part('disposition-params', 'with parameters',
     'Content-Disposition: attachment; filename="a b.pdf"; size=12;\n'
     ' modification-date="Wed, 12 Feb 1997 16:29:51 -0500"')
part('disposition-empty', 'an empty one', 'Content-Disposition:')
part('disposition-params-alone', 'no disposition', 'Content-Disposition: filename=a.pdf')
part('disposition-semicolon', 'parameters alone', 'Content-Disposition: ; filename=a.pdf')
part('disposition-upper', 'upper case', 'Content-Disposition: ATTACHMENT; FILENAME=A.PDF')
part('disposition-2231', 'RFC 2231 in it',
     "Content-Disposition: attachment; filename*=utf-8''%d0%af.pdf")
part('disposition-2231-pieces', 'RFC 2231 pieces in it',
     "Content-Disposition: attachment;\n filename*0*=utf-8''%d0%af;\n filename*1*=%d0%af.pdf")
part('disposition-8bit', 'UTF-8 in it', 'Content-Disposition: attachment; filename="отчёт.pdf"')
part('disposition-comment', 'comments in it',
     'Content-Disposition: (a) attachment (b); filename=x (c)')
part('disposition-two', 'two fields',
     'Content-Disposition: inline\nContent-Disposition: attachment')
part('disposition-quoted', 'in quotes', 'Content-Disposition: "attachment"; filename=x')
part('disposition-slash', 'a media type in it', 'Content-Disposition: text/plain; filename=x')
part('language', 'one language', 'Content-Language: en')
part('language-list', 'several languages', 'Content-Language: en, ru, i-mingo')
part('language-comments', 'comments in the list', 'Content-Language: mi (Maori), en (English)')
part('language-empty', 'an empty one', 'Content-Language:')
part('language-commas', 'empty elements', 'Content-Language: ,en,,ru,')
part('language-folded', 'a folded list', 'Content-Language: en,\n ru')
part('language-words', 'no commas', 'Content-Language: en ru')
part('language-quoted', 'in quotes', 'Content-Language: "en"')
part('location', 'Content-Location', 'Content-Location: http://www.example.org/a.gif')
part('location-folded', 'a folded URI', 'Content-Location: http://www.example.org/\n  long/path')
part('location-quoted', 'in quotes', 'Content-Location: "http://www.example.org/"')
part('location-empty', 'an empty one', 'Content-Location:')
part('location-comment', 'a comment after it', 'Content-Location: a.gif (c)')
part('location-spaces', 'white space in it', 'Content-Location: a b.gif')
part('all', 'every field', 'Content-ID: <i@x.example>\nContent-Description: d\n'
     'Content-Transfer-Encoding: base64\nContent-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\n'
     'Content-Disposition: attachment; filename=f\nContent-Language: en\nContent-Location: l')
part('name-space', 'white space before the colon',
     'Content-ID : <i@x.example>\nContent-Description\t: d')

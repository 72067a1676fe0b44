"""Encodings and charsets in bodies, and what SEARCH must find in them."""

import base64
import quopri

from . import case, octets

HELLO = 'Привет, мир'


def body(name, word, content_type, encoding, data, **search):
    fields = 'Subject: body\nMIME-Version: 1.0\nContent-Type: %s\n' % content_type
    if encoding:
        fields += 'Content-Transfer-Encoding: %s\n' % encoding
    case('body-' + name, word, octets(fields) + b'\n' + octets(data), **search)


for charset, text, words in (
        ('koi8-r', HELLO, 'ПРИВЕТ'), ('windows-1251', HELLO, 'привет'), ('iso-8859-5', HELLO,
        'мир'),
        ('ibm866', HELLO, 'мир'), ('utf-8', HELLO, 'привет, МИР'), ('koi8-u', 'Їжак', 'їжак'),
        ('iso-8859-1', 'Café au lait', 'CAFÉ'), ('windows-1252', '“Café” – €', '“café”'),
        ('iso-8859-2', 'Žluťoučký kůň', 'ŽLUŤOUČKÝ'), ('windows-1250', 'Žluťoučký kůň',
        'žluťoučký'),
        ('iso-8859-7', 'Σίσυφος', 'ΣΊΣΥΦΟΣ'), ('windows-1253', 'Σίσυφος', 'σίσυφος'),
        ('iso-8859-8', 'שלום עולם', 'שלום'), ('windows-1255', 'שלום', 'שלום'),
        ('windows-1256', 'مرحبا', 'مرحبا'), ('iso-8859-9', 'İstanbul ığüşöç', 'ığüşöç'),
        ('iso-8859-15', 'Œuvre €', 'œuvre €'), ('iso-8859-13', 'Ąžuolas', 'ąžuolas'),
        ('tis-620', 'สวัสดี', 'สวัสดี'), ('shift_jis', '日本語テキスト', '日本語'),
        ('euc-jp', '日本語テキスト', 'テキスト'), ('iso-2022-jp', '日本語テキスト', '本語テ'),
        ('gb2312', '中文邮件', '中文'), ('gb18030', '中文邮件', '邮件'), ('gbk', '中文邮件', '中文'),
        ('big5', '中文郵件', '郵件'), ('euc-kr', '한국어', '한국'), ('utf-7', 'Grüße', 'grüße'),
        ('utf-16be', HELLO, 'привет')):
    kind = 'text/plain; charset=' + charset
    raw = text.encode({'koi8-u': 'koi8-u', 'ibm866': 'cp866'}.get(charset, charset)) + \
        '\n'.encode(charset if charset.startswith('utf-16') else 'ascii')
    body(charset + '-base64', charset + ' in base64', kind, 'base64', base64.encodebytes(raw),
         finds=['BODY ' + words, 'TEXT ' + words])
    if charset not in ('utf-16be',):
        body(charset + '-qp', charset + ' in quoted-printable', kind, 'quoted-printable',
             quopri.encodestring(raw), finds=['BODY ' + words])
        body(charset + '-8bit', charset + ' as it is', kind, '8bit', raw, finds=['BODY ' + words])

PLAIN = 'text/plain; charset=utf-8'
body('qp-soft-break', 'a word across soft line breaks', PLAIN, 'quoted-printable',
     'be=\ngin=   \nning\n',
     finds=['BODY beginning'])
body('qp-soft-break-character', 'a character across a soft line break', PLAIN, 'quoted-printable',
     '=D0=9F=D1=\n=80=D0=B8\n', finds=['BODY при'])
body('qp-lower', 'lower-case hex', PLAIN, 'quoted-printable', 'caf=c3=a9\n', finds=['BODY café'])
body('qp-damaged', 'damaged escapes', PLAIN, 'quoted-printable', 'a=ZZb=4\nc==3Dd=\n',
     finds=['BODY a=ZZb'])
body('qp-trailing-space', 'white space at line ends is none', PLAIN, 'quoted-printable',
     'one  \ntwo=20\nthree\n',
     finds=['BODY one\r\ntwo'])
body('qp-end', 'an equals at the very end', PLAIN, 'quoted-printable', 'last=', finds=['BODY last'])
body('qp-long', 'lines longer than 76', PLAIN, 'quoted-printable', '=41' * 400 + '\n',
     finds=['BODY ' + 'A' * 300])
body('base64-damaged', 'letters that are none', PLAIN, 'base64', 'aGVs*bG8=\nIHdvcmxk\n',
     finds=['BODY hello'])
body('base64-no-padding', 'no padding', PLAIN, 'base64', 'aGVsbG8gd29ybGQ\n',
     finds=['BODY hello worl'])
body('base64-padding-within', 'padding in the middle', PLAIN, 'base64', 'aGVsbG8=IHdvcmxk\n',
     finds=['BODY hello'])
body('base64-one-line', 'one long line', PLAIN, 'base64', base64.b64encode(b'word ' * 5000) + b'\n',
     finds=['BODY word word'])
body('base64-odd-lines', 'lines of odd lengths', PLAIN, 'base64', 'a\nGVs\nb\n\nG8gd29y\nbG\nQ=\n',
     finds=['BODY hello world'])
body('base64-tail', 'text after the end', PLAIN, 'base64', 'aGVsbG8=\n--\nnot base64!\n',
     finds=['BODY hello'])
body('base64-empty', 'nothing in it', PLAIN, 'base64', '')
body('base64-crlf', 'encoded CRLF', PLAIN, 'base64', base64.encodebytes(b'one\r\ntwo\r\n'),
     finds=['BODY one\r\ntwo'])
body('encoding-unknown', 'an unknown encoding, read as it is', PLAIN, 'x-unknown', 'plain words\n')
body('encoding-uuencode', 'uuencode', PLAIN, 'x-uuencode', 'begin 644 a\n%:&5L;&\\ \n`\nend\n')
body('charset-unknown', 'an unknown charset, ASCII of it found', 'text/plain; charset=x-unknown',
     '8bit', 'plain words\n',
     finds=['BODY plain words'])
body('charset-wrong', 'UTF-8 that is windows-1252', PLAIN, '8bit', b'caf\xe9 ole\n',
     finds=['BODY ole'])
body('charset-none-utf8', 'UTF-8 without a charset', 'text/plain', '8bit', 'Привет\n',
     finds=['BODY привет'])
body('charset-none-latin1', 'windows-1252 without a charset', 'text/plain', '8bit',
     b'caf\xe9 ole\n', finds=['BODY ole'])
body('charset-quoted', 'a quoted charset', 'text/plain; charset="koi8-r"', '8bit',
     b'\xf0\xd2\xc9\xd7\xc5\xd4\n',
     finds=['BODY привет'])
body('charset-utf16-bom', 'UTF-16 with a mark', 'text/plain; charset=utf-16', 'base64',
     base64.encodebytes(HELLO.encode('utf-16')), finds=['BODY привет'])
body('charset-split', 'a text split over two parts is not one', 'multipart/mixed; boundary=b', None,
     '--b\n\nneed\n--b\n\nle\n--b--\n', misses=['BODY needle'])
body('attachment-text', 'a text attachment is searched',
     'text/plain; charset=utf-8\nContent-Disposition: attachment; filename=a.txt',
     None, 'attached words\n', finds=['BODY attached words'])
body('attachment-binary', 'another attachment is not', 'application/octet-stream', None,
     'hidden words\n',
     misses=['BODY hidden words'])
body('attachment-base64', 'nor one in base64', 'application/pdf', 'base64',
     base64.encodebytes(b'hidden words\n'),
     misses=['BODY hidden words', 'BODY aGlkZGVuIHdvcmRzCg'])
body('attachment-encoded-form', 'base64 is not searched as it is', PLAIN, 'base64',
     base64.encodebytes(b'hidden words\n'),
     finds=['BODY hidden words'], misses=['BODY aGlkZGVuIHdvcmRzCg'])
body('text-calendar', 'any text/*', 'text/calendar; charset=utf-8', None, 'BEGIN:VCALENDAR\n',
     finds=['BODY vcalendar'])


# Comparison: casefold after NFKD (RFC 5051).
def fold(name, word, text, *words, misses=()):
    body('fold-' + name, word, PLAIN, '8bit', text + '\n', finds=['BODY ' + w for w in words],
         misses=['BODY ' + w for w in misses])


fold('cyrillic', 'Cyrillic', 'Съешь ещё этих мягких булок', 'СЪЕШЬ ЕЩЁ', 'мягких БУЛОК')
fold('cyrillic-io', 'ё in two forms', 'ёлка е\u0308ж', 'Е\u0308ЛКА', 'Ёж')
fold('cyrillic-short-i', 'й in two forms', 'зай и\u0306', 'ЗАИ\u0306', 'Й')
fold('greek-final-sigma', 'final sigma', 'Ὀδυσσεύς', 'ὈΔΥΣΣΕΎΣ', 'ὀδυσσεύσ')
fold('greek', 'accents in two forms', 'Σίσυφος', 'ΣΊΣΥΦΟΣ', 'Σι\u0301συφοσ')
fold('turkish-dotted', 'dotted capital I', 'İstanbul', 'i\u0307stanbul', 'İSTANBUL')
fold('turkish-dotless', 'the title case of dotless i is I', 'ısparta', 'ISPARTA', 'isparta')
fold('turkish-ascii', 'and that of i', 'ISTANBUL', 'istanbul', 'ıstanbul', misses=['İSTANBUL'])
fold('turkish-dot', 'a dot is not nothing', 'İstanbul', 'İstanbul', misses=['istanbul'])
fold('german-sharp-s', 'sharp s is ss', 'Straße', 'STRASSE', 'strasse', 'STRAẞE')
fold('german-ss', 'ss is sharp s', 'STRASSE', 'straße')
fold('full-width', 'full-width letters', 'ＦＵＬＬ', 'full')
fold('ligature', 'a ligature', 'ﬁne', 'FINE')
fold('composed', 'decomposed text', 'cafe\u0301', 'CAFÉ')
fold('decomposed', 'composed text', 'café', 'cafe\u0301')
fold('marks-order', 'marks in another order', 'q\u0307\u0323', 'q\u0323\u0307')
fold('hangul', 'syllables and letters', '각', '\u1100\u1161\u11a8')
fold('nbsp', 'a no-break space is a space', 'a\u00a0b', 'a b')
fold('plane-1', 'Deseret, beyond 16 bits', '𐐀𐐁', '𐐨𐐩')
fold('long', 'case of long s', 'ſet', 'SET')
fold('kelvin', 'the Kelvin sign', '10 \u212a', '10 k')
fold('armenian', 'an Armenian ligature', 'և', 'եւ')

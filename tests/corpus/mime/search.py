"""Encoded-words (RFC 2047) and header fields, as SEARCH reads them."""

from . import case, octets


def subject(name, word, value, *words, misses=()):
    case('search-' + name, word, b'From: a@example.org\nSubject: ' + octets(value) + b'\n\nbody\n',
         ['SUBJECT ' + w for w in words], ['SUBJECT ' + m for m in misses])


subject('b', 'B encoding', '=?koi8-r?B?8NLJ18XULCDNydI=?=', 'привет, МИР')
subject('q', 'Q encoding', '=?windows-1251?Q?=CF=F0=E8=E2=E5=F2,_=EC=E8=F0?=', 'Привет, мир')
subject('lower', 'b and q in lower case', '=?utf-8?b?0Y8=?= =?utf-8?q?=d1=8f?=', 'яя')
subject('tail', 'text after it', '=?koi8-r?b?8NLJ18XULCDNydI=?= tail', 'мир tail')
subject('between', 'text before and after', 'x =?utf-8?Q?a?= y', 'x a y')
subject('neighbours', 'white space between neighbours is none', '=?utf-8?Q?a?= =?utf-8?Q?b?= c',
        'ab c')
subject('neighbours-folded', 'a fold between neighbours', '=?utf-8?Q?a?=\n =?utf-8?Q?b?=', 'ab')
subject('neighbours-charsets', 'two charsets', '=?utf-8?B?0L8=?= =?koi8-r?B?0g==?=', 'пр')
subject('neighbours-touching', 'nothing between', '=?utf-8?Q?a?==?utf-8?Q?b?=', 'ab')
subject('split-character', 'a character split over two words', '=?utf-8?B?0A==?= =?utf-8?B?n9GA?=',
        'пр')
subject('split-character-folded', 'and over lines', '=?utf-8?Q?=D0?=\n =?UTF-8?B?nw==?=', 'п')
subject('split-word', 'a word split over many', ' '.join('=?utf-8?Q?%s?=' % c for c in 'beginning'),
        'beginning')
subject('split-2022', 'an escape sequence split',
        '=?iso-2022-jp?B?GyRCRnw=?= =?iso-2022-jp?B?S1w4bBsoQg==?=', '日本語')
subject('language', 'a language (RFC 2231)', '=?utf-8*ru?Q?=D0=9F=D1=80?=', 'пр')
subject('underscore', 'underscores are spaces', '=?utf-8?Q?a_b=5Fc?=', 'a b_c')
subject('space-inside', 'a raw space in it', '=?utf-8?Q?a b?=', 'a b')
subject('empty', 'no text in it', 'x =?utf-8?Q??= y', 'x')
subject('unknown-charset', 'an unknown charset: its ASCII is found', '=?x-unknown?Q?abc=FF?=',
        'abc')
subject('unknown-encoding', 'an unknown encoding', '=?utf-8?X?abc?=', '=?utf-8?X?abc?=')
subject('not-closed', 'no end', '=?utf-8?Q?abc', '=?utf-8?Q?abc')
subject('bad-base64', 'damaged base64', '=?utf-8?B?0J/*RgA=?=', misses=['xyz'])
subject('long', 'longer than 75', '=?utf-8?Q?' + 'a' * 200 + '=20end?=', 'aaa end')
subject('quoted', 'in quotes', '"=?utf-8?Q?caf=C3=A9?="', 'café')
subject('in-word', 'within a word', 'ab=?utf-8?Q?c?=de', 'de')
subject('sjis', 'Shift_JIS', '=?shift_jis?B?k/qWe4zq?=', '日本語')
subject('gb18030', 'GB18030', '=?gb18030?B?1tDOxA==?=', '中文')
subject('euc-kr', 'EUC-KR', '=?euc-kr?B?x9GxzQ==?=', '한')
subject('utf7', 'UTF-7', '=?utf-7?Q?Gr+APwA3w-e?=', 'grüße')
subject('raw-utf8', 'UTF-8 as it is', 'Привет', 'ПРИВЕТ')
subject('fold-space', 'a fold is one space', 'two \n\t  words', 'words')
subject('fold-sharp', 'casefold in a field', '=?utf-8?Q?Stra=C3=9Fe?=', 'STRASSE')
subject('fold-sigma', 'final sigma in a field', '=?utf-8?B?zqPOr8+Dz4XPhs6/z4I=?=', 'ΣΊΣΥΦΟΣ')
subject('fold-turkish', 'dotless i in a field', '=?utf-8?Q?=C4=B1sparta?=', 'ISPARTA', 'isparta')

case('search-fields', 'each field for itself', 'From: =?utf-8?B?0J/RkdGC0YA=?= <petr@example.org>\n'
     'To: Anna <anna@example.org>\nCc: cc@example.org\nBcc: bcc@example.org\nSubject: words here\n'
     'X-Custom: custom value\n\nbody text\n',
     ['FROM Пётр', 'FROM petr@', 'TO anna', 'CC cc@', 'BCC bcc@', 'SUBJECT words',
     'HEADER X-Custom custom',
      'HEADER x-custom ', 'HEADER From petr', 'TEXT custom value', 'TEXT body text',
      'BODY body text'],
     ['FROM anna', 'TO petr', 'CC bcc@', 'BODY words', 'HEADER X-Cust custom', 'HEADER X-Other '])
case('search-header-twice', 'a field twice: either, not both',
     'X-A: one\nX-A: two\nSubject: x\n\nbody\n',
     ['HEADER X-A one', 'HEADER X-A two'], ['HEADER X-A onetwo', 'HEADER X-A one two'])
case('search-header-empty', 'an empty field is there', 'X-Empty:\nSubject: x\n\nbody\n',
     ['HEADER X-Empty '],
     ['HEADER X-Empty a', 'HEADER X-Missing '])
case('search-from-encoded-comma', 'an encoded address list',
     'From: =?utf-8?Q?Doe=2C_J=C3=B6rg?= <j@example.org>\n\nx\n',
     ['FROM doe, jörg'])
case('search-text-header', 'TEXT looks into the header', 'X-Odd: needle\nSubject: x\n\nbody\n',
     ['TEXT needle'],
     ['BODY needle'])
case('search-text-name', 'TEXT finds the name of an attachment',
     'Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\n'
     'Content-Type: application/pdf; name="needle.pdf"\n\nx\n--b--\n', ['TEXT needle.pdf'])
case('search-across-fields', 'nothing is found over two fields',
     'Subject: need\nX-Next: le\n\nbody\n', [],
     ['TEXT needle', 'SUBJECT needle'])
case('search-across-body', 'nor over header and body', 'Subject: need\n\nle\n', [], ['TEXT needle'])
case('search-empty-words', 'an empty string is in every message', 'Subject: x\n\nbody\n', ['TEXT ',
     'BODY ', 'SUBJECT '],
     ['HEADER X-None '])

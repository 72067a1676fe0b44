"""HTML, searched as the text a reader sees."""

from . import case, octets


def html(name, word, text, finds=(), misses=(), charset='utf-8'):
    case('html-' + name, word,
         b'Subject: page\nContent-Type: text/html; charset=' + charset.encode()
         + b'\n\n' + octets(text) + b'\n', ['BODY ' + f for f in finds],
         ['BODY ' + m for m in misses])


html('plain', 'tags go', '<html><body><p>Hello world</p></body></html>', ['hello world'], ['<p>'])
html('inline', 'a word goes on over inline tags', 'wor<b>l</b>d', ['world'])
html('inline-span', 'over attributes too', 'w<span style="x">or</span>ld', ['world'])
html('block', 'blocks part words', '<p>one</p><p>two</p>', ['one two'], ['onetwo'])
html('break', 'so does a line break', 'one<br>two<br/>three', ['one two three'], ['onetwo'])
html('cells', 'and a cell', '<td>one</td><td>two</td>', [], ['onetwo'])
html('white-space', 'white space is one space', 'one\n   \t two', ['one two'])
html('entity', 'named entities', 'caf&eacute; &amp; th&eacute;', ['café & thé'], ['eacute'])
html('entity-number', 'numbers', '&#1055;&#x0440;&#X438;', ['при'])
html('entity-no-semicolon', 'no semicolon', 'a &lt b', ['a < b'])
html('entity-unknown', 'an unknown name', 'a &unknown; b', ['&unknown;'])
html('entity-nbsp', 'a no-break space', 'a&nbsp;b', ['a b'])
html('entity-1252', 'numbers that mean windows-1252', '&#147;q&#148;', ['“q”'])
html('entity-in-word', 'a soft hyphen in a word is kept apart', 'Gr&uuml;&szlig;e', ['GRÜSSE',
     'grüße'])
html('entity-zero', 'a number that is none', 'a&#0;b &#x110000; &#xd800;c')
html('attribute', 'attributes are not seen', '<a href="hidden" title=\'x>y\'>shown</a>', ['shown'],
     ['hidden', 'x>y'])
html('attribute-alt', 'nor alternative texts', '<img alt="hidden"> shown', ['shown'])
html('style', 'styles', '<style>p { color: red }</style>shown', ['shown'], ['color'])
html('script', 'scripts', '<script>if (a<b) c="</p>";</script>shown', ['shown'], ['if (a'])
html('comment', 'comments', '<!-- hidden > -->shown<!-->also', ['shown', 'also'], ['hidden'])
html('doctype', 'a declaration', '<!DOCTYPE html PUBLIC "-//W3C//DTD">shown', ['shown'], ['W3C'])
html('open-tag', 'a tag without its end', 'shown <a href="x', ['shown'])
html('open-comment', 'a comment without its end', 'shown <!-- hidden', ['shown'], ['hidden'])
html('less-than', 'a < that is no tag', 'a < b and c <3', ['a < b', '<3'])
html('upper', 'tags in upper case', '<P>ONE</P><SCRIPT>HIDDEN</SCRIPT>', ['one'], ['hidden'])
html('title', 'the title', '<title>Title of it</title>text', ['title of it'])
html('koi8', 'in KOI8-R', '<p>Привет</p>'.encode('koi8-r'), ['привет'], charset='koi8-r')
html('conditional', 'conditional comments', '<!--[if mso]>hidden<![endif]-->shown', ['shown'],
     ['hidden'])
html('processing', 'a processing instruction', '<?xml version="1.0"?>shown', ['shown'], ['version'])
html('table', 'a table', '<table><tr><th>Name</th><td>Value</td></tr></table>', ['name value'])
html('long-tag', 'a tag of 20,000 octets', '<a title="' + 'x' * 20000 + '">shown</a>', ['shown'])
case('html-qp', 'HTML in quoted-printable', 'Content-Type: text/html; charset=utf-8\n'
     'Content-Transfer-Encoding: quoted-printable\n\n<p sty=\nle=3D"x">sh=\nown</p>\n',
     ['BODY shown'], ['BODY style'])
case('html-alternative', 'as one of two',
     'Content-Type: multipart/alternative; boundary=b\n\n--b\n\nplain words\n--b\n'
     'Content-Type: text/html\n\n<p>html <i>wor</i>ds</p>\n--b--\n', ['BODY plain words',
     'BODY html words'])
case('html-not', 'tags in text/plain are text', 'Content-Type: text/plain\n\n<b>x</b> &amp;\n',
     ['BODY <b>x</b> &amp;'])

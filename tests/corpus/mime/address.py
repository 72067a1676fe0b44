"""Address fields (RFC 5322 sections 3.4 and 4.4, RFC 3501 section 7.4.2)."""

from . import case, octets


def to(name, word, value, **search):
    case('address-' + name, word, b'Subject: address\nFrom: Sender <from@example.org>\nTo:'
         + octets(value) + b'\nMessage-ID: <1@example.org>\n\nbody\n', **search)


to('bare', 'addr-spec alone', ' user@example.org', finds=['TO user@example.org'])
to('angle', 'in angle brackets without a name', ' <user@example.org>')
to('name', 'a name of atoms', ' John Doe <john@example.org>', finds=['TO john doe'])
to('name-quoted', 'a quoted name with a comma', ' "Doe, John" <john@example.org>',
   finds=['TO doe, john'])
to('name-quoted-pair', 'quotes and backslash in a name', ' "a \\"b\\" \\\\c" <j@example.org>')
to('name-quoted-empty', 'a name that is an empty string', ' "" <j@example.org>')
to('name-quoted-space', 'white space at the ends of a name', ' "  J  D  " <j@example.org>')
to('name-mixed', 'atoms and quoted strings in one name', ' John "Q." Doe <j@example.org>')
to('name-dots', 'obsolete dots in a name', ' Joe Q. Public <joe@example.org>')
to('name-8bit', 'UTF-8 in a name', ' Пётр <petr@example.org>', finds=['TO пётр'])
to('name-latin1', 'windows-1252 in a name', b' Fran\xe7ois <f@example.org>')
to('name-8bit-quoted', 'UTF-8 in a quoted name', ' "Пётр И." <petr@example.org>')
to('name-encoded', 'an encoded-word as name', ' =?utf-8?B?0J/RkdGC0YA=?= <petr@example.org>',
   finds=['TO Пётр'])
to('name-encoded-quoted', 'an encoded-word in quotes', ' "=?utf-8?Q?Doe,_J?=" <j@example.org>')
to('name-encoded-comma', 'an encoded comma', ' =?utf-8?Q?Doe,_J?= <j@example.org>')
to('name-at', 'an unquoted address as name', ' a@b.example <a@b.example>')
to('name-at-quoted', 'a quoted address as name', ' "a@b.example" <a@b.example>')
to('name-colon-quoted', 'a quoted colon in a name', ' "re: x" <a@b.example>')
to('name-brackets', 'square brackets in a name', ' [List] Name <a@b.example>')
to('name-folded', 'a name folded in the middle', ' John\n Doe\n\t<john@example.org>')
to('name-folded-quoted', 'a quoted name folded in the middle', ' "John\n Doe" <john@example.org>')
to('name-apostrophes', 'single quotes around a name', " 'John Doe' <john@example.org>")
to('name-after-angle', 'words after the address', ' <john@example.org> John')
to('name-long', 'a name of 2,000 letters', ' ' + 'x' * 2000 + ' <x@example.org>')
to('comment-name', 'the old form, the name in a comment', ' john@example.org (John Doe)')
to('comment-nested', 'comments in comments', ' john@example.org (a (nested (deep)) one)')
to('comment-escaped', 'a parenthesis quoted in a comment', ' john@example.org (a \\) b)')
to('comment-open', 'a comment without an end', ' john@example.org (open')
to('comment-open-backslash', 'a comment that ends in a backslash', ' john@example.org (open\\')
to('comment-before', 'a comment before the address', ' (before) john@example.org')
to('comment-both', 'a comment on each side', ' (one) john@example.org (two)')
to('comment-inside', 'comments within the address', ' john(c1)@(c2)example(c3).org')
to('comment-with-name', 'a name and a comment', ' John <john@example.org> (work)')
to('comment-in-angle', 'a comment in the angle brackets', ' John <john@example.org(host)>')
to('comment-alone', 'nothing but a comment', ' (nobody)')
to('comment-empty', 'an empty comment', ' john@example.org ()')
to('comment-8bit', 'UTF-8 in a comment', ' john@example.org (Джон)')
to('comment-rfc5322', 'RFC 5322 appendix A.5',
   ' Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>')
to('route', 'a route of one host', ' <@relay.example:user@example.org>')
to('route-two', 'a route of two hosts', ' Name <@a.example,@b.example:user@example.org>')
to('route-commas', 'empty elements in a route', ' <,@a.example,,@b.example:user@example.org>')
to('route-spaces', 'white space in a route', ' < @a.example , @b.example : user@example.org >')
to('route-without-colon', 'a route without its end', ' <@a.example user@example.org>')
to('group', 'RFC 5322 appendix A.1.3',
   ' A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;', finds=['TO joe@where'])
to('group-empty', 'a group without members', ' undisclosed-recipients:;')
to('group-empty-space', 'white space in an empty group', ' Undisclosed recipients : ;')
to('group-empty-comment', 'a comment in an empty group',
   ' (Empty list)(start)Hidden recipients  :(nobody(that I know))  ;')
to('group-quoted', 'a quoted name of a group', ' "A: Group": a@example.org;')
to('group-then-address', 'an address after a group', ' G: a@example.org; , b@example.org')
to('group-then-address-bare', 'no comma after a group', ' G: a@example.org; b@example.org')
to('group-two', 'two groups', ' One: a@example.org;, Two: b@example.org, c@example.org;')
to('group-open', 'a group without its semicolon', ' G: a@example.org, b@example.org')
to('group-in-group', 'a group in a group', ' A: B: a@example.org;, b@example.org;')
to('group-commas', 'empty members of a group', ' G: , a@example.org,, ;')
to('group-end-alone', 'a semicolon without a group', ' a@example.org;')
to('group-encoded', 'an encoded-word as the name of a group',
   ' =?utf-8?Q?Gr=C3=BCn?=: a@b.example;')
to('group-folded', 'a group folded after its colon', ' G:\n a@example.org,\n b@example.org;')
to('group-without-name', 'a group without a name', ' :a@example.org;')
to('separator-semicolon', 'semicolons between addresses', ' a@example.org; b@example.org')
to('separator-double', 'commas in a row', ' a@example.org,, ,b@example.org,')
to('separator-missing', 'white space between addresses', ' <a@example.org> <b@example.org>')
to('separator-commas-alone', 'commas alone', ' ,,,')
to('local-quoted', 'a quoted local part', ' "john doe"@example.org')
to('local-quoted-at', 'an @ in a quoted local part', ' "a@b"@example.org')
to('local-quoted-pair', 'a quoted pair in a local part', ' "a\\"b"@example.org')
to('local-dots', 'dots at the ends of a local part', ' .a..b.@example.org')
to('local-spaces', 'white space around dots and @', ' john . doe @ example . org')
to('local-alone', 'no domain', ' root')
to('local-alone-angle', 'no domain in angle brackets', ' Root <root>')
to('local-words', 'several words, no address', ' John Doe')
to('local-empty', 'no local part', ' @example.org')
to('local-empty-angle', 'no local part in angle brackets', ' X <@example.org>')
to('local-8bit', 'UTF-8 in the local part (RFC 6532)', ' почта@example.org')
to('local-slash', 'slashes and equals, as X.400 gateways write',
   ' /G=John/S=Doe/O=Org/@gateway.example')
to('local-percent', 'a percent route', ' user%host@relay.example')
to('domain-literal', 'an address literal', ' me@[127.0.0.1]')
to('domain-literal-ipv6', 'colons in an address literal', ' me@[IPv6:2001:db8::1]')
to('domain-literal-space', 'white space in an address literal', ' me@[ 127.0.0.1 ]')
to('domain-empty', 'nothing after the @', ' me@')
to('domain-empty-angle', 'nothing after the @ in brackets', ' Me <me@>')
to('domain-dot', 'a dot at the end of the domain', ' me@example.org.')
to('domain-8bit', 'a domain in UTF-8', ' me@пример.example')
to('domain-two-at', 'two @ in an address', ' a@b@example.org')
to('angle-empty', 'empty angle brackets', ' <>')
to('angle-empty-name', 'a name with empty angle brackets', ' MAILER-DAEMON <>')
to('angle-open', 'no closing bracket', ' X <a@example.org')
to('angle-open-comma', 'no closing bracket before a comma', ' X <a@example.org, b@example.org')
to('angle-double', 'doubled brackets', ' X <<a@example.org>>')
to('angle-close-alone', 'a closing bracket alone', ' a@example.org>')
to('angle-spaces', 'white space in the brackets', ' X < a@example.org >')
to('quote-open', 'no closing quote', ' "x <a@example.org>')
to('quote-open-comma', 'no closing quote before another address', ' "x <a@b.example>, c@d.example')
to('backslash', 'a backslash outside of quotes', ' a\\b@example.org')
to('control', 'a control octet in a name', b' a\x01b <a@example.org>')
to('nul', 'a NUL in a name', b' a\0b <a@example.org>')
to('empty', 'an empty field', '')
to('empty-space', 'white space alone', '   ')
to('empty-folded', 'a fold alone', '\n ')
to('many', '300 addresses', ',\n'.join(' U%d <u%d@example.org>' % (i, i) for i in range(300)))
to('two-fields', 'two To fields', ' a@example.org\nTo: b@example.org')
to('two-fields-group', 'a group that is open at the end of a field',
   ' G: a@example.org\nTo: b@example.org;')
to('mailto', 'a URI', ' mailto:a@example.org')
to('uucp', 'a bang path', ' a!b!user')


def fields(name, word, header, **search):
    case('address-' + name, word, header + '\nSubject: fields\n\nbody\n', **search)


fields('sender-default', 'no Sender, no Reply-To', 'From: a@example.org')
fields('sender-given', 'Sender and Reply-To given',
       'From: a@example.org\nSender: b@example.org\nReply-To: c@example.org')
fields('sender-empty', 'empty Sender and Reply-To', 'From: a@example.org\nSender:\nReply-To: ')
fields('sender-comment', 'Sender of a comment alone', 'From: a@example.org\nSender: (none)')
fields('sender-group', 'Reply-To of an empty group', 'From: a@example.org\nReply-To: none:;')
fields('sender-two', 'two addresses in Sender',
       'From: a@example.org\nSender: b@c.example, d@e.example')
fields('from-missing', 'Sender and no From', 'Sender: b@example.org')
fields('from-empty', 'an empty From', 'From:\nTo: a@example.org')
fields('from-two', 'two authors', 'From: a@example.org, b@example.org')
fields('from-two-fields', 'two From fields', 'From: a@example.org\nFrom: b@example.org')
fields('from-group', 'a group in From (RFC 6854)', 'From: Team: a@example.org;')
fields('from-encoded-all', 'the whole address encoded', 'From: =?utf-8?Q?J_=3Cj=40x=2Eexample=3E?=')
fields('cc-and-bcc', 'all destinations',
       'From: a@example.org\nCc: c@example.org\nBcc: b@example.org',
       finds=['CC c@example.org', 'BCC b@example.org'], misses=['TO c@example.org'])
fields('cc-two-fields', 'two Cc fields',
       'From: a@example.org\nCc: c@example.org\nCc: d@example.org',
       finds=['CC c@example', 'CC d@example'])
fields('cc-two-first-empty', 'two Cc fields, the first empty',
       'From: a@example.org\nCc:\nCc: d@example.org')
fields('resent', 'Resent- fields',
       'From: a@example.org\nResent-From: r@example.org\nResent-To: s@example.org',
       finds=['HEADER Resent-To s@example'], misses=['FROM r@example'])

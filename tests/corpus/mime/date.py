"""Date fields: RFC 5322 sections 3.3 and 4.3, and those of the world. SENTON asks for the day that
is written, whatever time and zone (RFC 3501 section 6.4.4)."""

from . import case, octets


def date(name, word, value, day=None):
    finds, misses = [], []
    if day is None:
        misses = ['SENTSINCE 1-Jan-1900', 'SENTBEFORE 1-Jan-2200']
    else:
        finds = ['SENTON ' + day, 'SENTSINCE ' + day]
        misses = ['SENTBEFORE ' + day]
    case('date-' + name, word, b'From: a@example.org\nDate: ' + octets(value)
         + b'\nSubject: date\n\nbody\n', finds, misses)


DAY = '21-Nov-1997'
date('rfc5322', 'by the book', 'Fri, 21 Nov 1997 09:55:06 -0600', DAY)
date('no-weekday', 'no day of the week', '21 Nov 1997 09:55:06 -0600', DAY)
date('wrong-weekday', 'it was a Friday', 'Tue, 21 Nov 1997 09:55:06 -0600', DAY)
date('unknown-weekday', 'a foreign day of the week', 'Fre, 21 Nov 1997 09:55:06 -0600', DAY)
date('long-weekday', 'the day of the week in full', 'Friday, 21 Nov 1997 09:55:06 -0600', DAY)
date('weekday-no-comma', 'no comma after the day of the week', 'Fri 21 Nov 1997 09:55:06 -0600',
     DAY)
date('no-spaces', 'no space after the comma', 'Fri,21 Nov 1997 09:55:06 -0600', DAY)
date('no-seconds', 'no seconds', 'Fri, 21 Nov 1997 09:55 -0600', DAY)
date('no-time', 'no time', 'Fri, 21 Nov 1997', DAY)
date('no-zone', 'no zone', 'Fri, 21 Nov 1997 09:55:06', DAY)
date('one-digit-day', 'one digit for the day', 'Sat, 1 Nov 1997 09:55:06 -0600', '1-Nov-1997')
date('one-digit-time', 'single digits in the time', 'Fri, 21 Nov 1997 9:5:6 -0600', DAY)
date('two-digit-year', 'the year of two digits, 97', 'Fri, 21 Nov 97 09:55:06 -0600', DAY)
date('two-digit-year-49', 'the year 49', 'Sun, 21 Nov 49 09:55:06 +0000', '21-Nov-2049')
date('two-digit-year-50', 'the year 50', 'Tue, 21 Nov 50 09:55:06 +0000', '21-Nov-1950')
date('two-digit-year-00', 'the year 00', 'Tue, 21 Nov 00 09:55:06 +0000', '21-Nov-2000')
date('three-digit-year', 'the year 103 of a bad program', 'Fri, 21 Nov 103 09:55:06 +0000',
     '21-Nov-2003')
date('zone-gmt', 'GMT', 'Fri, 21 Nov 1997 09:55:06 GMT', DAY)
date('zone-ut', 'UT', 'Fri, 21 Nov 1997 09:55:06 UT', DAY)
date('zone-est', 'EST', 'Fri, 21 Nov 1997 22:55:06 EST', DAY)
date('zone-pdt', 'PDT', 'Fri, 21 Nov 1997 23:55:06 PDT', DAY)
date('zone-msk', 'a zone that RFC 5322 does not have', 'Fri, 21 Nov 1997 23:55:06 MSK', DAY)
date('zone-z', 'a military zone', 'Fri, 21 Nov 1997 23:55:06 Z', DAY)
date('zone-comment', 'the zone named in a comment', 'Fri, 21 Nov 1997 09:55:06 -0600 (CST)', DAY)
date('zone-comment-alone', 'a comment in place of the zone', 'Fri, 21 Nov 1997 09:55:06 (CST)', DAY)
date('zone-colon', 'a colon in the zone', 'Fri, 21 Nov 1997 09:55:06 +03:00', DAY)
date('zone-no-sign', 'a zone without a sign', 'Fri, 21 Nov 1997 09:55:06 0300', DAY)
date('zone-too-large', 'a zone of 99 hours', 'Fri, 21 Nov 1997 09:55:06 +9999', DAY)
date('zone-gmt-offset', 'GMT and an offset', 'Fri, 21 Nov 1997 09:55:06 GMT+0200', DAY)
date('zone-minus-zero', 'zone unknown by RFC 5322', 'Fri, 21 Nov 1997 09:55:06 -0000', DAY)
date('zone-next-day', 'the next day in UTC', 'Fri, 21 Nov 1997 23:30:00 -0800', DAY)
date('zone-day-before', 'the day before in UTC', 'Fri, 21 Nov 1997 00:30:00 +0300', DAY)
date('comments', 'comments everywhere',
     '(a) Fri (b) , (c) 21 (d) Nov (e) 1997 (f) 09 (g) : 55 : 06 -0600 (h)', DAY)
date('comment-with-date', 'another date in a comment',
     '(1 Jan 2001) Fri, 21 Nov 1997 09:55:06 -0600', DAY)
date('comment-nested', 'nested comments', 'Fri, 21 Nov 1997 09:55:06 -0600 (a (b \\) c))', DAY)
date('folded', 'RFC 5322 appendix A.5, folded',
     'Thu,\n      13\n        Feb\n          1969\n      23:32\n               -0330 (Newfoundland Time)',
     '13-Feb-1969')
date('space-before-colon', 'white space around the colons', 'Fri, 21 Nov 1997 09 : 55 : 06 -0600',
     DAY)
date('dashes', 'dashes, as IMAP writes', '21-Nov-1997 09:55:06 +0100', DAY)
date('dashes-two-digit', 'dashes and two digits', '21-Nov-97 09:55:06 GMT', DAY)
date('month-full', 'the month in full', 'Fri, 21 November 1997 09:55:06 -0600', DAY)
date('month-upper', 'upper case', 'FRI, 21 NOV 1997 09:55:06 -0600', DAY)
date('month-dot', 'a dot after the month', 'Fri, 21 Nov. 1997 09:55:06 -0600', DAY)
date('month-number', 'the month as a number', 'Fri, 21 11 1997 09:55:06 -0600')
date('month-unknown', 'a month that is none', 'Fri, 21 Foo 1997 09:55:06 -0600')
date('month-foreign', 'a German month', 'Fr, 21 Okt 1997 09:55:06 +0100')
date('month-first', 'month before day', 'Nov 21, 1997 9:55 PM', DAY)
date('asctime', 'as asctime(3)', 'Fri Nov 21 09:55:06 1997', DAY)
date('asctime-zone', 'as date(1)', 'Fri Nov 21 09:55:06 EST 1997', DAY)
date('iso', 'ISO 8601', '1997-11-21T09:55:06+01:00', DAY)
date('iso-space', 'ISO 8601 with a space', '1997-11-21 09:55:06', DAY)
date('slashes', 'slashes: day or month first, nobody knows', '11/21/1997 09:55')
date('time-dots', 'dots in the time', 'Fri, 21 Nov 1997 09.55.06 +0100', DAY)
date('time-pm', 'hours of twelve', 'Fri, 21 Nov 1997 09:55:06 PM -0600', DAY)
date('time-24', '24 o\'clock', 'Fri, 21 Nov 1997 24:00:00 -0600', DAY)
date('time-leap', 'a leap second', 'Mon, 31 Dec 1990 23:59:60 +0000', '31-Dec-1990')
date('time-fraction', 'parts of seconds', 'Fri, 21 Nov 1997 09:55:06.123 -0600', DAY)
date('time-garbage', 'a time out of range', 'Fri, 21 Nov 1997 99:99:99 +0100', DAY)
date('day-31', 'February 31', 'Mon, 31 Feb 2020 00:00:00 +0000')
date('day-0', 'day 0', 'Mon, 0 Jan 2020 00:00:00 +0000')
date('day-32', 'day 32', 'Mon, 32 Jan 2020 00:00:00 +0000')
date('leap-day', 'a leap day', 'Sat, 29 Feb 2020 00:00:00 +0530', '29-Feb-2020')
date('leap-day-1900', 'no leap day', 'Thu, 29 Feb 1900 00:00:00 GMT')
date('year-5', 'a year of five digits', 'Fri, 21 Nov 10000 09:55:06 -0600')
date('epoch', 'the epoch', 'Thu, 1 Jan 1970 00:00:00 +0000', '1-Jan-1970')
date('before-epoch', 'before the epoch', 'Wed, 31 Dec 1969 23:59:59 +0000', '31-Dec-1969')
date('1901', 'before 32 bits', 'Fri, 1 Nov 1901 00:00:00 +0000', '1-Nov-1901')
date('2038', 'after 32 bits', 'Sat, 20 Feb 2038 00:00:00 +0000', '20-Feb-2038')
date('2106', 'after 32 bits without sign', 'Mon, 8 Feb 2106 00:00:00 +0000', '8-Feb-2106')
date('garbage', 'no date', 'yesterday, I believe')
date('empty', 'nothing', '')
date('digits', 'digits alone', '99999999999999999999')
date('time-alone', 'a time alone', '10:00:00 +0100')
date('quoted', 'in quotes', '"Fri, 21 Nov 1997 09:55:06 -0600"', DAY)
date('trailing', 'words after it', 'Fri, 21 Nov 1997 09:55:06 -0600 sharp', DAY)
date('8bit', 'UTF-8 after it', 'Fri, 21 Nov 1997 09:55:06 +0300 (по Москве)', DAY)
date('nul', 'a NUL', b'Fri, 21 Nov 1997 09:55:06\0 -0600', DAY)
case('date-missing', 'no Date field', 'From: a@example.org\n\nbody\n',
     misses=['SENTSINCE 1-Jan-1900', 'SENTBEFORE 1-Jan-2200'])

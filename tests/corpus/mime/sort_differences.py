"""What peers sort otherwise, as differences.py: tests/interop/sort, whose --table prints this table.
A message stands for the group of those that keep it out of its place: another of the group may be
what is odd."""

TABLE = [
    ('bare-cr', 'cyrus', 'sort.subject',
     'header-subject-cr lines-cr-in-header'),
    ('collation', 'cyrus', 'sort.displayto',
     'address-domain-8bit address-local-8bit address-name-8bit address-name-encoded'),
    ('collation', 'cyrus', 'sort.subject',
     'search-euc-kr search-fold-sigma search-fold-turkish search-gb18030 search-lower '
     'search-sjis search-split-2022'),
    ('cyrus-limits', 'cyrus', 'sort.subject',
     'header-many'),
    ('damaged-encoding', 'dovecot', 'sort.subject',
     'search-bad-base64'),
    ('dates', 'cyrus', 'sort.date',
     'date-1901 date-2106 date-asctime date-asctime-zone date-before-epoch '
     'date-comment-with-date date-comments date-epoch date-folded date-iso date-iso-space '
     'date-long-weekday date-month-first date-month-full date-no-time date-quoted '
     'date-space-before-colon date-three-digit-year date-time-24 date-time-fraction '
     'date-time-garbage date-time-pm date-two-digit-year-50 date-weekday-no-comma '
     'date-zone-colon date-zone-no-sign date-zone-too-large'),
    ('dates', 'dovecot', 'sort.date',
     'date-1901 date-2106 date-asctime date-asctime-zone date-before-epoch date-dashes '
     'date-dashes-two-digit date-epoch date-folded date-iso date-iso-space date-long-weekday '
     'date-month-dot date-month-first date-no-time date-nul date-one-digit-time date-quoted '
     'date-three-digit-year date-time-24 date-time-fraction date-time-garbage date-time-pm '
     'date-two-digit-year-50 date-weekday-no-comma date-zone-colon date-zone-too-large'),
    ('empty-elements', 'cyrus', 'sort.displayto',
     'address-route-commas'),
    ('empty-elements', 'cyrus', 'sort.to',
     'address-route-commas'),
    ('empty-elements', 'dovecot', 'sort.displayto',
     'address-route-commas address-separator-commas-alone'),
    ('empty-elements', 'dovecot', 'sort.to',
     'address-route-commas address-separator-commas-alone'),
    ('groups', 'cyrus', 'sort.displayto',
     'address-group-quoted'),
    ('groups', 'cyrus', 'sort.from',
     'address-from-group'),
    ('groups', 'cyrus', 'sort.to',
     'address-group address-group-commas address-group-empty-comment address-group-empty-space '
     'address-group-encoded address-group-folded address-group-in-group address-group-open '
     'address-group-quoted address-group-then-address address-group-then-address-bare '
     'address-group-two'),
    ('groups', 'dovecot', 'sort.displayto',
     'address-group-encoded'),
    ('groups', 'dovecot', 'sort.to',
     'address-group-encoded'),
    ('no-address', 'cyrus', 'sort.displayto',
     'address-control address-domain-dot address-local-spaces address-quote-open '
     'address-quote-open-comma'),
    ('no-address', 'cyrus', 'sort.to',
     'address-angle-double address-backslash address-local-spaces address-quote-open '
     'address-quote-open-comma'),
    ('no-address', 'dovecot', 'sort.displayto',
     'address-backslash address-comment-inside address-comment-open '
     'address-comment-open-backslash address-control address-domain-literal-space '
     'address-domain-two-at address-name-brackets address-quote-open address-quote-open-comma'),
    ('no-address', 'dovecot', 'sort.to',
     'address-angle-double address-backslash address-local-spaces address-local-words '
     'address-name-brackets address-quote-open address-quote-open-comma'),
    ('no-date', 'cyrus', 'sort.date',
     'date-day-0 date-day-31 date-day-32 date-year-5'),
    ('no-domain', 'cyrus', 'sort.displayto',
     'address-local-empty'),
    ('no-domain', 'dovecot', 'sort.displayto',
     'address-angle-empty address-local-empty address-route-without-colon'),
    ('no-domain', 'dovecot', 'sort.to',
     'address-angle-empty address-angle-empty-name address-local-empty address-local-empty-angle '
     'address-route-without-colon'),
    ('nul', 'dovecot', 'sort.displayto',
     'address-nul'),
    ('nul', 'dovecot', 'sort.subject',
     'header-subject-nul'),
    ('quoted-local-part', 'cyrus', 'sort.displayto',
     'address-local-quoted address-local-quoted-pair'),
    ('quoted-local-part', 'cyrus', 'sort.to',
     'address-local-quoted-at address-local-quoted-pair'),
    ('raw-8bit', 'cyrus', 'sort.subject',
     'header-subject-koi8r header-subject-utf8 header-subject-utf8-broken search-raw-utf8'),
    ('raw-8bit', 'dovecot', 'sort.subject',
     'header-subject-koi8r header-subject-utf8-broken'),
    ('several-fields', 'cyrus', 'sort.cc',
     'address-cc-two-fields'),
    ('several-fields', 'cyrus', 'sort.date',
     'header-date-two'),
    ('several-fields', 'cyrus', 'sort.displayfrom',
     'address-from-two-fields'),
    ('several-fields', 'cyrus', 'sort.displayto',
     'address-two-fields address-two-fields-group'),
    ('several-fields', 'cyrus', 'sort.from',
     'address-from-two-fields'),
    ('several-fields', 'cyrus', 'sort.subject',
     'header-subject-two header-subject-two-first-empty'),
    ('several-fields', 'cyrus', 'sort.to',
     'address-two-fields address-two-fields-group'),
    ('several-fields', 'dovecot', 'sort.cc',
     'address-cc-two-first-empty'),
    ('split-words', 'dovecot', 'sort.subject',
     'search-split-character search-split-character-folded'),
    ('white-space', 'cyrus', 'sort.displayto',
     'address-name-quoted-space'),
    ('white-space', 'cyrus', 'sort.subject',
     'header-subject-folded header-subject-folded-crlf header-subject-inner-space search-empty'),
    ('white-space', 'dovecot', 'sort.subject',
     'header-subject-folded-space-before'),
    ('words-charset', 'dovecot', 'sort.subject',
     'search-language search-unknown-charset'),
]

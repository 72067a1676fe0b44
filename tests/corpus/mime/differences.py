"""What peers answer otherwise: (reason, peer, aspect, cases). doc/mime.md explains each reason; its
rows must be all that is and nothing that is not (tests/interop/mime, whose --table prints this
table). EVERY in place of cases: the peer does so with most messages."""

import collections
import textwrap

EVERY = '*'

TABLE = [
    ('8bit-token', 'cyrus', 'structure.encoding',
     'part-cte-8bits'),
    ('8bit-token', 'cyrus', 'structure.params',
     'ct-8bit'),
    ('8bit-token', 'cyrus', 'structure.type',
     'ct-8bit'),
    ('bare-cr', 'cyrus', 'envelope.subject',
     'lines-cr-cr-lf'),
    ('bare-cr', 'dovecot', 'envelope.subject',
     'header-subject-cr lines-cr-in-header lines-cr-only'),
    ('boundary', 'cyrus', 'section.mime',
     'multipart-boundary-space-end'),
    ('boundary', 'cyrus', 'section.part',
     'multipart-boundary-missing multipart-boundary-missing-value multipart-boundary-space-end '
     'multipart-nested-inner-no-boundary'),
    ('boundary', 'cyrus', 'section.text',
     'multipart-boundary-missing multipart-boundary-missing-value'),
    ('boundary', 'cyrus', 'structure.lines',
     'multipart-boundary-missing multipart-boundary-missing-value '
     'multipart-nested-inner-no-boundary'),
    ('boundary', 'cyrus', 'structure.shape',
     'multipart-boundary-empty multipart-boundary-space-only'),
    ('boundary', 'cyrus', 'structure.size',
     'multipart-boundary-missing multipart-boundary-missing-value multipart-boundary-space-end '
     'multipart-nested-inner-no-boundary'),
    ('boundary', 'dovecot', 'search.body',
     'multipart-boundary-missing'),
    ('boundary', 'dovecot', 'section.mime',
     'ct-2231-boundary-extended lines-nul-boundary multipart-boundary-space-end'),
    ('boundary', 'dovecot', 'section.part',
     'ct-2231-boundary-extended lines-nul-boundary multipart-boundary-space-end'),
    ('boundary', 'dovecot', 'structure.shape',
     'multipart-boundary-200 multipart-boundary-empty multipart-boundary-missing '
     'multipart-boundary-missing-value multipart-boundary-space-only '
     'multipart-nested-inner-no-boundary'),
    ('boundary', 'dovecot', 'structure.size',
     'ct-2231-boundary-extended lines-nul-boundary multipart-boundary-space-end'),
    ('cyrus-charsets', 'cyrus', 'search.body',
     'body-big5-8bit body-big5-base64 body-big5-qp body-charset-quoted body-charset-unknown '
     'body-charset-utf16-bom body-euc-jp-8bit body-euc-jp-base64 body-euc-jp-qp body-euc-kr-8bit '
     'body-euc-kr-base64 body-euc-kr-qp body-gb18030-8bit body-gb18030-base64 body-gb18030-qp '
     'body-gb2312-8bit body-gb2312-base64 body-gb2312-qp body-gbk-8bit body-gbk-base64 '
     'body-gbk-qp body-ibm866-8bit body-ibm866-base64 body-ibm866-qp body-iso-2022-jp-8bit '
     'body-iso-2022-jp-base64 body-iso-2022-jp-qp body-iso-8859-1-8bit body-iso-8859-1-base64 '
     'body-iso-8859-1-qp body-iso-8859-13-8bit body-iso-8859-13-base64 body-iso-8859-13-qp '
     'body-iso-8859-15-8bit body-iso-8859-15-base64 body-iso-8859-15-qp body-iso-8859-2-8bit '
     'body-iso-8859-2-base64 body-iso-8859-2-qp body-iso-8859-5-8bit body-iso-8859-5-base64 '
     'body-iso-8859-5-qp body-iso-8859-7-8bit body-iso-8859-7-base64 body-iso-8859-7-qp '
     'body-iso-8859-8-8bit body-iso-8859-8-base64 body-iso-8859-8-qp body-iso-8859-9-8bit '
     'body-iso-8859-9-base64 body-iso-8859-9-qp body-koi8-r-8bit body-koi8-r-base64 '
     'body-koi8-r-qp body-koi8-u-8bit body-koi8-u-base64 body-koi8-u-qp body-shift_jis-8bit '
     'body-shift_jis-base64 body-shift_jis-qp body-tis-620-8bit body-tis-620-base64 '
     'body-tis-620-qp body-utf-16be-base64 body-utf-7-8bit body-utf-7-base64 body-utf-7-qp '
     'body-windows-1250-8bit body-windows-1250-base64 body-windows-1250-qp '
     'body-windows-1251-8bit body-windows-1251-base64 body-windows-1251-qp '
     'body-windows-1252-8bit body-windows-1252-base64 body-windows-1252-qp '
     'body-windows-1253-8bit body-windows-1253-base64 body-windows-1253-qp '
     'body-windows-1255-8bit body-windows-1255-base64 body-windows-1255-qp '
     'body-windows-1256-8bit body-windows-1256-base64 body-windows-1256-qp'),
    ('cyrus-charsets', 'cyrus', 'search.text',
     'body-big5-base64 body-euc-jp-base64 body-euc-kr-base64 body-gb18030-base64 '
     'body-gb2312-base64 body-gbk-base64 body-ibm866-base64 body-iso-2022-jp-base64 '
     'body-iso-8859-1-base64 body-iso-8859-13-base64 body-iso-8859-15-base64 '
     'body-iso-8859-2-base64 body-iso-8859-5-base64 body-iso-8859-7-base64 '
     'body-iso-8859-8-base64 body-iso-8859-9-base64 body-koi8-r-base64 body-koi8-u-base64 '
     'body-shift_jis-base64 body-tis-620-base64 body-utf-16be-base64 body-utf-7-base64 '
     'body-windows-1250-base64 body-windows-1251-base64 body-windows-1252-base64 '
     'body-windows-1253-base64 body-windows-1255-base64 body-windows-1256-base64'),
    ('cyrus-limits', 'cyrus', 'answer',
     'multipart-deep-150 multipart-deep-99 rfc822-deep-150'),
    ('cyrus-limits', 'cyrus', 'envelope.subject',
     'header-many'),
    ('cyrus-limits', 'cyrus', 'section.header.fields',
     'header-many'),
    ('cyrus-limits', 'cyrus', 'section.header.fields.not',
     'header-many'),
    ('damaged-encoding', 'cyrus', 'search.body',
     'body-qp-end'),
    ('damaged-encoding', 'dovecot', 'search.body',
     'body-base64-damaged'),
    ('damaged-parameters', 'cyrus', 'structure.params',
     'ct-charset-empty ct-param-no-name ct-param-no-semicolon-between ct-param-no-value-equals '
     'ct-param-quoted-open ct-param-quoted-open-next ct-param-quoted-tail ct-param-space-value'),
    ('damaged-parameters', 'dovecot', 'structure.lines',
     'ct-params-alone'),
    ('damaged-parameters', 'dovecot', 'structure.params',
     'ct-charset-empty ct-param-backslash ct-param-brackets ct-param-no-name ct-param-no-value '
     'ct-param-no-value-equals ct-param-quoted-open ct-param-quoted-open-next ct-param-tspecials '
     'ct-params-alone'),
    ('damaged-parameters', 'dovecot', 'structure.type',
     'ct-params-alone'),
    ('dates', 'cyrus', 'search.sentbefore',
     'date-2106'),
    ('dates', 'cyrus', 'search.senton',
     'date-1901 date-2106 date-asctime date-asctime-zone date-before-epoch '
     'date-comment-with-date date-comments date-epoch date-folded date-iso date-iso-space '
     'date-long-weekday date-month-first date-month-full date-quoted date-three-digit-year '
     'date-two-digit-year-50 date-weekday-no-comma'),
    ('dates', 'cyrus', 'search.sentsince',
     'date-2106'),
    ('dates', 'dovecot', 'search.sentbefore',
     'date-2106 date-asctime date-asctime-zone date-dashes date-dashes-two-digit date-iso '
     'date-iso-space date-long-weekday date-month-dot date-month-first date-no-time date-nul '
     'date-one-digit-time date-quoted date-three-digit-year date-time-24 date-time-fraction '
     'date-time-garbage date-weekday-no-comma'),
    ('dates', 'dovecot', 'search.senton',
     'date-1901 date-2106 date-asctime date-asctime-zone date-before-epoch date-dashes '
     'date-dashes-two-digit date-folded date-iso date-iso-space date-long-weekday date-month-dot '
     'date-month-first date-no-time date-nul date-one-digit-time date-quoted '
     'date-three-digit-year date-time-24 date-time-fraction date-time-garbage '
     'date-two-digit-year-50 date-weekday-no-comma'),
    ('dates', 'dovecot', 'search.sentsince',
     'date-2106 date-asctime date-asctime-zone date-dashes date-dashes-two-digit date-iso '
     'date-iso-space date-long-weekday date-month-dot date-month-first date-no-time date-nul '
     'date-one-digit-time date-quoted date-three-digit-year date-time-24 date-time-fraction '
     'date-time-garbage date-weekday-no-comma'),
    ('default-charset', 'cyrus', 'structure.params',
     'body-charset-none-latin1 body-charset-none-utf8 ct-comment-open ct-folded-slash '
     'ct-mime-version-comment ct-mime-version-two ct-no-charset ct-param-8bit ct-param-8bit-bare '
     'ct-param-backslash ct-param-brackets ct-param-case ct-param-comment ct-param-encoded-word '
     'ct-param-encoded-word-bare ct-param-long ct-param-many ct-param-name-long '
     'ct-param-quoted-empty ct-param-quoted-folded ct-param-quoted-pair ct-param-same '
     'ct-param-spaces ct-param-tspecials ct-semicolon-last html-alternative html-not '
     'multipart-alternative multipart-digest-typed multipart-epilogue '
     'multipart-epilogue-no-line-end multipart-fields multipart-no-close-after-header '
     'multipart-no-close-in-header multipart-params multipart-part-blank-with-space '
     'multipart-part-header-garbage multipart-part-no-blank multipart-preamble '
     'multipart-preamble-epilogue multipart-subtype-comment multipart-subtype-unknown '
     'multipart-two rfc3501-numbers rfc822-attached-html rfc822-headers'),
    ('embedded-headers', 'dovecot', 'search.body',
     'multipart-digest rfc822-8bit rfc822-attached rfc822-attached-encoded rfc822-twice '
     'rfc822-whole'),
    ('empty-elements', 'cyrus', 'envelope.to',
     'address-route-commas'),
    ('empty-elements', 'dovecot', 'envelope.to',
     'address-group-commas address-route-commas address-separator-commas-alone '
     'address-separator-double'),
    ('empty-field', 'cyrus', 'search.header',
     'header-x-empty search-header-empty'),
    ('encoding-token', 'cyrus', 'structure.encoding',
     'part-cte-semicolon part-cte-words'),
    ('encoding-token', 'dovecot', 'structure.encoding',
     'part-cte-semicolon part-cte-words'),
    ('end-of-a-header', 'dovecot', 'section.header',
     'rfc822-attached-empty rfc822-attached-header-blank'),
    ('end-of-a-header', 'dovecot', 'section.mime',
     'multipart-empty-part multipart-nested-inner-empty rfc822-attached-empty '
     'rfc822-attached-header-blank'),
    ('end-of-a-header', 'dovecot', 'section.part',
     'multipart-digest-no-blank rfc822-attached-delimiter-in-header rfc822-attached-header-only'),
    ('end-of-a-header', 'dovecot', 'structure.lines',
     'multipart-digest-no-blank rfc822-attached-delimiter-in-header rfc822-attached-header-only'),
    ('end-of-a-header', 'dovecot', 'structure.size',
     'multipart-digest-no-blank rfc822-attached-delimiter-in-header rfc822-attached-header-only'),
    ('end-of-a-multipart', 'cyrus', 'section.part',
     'multipart-deep-10 multipart-deep-30 multipart-digest-in-digest '
     'multipart-nested-inner-after multipart-nested-no-line-between '
     'multipart-nested-prefix-longer-outer multipart-nested-prefix-outer multipart-nested-two '
     'rfc3501-numbers'),
    ('end-of-a-multipart', 'cyrus', 'section.text',
     'rfc3501-numbers'),
    ('end-of-a-multipart', 'cyrus', 'structure.lines',
     'rfc3501-numbers'),
    ('end-of-a-multipart', 'cyrus', 'structure.size',
     'rfc3501-numbers'),
    ('end-of-a-multipart', 'dovecot', 'section.part',
     'multipart-deep-10 multipart-deep-30 multipart-deep-99 multipart-digest-in-digest '
     'multipart-nested-inner-after multipart-nested-inner-closed-empty '
     'multipart-nested-no-line-between multipart-nested-prefix-dash '
     'multipart-nested-prefix-inner multipart-nested-prefix-longer-outer '
     'multipart-nested-prefix-outer multipart-nested-same multipart-nested-two rfc3501-numbers'),
    ('end-of-a-multipart', 'dovecot', 'section.text',
     'rfc3501-numbers'),
    ('end-of-a-multipart', 'dovecot', 'structure.lines',
     'rfc3501-numbers'),
    ('end-of-a-multipart', 'dovecot', 'structure.size',
     'rfc3501-numbers'),
    ('fold', 'cyrus', 'search.body',
     'body-fold-armenian body-fold-german-sharp-s body-fold-german-ss body-fold-hangul '
     'body-fold-ligature body-fold-marks-order'),
    ('fold', 'cyrus', 'search.subject',
     'search-fold-sharp'),
    ('fold', 'dovecot', 'search.body',
     'body-fold-armenian body-fold-german-sharp-s body-fold-german-ss body-fold-ligature '
     'body-fold-marks-order'),
    ('fold', 'dovecot', 'search.subject',
     'search-fold-sharp'),
    ('html', 'cyrus', 'search.body',
     'html-alternative html-attribute html-block html-break html-comment html-conditional '
     'html-doctype html-entity html-entity-1252 html-entity-in-word html-entity-nbsp '
     'html-entity-no-semicolon html-entity-number html-inline html-inline-span html-koi8 '
     'html-open-comment html-plain html-processing html-qp html-script html-style html-table '
     'html-upper html-white-space rfc822-attached-html'),
    ('html', 'dovecot', 'search.body',
     'html-alternative html-attribute html-block html-break html-comment html-conditional '
     'html-doctype html-entity html-entity-1252 html-entity-in-word html-entity-nbsp '
     'html-entity-no-semicolon html-entity-number html-inline html-inline-span html-open-comment '
     'html-plain html-processing html-qp html-script html-style html-table html-upper '
     'html-white-space rfc822-attached-html'),
    ('language', 'cyrus', 'structure.language',
     'part-language-commas part-language-quoted part-language-words'),
    ('language', 'dovecot', 'structure.language',
     'part-language-commas part-language-quoted part-language-words'),
    ('limits', 'dovecot', 'structure.shape',
     'multipart-deep-150 rfc822-deep-150'),
    ('limits', 'python', 'structure.shape',
     'multipart-deep-150 rfc822-deep-150'),
    ('line-ends', 'dovecot', 'search.body',
     'lines-lf'),
    ('location', 'cyrus', 'structure.location',
     'part-location-comment part-location-folded part-location-spaces'),
    ('location', 'dovecot', 'structure.location',
     'part-location-comment part-location-folded part-location-spaces'),
    ('no-address', 'cyrus', 'envelope.to',
     'address-angle-double address-angle-open-comma address-domain-8bit address-domain-dot '
     'address-group-end-alone address-group-in-group address-local-spaces '
     'address-name-after-angle address-name-at address-quote-open address-quote-open-comma '
     'address-separator-missing address-separator-semicolon'),
    ('no-address', 'dovecot', 'envelope.to',
     'address-angle-double address-angle-open address-angle-open-comma address-backslash '
     'address-comment-inside address-comment-open address-comment-open-backslash address-control '
     'address-domain-dot address-domain-literal-space address-domain-two-at '
     'address-group-in-group address-group-then-address-bare address-local-spaces '
     'address-name-at address-name-brackets address-nul address-quote-open '
     'address-quote-open-comma address-separator-semicolon'),
    ('no-date', 'cyrus', 'search.sentbefore',
     'date-day-0 date-day-31 date-day-32 date-digits date-empty date-garbage date-leap-day-1900 '
     'date-missing date-month-foreign date-month-number date-month-unknown date-slashes '
     'date-time-alone date-year-5'),
    ('no-date', 'cyrus', 'search.sentsince',
     'date-day-0 date-day-31 date-day-32 date-digits date-empty date-garbage date-leap-day-1900 '
     'date-missing date-month-foreign date-month-number date-month-unknown date-slashes '
     'date-time-alone date-year-5'),
    ('no-date', 'dovecot', 'search.sentbefore',
     'date-day-0 date-day-31 date-day-32 date-digits date-empty date-garbage date-leap-day-1900 '
     'date-missing date-month-foreign date-month-number date-month-unknown date-slashes '
     'date-time-alone date-year-5'),
    ('no-date', 'dovecot', 'search.sentsince',
     'date-day-0 date-day-31 date-day-32 date-digits date-empty date-garbage date-leap-day-1900 '
     'date-missing date-month-foreign date-month-number date-month-unknown date-slashes '
     'date-time-alone date-year-5'),
    ('no-disposition', 'cyrus', 'structure.disposition',
     'part-disposition-params-alone part-disposition-slash'),
    ('no-disposition', 'dovecot', 'structure.disposition',
     'part-disposition-empty part-disposition-quoted'),
    ('no-domain', 'cyrus', 'envelope.from',
     'address-from-encoded-all'),
    ('no-domain', 'cyrus', 'envelope.reply-to',
     'address-from-encoded-all'),
    ('no-domain', 'cyrus', 'envelope.sender',
     'address-from-encoded-all'),
    ('no-domain', 'cyrus', 'envelope.to',
     'address-angle-empty address-angle-empty-name address-domain-empty '
     'address-domain-empty-angle address-local-alone address-local-alone-angle '
     'address-local-empty-angle address-local-words address-name-encoded-comma '
     'address-route-without-colon address-uucp'),
    ('no-domain', 'dovecot', 'envelope.from',
     'address-from-encoded-all'),
    ('no-domain', 'dovecot', 'envelope.reply-to',
     'address-from-encoded-all'),
    ('no-domain', 'dovecot', 'envelope.sender',
     'address-from-encoded-all'),
    ('no-domain', 'dovecot', 'envelope.to',
     'address-angle-empty address-angle-empty-name address-domain-empty '
     'address-domain-empty-angle address-local-alone address-local-alone-angle '
     'address-local-empty address-local-empty-angle address-local-words '
     'address-name-encoded-comma address-route-without-colon address-uucp'),
    ('no-empty-line', 'cyrus', 'section.header.fields',
     'header-alone-crlf header-no-end lines-cr-cr-lf lines-one-cr multipart-digest-no-blank '
     'rfc822-attached-delimiter-in-header rfc822-attached-header-only rfc822-base64 rfc822-text '
     'rfc822-without-blank rfc822-without-line-end'),
    ('no-empty-line', 'cyrus', 'section.header.fields.not',
     'header-alone-crlf header-no-end multipart-digest-no-blank '
     'rfc822-attached-delimiter-in-header rfc822-attached-header-only rfc822-base64 rfc822-text '
     'rfc822-without-blank rfc822-without-line-end'),
    ('no-empty-line', 'dovecot', 'section.header.fields',
     'header-alone-crlf header-body-alone header-no-end header-no-line-end '
     'header-no-line-end-fold lines-cr-cr-lf lines-cr-only lines-empty-file lines-one-cr '
     'lines-one-octet lines-utf16'),
    ('no-empty-line', 'dovecot', 'section.header.fields.not',
     'multipart-digest-no-blank rfc822-attached-delimiter-in-header rfc822-attached-header-only '
     'rfc822-base64 rfc822-text'),
    ('no-field', 'cyrus', 'section.header.fields.not',
     'header-continuation-first header-mbox-from header-name-8bit lines-bom lines-cr-cr-lf '
     'lines-one-cr rfc822-mbox-from'),
    ('no-field', 'dovecot', 'section.header.fields.not',
     'header-body-alone header-body-alone-blank header-colon-alone header-continuation-first '
     'header-mbox-from header-mbox-from-quoted header-name-8bit header-name-empty '
     'header-name-folded header-no-colon header-no-colon-first lines-bom lines-cr-cr-lf '
     'lines-form-feed lines-nul-name lines-one-cr lines-one-octet lines-utf16 multipart-no-blank '
     'rfc822-mbox-from rfc822-quoted-printable'),
    ('no-mime-version', 'dovecot', 'structure.encoding',
     'ct-no-mime-version-base64'),
    ('no-parts', 'cyrus', 'section.text',
     'multipart-cte-qp multipart-empty-close multipart-empty-preamble'),
    ('no-parts', 'cyrus', 'structure.shape',
     'multipart-cte-qp multipart-empty-close multipart-empty-preamble '
     'multipart-nested-inner-closed-empty multipart-nested-inner-empty'),
    ('no-parts', 'dovecot', 'structure.shape',
     'multipart-no-close-after-delimiter'),
    ('no-type', 'cyrus', 'structure.lines',
     'ct-slash-plain'),
    ('no-type', 'cyrus', 'structure.params',
     'ct-slash-plain'),
    ('no-type', 'cyrus', 'structure.shape',
     'multipart-digest-bad-type'),
    ('no-type', 'cyrus', 'structure.type',
     'ct-slash-plain'),
    ('no-type', 'dovecot', 'search.body',
     'ct-empty ct-text-alone ct-text-slash'),
    ('no-type', 'dovecot', 'structure.lines',
     'ct-blank ct-empty ct-garbage ct-garbage-semicolon ct-quoted ct-slash-alone ct-slash-plain '
     'ct-text-slash ct-two-first-empty multipart-no-subtype'),
    ('no-type', 'dovecot', 'structure.params',
     'ct-blank ct-empty ct-garbage ct-garbage-semicolon ct-quoted ct-slash-alone ct-slash-plain '
     'ct-text-slash ct-two-first-empty multipart-no-subtype'),
    ('no-type', 'dovecot', 'structure.type',
     'ct-blank ct-empty ct-garbage ct-garbage-semicolon ct-quoted ct-slash-alone ct-slash-plain '
     'ct-text-alone ct-text-slash ct-two-first-empty multipart-digest-bad-type '
     'multipart-no-subtype'),
    ('nul', 'dovecot', 'envelope.date',
     'date-nul'),
    ('nul', 'dovecot', 'envelope.subject',
     'header-subject-nul'),
    ('nul', 'dovecot', 'structure.params',
     'lines-nul-boundary'),
    ('outer-boundary', 'cyrus', 'structure.shape',
     'multipart-nested-inner-open'),
    ('parameter-pieces', 'cyrus', 'structure.params',
     'ct-2231-pieces-twice'),
    ('parameter-pieces', 'dovecot', 'structure.params',
     'ct-2231-pieces-gap ct-2231-pieces-mixed ct-2231-pieces-twice ct-2231-pieces-zeros '
     'ct-2231-star-alone'),
    ('part-of-a-part', 'cyrus', 'absent.header.fields',
     '*'),
    ('part-of-a-part', 'dovecot', 'absent.mime',
     '*'),
    ('part-of-a-part', 'dovecot', 'absent.part',
     '*'),
    ('python-ends', 'python', 'section.part',
     'multipart-close-text multipart-nested-both-open multipart-nested-inner-no-boundary '
     'multipart-no-close rfc822-multipart-open'),
    ('python-headers', 'python', 'section.part',
     'header-body-alone header-body-alone-blank header-mbox-from-quoted header-name-8bit '
     'header-name-folded header-name-space header-no-colon header-no-colon-first '
     'header-subject-cr lines-bom lines-cr-cr-lf lines-cr-in-header lines-cr-only '
     'lines-form-feed lines-nul-name lines-one-octet lines-utf16 multipart-digest-no-blank '
     'multipart-no-blank multipart-part-blank-with-space multipart-part-header-garbage '
     'multipart-part-no-header-no-blank part-name-space rfc822-base64 rfc822-quoted-printable '
     'rfc822-text'),
    ('python-messages', 'python', 'section.part',
     'ct-message-delivery-status ct-message-external ct-message-partial rfc822-global '
     'rfc822-in-alternative'),
    ('python-multiparts', 'python', 'structure.shape',
     'lines-nul-boundary multipart-boundary-8bit multipart-boundary-comment '
     'multipart-boundary-empty multipart-boundary-space-only multipart-boundary-trailing-text '
     'multipart-boundary-wrong multipart-close-one-dash multipart-cte-base64 multipart-cte-qp '
     'multipart-empty-body multipart-empty-close multipart-empty-parts multipart-empty-preamble '
     'multipart-nested-inner-closed-empty multipart-nested-inner-empty '
     'multipart-nested-prefix-dash multipart-nested-prefix-inner multipart-nested-same '
     'multipart-no-delimiter rfc822-attached-boundary rfc822-multipart-empty'),
    ('raw-8bit', 'cyrus', 'search.body',
     'body-charset-none-utf8 rfc822-8bit'),
    ('raw-8bit', 'cyrus', 'search.subject',
     'header-subject-utf8 search-raw-utf8'),
    ('raw-8bit', 'cyrus', 'search.to',
     'address-name-8bit'),
    ('rest-of-a-type', 'dovecot', 'structure.lines',
     'ct-comma ct-comment-open ct-nul ct-param-no-semicolon ct-three'),
    ('rest-of-a-type', 'dovecot', 'structure.params',
     'ct-comma ct-comment-open ct-nul ct-param-no-semicolon ct-three'),
    ('rest-of-a-type', 'dovecot', 'structure.type',
     'ct-comma ct-comment-open ct-nul ct-param-no-semicolon ct-three'),
    ('same-boundary', 'cyrus', 'section.part',
     'rfc822-attached-boundary'),
    ('same-boundary', 'cyrus', 'section.text',
     'rfc822-attached-boundary'),
    ('same-boundary', 'cyrus', 'structure.lines',
     'rfc822-attached-boundary'),
    ('same-boundary', 'cyrus', 'structure.shape',
     'multipart-nested-prefix-dash multipart-nested-prefix-inner multipart-nested-same'),
    ('same-boundary', 'cyrus', 'structure.size',
     'rfc822-attached-boundary'),
    ('several-fields', 'cyrus', 'envelope.cc',
     'address-cc-two-fields'),
    ('several-fields', 'cyrus', 'envelope.date',
     'header-date-two'),
    ('several-fields', 'cyrus', 'envelope.from',
     'address-from-two-fields'),
    ('several-fields', 'cyrus', 'envelope.in-reply-to',
     'header-in-reply-to-fields'),
    ('several-fields', 'cyrus', 'envelope.reply-to',
     'address-from-two-fields'),
    ('several-fields', 'cyrus', 'envelope.sender',
     'address-from-two-fields'),
    ('several-fields', 'cyrus', 'envelope.subject',
     'header-subject-two header-subject-two-first-empty'),
    ('several-fields', 'cyrus', 'envelope.to',
     'address-two-fields address-two-fields-group'),
    ('several-fields', 'cyrus', 'search.cc',
     'address-cc-two-fields'),
    ('several-fields', 'cyrus', 'search.subject',
     'header-subject-two'),
    ('several-fields', 'cyrus', 'structure.description',
     'part-description-two'),
    ('several-fields', 'cyrus', 'structure.disposition',
     'part-disposition-two'),
    ('several-fields', 'cyrus', 'structure.encoding',
     'part-cte-two'),
    ('several-fields', 'cyrus', 'structure.params',
     'ct-two ct-two-first-empty'),
    ('several-fields', 'cyrus', 'structure.shape',
     'ct-two-multipart-second'),
    ('several-fields', 'cyrus', 'structure.type',
     'ct-two ct-two-first-empty'),
    ('several-fields', 'dovecot', 'envelope.date',
     'header-date-two'),
    ('several-fields', 'dovecot', 'envelope.from',
     'address-from-two-fields'),
    ('several-fields', 'dovecot', 'envelope.in-reply-to',
     'header-in-reply-to-fields'),
    ('several-fields', 'dovecot', 'envelope.reply-to',
     'address-from-two-fields'),
    ('several-fields', 'dovecot', 'envelope.sender',
     'address-from-two-fields'),
    ('several-fields', 'dovecot', 'envelope.subject',
     'header-subject-two header-subject-two-first-empty'),
    ('several-fields', 'dovecot', 'structure.disposition',
     'part-disposition-two'),
    ('split-words', 'cyrus', 'search.subject',
     'search-split-2022 search-split-character-folded'),
    ('split-words', 'dovecot', 'search.subject',
     'search-split-2022 search-split-character search-split-character-folded'),
    ('text-after-boundary', 'cyrus', 'structure.shape',
     'multipart-boundary-trailing-text multipart-close-one-dash'),
    ('white-space', 'cyrus', 'envelope.message-id',
     'header-message-id-folded'),
    ('white-space', 'cyrus', 'envelope.subject',
     'header-space-line header-subject-folded-first header-subject-folded-last '
     'header-subject-trailing-space header-tab-line'),
    ('white-space', 'cyrus', 'structure.id',
     'part-id-folded'),
    ('white-space', 'cyrus', 'structure.md5',
     'part-md5-spaces'),
    ('white-space', 'dovecot', 'envelope.message-id',
     'header-message-id-folded'),
    ('white-space', 'dovecot', 'envelope.subject',
     'header-subject-folded-blank header-subject-folded-deep header-subject-folded-space-before '
     'header-subject-folded-tab header-subject-folded-word header-subject-inner-space '
     'search-fold-space'),
    ('white-space', 'dovecot', 'envelope.to',
     'address-name-quoted-space'),
    ('white-space', 'dovecot', 'search.subject',
     'header-subject-inner-space'),
    ('white-space', 'dovecot', 'structure.id',
     'part-id-folded'),
    ('white-space', 'dovecot', 'structure.md5',
     'part-md5-spaces'),
    ('words-charset', 'dovecot', 'search.subject',
     'search-language search-unknown-charset'),
]


def table(rows):
    """{(peer, aspect, case): reason}"""
    return {(peer, aspect, case): reason for reason, peer, aspect, cases in rows
            for case in cases.split()}


def verdict(rows, found, cases, peers):
    """found: (case, peer, aspect). The differences that nobody explained, and the explanations of
    what is none."""
    explained = table(rows)
    seen = {(peer, aspect, name) for name, peer, aspect in found}
    seen |= {(peer, aspect, EVERY) for peer, aspect, _ in seen}
    names = {c.name for c in cases} | {EVERY}
    new = sorted(k for k in seen - set(explained) if k[2] != EVERY
                 and (k[0], k[1], EVERY) not in explained)
    gone = sorted(k for k in set(explained) - seen if k[0] in peers and k[2] in names)
    return new, gone


def undocumented(rows, path):
    with open(path, encoding='utf-8') as f:
        text = f.read()
    return ['doc/mime.md does not explain `%s`' % r for r in sorted({row[0] for row in rows})
            if '`%s`' % r not in text]


def print_table(rows, found):
    """The table as it would have to stand."""
    explained = table(rows)
    out = collections.defaultdict(set)
    for name, peer, aspect in found:
        if (every := explained.get((peer, aspect, EVERY))) is not None:
            out[every, peer, aspect].add(EVERY)
        else:
            out[explained.get((peer, aspect, name), 'unexplained'), peer, aspect].add(name)
    print('TABLE = [')
    for (reason, peer, aspect), names in sorted(out.items()):
        print(printed_row(reason, peer, aspect, sorted(names)))
    print(']')


def printed_row(reason, peer, aspect, cases):
    """A row of the table as it stands here."""
    text = textwrap.wrap(' '.join(cases), 90, break_on_hyphens=False)
    return '    (%r, %r, %r,\n%s),' % (reason, peer, aspect, '\n'.join(
        '     ' + repr(line + (' ' if i + 1 < len(text) else '')) for i, line in enumerate(text)))

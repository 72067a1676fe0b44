"""Line ends and octets: what is sent is the file with each bare LF made CRLF, and NUL as 0x80."""

from . import case


def lines(name, word, message, **search):
    case('lines-' + name, word, message, **search)


lines('empty-file', 'no octet at all', b'')
lines('lf', 'LF', b'Subject: x\nFrom: a@b.example\n\none\ntwo\n', finds=['BODY one\r\ntwo'])
lines('crlf', 'CRLF', b'Subject: x\r\nFrom: a@b.example\r\n\r\none\r\ntwo\r\n',
      finds=['BODY one\r\ntwo'])
lines('mixed', 'LF and CRLF', b'Subject: x\r\nFrom: a@b.example\n\r\none\ntwo\r\nthree\n')
lines('mixed-blank-lf', 'CRLF and an empty line of LF',
      b'Subject: x\r\nFrom: a@b.example\r\n\none\r\n')
lines('mixed-blank-crlf', 'LF and an empty line of CRLF',
      b'Subject: x\nFrom: a@b.example\n\r\none\n')
lines('cr', 'bare CR in the body', b'Subject: x\n\none\rtwo\rthree\n')
lines('cr-only', 'CR alone ends the lines (it does not)',
      b'Subject: x\rFrom: a@b.example\r\rone\rtwo\r')
lines('cr-cr-lf', 'CR CR LF', b'Subject: x\r\r\nFrom: a@b.example\r\r\n\r\r\none\r\r\ntwo\r\r\n')
lines('cr-cr-lf-body', 'CR CR LF in the body', b'Subject: x\n\none\r\r\ntwo\r\r\n')
lines('lf-cr', 'LF CR', b'Subject: x\n\none\n\rtwo\n\r')
lines('cr-last', 'CR at the end', b'Subject: x\n\none\r')
lines('cr-in-header', 'CR within a field', b'Subject: one\rtwo\nFrom: a@b.example\n\nbody\n')
lines('cr-blank', 'a line of CR alone, with LF lines', b'Subject: x\n\r\nbody\n\r\nmore\n')
lines('no-line-end', 'no line end at the end', b'Subject: x\n\none\ntwo')
lines('no-line-end-crlf', 'the same with CRLF', b'Subject: x\r\n\r\none\r\ntwo')
lines('empty-lines', 'empty lines at the end', b'Subject: x\n\none\n\n\n\n')
lines('empty-lines-only', 'a body of empty lines', b'Subject: x\n\n\n\n\n')
lines('one-octet', 'one octet', b'x')
lines('one-lf', 'one LF', b'\n')
lines('one-crlf', 'one CRLF', b'\r\n')
lines('one-cr', 'one CR', b'\r')
lines('nul-body', 'a NUL in the body', b'Subject: x\n\none\0two\nthree\n', finds=['BODY three'])
lines('nul-many', 'NULs in the body', b'Subject: x\n\n' + b'\0' * 100 + b'\nend\n')
lines('nul-header', 'a NUL in an unknown field', b'Subject: x\nX-Nul: a\0b\n\nbody\n')
lines('nul-name', 'a NUL in the name of a field', b'Sub\0ject: x\nFrom: a@b.example\n\nbody\n')
lines('nul-binary', 'NULs in a binary part', b'Content-Type: application/octet-stream\n'
      b'Content-Transfer-Encoding: binary\n\n\0\1\2\3\r\n\0\n')
lines('nul-multipart', 'NULs in a part',
      b'Content-Type: multipart/mixed; boundary=b\n\n--b\n\n\0one\0\n--b\n\ntwo\n--b--\n')
lines('nul-boundary', 'a NUL in a boundary',
      b'Content-Type: multipart/mixed; boundary="a\0b"\n\n--a\0b\n\none\n--a\0b--\n')
lines('8bit-body', 'every octet from 0x80 on', b'Subject: x\n\n' + bytes(range(128, 256)) + b'\n')
lines('control-body', 'every control octet but NUL', b'Subject: x\n\n' + bytes(i for i in range(1,
      32)
                                                                               if i not in (10,
                                                                               13)) + b'\n')
lines('long-line', 'a line of 100,000 octets', b'Subject: x\n\n' + b'y' * 100000 + b'\nend\n',
      finds=['BODY end'])
lines('long-lines', 'lines around the size of buffers',
      b'Subject: x\n\n' + b''.join(b'z' * n + b'\n' for n in (4095, 4096, 8191, 8192, 32767, 32768,
      65535)))
lines('lf-at-32k', 'an LF where a block may end',
      b'Subject: x\n\n' + b'y' * (32768 - 13) + b'\n\nend\n')
lines('cr-lf-at-64k', 'CRLF across where a block may end',
      b'Subject: x\n\n' + b'y' * (65536 - 13) + b'\r\nend\r\n')
lines('many', '20,000 lines', b'Subject: x\n\n' + b'line\n' * 20000)
lines('dot', 'dots at the beginning of lines', b'Subject: x\n\n.\n..\n.x\n')
lines('from', 'From at the beginning of a line', b'Subject: x\n\nFrom here on\n>From there\n',
      finds=['BODY From here'])
lines('bom', 'a byte order mark first', b'\xef\xbb\xbfSubject: x\nFrom: a@b.example\n\nbody\n')
lines('utf16', 'a whole message in UTF-16', 'Subject: x\n\nbody\n'.encode('utf-16'))
lines('form-feed', 'form feeds and vertical tabs', b'Subject: x\x0cy\n\x0b z\n\n\x0cbody\n')
lines('ctrl-z', 'a control-Z at the end', b'Subject: x\n\nbody\n\x1a')

"""Odd messages, each named for what it breaks, with a word on it.

A message is written here as text with LF line ends, as a Maildir has it; where the octets matter
(CR, NUL, 8 bit) as bytes. `finds` and `misses` are SEARCH keys that must, and must not, find the
message: 'SUBJECT words', 'HEADER X-Name words', 'SENTON 1-Jan-2000'. tests/corpus/generate writes
the files; nothing of them is committed.
"""

import collections
import importlib

Case = collections.namedtuple('Case', 'name word octets finds misses')
CASES = {}
MODULES = ('address', 'header', 'date', 'content', 'multipart', 'embedded', 'lines', 'charset',
           'html', 'search')


def octets(text):
    return text if isinstance(text, bytes) else text.encode()


def case(name, word, message, finds=(), misses=()):
    if name in CASES:
        raise ValueError('two cases are called ' + name)
    CASES[name] = Case(name, word, octets(message), tuple(finds), tuple(misses))


def load():
    """{name: Case}, in the order of the modules."""
    for module in MODULES:
        importlib.import_module(__name__ + '.' + module)
    return CASES

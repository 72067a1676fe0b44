"""What Python's email package makes of a message: a second opinion on its structure and on where
parts begin and end."""

import email
import email.policy

POLICY = email.policy.compat32


def shape(message):
    """As response.shape, with the part it is of."""
    if message.is_multipart() and message.get_content_maintype() == 'multipart':
        return ('multi',) + tuple(shape(p) for p in message.get_payload())
    if message.is_multipart() and message.get_content_type() == 'message/rfc822':
        return ('message', shape(message.get_payload(0)))
    return ('leaf',)


def ours(part):
    return (part.kind,) + tuple(ours(p) for p in part.parts)


def leaves(message):
    if message.is_multipart() and message.get_content_maintype() in ('multipart', 'message'):
        for p in message.get_payload():
            yield from leaves(p)
    else:
        yield message


def our_leaves(part):
    if not part.parts:
        yield part
    for p in part.parts:
        yield from our_leaves(p)


def octets(message):
    """The body as it was read: get_payload() would decode 8-bit text."""
    payload = message._payload  # pylint: disable=protected-access
    return payload.encode('ascii', 'surrogateescape') if isinstance(payload, str) else b''


def compare(sent, structure, sections):
    """[(aspect, where, ours, theirs)]"""
    message = email.message_from_bytes(sent, policy=POLICY)
    try:
        theirs = shape(message)
    except RecursionError:
        return [('structure.shape', '', 'a structure', 'too deep')]
    if ours(structure) != theirs:
        return [('structure.shape', '', ours(structure), theirs)]
    out = []
    for p, q in zip(our_leaves(structure), leaves(message)):
        body = sections.get(p.number)
        if body is not None and body != octets(q):
            out.append(('section.part', p.number, body, octets(q)))
    return out

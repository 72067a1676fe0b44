"""What must hold after an operation of tests/fault/step that was broken off, or was not."""

import os


class Failed(Exception):
    pass


def check(holds, what, *more):
    if not holds:
        raise Failed(what % more if more else what)


def by_name(folder):
    out = {}
    for uid, m in folder.messages.items():
        check(m.name not in out, '%s is there twice', m.name)
        out[m.name] = (uid, m.flags)
    return out


def compare_folder(op, name, before, now, done, told):
    """done: True (OK), False (NO), None (killed: either)."""
    was, found = by_name(before), by_name(now)
    adds, removes = op.adds.get(name, {}), op.removes.get(name, set())
    flags, arrives = op.flags.get(name, {}), op.arrives.get(name, set())
    moved = name in op.moves
    renumbered = name in op.renumbers
    check(renumbered or now.uidvalidity == before.uidvalidity,
          '%s: UIDVALIDITY was %d, is %d', name, before.uidvalidity, now.uidvalidity)
    check(renumbered or now.uidnext >= before.uidnext, '%s: UIDNEXT was %d, is %d', name,
          before.uidnext, now.uidnext)
    for message, (uid, old_flags) in was.items():
        if message not in found:
            check(moved or message in removes and done is not False, '%s: %s is lost', name,
                  message)
            continue
        check(not (message in removes or moved) or not done, '%s: %s is still there', name,
              message)
        check(renumbered or found[message][0] == uid, '%s: %s was UID %d, is %d', name, message,
              uid, found[message][0])
        new_flags = frozenset(flags.get(message, ' '.join(old_flags)).split())
        check(found[message][1] == new_flags if done else
              found[message][1] in (old_flags, new_flags) or moved,
              '%s: %s had %s, has %s', name, message, set(old_flags), set(found[message][1]))
    for message, wanted in adds.items():
        check(message in found or not done, '%s: %s was acknowledged and is lost', name, message)
        check(message not in found or done is not False, '%s: %s is there in spite of NO', name,
              message)
        check(message not in found or found[message][1] == frozenset(wanted.split()),
              '%s: %s has the flags %s', name, message, found.get(message, (0, None))[1])
    for message in arrives:
        check(message in found, '%s: %s was delivered and is lost', name, message)
    for message in found.keys() - was.keys():
        check(message in adds or message in arrives, '%s: %s came from nowhere', name, message)
        check(found[message][0] >= before.uidnext, '%s: %s has the old UID %d', name, message,
              found[message][0])
    for uid, message in told.items():
        check(message in found and found[message][0] == uid, '%s: %s was told as UID %d, is %s',
              name, message, uid, found.get(message))


def compare(op, before, now, done, told):
    folders, subscribed = now
    known = {f.uidvalidity for f in before[0].values()}
    expected = set()
    for name, was in before[0].items():
        at = name
        if name in op.renames:
            there = [n for n in (name, op.renames[name]) if n in folders]
            check(len(there) == 1, '%s is there as %s', name, there)
            at = there[0]
            check(done is None or (at != name) == done, '%s: is %s in spite of the answer', name,
                  at)
        if name in op.deletes:
            check(done is not True or name not in folders, '%s is still there', name)
            check(done is not False or name in folders, '%s is gone in spite of NO', name)
            if name not in folders:
                continue
            if done is None and op.half_deleted:
                expected.add(name)
                continue
        check(at in folders, 'folder %s is lost', at)
        expected.add(at)
        compare_folder(op, name, was, folders[at], done, told if name == op.shown() else {})
    for name in op.makes:
        check(name in folders or not done, 'folder %s was made and is lost', name)
        check(name not in folders or done is not False or name in op.moves.values(),
              'folder %s is there in spite of NO', name)
        if name in folders:
            check(folders[name].uidvalidity not in known, '%s has an old UIDVALIDITY', name)
        expected.add(name)
    check(not folders.keys() - expected, 'folders came from nowhere: %s',
          sorted(folders.keys() - expected))
    for source, target in op.moves.items():
        here = by_name(folders[source])
        there = by_name(folders[target]) if target in folders else {}
        for message, (_, flags) in by_name(before[0][source]).items():
            check(message in here or message in there, '%s is in neither', message)
            check(not (message in here and message in there), '%s is in both',
                  message)
            check(message not in there or there[message][1] == flags, '%s: %s had %s, has %s',
                  target, message, set(flags), set(there.get(message, (0, ()))[1]))
    for source, target in op.either.items():
        here, there = by_name(folders[source]).keys(), by_name(folders[target]).keys()
        check(op.removes[source] <= here | there, '%s: in neither', op.removes[source] - here - there)
        check(not op.removes[source] & here & there, '%s: in both', op.removes[source] & here & there)
    for source, (old, target, new) in op.replaces.items():
        check(old in by_name(folders[source]) or new in by_name(folders[target]),
              'neither %s nor %s is there', old, new)
        check(done is None or old not in by_name(folders[source]) or
              new not in by_name(folders[target]), '%s and %s are both there', old, new)
    sub, unsub = set(op.subscribes), set(op.unsubscribes)
    check(subscribed - sub - unsub == before[1] - sub - unsub, 'subscriptions: were %s, are %s',
          set(before[1]), set(subscribed))
    check(not done or (sub <= subscribed and not unsub & subscribed), 'subscribed: %s',
          set(subscribed))
    check(done is not False or not (sub & subscribed or unsub - subscribed),
          'subscribed in spite of NO: %s', set(subscribed))


def well_formed(box, leftovers, killed=False, locks=False):
    """leftovers: tmp/ may hold some. killed: and there may be a file that was to be renamed over
    another, which the next writer overwrites. locks: and a dead one's lock is where nobody came by."""
    def forgiven(fault):
        in_tmp = fault.startswith('left in tmp/') or \
            os.path.basename(os.path.dirname(fault)) == 'tmp'
        return leftovers and in_tmp or locks and fault.startswith('lock left')
    faults = [f for f in box.faults() if not forgiven(f)]
    for top, directories, files in os.walk(box.root):
        if not killed and os.path.basename(top) not in ('cur', 'new', 'tmp'):
            faults += ['left: %s' % os.path.join(top, f) for f in files if f.endswith('.tmp')]
    check(not faults, '%s', '; '.join(faults))

"""What must be in an account, from what its sessions were told: the model of the fault tests.

A folder is known by its UIDVALIDITY, which no other ever has; a message by folder and UID. Each
message belongs to one session, which alone changes its flags or removes it. What was asked for and
not yet answered may have happened or not; `verify` compares with what a fresh session sees and
settles each such doubt one way or the other, once.
"""


class Wrong(Exception):
    """Lost, doubled, renumbered, given anew."""


def is_same(asked, name):
    """Whether the folder of this name can be the one that was asked for; one wanders."""
    return asked == name or asked.startswith('wander') and name.startswith('wander')


class Message:
    def __init__(self, name, owner, folder, uid, flags):
        self.name, self.owner, self.folder, self.uid = name, owner, folder, uid
        self.flags = {frozenset(flags)}  # it has one of these
        self.current = frozenset(flags)  # what sessions see; None: in doubt
        self.leaving = False             # its removal was asked for
        self.added_above = 0             # no UID was known to be as high when it was asked for


class Model:
    def __init__(self, flags_are_durable=True):
        self.flags_are_durable = flags_are_durable
        self.known = {}      # (UIDVALIDITY, UID) -> Message that is there
        self.used = {}       # (UIDVALIDITY, UID) -> name: every UID that anybody was told
        self.given = set()   # (UIDVALIDITY, UID) of every message that was ever known
        self.top = {}        # UIDVALIDITY -> the highest UID told
        self.hoped = []      # asked for and not answered, or delivered: no UID known
        self.names = {}      # folder name -> UIDVALIDITY, None: not learnt yet
        self.doubtful = {}   # folder name -> 'made' or 'deleted', asked for and not answered
        self.renaming = []   # (old, new) asked for and not answered
        self.validities = set()
        self.modseq = {}     # UIDVALIDITY -> the highest HIGHESTMODSEQ told
        self.problems = []

    def told(self, folder, uid, name):
        """Somebody was told that this is the UID of that message."""
        had = self.used.setdefault((folder, uid), name)
        if had != name:
            raise Wrong('UID %d of %d was %s and is given to %s' % (uid, folder, had, name))
        self.top[folder] = max(self.top.get(folder, 0), uid)

    def modseq_told(self, folder, modseq, before=None):
        """HIGHESTMODSEQ, if the server tells it: whatever becomes of an index, clients that have
        heard of a higher one would miss changes (RFC 7162 section 3.1.2.1). `before` is what was
        known when it was asked for: of answers to two sessions, the younger may be heard first."""
        if modseq is None:
            return
        known = (self.modseq if before is None else before).get(folder, 0)
        if modseq < known:
            raise Wrong('HIGHESTMODSEQ of %d was %d, is %d' % (folder, known, modseq))
        self.modseq[folder] = max(modseq, self.modseq.get(folder, 0))

    # --- Messages -------------------------------------------------------------------------------

    def add_asked(self, name, owner, flags, to):
        """APPEND or COPY into the folder of that name was sent, or a message delivered there."""
        m = Message(name, owner, None, None, flags)
        m.to = to
        m.added_above = dict(self.top)
        m.must = False
        self.hoped.append(m)
        return m

    def add_done(self, m, folder, uid):
        self.hoped.remove(m)
        if (folder, uid) in self.given:
            raise Wrong('UID %d of %d was given to %s, and now to %s' % (
                uid, folder, self.used[folder, uid], m.name))
        self.given.add((folder, uid))
        if uid <= m.added_above.get(folder, 0):
            raise Wrong('UID %d of %d is not above %d' % (uid, folder, m.added_above[folder]))
        m.folder, m.uid = folder, uid
        self.told(folder, uid, m.name)
        self.known[folder, uid] = m

    def add_refused(self, m):
        self.hoped.remove(m)

    def flags_asked(self, m, flags):
        m.flags.add(frozenset(flags))
        m.current = None

    def flags_done(self, m, flags):
        m.current = frozenset(flags)
        if self.flags_are_durable:
            m.flags = {frozenset(flags)}

    def checked(self, owner, folder):
        """CHECK is done: what this session's messages are like is on disk."""
        for m in self.mine(owner, folder):
            if m.current is not None:
                m.flags = {m.current}

    def remove_done(self, m):
        self.known.pop((m.folder, m.uid), None)

    def mine(self, owner, folder):
        return [m for m in self.known.values()
                if m.owner == owner and m.folder == folder and not m.leaving]

    # --- Folders --------------------------------------------------------------------------------

    def folder_is(self, name, uidvalidity):
        if self.names.get(name) is None:
            if uidvalidity in self.validities:
                raise Wrong('%s has the UIDVALIDITY %d of another' % (name, uidvalidity))
            self.validities.add(uidvalidity)
            self.names[name] = uidvalidity
        elif self.names[name] != uidvalidity:
            raise Wrong('%s had UIDVALIDITY %d, has %d' % (name, self.names[name], uidvalidity))

    def rename_done(self, pair):
        self.renaming.remove(pair)
        self.names[pair[1]] = self.names.pop(pair[0])

    def delete_done(self, name):
        self.doubtful.pop(name, None)
        gone = self.names.pop(name, None)
        self.known = {k: m for k, m in self.known.items() if k[0] != gone}

    # --- Comparing ------------------------------------------------------------------------------

    def verify(self, folders):
        """folders: of account.look. Wrong, or all is well and no doubt is left."""
        self._settle_folders(folders)
        for name, folder in folders.items():
            self.folder_is(name, folder.uidvalidity)
            self.modseq_told(folder.uidvalidity, folder.modseq)
        by_validity = {f.uidvalidity: f for f in folders.values()}
        for key, m in list(self.known.items()):
            self._settle_known(key, m, by_validity)
        for name, folder in folders.items():
            for uid, found in folder.messages.items():
                self._settle_found(name, folder, uid, found)
        if lost := [m.name for m in self.hoped if m.must]:
            raise Wrong('delivered, and lost: %s' % lost)
        self.hoped = []

    def _settle_folders(self, folders):
        for old, new in self.renaming:
            if (old in folders) + (new in folders) != 1:
                raise Wrong('of %s and %s there are %s' % (old, new, list(folders)))
            if new in folders:
                self.names[new] = self.names.pop(old)
        self.renaming = []
        for name, doubt in list(self.doubtful.items()):
            if doubt == 'made' and name in folders:
                self.names.setdefault(name, None)
            if doubt == 'deleted' and name not in folders:
                self.delete_done(name)
        self.doubtful = {}
        if set(folders) != set(self.names):
            raise Wrong('folders are %s, should be %s' % (sorted(folders), sorted(self.names)))

    def _settle_known(self, key, m, by_validity):
        folder = by_validity.get(key[0])
        found = folder.messages.get(key[1]) if folder is not None else None
        if found is None:
            if not m.leaving:
                raise Wrong('%s, UID %d of %d, is lost' % (m.name, key[1], key[0]))
            del self.known[key]
            return
        if found.name != m.name:
            raise Wrong('UID %d of %d was %s, is %s' % (key[1], key[0], m.name, found.name))
        if found.flags not in m.flags:
            raise Wrong('%s, UID %d of %d, has the flags %s, not %s' % (
                m.name, key[1], key[0], set(found.flags), [set(f) for f in m.flags]))
        m.flags, m.current, m.leaving = {found.flags}, found.flags, False

    def _settle_found(self, name, folder, uid, found):
        key = folder.uidvalidity, uid
        if key in self.known:
            return
        for m in self.hoped:
            if m.name == found.name and is_same(m.to, name) and found.flags in m.flags:
                break
        else:
            raise Wrong('%s in %s under UID %d came from nowhere%s' % (
                found.name, name, uid, ': it was removed' if key in self.used else ''))
        self.add_done(m, *key)

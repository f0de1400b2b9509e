"""What CPUs do to one entry of the guest's frame table at the same time: who has its state-change bit, who a reference,
who takes the block out of the page cache."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from s390emu.sanitizer.guest import Description, Frame
from s390emu.sanitizer.shadow import FrameChange

# They change storage in one step, and tell what was there before: PoP ch. 5 "Interlocked-Update References".
INTERLOCKED = frozenset((
    "cs", "csy", "csg", "cds", "cdsy", "cdsg", "csst", "csp", "cspg", "plo", "ts", "laa", "laag", "laal", "laalg",
    "lan", "lang", "lao", "laog", "lax", "laxg",
))  # fmt: skip

Finding = tuple[str, str, tuple[int, ...]]  # rule, words, other CPUs


class Entry:
    """One entry.

    holder    the CPU that has the state-change bit, since instruction `since`
    fit       the block was such, at one moment since then, that the holder could make it volatile
    users     by CPU: how many references in the kernel it has taken and not given up,
    first     and the instruction with which it got the first of them
    remover   the CPU that has set DISCARDED; removed: it has given up the cache's reference
    """

    __slots__ = ("first", "fit", "holder", "removed", "remover", "since", "users")

    def __init__(self) -> None:
        self.holder: int | None = None
        self.since = 0
        self.fit = False
        self.users: defaultdict[int, int] = defaultdict(int)
        self.first: dict[int, int] = {}
        self.remover: int | None = None
        self.removed = False


class Sharing:
    """Follow all entries. broken: tells which checks a block does not pass, if this CPU is to make it volatile."""

    def __init__(self, guest: Description, broken: Callable[[int, Frame, int], list]):
        self.guest, self.broken = guest, broken
        self._entries: defaultdict[int, Entry] = defaultdict(Entry)
        self._counting = guest.has("references") and "cache" in guest.counted
        self._state_change, self._discarded = guest.mask("state_change"), guest.mask("discarded")

    def own(self, block: int, cpu: int) -> int:
        """Return how many references this CPU has for what it is doing in the kernel."""
        return max(0, self._entries[block].users[cpu]) if self._counting else 0

    def holder(self, block: int) -> int | None:
        """Return the CPU that has the state-change bit of the block."""
        return self._entries[block].holder

    def was_fit(self, block: int, cpu: int) -> bool:
        """True if this CPU has the block's state-change bit, and the block has passed all checks since it took it."""
        entry = self._entries[block]
        return entry.holder == cpu and entry.fit

    def overtaken(self, block: int, cpu: int) -> int | None:
        """Return the CPU whose make-volatile may come after what this CPU does to the block now: it has taken the
        state-change bit before this CPU had a reference, and need not have seen that."""
        entry = self._entries[block]
        if entry.holder is None or entry.holder == cpu:
            return None
        referenced = entry.users[cpu] > 0 and entry.first[cpu] < entry.since
        return None if referenced else entry.holder

    def changed(self, change: FrameChange, mnemonic: str) -> list[Finding]:
        """Follow a change of an entry by an instruction of this mnemonic: -> what is wrong with it."""
        entry, old, new = self._entries[change.block], change.old, change.new
        found: list[Finding] = []
        if self.guest.interlocked and old.references and mnemonic not in INTERLOCKED:
            what = [name for name in ("flags", "references", "maps") if getattr(old, name) != getattr(new, name)]
            if what:
                found.append(("not-interlocked", " and ".join(what), ()))
        self._count_users(entry, change)
        if self._counting:
            if not old.references and new.references and not self._is_new(new):
                found.append(("free-referenced", f"references 0 -> {new.references}", ()))
            found += self._removal(entry, change)
        self._follow_holder(entry, change)
        return found

    def _is_new(self, frame: Frame) -> bool:
        return frame.owner in self.guest.owners.get("cache", ()) and not frame.flags & self._discarded

    def _count_users(self, entry: Entry, change: FrameChange) -> None:
        if not change.new.references:
            entry.users.clear()
            return
        more = self.guest.users(change.new) - self.guest.users(change.old)
        if entry.users[change.cpu] <= 0 < entry.users[change.cpu] + more:
            entry.first[change.cpu] = change.count
        entry.users[change.cpu] += more

    def _removal(self, entry: Entry, change: FrameChange) -> list[Finding]:
        """Follow the way out of the page cache, after which nobody may map the block."""
        old, new, cpu = change.old, change.new, change.cpu
        if not new.flags & self._discarded:
            entry.remover, entry.removed = None, False
        elif not old.flags & self._discarded:
            entry.remover, entry.removed = cpu, False
        elif cpu == entry.remover and self.guest.users(new) < self.guest.users(old) and not entry.removed:
            entry.removed = True
            if new.maps:
                return [("mapped-discarded", f"it is removed, and mapped {new.maps} times", ())]
        elif entry.removed and new.maps > old.maps and entry.remover is not None:
            return [("mapped-discarded", "it has been removed already", (entry.remover,))]
        return []

    def _follow_holder(self, entry: Entry, change: FrameChange) -> None:
        if not change.new.flags & self._state_change:
            entry.holder = None
            return
        if not change.old.flags & self._state_change:
            entry.holder, entry.since, entry.fit = change.cpu, change.count, False
        if entry.holder is not None and not entry.fit:
            entry.fit = not self.broken(change.block, change.new, entry.holder)

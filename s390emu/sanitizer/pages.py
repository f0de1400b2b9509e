"""The sanitizer itself: an observer of a machine that follows each block's life and notes each broken rule.

    sanitizer = Sanitizer(machine, description)
    machine.run()
    sanitizer.finish()
    sanitizer.violations

Exact: every ESSA, every change of a key, of a PSW and of a block's state is an event; blocks whose accesses matter are
watched, which keeps them out of the TLB. Nothing is done to the guest: the run is the same as without.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from s390emu.architecture.interruptions import BLOCK_VOLATILITY, EXTERNAL_SERVICE, PROGRAM
from s390emu.architecture.page_states import DIAG10, POTENTIALLY_VOLATILE, PRESERVED, STABLE, UNUSED, VOLATILE, ZERO
from s390emu.architecture.psw_bits import AS, DAT, EXTERNAL, IO, PROBLEM, WAIT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import CHANGE
from s390emu.assembler.disassemble import disassemble
from s390emu.machine import Machine
from s390emu.records.blocks import WATCH_FETCH, WATCH_PAUSE, WATCH_STORE
from s390emu.records.events import (
    EVENT_ESSA,
    EVENT_HOST,
    EVENT_INTERRUPTION,
    EVENT_KEY,
    EVENT_PSW,
    EVENT_REFUSED,
    EVENT_TABLE,
    EVENT_TOUCH,
    EVENT_UNUSED,
)
from s390emu.sanitizer.guest import Description, Frame
from s390emu.sanitizer.shadow import Event, Fault, FrameChange, Shadow
from s390emu.sanitizer.tables import instruction_block, tables_in_use
from s390emu.storage.presence import FETCH, STORE
from s390emu.storage.transitions import CAUSE_SHIFT

EXTRACT, SET_UNUSED, SET_VOLATILE, SET_POTENTIALLY_VOLATILE, TEST_AND_SET = 0, 2, 3, 4, 6  # operation-request codes
OFFERS = (SET_VOLATILE, SET_POTENTIALLY_VOLATILE)
OFFERED = (VOLATILE, POTENTIALLY_VOLATILE)
DISCARDED = VOLATILE << 2 | ZERO  # Vz
CONTENT, STATE = 3, 15
PREFIX_BLOCKS = 2
QUIESCENT = int(PROBLEM | WAIT | IO | EXTERNAL)
ENABLED, TRANSLATED, SPACE = int(IO | EXTERNAL), int(DAT), int(AS)  # all ones in the last: home space
LONGEST = 6  # bytes of an instruction
PSW_KEY_SHIFT = 52
# Instructions that fetch the operand that they store, in one access.
UPDATES = frozenset((
    "ni", "oi", "xi", "niy", "oiy", "xiy", "asi", "agsi", "alsi", "algsi", "laa", "laag", "laal", "laalg", "lan",
    "lang", "lao", "laog", "lax", "laxg", "cs", "csy", "csg", "cds", "cdsy", "cdsg", "csst", "csp", "cspg", "ts", "nc",
    "oc", "xc", "tr", "mvn", "mvz", "mvo",
))  # fmt: skip
LOAD_PSW, LOAD_PSW_EXTENDED, XC, MVC = 0x82, 0xB2B2, 0xD7, b"\xd2"


@dataclass
class Violation:
    """One broken rule: at which instruction, of which block, and what happened to that block before."""

    rule: str
    count: int
    ia: int
    block: int
    words: str  # what about this one
    code: str  # the instruction, as text
    history: list[Event | FrameChange] = field(default_factory=list)
    times: int = 1  # seen at this instruction, for any block


class Sanitizer:
    """Watches `machine` from now on. description: what is known of the guest."""

    kinds = sum(1 << kind for kind in (EVENT_ESSA, EVENT_INTERRUPTION, EVENT_HOST, EVENT_TOUCH, EVENT_UNUSED, EVENT_KEY,
                                       EVENT_PSW, EVENT_TABLE, EVENT_REFUSED))  # fmt: skip
    pauses = 1 << EVENT_ESSA | 1 << EVENT_INTERRUPTION  # of these, what memory and registers are then matters

    def __init__(self, machine: Machine, description: Description | None = None):
        self.machine, self.guest = machine, description or Description()
        self.guest.fit_into(machine.storage.size)
        self.violations: list[Violation] = []
        self.counts: Counter[str] = Counter()
        self._at: dict[tuple[str, int], Violation] = {}
        self._queue: list[np.ndarray] = []
        self._shadows: dict[int, Shadow] = {}
        self._tables: set[int] = set()
        self._prefixes_told: set[int] = set()
        self._psw = machine.psw[0]
        self._swapping = False  # the next PSW is that of an interruption
        self._fault: Fault | None = None
        self._dirty_freed: list[tuple[Violation, int]] = []  # file blocks; looked at when the kernel has done its work
        column = machine.storage.block_column
        self._invalid, self._pinned = column("invalid"), column("pinned")
        self._frame_of, self._saved_rc = column("frame"), column("guest_rc")
        self._memory = machine.host.memory
        self._real_keys = machine.host.frame_table["key"].view(np.ndarray)
        self._updating: dict[bytes, bool] = {}  # instruction -> whether it fetches the operand that it stores
        self._frames: list[Frame] = []
        self._handlers = {
            EVENT_ESSA: self._essa, EVENT_HOST: self._host, EVENT_TOUCH: self._touch, EVENT_UNUSED: self._unused,
            EVENT_KEY: self._key, EVENT_PSW: self._psw_changed, EVENT_INTERRUPTION: self._interruption,
            EVENT_TABLE: self._table, EVENT_REFUSED: self._use_key,
        }  # fmt: skip
        machine.observe(self)
        self._watch_frame_table()

    # --- what the machine calls --------------------------------------------------------------------------------------

    def receive(self, events: np.ndarray) -> None:
        self._queue.append(events)

    def look(self) -> None:
        queue, self._queue = self._queue, []
        for events in queue:
            for record in events.tolist():
                event = Event(*record)
                if handler := self._handlers.get(event.kind):
                    handler(event)

    def finish(self) -> None:
        """The run has ended: what was not looked at yet."""
        self.machine.look()

    # --- the guest's own tables --------------------------------------------------------------------------------------

    def _watch_frame_table(self) -> None:
        table = self.guest.frames
        if table is None:
            return
        self.machine.observers.watch_range(self, table.address, table.end)
        data = self.machine.read(table.address, table.end - table.address)
        count = min(table.count, self.machine.storage.size // BLOCK_SIZE - table.first)  # of blocks that there are
        self._frames = [table.parse(data[n * table.entry : (n + 1) * table.entry]) for n in range(count)]

    def _frame(self, block: int) -> Frame | None:
        """What the guest notes of the block; None: nothing."""
        table = self.guest.frames
        if table is None or not table.first <= block < table.first + len(self._frames):
            return None
        return self._frames[block - table.first]

    def _cached(self, file: int) -> int | None:
        """The block that the page cache has for a file block, or None."""
        if self.guest.cache_index is None or not 0 <= file < self.guest.cache_index[1]:
            return None
        address = int.from_bytes(self._read(self.guest.cache_index[0] + 8 * file, 8))
        return address // BLOCK_SIZE or None

    def _is(self, frame: Frame, kind: str) -> bool:
        return frame.owner in self.guest.owners.get(kind, ())

    def _is_unmapped(self, frame: Frame | None) -> bool:
        """A cached block that only the kernel may touch, and it only when it has made it stable."""
        return frame is not None and self._is(frame, "cache") and self.guest.has("maps") and not frame.maps

    def _frame_table_stored(self, event: Event) -> None:
        table = self.guest.frames
        assert table is not None
        first = max(0, (event.before - table.address) // table.entry)
        last = min(len(self._frames) - 1, (event.before + event.after - 1 - table.address) // table.entry)
        data = self._read(table.address + first * table.entry, (last - first + 1) * table.entry)
        for n in range(first, last + 1):
            at = (n - first) * table.entry
            old, new = self._frames[n], table.parse(data[at : at + table.entry])
            if old != new:
                self._frames[n] = new
                self._frame_changed(FrameChange(event.count, event.ia, table.first + n, old, new))

    def _frame_changed(self, event: FrameChange) -> None:
        old, new, shadow = event.old, event.new, self._shadow(event.block)
        shadow.history.append(event)
        dirty = self.guest.mask("dirty")
        if new.flags & dirty:
            shadow.changed = False
        if shadow.usage != STABLE:
            if new.references > old.references:
                self._report("lookup-volatile", event, f"references {old.references} -> {new.references}")
            if new.flags & dirty and not old.flags & dirty:
                self._report("set-dirty-volatile", event)
        if old.owner != new.owner and self._is(new, "free"):
            if self._is(old, "copy"):
                self._copy_freed(event, old)
            if self._is(old, "cache") and old.flags & dirty:
                self._dirty_freed.append((self._violation("dirty-freed", event, f"file block {old.file}"), old.file))
            if old.maps and self.guest.has("maps"):
                self._report("freed-mapped", event, f"mapped {old.maps} times")
        self._watch(event.block)

    def _copy_freed(self, event: FrameChange, old: Frame) -> None:
        if self.guest.cache_index is None or not self.guest.has("file"):
            return
        cached = self._cached(old.file)
        frame = self._frame(cached) if cached is not None else None
        if cached is None or frame is None:
            self._report("copy-freed", event, f"of file block {old.file}, which is not cached")
        elif self._shadow(cached).usage != STABLE or not frame.flags & self.guest.mask("dirty"):
            self._report("copy-freed", event, f"of file block {old.file}, cached in {cached * BLOCK_SIZE:#x}")

    def _look_at_dirty_freed(self) -> None:
        """Content may have moved to another block, which is dirty then."""
        for violation, file in self._dirty_freed:
            cached = self._cached(file)
            frame = self._frame(cached) if cached is not None else None
            if frame is None or not frame.flags & self.guest.mask("dirty"):
                self._add(violation)
        self._dirty_freed.clear()

    # --- ESSA --------------------------------------------------------------------------------------------------------

    def _essa(self, event: Event) -> None:
        block, orc, shadow = event.block, event.detail, self._shadow(event.block)
        shadow.history.append(event)
        before, after = event.before & STATE, event.after & STATE
        if orc == EXTRACT:
            return
        faulting = self._fault if self._fault and self._fault.block == block else None
        if faulting and faulting.kernel_side:
            self._report("kernel-side-repaired", event, f"ORC {orc}")
        if before & CONTENT == PRESERVED and after & CONTENT == ZERO:
            shadow.keyed = False
        if orc in OFFERS:
            self._hinted_away(event)
            self._offered(event, shadow, self._frame(block))
        elif orc == SET_UNUSED:
            self._hinted_away(event)
            if shadow.usage == UNUSED:
                self._report("freed-twice", event)
            shadow.freed = faulting
            shadow.empty, shadow.lost, shadow.changed = False, None, False
        if after >> 2 != UNUSED and before >> 2 == UNUSED:
            self._used_anew(event, shadow)
        elif before == DISCARDED and after >> 2 == STABLE:
            shadow.begin(discarded=True)
        elif shadow.asked == POTENTIALLY_VOLATILE and after >> 2 == STABLE and orc not in OFFERS:
            shadow.changed = self._changed(block)
        shadow.usage = after >> 2
        if orc != TEST_AND_SET or after >> 2 == STABLE:
            shadow.asked = shadow.usage if orc not in OFFERS else (VOLATILE, POTENTIALLY_VOLATILE)[OFFERS.index(orc)]
        self._watch(block)

    def _used_anew(self, event: Event, shadow: Shadow) -> None:
        if shadow.freed and shadow.freed is self._fault:
            self._report("reused-early", event)
        shadow.freed = None
        shadow.begin(discarded=False)

    def _hinted_away(self, event: Event) -> None:
        """ORC 2, 3, 4 and DIAGNOSE X'10': may the host take this block at all?"""
        block, shared = event.block, self.machine.storage.record
        prefix = int(self.machine.cpu.prefix) // BLOCK_SIZE
        if prefix <= block < prefix + PREFIX_BLOCKS:
            self._report("prefix-hinted", event)
            self._prefixes_told.add(block)
        if block in self._tables:
            if block in tables_in_use(self.machine):
                self._report("table-hinted", event)
            else:  # given up; should it be used again, that is told again
                self._tables.discard(block)
                self.machine.observers.forget_table(block)
        if self.guest.is_reserved(block):
            self._report("reserved-hinted", event)
        if self._pinned[block]:
            self._report("busy-hinted", event, "the host has pinned it")
        elif int(shared.floating) & int(EXTERNAL_SERVICE) and int(shared.service_parameter) // BLOCK_SIZE == block:
            self._report("busy-hinted", event, "the service processor's answer in it has not been taken")

    def _offered(self, event: Event, shadow: Shadow, frame: Frame | None) -> None:
        """ORC 3 and 4: the eleven checks."""
        guest, before = self.guest, event.before & STATE
        if guest.disabled and self._psw & ENABLED:
            self._report("volatile-enabled", event)
        if shadow.empty or before >> 2 == UNUSED:
            self._report("empty-volatile", event)
        if event.detail == SET_VOLATILE and before >> 2 == POTENTIALLY_VOLATILE and self._changed(event.block):
            self._report("change-volatile", event)
        if frame is None:
            return
        if frame.flags & guest.mask("dirty"):
            self._report("dirty-volatile", event)
        elif shadow.changed and not self._changed(event.block):
            self._report("change-forgotten", event)
        shadow.changed = False
        if "cache" in guest.owners and not self._is(frame, "cache"):
            self._report("anonymous-volatile", event, f"owner {frame.owner}")
        elif guest.cache_index and guest.has("file") and self._cached(frame.file) != event.block:
            self._report("unindexed-volatile", event, f"file block {frame.file}")
        if frame.flags & guest.mask("discarded"):
            self._report("discarded-volatile", event)
        if frame.references:
            self._report("referenced-volatile", event, f"references {frame.references}")
        if frame.flags & guest.mask("writable") and event.detail == SET_VOLATILE:
            self._report("writable-volatile", event)

    def _changed(self, block: int) -> bool:
        """The guest's change bit."""
        real = 0 if self._invalid[block] else int(self._real_keys[self._frame_of[block]])
        return bool((real | int(self._saved_rc[block])) & CHANGE)

    # --- other events ------------------------------------------------------------------------------------------------

    def _host(self, event: Event) -> None:
        shadow = self._shadow(event.block)
        shadow.history.append(event)
        after = event.after & STATE
        shadow.usage = after >> 2
        if after & CONTENT == ZERO and event.before & CONTENT != ZERO:
            shadow.keyed = False
        if event.detail >> CAUSE_SHIFT == DIAG10:
            self._hinted_away(event)
            shadow.asked, shadow.empty, shadow.lost = STABLE, False, None
            self._watch(event.block)

    def _unused(self, event: Event) -> None:
        """An access to an unused block, seen where presence is tested."""
        if event.ia not in self.guest.fixups:
            self._report("unused-touched", event, "store" if event.detail == STORE else "fetch")

    def _touch(self, event: Event) -> None:
        """An access to a watched block."""
        block, shadow = event.block, self._shadow(event.block)
        table = self.guest.frames
        if table is not None and event.before < table.end and event.before + event.after > table.address:
            self._frame_table_stored(event)
        if shadow.usage == UNUSED:
            self._unused(event)
            return
        stored = event.detail == STORE
        words = f"{'store' if stored else 'fetch'} of {event.after} bytes"
        if shadow.usage in OFFERED and event.ia not in self.guest.fixups:
            if self._is_unmapped(self._frame(block)):
                self._report("use-volatile", event, words)
            if stored and shadow.usage == VOLATILE:
                self._report("store-volatile", event, words)
        self._use_key(event)
        offset = event.before % BLOCK_SIZE
        if shadow.is_lost(offset, self._needed(event)) and self._fetches(event.ia, stored):
            shadow.lost = None  # once
            self._report("lost-discard", event, words)
        if stored:
            shadow.stored(offset, event.after)
        self._watch(block)

    def _use_key(self, event: Event) -> None:
        """The block's key was compared with the PSW's: the access was permitted, or refused."""
        shadow = self._shadow(event.block)
        if not shadow.keyed and self._psw >> PSW_KEY_SHIFT & 15:
            shadow.keyed = True  # once
            self._report("key-unpredictable", event, "store" if event.detail == STORE else "fetch")

    def _needed(self, event: Event) -> int:
        """How many of the bytes it has to find there: of an MVC that propagates its first bytes, no more than those."""
        text = self._text(event.ia)
        if event.detail != FETCH or text[:1] != MVC or text[2] >> 4 != text[4] >> 4:
            return event.after
        shift = int.from_bytes(text[2:4], "big") - int.from_bytes(text[4:6], "big")
        return min(event.after, shift) if shift > 0 else event.after

    def _fetches(self, ia: int, stored: bool) -> bool:
        """Does the instruction want what was in its operand? Not XC of an operand with itself, which asks for zeros."""
        text = self._text(ia)
        if text not in self._updating:
            self._updating[text] = bool(text) and disassemble(text).mnemonic in UPDATES
        if text and text[0] == XC and text[2:4] == text[4:6]:
            return False
        return not stored or self._updating[text]

    def _key(self, event: Event) -> None:
        shadow = self._shadow(event.block)
        shadow.history.append(event)
        if shadow.usage in OFFERED and event.before & CHANGE and not event.after & CHANGE:
            self._report("change-cleared", event)
        if not shadow.keyed:
            shadow.keyed = True
            self._watch(event.block)

    def _table(self, event: Event) -> None:
        """The CPU translates by this block. Hinted away before, it is a violation now."""
        self._tables.add(event.block)
        if self._shadow(event.block).usage != STABLE:
            self._report("table-hinted", event, "now it is used")

    def _interruption(self, event: Event) -> None:
        self._swapping = True
        prefix = int(self.machine.cpu.prefix) // BLOCK_SIZE
        for block in range(prefix, prefix + PREFIX_BLOCKS):  # hinted away before it was made the prefix area?
            if block in self._shadows and self._shadows[block].usage != STABLE and block not in self._prefixes_told:
                self._report("prefix-hinted", replace(event, block=block), "now it is used")
                self._prefixes_told.add(block)
        if event.block == PROGRAM and event.before == BLOCK_VOLATILITY:
            block = int(event.detail) // BLOCK_SIZE
            shadow = self._shadow(block)
            shadow.history.append(event)
            event = replace(event, block=block)
            if self._fault:
                self._report("handler-faults", event)
            kernel_side = False
            if event.ia in self.guest.fixups:
                kernel_side = int(self.machine.gr[self.guest.fixups[event.ia]]) // BLOCK_SIZE == block
            elif self._is_unmapped(self._frame(block)):
                self._report("use-volatile", event, "it is discarded")
            self._fault = Fault(block, kernel_side)

    def _psw_changed(self, event: Event) -> None:
        if self._swapping:
            self._swapping = False
            if self._fault and event.before & ENABLED:
                self._report("handler-enabled", replace(event, block=self._fault.block))
        elif self._fault and self._loads_psw(event.ia):
            self._fault = None
        self._psw = event.before
        if event.before & QUIESCENT:
            self._look_at_dirty_freed()

    def _loads_psw(self, ia: int) -> bool:
        text = self._text(ia)
        return text[:1] == bytes([LOAD_PSW]) or int.from_bytes(text[:2]) == LOAD_PSW_EXTENDED

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _shadow(self, block: int) -> Shadow:
        shadow = self._shadows.get(block)
        if shadow is None:
            shadow = self._shadows[block] = Shadow()
        return shadow

    def _watch(self, block: int) -> None:
        """Let the machine tell of the accesses to this block that could break a rule."""
        wanted = 0
        if shadow := self._shadows.get(block):
            if shadow.usage == UNUSED or shadow.lost is not None or not shadow.keyed:
                wanted |= WATCH_FETCH | WATCH_STORE
            elif shadow.usage in OFFERED:
                if self._is_unmapped(self._frame(block)):
                    wanted |= WATCH_FETCH | WATCH_STORE
                elif shadow.usage == VOLATILE:
                    wanted |= WATCH_STORE
            elif shadow.empty:
                wanted |= WATCH_STORE | WATCH_PAUSE
        self.machine.observers.watch(self, block, wanted)

    def _text(self, ia: int) -> bytes:
        """The instruction there; empty where there is none."""
        if not self._psw & TRANSLATED:
            length = min(LONGEST, self.machine.storage.size - ia)
            return self._read(ia, length) if length > 0 else b""
        text = b""
        while len(text) < LONGEST:
            at = ia + len(text)
            start = instruction_block(self.machine, at, self._psw & SPACE == SPACE)
            if start is None or start >= self.machine.storage.size:
                break
            offset = at % BLOCK_SIZE
            text += self._read(start + offset, min(LONGEST - len(text), BLOCK_SIZE - offset))
        return text

    def _read(self, address: int, length: int) -> bytes:
        """As Machine.read; the usual case at once."""
        block, offset = divmod(address, BLOCK_SIZE)
        if self._invalid[block] or offset + length > BLOCK_SIZE:
            return self.machine.read(address, length)
        return self._memory[self._frame_of[block], offset : offset + length].tobytes()

    def _report(self, rule: str, event: Event | FrameChange, words: str = "") -> None:
        self._add(self._violation(rule, event, words))

    def _violation(self, rule: str, event: Event | FrameChange, words: str) -> Violation:
        text = self._text(event.ia)
        code = disassemble(text, event.ia).text if text else ""
        history = list(self._shadow(event.block).history)
        return Violation(rule, event.count, event.ia, event.block, words, code, history)

    def _add(self, violation: Violation) -> None:
        """Each rule once for each instruction that breaks it; all are counted."""
        self.counts[violation.rule] += 1
        place = violation.rule, violation.ia
        if place in self._at:
            self._at[place].times += 1
        else:
            self._at[place] = violation
            self.violations.append(violation)

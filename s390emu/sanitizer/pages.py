"""The sanitizer itself: an observer of a machine that follows each block's life and notes each broken rule.

    sanitizer = Sanitizer(machine, description)
    machine.run()
    sanitizer.finish()
    sanitizer.violations

Exact: every ESSA, every change of a key, of a PSW and of a block's state is an event; blocks whose accesses matter are
watched, which keeps them out of the TLB. Nothing is done to the guest: the run is the same as without. Each event is
judged by the CPU that made it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

import numpy as np

from s390emu.architecture.interruptions import BLOCK_VOLATILITY, EXTERNAL_SERVICE, PROGRAM, PROGRAM_EVENT
from s390emu.architecture.page_states import DIAG10, POTENTIALLY_VOLATILE, PRESERVED, STABLE, UNUSED, VOLATILE, ZERO
from s390emu.architecture.psw_bits import DAT, EXTERNAL, IO, PROBLEM, WAIT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import CHANGE
from s390emu.assembler.disassemble import disassemble
from s390emu.machine import Machine
from s390emu.records.blocks import WATCH_FETCH, WATCH_PAUSE, WATCH_STORE
from s390emu.records.cpu import STOPPED_STATE
from s390emu.records.events import (
    EVENT_ESSA,
    EVENT_HOST,
    EVENT_INTERRUPTION,
    EVENT_KEY,
    EVENT_PSW,
    EVENT_PURGE,
    EVENT_REFUSED,
    EVENT_TABLE,
    EVENT_TOUCH,
    EVENT_UNUSED,
)
from s390emu.sanitizer.guest import LOCK_BYTES, Description, Frame
from s390emu.sanitizer.shadow import Event, Fault, FrameChange, Processor, Shadow, Violation
from s390emu.sanitizer.sharing import Sharing
from s390emu.sanitizer.tables import tables_in_use
from s390emu.storage.presence import FETCH, STORE
from s390emu.storage.transitions import CAUSE_SHIFT

EXTRACT, SET_UNUSED, SET_VOLATILE, SET_POTENTIALLY_VOLATILE, TEST_AND_SET = 0, 2, 3, 4, 6  # operation-request codes
OFFERS = (SET_VOLATILE, SET_POTENTIALLY_VOLATILE)
OFFERED = (VOLATILE, POTENTIALLY_VOLATILE)
DISCARDED = VOLATILE << 2 | ZERO  # Vz
CONTENT, STATE = 3, 15
PREFIX_BLOCKS = 2
QUIESCENT = int(PROBLEM | WAIT | IO | EXTERNAL)
ENABLED, TRANSLATED = int(IO | EXTERNAL), int(DAT)
TASK = int(DAT | PROBLEM)
# Instructions that fetch the operand that they store, in one access.
UPDATES = frozenset((
    "ni", "oi", "xi", "niy", "oiy", "xiy", "asi", "agsi", "alsi", "algsi", "laa", "laag", "laal", "laalg", "lan",
    "lang", "lao", "laog", "lax", "laxg", "cs", "csy", "csg", "cds", "cdsy", "cdsg", "csst", "csp", "cspg", "ts", "nc",
    "oc", "xc", "tr", "mvn", "mvz", "mvo",
))  # fmt: skip
LOAD_PSW, LOAD_PSW_EXTENDED, XC, MVC = 0x82, 0xB2B2, 0xD7, b"\xd2"


class Sanitizer:
    """Watch `machine` from now on. description: what is known of the guest."""

    kinds = sum(1 << kind for kind in (EVENT_ESSA, EVENT_INTERRUPTION, EVENT_HOST, EVENT_TOUCH, EVENT_UNUSED, EVENT_KEY,
                                       EVENT_PSW, EVENT_TABLE, EVENT_REFUSED, EVENT_PURGE))  # fmt: skip
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
        self._cpus = [Processor(cpu.psw[0]) for cpu in machine.cpus]
        for processor in self._cpus:
            processor.translated = bool(processor.psw & TRANSLATED)
        self._keys_matter = any(processor.key for processor in self._cpus)
        self._sharing = Sharing(self.guest, self._broken)
        self._dirty_freed: list[tuple[Violation, int]] = []  # file blocks; looked at when the kernel has done its work
        column = machine.storage.block_column
        self._invalid, self._pinned = column("invalid"), column("pinned")
        self._frame_of = column("frame")
        self._memory = machine.host.frames.memory
        self._mnemonics: dict[bytes, str] = {}
        self._text_of: Event | FrameChange | None = None  # whose instruction was read last
        self._last_text = b""
        self._frames: list[Frame] = []
        self._handlers = {
            EVENT_ESSA: self._essa, EVENT_HOST: self._host, EVENT_TOUCH: self._touch, EVENT_UNUSED: self._unused,
            EVENT_KEY: self._key, EVENT_PSW: self._psw_changed, EVENT_INTERRUPTION: self._interruption,
            EVENT_TABLE: self._table, EVENT_REFUSED: self._use_key, EVENT_PURGE: self._purge,
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
        """Look at what happened last: the run has ended."""
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
        """Return what the guest notes of the block; None: nothing."""
        table = self.guest.frames
        if table is None or not table.first <= block < table.first + len(self._frames):
            return None
        return self._frames[block - table.first]

    def _cached(self, file: int) -> int | None:
        """Return the block that the page cache has for a file block, or None."""
        if self.guest.cache_index is None or not 0 <= file < self.guest.cache_index[1]:
            return None
        address = int.from_bytes(self._read(self.guest.cache_index[0] + 8 * file, 8))
        return address // BLOCK_SIZE or None

    def _is(self, frame: Frame, kind: str) -> bool:
        return frame.owner in self.guest.owners.get(kind, ())

    def _is_unmapped(self, frame: Frame | None) -> bool:
        """True if only the kernel may touch this cached block, and it only when it has made it stable."""
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
                self._frame_changed(FrameChange(event.count, event.ia, table.first + n, old, new, event.cpu))

    def _frame_changed(self, event: FrameChange) -> None:
        old, new, shadow, guest = event.old, event.new, self._shadow(event.block), self.guest
        shadow.history.append(event)
        dirty, writable = guest.mask("dirty"), guest.mask("writable")
        if (old.flags | new.flags) & dirty:
            shadow.changed = False
        if shadow.usage != STABLE:
            if new.references > old.references and not guest.counted:  # the reference keeps it, and so comes first
                self._report("lookup-volatile", event, f"references {old.references} -> {new.references}")
            if new.flags & dirty and not old.flags & dirty:
                self._report("set-dirty-volatile", event)
        if shadow.usage == VOLATILE and new.flags & writable and not old.flags & writable:
            self._report("set-writable-volatile", event)
        for rule, words, others in self._sharing.changed(event, self._mnemonic(event)):
            self._report(rule, event, words, others)
        self._follow_between_cpus(event, shadow)
        if old.owner != new.owner and self._is(new, "free"):
            if self._is(old, "copy"):
                self._copy_freed(event, old)
            if self._is(old, "cache") and old.flags & dirty:
                self._dirty_freed.append((self._violation("dirty-freed", event, f"file block {old.file}"), old.file))
            if old.maps and self.guest.has("maps"):
                self._report("freed-mapped", event, f"mapped {old.maps} times")
        self._watch(event.block)

    def _follow_between_cpus(self, event: FrameChange, shadow: Shadow) -> None:
        """Note what rules between CPUs have to know of this change later."""
        old, new, guest = event.old, event.new, self.guest
        dirty, discarded = guest.mask("dirty"), guest.mask("discarded")
        if guest.users(new) > guest.users(old):
            fault = self._cpus[event.cpu].fault
            if fault and fault.block == event.block:
                fault.pending = False
        if new.flags & discarded and not old.flags & discarded:
            self._copied_too_early(event, shadow)
        if guest.interlocked:
            if old.flags & dirty and not new.flags & dirty:
                shadow.uncopied = event.cpu
            elif new.flags & dirty or not new.references:
                shadow.uncopied = None
        if new.maps < old.maps:
            for processor in self._cpus:
                if processor.translated:
                    processor.stale.setdefault(event.block)

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
        """Report dirty blocks that were freed, unless their content has moved to another block, which is dirty then."""
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
        faults = tuple(cpu.fault for cpu in self._cpus if cpu.fault and cpu.fault.block == block)
        if any(fault.kernel_side and fault.cpu == event.cpu for fault in faults):
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
            self._freed(event)
            shadow.freed = faults
            shadow.empty, shadow.lost, shadow.changed, shadow.uncopied = False, None, False, None
        else:
            self._made_stable(event)
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
        """Judge and follow the use of an unused block. A fault of another CPU matters as long as that CPU knows no more
        than the address."""
        under_way = [fault for fault in shadow.freed if not fault.over]
        early = [fault.cpu for fault in under_way if fault.pending or fault.cpu == event.cpu]
        if early:
            self._report("reused-early", event, "", early)
        shadow.freed = ()
        shadow.begin(discarded=False)

    def _freed(self, event: Event) -> None:
        """Judge ORC 2: nobody may have a way to the block, or be about to use it."""
        block, frame = event.block, self._frame(event.block)
        if frame and frame.references and self.guest.counted:
            self._report("referenced-unused", event, f"references {frame.references}")
        alone = not any(self._operates(number) for number in range(len(self._cpus)) if number != event.cpu)
        if frame and not alone and "free" in self.guest.locks:
            if not int.from_bytes(self._read(self.guest.locks["free"], LOCK_BYTES)):
                self._report("unused-unlocked", event)
        for number, processor in enumerate(self._cpus):
            if block in processor.stale:
                violation = self._violation("translation-held", event, "", (number,))
                if self._runs_a_task(number):
                    self._add(violation)
                    del processor.stale[block]
                else:  # it may still purge before it goes on with one
                    processor.stale[block] = violation

    def _runs_a_task(self, cpu: int) -> bool:
        """True if the CPU translates for a task, and so may use any translation that it has."""
        return self._cpus[cpu].psw & (TASK | int(WAIT)) == TASK and self._operates(cpu)

    def _operates(self, cpu: int) -> bool:
        """True if the CPU is not in the stopped state."""
        return self.machine.cpus[cpu].record.stopped != STOPPED_STATE

    def _made_stable(self, event: Event) -> None:
        """Judge ORC 1, 5, 6 and 7."""
        other = self._sharing.overtaken(event.block, event.cpu)
        if other is not None and self.guest.has("references"):
            self._report("stable-early", event, "", (other,))

    def _copied_too_early(self, event: Event | FrameChange, shadow: Shadow) -> None:
        """Judge what becomes of a block that has been dirty: what was stored while it was has to be on the disk."""
        if shadow.uncopied is not None:
            self._report("cleaned-late", event, "", (shadow.uncopied,))
            shadow.uncopied = None

    def _hinted_away(self, event: Event) -> None:
        """Judge ORC 2, 3, 4 and DIAGNOSE X'10': may the host take this block at all?"""
        block, shared = event.block, self.machine.storage.record
        owners = [cpu for cpu in range(len(self._cpus)) if block in self._prefix_area(cpu) and self._operates(cpu)]
        if owners:
            self._report("prefix-hinted", event, "", owners)
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
        """Judge ORC 3 and 4: the eleven checks."""
        guest, before = self.guest, event.before & STATE
        if guest.disabled and self._cpus[event.cpu].psw & ENABLED:
            self._report("volatile-enabled", event)
        if shadow.empty or before >> 2 == UNUSED:
            self._report("empty-volatile", event)
        if event.detail == SET_VOLATILE and before >> 2 == POTENTIALLY_VOLATILE and self._changed(event.block):
            self._report("change-volatile", event)
        if frame is None:
            return
        self._copied_too_early(event, shadow)
        if not frame.flags & guest.mask("dirty") and shadow.changed and not self._changed(event.block):
            self._report("change-forgotten", event)
        shadow.changed = False
        holder = self._sharing.holder(event.block)
        if guest.mask("state_change") and holder != event.cpu:
            self._report("volatile-unlocked", event, "", () if holder is None else (holder,))
        if not self._sharing.was_fit(event.block, event.cpu):
            for rule, words in self._broken(event.block, frame, event.cpu):
                self._report(rule, event, words)
        if frame.flags & guest.mask("writable") and event.detail == SET_VOLATILE:
            self._report("writable-volatile", event)

    def _broken(self, block: int, frame: Frame, cpu: int) -> list[tuple[str, str]]:
        """Return what in its entry keeps this CPU from making a block volatile: rule and words. Another CPU may change
        that before ESSA, since it waits for the state-change bit then."""
        guest, found = self.guest, []
        if frame.flags & guest.mask("dirty"):
            found.append(("dirty-volatile", ""))
        if "cache" in guest.owners and not self._is(frame, "cache"):
            found.append(("anonymous-volatile", f"owner {frame.owner}"))
        elif guest.cache_index and guest.has("file") and self._cached(frame.file) != block:
            found.append(("unindexed-volatile", f"file block {frame.file}"))
        if frame.flags & guest.mask("discarded"):
            found.append(("discarded-volatile", ""))
        if guest.users(frame) > self._sharing.own(block, cpu):
            found.append(("referenced-volatile", f"references {frame.references}"))
        return found

    def _changed(self, block: int) -> bool:
        """True if the guest's change bit is one."""
        return bool(self.machine.storage.key(block) & CHANGE)

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
        """Judge an access to an unused block, seen where presence is tested."""
        if event.ia not in self.guest.fixups:
            self._report("unused-touched", event, "store" if event.detail == STORE else "fetch")

    def _touch(self, event: Event) -> None:
        """Judge an access to a watched block."""
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
            if self._is_unmapped(self._frame(block)) and not self._by_old_translation(event.cpu, block):
                self._report("use-volatile", event, words)
            if stored and shadow.usage == VOLATILE:
                self._report("store-volatile", event, words)
        self._use_key(event)
        offset = event.before % BLOCK_SIZE
        if not stored and event.cpu == shadow.uncopied:
            shadow.uncopied = None
        if shadow.lost is not None and shadow.is_lost(offset, self._needed(event)) and self._fetches(event, stored):
            shadow.lost = None  # once
            self._report("lost-discard", event, words)
        if stored:
            shadow.stored(offset, event.after)
        self._watch(block)

    def _use_key(self, event: Event) -> None:
        """Judge a comparison of the block's key with the PSW's: the access was permitted, or refused."""
        shadow = self._shadow(event.block)
        if not shadow.keyed and self._cpus[event.cpu].key:
            shadow.keyed = True  # once
            self._report("key-unpredictable", event, "store" if event.detail == STORE else "fetch")

    def _needed(self, event: Event) -> int:
        """Return how many bytes have to be there: of an MVC that propagates its first bytes, no more than those."""
        text = self._text(event) if event.detail == FETCH else b""
        if text[:1] != MVC or text[2] >> 4 != text[4] >> 4:
            return event.after
        shift = int.from_bytes(text[2:4], "big") - int.from_bytes(text[4:6], "big")
        return min(event.after, shift) if shift > 0 else event.after

    def _fetches(self, event: Event, stored: bool) -> bool:
        """True if the instruction wants what was in its operand. XC of an operand with itself only asks for zeros."""
        text = self._text(event)
        if text and text[0] == XC and text[2:4] == text[4:6]:
            return False
        return not stored or self._mnemonic(event) in UPDATES

    def _key(self, event: Event) -> None:
        shadow = self._shadow(event.block)
        shadow.history.append(event)
        if shadow.usage in OFFERED and event.before & CHANGE and not event.after & CHANGE:
            self._report("change-cleared", event)
        if not shadow.keyed:
            shadow.keyed = True
            self._watch(event.block)

    def _table(self, event: Event) -> None:
        """Note that a CPU translates by this block. Hinted away before, it is a violation now."""
        self._tables.add(event.block)
        if self._shadow(event.block).usage != STABLE:
            self._report("table-hinted", event, "now it is used")

    def _interruption(self, event: Event) -> None:
        processor = self._cpus[event.cpu]
        processor.swapping = True
        for block in self._prefix_area(event.cpu):  # hinted away before it was made the prefix area?
            if block in self._shadows and self._shadows[block].usage != STABLE and block not in self._prefixes_told:
                self._report("prefix-hinted", replace(event, block=block), "now it is used")
                self._prefixes_told.add(block)
        if event.block == PROGRAM and event.before & ~PROGRAM_EVENT == BLOCK_VOLATILITY:
            block = int(event.detail) // BLOCK_SIZE
            shadow = self._shadow(block)
            shadow.history.append(event)
            event = replace(event, block=block)
            if processor.fault:
                self._report("handler-faults", event)
            kernel_side = False
            if event.ia in self.guest.fixups:
                operand = self.machine.cpus[event.cpu].gr[self.guest.fixups[event.ia]]
                kernel_side = int(operand) // BLOCK_SIZE == block
            elif self._is_unmapped(self._frame(block)) and not self._by_old_translation(event.cpu, block):
                self._report("use-volatile", event, "it is discarded")
            processor.fault = Fault(block, event.cpu, kernel_side)

    def _psw_changed(self, event: Event) -> None:
        """Follow a CPU's PSW: a change may be of its own doing, or a reset that another one has ordered."""
        processor = self._cpus[event.block]
        fault = processor.fault
        if processor.swapping:
            processor.swapping = False
            if fault and event.before & ENABLED:
                self._report("handler-enabled", replace(event, block=fault.block))
        elif fault and (event.cpu != event.block or self._loads_psw(event)):
            fault.over, processor.fault = True, None
        if fault and event.before & ENABLED:
            fault.pending = False
        processor.psw = event.before
        if processor.key and not self._keys_matter:
            self._keys_matter = True
            for block, shadow in self._shadows.items():
                if not shadow.keyed:
                    self._watch(block)
        if event.before & TRANSLATED:
            processor.translated = True
        if event.before & TASK == TASK:
            for block, violation in list(processor.stale.items()):
                if violation:
                    self._add(violation)
                    del processor.stale[block]
        if event.before & QUIESCENT:
            self._look_at_dirty_freed()

    def _loads_psw(self, event: Event) -> bool:
        text = self._text(event)
        return text[:1] == bytes([LOAD_PSW]) or int.from_bytes(text[:2]) == LOAD_PSW_EXTENDED

    def _purge(self, event: Event) -> None:
        """Note that a CPU has no translation any more."""
        processor = self._cpus[event.block]
        processor.stale.clear()
        processor.translated = bool(processor.psw & TRANSLATED)
        if processor.fault:
            processor.fault.pending = False

    def _by_old_translation(self, cpu: int, block: int) -> bool:
        """True if the CPU's access may be by a translation that is no longer valid, and that it has not purged yet."""
        processor = self._cpus[cpu]
        return bool(processor.psw & TRANSLATED) and block in processor.stale

    def _prefix_area(self, cpu: int) -> range:
        """Return the numbers of the blocks of a CPU's prefix area."""
        first = int(self.machine.cpus[cpu].record.prefix) // BLOCK_SIZE
        return range(first, first + PREFIX_BLOCKS)

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
            no_key = self._keys_matter and not shadow.keyed  # a guest that has PSW key 0 only accesses whatever key
            if shadow.usage == UNUSED or shadow.lost is not None or no_key or shadow.uncopied is not None:
                wanted |= WATCH_FETCH | WATCH_STORE
            elif shadow.usage in OFFERED:
                if self._is_unmapped(self._frame(block)):
                    wanted |= WATCH_FETCH | WATCH_STORE
                elif shadow.usage == VOLATILE:
                    wanted |= WATCH_STORE
            elif shadow.empty:
                wanted |= WATCH_STORE | WATCH_PAUSE
        self.machine.observers.watch(self, block, wanted)

    def _mnemonic(self, event: Event | FrameChange) -> str:
        """Return the mnemonic of the event's instruction."""
        text = self._text(event)
        if text not in self._mnemonics:
            self._mnemonics[text] = disassemble(text).mnemonic if text else ""
        return self._mnemonics[text]

    def _text(self, event: Event | FrameChange) -> bytes:
        """Return the event's instruction; empty where there is none."""
        if event is not self._text_of:  # several rules ask
            cpu, psw = self.machine.cpus[event.cpu], self._cpus[event.cpu].psw
            self._text_of, self._last_text = event, self.machine.view.find_instruction(cpu, event.ia, psw)
        return self._last_text

    def _read(self, address: int, length: int) -> bytes:
        """Return bytes as Machine.read does; the usual case at once."""
        block, offset = divmod(address, BLOCK_SIZE)
        if self._invalid[block] or offset + length > BLOCK_SIZE:
            return self.machine.read(address, length)
        return self._memory[self._frame_of[block], offset : offset + length].tobytes()

    def _report(self, rule: str, event: Event | FrameChange, words: str = "", others: Collection[int] = ()) -> None:
        self._add(self._violation(rule, event, words, others))

    def _violation(self, rule: str, event: Event | FrameChange, words: str, others: Collection[int] = ()) -> Violation:
        text = self._text(event)
        code = disassemble(text, event.ia).text if text else ""
        history = list(self._shadow(event.block).history)
        others = tuple(number for number in others if number != event.cpu)
        return Violation(rule, event.count, event.ia, event.block, words, code, event.cpu, others, history)

    def _add(self, violation: Violation) -> None:
        """Keep each rule once for each instruction that breaks it, and count all."""
        self.counts[violation.rule] += 1
        place = violation.rule, violation.ia
        if place in self._at:
            self._at[place].times += 1
        else:
            self._at[place] = violation
            self.violations.append(violation)

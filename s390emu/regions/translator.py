"""Which pages of a guest are hot, and their regions put in place of decoded instructions.

A region is reached by an entry of the decode cache only: its address is written over that of the handler, and whatever
drops the entry (a store into the page, another content of the block) drops the region. Nothing is installed or freed
while compiled code of the guest runs: `attend` is called between two stretches of a run.

Which page is hot is told by sampling: at every so many instructions, whose page comes next. So the choice depends on
instruction counts only, and with `sync`, where each translation is waited for, so does when it takes effect. What a
guest does never depends on either.
"""

from __future__ import annotations

import ctypes
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple
from weakref import ref

import numpy as np

from s390emu._jit import u64
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.engine.handlers import HandlerTable
from s390emu.isa import lookup
from s390emu.records.port import TLB_SLOTS
from s390emu.regions import llvm, region
from s390emu.regions.kept import of_page
from s390emu.regions.modes import ALWAYS, AUTO
from s390emu.regions.request import BODY, FIRST_TEXT, SYMBOL, WHOLE_TEXT, Request, Translation
from s390emu.regions.worker import Worker, shared
from s390emu.storage.decode_cache import (
    BLOCK_NUMBER,
    DECODED_PAGE_BYTES,
    END_BYTE,
    ENTRY_BYTES,
    FIRST_BYTE,
    TRANSLATED,
)
from s390emu.storage.guest import DECODED_PAGES_MOST, GuestStorage

INTERVAL = 1 << 17  # instructions between two samples, as long as they are of no region
LONGEST_INTERVAL = 1 << 24  # if they are all in one page: a look then takes a hundredth of the time
LONGEST_OF_MANY = 1 << 19  # while they are in several: there may soon be others, of which translations are kept
GROWTH = 16  # it grows by this part: if by much, code most of which is in regions is hardly looked at
ALWAYS_INTERVAL = 500
SAMPLES = 4  # of a page, before it is translated
REUSES = 20  # of kept translations for a page that is dropped again and again
VERSIONS = 6  # translations of a page, before it is left alone: it is written to all the time
PAGE = ~(BLOCK_SIZE - 1) & ((1 << 64) - 1)
HANDLER, TEXT = 0, 1  # columns of a decoded page
TEXT_BITS = 64
# Words of a decoded page that are no entries; all are in the second column.
NUMBER_ROW, END_ROW, FIRST_ROW, TRANSLATED_ROW = (
    int(word) // int(ENTRY_BYTES) for word in (BLOCK_NUMBER, END_BYTE, FIRST_BYTE, TRANSLATED)
)


class DecodedPage(NamedTuple):
    """The decoded instructions of the page at a logical address: rows of (handler, text), one for each halfword."""

    logical: int
    address: int
    rows: np.ndarray

    def texts(self) -> dict[int, int]:
        """Return the texts of what is decoded, by logical address."""
        kept = np.flatnonzero(self.rows[: BLOCK_SIZE // 2, HANDLER])
        return {self.logical + 2 * int(n): int(self.rows[n, TEXT]) for n in kept}

    @property
    def region(self) -> int:
        """The address of the body of the region that stands in it; 0 if none."""
        return int(self.rows[TRANSLATED_ROW, TEXT])


class Installed(NamedTuple):
    """A region in place. library: keeps its code alive."""

    page: DecodedPage
    translation: Translation
    library: object


def decoded_page_at(port, ia: int) -> DecodedPage | None:
    """Return the decoded page of an instruction address, None if the CPU's TLB does not have it."""
    slot = ia // BLOCK_SIZE % TLB_SLOTS
    if int(port.tlb_insn_tag[slot]) != (ia & PAGE) | int(port.insn_context):
        return None
    address = int(port.tlb_insn_decoded[slot])
    return DecodedPage(ia & PAGE, address, _rows_at(address))


@lru_cache(DECODED_PAGES_MOST)
def _rows_at(address: int) -> np.ndarray:
    rows = (ctypes.c_uint64 * (int(DECODED_PAGE_BYTES) // 8)).from_address(address)
    return np.ctypeslib.as_array(rows).reshape(-1, 2)


def _content(storage: GuestStorage, number: int) -> bytes | None:
    """Return what is in a block, None if it is not resident."""
    if storage.block_column("invalid")[number]:
        return None
    frame = int(storage.block_column("frame")[number])
    return ctypes.string_at(int(storage.column("frames")[0]) + frame * BLOCK_SIZE, BLOCK_SIZE)


def _not_entered(installed: Installed, asked: Collection[int], branches: Iterable[tuple[int, int]]) -> set[int]:
    """Return where branches to addresses in registers have gone in a region that cannot be entered there, such as the
    cases of a switch, and those of other pages. What was asked for already does not count: it is in a loop."""
    found, covered = set(), installed.translation.covered
    for at, to in branches:
        if to in covered and to not in installed.translation.entries and to not in asked:
            far = at & PAGE != installed.page.logical
            if far or (at in covered and region.relative_target(covered[at], at, PAGE) is None):
                found.add(to)
    return found


class Translator:
    """Translates the hot pages of one guest.

    handlers: the guest's; worker: who translates. serial: how many regions have been put in place; refused: how many
    requests brought none.
    """

    def __init__(self, storage: GuestStorage, handlers: HandlerTable, mode: str, worker: Worker):
        self.storage, self.handlers, self.mode, self.worker = storage, handlers, mode, worker
        self.installed: dict[int, Installed] = {}
        self.refused = 0
        self._samples: Counter[tuple[int, int]] = Counter()
        self._versions: Counter[tuple[int, int]] = Counter()
        self._missed: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
        self._starts: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
        self._asked: dict[tuple[int, int], dict[int, int]] = {}
        self._refused: dict[tuple[int, int], dict[int, int]] = {}
        self._known: dict[tuple[int, int], list[Translation]] = {}  # by logical address and addressing mode
        self._led_to: defaultdict[int, set[int]] = defaultdict(set)  # addresses of instructions, by page
        self._reused: Counter[tuple[int, int]] = Counter()
        self._seen: set[tuple[int, int]] = set()
        self._looked_at = np.zeros((len(storage.ports), TLB_SLOTS), np.uint64)
        self._decoded_pages = [0] * len(storage.ports)  # how many there were at the last look, by CPU
        self._interval = INTERVAL
        self._sampled = 0  # address of the decoded page of the last sample in a region
        self._next = 0
        self.serial = 0

    # --- when to look ------------------------------------------------------------------------------------------------

    def attend(self, cpu, count: int) -> int:
        """Look at what comes next on this CPU, if it is time; return how many instructions until the next look."""
        if count < self._next:
            return self._next - count
        self.worker.poll()
        if self.mode == ALWAYS:
            for page in self._pages_of(cpu.port):
                self._ask_for_all(page, cpu)
            self._interval = ALWAYS_INTERVAL
        else:
            if self.mode == AUTO:
                self._look_at_new_pages(cpu)
            self._sample(cpu)
        self._next = count + self._interval
        return self._interval

    def _sample(self, cpu) -> None:
        ia = int(cpu.record.psw_ia)
        page = decoded_page_at(cpu.port, ia)
        if page is None:
            return
        if self.mode == AUTO and not page.region:
            self._reuse(page, cpu)
        installed = self.installed.get(page.region)
        key = page.logical, page.address
        missed = _not_entered(installed, self._starts[key], cpu.branches()) if installed else set()
        done = self._versions[key] >= VERSIONS
        if installed and (done or (self._has(installed, ia) and not missed)):
            longest = LONGEST_INTERVAL if page.address == self._sampled else LONGEST_OF_MANY
            self._interval = min(self._interval + self._interval // GROWTH, longest)
            self._sampled = page.address
            return
        self._interval = INTERVAL
        self._missed[key] |= missed
        self._samples[key] += 1
        if self._samples[key] >= SAMPLES and key not in self._asked and self._versions[key] < VERSIONS:
            self._samples[key] = 0
            entered = {ia, *(to for _, to in cpu.branches() if to & PAGE == page.logical), *self._missed.pop(key)}
            if installed:
                entered |= self._starts[key] | installed.translation.entries.keys()
            self._starts[key] |= entered
            self._ask(page, tuple(sorted(entered)), cpu)

    def _has(self, installed: Installed, ia: int) -> bool:
        """True if a region executes the instruction, or leaves it to its handler."""
        if ia in installed.translation.covered:
            return True
        text = int(installed.page.rows[ia % BLOCK_SIZE // 2, TEXT])
        return self.handlers.mnemonics.get(lookup.place_of(text)) in installed.translation.barriers

    def _pages_of(self, port) -> list[DecodedPage]:
        """Return the pages that the CPU's TLB has for instructions."""
        tags = port.tlb_insn_tag
        logical = [int(tag) & PAGE for tag in tags if int(tag) & ~PAGE == int(port.insn_context)]
        return [page for ia in logical if (page := decoded_page_at(port, ia))]

    # --- translations ------------------------------------------------------------------------------------------------

    def _ask_for_all(self, page: DecodedPage, cpu) -> None:
        """Ask for the page's instructions and for all that they lead to, each an entry, unless its region was asked for
        with what has been executed since."""
        decoded, asked = page.texts(), self._asked.get((page.logical, page.address), {})
        if not page.region or not decoded.keys() <= asked.keys():
            texts = self._with_what_follows(page, decoded, int(cpu.record.amode))
            self._led_to[page.logical].update(texts)
            self._ask(page, tuple(sorted(texts)), cpu, everywhere=True, texts=texts)

    def _with_what_follows(self, page: DecodedPage, decoded: dict[int, int], amode: int) -> dict[int, int]:
        """Return decoded instructions of a page, those where instructions of any page have led to, and what these lead
        to. Else they would be asked for one after another, as they are executed."""
        content = _content(self.storage, int(page.rows[NUMBER_ROW, TEXT]))
        if content is None:
            return decoded
        breakpoints = self.storage.breakpoints

        def text_at(ia: int) -> int | None:
            if ia & PAGE != page.logical or ia & 1 or ia in breakpoints:
                return None
            return self._text_at(content, ia % BLOCK_SIZE)

        there = {ia: text for ia in self._led_to[page.logical] if (text := text_at(ia)) is not None}
        texts, beyond = region.with_what_follows(there | decoded, amode, text_at)
        for ia in beyond:
            self._led_to[ia & PAGE].add(ia)
        return texts

    def _ask(
        self, page: DecodedPage, starts: tuple[int, ...], cpu, *, everywhere: bool = False,
        texts: dict[int, int] | None = None,
    ) -> None:  # fmt: skip
        """Ask for a translation. texts: of what, if not of what is decoded and in the region that there is."""
        key, most = (page.logical, page.address), WHOLE_TEXT if everywhere else FIRST_TEXT
        lasting = self.mode != ALWAYS or texts is not None  # pages of random programs do not come again
        texts = texts or page.texts()
        installed = self.installed.get(page.region) if self.mode != ALWAYS else None
        if installed and installed.page.logical == page.logical:
            texts = installed.translation.covered | texts  # or what earlier runs executed would be lost
            most = WHOLE_TEXT
        # What this machine does not have is an operation exception, whatever the handler of that name does.
        texts = {ia: text for ia, text in texts.items() if lookup.place_of(text) in self.handlers.mnemonics}
        if everywhere and self._asked.get(key) == texts and (page.region or self._refused.get(key) == texts):
            return
        self._asked[key] = texts
        self._versions[key] += 1
        asking = ref(self)

        def take(translation: Translation | None) -> None:
            if translator := asking():  # or the guest is gone by now, and its storage with it
                if not everywhere:
                    del translator._asked[key]
                translator._take(page, texts, translation)

        self.worker.submit(Request(texts, starts, int(cpu.record.amode), everywhere, lasting, most), take)

    def _take(self, page: DecodedPage, texts: dict[int, int], translation: Translation | None) -> None:
        """Put in place what was made of these instructions of the page."""
        if translation:
            self._install(page, translation)
        else:
            self.refused += 1
            self._refused[page.logical, page.address] = texts

    def _look_at_new_pages(self, cpu) -> None:
        """Put in place what is kept of the pages that the CPU's TLB has for instructions, once for each. If none has
        been executed the first time since the last look, a sample finds what is left."""
        pages = int(self.storage.record.decode_used)
        if pages == self._decoded_pages[cpu.number]:
            return
        self._decoded_pages[cpu.number] = pages
        port = cpu.port
        tags, looked_at = port.tlb_insn_tag, self._looked_at[cpu.number]
        valid = tags & ~u64(PAGE) == port.insn_context
        for slot in (valid & (tags != looked_at)).nonzero()[0].tolist():
            looked_at[slot] = tags[slot]
            place = int(tags[slot]) & PAGE, int(port.tlb_insn_decoded[slot])
            if place not in self._seen:
                self._seen.add(place)
                page = DecodedPage(*place, _rows_at(place[1]))
                if not page.region:
                    self._reuse(page, cpu)

    def _reuse(self, page: DecodedPage, cpu) -> None:
        """Put in place what earlier runs made of the page: what covers most, if its instructions are there."""
        wanted = page.logical, int(cpu.record.amode)
        if wanted not in self._known:
            usable = [each for each in of_page(*wanted) if self._all_here(each.covered)]
            self._known[wanted] = sorted(usable, key=lambda each: -len(each.covered))
        key = page.logical, page.address
        if self._known[wanted] and self._reused[key] < REUSES:
            self._reused[key] += 1
            for translation in self._known[wanted]:
                if not page.region:
                    self._install(page, translation)

    def _install(self, page: DecodedPage, translation: Translation) -> None:
        """Write the region over its entries, if the page has the instructions that it was made of."""
        if not self._can_cover(page, translation.covered):
            return
        self._free_dropped()
        self._remove(page)
        library, address, body = self._linked(translation)
        self.serial += 1
        self.installed[body] = Installed(page, translation, library)
        page.rows[TRANSLATED_ROW, TEXT] = body  # where regions of other pages go
        for entry, place in translation.entries.items():
            if not self.handlers.addresses[place]:  # the region calls it
                self.handlers.compile(place)
            page.rows[entry % BLOCK_SIZE // 2, HANDLER] = address

    def _can_cover(self, page: DecodedPage, covered: Mapping[int, int]) -> bool:
        """True if these are the page's instructions, by logical address, so that a region may stand for them. From now
        on a store into one drops it, executed before or not."""
        decoded = page.texts()
        others = covered.items() - decoded.items()
        if not others:
            return True
        first, end = int(page.rows[FIRST_ROW, TEXT]), int(page.rows[END_ROW, TEXT])
        content = _content(self.storage, int(page.rows[NUMBER_ROW, TEXT]))
        if first >= end or content is None or not covered.keys().isdisjoint(self.storage.breakpoints):
            return False
        if any(ia in decoded or self._text_at(content, ia % BLOCK_SIZE) != text for ia, text in others):
            return False
        offsets = [ia % BLOCK_SIZE for ia in covered]
        last = max(covered)
        page.rows[FIRST_ROW, TEXT] = min(first, *offsets)
        page.rows[END_ROW, TEXT] = max(end, last % BLOCK_SIZE + lookup.LENGTHS[covered[last] >> TEXT_BITS - 2])
        for ia, text in others:  # where stores drop it
            page.rows[ia % BLOCK_SIZE // 2, TEXT] = text
        return True

    def _all_here(self, covered: Mapping[int, int]) -> bool:
        """True if this machine has these instructions."""
        return all(lookup.place_of(text) in self.handlers.mnemonics for text in covered.values())

    def _text_at(self, content: bytes, offset: int) -> int | None:
        """Return what would be decoded at this offset of a block; None if that is no instruction of this machine, or is
        not all in the block."""
        length = lookup.LENGTHS[content[offset] >> 6]
        code = content[offset : offset + length]
        text = int.from_bytes(code.ljust(TEXT_BITS // 8, b"\0"), "big")
        place = lookup.place_of(text)
        if len(code) < length or place not in self.handlers.mnemonics:
            return None
        return text & int(self.handlers.regarded[place])

    def _linked(self, translation: Translation):
        """Return what keeps the code alive until it is closed, and the addresses of its functions."""
        return llvm.linked(translation.code, SYMBOL, BODY)

    def drop(self) -> None:
        """Let handlers stand everywhere again."""
        self._free_dropped()
        for each in list(self.installed.values()):
            self._remove(each.page)

    def _remove(self, page: DecodedPage) -> None:
        """Let the page's handlers stand in its entries again."""
        if installed := self.installed.pop(page.region, None):
            for entry, place in installed.translation.entries.items():
                page.rows[entry % BLOCK_SIZE // 2, HANDLER] = self.handlers.addresses[place]
            page.rows[TRANSLATED_ROW, TEXT] = 0
            installed.library.close()  # type: ignore[attr-defined]

    def _free_dropped(self) -> None:
        """Free the code of regions that no entry leads to any more."""
        for body in [body for body, each in self.installed.items() if each.page.region != body]:
            self.installed.pop(body).library.close()  # type: ignore[attr-defined]


def translator_of(storage: GuestStorage, handlers: HandlerTable, mode: str) -> Translator:
    """Return the translator of a guest; mode: AUTO, SYNC or ALWAYS."""
    return Translator(storage, handlers, mode, shared(mode != AUTO))

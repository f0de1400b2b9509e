"""Translation tables in a lab's storage, and a naive walker: PoP ch. 3 "Dynamic Address Translation", read anew."""

from __future__ import annotations

from tests.lab import BA_EA, Lab

DAT = 1 << 58
REGION_FIRST, REGION_SECOND, REGION_THIRD, SEGMENT = 3, 2, 1, 0  # designation types
FULL = 3  # table length: four blocks of 512 entries
PRIVATE, REAL_SPACE = 0x100, 0x20
INVALID, PROTECT = 0x20, 0x200  # of region- and segment-table entries
COMMON, FORMAT = 0x10, 0x400
PAGE_INVALID, PAGE_PROTECT = 0x400, 0x200
ENHANCED = 1 << (63 - 40)

REGION_1_TABLE, REGION_2_TABLE, REGION_3_TABLE, SEGMENT_TABLE = 0x60000, 0x64000, 0x68000, 0x6C000
PAGE_TABLE = 0x70000
TABLES = {3: REGION_1_TABLE, 2: REGION_2_TABLE, 1: REGION_3_TABLE, 0: SEGMENT_TABLE}


def index(address: int, level: int) -> int:
    return address >> 20 + 11 * level & 0x7FF


def put(lab: Lab, address: int, entry: int) -> None:
    lab.store(address, entry.to_bytes(8, "big"))


def entry_address(virtual: int, level: int) -> int:
    """Where `map_page` has put the entry of this level; level -1 is the page table."""
    if level < 0:
        return PAGE_TABLE + (virtual >> 12 & 0xFF) * 8
    return TABLES[level] + index(virtual, level) * 8


def map_page(lab: Lab, virtual: int, real: int, *, level: int = REGION_FIRST) -> int:
    """Tables that translate one page (several, where they share the page table): -> the ASCE."""
    for n in range(level, 0, -1):
        put(lab, entry_address(virtual, n), TABLES[n - 1] | n << 2 | FULL)
    put(lab, entry_address(virtual, SEGMENT), PAGE_TABLE)
    put(lab, entry_address(virtual, -1), real & ~0xFFF)
    return TABLES[level] | level << 2 | FULL


def change(lab: Lab, virtual: int, level: int, *, on: int = 0, off: int = 0) -> None:
    address = entry_address(virtual, level)
    put(lab, address, lab.word(address) & ~off | on)


def translated(lab: Lab, primary: int, *, mask: int = BA_EA, key: int = 0, secondary: int = 0, home: int = 0) -> None:
    """DAT on, with these ASCEs; the code of the lab is mapped one to one by the caller, or the space is real."""
    lab.cr[1], lab.cr[7], lab.cr[13] = primary, secondary, home
    lab.psw(mask | DAT, key=key)


def naive(word, asce: int, virtual: int, *, enhanced: bool) -> tuple[str, int]:
    """word(real) -> the doubleword there, None outside the configuration. -> ("real" | "absolute", address),
    ("invalid", entry address, code) as (what, value). enhanced: both enhanced-DAT facilities apply."""
    if asce & REAL_SPACE:
        return "real", virtual
    kind = asce >> 2 & 3
    indexes = [virtual >> 53, virtual >> 42 & 0x7FF, virtual >> 31 & 0x7FF, virtual >> 20 & 0x7FF]
    if any(indexes[: 3 - kind]):
        return "exception", 0x38
    origin, offset, length = asce & ~0xFFF, 0, asce & 3
    for place in range(3 - kind, 4):
        code = (0x39, 0x3A, 0x3B, 0x10)[place]
        if not offset <= indexes[place] // 512 <= length:
            return "outside", code
        address = (origin + 8 * indexes[place]) % 2**64
        entry = word(address)
        if entry is None:
            return "exception", 0x05
        if entry & INVALID:
            return ("segment" if place == 3 else "outside"), (address if place == 3 else code)
        if entry >> 2 & 3 != 3 - place:
            return "exception", 0x12
        if place == 3 or (place == 2 and enhanced):  # a segment; with enhanced DAT 2, a third region
            if entry & COMMON and asce & PRIVATE:
                return "exception", 0x12
            if enhanced and entry & FORMAT:
                size = 1 << (20, 31)[3 - place]
                return "absolute", entry - entry % size | virtual % size
        origin, offset, length = entry & ~0xFFF, entry >> 6 & 3, entry & 3
    address = (entry >> 11 << 11) + 8 * (virtual >> 12 & 0xFF)
    page = word(address)
    if page is None:
        return "exception", 0x05
    if page & PAGE_INVALID:
        return "page", address
    if page & 0x800 or (page & 0x100 and not enhanced):
        return "exception", 0x12
    return "real", page >> 12 << 12 | virtual % 4096

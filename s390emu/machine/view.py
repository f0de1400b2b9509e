"""What a machine looks like between two instructions: registers by name, blocks, bytes by absolute or logical address.

Reading changes nothing, events and storage keys included. Writing is what a loader or a debugger does: no protection,
no R or C, no change of a block's usage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from s390emu.architecture.psw_bits import AS, CC, CC_SHIFT, DAT, HOME, SECONDARY
from s390emu.architecture.sizes import BLOCK_SIZE, PREFIX_AREA_BYTES
from s390emu.host.host import Host
from s390emu.isa.lookup import LENGTHS
from s390emu.machine.cpu import CPU
from s390emu.storage import dat
from s390emu.storage.blocks import Block
from s390emu.storage.guest import GuestStorage

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBERED = {"r": "gr", "cr": "cr", "ar": "ar", "f": "fpr"}  # register names, by fields of the CPU record
# Vector registers, as gdb names them: f0 to f15 are bits 0-63 of the first sixteen, v0l to v15l their bits 64-127.
LOW_HALVES = {f"v{n}l": n for n in range(16)}
WHOLE_VECTORS = {f"v{n}": n for n in range(16, 32)}
REGISTERS = (
    *(f"{letters}{n}" for letters in NUMBERED for n in range(16)),
    *LOW_HALVES, *WHOLE_VECTORS, "fpc", "prefix", "psw.mask", "psw.ia", "cc",
)  # fmt: skip
PAGE_TABLE = -1  # level
HALF = ("ar", "fpc", "prefix")  # 32 bits


class TableEntry(NamedTuple):
    """An entry of a translation table. level: 3 region first, 2, 1, 0 segment, PAGE_TABLE; address: absolute."""

    level: int
    address: int
    value: int


class NotTranslated(Exception):
    """A logical address that the tables do not translate now."""


# --- registers -------------------------------------------------------------------------------------------------------


def registers(cpu: CPU) -> dict[str, int]:
    """Return all registers of REGISTERS by name; the condition code is not in psw.mask."""
    record = cpu.record
    found: dict[str, int] = {}
    for letters, field in NUMBERED.items():
        found |= {f"{letters}{n}": int(value) for n, value in enumerate(record[field])}
    left, right = record.vr_left.tolist(), record.vr_right.tolist()
    found |= {name: right[n] for name, n in LOW_HALVES.items()}
    found |= {name: left[n - 16] << 64 | right[n] for name, n in WHOLE_VECTORS.items()}
    mask, ia = cpu.psw
    return found | {
        "fpc": int(record.fpc),
        "prefix": int(record.prefix),
        "psw.mask": mask & ~int(CC),
        "psw.ia": ia,
        "cc": mask >> int(CC_SHIFT) & 3,
    }


def set_register(cpu: CPU, name: str, value: int) -> None:
    """Give a register a value, and let it take effect. KeyError: there is no such register; ValueError: too large."""
    if name not in REGISTERS:
        raise KeyError(name)
    letters = name.rstrip("0123456789")
    bits = 2 if name == "cc" else 32 if letters in HALF else 128 if name in WHOLE_VECTORS else 64
    if not 0 <= value < 1 << bits:
        raise ValueError(f"{name} = {value:#x}: it has {bits} bits")
    mask, ia = cpu.psw
    if name in LOW_HALVES:
        cpu.record.vr_right[LOW_HALVES[name]] = value
    elif name in WHOLE_VECTORS:
        n = WHOLE_VECTORS[name]
        cpu.record.vr_left[n - 16], cpu.record.vr_right[n] = divmod(value, 1 << 64)
    elif letters in NUMBERED:
        cpu.record[NUMBERED[letters]][int(name[len(letters) :])] = value
    elif name in ("fpc", "prefix"):
        cpu.record[name] = value
    elif name == "psw.mask":
        mask = value & ~int(CC) | mask & int(CC)
    elif name == "psw.ia":
        ia = value
    else:
        mask = mask & ~int(CC) | value << int(CC_SHIFT)
    cpu.set_psw(mask, ia)  # also drops translations that control registers and the prefix were behind


# --- storage ---------------------------------------------------------------------------------------------------------


class View:
    """A guest's storage as it is now, and its blocks."""

    def __init__(self, storage: GuestStorage, host: Host, guest_number: int):
        self.storage, self.host, self.guest_number = storage, host, guest_number

    def blocks(self) -> list[Block]:
        """Return every block of absolute storage."""
        return self.storage.all_blocks()

    def block(self, address: int) -> Block:
        """Return the block that holds this absolute address. IndexError outside."""
        self._check_range(address, 1)
        return self.storage.block(address // BLOCK_SIZE)

    def set_block(self, address: int, state: str | None = None, **details) -> None:
        """Put the block that holds this absolute address into a state ("Vz"); see `Host.set_block`. IndexError outside.
        """
        self._check_range(address, 1)
        self.host.set_block(self.guest_number, address // BLOCK_SIZE, state, **details)

    def read(self, address: int, length: int) -> bytes:
        """Return bytes of absolute storage: what is logically zero reads as zeros. IndexError outside."""
        self._check_range(address, length)
        return b"".join(
            self.host.peek(self.guest_number, at // BLOCK_SIZE, at % BLOCK_SIZE, part)
            for at, part in parts(address, length)
        )

    def write(self, address: int, data: bytes) -> None:
        """Put bytes into absolute storage. IndexError outside."""
        self._check_range(address, len(data))
        left = memoryview(data)  # whose slices are no copies
        for at, part in parts(address, len(data)):
            number, offset = divmod(at, BLOCK_SIZE)
            self.host.poke(self.guest_number, number, offset, left[:part])
            left = left[part:]

    def _check_range(self, address: int, length: int) -> None:
        if address < 0 or address + length > self.storage.size:
            raise IndexError(f"{address:#x} to {address + length:#x}: the guest has {self.storage.size:#x} bytes")

    # --- by logical address ------------------------------------------------------------------------------------------

    def read_logical(self, cpu: CPU, address: int, length: int) -> bytes:
        """Return the bytes that this CPU has at a logical address, in its present mode. NotTranslated where it has none
        by its tables; IndexError outside storage."""
        return b"".join(self.read(self.to_absolute(cpu, at), part) for at, part in parts(address, length))

    def write_logical(self, cpu: CPU, address: int, data: bytes) -> None:
        """Put bytes where this CPU has a logical address: all of them, or none if it has not all those pages."""
        pieces = [(self.to_absolute(cpu, at), part) for at, part in parts(address, len(data))]
        for absolute, part in pieces:
            self._check_range(absolute, part)
        for absolute, part in pieces:
            self.write(absolute, data[:part])
            data = data[part:]

    def read_instruction(self, cpu: CPU, address: int, psw_mask: int) -> bytes:
        """Return the instruction that this CPU would fetch at an address under a PSW: from the home space or the
        primary space (PoP ch. 3 "Translation Modes"). NotTranslated where it has none by its tables; IndexError outside
        storage."""
        asce = int(cpu.cr[13 if psw_mask & int(AS) == int(HOME) else 1])
        dat_on = psw_mask & int(DAT)

        def fetch(at: int, length: int) -> bytes:
            return self.read(self.translate(cpu, at, asce) if dat_on else prefixed(cpu, at), length)

        in_page = min(BLOCK_SIZE - address % BLOCK_SIZE, LENGTHS[-1])
        text = fetch(address, in_page)
        length = LENGTHS[text[0] >> 6]
        return text[:length] if length <= in_page else text + fetch(address + in_page, length - in_page)

    def find_instruction(self, cpu: CPU, address: int, psw_mask: int) -> bytes:
        """Return the same; empty where there is none."""
        try:
            return self.read_instruction(cpu, address, psw_mask)
        except (IndexError, NotTranslated):
            return b""

    def to_absolute(self, cpu: CPU, address: int) -> int:
        """Return the absolute address that a logical address of this CPU stands for, by its mode and its tables as they
        are: nothing is referenced, no exception recognized."""
        mask = int(cpu.record.psw_mask)
        if not mask & int(DAT):
            return prefixed(cpu, address)
        space = mask & int(AS)
        return self.translate(cpu, address, int(cpu.cr[{int(SECONDARY): 7, int(HOME): 13}.get(space, 1)]))

    def translate(self, cpu: CPU, address: int, asce: int, seen: list[TableEntry] | None = None) -> int:
        """Return the absolute address that an address has in the space of an ASCE. PoP ch. 3 "Translation Process". The
        entries that were looked at are added to `seen`, the one that refuses it too."""
        seen = [] if seen is None else seen
        if asce & int(dat.ASCE_REAL_SPACE):
            return prefixed(cpu, address)
        enhanced = int(cpu.cr[0]) & int(dat.ENHANCED_DAT) and self.storage.record.facilities[0] & dat.ENHANCED_DAT_1
        highest = asce >> 2 & 3
        if address >> 31 + 11 * highest:
            raise NotTranslated(f"{address:#x}: beyond the address space")
        entry, first = asce, 0
        for level in range(highest, -1, -1):
            index = address >> 20 + 11 * level & 0x7FF
            if not first <= index >> 9 <= entry & 3:
                raise NotTranslated(f"{address:#x}: beyond a translation table")
            entry = self._entry(cpu, (entry & int(dat.PAGE)) + 8 * index, address, level, seen)
            if entry >> 2 & 3 != level:
                raise NotTranslated(f"{address:#x}: a table entry of another level")
            if level == dat.SEGMENT or (level == dat.REGION_THIRD_TABLE and enhanced and self._enhanced_dat_2):
                if entry & int(dat.COMMON) and asce & int(dat.ASCE_PRIVATE):
                    raise NotTranslated(f"{address:#x}: a common segment or region in a private space")
                if enhanced and entry & int(dat.FRAME):
                    within = (1 << 20 + 11 * level) - 1
                    return entry & ~within | address & within
            first = entry >> 6 & 3
        index = address >> 12 & 0xFF
        origin = entry & int(dat.PAGE_TABLE_ORIGIN)
        entry = self._entry(cpu, origin + 8 * index, address, PAGE_TABLE, seen)
        if entry & int(dat.PAGE_ZERO) or (not enhanced and entry & int(dat.EXECUTION_PROTECTED)):
            raise NotTranslated(f"{address:#x}: a page-table entry with ones where zeros must be")
        return prefixed(cpu, entry & int(dat.PAGE) | address % BLOCK_SIZE)

    @property
    def _enhanced_dat_2(self) -> bool:
        """True if the guest has enhanced-DAT facility 2: a third region may be a frame, and common."""
        return bool(self.storage.record.facilities[1] & dat.ENHANCED_DAT_2)

    def _entry(self, cpu: CPU, real: int, address: int, level: int, seen: list[TableEntry]) -> int:
        """Return the entry of a translation table at a real address, if it is valid."""
        absolute = prefixed(cpu, real % (1 << 64))
        if absolute + 8 > self.storage.size:
            raise NotTranslated(f"{address:#x}: a translation table is not in storage")
        entry = int.from_bytes(self.read(absolute, 8))
        seen.append(TableEntry(level, absolute, entry))
        if entry & int(dat.PAGE_INVALID if level == PAGE_TABLE else dat.TABLE_INVALID):
            raise NotTranslated(f"{address:#x}: its table entry at {absolute:#x} is invalid")
        return entry


def prefixed(cpu: CPU, real: int) -> int:
    """Return the absolute address of a real address of this CPU."""
    area, prefix = real - real % PREFIX_AREA_BYTES, int(cpu.record.prefix)
    return real ^ prefix if area in (0, prefix) else real


def parts(address: int, length: int) -> Iterator[tuple[int, int]]:
    """Yield (address, length) of the parts of a range that lie in one block each."""
    end = address + length
    while address < end:
        part = min(end - address, BLOCK_SIZE - address % BLOCK_SIZE)
        yield address, part
        address += part

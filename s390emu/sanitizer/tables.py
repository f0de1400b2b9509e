"""Which blocks hold translation tables that the CPU would use now, and where an instruction is: PoP ch. 3 "Dynamic
Address Translation".

By the format of the tables alone: nothing is referenced, no exception is recognized.
"""

from __future__ import annotations

import numpy as np

from s390emu.architecture.sizes import BLOCK_SIZE

PRIMARY, HOME = 1, 13
ASCES = (PRIMARY, 7, HOME)  # control registers: the second is for the secondary space
PAGE, PAGE_INVALID = (1 << 64) - 4096, 0x400
SEGMENT_SHIFT, REGION_BITS = 20, 11  # where the index of a segment table is in an address; how far up the next one is
REAL_SPACE, INVALID, SEGMENT_FORMAT = 0x20, 0x20, 0x400
ORIGIN, PAGE_TABLE = ~0xFFF, ~0x7FF
MOST = 4096  # tables: a guest may link them in a circle


def tables_in_use(machine) -> set[int]:
    """Return the numbers of the blocks that hold tables reached from the control registers of any CPU."""
    found: set[int] = set()
    for cpu in machine.cpus:
        for register in ASCES:
            asce = int(cpu.cr[register])
            if asce and not asce & REAL_SPACE:
                _follow(machine, cpu, asce, found)
    return found


def _follow(machine, cpu, asce: int, found: set[int]) -> None:
    queue = [(asce, asce >> 2 & 3)]
    while queue and len(found) < MOST:
        entry, level = queue.pop()
        for address in range(entry & ORIGIN, (entry & ORIGIN) + ((entry & 3) + 1) * BLOCK_SIZE, BLOCK_SIZE):
            block = _absolute(cpu, address) // BLOCK_SIZE
            if block in found or address + BLOCK_SIZE > machine.storage.size:
                continue
            found.add(block)
            for below in np.unique(np.frombuffer(machine.read(block * BLOCK_SIZE, BLOCK_SIZE), ">u8")).tolist():
                if below & INVALID or below >> 2 & 3 != level:
                    continue
                if level:
                    queue.append((below, level - 1))
                elif not below & SEGMENT_FORMAT:
                    found.add(_absolute(cpu, below & PAGE_TABLE) // BLOCK_SIZE)


def instruction_block(machine, cpu, logical: int, home: bool) -> int | None:
    """Return the absolute address of the page from which this CPU fetches an instruction at this logical address with
    DAT on, by the tables as they are; None: none."""
    entry = int(cpu.cr[HOME if home else PRIMARY])
    if entry & REAL_SPACE:
        return _absolute(cpu, logical & PAGE)
    for level in range(entry >> 2 & 3, -1, -1):
        entry = _entry(machine, cpu, (entry & ORIGIN) + (logical >> SEGMENT_SHIFT + REGION_BITS * level & 0x7FF) * 8)
        if entry & INVALID:
            return None
    if entry & SEGMENT_FORMAT:
        return _absolute(cpu, entry & ~0xFFFFF | logical & 0xFF000)
    entry = _entry(machine, cpu, (entry & PAGE_TABLE) + (logical >> 12 & 0xFF) * 8)
    return None if entry & PAGE_INVALID else _absolute(cpu, entry & PAGE)


def _entry(machine, cpu, real: int) -> int:
    address = _absolute(cpu, real)
    if address + 8 > machine.storage.size:
        return INVALID | PAGE_INVALID
    return int.from_bytes(machine.read(address, 8), "big")


def _absolute(cpu, real: int) -> int:
    """Apply the CPU's prefix."""
    area, prefix = real & ~0x1FFF, int(cpu.record.prefix)
    return real ^ prefix if area in (0, prefix) else real

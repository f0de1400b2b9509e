"""Which blocks hold translation tables that the CPU would use now: PoP ch. 3 "Dynamic Address Translation".

By the format of the tables alone: nothing is referenced, no exception is recognized.
"""

from __future__ import annotations

import numpy as np

from s390emu.storage.state import BLOCK_SIZE

ASCES = (1, 7, 13)  # control registers: primary, secondary, home
REAL_SPACE, INVALID, SEGMENT_FORMAT = 0x20, 0x20, 0x400
ORIGIN, PAGE_TABLE = ~0xFFF, ~0x7FF
MOST = 4096  # tables: a guest may link them in a circle


def tables_in_use(machine) -> set[int]:
    """Numbers of the blocks that hold tables reached from the control registers."""
    found: set[int] = set()
    for register in ASCES:
        asce = int(machine.cr[register])
        if asce and not asce & REAL_SPACE:
            _follow(machine, asce, found)
    return found


def _follow(machine, asce: int, found: set[int]) -> None:
    queue = [(asce, asce >> 2 & 3)]
    while queue and len(found) < MOST:
        entry, level = queue.pop()
        for address in range(entry & ORIGIN, (entry & ORIGIN) + ((entry & 3) + 1) * BLOCK_SIZE, BLOCK_SIZE):
            block = _absolute(machine, address) // BLOCK_SIZE
            if block in found or address + BLOCK_SIZE > machine.storage.size:
                continue
            found.add(block)
            for below in np.unique(np.frombuffer(machine.read(block * BLOCK_SIZE, BLOCK_SIZE), ">u8")).tolist():
                if below & INVALID or below >> 2 & 3 != level:
                    continue
                if level:
                    queue.append((below, level - 1))
                elif not below & SEGMENT_FORMAT:
                    found.add(_absolute(machine, below & PAGE_TABLE) // BLOCK_SIZE)


def _absolute(machine, real: int) -> int:
    """Prefixing."""
    area, prefix = real & ~0x1FFF, int(machine.cpu.prefix)
    return real ^ prefix if area in (0, prefix) else real

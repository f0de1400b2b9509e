"""Which blocks hold translation tables that a CPU would use now: PoP ch. 3 "Dynamic Address Translation".

By the format of the tables alone: nothing is referenced, no exception is recognized.
"""

from __future__ import annotations

import numpy as np

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.machine.view import prefixed

ASCES = (1, 7, 13)  # control registers: primary, secondary, home
REAL_SPACE, INVALID, FRAME = 0x20, 0x20, 0x400
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
            block = prefixed(cpu, address) // BLOCK_SIZE
            if block in found or address + BLOCK_SIZE > machine.storage.size:
                continue
            found.add(block)
            for below in np.unique(np.frombuffer(machine.read(block * BLOCK_SIZE, BLOCK_SIZE), ">u8")).tolist():
                if below & INVALID or below >> 2 & 3 != level:
                    continue
                if level > 1 or (level == 1 and not below & FRAME):
                    queue.append((below, level - 1))
                elif not below & FRAME:
                    found.add(prefixed(cpu, below & PAGE_TABLE) // BLOCK_SIZE)

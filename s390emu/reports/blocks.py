"""A guest's blocks as the host knows them, one line for each run of equal ones."""

from __future__ import annotations

from typing import NamedTuple

from s390emu.machine import Machine
from s390emu.reports.timeline import attributes_text
from s390emu.storage.page_states import CONTENTS, PRESERVED, RESIDENT, ZERO

NO_DAT = 0x20


class Block(NamedTuple):
    number: int
    state: str  # spec essa.md section 3, with +no-DAT
    key: int  # the guest's storage key, 7 bits
    where: str  # frame, slot, or nowhere


def blocks(machine: Machine) -> list[Block]:
    """Every block of the guest; nothing is changed by looking."""
    found = []
    for number, block in enumerate(machine.storage.blocks):
        content = RESIDENT if not block.invalid else ZERO if block.zero else PRESERVED
        key = int(block.acc_f) if block.invalid else int(machine.host.frame_table[block.frame].key)
        state = attributes_text(int(block.usage) << 2 | content | (NO_DAT if block.no_dat else 0))
        found.append(Block(number, state, key | int(block.guest_rc), CONTENTS[content]))
    return found


def runs(found: list[Block]):
    """-> (first number, last number, a block of the run), in order."""
    first = 0
    for i in range(1, len(found) + 1):
        if i == len(found) or found[i][1:] != found[first][1:]:
            yield first, i - 1, found[first]
            first = i

"""Everything that a trace may compare, at one moment: registers, blocks, bytes."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np

from s390emu.architecture.page_states import CONTENTS, NAMES, USAGES, ZERO
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.paging_device import PagingLost
from s390emu.machine import CPU, Machine
from s390emu.machine.view import registers
from s390emu.records.cpu import STOPPED_STATE
from s390emu.tracing.trace import Page

CC = 3 << 44
WRITTEN_USAGES = tuple(usage.replace(" ", "-") for usage in USAGES)


class MachineState(NamedTuple):
    """registers: of each CPU, by the names of trace files. pages: every block's state and key. contents: the bytes of
    the blocks that are not all zero; None for one whose copy on the paging device is lost."""

    registers: tuple[dict[str, int], ...]
    pages: list[Page]
    contents: dict[int, bytes | None]

    def digest(self) -> str:
        """The same for two runs that ended in the same state."""
        return hashlib.blake2b(repr(self).encode(), digest_size=16).hexdigest()

    def block(self, number: int) -> bytes | None:
        return self.contents.get(number, bytes(BLOCK_SIZE))


def pages_of(machine: Machine) -> list[Page]:
    """Every block as the guest sees it: ESSA's and ISKE's answers without asking."""
    storage, states = machine.storage, machine.storage.states()
    columns = (states >> 2, states & 3, storage.no_dat(), storage.keys())
    return list(map(Page, *(column.tolist() for column in columns)))


def page_of(machine: Machine, number: int) -> Page:
    return pages_of(machine)[number]


def content_of(machine: Machine, number: int) -> bytes | None:
    try:
        return machine.host.peek(machine.guest_number, number)
    except PagingLost:
        return None


def registers_of(cpu: CPU) -> dict[str, int]:
    """What a trace calls a register: those of the view, and whether the CPU is stopped."""
    return registers(cpu) | {"stopped": int(cpu.record.stopped == STOPPED_STATE)}


def capture(machine: Machine) -> MachineState:
    """The state now; nothing changes."""
    contents = {}
    for number in np.flatnonzero(machine.storage.states() & 3 != ZERO):
        data = content_of(machine, int(number))
        if data is None or any(data):
            contents[int(number)] = data
    return MachineState(tuple(map(registers_of, machine.cpus)), pages_of(machine), contents)


def key_text(key: int) -> str:
    """A storage key as a trace writes it: 3:RC."""
    letters = "".join(letter for letter, bit in (("F", 8), ("R", 4), ("C", 2)) if key & bit)
    return f"{key >> 4}:{letters}" if letters else str(key >> 4)


def page_text(page: Page) -> str:
    """A block's state, without its key, as a trace writes it."""
    return f"{WRITTEN_USAGES[page.usage]} {CONTENTS[page.content]}" + (" no-dat" if page.no_dat else "")


def state_name(page: Page) -> str:
    """Sr, Vz ... as docs/page-hinting.md section 3 writes it."""
    return NAMES[page.state] + (" no-DAT" if page.no_dat else "")

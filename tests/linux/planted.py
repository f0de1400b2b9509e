"""A hint that Linux would never give, to see that those who look for one find it."""

from __future__ import annotations

import numpy as np

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.machine import Machine
from tests.linux import guest


def hint_program_away(machine: Machine) -> None:
    """Make the blocks unused that hold the program of every command: busybox, as the kernel unpacked it."""
    program = (guest.folder("trixie") / "busybox").read_bytes()
    pages = {program[at : at + BLOCK_SIZE] for at in range(0, len(program) - BLOCK_SIZE, BLOCK_SIZE)}
    numbers = [n for n in np.flatnonzero(machine.storage.blocks.invalid == 0).tolist()
               if machine.read(n * BLOCK_SIZE, BLOCK_SIZE) in pages]  # fmt: skip
    assert len(numbers) >= len(pages) - 1
    for number in numbers:
        machine.set_block(number * BLOCK_SIZE, "Ur")

"""A guest as it stands at one moment, from which any number of others start: on any host, as large, with as many CPUs
and the same model. (A `Snapshot` is of use to the machine only that it was taken of, and has the host in it.)

Each gets the blocks' content, usage and keys, registers, clocks and console. What the first one's host did for it, and
where that host had its blocks, is not taken over. No frame is shared: a frame has one owner.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from s390emu.architecture.page_states import NAMES, STATES
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host import kernels

if TYPE_CHECKING:
    from s390emu.machine.machine import Machine

BY_HOST = ("unused_access", "discard_seed", "shared")  # of a guest's record


class Block(NamedTuple):
    """One that is not as it was when the guest was made. data: None where it has none, or zeros only."""

    number: int
    state: str
    key: int
    no_dat: bool
    data: bytes | None


class Original(NamedTuple):
    """What `start` gives to a machine."""

    size: int
    cpus: np.ndarray
    storage: tuple[np.ndarray, ...]
    blocks: list[Block]
    turns: object
    console: dict
    ipl_block: bytes


def keep(machine: Machine) -> Original:
    """Return the guest as it stands; nothing changes it any more. ValueError for one with disks, which are not
    copied."""
    guest = machine.host.guests[machine.guest_number]
    if guest.block_io.disks:
        raise ValueError("a guest with disks cannot be copied: the disks would not be")
    record, ports, _ = machine.storage.snapshot()
    record["event_count"] = 0
    return Original(
        machine.storage.size, machine.cpu_array.copy(), (record, ports, machine.storage.events[:0]), _blocks(machine),
        machine.turns.snapshot(), guest.console.snapshot(), guest.ipl_block,
    )  # fmt: skip


def _blocks(machine: Machine) -> list[Block]:
    """Return the blocks that are not stable zeros with key 0."""
    storage = machine.storage
    states, keys, no_dat = storage.states(), storage.keys(), storage.no_dat()
    found = []
    for number in np.flatnonzero((states != STATES["Sz"]) | (keys != 0) | no_dat).tolist():
        data = machine.read(number * BLOCK_SIZE, BLOCK_SIZE)
        state = "Sr" if states[number] == STATES["Sp"] else NAMES[int(states[number])]
        found.append(Block(number, state, int(keys[number]), bool(no_dat[number]), data if any(data) else None))
    return found


def start(original: Original, machine: Machine) -> None:
    """Make a machine that has not run yet what the original was. ValueError where it is another one."""
    if (machine.storage.size, len(machine.cpus)) != (original.size, len(original.cpus)):
        raise ValueError(f"a guest of {original.size} bytes and {len(original.cpus)} CPUs starts as it was, or not")
    host, number = machine.host, machine.guest_number
    for block in original.blocks:
        host.set_block(number, block.number, block.state, key=block.key, no_dat=block.no_dat, data=block.data)
    record = machine.storage.record
    policy = {name: int(getattr(record, name)) for name in BY_HOST}
    machine.cpu_array[:] = original.cpus
    machine.storage.restore(original.storage)
    for name, value in policy.items():
        setattr(record, name, value)
    machine.turns.restore(original.turns)
    guest = host.guests[number]
    guest.console.restore(original.console)
    guest.ipl_block = original.ipl_block
    kernels.flush(machine.storage.address)
    guest.arm()
    machine.observers.apply()

"""Interleavings of several CPUs, drawn at random with a preference for gaps.

Where a CPU comes to an instruction that a test names another one often goes on, and the host often throws away what it
may."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from contextlib import suppress

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.assembler.assemble import Program
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason, Schedule, Stop

GUEST = 0
STABLE = 0  # usage
FRAMES = 256
LIMIT = 200_000  # instructions: some ten times as many as an undisturbed run takes
LONGEST = 600  # instructions between two looks at the host
BRASL = bytes.fromhex("c0e5")


def instructions(program: Program, symbol: str) -> list[tuple[int, bytes]]:
    """Return address and bytes of the instructions from a symbol to the next one."""
    address = program.symbols[symbol]
    end = min(value for value in program.symbols.values() if value > address)
    ((origin, image),) = program.image()
    found = []
    while address < end:
        first = image[address - origin]
        length = 2 if first < 0x40 else 6 if first >= 0xC0 else 4
        found.append((address, image[address - origin : address - origin + length]))
        address += length
    return found


def places(program: Program, symbol: str, operation: bytes) -> list[int]:
    """Return the addresses of a routine's instructions that begin with these bytes."""
    return [address for address, text in instructions(program, symbol) if text.startswith(operation)]


def calls(program: Program, symbol: str, callee: str) -> list[int]:
    """Return the addresses of a routine's BRASL instructions to another one."""
    target = program.symbols[callee]
    return [
        address
        for address, text in instructions(program, symbol)
        if text.startswith(BRASL) and address + 2 * int.from_bytes(text[2:], "big", signed=True) == target
    ]


class Explorer:
    """Runs of a guest, each with other interleavings; the same seed is the same run."""

    def __init__(
        self,
        program: Program,
        gaps: Collection[int],
        cpus: int = 2,
        keys: str = "random",
        prepare: Callable[[Machine], object] = lambda machine: None,
    ):
        """prepare: called with the machine of each run, which has the guest in it."""
        self.program, self.gaps, self.keys, self.prepare = program, list(gaps), keys, prepare
        self.cpus = cpus
        symbols = program.symbols
        self.pool = range(symbols["POOL"] // BLOCK_SIZE, symbols["POOL_END"] // BLOCK_SIZE)

    def run(self, seed: int, discards: float = 0.5, switches: float = 0.7) -> Machine:
        """Run the guest to its end, or to LIMIT; `stop` is why it has stopped."""
        draw = random.Random(seed)
        host = Host(FRAMES, PagingDevice(), discard_keys=self.keys, seed=seed + 1)
        machine = Machine(host=host, cpus=self.cpus, schedule=Schedule(self.cpus, quantum=1000, seed=seed))
        machine.load(self.program)
        self.prepare(machine)
        self.stop = machine.run(LIMIT, until=[self.program.symbols["cpu_works"]])
        while machine.count < LIMIT:
            self.stop = machine.run(draw.randint(1, LONGEST), until=self.gaps)
            if self.stop.reason not in (Reason.BREAKPOINT, Reason.LIMIT):
                break
            if self.stop.reason is Reason.BREAKPOINT and draw.random() < switches and self.cpus > 1:
                machine.schedule.turn = draw.choice([n for n in range(self.cpus) if n != self.stop.cpu])
                machine.schedule.left = int(10 ** draw.uniform(0.5, 3.8))
            if draw.random() < discards:
                self.discard(machine, draw, draw.choice((0.5, 1)))
        return machine

    def discard(self, machine: Machine, draw: random.Random, share: float) -> None:
        """Let the host throw away such a share of the blocks that it may."""
        blocks = machine.storage.blocks
        for number in self.pool:
            if blocks[number].usage != STABLE and not blocks[number].invalid and draw.random() < share:
                with suppress(ValueError):  # potentially volatile and changed
                    machine.host.discard(GUEST, number)

    def wrong(self, seeds: Collection[int], **odds: float) -> tuple[int, Stop] | None:
        """Return the first seed whose run does not end well, and how it ends instead."""
        for seed in seeds:
            self.run(seed, **odds)
            if self.stop.exit_code != 0:
                return seed, self.stop
        return None

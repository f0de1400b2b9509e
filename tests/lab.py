"""A workbench for one instruction: set state, one line of assembly, `step`, and what changed.

    def test_agr_adds(lab):
        lab.gr[3], lab.gr[4] = 5, 7
        assert lab.step("agr %r3,%r4") == 0
        assert lab.changes() == {"r3": 12, "cc": 2}

`step` returns the program-interruption code, 0 for none. `changes` names everything that differs from the moment before
the step, but for the instruction address where it simply went on, and for keys unless asked: registers r0.. c0.. a0..
f0.. fpc cc psw ia prefix; l16.. for bits 0-63 of vector registers from 16 on, v0.. for bits 64-127 of all; storage by
the address of each changed run of bytes, `key ADDRESS` and `state ADDRESS` by block. After a program interruption the
PSW is the old one and the prefix area is not compared: an instruction that was suppressed changes nothing, one that was
nullified has "ia" among its changes, the address of the instruction itself.
"""

from __future__ import annotations

import numpy as np

from s390emu.architecture.interruptions import FLOATING
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.assembler.assemble import assemble
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine

CODE = 0x20000  # where the instruction under test is put
SIZE = 1 << 20
BA_EA = 0x0000000180000000
PROBLEM = 1 << 48
PROBLEM_STATE = BA_EA | PROBLEM
MODE_31, MODE_24 = 0x0000000080000000, 0
PROGRAM_MASK_ALL = 0xF << 40
HANDLER = 0x1000F0  # outside storage: only the address matters, nothing is executed there
ALL = (1 << 64) - 1


def key_of(machine: Machine, address: int) -> int:
    """Return the guest's storage key of the block, as ISKE would give it."""
    return machine.storage.key(address // BLOCK_SIZE)


def state_of(machine: Machine, address: int) -> str:
    """Return the block's state as docs/page-hinting.md section 3 writes it: Sr, Vz ..."""
    return machine.storage.block(address // BLOCK_SIZE).name


class Lab:
    """One machine, brought back to its first state for every test."""

    def __init__(self, **options):
        options.setdefault("host", Host(SIZE // BLOCK_SIZE, PagingDevice()))
        self.machine = Machine(SIZE, **options)
        for new in (0x1A0, 0x1B0, 0x1C0, 0x1D0, 0x1E0, 0x1F0):
            self.store(new, BA_EA.to_bytes(8, "big") + HANDLER.to_bytes(8, "big"))
        self.machine.write(CODE, bytes(16))
        self.psw()
        self._first = self.machine.snapshot()

    def reset(self) -> None:
        self.machine.restore(self._first)
        self._before = None

    # --- state -------------------------------------------------------------------------------------------------------

    cpu = property(lambda self: self.machine.cpu)
    guest = property(lambda self: self.machine.storage.record)
    gr = property(lambda self: self.machine.cpu.gr)
    cr = property(lambda self: self.machine.cpu.cr)
    ar = property(lambda self: self.machine.cpu.ar)
    fpr = property(lambda self: self.machine.cpu.fpr)

    def store(self, address: int, data: bytes) -> None:
        self.machine.write(address, data)

    def load(self, address: int, length: int) -> bytes:
        return self.machine.read(address, length)

    def word(self, address: int, length: int = 8) -> int:
        """An unsigned big-endian number in storage."""
        return int.from_bytes(self.load(address, length), "big")

    def psw(self, mask: int = BA_EA, *, key: int = 0, ia: int = CODE, cc: int = 0) -> None:
        """The PSW for the next step; `mask` is one of BA_EA, PROBLEM_STATE, MODE_31, MODE_24 or any 64-bit value."""
        self.machine.set_psw(mask | key << 52 | cc << 44, ia)

    def set_key(self, address: int, key: int) -> None:
        """Give a block (made resident) this 7-bit storage key."""
        self.machine.write(address // BLOCK_SIZE * BLOCK_SIZE, self.load(address // BLOCK_SIZE * BLOCK_SIZE, 1))
        self.machine.set_block(address, key=key)

    def key(self, address: int) -> int:
        return key_of(self.machine, address)

    def pend(self, conditions: int) -> None:
        """Let exactly these external conditions (EXTERNAL_*) be pending, for the CPU or floating."""
        self.cpu.external, self.guest.floating = conditions & ~int(FLOATING), conditions & int(FLOATING)

    @property
    def pending(self) -> int:
        return int(self.cpu.external) | int(self.guest.floating)

    # --- one step ----------------------------------------------------------------------------------------------------

    def step(self, source: str, *, at: int | None = None) -> int:
        """Assemble at the instruction address (or `at`), execute one instruction: -> program-interruption code."""
        machine = self.machine
        if at is not None:
            machine.set_psw(machine.psw[0], at)
        ia = machine.psw[1]
        machine.write(ia, assemble(source, origin=ia).sections[0].data)  # an image would begin on a boundary
        return self.go()

    def go(self) -> int:
        """Execute one instruction of what is there: -> program-interruption code, 0 for none."""
        machine, record = self.machine, self.machine.port
        self._before = self._state()
        record.lost_steps = 0  # one step is never an interruption loop
        programs = int(record.interruption_count[0])
        stop = machine.step()
        assert stop is None, f"the machine stopped: {stop}"
        self.interrupted = int(record.interruption_count[0]) > programs
        code = machine.last_interruption.code if self.interrupted else 0
        self._after = self._state()
        text = machine.read(self._before["ia"], 1)[0] >> 6
        self.length = (text + 3) & ~1
        return code

    @property
    def old_psw(self) -> tuple[int, int]:
        """Program old PSW."""
        return self.word(0x150), self.word(0x158)

    def _state(self) -> dict:
        machine, cpu = self.machine, self.machine.cpu
        mask, ia = machine.psw
        state = {"cc": mask >> 44 & 3, "psw": mask & ~(3 << 44), "ia": ia}
        state |= {"prefix": int(cpu.prefix), "fpc": int(cpu.fpc)}
        vectors = (("l", cpu.vr_left, 16), ("v", cpu.vr_right, 0))
        for name, registers, first in (
            ("r", cpu.gr, 0), ("c", cpu.cr, 0), ("a", cpu.ar, 0), ("f", cpu.fpr, 0), *vectors,
        ):  # fmt: skip
            state |= {f"{name}{n}": value for n, value in enumerate(registers.tolist(), first)}
        blocks = machine.storage.blocks
        resident = blocks["invalid"] == 0
        keyed = resident | (blocks["acc_f"] != 0) | (blocks["guest_rc"] != 0)
        told = (blocks["usage"] != 0) | resident | (blocks["zero"] == 0)
        state["keys"] = {address: key_of(machine, address) for address in _addresses(keyed)}
        state["states"] = {address: state_of(machine, address) for address in _addresses(told)}
        state["bytes"] = {address: machine.read(address, BLOCK_SIZE) for address in _addresses(resident)}
        return state

    def changes(self, *, keys: bool = False) -> dict:
        """What the last step changed: name -> new value. Blocks that merely became resident (zeros) are no change."""
        before, after = dict(self._before), dict(self._after)
        if self.interrupted:
            mask, after["ia"] = self.old_psw
            after["cc"], after["psw"] = mask >> 44 & 3, mask & ~(3 << 44)
        expected_ia = before["ia"] + self.length
        found = {n: v for n, v in after.items() if n not in ("keys", "states", "bytes", "ia") and v != before[n]}
        if after["ia"] != expected_ia:
            found["ia"] = after["ia"]
        prefix_area = range(before["prefix"], before["prefix"] + 2 * BLOCK_SIZE) if self.interrupted else range(0)
        zeros = bytes(BLOCK_SIZE)
        for block in sorted(before["bytes"].keys() | after["bytes"].keys()):
            if block not in prefix_area:
                found |= _changed_runs(block, before["bytes"].get(block, zeros), after["bytes"].get(block, zeros))
        if keys:
            for name, kind, default in (("key", "keys", 0), ("state", "states", "Sz")):
                for block in sorted(before[kind].keys() | after[kind].keys()):
                    if block not in prefix_area and before[kind].get(block, default) != after[kind].get(block, default):
                        found[f"{name} {block:#x}"] = after[kind].get(block, default)
        return found


def _addresses(selected: np.ndarray) -> list[int]:
    """Of the blocks that are selected."""
    return [int(n) * BLOCK_SIZE for n in np.flatnonzero(selected)]


def _changed_runs(start: int, before: bytes, after: bytes) -> dict[int, bytes]:
    """address -> new bytes, for each run of changed bytes."""
    if before == after:
        return {}
    differs = np.flatnonzero(np.frombuffer(before, np.uint8) != np.frombuffer(after, np.uint8))
    runs = np.split(differs, np.flatnonzero(np.diff(differs) > 1) + 1)
    return {start + int(run[0]): after[int(run[0]) : int(run[-1]) + 1] for run in runs}

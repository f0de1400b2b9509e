"""Cases on our own engine."""

from __future__ import annotations

from collections.abc import Iterator

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.conformance.case import EXPLAINED, REGISTERS, Case, Result, State
from s390emu.conformance.files import STORAGE
from s390emu.conformance.twins.suite import recipes
from s390emu.engine.handlers import PARTIAL, SECURITY, on_request
from s390emu.isa.opcodes import ROWS
from s390emu.machine import Machine

DOUBLEWORD_BITS = 64
MOST_UNITS = 1 << 16  # of one instruction that is not through yet
PROGRAM_NEW_PSW, DXC = 0x1D0, 0x93


class Here:
    """A machine that executes one case after the other."""

    name = "s390emu"

    def __init__(self) -> None:
        with_twins = recipes().keys()
        needed = {row.facility for row in ROWS if row.mnemonic in with_twins and row.facility is not None}
        asked = needed & on_request() - SECURITY | PARTIAL
        self.machine = Machine(STORAGE, extra=asked)
        self.machine.write(PROGRAM_NEW_PSW, bytes(16))  # where it leads does not matter: it is not gone on
        self._keyed: list[int] = []  # blocks with a key of the last case
        self._first = (self.machine.cr.copy(), self.machine.cpu.ar.copy())

    def results(self, cases: list[Case]) -> Iterator[Result]:
        """Yield what became of each case."""
        return map(self.execute, cases)

    def execute(self, case: Case) -> Result:
        """Execute a case; return what became of it."""
        machine, before = self.machine, case.before
        cpu, port = machine.cpu, machine.port
        for address, data in before.storage.items():
            machine.write(address, bytes(data))
        cpu.gr[:], cpu.fpr[:], cpu.fpc = before.gr, before.fpr, before.fpc
        if before.vr:
            lefts = [value >> DOUBLEWORD_BITS for value in before.vr]
            cpu.fpr[:], cpu.vr_left[:] = lefts[:REGISTERS], lefts[REGISTERS:]
            cpu.vr_right[:] = [value % (1 << DOUBLEWORD_BITS) for value in before.vr]
        cpu.cr[:], cpu.ar[:] = self._first
        cpu.cr[0] = before.cr0
        for number, value in before.cr.items():
            cpu.cr[number] = value
        if before.ar:
            cpu.ar[:] = before.ar
        for address in self._keyed:
            machine.set_block(address, key=0)
        for address, key in before.keys.items():
            machine.set_block(address, key=key)
        self._keyed = list(before.keys)
        machine.set_psw(before.psw_mask, before.psw_ia)
        interruptions = int(port.interruption_count[0])
        for _ in range(MOST_UNITS):
            port.lost_steps = 0  # each case may end in an interruption: that is no loop
            if (stop := machine.step()) is not None:
                return Result(before, ended=str(stop))
            if int(port.interruption_count[0]) > interruptions:
                last = machine.last_interruption
                assert last is not None
                dxc = machine.read(DXC, 1)[0] if last.code in EXPLAINED else 0
                return Result(self._state(case, int.from_bytes(machine.read(0x150, 8), "big"),
                                          int.from_bytes(machine.read(0x158, 8), "big")), last.code, dxc)  # fmt: skip
            mask, ia = machine.psw
            if ia == before.psw_ia and case.after.psw_ia != ia:
                continue
            if case.repeated and mask >> 44 & 3 == 3:
                machine.set_psw(mask, before.psw_ia)
                continue
            return Result(self._state(case, mask, ia))
        return Result(before, ended="it goes on and on")

    def _state(self, case: Case, mask: int, ia: int) -> State:
        machine, cpu = self.machine, self.machine.cpu
        windows = {at: bytearray(machine.read(at, len(data))) for at, data in case.before.storage.items()}
        state = State(cpu.gr.tolist(), cpu.fpr.tolist(), int(cpu.fpc), int(cpu.cr[0]), mask, ia, windows)
        if case.before.vr:
            lefts = [*state.fpr, *cpu.vr_left.tolist()]
            pairs = zip(lefts, cpu.vr_right.tolist(), strict=True)
            state.vr = [left << DOUBLEWORD_BITS | right for left, right in pairs]
            state.fpr = [0] * REGISTERS
        state.cr = {number: int(cpu.cr[number]) for number in case.before.cr}
        state.ar = cpu.ar.tolist() if case.before.ar else []
        state.keys = {at: machine.storage.key(at // BLOCK_SIZE) for at in case.before.keys}
        return state

    def close(self) -> None:
        """There is nothing to end."""

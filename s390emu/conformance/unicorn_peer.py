"""Unicorn, the emulator library from PyPI: QEMU 5.0's translator, in a process of its own, which some cases end."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection
from typing import Any

from s390emu.assembler.assemble import assemble
from s390emu.conformance.case import MODES, REGISTERS, VECTOR_CONTROL, Case, Result, State
from s390emu.conformance.peers import VECTOR_AREA, Left, PeerMissing, registers_of, vector_area

REMEDY = "Unicorn is not installed; pip install 's390emu[conformance]'"
STORAGE = 0x100000
ROOM, AREA = 0x1000, 0x1800  # where our own instructions are executed, and where they have the vector registers
SET_FPC, SET_KEY, INSERT_KEY, PURGE, LOAD, STORE = (
    assemble(text, origin=ROOM).sections[0].data
    for text in (
        "sfpc %r0",
        "sske %r0,%r1",
        "iske %r0,%r1",
        "ptlb",
        f"vlm %v0,%v15,0(%r1); vlm %v16,%v31,{VECTOR_AREA // 2}(%r1)",
        f"vstm %v0,%v15,0(%r1); vstm %v16,%v31,{VECTOR_AREA // 2}(%r1)",
    )
)
TIMEOUT = 5_000_000  # microseconds of a case


CONTROL = [f"CR{n}" for n in range(REGISTERS)]


class Registers:
    """A Unicorn machine's registers, by their names and numbers: R0.., A0.., F0.., FPC, CR0, PSWM, PC."""

    def __init__(self, storage: int) -> None:
        import unicorn
        from unicorn import s390x_const

        self.uc: Any = unicorn.Uc(unicorn.UC_ARCH_S390X, unicorn.UC_MODE_BIG_ENDIAN)
        self.uc.ctl_set_cpu_model(s390x_const.UC_CPU_S390X_MAX)
        self.uc.mem_map(0, storage)
        self.names = [*(f"{kind}{n}" for kind in "RAF" for n in range(REGISTERS)), "FPC"]
        self.number = {
            name: getattr(s390x_const, f"UC_S390X_REG_{name}") for name in (*self.names, *CONTROL, "PSWM", "PC")
        }

    def set(self, name: str, value: int) -> None:
        """Set a register."""
        self.uc.reg_write(self.number[name], value)

    def get(self, *names: str) -> list[int]:
        """Return registers."""
        return self.uc.reg_read_batch([self.number[name] for name in names])


GENERAL, FLOATING, ACCESS = ([f"{kind}{n}" for n in range(REGISTERS)] for kind in "RFA")


class Inside:
    """What executes cases, in the process that may end."""

    def __init__(self) -> None:
        from unicorn import UcError

        self.error = UcError
        self.registers = Registers(STORAGE)
        self.first = self.registers.uc.context_save()

    def execute(self, case: Case) -> Result:
        """Execute a case; of an interruption Unicorn tells only that there was one, and raises."""
        registers, before = self.registers, case.before
        uc, start = registers.uc, before.psw_ia
        end = start + len(before.storage[start])
        uc.context_restore(self.first)
        if before.fpc:
            self._aside(SET_FPC, R0=before.fpc)
        if before.vr:
            uc.mem_write(AREA, vector_area(before))
            self._aside(LOAD, R1=AREA)
        uc.mem_write(start, bytes(64))
        for address, data in before.storage.items():
            uc.mem_write(address, bytes(data))
        uc.ctl_flush_tb()  # it keeps its translation of the case before
        for address, key in before.keys.items():
            self._aside(SET_KEY, R0=key, R1=address)
        if before.cr:
            self._aside(PURGE)
        registers.set("PSWM", before.psw_mask)
        registers.set("CR0", before.cr0)
        for number, value in before.cr.items():
            registers.set(f"CR{number}", value)
        for number, value in enumerate(before.ar):
            registers.set(f"A{number}", value)
        for name, value in zip(GENERAL, before.gr, strict=True):
            registers.set(name, value)
        if not before.vr:
            for name, value in zip(FLOATING, before.fpr, strict=True):
                registers.set(name, value)
        branch = case.after.psw_ia not in (start, end)
        try:
            while True:
                uc.emu_start(start, end, timeout=TIMEOUT, count=int(branch))
                if not case.repeated or registers.get("PSWM")[0] >> 44 & 3 != 3:
                    break
        except self.error as error:
            return Result(case.after, case.code, case.dxc) if case.code else Result(before, ended=f"raises: {error}")
        return Result(self._state(case))

    def _aside(self, code: bytes, **general: int) -> None:
        """Execute instructions of our own: so the rounding mode is taken from the FPC register, and vector registers
        come there and back."""
        registers = self.registers
        registers.uc.mem_write(ROOM, code)
        registers.set("PSWM", MODES[64])
        registers.set("CR0", VECTOR_CONTROL)
        for name, value in general.items():
            registers.set(name, value)
        registers.uc.emu_start(ROOM, ROOM + len(code))

    def _state(self, case: Case) -> State:
        registers = self.registers
        storage = {at: bytearray(registers.uc.mem_read(at, len(data))) for at, data in case.before.storage.items()}
        fpc, cr0, mask, ia = registers.get("FPC", "CR0", "PSWM", "PC")
        general, fpr = list(registers.get(*GENERAL)), list(registers.get(*FLOATING))
        control = registers.get(*CONTROL)
        cr = {number: control[number] for number in case.before.cr}
        ar = list(registers.get(*ACCESS)) if case.before.ar else []
        keys = {}
        for address in case.before.keys:
            self._aside(INSERT_KEY, R0=0, R1=address)
            keys[address] = registers.get("R0")[0] & 0xFF
            self._aside(SET_KEY, R0=0, R1=address)
        vr: list[int] = []
        if case.before.vr:
            self._aside(STORE, R1=AREA)
            fpr, vr = registers_of(bytes(registers.uc.mem_read(AREA, VECTOR_AREA)), case)
        return State(general, fpr, fpc, cr0, mask, ia, storage, vr, cr, ar, keys)


def _serve(connection: Connection) -> None:
    inside = Inside()
    while (case := connection.recv()) is not None:
        connection.send(inside.execute(case))


class Unicorn:
    """Unicorn, begun anew whenever a case has ended it. Raises PeerMissing."""

    def __init__(self) -> None:
        try:
            self.name = f"Unicorn {version('unicorn')}"
        except PackageNotFoundError:
            raise PeerMissing(REMEDY) from None
        self.process: Any = None
        self.connection: Any = None

    def _start(self) -> None:
        self.connection, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()

    def close(self) -> None:
        """End its process."""
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.connection.close()
            self.process = None

    def results(self, cases: list[Case]) -> Iterator[Result]:
        """Yield what became of each case; of a row of which some have ended the process, no more is asked."""
        left = Left()
        for case in cases:
            if (result := left.instead(case)) is not None:
                yield result
                continue
            if self.process is None:
                self._start()
            try:
                self.connection.send(case)
                yield self.connection.recv()
            except (EOFError, OSError):
                self.close()
                left.note(case)
                yield Result(case.before, ended="ends the process")

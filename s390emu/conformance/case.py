"""A case: one instruction, the state before it, and the state after it as the manual has it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from s390emu.architecture.interruptions import DATA, VECTOR_PROCESSING

CODE = 0x20000  # where the instruction is
MODES = {64: 0x180000000, 31: 0x80000000, 24: 0}  # PSW bits EA and BA, by the bits of an address
CC_SHIFT = 44
AFP_CONTROL = 0xE0 | 1 << (63 - 45)  # control register 0, with the AFP-register control
VECTOR_CONTROL = AFP_CONTROL | 1 << (63 - 46)  # ... and the vector-enablement control
REGISTERS = 16
EXPLAINED = (DATA, VECTOR_PROCESSING)  # interruption codes beside which a code in the byte at real 147 says more


@dataclass
class State:
    """What a case names of a machine: registers, FPC register, control registers, PSW, storage and its keys.

    storage: bytes by the address of the first, in windows that do not overlap. cr: control registers by number, but for
    0; those not there are as after a reset. ar: 16 access registers, or none if all are zero. keys: storage keys (7
    bits) by the address of their block; those not there are zero, or open.
    vr: 32 vector registers as numbers of 128 bits, of which the first 16 have the floating-point registers in them, or
    none if a case is not about them. `fpr` is zeros then."""

    gr: list[int] = field(default_factory=lambda: [0] * REGISTERS)
    fpr: list[int] = field(default_factory=lambda: [0] * REGISTERS)
    fpc: int = 0
    cr0: int = 0xE0
    psw_mask: int = MODES[64]
    psw_ia: int = CODE
    storage: dict[int, bytearray] = field(default_factory=dict)
    vr: list[int] = field(default_factory=list)
    cr: dict[int, int] = field(default_factory=dict)
    ar: list[int] = field(default_factory=list)
    keys: dict[int, int] = field(default_factory=dict)

    @property
    def cc(self) -> int:
        """The condition code."""
        return self.psw_mask >> CC_SHIFT & 3

    @cc.setter
    def cc(self, cc: int) -> None:
        self.psw_mask = self.psw_mask & ~(3 << CC_SHIFT) | cc << CC_SHIFT

    def window(self, address: int, data: bytes) -> None:
        """Have storage there, with this content."""
        self.storage[address] = bytearray(data)

    def _place(self, address: int, length: int) -> tuple[bytearray, int]:
        for start, data in self.storage.items():
            if start <= address and address + length <= start + len(data):
                return data, address - start
        raise IndexError(f"{length} bytes at {address:#x} are in no window")

    def load(self, address: int, length: int) -> bytes:
        """Return bytes of a window; IndexError if they are in none."""
        data, at = self._place(address, length)
        return bytes(data[at : at + length])

    def store(self, address: int, content: bytes) -> None:
        """Store bytes in a window; IndexError if they are in none."""
        data, at = self._place(address, len(content))
        data[at : at + len(content)] = content

    def copy(self) -> State:
        """Return a state of its own."""
        windows = {address: bytearray(data) for address, data in self.storage.items()}
        return replace(self, gr=list(self.gr), fpr=list(self.fpr), storage=windows, vr=list(self.vr), cr=dict(self.cr),
                       ar=list(self.ar), keys=dict(self.keys))  # fmt: skip


class Case(NamedTuple):
    """One execution of an instruction.

    line      in assembly, to stand at `before.psw_ia`
    after     as it is when the instruction is through, or as the program old PSW has it: without what the
              interruption stores
    code      program-interruption code, 0 for none; dxc: data-exception code, if that is 7, or
              vector-exception code, if 1B
    repeated  condition code 3 says that it is not through: it is executed again until another one is set
    open      names of registers, and as ones the bits of each that the manual leaves unpredictable
    """

    line: str
    before: State
    after: State
    code: int = 0
    dxc: int = 0
    repeated: bool = False
    open: tuple[tuple[str, int], ...] = ()


class Result(NamedTuple):
    """What a machine made of a case. ended: what it did instead of executing it, "" if nothing."""

    state: State
    code: int = 0
    dxc: int = 0
    ended: str = ""


def differences(case: Case, result: Result) -> dict[str, tuple]:
    """Return what is not as the case has it: name -> (what it should be, what it is)."""
    if result.ended:
        return {"ended": ("", result.ended)}
    wanted, found = named(case.after, case.code, case.dxc), named(result.state, result.code, result.dxc)
    for name, bits in case.open:
        wanted[name], found[name] = (int(value) & ~bits for value in (wanted[name], found[name]))  # type: ignore[arg-type]
    return {name: (wanted[name], found[name]) for name in wanted if wanted[name] != found[name]}


def named(state: State, code: int = 0, dxc: int = 0) -> dict[str, int | bytes]:
    """Return what is compared, by name: r0, f0, v0, a0, c0, cc, psw, ia, fpc, `key ADDRESS`, `storage ADDRESS`."""
    found: dict[str, int | bytes] = {"code": code, "dxc": dxc, "cc": state.cc, "fpc": state.fpc}
    found |= {"psw": state.psw_mask & ~(3 << CC_SHIFT), "ia": state.psw_ia}
    found |= {f"r{n}": value for n, value in enumerate(state.gr)}
    found |= {f"f{n}": value for n, value in enumerate(state.fpr)}
    found |= {f"v{n}": value for n, value in enumerate(state.vr)}
    found |= {f"a{n}": value for n, value in enumerate(state.ar)}
    found |= {"c0": state.cr0} | {f"c{n}": value for n, value in sorted(state.cr.items())}
    found |= {f"key {at:x}": key for at, key in sorted(state.keys.items())}
    return found | {f"storage {at:x}": bytes(data) for at, data in sorted(state.storage.items())}

"""BFP instructions in lockstep with Unicorn, one at a time and without traps: PoP ch. 19.

What its QEMU gets wrong is named below, with the manual's rule; so is what it does not let us compare.
"""

from __future__ import annotations

import random

import pytest

from s390emu.assembler.assemble import assemble
from s390emu.conformance.twins.exact import FORMATS
from tests.judges.bfp_cases import BASE, BFP, GENERAL, SECOND, Case, draw
from tests.judges.programs import CODE, DATA, PROGRAMS, SEED
from tests.judges.test_unicorn import Ours, Peer, registers

UNJUDGED = {
    "diebr didbr": "operation exception there",
    "mdebr mdeb": "takes a long first operand; the manual a short one",
    "mxdbr mxdb": "takes an extended first operand; the manual a long one",
    "sqxbr": "ends the process",
}
CASES = max(10, PROGRAMS // 50)  # of each instruction
LEFT, FPC_FROM = 0x10, 6  # offset of the stored FPC register; general register
LEAST_NORMAL = {1 << form.fraction_bits - form.bits + 64 for form in FORMATS}  # as in the first register
METHODS, MODES = (0, 1, 4, 5, 6, 7), (0, 1, 2, 3)  # without facility 37, which it lacks


def judged() -> list[str]:
    return [name for name in BFP if name not in " ".join(UNJUDGED).split()]


def known(case: Case, ours: dict) -> bool:
    """True where Unicorn 2.1.4 is known to be wrong."""
    group, nans = case.name[:2], case.nans
    if group in ("cf", "cg", "cl"):
        return ours["cc"] == 3  # the condition code, the integer of a NaN, and that what does not fit is inexact too
    if group in ("lt", "lx", "ld", "le"):
        return bool(nans[1])  # an SNaN tested is invalid; a NaN keeps its sign when rounded, and is always quiet
    if sum(map(bool, nans if group in ("ma", "ms") else nans[:2])) > 1:
        return True  # which of several is the result: an SNaN first, then by operand, of factors the third's first
    # Tininess is detected before rounding, so that the least normal number may be the result of an underflow.
    return ours["F0"] & (1 << 63) - 1 in LEAST_NORMAL


@pytest.fixture(scope="module")
def pair():
    return Ours(), Peer()


def execute_ours(ours: Ours, text: bytes, gr: list[int], fpr: list[int], data: bytes) -> dict:
    machine, cpu = ours.machine, ours.machine.cpu
    machine.write(CODE, text + bytes(8))
    machine.write(DATA, data)
    machine.set_psw(0x180000000, CODE)
    cpu.gr[:], cpu.fpr[:], cpu.fpc = gr, fpr, 0
    stop = machine.run(10, until=(CODE + len(text),))
    assert stop.psw_ia == CODE + len(text), stop
    found = {f"F{n}": value for n, value in enumerate(cpu.fpr.tolist())}
    return found | {
        "general": int(cpu.gr[GENERAL]),
        "fpc": machine.read(DATA + LEFT, 4),
        "cc": machine.psw[0] >> 44 & 3,
    }


def execute_theirs(peer: Peer, text: bytes, gr: list[int], fpr: list[int], data: bytes) -> dict:
    uc = peer.uc
    uc.context_restore(peer.first)
    uc.mem_write(CODE, text + bytes(8))
    uc.ctl_flush_tb()
    uc.mem_write(DATA, data)
    uc.reg_write(registers.UC_S390X_REG_PSWM, 0x180000000)
    for n in range(16):
        uc.reg_write(getattr(registers, f"UC_S390X_REG_R{n}"), gr[n])
        uc.reg_write(getattr(registers, f"UC_S390X_REG_F{n}"), fpr[n])
    uc.emu_start(CODE, CODE + len(text))
    found = {f"F{n}": uc.reg_read(getattr(registers, f"UC_S390X_REG_F{n}")) for n in range(16)}
    general = uc.reg_read(getattr(registers, f"UC_S390X_REG_R{GENERAL}"))
    cc = uc.reg_read(registers.UC_S390X_REG_PSWM) >> 44 & 3
    return found | {"general": general, "fpc": bytes(uc.mem_read(DATA + LEFT, 4)), "cc": cc}


@pytest.mark.parametrize("name", judged())
def test_lockstep(pair, name):
    ours, peer = pair
    rng = random.Random(f"{name} {SEED}")
    compared = 0
    for _ in range(CASES):
        case = draw(rng, name, MODES, METHODS)
        gr = [0] * 16
        gr[BASE], gr[FPC_FROM], gr[GENERAL] = DATA, case.fpc, case.general
        source = f"sfpc %r{FPC_FROM}\n{case.line}\nstfpc {LEFT}(%r{BASE})\n"
        text = assemble(source, origin=CODE).sections[0].data
        storage = case.fpr[SECOND].to_bytes(8, "big") + bytes(16)
        found = execute_ours(ours, text, gr, case.fpr, storage)
        if not known(case, found):
            compared += 1
            assert found == execute_theirs(peer, text, gr, case.fpr, storage), case
    assert compared

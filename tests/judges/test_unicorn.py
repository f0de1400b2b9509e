"""Unicorn (QEMU 5.0's translator) in lockstep: the same random program, the same state before, the same state after.

A program ends where it ends or at its first program interruption; Unicorn does not deliver interruptions but raises, and
must raise there too.
"""

from __future__ import annotations

import pytest
from hypothesis import given, seed

from s390emu.isa.opcodes import MIE2, MIE3, ROWS
from s390emu.machine import Machine
from tests.judges.programs import (
    BASE_ADDRESSES,
    CODE,
    DATA,
    DATA_LENGTH,
    PROGRAMS,
    SEED,
    Program,
    judgeable,
    judged,
    programs,
)

unicorn = pytest.importorskip("unicorn")
registers = pytest.importorskip("unicorn.s390x_const")

STORAGE = 0x40000
PSW_MASK = 0x0000000180000000
DATA_EXCEPTION = 7
AFP = 1 << 18  # control register 0, bit 45

# Where Unicorn 2.1.4 cannot judge, and why.
UNJUDGED = {
    "clock or identity: differs by nature": "STCK STCKF STCKE STFLE ECAG ECTG STIDP TBEGIN PPA",
    "goes to the supervisor": "SVC MC",
    "executes another instruction": "EX EXRL",
    "registers designate storage": "MVCL MVCLE MVCLU CLCL CLCLE CLCLU CLST SRST SRSTU MVST MVPG CKSM TRE TRTE TRTRE CUSE "
    "TROO TROT TRTO TRTT CU12 CU14 CU21 CU24 CU41 CU42 CMPSC KM KMC KIMD KLMD KMAC PLO CSST CFC UPT LPTEA",
    "Unicorn stores a stale condition code; PoP ch. 10: bits 18-19 of the PSW": "EPSW",
    "loads before it traps (PoP ch. 7 LOAD AND TRAP: completed); the comparison stops before": "LAT LGAT LFHAT LLGFAT LLGTAT",
    "unknown to it": "LZRF LZRG LLZRGF",
    "changes the addressing mode": "SAM24 SAM31 SAM64 BSM BASSM",
}


LACKS = {MIE2, MIE3}  # facilities that it does not have


def unjudged() -> frozenset[str]:
    lacking = {row.mnemonic for row in ROWS if row.facility in LACKS}
    return frozenset(" ".join(UNJUDGED.values()).split()) | lacking


class Peer:
    def __init__(self):
        self.uc = unicorn.Uc(unicorn.UC_ARCH_S390X, unicorn.UC_MODE_BIG_ENDIAN)
        self.uc.mem_map(0, STORAGE)
        self.gr = [getattr(registers, f"UC_S390X_REG_R{n}") for n in range(16)]
        self.uc.reg_write(registers.UC_S390X_REG_CR0, AFP)

    def prepare(self, program: Program) -> None:
        uc = self.uc
        uc.mem_write(CODE, program.code + bytes(8))
        uc.ctl_flush_tb()  # it keeps its translation of the program before
        uc.mem_write(DATA, program.data)
        uc.reg_write(registers.UC_S390X_REG_PSWM, PSW_MASK | program.cc << 44)
        for n, value in enumerate((*program.registers, *BASE_ADDRESSES.values(), 0, 0)):
            uc.reg_write(self.gr[n], value)
        for n in range(16):
            uc.reg_write(getattr(registers, f"UC_S390X_REG_A{n}"), 0)
            uc.reg_write(getattr(registers, f"UC_S390X_REG_F{n}"), 0)

    def state(self) -> dict:
        uc = self.uc
        found = {f"r{n}": uc.reg_read(register) for n, register in enumerate(self.gr)}
        found |= {f"a{n}": uc.reg_read(getattr(registers, f"UC_S390X_REG_A{n}")) & 0xFFFFFFFF for n in range(16)}
        found |= {f"f{n}": uc.reg_read(getattr(registers, f"UC_S390X_REG_F{n}")) for n in range(16)}
        found["cc"] = uc.reg_read(registers.UC_S390X_REG_PSWM) >> 44 & 3
        found["data"] = bytes(uc.mem_read(DATA, DATA_LENGTH))
        return found


class Ours:
    def __init__(self):
        self.machine = Machine(STORAGE)
        self.machine.write(0x1D0, PSW_MASK.to_bytes(8, "big") + (0x200).to_bytes(8, "big"))
        self.machine.cr[0] |= AFP

    def prepare(self, program: Program) -> None:
        machine = self.machine
        machine.write(CODE, program.code + bytes(8))
        machine.write(DATA, program.data)
        machine.set_psw(PSW_MASK | program.cc << 44, CODE)
        machine.gr[:] = (*program.registers, *BASE_ADDRESSES.values(), 0, 0)
        machine.cpu.ar[:] = 0
        machine.cpu.fpr[:] = 0
        machine.cpu.fpc = 0

    def state(self) -> dict:
        cpu = self.machine.cpu
        found = {f"r{n}": int(cpu.gr[n]) for n in range(16)}
        found |= {f"a{n}": int(cpu.ar[n]) for n in range(16)}
        found |= {f"f{n}": int(cpu.fpr[n]) for n in range(16)}
        found["cc"] = int(cpu.cc)
        found["data"] = self.machine.read(DATA, DATA_LENGTH)
        return found


@pytest.fixture(scope="module")
def pair():
    return Ours(), Peer()


def run_both(ours: Ours, peer: Peer, program: Program) -> None:
    ours.prepare(program)
    peer.prepare(program)
    machine, record = ours.machine, ours.machine.storage.record
    interruptions = int(record.interruption_count[0])
    completed = 0
    while completed < len(program.rows):
        assert machine.step() is None
        if int(record.interruption_count[0]) > interruptions:
            break
        completed += 1
    ends = program.ends
    if int(record.interruption_count[0]) > interruptions:
        old = machine.last_interruption
        machine.cpu.cc = old.psw_mask >> 44 & 3
        if old.code == DATA_EXCEPTION:
            machine.cpu.fpc = 0  # Unicorn does not store the data-exception code when it raises
        try:
            peer.uc.emu_start(CODE, CODE + ends[completed])
        except unicorn.UcError:
            peer.prepare(program)  # the failed instruction may have left its traces: again, up to it
        else:
            culprit = program.rows[completed]
            pytest.fail(f"{culprit}: program interruption {old.code:04X} here, none in Unicorn\n{program!r}")
    if completed:
        peer.uc.emu_start(CODE, CODE + ends[completed - 1])
    expected, found = peer.state(), ours.state()
    differences = {name: (found[name], expected[name]) for name in found if found[name] != expected[name]}
    assert not differences, f"{differences}\n{program!r}"


def test_lockstep(pair):
    rows = judgeable(unjudged())
    print(f"S390EMU_SEED={SEED}, {PROGRAMS // 2} programs, {len(rows)} mnemonics")

    @seed(SEED)
    @judged(PROGRAMS // 2)
    @given(programs(rows))
    def check(program):
        run_both(*pair, program)

    check()

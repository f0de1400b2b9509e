"""EXECUTE: PoP ch. 7 "EXECUTE"."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import (
    ADDRESSING,
    BLOCK_VOLATILITY,
    EXECUTE,
    OPERATION,
    PRIVILEGED_OPERATION,
    PROTECTION,
    SPECIFICATION,
)
from s390emu.assembler.assemble import assemble
from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, PROBLEM_STATE, SIZE, state_of
from tests.operands import BOUNDARY, discard

TARGET = 0x28000
EXECUTES = ["ex %r1,0(%r9)", "exrl %r1,.+0x8000"]  # both of TARGET, at CODE
EXECUTES_UNMODIFIED = ["ex %r0,0(%r9)", "exrl %r0,.+0x8000"]


def put(lab, source, at=TARGET):
    """The target instruction."""
    lab.store(at, assemble(source).sections[0].data)


@pytest.fixture
def lab(lab):
    lab.gr[9] = TARGET
    return lab


@pytest.mark.parametrize("line", EXECUTES)
@pytest.mark.parametrize("low_byte", [0, 1, 0x12, 0xFF])
def test_bits_8_to_15_are_ored(lab, line, low_byte):
    put(lab, "mvc 0(0x11,%r5),0(%r6)")  # D2 10
    lab.gr[1], lab.gr[5], lab.gr[6] = 0xFEDCBA9876543200 | low_byte, 0x40000, 0x41000
    lab.store(0x41000, b"x" * 256)
    assert lab.step(line) == 0
    assert lab.changes() == {0x40000: b"x" * ((0x10 | low_byte) + 1)}
    assert lab.load(TARGET, 6) == bytes.fromhex("D21050006000")


@pytest.mark.parametrize("line", EXECUTES_UNMODIFIED)
def test_r1_zero_modifies_nothing(lab, line):
    put(lab, "mvc 0(1,%r5),0(%r6)")
    lab.gr[0], lab.gr[5], lab.gr[6] = 0xFF, 0x40000, 0x41000
    lab.store(0x41000, b"x" * 256)
    assert lab.step(line) == 0
    assert lab.changes() == {0x40000: b"x"}


def test_modification_can_make_another_operation_code(lab):
    put(lab, "lghi %r3,100")  # A7 39
    lab.gr[1], lab.gr[3] = 0x02, 3  # A7 3B: aghi
    assert lab.step("ex %r1,0(%r9)") == 0
    assert lab.changes() == {"r3": 103, "cc": 2}


@pytest.mark.parametrize("target", ["xgr %r2,%r2", "lg %r2,0(%r5)"])
@pytest.mark.parametrize("line", EXECUTES_UNMODIFIED)
def test_continues_after_the_execute(lab, line, target):
    put(lab, target)
    lab.gr[2], lab.gr[5] = 7, 0x40000
    assert lab.step(line) == 0
    assert lab.changes()["r2"] == 0  # and no "ia"


@pytest.mark.parametrize("line", ["ex %r0,1(%r9)", "ex %r0,0xfff(%r9)"])
def test_odd_target(lab, line):
    assert lab.step(line) == SPECIFICATION
    assert lab.changes() == {}


def test_odd_target_comes_before_access(lab):
    lab.gr[9] = SIZE + 1
    assert lab.step("ex %r0,0(%r9)") == SPECIFICATION


@pytest.mark.parametrize("line", EXECUTES)
@pytest.mark.parametrize("target", ["ex %r0,0(%r9)", "exrl %r0,.+100"])
def test_target_is_execute(lab, line, target):
    put(lab, target)
    assert lab.step(line) == EXECUTE
    assert lab.changes() == {}


@pytest.mark.parametrize("line", EXECUTES_UNMODIFIED)
def test_target_does_not_exist(lab, line):
    put(lab, ".word 0")
    assert lab.step(line) == OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize(("line", "length"), [("ex %r0,0(%r9)", 4), ("exrl %r0,.+0x8000", 6)])
@pytest.mark.parametrize("target", [".word 0", "lpswe 1(%r5)", "clgt %r1,8,0(%r6)"])
def test_length_code_is_that_of_the_execute(lab, line, length, target):
    put(lab, target)
    lab.gr[6] = ALL  # no such storage
    assert lab.step(line) > 0
    assert lab.word(0x8C, 2) == length
    assert lab.old_psw[1] == CODE + length


def test_privileged_target(lab):
    put(lab, "lpswe 0(%r5)")
    lab.psw(PROBLEM_STATE)
    assert lab.step("ex %r0,0(%r9)") == PRIVILEGED_OPERATION


# --- fetching the target ---------------------------------------------------------------------------------------------


def test_target_may_cross_a_page(lab):
    put(lab, "lg %r2,0(%r5)", at=BOUNDARY - 2)
    lab.gr[9], lab.gr[5] = BOUNDARY - 2, 0x40000
    lab.store(0x40000, bytes(range(8)))
    assert lab.step("ex %r0,0(%r9)") == 0
    assert lab.changes() == {"r2": 0x0001020304050607}


def fetch_protect(lab, address):
    lab.set_key(address, 5 << 4 | 8)


@pytest.mark.parametrize("split", [0, 2, 4])
@pytest.mark.parametrize(
    ("spoil", "code"),
    [(fetch_protect, PROTECTION), (discard, BLOCK_VOLATILITY)],
    ids=["fetch-protected", "discarded"],
)
def test_target_cannot_be_fetched(lab, spoil, code, split):
    put(lab, "lg %r2,0(%r5)", at=BOUNDARY - split)
    lab.gr[9], lab.gr[5] = BOUNDARY - split, 0x40000
    lab.psw(key=3)
    spoil(lab, BOUNDARY)
    assert lab.step("ex %r0,0(%r9)") == code
    assert lab.changes() == ({"ia": CODE} if code == BLOCK_VOLATILITY else {})
    assert lab.word(0x8C, 2) == 4
    if code == BLOCK_VOLATILITY:
        assert lab.machine.last_interruption.teid & ~0xFFF == BOUNDARY


@pytest.mark.parametrize("split", [0, 2, 4])
def test_target_outside_the_configuration(lab, split):
    lab.gr[9] = SIZE - split
    lab.store(SIZE - 4, bytes.fromhex("E320E320"))
    assert lab.step("ex %r0,0(%r9)") == ADDRESSING
    assert lab.changes() == {}


def test_only_the_target_is_fetched(lab):
    put(lab, "bcr 0,%r2", at=SIZE - 2)
    lab.gr[9] = SIZE - 2
    assert lab.step("ex %r0,0(%r9)") == 0
    assert lab.changes() == {}


@pytest.mark.parametrize(("mode", "ignored"), [(MODE_31, 0xFFFFFFFF80000000), (MODE_24, 0xFFFFFFFFFF000000)])
def test_target_address_in_each_mode(lab, mode, ignored):
    put(lab, "bcr 15,%r5")
    lab.psw(mode)
    lab.gr[9], lab.gr[5] = TARGET | ignored, 0x40000
    assert lab.step("ex %r0,0(%r9)") == 0
    assert lab.changes() == {"ia": 0x40000}


def test_target_on_a_block_that_is_out_is_brought(lab):
    lab.gr[9] = 0x70000  # zeros: no operation
    assert lab.step("ex %r0,0(%r9)") == OPERATION
    assert lab.changes() == {}


# --- what the target sees --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", EXECUTES_UNMODIFIED)
@pytest.mark.parametrize("target", ["brc 15,.+0x100", "brcl 15,.+0x100"])
def test_relative_branch_counts_from_the_target(lab, line, target):
    put(lab, target)
    assert lab.step(line) == 0
    assert lab.changes() == {"ia": TARGET + 0x100}


@pytest.mark.parametrize(("line", "length"), [("ex %r0,0(%r9)", 4), ("exrl %r0,.+0x8000", 6)])
def test_link_is_the_address_after_the_execute(lab, line, length):
    put(lab, "brasl %r14,.+0x100")
    assert lab.step(line) == 0
    assert lab.changes() == {"r14": CODE + length, "ia": TARGET + 0x100}


@pytest.mark.parametrize("line", EXECUTES_UNMODIFIED)
def test_breaking_event_is_the_execute(lab, line):
    put(lab, "brc 15,.+0x100")
    lab.step(line)
    assert lab.cpu.breaking_event == CODE
    assert lab.machine.branches() == [(CODE, TARGET + 0x100)]


def test_breaking_event_of_lpswe(lab):
    put(lab, "lpswe 0(%r5)")
    lab.gr[5] = 0x40000
    lab.store(0x40000, BA_EA.to_bytes(8, "big") + (0x50000).to_bytes(8, "big"))
    assert lab.step("ex %r0,0(%r9)") == 0
    assert lab.changes() == {"ia": 0x50000}
    assert lab.cpu.breaking_event == CODE


@pytest.mark.parametrize("line", EXECUTES_UNMODIFIED)
def test_breaking_event_stays_without_a_branch(lab, line):
    put(lab, "brc 0,.+0x100")
    lab.cpu.breaking_event = 0x1234
    lab.step(line)
    assert lab.cpu.breaking_event == 0x1234


def test_nothing_is_left_behind(lab):
    """After a target that ended with an exception, a relative branch counts from itself again."""
    put(lab, "lpswe 1(%r5)")
    assert lab.step("ex %r0,0(%r9)") == SPECIFICATION
    lab.psw()
    assert lab.step("brc 15,.+0x10") == 0
    assert lab.changes() == {"ia": CODE + 0x10}


def test_nullified_target_designates_the_execute(lab):
    put(lab, "lg %r2,0(%r5)")
    lab.gr[5] = BOUNDARY
    discard(lab, BOUNDARY)
    assert lab.step("ex %r0,0(%r9)") == BLOCK_VOLATILITY
    assert lab.changes() == {"ia": CODE}


def test_essa_as_target(lab):
    """The host completes it, and execution goes on after the EXECUTE."""
    put(lab, "essa %r2,%r5,5")  # set stable and make resident
    lab.gr[2], lab.gr[5] = ALL, 0x70000
    assert lab.step("ex %r0,0(%r9)") == 0
    assert lab.changes() == {"r2": 3}
    assert state_of(lab.machine, 0x70000) == "Sr"


def test_svc_as_target(lab):
    put(lab, "svc 0x10")
    lab.gr[1] = 0x05
    lab.step("ex %r1,0(%r9)")
    assert lab.word(0x8A, 2) == 0x15
    assert lab.word(0x88, 2) == 4
    assert lab.word(0x148) == CODE + 4


@pytest.mark.parametrize("line", EXECUTES_UNMODIFIED)
def test_interruptible_target_repeats_the_execute(lab, line):
    """MVCL in two units: up to a page boundary, and the rest. Both blocks are out at first."""
    put(lab, "mvcl %r2,%r4")
    lab.gr[2], lab.gr[3], lab.gr[4], lab.gr[5] = BOUNDARY - 16, 40, 0x50000, 40
    assert lab.step(line) == 0
    assert lab.changes() == {"r2": BOUNDARY, "r3": 24, "r4": 0x50010, "r5": 24, "ia": CODE}
    assert lab.go() == 0
    assert lab.changes() == {"r2": BOUNDARY + 24, "r3": 0, "r4": 0x50028, "r5": 0}
    assert lab.cpu.cc == 0

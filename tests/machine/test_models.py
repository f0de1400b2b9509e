"""Machines of a generation: what is an operation exception there, what is ignored, and that all that tells agrees."""

from __future__ import annotations

from itertools import pairwise

import pytest

from s390emu.architecture.interruptions import OPERATION, SPECIFICATION
from s390emu.architecture.models import MACHINE_TYPES, MAX, MODELS, NAMES, has
from s390emu.engine.handlers import available, default_facilities
from s390emu.isa.opcodes import ROWS
from s390emu.machine import Machine
from tests.lab import Lab

AREA = 0x8000


@pytest.fixture
def lab_of():
    return lambda model, **options: Lab(model=model, **options)


@pytest.mark.parametrize("line, first", [
    pytest.param("lay %r1,8(%r2)", "z990", id="long-displacement"),
    pytest.param("afi %r1,1", "z9", id="extended-immediate"),
    pytest.param("asi 0x100,1", "z10", id="general-extension"),
    pytest.param("ark %r1,%r2,%r3", "z196", id="distinct-operands"),
    pytest.param("locghi %r1,1,8", "z13", id="on-condition-2"),
    pytest.param("agh %r1,0(%r2)", "z14", id="miscellaneous-2"),
    pytest.param("ncrk %r1,%r2,%r3", "z15", id="miscellaneous-3"),
    pytest.param("essa %r1,%r2,0", "z9", id="essa"),
])  # fmt: skip
def test_a_row_outside_the_model_is_an_operation_exception(lab_of, line, first):
    before = NAMES[NAMES.index(first) - 1]
    assert (lab_of(before).step(line), lab_of(first).step(line)) == (OPERATION, 0)


@pytest.mark.parametrize("model", NAMES)
def test_stfle_stidp_and_stsi_agree(lab_of, model):
    lab = lab_of(model)
    machine_type = MACHINE_TYPES[NAMES.index(model)]
    lab.gr[2] = AREA
    assert lab.step("stidp 0(%r2)") == 0
    assert lab.load(AREA + 4, 2).hex() == machine_type
    lab.gr[0], lab.gr[1] = 1 << 28 | 1, 1
    assert lab.step("stsi 0(%r2)") == 0
    assert lab.load(AREA + 48, 4).decode("cp037") == machine_type
    facilities = {bit for bit in default_facilities(model) if bit >= 0}
    assert lab.step("stfl 0") == 0
    word = int.from_bytes(lab.load(200, 4), "big")
    assert {bit for bit in range(32) if word >> 31 - bit & 1} == {bit for bit in facilities if bit < 32}
    lab.gr[0] = 3
    assert lab.step("stfle 0(%r2)") == (0 if has(model, 7) else OPERATION)
    if has(model, 7):
        length = 8 * (1 + (int(lab.gr[0]) & 0xFF))
        stored = int.from_bytes(lab.load(AREA, length), "big")
        assert {bit for bit in range(8 * length) if stored >> 8 * length - 1 - bit & 1} == facilities


def test_max_is_what_is_implemented_and_every_other_model_is_part_of_it():
    assert all(default_facilities(model) <= available() for model in NAMES)
    assert all(default_facilities(a.name) <= default_facilities(b.name)
               for a, b in pairwise(MODELS))  # fmt: skip
    assert Machine(1 << 20).model == MAX


def test_the_long_displacement_is_ignored_before_z990(lab_of):
    for model, address in (("z900", AREA + 8), ("z990", AREA + 8 + 0x1000)):
        lab = lab_of(model)
        lab.gr[2] = AREA
        lab.store(address, (77).to_bytes(8, "big"))
        assert lab.step("lg %r1,0x1008(%r2)") == 0
        assert lab.changes() == {"r1": 77}


def test_an_execute_changes_the_instruction_of_which_bits_are_ignored(lab_of):
    """CXFBR, which ignores its modifiers on a z10, becomes CFDBR, which has M3: 5, to nearest with ties to even."""
    lab = lab_of("z10")
    lab.cr[0] |= 1 << 18  # AFP registers
    lab.machine.set_psw(*lab.machine.psw)
    lab.fpr[2] = 0x3FF8000000000000  # 1.5
    lab.store(AREA, bytes.fromhex("b3905012"))
    lab.gr[1], lab.gr[2] = 0x99, AREA
    assert lab.step("ex %r1,0(%r2)") == 0
    assert int(lab.gr[1]) & 0xFFFFFFFF == 1  # toward zero: the method was kept


@pytest.mark.parametrize("model, code", [("z10", SPECIFICATION), ("z196", 0)])
def test_rounding_to_prepare_for_shorter_precision_comes_with_z196(lab_of, model, code):
    lab = lab_of(model)
    lab.cr[0] |= 1 << 18
    lab.machine.set_psw(*lab.machine.psw)
    assert lab.step("cfebr %r1,3,%f2") == code


def test_modifiers_of_load_rounded_are_ignored_before_z196(lab_of):
    results = {}
    for model in ("z10", "z196"):
        lab = lab_of(model)
        lab.cr[0] |= 1 << 18
        lab.machine.set_psw(*lab.machine.psw)
        lab.fpr[2] = 0x3FF0000010000001  # a little above the middle between two short numbers
        assert lab.step(".long 0xb3445012") == 0  # LEDBRA %f1,5,%f2,0: toward zero
        results[model] = int(lab.fpr[1]) >> 32
    assert results == {"z10": 0x3F800001, "z196": 0x3F800000}


@pytest.mark.parametrize("model, code", [("z9", SPECIFICATION), ("z10", 0)])
def test_compare_and_swap_and_store_of_16_bytes_comes_with_z10(lab_of, model, code):
    lab = lab_of(model)
    lab.gr[0], lab.gr[1], lab.gr[3], lab.gr[4] = 0x402, 0x9000, AREA, AREA + 64
    assert lab.step("csst 0(%r3),0(%r4),%r6") == code


@pytest.mark.parametrize("model, result", [("z990", "c1"), ("z9", "c2")])
def test_the_table_of_two_byte_characters_is_on_a_page_before_z9(lab_of, model, result):
    lab = lab_of(model)
    lab.store(0xA000, b"\xc1")
    lab.store(0xA008, b"\xc2")
    lab.gr[0], lab.gr[1], lab.gr[2], lab.gr[3], lab.gr[4] = 0, 0xA008, 0x9000, 2, AREA
    lab.store(AREA, bytes(2))
    assert lab.step(".long 0xb9911024") == 0  # TRTO %r2,%r4,1
    assert lab.load(0x9000, 1).hex() == result


@pytest.mark.parametrize("model, cc", [("z9", 1), ("z10", 1)])
def test_sense_running_status_comes_with_z10(lab_of, model, cc):
    lab = lab_of(model, cpus=2)
    lab.gr[2] = 1
    assert lab.step("sigp %r4,%r2,0x15") == 0
    assert int(lab.gr[4]) & 0xFFFFFFFF == {"z9": 0x02, "z10": 0x400}[model]


@pytest.mark.parametrize("model, real", [("z9", 0), ("z10", 0x3000)])
def test_large_frames_come_with_z10(lab_of, model, real):
    """Enhanced DAT: bit 53 of a segment-table entry, with bit 40 of control register 0. Without it the entry designates
    a page table at 0, where there are zeros."""
    lab = lab_of(model)
    lab.store(0x10000, (0x400).to_bytes(8, "big"))
    lab.cr[0] |= 1 << 23
    lab.cr[1], lab.gr[2] = 0x10000, 0x3000
    assert lab.step("lrag %r1,0(%r2)") == 0
    assert int(lab.gr[1]) == real == lab.machine.view.translate(lab.machine.running, 0x3000, 0x10000)


def test_what_the_model_cannot_have_is_refused():
    with pytest.raises(ValueError, match="a z13 has no facility 147"):
        Machine(1 << 20, model="z13", no_dat=True)
    with pytest.raises(ValueError, match="a z9 has no facility 75"):
        Machine(1 << 20, model="z9", extra=[75])
    with pytest.raises(ValueError):
        Machine(1 << 20, model="z17")


def test_a_snapshot_of_another_model_is_refused():
    one, other = Machine(1 << 20, model="z10"), Machine(1 << 20, model="z13")
    with pytest.raises(ValueError, match="of the model z10, this one is z13"):
        other.restore(one.snapshot())


def test_every_row_of_a_model_is_one_of_the_next():
    for earlier, later in pairwise(MODELS):
        rows = [{row.mnemonic for row in ROWS if has(name.name, row.facility)} for name in (earlier, later)]
        assert rows[0] < rows[1]

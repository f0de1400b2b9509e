"""Registers by name; bytes by absolute and logical address, without any effect on the guest."""

from __future__ import annotations

import random

import pytest

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.machine import Machine, NotTranslated
from s390emu.machine.view import REGISTERS, prefixed, registers, set_register
from tests.lab import BA_EA, SIZE
from tests.translation import (
    COMMON,
    DAT,
    ENHANCED,
    FORMAT,
    INVALID,
    PAGE_INVALID,
    PAGE_PROTECT,
    PRIVATE,
    PROTECT,
    REAL_SPACE,
    SEGMENT,
    change,
    map_page,
    naive,
)

VIRTUAL = 0x5A555A55A5A55000
REAL = 0x38000
HOME_SPACE, SECONDARY_SPACE = 3 << 46, 2 << 46


@pytest.fixture
def cpu():
    return Machine(1 << 18).cpus[0]


@pytest.mark.parametrize("name", REGISTERS)
def test_a_register_that_is_set_is_that_register_and_no_other(cpu, name):
    before = registers(cpu)
    value = {"cc": 2, "psw.mask": BA_EA | 1 << 48, "prefix": 0x4000}.get(name, 0x1234)
    set_register(cpu, name, value)
    assert registers(cpu) == before | {name: value}


@pytest.mark.parametrize(
    ("name", "value"), [("cc", 4), ("fpc", 1 << 32), ("ar3", 1 << 32), ("r3", 1 << 64), ("cr0", -1), ("v0l", 1 << 64),
                      ("v16", 1 << 128)]
)
def test_a_value_that_is_too_large_for_a_register_is_refused(cpu, name, value):
    before = registers(cpu)
    with pytest.raises(ValueError, match=f"{name} = "):
        set_register(cpu, name, value)
    assert registers(cpu) == before


def test_halves_of_vector_registers_are_where_the_instructions_have_them(cpu):
    for name, value in (("f3", 1), ("v3l", 2), ("v20", 3 << 64 | 4)):
        set_register(cpu, name, value)
    assert (cpu.record.fpr[3], cpu.record.vr_right[3]) == (1, 2)
    assert (cpu.record.vr_left[4], cpu.record.vr_right[20]) == (3, 4)


@pytest.mark.parametrize("name", ["r16", "x1", "", "psw", "v3", "v16l", "v32"])
def test_there_is_no_register_of_another_name(cpu, name):
    with pytest.raises(KeyError):
        set_register(cpu, name, 0)


def test_a_register_is_that_of_the_cpu_that_is_named():
    machine = Machine(1 << 18, cpus=2)
    set_register(machine.cpus[1], "r7", 7)
    assert registers(machine.cpus[1])["r7"] == 7
    assert registers(machine.cpus[0])["r7"] == 0


def test_absolute_bytes_cross_blocks():
    machine = Machine(1 << 18)
    data = bytes(range(256)) * 33
    machine.write(0x1F80, data)
    assert machine.read(0x1F80, len(data)) == data


def test_a_range_that_ends_beyond_storage_is_refused_whole():
    machine = Machine(1 << 18)
    with pytest.raises(IndexError, match="0x40000 bytes"):
        machine.write((1 << 18) - 2, b"abc")
    assert machine.read((1 << 18) - 2, 2) == bytes(2)


def test_without_dat_a_logical_address_is_prefixed(lab):
    lab.machine.cpu.prefix = 0x8000
    lab.psw()
    lab.store(0x8010, b"prefixed")
    lab.store(0x20, b"absolute 0")
    view, cpu = lab.machine.view, lab.machine.running
    assert view.read_logical(cpu, 0x10, 8) == b"prefixed"
    assert view.read_logical(cpu, 0x8020, 10) == b"absolute 0"


def test_logical_bytes_are_those_of_the_space_that_the_psw_names(lab):
    view, cpu = lab.machine.view, lab.machine.running
    lab.cr[1] = map_page(lab, 0x5000, REAL, level=SEGMENT)
    lab.cr[7] = lab.cr[13] = REAL_SPACE
    lab.store(REAL + 8, b"mapped")
    lab.store(0x5008, b"itself")
    lab.psw(mask=BA_EA | DAT)
    assert view.read_logical(cpu, 0x5008, 6) == b"mapped"
    for space in (SECONDARY_SPACE, HOME_SPACE):
        lab.psw(mask=BA_EA | DAT | space)
        assert view.read_logical(cpu, 0x5008, 6) == b"itself"


def test_logical_bytes_cross_pages_that_lie_apart(lab):
    view, cpu = lab.machine.view, lab.machine.running
    lab.cr[1] = map_page(lab, 0x5000, REAL, level=SEGMENT)
    map_page(lab, 0x6000, REAL - 0x2000, level=SEGMENT)
    lab.psw(mask=BA_EA | DAT)
    view.write_logical(cpu, 0x5FFE, b"abcd")
    assert lab.load(REAL + 0xFFE, 2) + lab.load(REAL - 0x2000, 2) == b"abcd"
    assert view.read_logical(cpu, 0x5FFE, 4) == b"abcd"


def test_a_logical_write_of_which_one_page_is_missing_writes_nothing(lab):
    view, cpu = lab.machine.view, lab.machine.running
    lab.cr[1] = map_page(lab, 0x5000, REAL, level=SEGMENT)
    change(lab, 0x6000, -1, on=PAGE_INVALID)
    lab.psw(mask=BA_EA | DAT)
    with pytest.raises(NotTranslated, match="0x6000"):
        view.write_logical(cpu, 0x5FFE, b"abcd")
    assert lab.load(REAL + 0xFFE, 2) == bytes(2)


def test_looking_by_logical_address_references_nothing(lab):
    lab.cr[1] = map_page(lab, 0x5000, REAL, level=SEGMENT)
    lab.psw(mask=BA_EA | DAT)
    before = lab.machine.blocks()
    lab.machine.view.read_logical(lab.machine.running, 0x5000, 8)
    assert lab.machine.blocks() == before


@pytest.mark.parametrize("seed", range(300))
def test_translation_is_the_naive_walk(lab, seed):
    """Random tables, addresses and flaws; the expected result is that of tests/translation.py."""
    rng = random.Random(seed)
    level = rng.randrange(4)
    virtual = VIRTUAL % (1 << 31 + 11 * level) | rng.randrange(BLOCK_SIZE)
    asce = map_page(lab, virtual, rng.randrange(0x20, 0x40) << 12, level=level)
    for _ in range(rng.randrange(3)):
        flaw = rng.choice((INVALID, PROTECT, COMMON, FORMAT, PAGE_INVALID, PAGE_PROTECT, 0x800, 0x100, 4, 0x80, 1))
        change(lab, virtual, rng.randint(-1, level), **{rng.choice(("on", "off")): flaw})
    asce ^= rng.choice((0, 0, 0, PRIVATE, REAL_SPACE, 3, 4))
    virtual |= rng.choice((0, 0, 0, 1 << 62, 1 << 31))
    enhanced = rng.random() < 0.5
    lab.cr[0] = int(lab.cr[0]) & ~ENHANCED | ENHANCED * enhanced
    cpu = lab.machine.running

    def word(real: int) -> int | None:
        return lab.word(real) if real + 8 <= SIZE else None

    what, value = naive(word, asce, virtual, enhanced=enhanced)[:2]
    if what == "real":
        assert lab.machine.view.translate(cpu, virtual, asce) == prefixed(cpu, value)
    elif what == "absolute":
        assert lab.machine.view.translate(cpu, virtual, asce) == value
    else:
        with pytest.raises(NotTranslated):
            lab.machine.view.translate(cpu, virtual, asce)


# --- instructions ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("space", [0, 1 << 46, SECONDARY_SPACE], ids=["primary", "access-register", "secondary"])
def test_instructions_are_those_of_the_primary_space_but_in_home_space_mode(lab, space):
    view, cpu = lab.machine.view, lab.machine.running
    lab.cr[1] = map_page(lab, 0x5000, REAL, level=SEGMENT)
    lab.cr[7] = lab.cr[13] = REAL_SPACE
    lab.store(REAL + 8, bytes.fromhex("1823"))
    lab.store(0x5008, bytes.fromhex("1845"))
    assert view.read_instruction(cpu, 0x5008, BA_EA | DAT | space).hex() == "1823"
    assert view.read_instruction(cpu, 0x5008, BA_EA | DAT | HOME_SPACE).hex() == "1845"
    assert view.read_instruction(cpu, 0x5008, BA_EA).hex() == "1845"


@pytest.mark.parametrize("code", ["1823", "47000000", "e31000000004"])
def test_no_more_is_read_than_the_instruction_has(lab, code):
    """It may be the last of its page, and the next page may not be there."""
    view, cpu = lab.machine.view, lab.machine.running
    lab.cr[1] = map_page(lab, 0x5000, REAL, level=SEGMENT)
    change(lab, 0x6000, -1, on=PAGE_INVALID)
    length = len(code) // 2
    lab.store(REAL + BLOCK_SIZE - length, bytes.fromhex(code))
    assert view.read_instruction(cpu, 0x6000 - length, BA_EA | DAT).hex() == code
    with pytest.raises(NotTranslated):
        view.read_instruction(cpu, 0x6000, BA_EA | DAT)


def test_an_instruction_crosses_pages_that_lie_apart(lab):
    view, cpu = lab.machine.view, lab.machine.running
    lab.cr[1] = map_page(lab, 0x5000, REAL, level=SEGMENT)
    map_page(lab, 0x6000, REAL - 0x2000, level=SEGMENT)
    lab.store(REAL + BLOCK_SIZE - 2, bytes.fromhex("e310"))
    lab.store(REAL - 0x2000, bytes.fromhex("00000004"))
    assert view.read_instruction(cpu, 0x5FFE, BA_EA | DAT).hex() == "e31000000004"


def test_reading_an_instruction_changes_nothing(lab):
    lab.store(REAL, bytes.fromhex("e31000000004"))
    before = lab.machine.blocks()
    lab.machine.view.read_instruction(lab.machine.running, REAL, BA_EA)
    assert lab.machine.blocks() == before

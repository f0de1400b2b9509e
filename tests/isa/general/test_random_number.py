"""PERFORM RANDOM NUMBER OPERATION: PoP ch. 7. The numbers are of the host's seed: the same in every run."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import ADDRESSING, PROTECTION, SPECIFICATION
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.host.host import Host
from tests.isa.general.security import FACILITIES, FIRST, MODES, PAGE, SECOND, at, run, secure_lab, setup
from tests.lab import BA_EA, SIZE, Lab

TRNG = 114
LINE = "prno %r2,%r4"


@pytest.fixture(scope="module")
def _lab():
    return secure_lab()


@pytest.fixture
def lab(_lab):
    _lab.reset()
    return _lab


def prepare(lab, first_length, second_length, *, mode=BA_EA, **places):
    setup(lab, TRNG, second_length, mode=mode, **places)
    lengths = (1 << 64) - 1 if mode == BA_EA else (1 << 32) - 1
    lab.gr[3] = ((1 << 64) - 1) & ~lengths | first_length


@MODES
def test_fills_the_first_operand_and_then_the_second(lab, mode):
    prepare(lab, 3000, 5000, mode=mode, first=FIRST + 9, second=SECOND + 77)
    assert run(lab, LINE) > 2
    numbers = lab.load(FIRST + 9, 3000) + lab.load(SECOND + 77, 5000)
    assert all(numbers[start : start + 100].strip(b"\0") for start in range(0, 8000, 100))
    assert min(map(numbers.count, range(256))) > 10  # no byte is missing
    assert lab.load(FIRST + 3009, 1) == lab.load(FIRST + 8, 1) == b"\0" == lab.load(SECOND + 5077, 1)
    assert [at(lab, r, mode) for r in (2, 3, 4, 5)] == [FIRST + 3009, 0, SECOND + 5077, 0]


@pytest.mark.parametrize("lengths", [(0, 0), (1, 0), (0, 1), (10, 0), (0, 10)])
def test_one_operand_or_none(lab, lengths):
    prepare(lab, *lengths)
    assert lab.step(LINE) == 0
    changed = {name: value for name, value in lab.changes().items() if isinstance(name, str)}
    expected = {"cc": 0}
    if lengths[0]:
        expected |= {"r2": FIRST + lengths[0], "r3": 0}
    if lengths[1]:
        expected |= {"r4": SECOND + lengths[1], "r5": 0}
    assert changed == expected


def test_condition_code_3_while_the_second_is_left(lab):
    prepare(lab, 8, 8)
    assert lab.step(LINE) == 0
    assert (lab.cpu.cc, at(lab, 3), at(lab, 5)) == (3, 0, 8)


def test_one_pair_for_both(lab):
    prepare(lab, 0, 16)
    assert lab.step("prno %r4,%r4") == 0
    assert (lab.cpu.cc, at(lab, 4), at(lab, 5)) == (0, SECOND + 16, 0)


def drawn(seed: int, times: int = 2) -> list[bytes]:
    lab = Lab(extra=FACILITIES, host=Host(SIZE // BLOCK_SIZE, seed=seed))
    found = []
    for _ in range(times):
        prepare(lab, 32, 0)
        assert lab.step(LINE) == 0
        found.append(lab.load(FIRST, 32))
    return found


def test_by_the_seed(lab):
    """The same numbers from the same seed, others from another, and others each time."""
    assert drawn(1) == drawn(1)
    assert len({*drawn(1), *drawn(2)}) == 4


def test_what_has_been_taken_back_is_drawn_again(lab):
    lab.psw()
    prepare(lab, 32, 0)
    saved = lab.machine.snapshot()
    assert lab.step(LINE) == 0
    numbers = lab.load(FIRST, 32)
    lab.machine.restore(saved)
    assert lab.step(LINE) == 0
    assert lab.load(FIRST, 32) == numbers


@pytest.mark.parametrize("register, place", [(2, FIRST), (4, SECOND)])
def test_access(lab, register, place):
    lengths = (16, 0) if register == 2 else (0, 16)
    prepare(lab, *lengths)
    lab.gr[register] = SIZE - 8
    assert lab.step(LINE) == ADDRESSING
    assert lab.changes() == {}
    prepare(lab, *lengths)
    lab.gr[register] = place + PAGE - 8
    for address in (place, place + PAGE):
        lab.set_key(address, 0x50)
    lab.set_key(place + PAGE, 0x30)
    lab.psw(BA_EA, key=5)
    assert lab.step(LINE) == PROTECTION
    assert lab.changes() == {}


def test_there_is_no_deterministic_generator(lab):
    prepare(lab, 16, 0)
    lab.gr[0] = 3
    assert lab.step(LINE) == SPECIFICATION

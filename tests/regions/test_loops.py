"""Translated is interpreted: random loops, and the guests of this repository, compared at each stop."""

from __future__ import annotations

import os
from random import Random

import pytest

from s390emu._jit import JIT
from s390emu.regions.worker import Worker
from tests.regions import loops, medleys

pytestmark = pytest.mark.skipif(not JIT, reason="only compiled code is translated")
PROGRAMS = int(os.environ.get("S390EMU_PROGRAMS", "400")) // 40
MEDLEYS = int(os.environ.get("S390EMU_MEDLEYS", "200"))
SEED = int(os.environ.get("S390EMU_SEED", "1"))


@pytest.fixture(scope="module")
def worker():
    one = Worker(waits=True)
    yield one
    one.close()


def test_random_loops(worker):
    done = loops.campaign(SEED, PROGRAMS, worker)
    assert done["translated"] >= PROGRAMS // 2, done
    assert worker.deaths == 0


def test_many_programs_of_each_page_of_fragments(worker):
    pages, left = divmod(MEDLEYS, medleys.PROGRAMS_OF_A_PAGE)
    done = medleys.campaign(SEED, pages, worker) + medleys.campaign(SEED + pages, 1, worker, left)
    assert done["programs"] == MEDLEYS and done["entered"] >= MEDLEYS * 3 // 4, done
    assert worker.deaths == 0


@pytest.mark.parametrize("base", [5, 7])
def test_a_byte_loaded_into_its_own_base_register(worker, base):
    """The first trap of LLVM 22.1 (docs/translation.md): the other bits of the register were lost, or LLVM aborted."""
    code = b"".join((
        loops.put("IC", r1=base, d2=(0x50, 0, base)), loops.put("NILL", r1=base, i2=0xFF0),
        loops.put("OILH", r1=base, i2=2), loops.put("AGR", r1=3, r2=base),
        loops.put("IC", r1=base, d2=(0x58, 0, base)), loops.put("CLGRJ", r1=base, r2=4, m3=4, ri4=5),
        loops.put("XGR", r1=3, r2=base), loops.put("OILH", r1=base, i2=2), loops.put("NILL", r1=base, i2=0xFF0),
    ))  # fmt: skip
    back = loops.put("BRCTG", r1=loops.COUNT, ri2=-len(code) // 2 & 0xFFFF)
    registers = [0x1234567800020100 if n == base else n for n in range(12)]
    registers += [*loops.BASE_ADDRESSES, loops.CODE, 400]
    loop = loops.Loop(code + back + b"\0\0", tuple(registers), 0x80000000, bytes(range(256)) * 32, 64)
    own = loops.compare(loop, Random(1), worker)
    assert own.serial and worker.deaths == 0


def test_execute_relative_of_a_length_in_a_register(worker):
    """What is executed is in a region; a recording could tell its address (PORT.executed_target)."""
    body = (
        loops.put("AHI", r1=8, i2=1) + loops.put("EXRL", r1=8, ri2=5) + loops.put("BRCTG", r1=loops.COUNT, ri2=0xFFFB)
    )
    code = body + loops.put("MVC", d1=(16, 0, 12), d2=(64, 13)) + b"\0\0"
    registers = (*range(12), *loops.BASE_ADDRESSES, loops.CODE, 400)
    loop = loops.Loop(code, registers, 0x180000000, bytes(range(256)) * 32, 64)
    own = loops.compare(loop, Random(3), worker)
    assert own.serial and worker.deaths == 0


@pytest.mark.parametrize("taken", [loops.FAR, loops.CODE], ids=["called", "caller"])
def test_a_page_that_translation_takes_away_is_not_entered_from_another(worker, taken):
    """Every eighth call IPTE takes one of two pages, which a program interruption brings back."""
    call = loops.put("BRASL", r1=loops.LINK, ri2=(loops.FAR - loops.CODE - 4) // 2)
    code = loops.put("AHI", r1=8, i2=1) + call + loops.put("BRCTG", r1=loops.COUNT, ri2=-5 & 0xFFFF)
    far = b"".join((
        loops.put("AGR", r1=3, r2=8), loops.put("TMLL", r1=8, i2=7), loops.put("BCR", m1=7, r2=loops.LINK),
        loops.put("LLILF", r1=1, i2=loops.PAGE_TABLE), loops.put("LLILF", r1=9, i2=taken),
        loops.put("IPTE", r1=1, r2=9), loops.put("BCR", m1=15, r2=loops.LINK),
    ))  # fmt: skip
    registers = (*range(12), *loops.BASE_ADDRESSES, loops.CODE, 400)
    loop = loops.Loop(code + b"\0\0", registers, 0x180000000 | loops.DAT, bytes(0x2000), 64, far=far)
    own = loops.compare(loop, Random(7), worker)
    assert own.serial >= 2 and worker.deaths == 0


def test_a_page_protected_from_fetching_is_not_entered_from_another(worker):
    """The TLB has it for PSW key 1, with which it is called; it is called with key 15 too, every 64th time."""
    random, put, far = Random(0), loops.put, [loops.FAR]
    code = put("AHI", r1=8, i2=1) + loops.call(random, 4, far) + put("TMLL", r1=8, i2=63) + put("BRC", m1=7, ri2=9)
    code += put("SPKA", d2=(0xF0, 0)) + loops.call(random, 22, far) + put("SPKA", d2=(0x10, 0))
    code += put("BRCTG", r1=loops.COUNT, ri2=-len(code) // 2 & 0xFFFF)
    function = (put("AGR", r1=3, r2=8) + put("BCR", m1=15, r2=loops.LINK)).ljust(loops.FUNCTION_BYTES, b"\0")
    registers, mask = (*range(12), *loops.BASE_ADDRESSES, loops.CODE, 400), 0x180000000 | 1 << loops.KEY_SHIFT
    loop = loops.Loop(code + b"\0\0", registers, mask, bytes(0x2000), 64, far=function * loops.FUNCTIONS)
    own = loops.compare(loop, random, worker)
    assert own.serial >= 2 and worker.deaths == 0

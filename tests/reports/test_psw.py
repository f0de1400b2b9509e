"""PSWs in words; validity as the CPU sees it."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from s390emu._jit import u64
from s390emu.cpu.psw import psw_valid
from s390emu.reports.psw import describe_psw, psw_flaws


@pytest.mark.parametrize(
    ("mask", "ia", "words"),
    [
        (0x0095200180000000, 0x10000, "64-bit, problem state, key 9, DAT off, cc 2, enabled for machine check"),
        (0x0002000180000000, 1, "64-bit, supervisor state, key 0, DAT off, cc 0, disabled, disabled wait, code 0x1"),
        (0x4700CF0000000000, 2, "24-bit, supervisor state, key 0, DAT on, home space, cc 0, enabled for I/O, external, "
         "program mask F, PER"),
        (0x8008000100000001, 2, "invalid addressing mode, supervisor state, key 0, DAT off, cc 0, disabled, "
         "NOT VALID: bit 0, bit 12, bit 63, bits 31-32 are 10"),
        (0x0008000080000000, 1 << 31, "31-bit, supervisor state, key 0, DAT off, cc 0, disabled, "
         "NOT VALID: bit 12, address of more than 31 bits"),
    ],
)  # fmt: skip
def test_describe_psw(mask, ia, words):
    assert describe_psw(mask, ia) == words


def test_valid_as_the_cpu_sees_it():
    rng = random.Random(4)
    for _ in range(2000):
        mask = rng.getrandbits(64) & 0x47F3FF0180000000 | (1 << rng.randrange(64) if rng.random() < 0.3 else 0)
        ia = rng.getrandbits(rng.choice((8, 24, 25, 31, 32, 64)))
        assert bool(psw_valid(u64(mask), u64(ia))) == (not psw_flaws(mask, ia)), hex(mask)


def test_no_numba():
    source = "import sys, s390emu.reports.psw; sys.exit('numba' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0

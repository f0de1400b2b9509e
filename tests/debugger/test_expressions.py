"""What a debugger's user writes for a number."""

from __future__ import annotations

import random

import pytest

from s390emu.debugger.expressions import LONGEST, Expression, ExpressionError
from s390emu.machine import Machine

SYMBOLS = {"loop": 0x10004, "do_fork.cold": 0x2000}


@pytest.fixture(scope="module")
def machine() -> Machine:
    made = Machine(1 << 18)
    made.gr[2], made.gr[3], made.gr[15] = 7, (1 << 64) - 1, 0x8000
    made.cpu.ar[4], made.cpu.fpr[6] = 0x12345678, 0x4010000000000000
    made.set_psw(0x0000200180000000, 0x10004)
    made.cpu.prefix = 0x12000
    made.write(0x8000, bytes(range(0xF0, 0x100)))
    return made


def value(machine: Machine, text: str) -> int:
    return Expression(text).value(machine, machine.running, SYMBOLS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0x1F + 1", 32),
        (" r2 ", 7),
        ("%r2 + %r2", 14),
        ("23 % r2", 2),
        ("23%r2", 2),
        ("-r2", -7),
        ("r3", (1 << 64) - 1),
        ("ar4 >> 16", 0x1234),
        ("f6", 0x4010000000000000),
        ("cr0", 0xE0),
        ("cc", 2),
        ("psw.ia", 0x10004),
        ("pc == loop", 1),
        ("psw.mask", 0x0000000180000000),
        ("loop + 4", 0x10008),
        ("do_fork.cold", 0x2000),
        ("u8(r15 + 15)", 0xFF),
        ("u16(r15)", 0xF0F1),
        ("u32(0x8004)", 0xF4F5F6F7),
        ("u64(r15)", 0xF0F1F2F3F4F5F6F7),
        ("u64(r3 - 0xFFFFFFFFFFFF7FFF) & 0xFF", 0xF7),
        ("r2 > 5 and not r2 == 8", 1),
        ("r2 > 9 or r2 < 3", 0),
        ("~0 & 0xF ^ 1 | 0x10", 0x1E),
        ("7 // 2 * 3", 9),
        ("1 << 200", 0),
        ("abs(0x8000)", 0x8000),
        ("abs(8)", 0x12008),
        ("icount", 0),
        ("cpu", 0),
    ],
)
def test_value(machine, text, expected):
    assert value(machine, text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no expression"),
        ("1 +", "is no expression"),
        ("a; b", "is no expression"),
        ("nowhere", "nowhere: neither a register nor a symbol"),
        ("r16", "r16: neither a register nor a symbol"),
        ("1.5", "nothing that can be evaluated here"),
        ("'a'", "nothing that can be evaluated here"),
        ("2 ** 64", "nothing that can be evaluated here"),
        ("1 < 2 < 3", "nothing that can be evaluated here"),
        ("__import__('os')", "nothing that can be evaluated here"),
        ("loop.__class__", "nothing that can be evaluated here"),
        ("[1][0]", "nothing that can be evaluated here"),
        ("(lambda: 1)()", "nothing that can be evaluated here"),
        ("u64(1, 2)", "nothing that can be evaluated here"),
        ("1 // 0", "1 // 0: "),
        ("1 << -1", "1 << -1: negative shift count"),
        ("abs(1, 2)", "nothing that can be evaluated here"),
        ("u64(0x40000)", "u64(0x40000): 0x40000 to 0x40008: the guest has 0x40000 bytes"),
        ("1" * (LONGEST + 1), f"an expression of {LONGEST + 1} characters"),
        ("(" * 400, "is no expression"),
    ],
)
def test_what_has_no_value(machine, text, words):
    with pytest.raises(ExpressionError) as error:
        value(machine, text)
    assert words in str(error.value)


def test_anything_has_a_value_or_an_error_of_its_own(machine):
    draw = random.Random(1)
    pieces = [*"()+-*/%&|^~<>=!., 0179", "r2", "r15", "u8(", "u64(", "loop", " and ", " not ", "<<", ">>", "==", "0x",
              "é", "\n"]  # fmt: skip
    for _ in range(3000):
        text = "".join(draw.choice(pieces) for _ in range(draw.randrange(12)))
        try:
            assert isinstance(value(machine, text), int)
        except ExpressionError as error:
            assert str(error)

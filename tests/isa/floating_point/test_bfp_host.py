"""Short and long results, in the four rounding modes that it has, beside those of this computer's processor: another
judge than exact.py. And where the emulator itself uses that processor, beside the integers."""

from __future__ import annotations

import ctypes
import platform
import random
import re

import numpy as np
import pytest
from llvmlite import binding as llvm

from s390emu._jit import JIT, backend, bitcode_of
from s390emu.architecture.interruptions import DATA as DATA_EXCEPTION
from s390emu.conformance.twins.exact import LONG, SHORT, Value
from s390emu.engine.handlers import compiled, function
from tests.isa.floating_point.bfp import BY_LETTER, CASES, handle, hard, prepare, put, random_datum
from tests.isa.floating_point.test_bfp_instructions import ROW

TYPES = {SHORT: (np.uint32, np.float32), LONG: (np.uint64, np.float64)}
BINARY = {"a": np.add, "s": np.subtract, "m": np.multiply, "d": np.divide}
# What fesetround takes, by the BFP rounding mode of the FPC register.
FESETROUND = {
    "x86_64": {0: 0, 1: 0xC00, 2: 0x800, 3: 0x400},
    "aarch64": {0: 0, 1: 0xC00000, 2: 0x400000, 3: 0x800000},
}.get(platform.machine(), {0: 0})
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
in_every_mode = pytest.mark.parametrize("mode", FESETROUND)


def on_host(mode: int, operation, *arrays):
    """The result, in the rounding mode: set for this operation only."""
    set_mode = ctypes.CDLL(None).fesetround if mode else lambda _: 0
    with np.errstate(all="ignore"):
        assert set_mode(FESETROUND[mode]) == 0
        try:
            return operation(*arrays)
        finally:
            set_mode(0)


def array(form, data):
    integer, real = TYPES[form]
    return np.array(data, integer).view(real)


def data_of(form, values) -> list[int]:
    return values.view(TYPES[form][0]).tolist()


def in_register(lab, form, r: int) -> int:
    return int(lab.cpu.fpr[r]) >> 64 - form.bits


def operands(form, seed: str):
    """Pairs of numbers; what a NaN gives differs among processors."""
    rng = random.Random(seed)
    data = [datum for datum in hard(form) if not Value(form, datum).nan]
    yield from ((a, b) for a in data for b in rng.sample(data, 10))
    for _ in range(CASES):
        a, b = (random_datum(form, rng) for _ in range(2))
        if not (Value(form, a).nan or Value(form, b).nan):
            yield a, b


def same(form, ours: int, theirs: int) -> bool:
    """True for the same number, or two NaNs, of which ours is the default one."""
    return ours == theirs or bool(Value(form, theirs).nan and ours == form.default)


@in_every_mode
@pytest.mark.parametrize("letter", "ed")
@pytest.mark.parametrize("operation", BINARY)
def test_arithmetic(lab, operation, letter, mode):
    form = BY_LETTER[letter]
    mnemonic = "meebr" if operation + letter == "me" else f"{operation}{letter}br"
    first, second = zip(*operands(form, f"{mnemonic} {mode}"), strict=True)
    results = data_of(form, on_host(mode, BINARY[operation], array(form, first), array(form, second)))
    for a, b, expected in zip(first, second, results, strict=True):
        prepare(lab, mode)
        put(lab.cpu, form, 1, a)
        put(lab.cpu, form, 4, b)
        assert handle(lab, mnemonic, {24: 1, 28: 4}) == 0
        assert same(form, in_register(lab, form, 1), expected), f"{a:x} {b:x}"


@in_every_mode
@pytest.mark.parametrize("letter", "ed")
def test_square_root(lab, letter, mode):
    form = BY_LETTER[letter]
    _, data = zip(*operands(form, letter), strict=True)
    for b, expected in zip(data, data_of(form, on_host(mode, np.sqrt, array(form, data))), strict=True):
        prepare(lab, mode)
        put(lab.cpu, form, 4, b)
        assert handle(lab, f"sq{letter}br", {24: 1, 28: 4}) == 0
        assert same(form, in_register(lab, form, 1), expected), f"{b:x}"


@in_every_mode
def test_long_to_short_and_back(lab, mode):
    _, data = zip(*operands(LONG, "round"), strict=True)
    short = on_host(mode, lambda values: values.astype(np.float32), array(LONG, data))
    long = data_of(LONG, short.astype(np.float64))
    for b, expected, lengthened in zip(data, data_of(SHORT, short), long, strict=True):
        prepare(lab, mode)
        put(lab.cpu, LONG, 4, b)
        assert handle(lab, "ledbr", {24: 1, 28: 4}) == 0
        assert in_register(lab, SHORT, 1) == expected, f"{b:x}"
        assert handle(lab, "ldebr", {24: 2, 28: 1}) == 0
        assert in_register(lab, LONG, 2) == lengthened


@in_every_mode
@pytest.mark.parametrize("letter", "ed")
def test_from_signed(lab, letter, mode):
    form = BY_LETTER[letter]
    rng = random.Random(f"{letter} {mode}")
    data = [rng.getrandbits(64) >> rng.randrange(64) for _ in range(CASES)]
    signed = np.array(data, np.uint64).view(np.int64)
    results = data_of(form, on_host(mode, lambda values: values.astype(TYPES[form][1]), signed))
    for number, expected in zip(data, results, strict=True):
        prepare(lab, mode)
        lab.cpu.gr[3] = number
        handle(lab, f"c{letter}gbr", {24: 1, 28: 3})
        assert in_register(lab, form, 1) == expected, f"{number:x}"


@pytest.mark.parametrize("letter", "ed")
def test_from_unsigned(lab, letter):
    form = BY_LETTER[letter]
    rng = random.Random(letter)
    for _ in range(CASES):
        number = rng.getrandbits(64) >> rng.randrange(64)
        prepare(lab, 0)
        lab.cpu.gr[3] = number
        handle(lab, f"c{letter}lgbr", {24: 1, 28: 3})
        assert in_register(lab, form, 1) == data_of(form, np.array([number], np.uint64).astype(TYPES[form][1]))[0]


@pytest.mark.parametrize("letter", "ed")
def test_comparisons(lab, letter):
    form = BY_LETTER[letter]
    first, second = zip(*operands(form, letter), strict=True)
    x, y = array(form, first), array(form, second)
    codes = np.where(x == y, 0, np.where(x < y, 1, 2)).tolist()
    for a, b, expected in zip(first, second, codes, strict=True):
        prepare(lab, 0)
        put(lab.cpu, form, 1, a)
        put(lab.cpu, form, 4, b)
        handle(lab, f"c{letter}br", {24: 1, 28: 4})
        assert lab.cpu.cc == expected, f"{a:x} {b:x}"


def one_for_each_operation() -> list[str]:
    """Instructions, one for each function that executes those of several formats: where one has integers only, all
    have."""

    def operation(mnemonic: str) -> str:
        code = getattr(function(mnemonic), "py_func", function(mnemonic)).__code__
        return [name for name in code.co_names if name.islower() and name != "u64"][-1]

    return list({operation(name): name for name in ROW}.values())


ALL_FLAGS, INEXACT, INEXACT_TRAPS, TOWARD_PLUS = 0x1F << 19, 1 << 19, 1 << 27, 2  # in the FPC register
# Instructions of which the host's processor does the usual case: name, format of operands, how many, field of each.
REGISTERS = {24: 1, 28: 4}
WITH_THREE = {16: 1, 24: 2, 28: 4}
USUAL = {
    **{f"{name}{letter}br": (BY_LETTER[letter], REGISTERS) for name in ("a", "s", "d", "sq", "c") for letter in "ed"},
    **{f"{name}{letter}br": (BY_LETTER[letter], WITH_THREE) for name in ("ma", "ms") for letter in "ed"},
    **{f"c{size}{letter}br": (BY_LETTER[letter], REGISTERS) for size in ("f", "g", "lg") for letter in "ed"},
    **{f"c{letter}gbr": (None, REGISTERS) for letter in "ed"},
    "meebr": (SHORT, REGISTERS), "mdbr": (LONG, REGISTERS), "mdebr": (SHORT, REGISTERS), "ldebr": (SHORT, REGISTERS),
    "ledbr": (LONG, REGISTERS),
}  # fmt: skip


def related(form, rng) -> tuple[int, int, int]:
    """Return three data: among them sums that cancel, products, quotients and roots that are exact or nearly, ties."""
    small = array(form, [random_datum(form, rng) & -1 << rng.randrange(form.bits) for _ in range(2)])
    one, other = (np.ldexp(np.frexp(x)[0], rng.randrange(-30, 30)) for x in small)
    with np.errstate(all="ignore"):
        product = one * other
        third = rng.choice((product, -product, one, -one, np.spacing(one) / 2, np.spacing(product) * 1.5, one * one))
    return tuple(data_of(form, np.array(rng.sample([one, other, third], 3), TYPES[form][1])))


def outcome(lab, mnemonic: str, fpc: int, data) -> tuple:
    """Execute with these operands; return (code, registers and condition code, flags)."""
    form, fields = USUAL[mnemonic]
    prepare(lab, fpc)
    for r, datum in zip(fields.values(), data, strict=False):
        if form:
            put(lab.cpu, form, r, datum)
        else:
            lab.cpu.gr[r] = datum
    code = handle(lab, mnemonic, fields)
    return code, (int(lab.cpu.fpr[1]), int(lab.cpu.gr[1]), int(lab.cpu.cc)), int(lab.cpu.fpc) & ALL_FLAGS


@pytest.mark.parametrize("mnemonic", USUAL)
def test_the_host_and_the_integers_agree(lab, mnemonic):
    """An inexact result is the host's if its flag is on, one that is exact if rounding is to nearest."""
    form = USUAL[mnemonic][0]
    rng = random.Random(mnemonic)
    for n in range(CASES // 8):
        data = [random_datum(form or LONG, rng) for _ in range(3)] if n % 2 else related(form or LONG, rng)
        if form is None:
            data = [datum >> rng.randrange(64) for datum in data]
        code, found, flags = outcome(lab, mnemonic, 0, data)
        assert code == 0
        hexadecimal = [f"{datum:x}" for datum in data]
        assert outcome(lab, mnemonic, INEXACT, data) == (0, found, flags | INEXACT), hexadecimal
        if not flags & ALL_FLAGS:
            assert outcome(lab, mnemonic, TOWARD_PLUS, data) == (0, found, 0), hexadecimal
        trapping = outcome(lab, mnemonic, INEXACT | INEXACT_TRAPS, data)
        assert trapping == (DATA_EXCEPTION if flags & INEXACT else 0, found, flags | INEXACT), hexadecimal


@pytest.mark.skipif(not JIT, reason="about compiled code")
@pytest.mark.parametrize("mnemonic", one_for_each_operation())
def test_the_hosts_arithmetic_is_as_it_is_written(mnemonic):
    """LLVM has no leave to change it: no product and sum become one instruction that rounds once, but where it is
    asked for. (What is now a signed, now an unsigned integer would become a double, too.)"""
    code = str(llvm.parse_bitcode(bitcode_of(compiled(mnemonic))))
    assert mnemonic in code
    used = [line.strip() for line in code.splitlines() if re.search(r"\b(half|float|double|x86_fp80|fp128)\b", line)]
    for text in used:
        assert not re.search(r"\b(fast|contract|reassoc|nnan|ninf|nsz|arcp|afn|fmuladd|half|x86_fp80|fp128)\b", text)
    if not mnemonic.startswith("m"):
        assert not re.search(r"fn?m(add|sub|la|ls)", assembly(code))


def assembly(code: str) -> str:
    """Return the code for this processor, as text."""
    return backend._machine().emit_assembly(llvm.parse_assembly(code))

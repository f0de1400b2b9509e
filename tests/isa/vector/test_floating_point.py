"""Vector floating-point instructions: PoP ch. 24, against the exact twins of chapter 19, element by element."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from s390emu.architecture.interruptions import VECTOR_PROCESSING
from s390emu.conformance.twins import exact
from s390emu.conformance.twins.exact import EXTENDED, FORMATS, LONG, MASK, SHORT, Format
from s390emu.conformance.twins.vector_floating_point import (
    COMPARISONS,
    METHODS,
    NUMBER,
    QUIET,
    SIGNS,
    TWO,
    Expected,
    collect,
    leftmost,
    split,
    three,
    truths,
)
from tests.isa.floating_point.bfp import hard, random_datum, random_fpc
from tests.isa.vector.vectors import check_invalid, execute, register
from tests.lab import Lab

SINGLE = 8
CASES = 10
FORMS = pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)


def registers(rng: random.Random, form: Format, count: int) -> tuple[int, ...]:
    """Registers full of numbers, now and then of the hard ones."""
    edges = hard(form)
    found = []
    for _ in range(count):
        value = 0
        for _ in range(128 // form.bits):
            datum = rng.choice(edges) if rng.random() < 0.35 else random_datum(form, rng)
            value = value << form.bits | datum
        found.append(value)
    return tuple(found)


def agree(lab: Lab, line: str, fpc: int, expected: Expected, **given: int) -> None:
    lab.reset()
    before = given.get("v1", register(lab, 1))
    code, found = execute(lab, line, fpc=fpc, **given)
    wanted = {} if expected.value in (None, before) else {"v1": expected.value}
    if expected.fpc != fpc:
        wanted["fpc"] = expected.fpc
    assert (code, found) == (expected.code, wanted), (line, hex(fpc), {n: f"{v:032x}" for n, v in given.items()})
    if code:
        assert lab.word(0x90, 4) == expected.fpc >> 8 & 0xFF


def counts(form: Format) -> list[tuple[int, int]]:
    """(single-element control, elements operated on)."""
    return [(0, 128 // form.bits), (SINGLE, 1)]


# --- arithmetic -------------------------------------------------------------------------------------------------------


@FORMS
@pytest.mark.parametrize("mnemonic", TWO)
def test_two_operands(lab, mnemonic, form):
    rng = random.Random(f"{mnemonic} {form.name}")
    for control, count in counts(form):
        for _ in range(CASES):
            (second, third), fpc = registers(rng, form, 2), random_fpc(rng)
            pairs = list(zip(split(second, form), split(third, form), strict=True))[:count]
            expected = collect(fpc, [TWO[mnemonic](fpc, form, a, b) for a, b in pairs], leftmost(form))
            agree(lab, f"{mnemonic} %v1,%v18,%v3,{NUMBER[form]},{control}", fpc, expected, v18=second, v3=third)
            agree(lab, f"{mnemonic} %v1,%v1,%v3,{NUMBER[form]},{control}", fpc, expected, v1=second, v3=third)


@FORMS
@pytest.mark.parametrize("mnemonic", ["vfma", "vfms", "vfnma", "vfnms"])
def test_three_operands(lab, mnemonic, form):
    rng = random.Random(f"{mnemonic} {form.name}")
    for control, count in counts(form):
        for _ in range(CASES):
            values, fpc = registers(rng, form, 3), random_fpc(rng)
            triples = list(zip(*(split(value, form) for value in values), strict=True))[:count]
            outcomes = [three(mnemonic, fpc, form, *triple) for triple in triples]
            line = f"{mnemonic} %v1,%v18,%v3,%v31,{control},{NUMBER[form]}"
            agree(lab, line, fpc, collect(fpc, outcomes, leftmost(form)), v18=values[0], v3=values[1], v31=values[2])


@FORMS
def test_square_root(lab, form):
    rng = random.Random(f"vfsq {form.name}")
    for control, count in counts(form):
        for _ in range(CASES):
            (second,), fpc = registers(rng, form, 1), random_fpc(rng)
            outcomes = [exact.square_root(fpc, form, datum) for datum in split(second, form)[:count]]
            line = f"vfsq %v1,%v18,{NUMBER[form]},{control}"
            agree(lab, line, fpc, collect(fpc, outcomes, leftmost(form)), v18=second)


def test_exception_is_of_the_first_element_that_traps(lab):
    """Others' flags are not set; what is not enabled does not count."""
    huge, one, snan = LONG.greatest, 0x3FF << 52, LONG.infinity + 1
    second, third = huge << 64 | snan, huge << 64 | one
    for fpc, expected in (
        (MASK["i"], Expected(None, MASK["i"] | 0x1100, VECTOR_PROCESSING)),
        (MASK["o"] | MASK["i"], Expected(None, MASK["o"] | MASK["i"] | 0x0300, VECTOR_PROCESSING)),
        (MASK["x"], Expected(None, MASK["x"] | 0x0500, VECTOR_PROCESSING)),
    ):
        agree(lab, "vfadb %v1,%v18,%v3", fpc, expected, v18=second, v3=third)


# --- signs, classes, comparisons --------------------------------------------------------------------------------------


@FORMS
@pytest.mark.parametrize(("m5", "operation"), list(enumerate(SIGNS)), ids=["complement", "negative", "positive"])
def test_sign(lab, form, m5, operation):
    """No NaN is invalid."""
    rng = random.Random(f"vfpso {form.name} {m5}")
    for control, count in counts(form):
        for _ in range(4):
            (second,), fpc = registers(rng, form, 1), 0xF8000000
            data = [operation(form, datum) for datum in split(second, form)[:count]]
            line = f"vfpso %v1,%v18,{NUMBER[form]},{control},{m5}"
            agree(lab, line, fpc, Expected(leftmost(form)(data), fpc, 0), v18=second)


def truth(lab, line, form, found, fpc, given, cc_is_set) -> None:
    """V1 has ones where it is true, and cc tells of how many."""
    value, cc = truths(form, found)
    for old in (0, 2):
        lab.reset()
        before = register(lab, 1)
        code, changed = execute(lab, line, fpc=fpc[0], cc=old, **given)
        assert code == 0
        assert (changed.pop("cc", old), changed.pop("fpc", fpc[0])) == (cc if cc_is_set else old, fpc[1]), (line, given)
        assert changed == ({"v1": value} if value != before else {})


@FORMS
def test_data_class(lab, form):
    rng = random.Random(f"vftci {form.name}")
    for control, count in counts(form):
        for _ in range(CASES):
            (second,) = registers(rng, form, 1)
            selected = rng.choice((rng.getrandbits(12), 1 << rng.randrange(12), 0xFFF))
            found = [bool(selected << exact.data_class(form, datum) & 0x800) for datum in split(second, form)[:count]]
            line = f"vftci %v1,%v18,{selected},{NUMBER[form]},{control}"
            truth(lab, line, form, found, (0xF8000000, 0xF8000000), {"v18": second}, True)


@FORMS
@pytest.mark.parametrize("signal", [False, True], ids=["quiet", "signaling"])
@pytest.mark.parametrize("mnemonic", COMPARISONS)
def test_compare(lab, mnemonic, signal, form):
    rng = random.Random(f"{mnemonic} {form.name} {signal}")
    for control, count in counts(form):
        for _ in range(CASES):
            second, third = registers(rng, form, 2)
            if rng.random() < 0.5:
                third = second >> 64 << 64 | third & (1 << 64) - 1
            fpc, m6 = rng.choice((0, 0, MASK["i"])), rng.randrange(2)
            pairs = list(zip(split(second, form), split(third, form), strict=True))[:count]
            results = [exact.compare(fpc, form, a, b, signal) for a, b in pairs]
            line = f"{mnemonic} %v1,%v18,%v3,{NUMBER[form]},{control + 4 * signal},{m6}"
            after = collect(fpc, [outcome for _, outcome in results], lambda data: 0)
            if after.code:
                agree(lab, line, fpc, after, v18=second, v3=third)
                continue
            found = [cc in COMPARISONS[mnemonic] for cc, _ in results]
            truth(lab, line, form, found, (fpc, after.fpc), {"v18": second, "v3": third}, m6)


@FORMS
@pytest.mark.parametrize(("mnemonic", "signal"), [("wfc", False), ("wfk", True)])
def test_compare_scalar(lab, mnemonic, signal, form):
    rng = random.Random(f"{mnemonic} {form.name}")
    for _ in range(2 * CASES):
        lab.reset()
        first, second = registers(rng, form, 2)
        second = first if rng.random() < 0.2 else second
        fpc = rng.choice((0, 0, MASK["i"]))
        cc, outcome = exact.compare(fpc, form, split(first, form)[0], split(second, form)[0], signal)
        expected = collect(fpc, [outcome], lambda data: 0)
        code, found = execute(lab, f"{mnemonic} %v1,%v18,{NUMBER[form]},0", fpc=fpc, v1=first, v18=second, cc=0)
        assert (code, found.pop("fpc", fpc)) == (expected.code, expected.fpc)
        assert found == ({"cc": cc} if cc else {})


# --- conversions ------------------------------------------------------------------------------------------------------


@FORMS
def test_load_fp_integer(lab, form):
    rng = random.Random(f"vfi {form.name}")
    for method in METHODS:
        for control, count in counts(form):
            for quiet in (0, QUIET):
                (second,), fpc = registers(rng, form, 1), random_fpc(rng)
                outcomes = [exact.load_fp_integer(fpc, form, datum, method, bool(quiet))
                            for datum in split(second, form)[:count]]  # fmt: skip
                line = f"vfi %v1,%v18,{NUMBER[form]},{control + quiet},{method}"
                agree(lab, line, fpc, collect(fpc, outcomes, leftmost(form)), v18=second)


def every_second(form: Format) -> Callable[[list[int]], int]:
    return lambda data: sum(datum << 128 - form.bits * (2 * n + 1) for n, datum in enumerate(data))


@pytest.mark.parametrize(("source", "form"), [(SHORT, LONG), (LONG, EXTENDED)], ids=["to long", "to extended"])
def test_load_lengthened(lab, source, form):
    rng = random.Random(f"vfll {form.name}")
    for control, count in counts(form):
        for _ in range(2 * CASES):
            (second,), fpc = registers(rng, source, 1), random_fpc(rng)
            outcomes = [exact.load_lengthened(fpc, source, form, datum) for datum in split(second, source)[::2][:count]]
            line = f"vfll %v1,%v18,{NUMBER[source]},{control}"
            agree(lab, line, fpc, collect(fpc, outcomes, leftmost(form)), v18=second)


@pytest.mark.parametrize(("source", "form"), [(LONG, SHORT), (EXTENDED, LONG)], ids=["to short", "to long"])
def test_load_rounded(lab, source, form):
    rng = random.Random(f"vflr {form.name}")
    for method in METHODS:
        for control, count in counts(source):
            for quiet in (0, QUIET, 0, QUIET):
                (second,), fpc = registers(rng, source, 1), random_fpc(rng)
                outcomes = [exact.load_rounded(fpc, source, form, datum, method, bool(quiet))
                            for datum in split(second, source)[:count]]  # fmt: skip
                line = f"vflr %v1,%v18,{NUMBER[source]},{control + quiet},{method}"
                agree(lab, line, fpc, collect(fpc, outcomes, every_second(form)), v18=second)


@pytest.mark.parametrize("logical", [False, True], ids=["fixed", "logical"])
@pytest.mark.parametrize("form", [SHORT, LONG], ids=lambda form: form.name)
def test_convert_to_integers(lab, form, logical):
    least, greatest = (0, (1 << form.bits) - 1) if logical else (-1 << form.bits - 1, (1 << form.bits - 1) - 1)
    rng = random.Random(f"to {form.name} {logical}")
    for method in METHODS:
        for control, count in counts(form):
            for quiet in (0, QUIET):
                (second,), fpc = registers(rng, form, 1), random_fpc(rng)
                outcomes = [exact.convert_to_integer(fpc, form, datum, least, greatest, method, bool(quiet))[1]
                            for datum in split(second, form)[:count]]  # fmt: skip
                ones = (1 << form.bits) - 1
                expected = collect(fpc, outcomes, lambda data, ones=ones: leftmost(form)([n & ones for n in data]))
                line = f"{'vclfp' if logical else 'vcsfp'} %v1,%v18,{NUMBER[form]},{control + quiet},{method}"
                agree(lab, line, fpc, expected, v18=second)


@pytest.mark.parametrize("logical", [False, True], ids=["fixed", "logical"])
@pytest.mark.parametrize("form", [SHORT, LONG], ids=lambda form: form.name)
def test_convert_from_integers(lab, form, logical):
    rng = random.Random(f"from {form.name} {logical}")
    for method in METHODS:
        for control, count in counts(form):
            for quiet in (0, QUIET):
                numbers = [rng.choice((0, 1, -1, 1 << form.bits - 1, rng.getrandbits(form.bits))) for _ in range(count)]
                numbers = [number % (1 << form.bits) for number in numbers]
                fpc, second = random_fpc(rng), leftmost(form)(numbers)
                if not logical:
                    numbers = [number - (number >> form.bits - 1 << form.bits) for number in numbers]
                outcomes = [exact.convert_from_integer(fpc, form, number, method, bool(quiet)) for number in numbers]
                line = f"{'vcfpl' if logical else 'vcfps'} %v1,%v18,{NUMBER[form]},{control + quiet},{method}"
                agree(lab, line, fpc, collect(fpc, outcomes, leftmost(form)), v18=second)


# --- masks ------------------------------------------------------------------------------------------------------------


def lines(mnemonic: str, form: int, controls: int, last: int = 0) -> str:
    if mnemonic in ("vfma", "vfms", "vfnma", "vfnms"):
        return f"{mnemonic} %v1,%v2,%v3,%v4,{controls},{form}"
    if mnemonic in (*COMPARISONS, *TWO):
        tail = f",{last}" if mnemonic in COMPARISONS else ""
        return f"{mnemonic} %v1,%v2,%v3,{form},{controls}{tail}"
    if mnemonic == "vftci":
        return f"vftci %v1,%v2,1,{form},{controls}"
    tail = f",{last}" if mnemonic in (*ROUNDING, "vfpso") else ""
    return f"{mnemonic} %v1,%v2,{form},{controls}{tail}"


ROUNDING = ("vfi", "vflr", "vcsfp", "vclfp", "vcfps", "vcfpl")
SINGLE_ONLY = (*TWO, "vfma", "vfms", "vfnma", "vfnms", "vfsq", "vftci", "vfpso", "vfll")
VALID_FORMATS = {"vfll": (2, 3), "vflr": (3, 4)} | {name: (2, 3) for name in ROUNDING[2:]}


def test_masks_that_there_are_not(lab):
    for name in (*SINGLE_ONLY, *COMPARISONS, *ROUNDING):
        valid = VALID_FORMATS.get(name, (2, 3, 4))
        check_invalid(lab, [lines(name, form, 0) for form in range(16) if form not in valid])
    check_invalid(lab, [lines(name, 3, m) for name in SINGLE_ONLY for m in range(16) if m & 7])
    check_invalid(lab, [lines(name, 3, m) for name in (*COMPARISONS, *ROUNDING) for m in range(16) if m & 3])
    check_invalid(lab, [lines(name, 3, 0, m) for name in COMPARISONS for m in range(2, 16)])
    check_invalid(lab, [lines(name, 3, 0, m) for name in ROUNDING for m in (2, *range(8, 16))])
    check_invalid(lab, [lines("vfpso", 3, 0, m) for m in range(3, 16)])
    check_invalid(lab, [f"{name} %v1,%v2,3,{m}" for name in ("wfc", "wfk") for m in range(1, 16)])
    check_invalid(lab, [f"{name} %v1,%v2,{m},0" for name in ("wfc", "wfk") for m in range(16) if m not in (2, 3, 4)])


def test_only_long_numbers_without_the_enhancements():
    lab = Lab(model="z13")
    lab.cr[0] |= 3 << (63 - 46)
    for name in (*SINGLE_ONLY, *COMPARISONS, *ROUNDING):
        if name in ("vfnma", "vfnms"):
            continue
        valid = {"vfll": 2}.get(name, 3)
        for form in (2, 3, 4):
            assert execute(lab, lines(name, form, 0))[0] == (0 if form == valid else 6), (name, form)
    for name in COMPARISONS:
        assert execute(lab, lines(name, 3, 4))[0] == 6

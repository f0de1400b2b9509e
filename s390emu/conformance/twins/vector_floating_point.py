"""Vector floating-point instructions a second time: the exact twins of PoP ch. 19, element by element, as ch. 24 says.

No cases have the single-element control, which leaves the other elements unpredictable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import NamedTuple

from s390emu.architecture.interruptions import VECTOR_PROCESSING
from s390emu.conformance.case import Case, State
from s390emu.conformance.twins import exact
from s390emu.conformance.twins.binary_floating_point import datum, fpc_after, random_fpc
from s390emu.conformance.twins.exact import EXTENDED, FORMATS, LONG, SHORT, Format, Outcome, Value
from s390emu.conformance.twins.vector_integer import VECTORS, cc_of, elements, first_vectors

NUMBER = {SHORT: 2, LONG: 3, EXTENDED: 4}  # as masks name them
QUIET = 4  # no inexact exception; of a comparison: signaling
METHODS = (0, 1, 3, 4, 5, 6, 7)
TWO = {
    "vfa": exact.add,
    "vfs": lambda fpc, form, a, b: exact.add(fpc, form, a, b, True),
    "vfm": exact.multiply,
    "vfd": exact.divide,
}
# Of the exact twin the third operand is the factor whose NaN goes first: here V2.
THREE = {
    "vfma": lambda fpc, form, a, b, c: exact.multiply_and_add(fpc, form, c, b, a),
    "vfms": lambda fpc, form, a, b, c: exact.multiply_and_add(fpc, form, c, b, a, True),
}
SIGNS = (lambda form, a: a ^ form.sign, lambda form, a: a | form.sign, lambda form, a: a & ~form.sign)  # by M5
COMPARISONS = {"vfce": (0,), "vfch": (2,), "vfche": (0, 2)}  # condition codes of COMPARE that are true


class Expected(NamedTuple):
    """V1 (None where the instruction is suppressed), the FPC register, the interruption code."""

    value: int | None
    fpc: int
    code: int


def split(value: int, form: Format) -> list[int]:
    """Return the numbers in a register."""
    return elements(value, NUMBER[form])


def leftmost(form: Format) -> Callable[[Sequence[int]], int]:
    """Elements from the left on; the others are zeros here."""
    return lambda data: sum(one << 128 - form.bits * (n + 1) for n, one in enumerate(data))


def kind_of(dxc: int) -> int:
    """Return the vector interruption code of what would be a data exception."""
    return next(number for number, bit in enumerate((0x80, 0x40, 0x20, 0x10, 0x08), 1) if dxc & bit)


def collect(fpc: int, outcomes: Sequence[Outcome], place: Callable[[list[int]], int]) -> Expected:
    """Return what elements with these outcomes make of an instruction: the first that traps suppresses it."""
    for number, outcome in enumerate(outcomes):
        if outcome.dxc:
            return Expected(None, fpc & ~0xFF00 | (number << 4 | kind_of(outcome.dxc)) << 8, VECTOR_PROCESSING)
    after = fpc
    for outcome in outcomes:
        after = fpc_after(after, outcome)
    return Expected(place([outcome.datum for outcome in outcomes if outcome.datum is not None]), after, 0)


def three(mnemonic: str, fpc: int, form: Format, a: int, b: int, c: int) -> Outcome:
    """Return the outcome of a product and sum; the negative ones change the sign of what is no NaN."""
    outcome = THREE[mnemonic.replace("n", "")](fpc, form, a, b, c)
    if "n" not in mnemonic or outcome.dxc or outcome.datum is None or Value(form, outcome.datum).nan:
        return outcome
    return outcome._replace(datum=outcome.datum ^ form.sign)


def truths(form: Format, found: Sequence[bool]) -> tuple[int, int]:
    """Return (V1 with ones where it is true, the condition code that tells of how many)."""
    ones = (1 << form.bits) - 1
    return leftmost(form)([ones * one for one in found]), cc_of(found)


# --- cases ------------------------------------------------------------------------------------------------------------


def _state(form: Format, count: int, rng: Random) -> tuple[State, int, list[int], list[list[int]]]:
    """Return a state, the number of V1, those of the operands, and the numbers in these."""
    before, v1 = first_vectors(rng), rng.randrange(VECTORS)
    before.fpc = random_fpc(rng)
    numbers = [rng.choice((rng.randrange(VECTORS), v1)) for _ in range(count)]
    for number in numbers:
        before.vr[number] = leftmost(form)([datum(form, rng) for _ in range(128 // form.bits)])
    return before, v1, numbers, [split(before.vr[number], form) for number in numbers]


def _case(line: str, before: State, v1: int | None, expected: Expected, cc: int | None = None) -> Case:
    """Return the case. cc: if it is set."""
    after = before.copy()
    after.fpc = expected.fpc
    if expected.value is None:
        return Case(line, before, after, expected.code, expected.fpc >> 8 & 0xFF)
    if v1 is not None:
        after.vr[v1] = expected.value
    if cc is not None:
        after.cc = cc
    return Case(line, before, after)


def _line(mnemonic: str, v1: int, numbers: Sequence[int], *masks: int) -> str:
    return f"{mnemonic} {','.join([f'%v{n}' for n in (v1, *numbers)] + [str(mask) for mask in masks])}"


def _arithmetic(mnemonic: str, operation: Callable[..., Outcome], count: int, rng: Random) -> Iterator[Case]:
    while True:
        form = rng.choice(FORMATS)
        before, v1, numbers, data = _state(form, count, rng)
        outcomes = [operation(before.fpc, form, *each) for each in zip(*data, strict=True)]
        masks = (0, NUMBER[form]) if count == 3 else (NUMBER[form], 0)
        line = _line(mnemonic, v1, numbers, *masks)
        yield _case(line, before, v1, collect(before.fpc, outcomes, leftmost(form)))


def _signs(rng: Random) -> Iterator[Case]:
    """No NaN is invalid."""
    while True:
        form, m5 = rng.choice(FORMATS), rng.randrange(3)
        before, v1, numbers, (second,) = _state(form, 1, rng)
        value = leftmost(form)([SIGNS[m5](form, one) for one in second])
        yield _case(_line("vfpso", v1, numbers, NUMBER[form], 0, m5), before, v1, Expected(value, before.fpc, 0))


def _data_classes(rng: Random) -> Iterator[Case]:
    while True:
        form, selected = rng.choice(FORMATS), rng.choice((rng.getrandbits(12), 1 << rng.randrange(12), 0xFFF))
        before, v1, numbers, (second,) = _state(form, 1, rng)
        value, cc = truths(form, [bool(selected << exact.data_class(form, one) & 0x800) for one in second])
        line = _line("vftci", v1, numbers, selected, NUMBER[form], 0)
        yield _case(line, before, v1, Expected(value, before.fpc, 0), cc)


def _compares(mnemonic: str, rng: Random) -> Iterator[Case]:
    while True:
        form, signal, set_cc = rng.choice(FORMATS), rng.randrange(2), rng.randrange(2)
        before, v1, numbers, _ = _state(form, 2, rng)
        if rng.random() < 0.5:
            before.vr[numbers[1]] = before.vr[numbers[0]] >> 64 << 64 | before.vr[numbers[1]] & (1 << 64) - 1
        pairs = zip(*(split(before.vr[number], form) for number in numbers), strict=True)
        results = [exact.compare(before.fpc, form, a, b, bool(signal)) for a, b in pairs]
        value, cc = truths(form, [cc in COMPARISONS[mnemonic] for cc, _ in results])
        expected = collect(before.fpc, [outcome for _, outcome in results], lambda data: value)  # noqa: B023
        line = _line(mnemonic, v1, numbers, NUMBER[form], signal * QUIET, set_cc)
        yield _case(line, before, v1, expected, cc if set_cc else None)


def _scalar_compares(mnemonic: str, rng: Random) -> Iterator[Case]:
    while True:
        form = rng.choice(FORMATS)
        before, v1, (v2,), _ = _state(form, 1, rng)
        before.vr[v1] = rng.choice((before.vr[v2], leftmost(form)([datum(form, rng)]), before.vr[v1]))
        a, b = (split(before.vr[number], form)[0] for number in (v1, v2))
        cc, outcome = exact.compare(before.fpc, form, a, b, mnemonic == "wfk")
        expected = collect(before.fpc, [outcome], lambda data: 0)
        yield _case(_line(mnemonic, v1, [v2], NUMBER[form], 0), before, None, expected, cc)


def _to_integral(rng: Random) -> Iterator[Case]:
    while True:
        form, quiet, method = rng.choice(FORMATS), rng.choice((0, QUIET)), rng.choice(METHODS)
        before, v1, numbers, (second,) = _state(form, 1, rng)
        outcomes = [exact.load_fp_integer(before.fpc, form, one, method, bool(quiet)) for one in second]
        line = _line("vfi", v1, numbers, NUMBER[form], quiet, method)
        yield _case(line, before, v1, collect(before.fpc, outcomes, leftmost(form)))


def _lengthened(rng: Random) -> Iterator[Case]:
    """Every second number of V2."""
    while True:
        source, form = rng.choice(((SHORT, LONG), (LONG, EXTENDED)))
        before, v1, numbers, (second,) = _state(source, 1, rng)
        outcomes = [exact.load_lengthened(before.fpc, source, form, one) for one in second[::2]]
        line = _line("vfll", v1, numbers, NUMBER[source], 0)
        yield _case(line, before, v1, collect(before.fpc, outcomes, leftmost(form)))


def _to_integers(mnemonic: str, logical: bool, rng: Random) -> Iterator[Case]:
    while True:
        form, quiet, method = rng.choice((SHORT, LONG)), rng.choice((0, QUIET)), rng.choice(METHODS)
        ones, half = (1 << form.bits) - 1, 1 << form.bits - 1
        limits = (0, ones) if logical else (-half, half - 1)
        before, v1, numbers, (second,) = _state(form, 1, rng)
        outcomes = [exact.convert_to_integer(before.fpc, form, one, *limits, method, bool(quiet))[1] for one in second]
        outcomes = [one._replace(datum=one.datum & ones) if one.datum is not None else one for one in outcomes]
        line = _line(mnemonic, v1, numbers, NUMBER[form], quiet, method)
        yield _case(line, before, v1, collect(before.fpc, outcomes, leftmost(form)))


def _from_integers(mnemonic: str, logical: bool, rng: Random) -> Iterator[Case]:
    while True:
        form, quiet, method = rng.choice((SHORT, LONG)), rng.choice((0, QUIET)), rng.choice(METHODS)
        before, v1, (v2,), _ = _state(form, 1, rng)
        edges, half = (0, 1, (1 << form.bits) - 1, 1 << form.bits - 1), 1 << form.bits - 1
        given = [rng.choice((*edges, rng.getrandbits(form.bits), rng.getrandbits(26))) for _ in range(128 // form.bits)]
        before.vr[v2] = leftmost(form)(given)
        integers = [one if logical or one < half else one - 2 * half for one in given]
        outcomes = [exact.convert_from_integer(before.fpc, form, one, method, bool(quiet)) for one in integers]
        line = _line(mnemonic, v1, [v2], NUMBER[form], quiet, method)
        yield _case(line, before, v1, collect(before.fpc, outcomes, leftmost(form)))


def _rounded(rng: Random) -> Iterator[Case]:
    """Every second element of V1 is a number; those beside them are open."""
    while True:
        source, form = rng.choice(((LONG, SHORT), (EXTENDED, LONG)))
        quiet, method = rng.choice((0, QUIET)), rng.choice(METHODS)
        before, v1, numbers, (second,) = _state(source, 1, rng)
        if rng.random() < 0.5:  # numbers that the format has, or nearly
            second = [exact.load_lengthened(0, form, source, datum(form, rng)).datum ^ rng.randrange(2) for _ in second]
            before.vr[numbers[0]] = leftmost(source)(second)
        outcomes = [exact.load_rounded(before.fpc, source, form, one, method, bool(quiet)) for one in second]
        expected = collect(before.fpc, outcomes, lambda data: leftmost(source)([one << form.bits for one in data]))  # noqa: B023
        case = _case(_line("vflr", v1, numbers, NUMBER[source], quiet, method), before, v1, expected)
        beside = leftmost(source)([(1 << form.bits) - 1 for _ in second])
        yield case if case.code else case._replace(open=((f"v{v1}", beside),))


# --- maximum and minimum ----------------------------------------------------------------------------------------------

IEEE, JAVA, MACRO, ALGORITHM, FMAX, BY_MAGNITUDE = 0, 1, 2, 3, 4, 8
FUNCTIONS = (IEEE, JAVA, MACRO, ALGORITHM, FMAX, BY_MAGNITUDE, 9, 10, 11, 12)  # 9 to 12: 1 to 4 of absolute values


def extreme(form: Format, function: int, greatest: bool, a: int, b: int) -> tuple[int, bool]:
    """Return (datum, whether the operation is invalid) of PoP ch. 24 VECTOR FP MAXIMUM, MINIMUM."""
    if function > BY_MAGNITUDE:
        datum, invalid = extreme(form, function - BY_MAGNITUDE, greatest, a & ~form.sign, b & ~form.sign)
        return datum & ~form.sign, invalid
    one, other = Value(form, a), Value(form, b)
    if one.nan or other.nan:
        return _of_nans(form, function, one, other)
    if function in (MACRO, ALGORITHM):
        left, right = (a, b) if function == MACRO else (b, a)
        key = partial(_ordinal, form)
        return left if (key(left) > key(right)) == greatest and key(left) != key(right) else right, False
    pick = max if greatest else min
    if function == BY_MAGNITUDE and a & ~form.sign != b & ~form.sign:
        return pick(a, b, key=lambda each: each & ~form.sign), False
    return pick(a, b, key=lambda each: (_ordinal(form, each), not each & form.sign)), False


def _ordinal(form: Format, datum: int) -> int:
    """Return a number that is in the order of those that data are; the zeros are equal."""
    magnitude = datum & ~form.sign
    return -magnitude if datum & form.sign else magnitude


def _of_nans(form: Format, function: int, one: Value, other: Value) -> tuple[int, bool]:
    if function in (MACRO, ALGORITHM):
        return (other if function == MACRO else one).datum, True
    signaling, both = "s" in (one.nan, other.nan), bool(one.nan and other.nan)
    if function == JAVA or (function in (IEEE, BY_MAGNITUDE) and (signaling or both)):
        first, *_ = sorted((each for each in (one, other) if each.nan), key=lambda each: each.nan != "s")
        return first.datum | form.default, signaling
    return (one if both or other.nan else other).datum, signaling


def _extremes(mnemonic: str, rng: Random) -> Iterator[Case]:
    while True:
        form, function = rng.choice(FORMATS), rng.choice(FUNCTIONS)
        before, v1, numbers, data = _state(form, 2, rng)
        found = [extreme(form, function, mnemonic == "vfmax", a, b) for a, b in zip(*data, strict=True)]
        outcomes = [exact.invalid(before.fpc, datum) if invalid else Outcome(datum) for datum, invalid in found]
        line = _line(mnemonic, v1, numbers, NUMBER[form], 0, function)
        yield _case(line, before, v1, collect(before.fpc, outcomes, leftmost(form)))


RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {
    **{name: partial(_arithmetic, name, operation, 2) for name, operation in TWO.items()},
    **{name: partial(_arithmetic, name, partial(three, name), 3) for name in ("vfma", "vfms", "vfnma", "vfnms")},
    "vfsq": partial(_arithmetic, "vfsq", exact.square_root, 1),
    "vfpso": _signs, "vftci": _data_classes, "vfi": _to_integral, "vfll": _lengthened,
    **{name: partial(_compares, name) for name in COMPARISONS},
    **{name: partial(_scalar_compares, name) for name in ("wfc", "wfk")},
    "vcsfp": partial(_to_integers, "vcsfp", False), "vclfp": partial(_to_integers, "vclfp", True),
    "vflr": _rounded, **{name: partial(_extremes, name) for name in ("vfmax", "vfmin")},
    "vcfps": partial(_from_integers, "vcfps", False), "vcfpl": partial(_from_integers, "vcfpl", True),
}  # fmt: skip

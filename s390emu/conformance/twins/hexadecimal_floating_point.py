"""Hexadecimal floating point, chapter 18 of the PoP: numbers, and cases of each instruction by exact fractions.

ADD, SUBTRACT and COMPARE are done on lists of digits, as by hand; nothing is shared with the code that is tested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from math import ceil, floor, isqrt
from random import Random
from typing import NamedTuple

from s390emu.architecture.interruptions import DATA, DXC_AFP_REGISTER, SPECIFICATION
from s390emu.conformance.case import AFP_CONTROL, Case, State
from s390emu.conformance.twins import binary_floating_point, exact
from s390emu.conformance.twins.forms import LOW32, first_state, gr, low

UNDERFLOW_MASK, SIGNIFICANCE_MASK = 1 << 63 - 22, 1 << 63 - 23  # of the PSW
OVERFLOW, UNDERFLOW, SIGNIFICANCE, DIVIDE, SQUARE_ROOT = 0x0C, 0x0D, 0x0E, 0x0F, 0x1D
SHORT, LONG, EXTENDED = 6, 14, 28  # digits
DIGITS = {"e": SHORT, "d": LONG, "x": EXTENDED}


class Hfp(NamedTuple):
    """sign 0 or 1, characteristic, fraction as an integer of so many digits."""

    sign: int
    characteristic: int
    fraction: int
    digits: int

    @property
    def value(self) -> Fraction:
        return (-1) ** self.sign * Fraction(self.fraction, 16**self.digits) * Fraction(16) ** (self.characteristic - 64)

    @property
    def datum(self) -> int:
        """As it is in storage; an extended one with the low-order part that results have."""
        if self.digits == EXTENDED:
            high = Hfp(self.sign, self.characteristic, self.fraction >> 56, LONG)
            rest = Hfp(self.sign, self.characteristic - 14, self.fraction & (1 << 56) - 1, LONG)
            return high.datum << 64 | rest.datum
        return (self.sign << 7 | self.characteristic & 0x7F) << 4 * self.digits | self.fraction

    @property
    def bytes(self) -> bytes:
        return self.datum.to_bytes(self.digits // 2 + 1, "big")

    @property
    def cc(self) -> int:
        """0 zero, 1 less, 2 greater."""
        return 0 if not self.fraction else 1 if self.sign else 2


def hfp(datum: int, digits: int) -> Hfp:
    """Read a datum; of an extended one the low-order part's sign and characteristic are ignored."""
    if digits == EXTENDED:
        high = hfp(datum >> 64, LONG)
        return high._replace(fraction=high.fraction << 56 | datum & (1 << 56) - 1, digits=EXTENDED)
    return Hfp(datum >> 4 * digits + 7, datum >> 4 * digits & 0x7F, datum & (1 << 4 * digits) - 1, digits)


class Result(NamedTuple):
    """What an operation gives: a datum, None if r1 is unchanged; an interruption code, a condition code or None."""

    datum: int | None
    code: int = 0
    cc: int | None = None


def truncated(value: Fraction, digits: int) -> Hfp:
    """Return the normalized number next to an exact value, toward zero; its characteristic may be any."""
    if value == 0:
        return Hfp(0, 0, 0, digits)
    magnitude, characteristic = abs(value), 64
    while magnitude >= 1:
        magnitude, characteristic = magnitude / 16, characteristic + 1
    while magnitude < Fraction(1, 16):
        magnitude, characteristic = magnitude * 16, characteristic - 1
    return Hfp(int(value < 0), characteristic, int(magnitude * 16**digits), digits)


def completed(result: Hfp, mask: int) -> tuple[Hfp, int]:
    """Return the number that is left, and the interruption code: overflow, underflow."""
    if result.characteristic > 127:
        return result._replace(characteristic=result.characteristic - 128), OVERFLOW
    if result.characteristic < 0 and mask & UNDERFLOW_MASK:
        return result._replace(characteristic=result.characteristic + 128), UNDERFLOW
    return (Hfp(0, 0, 0, result.digits) if result.characteristic < 0 else result), 0


def finished(result: Hfp, mask: int, cc: bool = False) -> Result:
    """Return the Result of a normalized number; a fraction of zero makes a true zero."""
    left, code = completed(result, mask)
    return Result(left.datum if left.fraction else 0, code, left.cc if cc else None)


# --- operations: (mask, operands) -> Result ---------------------------------------------------------------------------


def intermediate(first: Hfp, second: Hfp, subtract: bool) -> tuple[int, int, list[int]]:
    """Return sign, characteristic, and the digits of a sum with the guard digit."""
    characteristic = max(first.characteristic, second.characteristic)
    width, total = first.digits + 1, 0
    for number, sign in ((first, first.sign), (second, second.sign ^ subtract)):
        shift = min(characteristic - number.characteristic, width)
        aligned = number.fraction << 4 >> 4 * shift
        total += -aligned if sign else aligned
    digits = [abs(total) >> 4 * n & 15 for n in reversed(range(width + 1))]
    if digits[0]:
        return int(total < 0), characteristic + 1, digits[:width]
    return int(total < 0), characteristic, digits[1:]


def add(subtract: bool, normalize: bool, mask: int, first: Hfp, second: Hfp) -> Result:
    sign, characteristic, digits = intermediate(first, second, subtract)
    if not any(digits if normalize else digits[:-1]):
        if mask & SIGNIFICANCE_MASK:
            return Result(Hfp(0, characteristic, 0, first.digits).datum, SIGNIFICANCE, 0)
        return Result(0, 0, 0)
    while normalize and digits[0] == 0:
        digits, characteristic = [*digits[1:], 0], characteristic - 1
    fraction = 0
    for digit in digits[:-1]:
        fraction = 16 * fraction + digit
    return finished(Hfp(sign, characteristic, fraction, first.digits), mask, cc=True)


def compare(mask: int, first: Hfp, second: Hfp) -> Result:
    sign, _, digits = intermediate(first, second, True)
    return Result(None, 0, 0 if not any(digits) else 1 if sign else 2)


def multiply(digits: int, mask: int, first: Hfp, second: Hfp) -> Result:
    return finished(truncated(first.value * second.value, digits), mask)


def divide(digits: int, mask: int, first: Hfp, second: Hfp) -> Result:
    if not second.fraction:
        return Result(None, DIVIDE)
    return finished(truncated(first.value / second.value, digits), mask)


def multiply_and_add(subtract: bool, mask: int, first: Hfp, third: Hfp, second: Hfp) -> Result:
    total = second.value * third.value + (-first.value if subtract else first.value)
    return finished(truncated(total, first.digits), mask)


def halve(mask: int, number: Hfp) -> Result:
    return finished(truncated(number.value / 2, number.digits), mask)


def square_root(mask: int, number: Hfp) -> Result:
    """The root has one digit more, to which a half of its unit is added."""
    if not number.fraction:
        return Result(0)
    if number.sign:
        return Result(None, SQUARE_ROOT)
    normal = truncated(number.value, number.digits)
    total = normal.characteristic + 64
    shift = total % 2
    radicand = normal.fraction << 4 * (number.digits + 2 - shift)  # a fraction of twice as many digits, and two more
    fraction = (isqrt(radicand) + 8) >> 4
    return finished(Hfp(0, (total + shift) // 2, fraction, number.digits), mask)


def load_integer(mask: int, number: Hfp) -> Result:
    return finished(truncated(Fraction(int(number.value)), number.digits), mask)


def load_signed(sign: str, mask: int, number: Hfp) -> Result:
    """Test, complement, negative, positive: whatever the number is."""
    result = number._replace(sign={"t": number.sign, "c": number.sign ^ 1, "n": 1, "p": 0}[sign])
    return Result(loaded(result), 0, result.cc)


def loaded(number: Hfp) -> int:
    """Return the datum of a number that is not normalized: an extended zero has nothing but its sign."""
    if number.digits == EXTENDED and not number.fraction:
        return number.sign << 127 | number.sign << 63
    return number.datum


def lengthen(digits: int, mask: int, number: Hfp) -> Result:
    fraction = number.fraction << 4 * (digits - number.digits)
    return Result(loaded(number._replace(fraction=fraction, digits=digits)))


def load_rounded(digits: int, mask: int, number: Hfp) -> Result:
    dropped = 4 * (number.digits - digits)
    fraction, characteristic = (number.fraction + (1 << dropped - 1)) >> dropped, number.characteristic
    if fraction >> 4 * digits:
        fraction, characteristic = fraction >> 4, characteristic + 1
    result = Hfp(number.sign, characteristic, fraction, digits)
    return Result(result.datum, OVERFLOW if characteristic > 127 else 0)


HALF = Fraction(1, 2)
METHODS: dict[int, Callable[[Fraction], int]] = {
    0: int, 1: lambda x: floor(x + HALF) if x > 0 else ceil(x - HALF), 4: round, 5: int, 6: ceil, 7: floor,
}  # fmt: skip


def to_integer(number: Hfp, bits: int, method: int) -> tuple[int, int]:
    """Return (integer, cc)."""
    integer, most = METHODS[method](number.value), (1 << bits - 1) - 1
    if -most - 1 <= integer <= most:
        return integer, number.cc
    return -most - 1 if number.sign else most, 3


# --- operands ---------------------------------------------------------------------------------------------------------


def numbers(digits: int, count: int, seed: object) -> list[Hfp]:
    """Return numbers, edges first: zeros, ones, the greatest, the least, unnormalized ones; then any, many of them
    close together."""
    rng, last = Random(f"{seed} {digits}"), 16**digits - 1
    first = 16 ** (digits - 1)
    found = [Hfp(0, 0, 0, digits), Hfp(1, 70, 0, digits), Hfp(0, 65, first, digits), Hfp(1, 65, first, digits),
             Hfp(0, 127, last, digits), Hfp(1, 0, first, digits), Hfp(0, 0, 1, digits), Hfp(1, 66, 1, digits),
             Hfp(0, 64, last, digits), Hfp(0, 65, first + 1, digits)]  # fmt: skip
    while len(found) < count:
        fraction = rng.randrange(16**digits) >> 4 * rng.choice((0, 0, 0, 1, 2, digits - 1))
        fraction = rng.choice((fraction, fraction, fraction, fraction >> 4 * (digits // 2) << 4 * (digits // 2)))
        characteristic = rng.choice((rng.randrange(128), 64 + rng.randrange(-3, 4), rng.choice((0, 1, 126, 127))))
        found.append(Hfp(rng.getrandbits(1), characteristic, fraction, digits))
    return found[:count]


def pairs(digits: int, count: int, seed: object) -> list[tuple[Hfp, Hfp]]:
    """Return pairs of numbers; some of a number and itself, or its negative."""
    rng = Random(f"pairs {seed} {digits}")
    some = numbers(digits, 40, seed)
    great, least = some[4], Hfp(0, 0, 16 ** (digits - 1), digits)
    next_to_it = least._replace(fraction=least.fraction + 1)
    close = [(great, great), (great, great._replace(sign=1)), (least, next_to_it), (least, next_to_it._replace(sign=1))]
    found = close + [(a, b) for a in some[:7] for b in some[:7]]
    while len(found) < count:
        first, second = rng.choice(some), rng.choice(some)
        if rng.random() < 0.2:
            second = first._replace(sign=rng.getrandbits(1))
        elif rng.random() < 0.3:
            second = second._replace(characteristic=max(0, min(127, first.characteristic + rng.randrange(-8, 9))))
        found.append((first, second))
    return found[:count]


# --- cases ------------------------------------------------------------------------------------------------------------

FIRST, SECOND, THIRD, GENERAL = 1, 4, 8, 3  # registers, of pairs where need be
STORED = 0x38105  # an operand in storage
MASKS = (0, UNDERFLOW_MASK, SIGNIFICANCE_MASK, UNDERFLOW_MASK | SIGNIFICANCE_MASK)
CHUNK = 256  # operands that are made at a time
REFUSED = 0.02
Recipe = Callable[[Random], Iterator[Case]]


def put(state: State, r: int, digits: int, datum: int) -> None:
    """Put a datum into a register or pair."""
    if digits == EXTENDED:
        state.fpr[r], state.fpr[r + 2] = datum >> 64, datum & (1 << 64) - 1
    else:
        state.fpr[r] = datum if digits == LONG else datum << 32 | state.fpr[r] & LOW32


def put_operand(state: State, r: int, number: Hfp, rng: Random) -> None:
    """Put a number into a register or pair, with anything for what is ignored of a low-order part."""
    put(state, r, number.digits, number.datum ^ (rng.getrandbits(8) << 56 if number.digits == EXTENDED else 0))


def _state(rng: Random) -> State:
    state = first_state(rng, STORED)
    state.fpr = [rng.getrandbits(64) for _ in range(16)]
    state.cr0, state.psw_mask = AFP_CONTROL, state.psw_mask | rng.choice(MASKS)
    return state


def _operands(digits: int, rng: Random) -> Iterator[tuple[Hfp, Hfp]]:
    while True:
        some = pairs(digits, CHUNK, rng.random())
        rng.shuffle(some)
        yield from some


def _refusals(line: str, extended: bool, rng: Random) -> list[Case]:
    """Return the cases of an additional register that is not there, and of one that does not begin a pair."""
    before = _state(rng)
    before.cr0 &= ~(1 << 63 - 45)
    other = line.replace(f"%f{SECOND}", f"%f{rng.choice((3, 4, 15))}")  # 3 begins no pair; that comes after
    other = other if f"%f{FIRST}" in other else other.replace("%f4", "%f9")
    found = [Case(other, before, before.copy(), DATA, int(DXC_AFP_REGISTER))]
    if extended:
        before = _state(rng)
        line = line.replace(f"%f{FIRST}", "%f3").replace(f"%f{SECOND}", "%f6")
        found.append(Case(line, before, before.copy(), SPECIFICATION))
    return found


def _ended(line: str, before: State, digits: int, result: Result) -> Case:
    after = before.copy()
    if result.datum is not None:
        put(after, FIRST, digits, result.datum)
    if result.cc is not None:
        after.cc = result.cc
    return Case(line, before, after, result.code)


def _arithmetic(name: str, operation: Callable[..., Result], digits: int, source: int, count: int,
                rng: Random) -> Iterator[Case]:  # fmt: skip
    """count: of operands, one or two if r1 is one too, three if there is a third register."""
    stored, drawn = not name.endswith("r"), _operands(source, rng)
    where, middle = "0(%r5)" if stored else f"%f{SECOND}", f"%f{THIRD}," if count > 2 else ""
    line = f"{name} %f{FIRST},{middle}{where}"
    refusals = _refusals(line, EXTENDED in (digits, source), rng)
    yield from refusals
    while True:
        before = _state(rng)
        (first, second), (third, _) = next(drawn), next(drawn)
        given: list[Hfp] = [second]
        if count > 1:
            put_operand(before, FIRST, first, rng)
            given = [first, second]
        if count > 2:
            put_operand(before, THIRD, third, rng)
            given = [first, third, second]
        if stored:
            before.window(STORED - 8, bytes(8) + second.bytes + bytes(8))
        else:
            put_operand(before, SECOND, second, rng)
        if rng.random() < REFUSED:
            yield rng.choice(refusals)
        yield _ended(line, before, digits, operation(before.psw_mask, *given))


def _to_fixed(name: str, digits: int, bits: int, rng: Random) -> Iterator[Case]:
    place, drawn = (low if bits == 32 else gr)(GENERAL), _operands(digits, rng)
    yield from _refusals(f"{name} %r{GENERAL},0,%f{SECOND}", digits == EXTENDED, rng)
    while True:
        before, (number, _), method = _state(rng), next(drawn), rng.choice(tuple(METHODS))
        if rng.random() < 0.4:  # around a limit
            near = rng.choice((-1, 1)) * (1 << bits - 1) + Fraction(rng.randrange(-9, 10), 4)
            number = truncated(near, digits)
        put_operand(before, SECOND, number, rng)
        after = before.copy()
        if rng.random() < REFUSED:
            none = rng.choice((2, 3, *range(8, 16)))
            yield Case(f"{name} %r{GENERAL},{none},%f{SECOND}", before, after, SPECIFICATION)
            continue
        integer, after.cc = to_integer(number, bits, method)
        place.put(after, integer)
        yield Case(f"{name} %r{GENERAL},{method},%f{SECOND}", before, after)


def _from_fixed(name: str, digits: int, bits: int, rng: Random) -> Iterator[Case]:
    place, line = (low if bits == 32 else gr)(GENERAL), f"{name} %f{FIRST},%r{GENERAL}"
    yield from _refusals(line, digits == EXTENDED, rng)
    while True:
        before = _state(rng)
        place.put(before, place.draw(rng))
        result = finished(truncated(Fraction(place.get(before)), digits), before.psw_mask)
        yield _ended(line, before, digits, result)


def _recipes() -> dict[str, Recipe]:
    found: dict[str, Recipe] = {}

    def enter(names: str, operation: Callable[..., Result], digits: int, source: int, count: int = 2) -> None:
        for name in names.split():
            found[name] = partial(_arithmetic, name, operation, digits, source, count)

    for letter, digits in DIGITS.items():
        both = "{0}r {0}" if digits != EXTENDED else "{0}r"
        for subtract, sign in enumerate("as"):
            enter(both.format(sign + letter), partial(add, bool(subtract), True), digits, digits)
        enter(both.format(f"c{letter}"), compare, digits, digits)
        enter(both.format(f"d{letter}"), partial(divide, digits), digits, digits)
        enter(both.format(f"sq{letter}"), square_root, digits, digits, 1)
        enter(both.format("mee" if letter == "e" else f"m{letter}"), partial(multiply, digits), digits, digits)
        enter(f"fi{letter}r", load_integer, digits, digits, 1)
        for sign in "tcnp":
            enter(f"l{sign}{letter}r", partial(load_signed, sign), digits, digits, 1)
        for letter_of_size, bits in (("f", 32), ("g", 64)):
            name, back = f"c{letter_of_size}{letter}r", f"c{letter}{letter_of_size}r"
            found[name], found[back] = partial(_to_fixed, name, digits, bits), partial(_from_fixed, back, digits, bits)
    for letter, digits in (("u", SHORT), ("w", LONG)):
        for subtract, sign in enumerate("as"):
            enter(f"{sign}{letter}r {sign}{letter}", partial(add, bool(subtract), False), digits, digits)
    for letter, digits in (("e", SHORT), ("d", LONG)):
        enter(f"h{letter}r", halve, digits, digits, 1)
        for subtract, sign in enumerate("as"):
            enter(f"m{sign}{letter}r m{sign}{letter}", partial(multiply_and_add, bool(subtract)), digits, digits, 3)
    for source, target in ("ed", "dx", "ex"):
        digits, shorter = DIGITS[target], DIGITS[source]
        enter(f"l{target}{source}r l{target}{source}", partial(lengthen, digits), digits, shorter, 1)
        enter(f"l{source}{target}r", partial(load_rounded, shorter), shorter, digits, 1)
    enter("mder mde", partial(multiply, LONG), LONG, SHORT)
    enter("mxdr mxd", partial(multiply, EXTENDED), EXTENDED, LONG)
    return found


# --- chapter 9 --------------------------------------------------------------------------------------------------------

GREATEST = (1 << 63) - 1  # a long number
BFP_METHODS = {0: "zero", 1: "away", 4: "even", 5: "zero", 6: "plus", 7: "minus"}


def from_bfp(source: exact.Format, datum: int) -> tuple[int, int]:
    """Return (long HFP datum, cc)."""
    value = exact.Value(source, datum)
    if value.nan or value.infinite:
        return GREATEST | (value.minus and not value.nan) << 63, 3
    assert value.number is not None
    result = truncated(value.number, LONG)
    if result.characteristic > 127:
        return GREATEST | value.minus << 63, 3
    cc = 0 if value.zero else 1 if value.minus else 2
    return result.datum if result.characteristic >= 0 and result.fraction else value.minus << 63, cc


def to_bfp(target: exact.Format, number: Hfp, method: int) -> tuple[int, int]:
    """Return (BFP datum, cc)."""
    if not number.fraction:
        return target.signed(0, number.sign), 0
    outcome = exact.deliver(0, target, number.value, BFP_METHODS[method])
    return outcome.datum, 3 if exact.OVERFLOW in outcome.flags else number.cc


def _from_bfp(name: str, source: exact.Format, rng: Random) -> Iterator[Case]:
    line = f"{name} %f{FIRST},%f{SECOND}"
    yield from _refusals(line, False, rng)
    hard = binary_floating_point.hard(source)
    rng.shuffle(hard)
    while True:
        before, datum = _state(rng), hard.pop() if hard else binary_floating_point.random_datum(source, rng)
        put(before, SECOND, SHORT if source is exact.SHORT else LONG, datum)
        result, cc = from_bfp(source, datum)
        yield _ended(line, before, LONG, Result(result, 0, cc))


def _to_bfp(name: str, target: exact.Format, rng: Random) -> Iterator[Case]:
    drawn = _operands(LONG, rng)
    yield from _refusals(f"{name} %f{FIRST},0,%f{SECOND}", False, rng)
    none = rng.choice((2, 3, *range(8, 16)))
    before = _state(rng)
    yield Case(f"{name} %f{FIRST},{none},%f{SECOND}", before, before.copy(), SPECIFICATION)
    while True:
        before, (number, _), method = _state(rng), next(drawn), rng.choice(tuple(BFP_METHODS))
        if target is exact.SHORT and rng.random() < 0.4:  # around its limits
            near = Fraction(2) ** rng.choice((128, -126, -149, -150)) + Fraction(2) ** rng.randrange(-175, 105)
            number = truncated(near, LONG)._replace(sign=rng.getrandbits(1))
        put_operand(before, SECOND, number, rng)
        result, cc = to_bfp(target, number, method)
        digits = SHORT if target is exact.SHORT else LONG
        yield _ended(f"{name} %f{FIRST},{method},%f{SECOND}", before, digits, Result(result, 0, cc))


RECIPES: dict[str, Recipe] = _recipes() | {
    "thder": partial(_from_bfp, "thder", exact.SHORT), "thdr": partial(_from_bfp, "thdr", exact.LONG),
    "tbedr": partial(_to_bfp, "tbedr", exact.SHORT), "tbdr": partial(_to_bfp, "tbdr", exact.LONG),
}  # fmt: skip

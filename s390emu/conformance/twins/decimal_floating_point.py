"""Decimal floating point, chapter 20 of the PoP: data, and cases of each instruction by Python's `decimal`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from s390emu.architecture.interruptions import DATA, DECIMAL_OVERFLOW
from s390emu.conformance.case import AFP_CONTROL, Case, State
from s390emu.conformance.twins import exact_decimal as exact
from s390emu.conformance.twins.binary_floating_point import (
    FIRST,
    GENERAL,
    QUIET,
    SECOND,
    SIZES,
    THIRD,
    ended,
    limits,
    place_of,
    put,
)
from s390emu.conformance.twins.exact import Outcome
from s390emu.conformance.twins.exact_decimal import (
    DECLETS,
    DIGITS,
    EXTENDED,
    LONG,
    MASK,
    SHORT,
    Datum,
    Format,
    cc_of,
    write,
)
from s390emu.conformance.twins.forms import ADDRESS, ALL, first_state, gr, low, pair
from s390emu.conformance.twins.packed_decimal import DECIMAL_OVERFLOW_MASK

LETTER = {SHORT: "e", LONG: "d", EXTENDED: "x"}
BY_LETTER = {letter: form for form, letter in LETTER.items()}
MASKS = (0, *MASK.values(), sum(MASK.values()))  # of the FPC register: none, each, all
NONCANONICAL = {digits: code for code, digits in DIGITS.items() if DECLETS[digits] != code}


def hard(form: Format) -> list[Datum]:
    """Return data where something may go wrong: both signs of zeros, subnormals, powers of ten and their neighbours,
    halves, the greatest, each with exponents at the ends, infinities, NaNs."""
    p = form.precision
    digits = (
        "0", "1", "2", "5", "10", "50", "99", "9" * p, "9" * (p - 1), "9" * (p - 1) + "5", "1".ljust(p, "0"),
        "1".ljust(p - 1, "0"), "1".ljust(p - 1, "0") + "1", "5".ljust(p, "0"), "49".ljust(p, "9"), "5" * p, "8" * p,
    )  # fmt: skip
    exponents = (0, -1, 1, form.bottom, form.bottom + 1, form.top, form.top - 1, -p, form.top - p + 1, form.bottom + p)
    numbers = [Datum("n", (n + m) % 2 == 1, d, e) for n, d in enumerate(digits) for m, e in enumerate(exponents)]
    special = [Datum(kind, minus, d, 0) for kind in "iqs" for minus in (False, True) for d in ("0", "123", "8" * p)]
    return numbers + special


def random_datum(form: Format, rng: Random) -> Datum:
    """Return any number; more often of middling exponents, and with runs of equal digits."""
    length = rng.choice((1, 2, form.precision // 2, form.precision - 1, form.precision, form.precision))
    digits = "".join(rng.choice("0123456789") for _ in range(length))
    if rng.random() < 0.4:
        digits = digits[: length // 2] + rng.choice("0459") * (length - length // 2)
    choice = rng.random()
    if choice < 0.6:
        exponent = rng.randint(-form.precision - 3, form.precision + 3)
    elif choice < 0.8:
        exponent = rng.choice((form.bottom, form.top)) + rng.randint(-3, 3)
    else:
        exponent = rng.randint(form.bottom, form.top)
    return Datum("n", rng.random() < 0.5, digits, min(max(exponent, form.bottom), form.top))


def image(form: Format, datum: Datum, rng: Random) -> int:
    """Return bits of a datum, sometimes such as are not canonical."""
    bits = write(form, datum)
    if rng.random() < 0.8:
        return bits
    if datum.kind != "n":
        bits |= rng.getrandbits(form.exponent_bits - 1) << 10 * form.declets
    for n in range(form.declets):
        digits = DIGITS[bits >> 10 * n & 1023]
        if digits in NONCANONICAL:
            bits |= rng.randrange(4) << 8 + 10 * n
    return bits


def data(form: Format, rng: Random) -> int:
    """Return a datum, often one where something may go wrong."""
    return image(form, rng.choice(hard(form)) if rng.random() < 0.5 else random_datum(form, rng), rng)


def random_fpc(rng: Random) -> int:
    """Return a rounding mode, some masks more often than not all zero, some flags."""
    masks = rng.choice((0, 0, rng.getrandbits(6) << 26))
    return masks | rng.choice((0, rng.getrandbits(6) << 18)) | rng.randrange(8) << 4


# --- cases ------------------------------------------------------------------------------------------------------------

PAIR = 2  # general registers
Recipe = Callable[[Random], Iterator[Case]]


def _state(rng: Random) -> State:
    state = first_state(rng)
    state.fpr = [rng.getrandbits(64) for _ in range(16)]
    state.fpc, state.cr0 = random_fpc(rng), AFP_CONTROL
    return state


def pair_of(form: Format, rng: Random) -> tuple[int, int]:
    """Return two data, often such that their sum has many more digits than the format."""
    a, b = data(form, rng), data(form, rng)
    if rng.random() < 0.3:
        x = random_datum(form, rng)
        exponent = x.exponent + rng.randint(-2 * form.precision - 3, form.precision)
        y = random_datum(form, rng)._replace(exponent=min(max(exponent, form.bottom), form.top))
        a, b = write(form, x), write(form, y)
    return a, b


def _arithmetic(name: str, operation: Callable, form: Format, sets_cc: bool, rng: Random) -> Iterator[Case]:
    while True:
        before, (a, b), m4 = _state(rng), pair_of(form, rng), rng.choice((0, 0, rng.randrange(16)))
        put(before, form, SECOND, a)
        put(before, form, THIRD, b)
        outcome = operation(before.fpc, form, a, b, m4)
        cc = cc_of(form, outcome.datum) if sets_cc and outcome.datum is not None else None
        line = f"{name} %f{FIRST},%f{SECOND},%f{THIRD}"
        line = line.replace(name, f"{name}a") + f",{m4}" if m4 else line
        yield ended(line, before, outcome, (form, FIRST), cc)


def _singles(
    name: str, operation: Callable, form: Format, source: Format, rng: Random, fields: str = ""
) -> Iterator[Case]:
    """One operand, and M3, M4 or both: the letters of `fields`."""
    while True:
        before, b = _state(rng), data(source, rng)
        masks = {"3": rng.choice((0, rng.randrange(16))), "4": rng.randrange(16)}
        put(before, source, SECOND, b)
        outcome = operation(
            before.fpc, form, *((source,) if source is not form else ()), b, *(masks[f] for f in fields)
        )
        first = f"{masks['3']}," if "3" in fields else ""
        line = f"{name} %f{FIRST},{first}%f{SECOND}" + (f",{masks['4']}" if "4" in fields else "")
        cc = cc_of(form, outcome.datum) if name[:2] == "lt" and outcome.datum is not None else None
        where = source if 0x10 <= outcome.dxc < 0x40 else form
        yield ended(line, before, outcome, (where, FIRST), cc)


def _compare(name: str, form: Format, rng: Random) -> Iterator[Case]:
    while True:
        before, (a, b) = _state(rng), pair_of(form, rng)
        b = a if rng.random() < 0.2 else b
        put(before, form, FIRST, a)
        put(before, form, SECOND, b)
        if name[1] == "e":
            cc: int | None = exact.compare_exponents(form, a, b)
            outcome = Outcome(0)
        else:
            cc, outcome = exact.compare(before.fpc, form, a, b, name[0] == "k")
        yield ended(f"{name} %f{FIRST},%f{SECOND}", before, outcome, None, cc)


def _test(name: str, place: Callable[[Format, int], int], form: Format, rng: Random) -> Iterator[Case]:
    while True:
        before, a = _state(rng), data(form, rng)
        put(before, form, FIRST, a)
        bit = 0x800 >> place(form, a)
        mask = rng.choice((bit, 0xFFF - bit, rng.getrandbits(12)))
        yield ended(f"{name} %f{FIRST},{mask:#x}", before, Outcome(0), None, int(mask & bit != 0))


def _extract(name: str, form: Format, rng: Random) -> Iterator[Case]:
    while True:
        before, b = _state(rng), data(form, rng)
        put(before, form, SECOND, b)
        after = before.copy()
        after.gr[GENERAL] = exact.extracted(form, b, name[1] == "s") & ALL
        yield Case(f"{name} %r{GENERAL},%f{SECOND}", before, after)


def _insert(name: str, form: Format, rng: Random) -> Iterator[Case]:
    while True:
        before, a = _state(rng), data(form, rng)
        exponent = rng.choice((0, form.most, form.most + 1, -1, -2, -3, -4, rng.randrange(form.most), 1 << 63))
        before.gr[GENERAL] = exponent & ALL
        put(before, form, THIRD, a)
        outcome = Outcome(exact.insert_exponent(form, exponent, a))
        yield ended(f"{name} %f{FIRST},%f{THIRD},%r{GENERAL}", before, outcome, (form, FIRST))


def _shift(name: str, form: Format, rng: Random) -> Iterator[Case]:
    while True:
        before, a, count = (
            _state(rng),
            data(form, rng),
            rng.choice((0, 1, rng.randrange(form.precision), rng.randrange(64))),
        )
        put(before, form, THIRD, a)
        outcome = Outcome(exact.shift_significand(form, a, count, name[1] == "l"))
        address = count + 64 * rng.randrange(64)
        yield ended(f"{name} %f{FIRST},%f{THIRD},{address}", before, outcome, (form, FIRST))


def _quantize(name: str, form: Format, rng: Random) -> Iterator[Case]:
    while True:
        before, (a, b), m4 = _state(rng), pair_of(form, rng), rng.choice((0, rng.randrange(16)))
        put(before, form, SECOND, a)
        put(before, form, THIRD, b)
        outcome = exact.quantize(before.fpc, form, a, b, m4)
        yield ended(f"{name} %f{FIRST},%f{THIRD},%f{SECOND},{m4}", before, outcome, (form, FIRST))


def _reround(name: str, form: Format, rng: Random) -> Iterator[Case]:
    while True:
        before, b, m4 = _state(rng), data(form, rng), rng.choice((0, rng.randrange(16)))
        significance = rng.choice((0, 1, rng.randrange(form.precision + 2), rng.randrange(64)))
        before.gr[GENERAL] = rng.getrandbits(58) << 6 | significance
        put(before, form, THIRD, b)
        outcome = exact.reround(before.fpc, form, significance, b, m4)
        yield ended(f"{name} %f{FIRST},%f{THIRD},%r{GENERAL},{m4}", before, outcome, (form, FIRST))


def near_limit(form: Format, size: str, rng: Random) -> int:
    """Return a datum around a limit of integers."""
    digits = f"{abs(rng.choice(limits(size)) * 10 + rng.randrange(-15, 16))}"[: form.precision + 1]
    return write(form, Datum("n", rng.random() < 0.5, digits, -1)) if len(digits) <= form.precision else data(form, rng)


def _to_integer(name: str, form: Format, size: str, rng: Random) -> Iterator[Case]:
    place = (low if SIZES[size][0] == 32 else gr)(GENERAL)
    while True:
        before, m3, m4 = _state(rng), rng.choice((0, rng.randrange(16))), rng.choice((0, 4, 0xB))
        b = near_limit(form, size, rng) if rng.random() < 0.4 else data(form, rng)
        put(before, form, SECOND, b)
        cc, outcome = exact.convert_to_integer(before.fpc, form, b, *limits(size), m3, bool(m4 & QUIET))
        line = f"{name} %r{GENERAL},{m3},%f{SECOND}"
        if m4 or size != "g":
            line = f"{name}{'a' if size == 'g' else ''} %r{GENERAL},{m3},%f{SECOND},{m4}"
        case = ended(line, before, outcome, None, cc)
        if outcome.datum is not None:
            place.put(case.after, outcome.datum)
        yield case


def _from_integer(name: str, form: Format, size: str, rng: Random) -> Iterator[Case]:
    place = place_of(size)
    while True:
        before, m3, m4 = _state(rng), rng.choice((0, rng.randrange(16))), rng.choice((0, 4, 0xB))
        tie = rng.randrange(1, 1 << 60) // 10**4 * 10**4 + rng.choice((0, 5, 50, 500, 499, 501, 5000))
        place.put(before, rng.choice((tie, -tie, place.draw(rng))))
        line = f"{name} %f{FIRST},%r{GENERAL}"
        if m3 or m4 or size != "g":
            line = f"{name}{'a' if size == 'g' else ''} %f{FIRST},{m3},%r{GENERAL},{m4}"
        outcome = exact.convert_from_integer(before.fpc, form, place.get(before), m3, bool(m4 & QUIET))
        yield ended(line, before, outcome, (form, FIRST))


def _to_packed(name: str, form: Format, signed: bool, rng: Random) -> Iterator[Case]:
    while True:
        before, b, m4 = _state(rng), data(form, rng), rng.randrange(16)
        put(before, form, SECOND, b)
        after = before.copy()
        codes = exact.to_packed(form, b, signed, "F" if m4 & 1 else "C")
        (pair(PAIR) if form is EXTENDED else gr(PAIR)).put(after, int(codes, 16))
        yield Case(f"{name} %r{PAIR},%f{SECOND}" + (f",{m4}" if signed else ""), before, after)


def _from_packed(name: str, form: Format, signed: bool, rng: Random) -> Iterator[Case]:
    while True:
        before = _state(rng)
        count = 32 if form is EXTENDED else 16
        codes = "".join(rng.choice("0123456789") for _ in range(rng.randrange(count))).rjust(count, "0")
        if signed:
            codes = codes[1:] + rng.choice("ABCDEF")
        if rng.random() < 0.2:
            place = rng.randrange(count)
            codes = codes[:place] + rng.choice("0123456789ABCDEF") + codes[place + 1 :]
        (pair(PAIR) if form is EXTENDED else gr(PAIR)).put(before, int(codes, 16))
        found = exact.from_packed(form, codes, signed)
        case = ended(f"{name} %f{FIRST},%r{PAIR}", before, Outcome(found), (form, FIRST))
        if found is None:
            case.after.fpc &= ~0xFF00
            case = case._replace(code=DATA)
        yield case


def _from_zoned(name: str, form: Format, rng: Random) -> Iterator[Case]:
    while True:
        before, m3, length = _state(rng), rng.randrange(16), rng.randrange(form.precision) + 1
        stored = bytearray(rng.choice((0x30, 0xF0)) | rng.randrange(10) for _ in range(length))
        if rng.random() < 0.8:
            stored[-1] = stored[-1] & 15 | rng.randrange(10, 16) << 4
        if rng.random() < 0.1:
            stored[rng.randrange(length)] = rng.getrandbits(8)
        before.window(ADDRESS, bytes(stored))
        found = exact.from_zoned(form, bytes(stored), m3)
        case = ended(f"{name} %f{FIRST},0({length},%r5),{m3}", before, Outcome(found), (form, FIRST))
        if found is None:
            case.after.fpc &= ~0xFF00
            case = case._replace(code=DATA)
        yield case


def _to_zoned(name: str, form: Format, rng: Random) -> Iterator[Case]:
    while True:
        before, m3, a = _state(rng), rng.randrange(16), data(form, rng)
        length = rng.randrange(form.precision) + 1
        before.window(ADDRESS, rng.randbytes(length))
        before.psw_mask |= rng.choice((0, DECIMAL_OVERFLOW_MASK))
        put(before, form, FIRST, a)
        cc, overflow, stored = exact.to_zoned(form, a, length, m3)
        case = ended(f"{name} %f{FIRST},0({length},%r5),{m3}", before, Outcome(0), None, cc)
        case.after.store(ADDRESS, stored)
        interrupted = overflow and before.psw_mask & DECIMAL_OVERFLOW_MASK
        yield case._replace(code=DECIMAL_OVERFLOW if interrupted else 0)


def _recipes() -> dict[str, Recipe]:
    found: dict[str, Recipe] = {}
    for letter in "dx":
        form = BY_LETTER[letter]
        found[f"a{letter}tr"] = partial(_arithmetic, f"a{letter}tr", exact.add, form, True)
        subtract = partial(exact.add, subtract=True)
        found[f"s{letter}tr"] = partial(_arithmetic, f"s{letter}tr", subtract, form, True)
        found[f"m{letter}tr"] = partial(_arithmetic, f"m{letter}tr", exact.multiply, form, False)
        found[f"d{letter}tr"] = partial(_arithmetic, f"d{letter}tr", exact.divide, form, False)
        found[f"lt{letter}tr"] = partial(_singles, f"lt{letter}tr", exact.load_and_test, form, form)
        found[f"fi{letter}tr"] = partial(_singles, f"fi{letter}tr", exact.load_fp_integer, form, form, fields="34")
        for name in (f"c{letter}tr", f"k{letter}tr", f"ce{letter}tr"):
            found[name] = partial(_compare, name, form)
        for name in (f"ee{letter}tr", f"es{letter}tr"):
            found[name] = partial(_extract, name, form)
        found[f"ie{letter}tr"] = partial(_insert, f"ie{letter}tr", form)
        for name in (f"sl{letter}t", f"sr{letter}t"):
            found[name] = partial(_shift, name, form)
        found[f"qa{letter}tr"] = partial(_quantize, f"qa{letter}tr", form)
        found[f"rr{letter}tr"] = partial(_reround, f"rr{letter}tr", form)
        for size in SIZES:
            found[f"c{size}{letter}tr"] = partial(_to_integer, f"c{size}{letter}tr", form, size)
            found[f"c{letter}{size}tr"] = partial(_from_integer, f"c{letter}{size}tr", form, size)
        for sign in "us":
            found[f"c{sign}{letter}tr"] = partial(_to_packed, f"c{sign}{letter}tr", form, sign == "s")
            found[f"c{letter}{sign}tr"] = partial(_from_packed, f"c{letter}{sign}tr", form, sign == "s")
        found[f"c{letter}zt"] = partial(_from_zoned, f"c{letter}zt", form)
        found[f"cz{letter}t"] = partial(_to_zoned, f"cz{letter}t", form)
    for form, letter in LETTER.items():
        found[f"tdc{letter}t"] = partial(_test, f"tdc{letter}t", exact.data_class, form)
        found[f"tdg{letter}t"] = partial(_test, f"tdg{letter}t", exact.data_group, form)
    for name, form, source in (("ldetr", LONG, SHORT), ("lxdtr", EXTENDED, LONG)):
        found[name] = partial(_singles, name, exact.load_lengthened, form, source, fields="4")
    for name, form, source in (("ledtr", SHORT, LONG), ("ldxtr", LONG, EXTENDED)):
        found[name] = partial(_singles, name, exact.load_rounded, form, source, fields="34")
    return found


RECIPES: dict[str, Recipe] = _recipes()

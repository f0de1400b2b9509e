"""Binary floating point, chapters 9 and 19 of the PoP: data, and cases of each instruction by exact arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any

from s390emu.architecture.interruptions import DATA
from s390emu.conformance.case import AFP_CONTROL, Case, State
from s390emu.conformance.twins import exact
from s390emu.conformance.twins.exact import EXTENDED, FIELDS, FLAG, LONG, MASK, MODES, SHORT, Format, Outcome, cc_of
from s390emu.conformance.twins.forms import ALL, LOW32, Place, first_state, gr, low

MASKS = (0, *MASK.values(), 0xF8000000)  # of the FPC register: none, each, all
LETTER = {SHORT: "e", LONG: "d", EXTENDED: "x"}
BY_LETTER = {letter: form for form, letter in LETTER.items()}


def hard(form: Format) -> list[int]:
    """Return data where something may go wrong: both signs of zeros, subnormals, powers of two and their neighbours,
    the greatest, infinity, NaNs."""
    f, one = form.fraction_bits, form.top << form.fraction_bits
    magnitudes = [
        0, 1, 2, 3, (1 << f) - 1, 1 << f, (1 << f) + 1, 1 << f - 1, 3 << f - 2, 2 << f,  # around the least normal
        one, one - 1, one + 1, one + (1 << f), one + (1 << f) + 1, one + (1 << f - 1), one + (3 << f - 2),
        one - (1 << f), one + (f << f), one + (f << f) + 1, one + (form.precision << f),
        one + ((form.precision + 1) << f) + 1,
        one - (form.precision << f), one - ((form.precision + 1) << f), one - (form.precision << f) + 1,
        form.greatest, form.greatest - 1, form.greatest - (1 << f) + 1, form.infinity, form.default,
        form.infinity + 1, form.default + 5, form.infinity + (1 << f - 2) + 3,
    ]  # fmt: skip
    return [form.signed(m, minus) for m in magnitudes for minus in (False, True)]


def random_datum(form: Format, rng: Random) -> int:
    """Return anything; more often of middling exponents, and with long runs of equal bits."""
    fraction = rng.getrandbits(form.fraction_bits)
    if rng.random() < 0.5:
        fraction = ((1 << rng.randrange(form.fraction_bits + 1)) - 1) ^ (1 << rng.randrange(form.fraction_bits))
        fraction &= (1 << form.fraction_bits) - 1
    choice = rng.random()
    if choice < 0.6:
        exponent = form.top + rng.randint(-form.precision - 3, form.precision + 3)
    elif choice < 0.8:
        exponent = rng.choice((0, 1, 2, 2 * form.top, 2 * form.top - 1))
    else:
        exponent = rng.getrandbits(form.exponent_bits)
    exponent = min(max(exponent, 0), 2 * form.top + 1)
    return form.signed(exponent << form.fraction_bits | fraction, rng.getrandbits(1))


def random_fpc(rng: Random) -> int:
    """Return a rounding mode, some masks more often than not all zero, some flags."""
    masks = rng.choice((0, 0, rng.getrandbits(5) << 27))
    return masks | rng.choice((0, rng.getrandbits(5) << 19)) | rng.choice(tuple(MODES))


def fpc_after(fpc: int, outcome: Outcome) -> int:
    """Return the FPC register after an operation."""
    for flag in outcome.flags:
        fpc |= FLAG[flag]
    return fpc & ~0xFF00 | outcome.dxc << 8 if outcome.dxc else fpc


def put_into(registers: list[int], form: Any, r: int, datum: int) -> list[int]:
    """Return register contents after a datum was put there. form: its Format, binary or decimal."""
    registers = list(registers)
    if form.bits == EXTENDED.bits:
        registers[r], registers[r + 2] = datum >> 64, datum & (1 << 64) - 1
    elif form.bits == LONG.bits:
        registers[r] = datum
    else:
        registers[r] = datum << 32 | registers[r] & 0xFFFFFFFF
    return registers


# --- cases ------------------------------------------------------------------------------------------------------------

FIRST, SECOND, THIRD = 1, 4, 8  # registers, of pairs where need be
GENERAL = 3
STORED = 0x38105  # an operand in storage
QUIET = 4  # bit of M4: no IEEE-inexact exception
SIZES = {"f": (32, True), "g": (64, True), "lf": (32, False), "lg": (64, False)}  # bits, signed
Recipe = Callable[[Random], Iterator[Case]]


def limits(size: str) -> tuple[int, int]:
    """Return the least and the greatest integer of a size."""
    bits, signed = SIZES[size]
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)


def place_of(size: str) -> Place:
    """Return where an integer of a size is."""
    bits, signed = SIZES[size]
    place = (low if bits == 32 else gr)(GENERAL)
    return place if signed else place.unsigned


def datum(form: Format, rng: Random) -> int:
    """Return a datum, often one where something may go wrong."""
    return rng.choice(hard(form)) if rng.random() < 0.6 else random_datum(form, rng)


def _state(rng: Random) -> State:
    state = first_state(rng, STORED)
    state.fpr = [rng.getrandbits(64) for _ in range(16)]
    state.fpc, state.cr0 = random_fpc(rng), AFP_CONTROL
    return state


def put(state: State, form: Any, r: int, value: int) -> None:
    """Put a datum into a register or pair."""
    state.fpr = put_into(state.fpr, form, r, value)


def _second(state: State, form: Format, value: int, stored: bool) -> str:
    """Put the second operand into register or storage; return it for the line."""
    if stored:
        state.window(STORED - 8, bytes(8) + value.to_bytes(form.bits // 8, "big") + bytes(8))
        return "0(%r5)"
    put(state, form, SECOND, value)
    return f"%f{SECOND}"


def ended(line: str, before: State, outcome: Outcome, where: tuple[Any, int] | None = None,
          cc: int | None = None) -> Case:  # fmt: skip
    """Return the case with this outcome. where: format and register of its datum; cc: unless it is suppressed."""
    after = before.copy()
    after.fpc = fpc_after(before.fpc, outcome)
    if outcome.datum is not None:
        if where:
            put(after, *where, outcome.datum)
        if cc is not None:
            after.cc = cc
    return Case(line, before, after, DATA if outcome.dxc else 0, outcome.dxc)


def _arithmetic(name: str, operation: Callable, form: Format, source: Format, sets_cc: bool, rng: Random,
                one: bool = False) -> Iterator[Case]:  # fmt: skip
    """Two operands, or one of which the first is the result only."""
    stored = not name.endswith("r")
    while True:
        before = _state(rng)
        a, b = datum(source, rng), datum(source, rng)
        if not one:
            put(before, source, FIRST, a)
        second = _second(before, source, b, stored)
        outcome = operation(before.fpc, b) if one else operation(before.fpc, a, b)
        cc = cc_of(form, outcome.datum) if sets_cc and outcome.datum is not None else None
        yield ended(f"{name} %f{FIRST},{second}", before, outcome, (form, FIRST), cc)


def _multiply_and_add(name: str, form: Format, rng: Random) -> Iterator[Case]:
    while True:
        before = _state(rng)
        a, b, c = (datum(form, rng) for _ in "123")
        if rng.random() < 0.3:  # a small sum
            c = exact.divide(0, form, a, b).datum ^ rng.choice((0, 0, 1, form.sign))
        put(before, form, FIRST, a)
        put(before, form, THIRD, c)
        second = _second(before, form, b, not name.endswith("r"))
        outcome = exact.multiply_and_add(before.fpc, form, a, b, c, name[1] == "s")
        yield ended(f"{name} %f{FIRST},%f{THIRD},{second}", before, outcome, (form, FIRST))


def _compare(name: str, form: Format, rng: Random) -> Iterator[Case]:
    while True:
        before = _state(rng)
        a, b = datum(form, rng), datum(form, rng)
        b = a if rng.random() < 0.2 else b
        put(before, form, FIRST, a)
        second = _second(before, form, b, not name.endswith("r"))
        cc, outcome = exact.compare(before.fpc, form, a, b, name[0] == "k")
        yield ended(f"{name} %f{FIRST},{second}", before, outcome, None, cc)


def _signs(name: str, form: Format, rng: Random) -> Iterator[Case]:
    """LOAD COMPLEMENT, NEGATIVE, POSITIVE: no exception, whatever the datum."""
    while True:
        before, b = _state(rng), datum(form, rng)
        result = {"c": b ^ form.sign, "n": b | form.sign, "p": b & ~form.sign}[name[1]]
        second = _second(before, form, b, False)
        yield ended(f"{name} %f{FIRST},{second}", before, Outcome(result), (form, FIRST), cc_of(form, result))


def _methods(rng: Random) -> tuple[int, int]:
    """M3, M4."""
    return rng.choice((0, 0, *FIELDS)), rng.choice((0, 0, 4, 0xB))


def _load_rounded(name: str, form: Format, source: Format, rng: Random) -> Iterator[Case]:
    """A trapped overflow or underflow leaves a result of the source's format."""
    while True:
        before, b, (m3, m4) = _state(rng), datum(source, rng), _methods(rng)
        if rng.random() < 0.3:
            base = exact.load_lengthened(0, form, source, rng.choice(hard(form))).datum
            half = 1 << source.fraction_bits - form.fraction_bits - 1
            b = max(0, base + rng.choice((0, half, -half, half + 1, half - 1, 1, -1, 3 * half)))
        second = _second(before, source, b, False)
        outcome = exact.load_rounded(before.fpc, source, form, b, m3, bool(m4 & QUIET))
        where = source if 0x10 <= outcome.dxc < 0x40 else form
        line = f"{name}a %f{FIRST},{m3},{second},{m4}" if m3 or m4 else f"{name} %f{FIRST},{second}"
        yield ended(line, before, outcome, (where, FIRST))


def _load_integer(name: str, form: Format, rng: Random) -> Iterator[Case]:
    while True:
        before, b, (m3, m4) = _state(rng), datum(form, rng), _methods(rng)
        second = _second(before, form, b, False)
        outcome = exact.load_fp_integer(before.fpc, form, b, m3, bool(m4 & QUIET))
        line = f"{name}a %f{FIRST},{m3},{second},{m4}" if m4 else f"{name} %f{FIRST},{m3},{second}"
        yield ended(line, before, outcome, (form, FIRST))


def near_limit(form: Format, size: str, rng: Random) -> int:
    """Return a datum around a limit of integers."""
    value = rng.choice(limits(size)) + exact.Fraction(rng.randrange(-9, 10), 4)
    return exact.deliver(0, form, value, "zero").datum + rng.randrange(2) if value else 0


def _to_integer(name: str, form: Format, size: str, rng: Random) -> Iterator[Case]:
    place = (low if SIZES[size][0] == 32 else gr)(GENERAL)
    while True:
        before, (m3, m4) = _state(rng), _methods(rng)
        b = near_limit(form, size, rng) if rng.random() < 0.4 else datum(form, rng)
        second = _second(before, form, b, False)
        cc, outcome = exact.convert_to_integer(before.fpc, form, b, *limits(size), m3, bool(m4 & QUIET))
        line = f"{name} %r{GENERAL},{m3},{second}"
        if m4 or size[0] == "l":
            line = f"{name}{'' if size[0] == 'l' else 'a'} %r{GENERAL},{m3},{second},{m4}"
        case = ended(line, before, outcome, None, cc)
        if outcome.datum is not None:
            place.put(case.after, outcome.datum)
        yield case


def _from_integer(name: str, form: Format, size: str, rng: Random) -> Iterator[Case]:
    place = place_of(size)
    while True:
        before, (m3, m4) = _state(rng), _methods(rng)
        tie = (1 << rng.choice((24, 25, 26, 31, 53, 54, 55, 62, 63))) + rng.randrange(-3, 4)
        place.put(before, rng.choice((tie, -tie, place.draw(rng))))
        value = place.get(before)
        line = f"{name} %f{FIRST},%r{GENERAL}"
        if m3 or m4 or size[0] == "l":
            line = f"{name}{'' if size[0] == 'l' else 'a'} %f{FIRST},{m3},%r{GENERAL},{m4}"
        outcome = exact.convert_from_integer(before.fpc, form, value, m3, bool(m4 & QUIET))
        yield ended(line, before, outcome, (form, FIRST))


def _data_class(name: str, form: Format, rng: Random) -> Iterator[Case]:
    while True:
        before, a = _state(rng), datum(form, rng)
        put(before, form, FIRST, a)
        bit = 0x800 >> exact.data_class(form, a)
        mask = rng.choice((bit, 0xFFF - bit, rng.getrandbits(12)))
        yield ended(f"{name} %f{FIRST},{mask:#x}", before, Outcome(0), None, int(mask & bit != 0))


def _divide_to_integer(name: str, form: Format, rng: Random) -> Iterator[Case]:
    while True:
        before, a, b, m4 = _state(rng), datum(form, rng), datum(form, rng), rng.choice((0, *FIELDS))
        put(before, form, FIRST, a)
        second = _second(before, form, b, False)
        cc, outcome, quotient = exact.divide_to_integer(before.fpc, form, a, b, m4)
        case = ended(f"{name} %f{FIRST},%f{THIRD},{second},{m4}", before, outcome, (form, FIRST), cc)
        if outcome.datum is not None and quotient is not None:
            put(case.after, form, THIRD, quotient)
        yield case


def _recipes() -> dict[str, Recipe]:
    found: dict[str, Recipe] = {}

    def both(name: str, operation: Callable, form: Format, source: Format, cc: bool = False, one: bool = False) -> None:
        """The form with registers, and the one with storage if the operand is no extended one."""
        for each in (name + "r", name) if source is not EXTENDED else (name + "r",):
            found[each] = partial(_arithmetic, each, operation, form, source, cc, one=one)

    for letter, form in BY_LETTER.items():
        both(f"a{letter}b", partial(_add, form, False), form, form, cc=True)
        both(f"s{letter}b", partial(_add, form, True), form, form, cc=True)
        both(f"d{letter}b", partial(_with, exact.divide, form), form, form)
        both(f"{'mee' if letter == 'e' else 'm' + letter}b", partial(_with, exact.multiply, form), form, form)
        both(f"sq{letter}b", partial(_with, exact.square_root, form), form, form, one=True)
        found[f"lt{letter}br"] = partial(
            _arithmetic, f"lt{letter}br", partial(_with, exact.load_and_test, form), form, form, True, one=True
        )
        for name in (f"c{letter}br", f"k{letter}br", *((f"c{letter}b", f"k{letter}b") if letter != "x" else ())):
            found[name] = partial(_compare, name, form)
        for sign in "cnp":
            found[f"l{sign}{letter}br"] = partial(_signs, f"l{sign}{letter}br", form)
        found[f"fi{letter}br"] = partial(_load_integer, f"fi{letter}br", form)
        found[f"tc{letter}b"] = partial(_data_class, f"tc{letter}b", form)
        for size in SIZES:
            found[f"c{size}{letter}br"] = partial(_to_integer, f"c{size}{letter}br", form, size)
            found[f"c{letter}{size}br"] = partial(_from_integer, f"c{letter}{size}br", form, size)
    for letter, form in (("e", SHORT), ("d", LONG)):
        found[f"di{letter}br"] = partial(_divide_to_integer, f"di{letter}br", form)
        for name in (f"ma{letter}b", f"ms{letter}b", f"ma{letter}br", f"ms{letter}br"):
            found[name] = partial(_multiply_and_add, name, form)
    both("mdeb", partial(_widened, LONG, SHORT), LONG, SHORT)
    both("mxdb", partial(_widened, EXTENDED, LONG), EXTENDED, LONG)
    for letters in ("de", "xd", "xe"):
        form, source = (BY_LETTER[letter] for letter in letters)
        both(f"l{letters}b", partial(_lengthened, source, form), form, source, one=True)
        found[f"l{letters[::-1]}br"] = partial(_load_rounded, f"l{letters[::-1]}br", source, form)
    return found


def _add(form: Format, subtract: bool, fpc: int, a: int, b: int) -> Outcome:
    return exact.add(fpc, form, a, b, subtract)


def _with(operation: Callable, form: Format, fpc: int, *data: int) -> Outcome:
    return operation(fpc, form, *data)


def _widened(form: Format, source: Format, fpc: int, a: int, b: int) -> Outcome:
    return exact.multiply(fpc, form, a, b, source)


def _lengthened(source: Format, form: Format, fpc: int, b: int) -> Outcome:
    return exact.load_lengthened(fpc, source, form, b)


# --- chapter 9 --------------------------------------------------------------------------------------------------------


def _move(name: str, rng: Random) -> Iterator[Case]:
    """Registers moved as they are, with their sign changed, or stored; the FPC register is not looked at."""
    while True:
        before = _state(rng)
        if name in ("ld", "ldy", "le", "ley", "std", "stdy", "ste", "stey"):
            before.window(STORED - 4, rng.randbytes(16))
        after, f = before.copy(), before.fpr
        sign, line = 1 << 63, f"{name} %f{FIRST},%f{SECOND}"
        match name:
            case "ldr":
                after.fpr[FIRST] = f[SECOND]
            case "ler":
                after.fpr[FIRST] = f[SECOND] & ALL - LOW32 | f[FIRST] & LOW32
            case "lxr":
                after.fpr[FIRST], after.fpr[FIRST + 2] = f[SECOND], f[SECOND + 2]
            case "lpdfr" | "lndfr" | "lcdfr":
                rest = f[SECOND] & ~sign
                after.fpr[FIRST] = {"p": rest, "n": rest | sign, "c": f[SECOND] ^ sign}[name[1]]
            case "cpsdr":  # the sign of the third operand
                line = f"cpsdr %f{FIRST},%f{THIRD},%f{SECOND}"
                after.fpr[FIRST] = f[SECOND] & ~sign | f[THIRD] & sign
            case "lzdr" | "lzer" | "lzxr":
                line = f"{name} %f{FIRST}"
                after.fpr[FIRST] = f[FIRST] & LOW32 if name == "lzer" else 0
                if name == "lzxr":
                    after.fpr[FIRST + 2] = 0
            case "ldgr":
                line = f"ldgr %f{FIRST},%r{GENERAL}"
                after.fpr[FIRST] = before.gr[GENERAL]
            case "lgdr":
                line = f"lgdr %r{GENERAL},%f{SECOND}"
                after.gr[GENERAL] = f[SECOND]
            case "ld" | "ldy" | "le" | "ley":
                line, size = f"{name} %f{FIRST},0(%r5)", 8 if name[1] == "d" else 4
                loaded = int.from_bytes(before.load(STORED, size), "big")
                after.fpr[FIRST] = loaded if size == 8 else loaded << 32 | f[FIRST] & LOW32
            case _:
                line, size = f"{name} %f{FIRST},0(%r5)", 8 if name[2] == "d" else 4
                after.store(STORED, f[FIRST].to_bytes(8, "big")[:size])
        yield Case(line, before, after)


MOVES = (
    "ldr", "ler", "lxr", "lpdfr", "lndfr", "lcdfr", "cpsdr", "lzdr", "lzer", "lzxr", "ldgr", "lgdr", "ld", "ldy", "le",
    "ley", "std", "stdy", "ste", "stey",
)  # fmt: skip
RECIPES: dict[str, Recipe] = _recipes() | {name: partial(_move, name) for name in MOVES}

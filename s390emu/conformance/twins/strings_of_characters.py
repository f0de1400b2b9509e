"""Strings of characters: translation, conversion of Unicode by Python's codecs, characters of two bytes: PoP ch. 7."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from random import Random
from typing import NamedTuple

from s390emu.conformance.case import Case, State

CODECS = {"1": "utf-8", "2": "utf-16-be", "4": "utf-32-be"}
CONVERSIONS = ("cu12", "cu14", "cu21", "cu24", "cu41", "cu42")
TEXT = "a\x00\x7f\x80\xff\u07ff\u0800\u0fff\ud7ff\ue000\uffff\U00010000\U0010ffff\u20ac\U0001f600"


class Ended(NamedTuple):
    """Where a conversion ends: the condition code, what it made, and how many bytes it took."""

    cc: int
    made: bytes
    taken: int


def utf8_length(lead: int, checked: bool) -> int:
    """Return how many bytes a character has by its first one; 0: that is none."""
    if checked and (lead in (0xC0, 0xC1) or lead > 0xF4):
        return 0
    ranges = ((0x80, 1), (0xC0, 0), (0xE0, 2), (0xF0, 3), (0xF8, 4), (0x100, 0))
    return next(length for end, length in ranges if lead < end)


def decoded(data: bytes, form: str, checked: bool) -> int | tuple[int, int]:
    """Return the first character as (number, bytes), or the condition code 0 or 2."""
    if form == "1":
        if not data:
            return 0
        length = utf8_length(data[0], checked)
        if length == 0:
            return 2
        if len(data) < length:
            return 0
        if checked:
            try:
                return ord(data[:length].decode("utf-8")), length
            except UnicodeDecodeError:
                return 2
        bits = f"{data[0]:08b}"[length + 1 if length > 1 else 1 :] + "".join(f"{b:08b}"[2:] for b in data[1:length])
        return int(bits, 2), length
    if form == "2":
        if len(data) < 2 or (0xD8 <= data[0] <= 0xDB and len(data) < 4):
            return 0
        if not 0xD8 <= data[0] <= 0xDB:
            return int.from_bytes(data[:2], "big"), 2
        if checked and not 0xDC <= data[2] <= 0xDF:
            return 2
        bits = f"{int.from_bytes(data[:4], 'big'):032b}"
        return 0x10000 + int(bits[6:16] + bits[22:], 2), 4
    if len(data) < 4:
        return 0
    number = int.from_bytes(data[:4], "big")
    return 2 if 0xD800 <= number <= 0xDBFF or number > 0x10FFFF else (number, 4)


def encoded(number: int, form: str) -> bytes:
    """Return a character in UTF-8, UTF-16 or UTF-32."""
    if form == "2" and number > 0x10FFFF:  # only without a check: four bits of the plane minus one are kept
        number = 0x10000 + (number - 0x10000) % 0x100000
    if form == "1" or number <= 0x10FFFF:
        return chr(number).encode(CODECS[form], "surrogatepass")
    return number.to_bytes(4, "big")


def converted(name: str, source: bytes, room: int, checked: bool) -> Ended:
    """PoP ch. 7 CONVERT UTF-8 TO UTF-16 and its kin, by their short names."""
    made, taken = b"", 0
    while True:
        found = decoded(source[taken:], name[2], checked or name[2] == "4")
        if isinstance(found, int):
            return Ended(found, made, taken)
        more = encoded(found[0], name[3])
        if len(made) + len(more) > room:
            return Ended(1, made, taken)
        made += more
        taken += found[1]


def translated_until(data: bytes, table: bytes, test: int) -> bytes:
    """PoP ch. 7 TRANSLATE EXTENDED: up to the test byte."""
    end = data.find(bytes([test]))
    return data.translate(table) if end < 0 else data[:end].translate(table) + data[end:]


def characters(data: bytes, size: int) -> list[int]:
    """Return characters of so many bytes as numbers."""
    return [int.from_bytes(data[n : n + size], "big") for n in range(0, len(data), size)]


def joined(numbers: Iterable[int], size: int) -> bytes:
    """Return characters of so many bytes."""
    return b"".join(n.to_bytes(size, "big") for n in numbers)


def translated(data: bytes, table: list[int], sizes: tuple[int, int], test: int | None) -> tuple[int, bytes, int]:
    """PoP ch. 7 TRANSLATE ONE TO ONE and its kin: the condition code, what is stored, bytes of the source translated.
    sizes: bytes of an argument, of a function; test: the test character, None if it is not looked for."""
    arguments, functions = sizes
    made: list[int] = []
    for n, argument in enumerate(characters(data, arguments)):
        if table[argument] == test:
            return 1, joined(made, functions), n * arguments
        made.append(table[argument])
    return 0, joined(made, functions), len(data)


# --- cases ------------------------------------------------------------------------------------------------------------

FIRST, SECOND, TABLE = 0x41100, 0x45200, 0x48000
SIZES = {"troo": (1, 1), "trot": (1, 2), "trto": (2, 1), "trtt": (2, 2)}  # bytes of an argument, of a function
PAD = 0x3000


def _state(rng: Random, first_length: int, second_length: int, where: int = FIRST) -> State:
    """Return registers 2 to 5 that designate operands."""
    before = State(gr=[rng.getrandbits(64) for _ in range(16)])
    before.cc = rng.randrange(4)
    before.gr[2:6] = [where, first_length, SECOND, second_length]
    return before


def _conversions(name: str, rng: Random) -> Iterator[Case]:
    codec = CODECS[name[2]]
    while True:
        source = bytearray("".join(rng.choices(TEXT, k=rng.choice((0, 1, 2, 10)))).encode(codec))
        if source and rng.random() < 0.4:
            source[rng.randrange(len(source))] = rng.choice((0xD8, 0xDC, 0xE0, 0x80, 0xC1, 0xF4, rng.randrange(256)))
        source = source[: rng.choice((len(source), len(source), rng.randint(0, len(source))))]
        room, checked = rng.choice((64, 64, rng.randrange(20))), name[2] != "4" and rng.random() < 0.5
        before = _state(rng, room, len(source))
        before.window(FIRST, rng.randbytes(72))
        before.window(SECOND, bytes(source) + b"ab")
        result, after = converted(name, bytes(source), room, checked), before.copy()
        after.cc = result.cc
        after.store(FIRST, result.made)
        made, taken = len(result.made), result.taken
        after.gr[2:6] = [FIRST + made, room - made, SECOND + taken, len(source) - taken]
        yield Case(f"{name} %r2,%r4{',1' if checked else ''}", before, after, repeated=True)


def _translations(name: str, rng: Random) -> Iterator[Case]:
    """Of 64K arguments of two bytes the first 256 only, for which there is a table."""
    arguments, functions = SIZES[name]
    while True:
        table = [rng.getrandbits(8 * functions) for _ in range(256)]
        count, test = rng.choice((1, 2, 5, rng.randrange(1, 100))), rng.choice(table)
        length = count * arguments
        before, ignored = _state(rng, length, 0), rng.random() < 0.4
        before.gr[0], before.gr[1] = before.gr[0] >> 16 << 16 | test, TABLE
        source = joined((rng.randrange(256) for _ in range(count)), arguments)
        before.window(FIRST, rng.randbytes(functions * count + 8))
        before.window(SECOND, source)
        before.window(TABLE, joined(table, functions))
        after = before.copy()
        after.cc, stored, taken = translated(source, table, SIZES[name], None if ignored else test)
        after.store(FIRST, stored)
        after.gr[2:5] = [FIRST + len(stored), length - taken, SECOND + taken]
        yield Case(f"{name} %r2,%r4{',1' if ignored else ''}", before, after, repeated=True)


def _translate_extended(rng: Random) -> Iterator[Case]:
    while True:
        table, test = rng.randbytes(256), rng.randrange(256)
        data = bytes(rng.choices([*range(256), *[test] * rng.choice((0, 0, 20))], k=rng.choice((0, 1, 5, 100))))
        before = _state(rng, len(data), 0)
        before.gr[0], before.gr[4] = before.gr[0] & ~0xFF | test, TABLE
        before.window(FIRST, data + rng.randbytes(4))
        before.window(TABLE, table)
        after = before.copy()
        end = data.find(bytes([test]))
        passed = len(data) if end < 0 else end
        after.store(FIRST, translated_until(data, table, test))
        after.gr[2:4] = [FIRST + passed, len(data) - passed]
        after.cc = 0 if end < 0 else 1
        yield Case("tre %r2,%r4", before, after, repeated=True)


def _searches(rng: Random) -> Iterator[Case]:
    while True:
        text, wanted = [rng.choice((0x61, 0x6100, 0x6161)) for _ in range(rng.choice((0, 1, 5, 50)))], 0x6162
        if text and rng.random() < 0.5:
            text[rng.randrange(len(text))] = wanted
        before = _state(rng, 0, 0)
        end = SECOND + 2 * len(text)
        before.gr[0], before.gr[2] = wanted, end
        before.window(SECOND, joined(text, 2) + bytes(2))
        after = before.copy()
        after.cc = 1 if wanted in text else 2
        if wanted in text:
            after.gr[2] = SECOND + 2 * text.index(wanted)
        yield Case("srstu %r2,%r4", before, after, repeated=True)


def _moves(rng: Random) -> Iterator[Case]:
    while True:
        count, other = (rng.choice((0, 1, 5, rng.randrange(60))) for _ in "12")
        text = [rng.getrandbits(16) for _ in range(other)]
        before = _state(rng, 2 * count, 2 * other)
        before.gr[6] = before.gr[6] >> 16 << 16 | PAD
        before.window(FIRST, rng.randbytes(2 * count + 4))
        before.window(SECOND, joined(text, 2))
        after, moved = before.copy(), min(count, other)
        after.store(FIRST, joined((text[:count] + [PAD] * count)[:count], 2))
        after.gr[2:6] = [FIRST + 2 * count, 0, SECOND + 2 * moved, 2 * (other - moved)]
        after.cc = 0 if count == other else 1 if count < other else 2
        yield Case("mvclu %r2,%r4,0(%r6)", before, after, repeated=True)


def _comparisons(rng: Random) -> Iterator[Case]:
    while True:
        count, other = (rng.choice((0, 1, 5, rng.randrange(60))) for _ in "12")
        text = [rng.choice((0x4142, 0x4142, PAD)) for _ in range(min(count, other))]
        left, right = ((text + [PAD] * length)[:length] for length in (count, other))
        if right and rng.random() < 0.6:
            right[rng.randrange(other)] = rng.choice((0, 1, 0xFFFF, 0x4143))
        before = _state(rng, 2 * count, 2 * other)
        before.gr[6] = before.gr[6] >> 16 << 16 | PAD
        before.window(FIRST, joined(left, 2) + bytes(2))
        before.window(SECOND, joined(right, 2) + bytes(2))
        longer, n = max(count, other), 0
        one, two = ([*data, *[PAD] * longer][:longer] for data in (left, right))
        while n < longer and one[n] == two[n]:
            n += 1
        after = before.copy()
        after.cc = 0 if n == longer else 1 if one[n] < two[n] else 2
        passed = min(n, count), min(n, other)
        after.gr[2:6] = [FIRST + 2 * passed[0], 2 * (count - passed[0]), SECOND + 2 * passed[1],
                         2 * (other - passed[1])]  # fmt: skip
        yield Case("clclu %r2,%r4,0(%r6)", before, after, repeated=True)


RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {
    **{name: partial(_conversions, name) for name in CONVERSIONS},
    **{name: partial(_translations, name) for name in SIZES},
    "tre": _translate_extended, "srstu": _searches, "mvclu": _moves, "clclu": _comparisons,
}  # fmt: skip

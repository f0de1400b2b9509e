"""Ways to spoil a file: each takes what is there and a Random, and gives something near it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Sequence
from random import Random

Mutation = Callable[[bytes, Random, Sequence[bytes]], bytes]  # content, chance, other files of the kind

NUMBERS = (
    b"0", b"-1", b"1", b"255", b"256", b"4095", b"4096", b"65536", b"2147483648", b"4294967295", b"9223372036854775807",
    b"9223372036854775808", b"18446744073709551615", b"18446744073709551616", b"1" + b"0" * 30, b"9" * 400,
    b"7" * 5000, b"0x" + b"f" * 5000, b"1e999", b"-1e999", b"1.5", b"nan", b"0b1", b"08", b"1_000", b"0x",
)  # fmt: skip
WORDS = (
    b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\x0b", b"\x0c", b"\x1c", b"\xc2\x85",
    b"\xe2\x80\xa8", b"\t", b'"', b"'", b"\\", b"%", b"%r1", b"%r99", b"(", b")", b"((((((((", b",", b":", b";", b"#",
    b"/*", b"*/", b".", b"1b", b"1f", b"-", b"~", b"<<", b">>", b"@", b"\\@", b"=", b"[", b"]", b"{", b"}",
    b"\xd9\xa3", b"\xc2\xb2", b"\xe0\xa5\xa7", b"\xf0\x9f\x98\x80", b"{}{0}%s",
)  # fmt: skip
EDGES = (0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFF1, 0xFFF2, 0xFFFF, 1 << 20, 1 << 28, (1 << 31) - 1,
         1 << 31, (1 << 32) - 1, 1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)  # fmt: skip
_NUMBER = re.compile(rb"0[xX][0-9a-fA-F]+|\d+")
_WORD = re.compile(rb"[\w.$%]+")


def flip_bits(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    spoilt = bytearray(data or b"\0")
    for _ in range(chance.choice((1, 1, 2, 8))):
        spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def change_bytes(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    spoilt = bytearray(data or b"\0")
    for _ in range(chance.choice((1, 2, 5))):
        spoilt[chance.randrange(len(spoilt))] = chance.choice((0, 0xFF, chance.randrange(256)))
    return bytes(spoilt)


def truncate(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def cut_out(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + data[at + chance.choice((1, 2, 8, 64, 1000)) :]


def splice(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    """The beginning of one file and the end of another."""
    other = chance.choice(others)
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


def insert(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(WORDS) * chance.choice((1, 1, 1, 2, 300)) + data[at:]


def repeat_a_part(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    at = chance.randrange(len(data) + 1)
    part = data[at : at + chance.choice((1, 4, 40, 400))]
    return data[:at] + part * chance.choice((2, 3, 100)) + data[at:]


def _lines(data: bytes, chance: Random) -> tuple[list[bytes], int]:
    lines = data.splitlines(keepends=True) or [b"\n"]
    return lines, chance.randrange(len(lines))


def remove_line(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    lines, at = _lines(data, chance)
    return b"".join(lines[:at] + lines[at + chance.choice((1, 1, 3)) :])


def repeat_line(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    lines, at = _lines(data, chance)
    return b"".join(lines[:at] + [lines[at]] * chance.choice((2, 2, 50)) + lines[at + 1 :])


def move_line(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    lines, at = _lines(data, chance)
    line = lines.pop(at)
    lines.insert(chance.randrange(len(lines) + 1), line)
    return b"".join(lines)


def take_line(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    """A line of another file."""
    lines, at = _lines(data, chance)
    lines.insert(at, chance.choice(chance.choice(others).splitlines(keepends=True) or [b"\n"]))
    return b"".join(lines)


def change_number(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return insert(data, chance, others)
    one = chance.choice(found)
    return data[: one.start()] + chance.choice(NUMBERS) + data[one.end() :]


def change_word(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    """A word of the same file, or of another, in the place of one."""
    found = list(_WORD.finditer(data))
    words = _WORD.findall(data) + _WORD.findall(chance.choice(others))
    if not found:
        return insert(data, chance, others)
    one = chance.choice(found)
    return data[: one.start()] + chance.choice(words) + data[one.end() :]


def nothing(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    """As it is, or rubbish."""
    return chance.choice((data, b"", chance.randbytes(chance.randrange(300))))


OF_BYTES: tuple[Mutation, ...] = (flip_bits, change_bytes, truncate, cut_out, splice, insert, repeat_a_part, nothing)
OF_TEXT: tuple[Mutation, ...] = (
    *OF_BYTES, remove_line, repeat_line, move_line, take_line, take_line, change_number, change_number, change_word,
    change_word,
)  # fmt: skip


# Values of JSON -------------------------------------------------------------------------------------------------------

VALUES = (
    None, True, False, 0, 1, -1, 255, 4096, 1 << 31, 1 << 40, 1 << 63, 1 << 64, 10**30, 10**400, 0.5, 3.0, -0.0, 1e308,
    float("inf"), float("nan"), "", "x", "0", "\ud800", "\0", "/etc/passwd", "..", "é" * 40, [], [[]], [1, 2, 3], {},
    {"a": 1}, [None], {"": {}},
)  # fmt: skip


def _places(value, at=()):
    """Every place in a value, as the way to it."""
    yield at
    if isinstance(value, dict):
        for key in value:
            yield from _places(value[key], (*at, key))
    elif isinstance(value, list):
        for key in range(min(len(value), 40)):
            yield from _places(value[key], (*at, key))


def _changed(value, chance: Random):
    """Another value of the same type, or of any."""
    if isinstance(value, bool) or chance.random() < 0.5:
        return chance.choice(VALUES)
    if isinstance(value, int):
        others = (value + 1, value * 4096, value << 60, value % 1000 * 1.0, hex(value))
        return chance.choice((-(value % (1 << 64)), *others))
    if isinstance(value, str):
        return chance.choice((value + "x", value[:-1], value * 50, value.upper(), list(value), "\udcff" + value))
    if isinstance(value, list):
        return chance.choice((value * 2, value[:-1], value[::-1], dict(enumerate(value)), [value]))
    if isinstance(value, dict):
        return chance.choice((list(value), list(value.items()), {**value, "more": 1}))
    return [value]


def change_value(value, chance: Random):
    """One place of a JSON value changed, removed, or copied to another."""
    places = [place for place in _places(value) if place]
    if not places:
        return chance.choice(VALUES)
    place = chance.choice(places)
    parent = value
    for key in place[:-1]:
        parent = parent[key]
    how = chance.random()
    if how < 0.15:
        del parent[place[-1]]
    elif how < 0.25:
        source = value
        for key in chance.choice(places):
            source = source[key]
        parent[place[-1]] = json.loads(json.dumps(source))
    else:
        parent[place[-1]] = _changed(parent[place[-1]], chance)
    return value


def of_json(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    try:
        value = json.loads(data)
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            value = change_value(value, chance)
        return json.dumps(value).encode()
    except (ValueError, RecursionError, TypeError):
        return data


def nest(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    """Brackets within brackets, or a number of many digits, in the place of a value."""
    found = [*re.finditer(rb"(?<=: )[^,\n\]}]+", data)]
    deep = chance.choice((b"[" * 100_000, b'{"a":' * 50_000, b"9" * 5000, b"[" * 900 + b"]" * 900, b'"\\ud800"'))
    if not found:
        return deep
    one = chance.choice(found)
    return data[: one.start()] + deep + data[one.end() :]


OF_JSON: tuple[Mutation, ...] = (*[of_json] * 8, nest, *OF_TEXT[:8], change_number)


def of_toml(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    """A value changed, in a file that is TOML still, mostly."""
    try:
        value = tomllib.loads(data.decode())
        for _ in range(chance.choice((1, 1, 2, 4))):
            value = change_value(value, chance)
        lines: list[str] = []
        for name, part in value.items() if isinstance(value, dict) else ():
            if isinstance(part, dict):
                lines += [f"[{name}]", *(f"{key} = {_toml(one)}" for key, one in part.items())]
            else:
                lines.insert(0, f"{name} = {_toml(part)}")
    except (ValueError, RecursionError, TypeError):
        return data
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _toml(value) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(key))} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return hex(value) if type(value) is int and value >= 0 else json.dumps(value)


OF_TOML: tuple[Mutation, ...] = (*[of_toml] * 20, *OF_TEXT)


# ELF ------------------------------------------------------------------------------------------------------------------


def of_elf(data: bytes, chance: Random, others: Sequence[bytes]) -> bytes:
    """Fields of the headers, of sections, segments, symbols and relocations."""
    spoilt = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3))):
        fields = elf_fields(bytes(spoilt))
        at, size = chance.choice(fields)
        old = int.from_bytes(spoilt[at : at + size], "big")
        near = (old + 1, old - 1, old * 2, old ^ 1 << chance.randrange(8 * size))
        near += (len(data), len(data) - 1, old + len(data))
        value = chance.choice((chance.choice(EDGES), chance.choice(near), chance.randrange(64)))
        spoilt[at : at + size] = (value % (1 << 8 * size)).to_bytes(size, "big")
    return bytes(spoilt)


# (offset, bytes) of the fields of one entry
EHDR = ((4, 1), (5, 1), (16, 2), (18, 2), (24, 8), (32, 8), (40, 8),
        (52, 2), (54, 2), (56, 2), (58, 2), (60, 2), (62, 2))  # fmt: skip
PHDR = ((0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (32, 8), (40, 8), (48, 8))
SHDR = ((0, 4), (4, 4), (8, 8), (16, 8), (24, 8), (32, 8), (40, 4), (44, 4), (48, 8), (56, 8))
SYM = ((0, 4), (4, 1), (5, 1), (6, 2), (8, 8), (16, 8))
RELA = ((0, 8), (8, 4), (12, 4), (16, 8))
SHDR_BYTES, PHDR_BYTES, SYM_BYTES, RELA_BYTES = 64, 56, 24, 24
SYMTAB, RELOCATIONS = 2, 4


def elf_fields(data: bytes) -> list[tuple[int, int]]:
    """Where the fields of an ELF file are that still lie within it; the larger tables count as much as the headers."""
    def number(at, size):
        return int.from_bytes(data[at : at + size], "big")

    groups = [[(at, size) for at, size in EHDR]]
    segments = [number(32, 8) + PHDR_BYTES * n for n in range(min(8, number(56, 2)))]
    groups.append([(segment + at, size) for segment in segments for at, size in PHDR])
    sections = [number(40, 8) + SHDR_BYTES * n for n in range(min(24, number(60, 2)))]
    groups.append([(section + at, size) for section in sections for at, size in SHDR])
    for kind, width, layout in ((SYMTAB, SYM_BYTES, SYM), (RELOCATIONS, RELA_BYTES, RELA)):
        for section in sections:
            if number(section + 4, 4) == kind:
                start, count = number(section + 24, 8), min(16, number(section + 32, 8) // width)
                groups.append([(start + width * n + at, size) for n in range(count) for at, size in layout])
    within = [[(at, size) for at, size in group if at + size <= len(data)] for group in groups]
    longest = max(map(len, within))
    return [field for group in within if group for field in group * max(1, longest // len(group))] or [(0, 1)]


OF_ELF: tuple[Mutation, ...] = (*[of_elf] * 10, flip_bits, truncate, splice, repeat_a_part)


def mutated(data: bytes, chance: Random, others: Sequence[bytes], mutations: Sequence[Mutation]) -> bytes:
    for _ in range(chance.choice((1, 1, 1, 1, 2, 4))):
        data = chance.choice(mutations)(data, chance, others)[: 1 << 20]
    return data

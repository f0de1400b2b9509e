"""Storage-to-storage instructions, one byte after the other: PoP ch. 7."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.conformance.case import Case, State
from s390emu.conformance.twins.forms import addressed, first_state

FIRST, SECOND = 0x40100, 0x48200
LENGTHS = (1, 2, 3, 8, 9, 16, 17, 255, 256)
Twin = Callable[[bytearray, int, int, int], None]


def left_to_right(operation: Callable[[int, int], int]) -> Twin:
    """Return what combines byte by byte, as a destructive overlap shows."""

    def twin(storage: bytearray, first: int, second: int, length: int) -> None:
        for i in range(length):
            storage[first + i] = operation(storage[first + i], storage[second + i])

    return twin


def mvcin(storage: bytearray, first: int, second: int, length: int) -> None:
    """PoP ch. 7 MOVE INVERSE."""
    for i in range(length):
        storage[first + i] = storage[second - i]


def mvcrl(storage: bytearray, first: int, second: int, length: int) -> None:
    """PoP ch. 7 MOVE RIGHT TO LEFT."""
    for i in reversed(range(length)):
        storage[first + i] = storage[second + i]


TWINS: dict[str, Twin] = {
    "mvc": left_to_right(lambda a, b: b),
    "mvn": left_to_right(lambda a, b: a & 0xF0 | b & 0x0F),
    "mvz": left_to_right(lambda a, b: a & 0x0F | b & 0xF0),
    "nc": left_to_right(lambda a, b: a & b),
    "oc": left_to_right(lambda a, b: a | b),
    "xc": left_to_right(lambda a, b: a ^ b),
    "mvcin": mvcin,
    "mvcrl": mvcrl,
}


def line(mnemonic: str, length: int) -> str:
    """Return the instruction on the operands at registers 5 and 6."""
    if mnemonic == "mvcrl":
        return "mvcrl 0(%r5),0(%r6)"
    return f"{mnemonic} 0({length},%r5),0(%r6)"


# --- packed and zoned -------------------------------------------------------------------------------------------------


def pack(source: bytes, target: bytes) -> bytes:
    """PoP ch. 7 PACK."""
    length = len(target)
    digits = [b & 0xF for b in source]
    nibbles = [source[-1] >> 4, *reversed(digits)]  # from the right: sign, digits
    nibbles = (nibbles + [0] * 2 * length)[: 2 * length]
    return bytes(nibbles[i + 1] << 4 | nibbles[i] for i in range(0, 2 * length, 2))[::-1]


def unpk(source: bytes, target: bytes) -> bytes:
    """PoP ch. 7 UNPACK."""
    length = len(target)
    nibbles = [n for b in reversed(source) for n in (b & 0xF, b >> 4)]
    sign, digits = nibbles[0], nibbles[1:] + [0] * length
    return bytes([sign << 4 | digits[0], *(0xF0 | d for d in digits[1:length])])[::-1]


def mvo(source: bytes, target: bytes) -> bytes:
    """PoP ch. 7 MOVE WITH OFFSET."""
    length = len(target)
    nibbles = [target[-1] & 0xF, *(n for b in reversed(source) for n in (b & 0xF, b >> 4))]
    nibbles = (nibbles + [0] * 2 * length)[: 2 * length]
    return bytes(nibbles[i + 1] << 4 | nibbles[i] for i in range(0, 2 * length, 2))[::-1]


PACKED_TWINS: dict[str, Callable[[bytes, bytes], bytes]] = {"pack": pack, "unpk": unpk, "mvo": mvo}


def packed(digits: str, sign: str = "C") -> bytes:
    """Return 31 digits and a sign, of up to 31 characters."""
    return bytes.fromhex(digits.rjust(31, "0")[-31:] + sign)


# --- cases ------------------------------------------------------------------------------------------------------------


def two_operands(rng: Random, first: int = FIRST, second: int = SECOND) -> State:
    """Return a state in which registers 5 and 6 designate the operands, in any mode."""
    state = first_state(rng, first)
    bits = 64 if state.psw_mask & 1 << 32 else 31 if state.psw_mask & 1 << 31 else 24
    state.gr[6] = second | (rng.getrandbits(64 - bits) << bits if bits < 64 else 0)
    return state


def _moves(name: str, rng: Random) -> Iterator[Case]:
    while True:
        length = rng.choice((*LENGTHS, rng.randrange(1, 257)))
        distance = rng.choice((0, 1, -1, 2, 7, 8, -8, 255, 256, 300, rng.randrange(-300, 300)))
        before = two_operands(rng, FIRST, FIRST + distance)
        back = length - 1 if name == "mvcin" else 0
        start = min(FIRST, FIRST + distance - back) - 4
        before.window(start, rng.randbytes(max(FIRST, FIRST + distance - back) + length + 4 - start))
        before.gr[0] = before.gr[0] >> 32 << 32 | length - 1  # of MVCRL
        after = before.copy()
        TWINS[name](after.storage[start], FIRST - start, FIRST + distance - start, length)
        if name in ("nc", "oc", "xc"):
            after.cc = int(any(after.load(FIRST, length)))
        yield Case(line(name, length), before, after)


def _packs(name: str, rng: Random) -> Iterator[Case]:
    while True:
        before = two_operands(rng)
        lengths = [rng.choice((1, 2, 3, 8, 15, 16)) for _ in "12"]
        target, source = map(rng.randbytes, lengths)
        before.window(FIRST, target)
        before.window(SECOND, source)
        after = before.copy()
        after.window(FIRST, PACKED_TWINS[name](source, target))
        yield Case(f"{name} 0({lengths[0]},%r5),0({lengths[1]},%r6)", before, after)


def _compares(rng: Random) -> Iterator[Case]:
    while True:
        before, length = two_operands(rng), rng.choice(LENGTHS)
        left = rng.randbytes(length)
        right = bytearray(left)
        if rng.random() < 0.7:
            right[rng.randrange(length)] = rng.randrange(256)
        before.window(FIRST, left)
        before.window(SECOND, bytes(right))
        after = before.copy()
        after.cc = 0 if left == right else 1 if left < right else 2
        yield Case(line("clc", length), before, after)


def _translates(rng: Random) -> Iterator[Case]:
    while True:
        before, length = two_operands(rng), rng.choice(LENGTHS)
        table = rng.randbytes(256)
        before.window(FIRST, rng.randbytes(length))
        before.window(SECOND, table)
        after = before.copy()
        after.window(FIRST, before.load(FIRST, length).translate(table))
        yield Case(line("tr", length), before, after)


def _tests(reverse: bool, rng: Random) -> Iterator[Case]:
    """The first function byte that is not zero, and where; register 1 gets the address in the bits of the mode."""
    while True:
        before, length = two_operands(rng), rng.choice(LENGTHS)
        table = bytes(rng.randrange(1, 256) if rng.random() < 0.02 else 0 for _ in range(256))
        start = FIRST - length + 1 if reverse else FIRST
        before.window(start, rng.randbytes(length))
        before.window(SECOND, table)
        after = before.copy()
        order = range(length)[::-1] if reverse else range(length)
        found = [n for n in order if table[before.load(start + n, 1)[0]]]
        after.cc = 0
        if found:
            address = start + found[0]
            after.gr[1] = addressed(before, 1, address)
            after.gr[2] = before.gr[2] & ~0xFF | table[before.load(address, 1)[0]]
            after.cc = 2 if found[0] == order[-1] else 1
        yield Case(line("trtr" if reverse else "trt", length), before, after)


def pack_characters(size: int, rng: Random) -> Iterator[Case]:
    """PoP ch. 7 PACK ASCII, PACK UNICODE: the rightmost four bits of up to 32 characters; 31 are packed."""
    while True:
        before, count = two_operands(rng), rng.choice((1, 2, 31, 32, rng.randrange(1, 33)))
        length = count * size
        source = rng.randbytes(length)
        before.window(FIRST, rng.randbytes(16))
        before.window(SECOND, source)
        after = before.copy()
        name = "pka" if size == 1 else "pku"
        if rng.random() < 0.05:
            length = rng.choice((33, 35) if size == 1 else (1, 3, 65, 66))
            yield Case(f"{name} 0(%r5),0({length},%r6)", before, after, SPECIFICATION)
            continue
        digits = "".join(f"{byte & 15:X}" for byte in source[size - 1 :: size])
        after.window(FIRST, packed(digits))
        yield Case(f"{name} 0(%r5),0({length},%r6)", before, after)


def unpack_characters(size: int, rng: Random) -> Iterator[Case]:
    """PoP ch. 7 UNPACK ASCII, UNPACK UNICODE: X'30' before each digit; the condition code tells the sign."""
    while True:
        before, count = two_operands(rng), rng.choice((1, 2, 31, 32, rng.randrange(1, 33)))
        sign = rng.choice("ABCDEF0123456789")
        digits = "".join(rng.choices("0123456789" * 3 + "ABCDEF", k=31))
        before.window(FIRST, rng.randbytes(count * size))
        before.window(SECOND, packed(digits, sign))
        after = before.copy()
        made = [0x30 + int(digit, 16) for digit in ("0" + digits)[-count:]]
        after.window(FIRST, b"".join(byte.to_bytes(size, "big") for byte in made))
        after.cc = 3 if sign.isdecimal() else 1 if sign in "BD" else 0
        yield Case(f"{'unpka' if size == 1 else 'unpku'} 0({count * size},%r5),0(%r6)", before, after)


RECIPES: dict[str, Callable[[Random], Iterator[Case]]] = {
    **{name: partial(_moves, name) for name in TWINS},
    **{name: partial(_packs, name) for name in PACKED_TWINS},
    "clc": _compares, "tr": _translates, "trt": partial(_tests, False), "trtr": partial(_tests, True),
    "pka": partial(pack_characters, 1), "pku": partial(pack_characters, 2),
    "unpka": partial(unpack_characters, 1), "unpku": partial(unpack_characters, 2),
}  # fmt: skip

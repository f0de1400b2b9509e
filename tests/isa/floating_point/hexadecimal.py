"""Hexadecimal-floating-point numbers for the tests: data from and to fractions, by the definition of PoP ch. 18."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import NamedTuple

UNDERFLOW_MASK, SIGNIFICANCE_MASK = 1 << 63 - 22, 1 << 63 - 23  # of the PSW
OVERFLOW, UNDERFLOW, SIGNIFICANCE, DIVIDE = 0x0C, 0x0D, 0x0E, 0x0F
SHORT, LONG = 6, 14  # digits
REST = 0x0123_4567  # bits 32-63 of a register that has a short operand


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
        return (self.sign << 7 | self.characteristic & 0x7F) << 4 * self.digits | self.fraction

    @property
    def bytes(self) -> bytes:
        return self.datum.to_bytes(self.digits // 2 + 1, "big")

    @property
    def register(self) -> int:
        """A floating-point register with it."""
        return self.datum << 32 | REST if self.digits == SHORT else self.datum


def hfp(datum: int, digits: int) -> Hfp:
    fraction = datum & (1 << 4 * digits) - 1
    return Hfp(datum >> 4 * digits + 7, datum >> 4 * digits & 0x7F, fraction, digits)


def truncated(value: Fraction, digits: int) -> Hfp:
    """The normalized number next to an exact value, toward zero; its characteristic may be any."""
    if value == 0:
        return Hfp(0, 0, 0, digits)
    magnitude, characteristic = abs(value), 64
    while magnitude >= 1:
        magnitude, characteristic = magnitude / 16, characteristic + 1
    while magnitude < Fraction(1, 16):
        magnitude, characteristic = magnitude * 16, characteristic - 1
    return Hfp(int(value < 0), characteristic, int(magnitude * 16**digits), digits)


def completed(result: Hfp, mask: int) -> tuple[Hfp, int]:
    """The number that is left, and the interruption code: overflow, underflow."""
    if result.characteristic > 127:
        return result._replace(characteristic=result.characteristic - 128), OVERFLOW
    if result.characteristic < 0 and mask & UNDERFLOW_MASK:
        return result._replace(characteristic=result.characteristic + 128), UNDERFLOW
    return (Hfp(0, 0, 0, result.digits) if result.characteristic < 0 else result), 0


def numbers(digits: int, count: int, seed: object) -> list[Hfp]:
    """Edges first: zeros, ones, the greatest, the least, unnormalized ones; then any, many of them close together."""
    rng, last = random.Random(f"{seed} {digits}"), 16**digits - 1
    first = 16 ** (digits - 1)
    found = [Hfp(0, 0, 0, digits), Hfp(1, 70, 0, digits), Hfp(0, 65, first, digits), Hfp(1, 65, first, digits),
             Hfp(0, 127, last, digits), Hfp(1, 0, first, digits), Hfp(0, 0, 1, digits), Hfp(1, 66, 1, digits),
             Hfp(0, 64, last, digits), Hfp(0, 65, first + 1, digits)]  # fmt: skip
    while len(found) < count:
        fraction = rng.randrange(16**digits) >> 4 * rng.choice((0, 0, 0, 1, 2, digits - 1))
        characteristic = rng.choice((rng.randrange(128), 64 + rng.randrange(-3, 4), rng.choice((0, 1, 126, 127))))
        found.append(Hfp(rng.getrandbits(1), characteristic, fraction, digits))
    return found[:count]


def pairs(digits: int, count: int, seed: object) -> list[tuple[Hfp, Hfp]]:
    """Pairs of numbers; some of a number and itself, or its negative."""
    rng = random.Random(f"pairs {seed} {digits}")
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
    return found


def execute(lab, line: str, first: Hfp, second: Hfp, *, mask: int = 0) -> tuple[int, int, int]:
    """Registers 2 and 4, or 2 and storage at register 5; return (code, register 2, cc). cc was 3 before."""
    lab.fpr[2], lab.fpr[4], lab.gr[5] = first.register, second.register, 0x38000
    if "(" in line:
        lab.store(0x38000, second.bytes)
    lab.psw(0x0000000180000000 | mask, cc=3)
    code = lab.step(line)
    changed = lab.changes()
    assert not {name for name in changed if isinstance(name, int)}, "it has stored"
    if second.digits == first.digits == SHORT and changed.get("f2") is not None and not line.startswith("md"):
        assert changed["f2"] & 0xFFFFFFFF == REST
    return code, int(lab.fpr[2]), changed.get("cc", 3)

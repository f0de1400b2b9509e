"""Random cases of PoP ch. 9 and 19 for judges that execute machine code: one instruction, its registers, no mask on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from s390emu.conformance.twins.exact import FORMATS, LONG, Value
from s390emu.engine.handlers import implemented
from s390emu.isa.opcodes import ROWS, SECOND_ROWS, Row
from tests.isa.floating_point.bfp import BY_LETTER, hard, put_into, random_datum

BFP = {row.mnemonic.lower(): row for row in ROWS if row.chapter == 19 and implemented(row)}
EXTENDED = {row.mnemonic.lower().removesuffix("a"): row for row in SECOND_ROWS if row.chapter == 19}
# Of chapter 9 what neither stores nor needs decimal or hexadecimal floating point: a judge looks at the registers.
SUPPORT = {
    row.mnemonic.lower(): row
    for row in ROWS
    if row.chapter == 9 and implemented(row) and not row.name.startswith("STORE") and "HFP" not in row.name
}
FIRST, SECOND, THIRD = 0, 4, 1  # floating-point registers, of pairs where need be
PLACES = {"r1": FIRST, "r2": SECOND, "r3": THIRD}
GENERAL, BASE = 3, 5  # general registers: the integer operand, the address of the operand in storage


class Case(NamedTuple):
    name: str
    line: str  # of assembly; an operand in storage is the doubleword in the second operand's register
    fpc: int
    fpr: list[int]
    general: int

    def nan(self, r: int) -> str:
        """The kind of NaN, of the format of the second operand, that a register holds; "" if none."""
        form = BY_LETTER.get(self.name.removesuffix("r").removesuffix("b")[-1], LONG)
        return Value(form, (self.fpr[r] << 64 | self.fpr[r + 2]) >> 128 - form.bits).nan

    @property
    def nans(self) -> list[str]:
        return [self.nan(r) for r in (FIRST, SECOND, THIRD)]


def _formats(name: str) -> list:
    """Formats of which the operands are, as far as the letters of the name tell: most often the right one."""
    return [BY_LETTER[letter] for letter in name.replace("br", "") if letter in BY_LETTER] or list(FORMATS)


def _line(row: Row, method: int, m4: int, places: dict[str, int] = PLACES) -> str:
    parts = []
    for operand in row.format.operands:
        if operand.kind == "mask":
            parts.append(str(method if operand.name == "m3" else m4))
        elif operand.name == "d2":
            parts.append(f"0(%r{BASE})")
        elif operand.kind == "general register":
            parts.append(f"%r{GENERAL}")
        else:
            parts.append(f"%f{places[operand.name]}")
    return f"{row.mnemonic.lower()} {','.join(parts)}"


def draw(rng: random.Random, name: str, modes: Sequence[int], methods: Sequence[int], extended: bool = False) -> Case:
    """A case with one of these rounding modes in the FPC register, and of these methods in M3 if there is one.

    extended: the form of the floating-point extension facility where there is one, and anything in M4."""
    form = rng.choice(_formats(name))
    data = [rng.choice(hard(form)) if rng.random() < 0.5 else random_datum(form, rng) for _ in range(3)]
    fpr = [0] * 16
    for r, datum in zip((FIRST, SECOND, THIRD), data, strict=True):
        fpr = put_into(fpr, form, r, datum)
    places = PLACES
    if rng.random() < 0.15:  # two operands are one; the register that is left holds the same
        operand, same = rng.choice((("r2", FIRST), ("r3", FIRST), ("r3", SECOND)))
        places = PLACES | {operand: same}
        left = PLACES[operand]
        fpr[left], fpr[left + 2] = fpr[same], fpr[same + 2]
    row = EXTENDED.get(name, BFP[name]) if extended else BFP[name]
    line = _line(row, rng.choice(methods), rng.getrandbits(4) if extended else 0, places)
    return Case(name, line, rng.choice(modes), fpr, rng.getrandbits(64) >> rng.randrange(64))


def draw_support(rng: random.Random, name: str, modes: Sequence[int]) -> Case:
    """A case of chapter 9. What is loaded into the FPC register is valid, and enables no exception."""
    case = draw(rng, "ltdbr", modes, (0,))
    fpc = rng.getrandbits(32) & 0xF8FF70 | rng.choice(modes)
    line, fpr, general = _line(SUPPORT[name], 0, 0), case.fpr, case.general
    if name.startswith("srnm"):
        line = f"{name} {rng.randrange(8) if name == 'srnmt' else rng.choice(modes)}"
    elif name in ("lfpc", "lfas"):
        fpr = put_into(fpr, LONG, SECOND, fpc << 32)
    elif name in ("sfpc", "sfasr"):
        general = fpc
    return Case(name, line, case.fpc | rng.getrandbits(5) << 19, fpr, general)

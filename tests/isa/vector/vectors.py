"""Vector registers as numbers of 128 bits and as lists of elements, and one instruction on given ones.

    execute(lab, "vab %v1,%v18,%v3", v18=..., v3=...) == (0, {"v1": ...})

Naive twins are written on lists of unsigned elements, leftmost first.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from s390emu.architecture.interruptions import DATA as DATA_EXCEPTION
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.conformance.twins.vector_integer import ALL, EDGES, elements, joined
from tests.lab import BA_EA, Lab

FACILITIES = (129, 134, 135, 148)
AFP_CONTROL, VECTOR_CONTROL = 1 << (63 - 45), 1 << (63 - 46)  # control register 0
ENABLED = 0xE0 | AFP_CONTROL | VECTOR_CONTROL
VECTOR_INSTRUCTION = 0xFE  # data-exception code
DATA = 0x38100  # where `data` is put; %r5 points there
LETTERS = "bhfgq"  # of the element sizes


def samples(name: str, count: int, many: int = 6) -> Iterator[tuple[int, ...]]:
    """`count` registers at once: edges with edges, then random ones, with small elements among them."""
    rng = random.Random(name)
    for _ in range(many):
        yield tuple(rng.choice(EDGES) for _ in range(count))
    for _ in range(many):
        small = ALL if rng.random() < 0.6 else int("0f" * 16, 16)
        yield tuple(rng.getrandbits(128) & small for _ in range(count))


def register(lab: Lab, n: int) -> int:
    left = lab.fpr[n] if n < 16 else lab.cpu.vr_left[n - 16]
    return int(left) << 64 | int(lab.cpu.vr_right[n])


def set_register(lab: Lab, n: int, value: int) -> None:
    left, right = divmod(value, 1 << 64)
    if n < 16:
        lab.fpr[n] = left
    else:
        lab.cpu.vr_left[n - 16] = left
    lab.cpu.vr_right[n] = right


def changes(lab: Lab) -> dict:
    """`Lab.changes`, vector registers as a whole: v1, with what they hold now."""
    found = {}
    for name, value in lab.changes().items():
        if isinstance(name, str) and name[0] in "flv" and name[1:].isdigit():
            found[f"v{name[1:]}"] = register(lab, int(name[1:]))
        else:
            found[name] = value
    return found


def execute(lab: Lab, line: str, *, data: bytes = b"", cc: int = 2, mask: int = BA_EA, **registers: int):
    """-> (program-interruption code, changes). registers: v18=, r3=, fpc=."""
    lab.psw(mask, cc=cc)
    if data:
        lab.store(DATA, data)
    lab.gr[5] = DATA
    for name, value in registers.items():
        if name == "fpc":
            lab.cpu.fpc = value
        elif name[0] == "v":
            set_register(lab, int(name[1:]), value)
        else:
            lab.gr[int(name[1:])] = value
    return lab.step(line), changes(lab)


def expected(lab: Lab, **registers: int) -> dict:
    """The changes that these new values are, given what the registers held: for `execute` afterwards."""
    return {name: value for name, value in registers.items() if value != register(lab, int(name[1:]))}


def agree(lab: Lab, line: str, result: int, **given: int) -> None:
    """V1 becomes `result`, and nothing else changes; so too if it is one of the operands, in any place."""
    lab.reset()
    before = given.get("v1", register(lab, 1))
    assert execute(lab, line, **given) == (0, {"v1": result} if result != before else {}), (line, given)


def check_elementwise(lab: Lab, mnemonic: str, size: int, twin: Callable, operands: int, tail: str = "") -> None:
    """An instruction of V1 and 1 to 3 operands, whose last mask is the element size, is its twin on lists of elements;
    with V1 among the operands, too."""
    names = ("v18", "v3", "v31")[:operands]
    line = f"{mnemonic} %v1,{','.join('%' + name for name in names)}{tail},{size}"
    for values in samples(f"{mnemonic} {size}", operands):
        agree(lab, line, joined(twin(size, *(elements(v, min(size, 3)) if size < 4 else [v] for v in values)), size),
              **dict(zip(names, values, strict=True)))  # fmt: skip
    same = f"{mnemonic} %v1,{','.join(['%v1'] * operands)}{tail},{size}"
    for (value,) in samples(f"{mnemonic} {size} same", 1, 3):
        listed = elements(value, size) if size < 4 else [value]
        agree(lab, same, joined(twin(size, *[listed] * operands), size), v1=value)


def check_invalid(lab: Lab, lines: list[str]) -> None:
    """A specification exception, and nothing changed."""
    for line in lines:
        lab.reset()
        assert execute(lab, line) == (SPECIFICATION, {}), line


def check_disabled(lab: Lab, line: str) -> None:
    """While one of the two controls is zero: a data exception, before anything else. FPC has the code only with the
    AFP-register control."""
    for cr0, fpc in ((ENABLED & ~VECTOR_CONTROL, VECTOR_INSTRUCTION << 8), (ENABLED & ~AFP_CONTROL, 0)):
        lab.reset()
        lab.cr[0] = cr0
        code, found = execute(lab, line, r5=1 << 40)
        assert (code, found.pop("fpc", 0), found) == (DATA_EXCEPTION, fpc, {}), line
        assert lab.word(0x90, 4) == VECTOR_INSTRUCTION


def by_size(table: dict[str, tuple]) -> list:
    """Parameters (mnemonic, size, twin), of rows (sizes, twin)."""
    return [
        pytest.param(mnemonic, size, twin, id=f"{mnemonic}-{LETTERS[size]}")
        for mnemonic, (sizes, twin) in table.items()
        for size in sizes
    ]

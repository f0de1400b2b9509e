"""Access registers to and from general registers and storage: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import ADDRESSING, SPECIFICATION
from tests.isa.general.execute import DATA, OLD, execute
from tests.operands import FETCH, STORE, Operand, operand_checks


def test_extract_access(lab):
    assert execute(lab, "ear %r3,%a7", a7=0x80000001) == (0, {"r3": OLD & ~0xFFFFFFFF | 0x80000001})


def test_set_access(lab):
    assert execute(lab, "sar %a7,%r3") == (0, {"a7": OLD & 0xFFFFFFFF})


def test_copy_access(lab):
    assert execute(lab, "cpya %a7,%a8", a8=0xFFFFFFFF) == (0, {"a7": 0xFFFFFFFF})


@pytest.mark.parametrize("form", ["", "y"])
@pytest.mark.parametrize(("r1", "r3"), [(2, 2), (0, 15), (14, 1), (4, 3)])
def test_multiple(lab, form, r1, r3):
    numbers = [n % 16 for n in range(r1, r1 + (r3 - r1) % 16 + 1)]
    values = {n: 0x80000000 + 0x01010101 * n for n in numbers}
    data = b"".join(values[n].to_bytes(4, "big") for n in numbers)
    code, changes = execute(lab, f"lam{form} %a{r1},%a{r3},0(%r5)", data=data.hex())
    assert (code, changes) == (0, {f"a{n}": value for n, value in values.items()})
    lab.psw(ia=0x20100)
    lab.store(DATA, bytes(len(data) + 1))
    assert lab.step(f"stam{form} %a{r1},%a{r3},0(%r5)") == 0
    assert lab.load(DATA, len(data) + 1) == data + b"\0"


@pytest.mark.parametrize("mnemonic", ["lam", "lamy", "stam", "stamy"])
@pytest.mark.parametrize("offset", [1, 2, 3])
def test_multiple_needs_a_word_boundary(lab, mnemonic, offset):
    assert execute(lab, f"{mnemonic} %a1,%a3,{offset}(%r5)") == (SPECIFICATION, {})
    assert execute(lab, f"{mnemonic} %a1,%a3,0(%r5)", r5=1 << 40) == (ADDRESSING, {})
    assert execute(lab, f"{mnemonic} %a1,%a3,{offset}(%r5)", r5=1 << 40) == (SPECIFICATION, {})


@operand_checks(
    *(Operand(f"{m} %a6,%a{last},0(%r5)", n, FETCH, align=4)
      for m in ("lam", "lamy") for last, n in ((6, 4), (5, 64))),
    *(Operand(f"{m} %a6,%a{last},0(%r5)", n, STORE, align=4)
      for m in ("stam", "stamy") for last, n in ((6, 4), (5, 64))),
)  # fmt: skip
def test_operands(lab, check, operand):
    check(lab, operand)

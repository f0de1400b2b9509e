"""Vector registers and their controls: PoP ch. 21, ch. 4 "Control Registers", ch. 6 "Data-Exception Code (DXC)"."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import OPERATION
from s390emu.engine.handlers import implemented
from s390emu.isa.opcodes import ROWS
from tests.isa.rows import build, fields
from tests.isa.vector.vectors import DATA, FACILITIES, check_disabled, execute, register, set_register
from tests.lab import CODE, Lab

ROWS_HERE = [row for row in ROWS if row.chapter >= 21 and implemented(row) and row.facility in FACILITIES]


@pytest.mark.parametrize("row", ROWS_HERE, ids=lambda row: row.mnemonic)
def test_disabled_before_anything_else(lab, row):
    """Though the fields are not valid, nor the address."""
    code = build(row, [(1 << width) - 1 for _, width in fields(row)])
    check_disabled(lab, ".short " + ",".join(f"0x{code[n : n + 2].hex()}" for n in (0, 2, 4)))


@pytest.fixture(scope="module")
def earlier():
    return Lab(model="zEC12")


@pytest.mark.parametrize("row", ROWS_HERE, ids=lambda row: row.mnemonic)
def test_operation_exception_without_the_facility(row, earlier):
    lab = earlier
    lab.reset()
    lab.store(CODE, build(row, [1] * len(fields(row))))
    assert lab.go() == OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize("n", range(32))
def test_numbers_of_registers(lab, n):
    """The RXB field has the leftmost bits of the numbers at bits 8, 12, 16 and 32."""
    values = {f"v{m}": (m + 1) << 100 | m for m in range(32)}
    other = (n + 17) % 32
    assert execute(lab, f"vlr %v{n},%v{other}", **values) == (0, {f"v{n}": values[f"v{other}"]})
    lab.reset()
    ones = {f"v{n}": (1 << 128) - 1}
    second, third = (n + 1) % 32, (n + 2) % 32
    assert execute(lab, f"vsel %v{other},%v{second},%v{third},%v{n}", **values | ones) == (
        0, {f"v{other}": values[f"v{second}"]})  # fmt: skip
    lab.reset()
    lab.store(DATA, bytes(range(16)))
    assert execute(lab, f"vl %v{n},0(%r5)") == (0, {f"v{n}": int.from_bytes(bytes(range(16)))})


@pytest.mark.parametrize("n", range(16))
def test_floating_point_registers_are_the_left_halves(lab, n):
    set_register(lab, n, 1 << 127 | 5)
    assert lab.fpr[n] == 1 << 63
    execute(lab, f"lzdr %f{n}")
    assert register(lab, n) == 5

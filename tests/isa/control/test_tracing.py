"""TRACE: PoP ch. 10, ch. 4 "Tracing"."""

from __future__ import annotations

import pytest

from tests.lab import BA_EA, CODE, MODE_24, PROBLEM_STATE, SIZE
from tests.operands import FETCH, Operand, operand_checks
from tests.translation import DAT, map_page

PRIVILEGED_OPERATION, PROTECTION, ADDRESSING, SPECIFICATION, TRACE_TABLE = 0x02, 0x04, 0x05, 0x06, 0x16
EXPLICIT = 1
TABLE = 0x60000  # block of trace entries
OPERAND = 0x38000
LOW_ADDRESS_PROTECTION = 1 << (63 - 35)
CLOCK = 0x123456789ABCDEF0
LONGEST = {"trace": 76, "tracg": 144}


def tracing(lab, mask: int = BA_EA, *, table: int = TABLE, operand: int = 0x40506070) -> None:
    lab.cr[12] = table | EXPLICIT
    lab.store(OPERAND, operand.to_bytes(4, "big"))
    lab.gr[:] = [0x0101010110101010 * n for n in range(16)]
    lab.gr[5] = OPERAND
    lab.cpu.tod_epoch = CLOCK  # at instruction 0
    lab.psw(mask, cc=2)


@pytest.mark.parametrize(("registers", "numbers"), [
    ((3, 3), [3]), ((0, 15), list(range(16))), ((14, 1), [14, 15, 0, 1]), ((5, 4), [*range(5, 16), *range(5)]),
])  # fmt: skip
@pytest.mark.parametrize("name", LONGEST)
def test_entry(lab, name, registers, numbers):
    tracing(lab)
    r1, r3 = registers
    passed = int(lab.machine.port.count) * 4096 // 1000  # nanoseconds, in units of the clock
    assert lab.step(f"{name} %r{r1},%r{r3},0(%r5)") == 0
    clock, n = CLOCK + passed, len(numbers)
    if name == "trace":
        entry = bytes([0x70 | n - 1, 0]) + clock.to_bytes(8, "big")[2:] + bytes.fromhex("40506070")
        entry += b"".join(int(lab.gr[m] & 0xFFFFFFFF).to_bytes(4, "big") for m in numbers)
    else:
        entry = bytes([0x70 | n - 1, 0x80]) + clock.to_bytes(8, "big") + lab.load(TABLE + 10, 2)
        entry += bytes.fromhex("40506070") + b"".join(int(lab.gr[m]).to_bytes(8, "big") for m in numbers)
    assert lab.load(TABLE, len(entry) + 8) == entry + bytes(8)
    assert {key: value for key, value in lab.changes().items() if isinstance(key, str)} == {
        "c12": TABLE + len(entry) | EXPLICIT
    }


def test_clock_of_a_long_entry_goes_on_as_that_of_stcke(lab):
    tracing(lab)
    assert lab.step("tracg %r1,%r1,0(%r5)\n stcke 16(%r5)") == 0
    assert lab.go() == 0
    assert lab.load(TABLE + 10, 2) == lab.load(OPERAND + 16 + 9, 2)


@pytest.mark.parametrize("name", LONGEST)
def test_no_entry(lab, name):
    """Explicit tracing is off, or the operand says so: nothing else is looked at then."""
    for table, operand, control in ((TABLE + 0xFF0, 0, 0), (TABLE + 0xFF0, 0x80000000, EXPLICIT)):
        lab.reset()
        tracing(lab, operand=operand)
        lab.cr[12] = table | control | 1 << 63 | 1 << 62 | 2  # branch, mode, ASN tracing
        assert lab.step(f"{name} %r0,%r15,0(%r5)") == 0
        assert lab.changes() == {}


@pytest.mark.parametrize("name", LONGEST)
def test_table_exception(lab, name):
    """Before the longest entry would reach the end of the block, however long this one is. Nullified."""
    for distance, code in ((4, 0), (0, TRACE_TABLE), (-4, TRACE_TABLE)):
        lab.reset()
        tracing(lab, table=TABLE + 0x1000 - LONGEST[name] - distance)
        assert lab.step(f"{name} %r1,%r1,0(%r5)") == code
        if code:
            assert lab.changes() == {"ia": CODE}


@pytest.mark.parametrize("name", LONGEST)
def test_where_entries_cannot_be_stored(lab, name):
    """Suppressed. Keys and DAT do not matter; low addresses are protected; the table comes before both."""
    for table, code in ((0x1100, PROTECTION), (SIZE, ADDRESSING), (0x11FC, PROTECTION), (0x1200, 0),
                        (SIZE + 0x1000 - LONGEST[name], TRACE_TABLE)):  # fmt: skip
        lab.reset()
        tracing(lab, table=table)
        lab.cr[0] |= LOW_ADDRESS_PROTECTION
        assert lab.step(f"{name} %r1,%r1,0(%r5)") == code
        if code not in (0, TRACE_TABLE):
            assert lab.changes() == {}


def test_entries_are_at_real_addresses_whatever_their_key(lab):
    tracing(lab, MODE_24 | DAT)
    lab.cr[1] = map_page(lab, CODE, CODE, level=0)
    map_page(lab, OPERAND, OPERAND, level=0)
    lab.set_key(0x61000, 0xF8)
    lab.cr[12] = 0x61000 | EXPLICIT
    lab.gr[5] = 0xFFFFFFFF_FF000000 + OPERAND
    lab.psw(MODE_24 | DAT, key=3)
    assert lab.step("trace %r1,%r1,0(%r5)") == 0
    assert lab.load(0x61000, 2) == b"\x70\x00"


@pytest.mark.parametrize("name", LONGEST)
def test_exceptions(lab, name):
    for mask, code in ((PROBLEM_STATE, PRIVILEGED_OPERATION), (BA_EA, SPECIFICATION)):
        lab.reset()
        tracing(lab, table=TABLE + 0xFFC)
        lab.gr[5] = SIZE + 2
        lab.psw(mask)
        assert lab.step(f"{name} %r1,%r1,0(%r5)") == code
        assert lab.changes() == {}


NOT_TRACED = b"\x80\0\0\0"
LINES = (f"{name} %r1,%r1,0(%r5)" for name in LONGEST)


@operand_checks(*(Operand(line, 4, FETCH, align=4, setup=tracing, data=NOT_TRACED) for line in LINES))
def test_operand(lab, check, operand):
    check(lab, operand)

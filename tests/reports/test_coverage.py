"""What `explain --coverage` says is what the machine does."""

from __future__ import annotations

from pathlib import Path

import pytest

import s390emu
from s390emu.architecture.interruptions import OPERATION
from s390emu.engine.handlers import ON_REQUEST, executable, function_name, implemented
from s390emu.isa.absent import REASONS
from s390emu.isa.opcodes import ROWS, Row
from s390emu.machine import Machine
from s390emu.reports.coverage import lines, summary

CODE, NOP = 0x10000, b"\x07\x00"
LINES = {line.mnemonic: line for line in lines()}


@pytest.fixture(scope="module")
def default():
    """A machine for which nothing is asked but that it is z/VM's, which alone has IUCV; its first state. At 0 is
    a target for EXECUTE of address 0."""
    machine = Machine(1 << 18, identity="zvm")
    machine.write(0, NOP)
    machine.set_psw(machine.psw[0], CODE)
    return machine, machine.snapshot()


def encoded(row: Row) -> bytes:
    """The row's operation code, with zeros for operands."""
    bits = 8 * row.format.length
    word = int(row.opcode[:2], 16) << bits - 8
    if row.format.extension:
        word |= int(row.opcode[2:], 16) << bits - sum(row.format.extension)
    return word.to_bytes(row.format.length, "big")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mnemonic)
def test_coverage_says_what_the_default_machine_does(default, row):
    machine, first = default
    machine.restore(first)
    machine.write(CODE, encoded(row))
    machine.step()
    last = machine.last_interruption
    refused = last is not None and (last.kind, last.code) == ("program", OPERATION)
    assert LINES[row.mnemonic].implemented is not refused


def test_a_row_needs_its_facility_too():
    (row,) = (row for row in ROWS if row.mnemonic == "SRNMB")
    assert implemented(row)
    assert executable(row, {37}) and not executable(row, ())


@pytest.mark.parametrize("mnemonic", ["MVC", "OR", "ESSA"])
def test_a_place_is_where_the_function_is(mnemonic):
    path, line = LINES[mnemonic].place.split(":")
    source = (Path(s390emu.__file__).parents[1] / path).read_text().splitlines()
    assert source[int(line) - 1].startswith(f"def {function_name(mnemonic)}(")


def test_chapters_count_their_rows():
    for chapter, (done, requested, rows) in summary().items():
        statuses = [line.status for line in LINES.values() if line.chapter == chapter]
        assert (done, requested) == (statuses.count("implemented"), statuses.count("on-request"))
        assert rows == len(statuses)


def test_on_request():
    """What a machine with these facilities executes, and no other."""
    requested = {line.mnemonic: line.facility for line in LINES.values() if line.on_request}
    assert {requested["KM"], requested["KMCTR"], requested["PRNO"]} == {17, 77, 57}
    assert set(requested.values()) <= ON_REQUEST


def test_a_reason_is_given_for_rows_that_are_not_implemented():
    for reason, mnemonics in REASONS.items():
        for mnemonic in mnemonics:
            assert (LINES[mnemonic].implemented, LINES[mnemonic].reason) == (False, reason)


def test_every_row_that_is_absent_has_one_and_no_other():
    for line in LINES.values():
        assert bool(line.reason) == (line.status == "operation-exception"), line.mnemonic

"""Which rows are implemented, and what follows for the facility list."""

from __future__ import annotations

from s390emu.engine.handlers import NOT_IN_TABLE, facilities, function, implemented
from s390emu.isa.opcodes import ENHANCEMENTS, ROWS


def test_a_facility_is_installed_when_all_its_rows_are_implemented():
    """If the table has all of them."""
    for bit in {row.facility for row in ROWS if row.facility is not None and row.facility >= 0} - NOT_IN_TABLE:
        assert (bit in facilities()) == all(implemented(row) for row in ROWS if row.facility == bit)


def test_a_facility_of_which_the_table_has_a_part_is_not_installed():
    for bit in NOT_IN_TABLE:
        assert bit not in facilities()
        assert any(row.facility == bit for row in ROWS)


def test_enhancements_are_of_instructions_that_there_are():
    mnemonics = {row.mnemonic for row in ROWS if implemented(row)}
    for bit, names in ENHANCEMENTS.items():
        assert (bit in facilities()) == (set(names) <= mnemonics)
        assert set(names) <= {row.mnemonic for row in ROWS}


def test_every_function_says_which_instruction_it_is():
    """The docstring begins with the manual's name and format of its row."""
    for row in ROWS:
        if implemented(row):
            text = " ".join(function(row.mnemonic).__doc__.split())
            assert text.startswith(row.name.split(" (")[0]), row.mnemonic

"""Which rows are implemented, and what follows for the facility list."""

from __future__ import annotations

from s390emu.engine.handlers import (
    ON_REQUEST,
    PARTIAL,
    available,
    default_facilities,
    facilities,
    function,
    implemented,
)
from s390emu.isa.opcodes import DFP, ENHANCEMENTS, ROWS, VX, VXE, VXE2, VXPD, ZF


def test_a_facility_is_available_when_all_its_rows_are_implemented():
    for bit in {row.facility for row in ROWS if row.facility is not None and row.facility >= 0}:
        assert (bit in facilities()) == all(implemented(row) for row in ROWS if row.facility == bit)


def test_some_facilities_are_there_only_on_request_and_others_in_models_that_had_them():
    assert not ON_REQUEST & default_facilities()
    assert available() >= ON_REQUEST & facilities()
    later = {"z10": {DFP}, "zEC12": {DFP, ZF}, "z13": {DFP, ZF, VX}, "z14": {DFP, ZF, VX, VXE, VXPD}}
    for model, bits in later.items():
        assert default_facilities(model) & {DFP, ZF, VX, VXE, VXPD, VXE2} == bits
    assert default_facilities() >= {DFP, ZF, VX, VXE, VXPD, VXE2}


def test_enhancements_are_of_instructions_that_there_are():
    mnemonics = {row.mnemonic for row in ROWS if implemented(row)}
    for bit, names in ENHANCEMENTS.items():
        assert (bit in facilities()) == (bit not in PARTIAL and set(names) <= mnemonics)
        assert set(names) <= {row.mnemonic for row in ROWS}


def test_every_function_says_which_instruction_it_is():
    """The docstring begins with the manual's name and format of its row."""
    for row in ROWS:
        if implemented(row):
            text = " ".join(function(row.mnemonic).__doc__.split())
            assert text.startswith(row.name.split(" (")[0]), row.mnemonic

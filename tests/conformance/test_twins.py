"""Every row that has a twin, on our engine: S390EMU_VECTORS says how many cases of each."""

from __future__ import annotations

import os

import pytest

from s390emu.commands.suites import rows_without_twin
from s390emu.conformance.case import differences
from s390emu.conformance.here import Here
from s390emu.conformance.twins.suite import recipes
from s390emu.conformance.twins.without import REASONS
from s390emu.conformance.vectors import cases
from s390emu.isa.opcodes import ROWS

COUNT = int(os.environ.get("S390EMU_VECTORS", "6"))


@pytest.fixture(scope="module")
def here():
    return Here()


def test_each_is_a_row():
    assert recipes().keys() <= {row.mnemonic for row in ROWS}


def test_each_row_without_one_is_named_with_its_reason():
    """A new row has a twin, or says in `without.py` why it has none."""
    named = [row for rows in REASONS.values() for row in rows.split()]
    assert sorted(named) == rows_without_twin()


def test_what_the_manual_leaves_open_is_no_difference(here):
    case = next(case for case in cases("VFLR", 100, "1") if case.open)
    result = here.execute(case)
    ((name, bits),) = case.open
    result.state.vr[int(name[1:])] ^= bits
    assert differences(case, result) == {}
    result.state.vr[int(name[1:])] ^= 1 << 127
    assert differences(case, result).keys() == {name}


@pytest.mark.parametrize("mnemonic", recipes())
def test_our_engine_does_as_the_twin(here, mnemonic):
    for case in cases(mnemonic, COUNT, "1"):
        assert differences(case, here.execute(case)) == {}, case


def test_a_difference_is_seen(here):
    """In each part of a state."""
    vectors = next(cases("VLIP", 1, "1"))
    result = here.execute(vectors)
    result.state.vr[31] ^= 1
    assert differences(vectors, result).keys() == {"v31"}
    for mnemonic, part, key, name in (("LAM", "ar", 3, "a3"), ("LCTLG", "cr", 7, "c7"),
                                      ("SSKE", "keys", 0x40000, "key 40000")):  # fmt: skip
        case = next(cases(mnemonic, 1, "1"))
        result = here.execute(case)
        getattr(result.state, part)[key] ^= 2
        assert differences(case, result).keys() == {name}
    case = next(cases("AGR", 1, "1"))
    result = here.execute(case)
    for change in ("gr", "fpr"):
        registers = getattr(result.state, change)
        registers[7] ^= 1
        assert differences(case, result).keys() == {f"{change[0] if change == 'fpr' else 'r'}7"}
        registers[7] ^= 1
    result.state.cc ^= 1
    assert differences(case, result).keys() == {"cc"}
    result.state.cc ^= 1
    result.state.psw_ia += 2
    assert differences(case, result).keys() == {"ia"}
    result.state.psw_ia -= 2
    assert differences(case, result._replace(code=6, dxc=1)).keys() == {"code", "dxc"}
    result.state.storage[case.before.psw_ia][0] ^= 1
    assert differences(case, result).keys() == {"storage 20000"}
    assert differences(case, result._replace(ended="gone")) == {"ended": ("", "gone")}


def test_cases_are_those_of_the_seed():
    first, again, other = (list(cases("ALG", 9, seed)) for seed in ("1", "1", "2"))
    assert first == again != other

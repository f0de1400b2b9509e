"""Message-security assist: query functions, and the facility that a machine has if it is asked for. PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import OPERATION, PROTECTION, SPECIFICATION
from s390emu.engine import handlers
from s390emu.machine import Machine
from tests.isa.general.security import FACILITIES, MODIFIER, PARAMETER, secure_lab
from tests.lab import BA_EA, Lab

AES, SHA = {18, 19, 20}, {1, 2, 3}
FUNCTIONS = {"km %r2,%r4": AES, "kmc %r2,%r4": AES, "kmac %r0,%r4": AES, "kmctr %r2,%r6,%r4": AES, "kmf %r2,%r4": AES,
             "kmo %r2,%r4": AES, "pcc": set(), "kimd %r0,%r4": SHA, "klmd %r0,%r4": SHA,
             "prno %r2,%r4": {114}}  # fmt: skip
EVERY = pytest.mark.parametrize("line", FUNCTIONS, ids=lambda line: line.split()[0])
MODIFIED = ("km ", "kmc ", "kmctr ", "kmf ", "kmo ", "prno ")  # they have a modifier bit, or ignore it


@pytest.fixture(scope="module")
def _lab():
    return secure_lab()


@pytest.fixture
def lab(_lab):
    _lab.reset()
    return _lab


@EVERY
def test_query_tells_what_is_there(lab, line):
    """Of the registers only general register 1 matters; bits 0-55 of general register 0 are ignored."""
    lab.gr[0], lab.gr[1], lab.gr[4], lab.gr[5] = ~0xFF & (1 << 64) - 1, PARAMETER, 1, 7
    lab.store(PARAMETER, b"\xee" * 17)
    lab.psw(BA_EA, cc=2)
    assert lab.step(line) == 0
    word = sum(1 << 127 - function for function in FUNCTIONS[line] | {0})
    assert lab.load(PARAMETER, 17) == word.to_bytes(16, "big") + b"\xee"
    assert {name for name in lab.changes() if isinstance(name, str)} == {"cc"}
    assert lab.cpu.cc == 0


@EVERY
def test_what_is_not_there_is_a_specification_exception(lab, line):
    for function in set(range(128)) - FUNCTIONS[line] - {0}:
        lab.gr[0], lab.gr[1] = function, PARAMETER
        lab.psw(BA_EA)
        assert lab.step(line) == SPECIFICATION, function
        assert lab.changes() == {}


@EVERY
def test_modifier_bit(lab, line):
    """It must be zero where there is none; a query ignores it otherwise."""
    lab.gr[0], lab.gr[1] = MODIFIER, PARAMETER
    lab.psw(BA_EA)
    assert lab.step(line) == (0 if line.startswith(MODIFIED) else SPECIFICATION)


@EVERY
def test_registers(lab, line):
    """Odd ones and general register 0 are a specification exception, of a query too, but not in a field that is
    ignored."""
    name, *fields = line.replace(",", " ").split()
    for n, field in enumerate(fields):
        for wrong in ("%r0", "%r3"):
            changed = [wrong if i == n else other for i, other in enumerate(fields)]
            lab.gr[0], lab.gr[1] = 0, PARAMETER
            lab.psw(BA_EA)
            code = lab.step(f"{name} {','.join(changed)}")
            assert code == (0 if field == "%r0" else SPECIFICATION), changed


@EVERY
def test_query_where_it_must_not_store(lab, line):
    lab.set_key(PARAMETER, 0x30)
    lab.gr[0], lab.gr[1] = 0, PARAMETER
    lab.psw(BA_EA, key=5)
    assert lab.step(line) == PROTECTION
    assert lab.changes() == {}


@EVERY
def test_a_machine_has_them_if_it_is_asked_for(line):
    lab = Lab()
    assert not set(FACILITIES) & handlers.default_facilities()
    assert lab.step(line) == OPERATION


def test_without_the_library_there_is_no_such_facility(monkeypatch):
    monkeypatch.setattr(handlers, "find_spec", lambda name: None)
    with pytest.raises(
        ValueError, match=r"facility 77 needs the library cryptography: pip install 's390emu\[crypto\]'"
    ):
        Machine(1 << 16, extra=(77,))
    Machine(1 << 16, extra=(75,))

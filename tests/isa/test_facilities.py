"""The facility list tells the truth: PoP ch. 4 "Facility Indications"."""

from __future__ import annotations

import pytest

from s390emu.engine.handlers import ARCHITECTURE_FACILITIES, ON_REQUEST, facilities, implemented
from s390emu.isa.opcodes import FPX, ROWS, SECOND_ROWS
from s390emu.machine import Machine

BITS = 256
ABSENT = {
    4: "IDTE selective clearing, segment", 5: "IDTE selective clearing, region",
    6: "ASN and LX reuse", 11: "configuration topology", 17: "message-security assist",
    19: "long displacement with high performance", 23: "HFP unnormalized extension",
    44: "PFPO", 80: "decimal packed conversion",
    50: "constrained transactional execution", 57: "message-security assist 5", 73: "transactional execution",
    77: "message-security assist 4", 146: "message-security assist 8",
    75: "access-exception fetch/store indication", 133: "guarded storage",
    139: "multiple epoch", 147: "ESSA enhancement", 165: "neural network", 193: "BEAR enhancement",
}  # fmt: skip


def indicated(machine: Machine) -> set[int]:
    return {bit for bit in range(BITS) if int(machine.storage.record.facilities[bit // 64]) >> 63 - bit % 64 & 1}


def test_the_list_is_what_the_instructions_and_the_architecture_give():
    told = {bit for bit in facilities() - ON_REQUEST | ARCHITECTURE_FACILITIES if bit >= 0}  # no bit tells the others
    assert indicated(Machine(1 << 16)) == told
    requested = ON_REQUEST & facilities()
    assert indicated(Machine(1 << 16, extra=requested)) == told | requested


@pytest.mark.parametrize("bit", ABSENT, ids=ABSENT.get)
def test_absent(bit):
    assert bit not in indicated(Machine(1 << 16))


def test_by_request():
    assert {75, 147} <= indicated(Machine(1 << 16, extra=(75,), no_dat=True))


def test_no_bit_with_a_missing_instruction():
    for row in ROWS:
        if row.facility is not None and row.facility in indicated(Machine(1 << 16)):
            assert implemented(row), row.mnemonic


def test_the_floating_point_extension_is_whole_without_decimal_floating_point():
    """Its forms with M3 and M4 too; those of chapter 20 are there with facility 42 only."""
    extended = [row for row in (*ROWS, *SECOND_ROWS) if row.facility == FPX and row.chapter != 20]
    assert FPX in facilities() and len(extended) > 25
    assert all(implemented(row._replace(mnemonic=row.mnemonic.removesuffix("A"))) for row in extended)


def test_enhanced_dat_1_is_there_with_pfmf():
    """Its translation is tested in tests/storage/test_dat.py, SSKE of several blocks and PFMF in isa/control."""
    assert 8 in facilities()


def test_as_the_guest_sees_it(lab):
    lab.gr[5], lab.gr[0] = 0x38000, 3
    lab.psw()
    assert lab.step("stfle 0(%r5)") == 0
    stored = int.from_bytes(lab.load(0x38000, 32), "big")
    assert {bit for bit in range(BITS) if stored >> 255 - bit & 1} == indicated(lab.machine)

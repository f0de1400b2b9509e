"""TEST PROTECTION and INSERT VIRTUAL STORAGE KEY: PoP ch. 10; blocks without a frame: docs/page-hinting.md D11."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import (
    ADDRESSING,
    PAGE_TRANSLATION,
    PRIVILEGED_OPERATION,
    SPECIAL_OPERATION,
    TRANSLATION_SPECIFICATION,
)
from tests.lab import ALL, BA_EA, CODE, PROBLEM, PROBLEM_STATE, SIZE
from tests.translation import PAGE_INVALID, PAGE_PROTECT, PRIVATE, REAL_SPACE, SEGMENT, change, map_page, translated

BLOCK = 0x38000
LOW_ADDRESS_PROTECTION, FETCH_OVERRIDE, STORAGE_OVERRIDE = (1 << (63 - bit) for bit in (35, 38, 39))
EXTRACTION_AUTHORITY = 1 << (63 - 36)


def tprot(lab, address, key, cr0=0):
    """-> (program-interruption code, condition code)"""
    lab.gr[5], lab.gr[6] = address, ALL - 0xFF + (key << 4 | 0xF)
    lab.cr[0] = cr0
    lab.cpu.cc = 3
    lab.machine.set_psw(int(lab.machine.psw[0]), lab.machine.psw[1])
    return lab.step("tprot 0(%r5),0(%r6)"), int(lab.cpu.cc)


@pytest.mark.parametrize(
    ("storage_key", "key", "cc"),
    [
        pytest.param(0x50, 0, 0, id="key-0"),
        pytest.param(0x58, 5, 0, id="match"),
        pytest.param(0x50, 3, 1, id="fetch-only"),
        pytest.param(0x58, 3, 2, id="fetch-protected"),
        pytest.param(0x08, 3, 2, id="storage-key-0"),
        pytest.param(0x98, 3, 2, id="key-9-without-override"),
    ],
)
def test_tprot(lab, storage_key, key, cc):
    lab.set_key(BLOCK, storage_key)
    lab.psw()
    assert tprot(lab, BLOCK + 0x800, key) == (0, cc)
    assert lab.changes(keys=True) == {"cc": cc, "key 0x20000": 4}  # R of the block is not set


@pytest.mark.parametrize(
    ("cr0", "address", "storage_key", "key", "cc"),
    [
        pytest.param(STORAGE_OVERRIDE, BLOCK, 0x98, 3, 0, id="storage-protection-override"),
        pytest.param(STORAGE_OVERRIDE, BLOCK, 0x88, 3, 2, id="storage-protection-override-only-key-9"),
        pytest.param(FETCH_OVERRIDE, 0x7FF, 0x58, 3, 1, id="fetch-protection-override"),
        pytest.param(FETCH_OVERRIDE, 0x800, 0x58, 3, 2, id="fetch-protection-override-to-2047"),
        pytest.param(LOW_ADDRESS_PROTECTION, 0x1FF, 0x00, 0, 1, id="low-address"),
        pytest.param(LOW_ADDRESS_PROTECTION, 0x200, 0x00, 0, 0, id="low-address-to-511"),
        pytest.param(LOW_ADDRESS_PROTECTION, 0x11FF, 0x18, 3, 2, id="low-address-and-key"),
    ],
)
def test_tprot_overrides(lab, cr0, address, storage_key, key, cc):
    lab.set_key(address, storage_key)
    lab.psw()
    assert tprot(lab, address, key, cr0) == (0, cc)


def test_tprot_privileged(lab):
    lab.psw(PROBLEM_STATE)
    assert tprot(lab, SIZE, 0)[0] == PRIVILEGED_OPERATION


def test_tprot_outside_the_configuration(lab):
    lab.psw()
    assert tprot(lab, SIZE, 0)[0] == ADDRESSING
    assert lab.changes() == {}


@pytest.mark.parametrize("state", ["Sp", "Sz", "Uz", "Vz"])
def test_tprot_of_a_block_without_frame_is_silent(lab, state):
    lab.machine.set_block(BLOCK, state, key=0x58)
    lab.psw()
    assert tprot(lab, BLOCK, 3) == (0, 2)
    assert lab.machine.block(BLOCK).name == state


@pytest.mark.parametrize(
    ("flaw", "key", "cc"),
    [
        pytest.param(0, 0, 0, id="mapped"),
        pytest.param(0, 7, 1, id="mapped-with-another-key"),
        pytest.param(PAGE_INVALID, 0, 3, id="page-invalid"),
        pytest.param(PAGE_PROTECT, 0, 1, id="DAT-protection"),
    ],
)
def test_tprot_with_translation(lab, flaw, key, cc):
    asce = map_page(lab, CODE, CODE, level=SEGMENT)
    map_page(lab, 0x5000, BLOCK, level=SEGMENT)
    change(lab, 0x5000, -1, on=flaw)
    translated(lab, asce)
    assert tprot(lab, 0x5123, key) == (0, cc)


def test_tprot_translation_specification(lab):
    asce = map_page(lab, CODE, CODE, level=SEGMENT)
    map_page(lab, 0x5000, BLOCK, level=SEGMENT)
    change(lab, 0x5000, -1, on=0x800)
    translated(lab, asce)
    assert tprot(lab, 0x5123, 0)[0] == TRANSLATION_SPECIFICATION
    assert lab.changes() == {}


def test_tprot_private_space(lab):
    translated(lab, REAL_SPACE | PRIVATE)
    assert tprot(lab, 0x100, 0, LOW_ADDRESS_PROTECTION) == (0, 0)


# --- INSERT VIRTUAL STORAGE KEY ---------------------------------------------------------------------------------------


def ivsk(lab, address=BLOCK + 5):
    lab.gr[1], lab.gr[2] = ALL, address
    return lab.step("ivsk %r1,%r2")


def test_ivsk(lab):
    lab.set_key(0x39000, 0xAE)
    asce = map_page(lab, CODE, CODE, level=SEGMENT)
    map_page(lab, BLOCK, 0x39000, level=SEGMENT)
    translated(lab, asce)
    assert ivsk(lab) == 0
    assert lab.changes() == {"r1": ALL - 0xFF + 0xA8}
    assert lab.key(0x39000) == 0xAE


def test_ivsk_needs_dat(lab):
    assert ivsk(lab) == SPECIAL_OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize(("authority", "code"), [(0, PRIVILEGED_OPERATION), (EXTRACTION_AUTHORITY, 0)])
def test_ivsk_in_the_problem_state(lab, authority, code):
    lab.cr[0] = authority
    translated(lab, REAL_SPACE, mask=BA_EA | PROBLEM)
    assert ivsk(lab) == code


def test_ivsk_special_operation_before_privileged(lab):
    lab.psw(PROBLEM_STATE)
    assert ivsk(lab) == SPECIAL_OPERATION


def test_ivsk_is_not_prohibited_by_a_key(lab):
    lab.set_key(BLOCK, 0xF8)
    translated(lab, REAL_SPACE, key=3)
    assert ivsk(lab) == 0
    assert lab.gr[1] == ALL - 0xFF + 0xF8


def test_ivsk_page_translation(lab):
    asce = map_page(lab, CODE, CODE, level=SEGMENT)
    change(lab, BLOCK, -1, on=PAGE_INVALID)
    translated(lab, asce)
    assert ivsk(lab) == PAGE_TRANSLATION
    assert lab.changes() == {"ia": CODE}


def test_ivsk_outside_the_configuration(lab):
    translated(lab, REAL_SPACE)
    assert ivsk(lab, SIZE) == ADDRESSING


def test_ivsk_of_a_discarded_block(lab):
    lab.machine.set_block(BLOCK, "Vz", key=0x58)
    translated(lab, REAL_SPACE)
    assert ivsk(lab) == 0
    assert lab.gr[1] == ALL - 0xFF + 0x58
    assert lab.machine.block(BLOCK).name == "Vz"

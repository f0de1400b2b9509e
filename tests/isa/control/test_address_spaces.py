"""The address-space control of the PSW, the ASNs, TEST ACCESS: PoP ch. 10; the space-switch event: ch. 6."""

from __future__ import annotations

import pytest

from tests.lab import ALL, BA_EA, CODE, PROBLEM, PROBLEM_STATE, SIZE
from tests.storage.test_access_registers import BAD, ENTRY_PRIVATE, PRIMARY_LIST_ALET, access_list, list_entry
from tests.translation import DAT, REAL_SPACE, SEGMENT, map_page

PRIVILEGED_OPERATION, ADDRESSING, SPECIFICATION, SPECIAL_OPERATION, SPACE_SWITCH = 0x02, 0x05, 0x06, 0x13, 0x1C
SECONDARY_SPACE_CONTROL, EXTRACTION_AUTHORITY = 1 << (63 - 37), 1 << (63 - 36)
PRIMARY, ACCESS_REGISTERS, SECONDARY, HOME = (n << 46 for n in range(4))
EVENT = 0x40  # bit 57 of an ASCE
BLOCK = 0x38000
SET = ["sac", "sacf"]
CONTROLS = {0x000: PRIMARY, 0x100: SECONDARY, 0x200: ACCESS_REGISTERS, 0x300: HOME}
EXTRACT = ["iac %r1", "epar %r1", "esar %r1"]


def spaces(lab, mask: int = BA_EA, *, cc: int = 0) -> None:
    """Every space is real storage."""
    lab.cr[1] = lab.cr[7] = lab.cr[13] = REAL_SPACE
    lab.cr[0] |= SECONDARY_SPACE_CONTROL
    lab.psw(mask | DAT, cc=cc)


@pytest.mark.parametrize("name", SET)
@pytest.mark.parametrize("old", [PRIMARY, SECONDARY, HOME])
@pytest.mark.parametrize("address", [0x000, 0x100, 0x300])
def test_set_address_space_control(lab, name, old, address):
    spaces(lab, BA_EA | old, cc=2)
    lab.gr[5] = ALL - 0xFFF + 0xFF  # other bits are ignored
    assert lab.step(f"{name} {address:#x}(%r5)") == 0
    assert lab.changes() == ({} if CONTROLS[address] == old else {"psw": BA_EA | DAT | CONTROLS[address]})


@pytest.mark.parametrize("name", SET)
def test_access_register_mode_is_set(lab, name):
    spaces(lab)
    assert lab.step(f"{name} 0x200") == 0
    assert lab.changes() == {"psw": BA_EA | DAT | ACCESS_REGISTERS}


@pytest.mark.parametrize("name", SET)
@pytest.mark.parametrize("address", [0x400, 0x800, 0x700, 0xF00])
@pytest.mark.parametrize("state", [0, PROBLEM])
def test_invalid_control(lab, name, address, state):
    spaces(lab, BA_EA | state)
    assert lab.step(f"{name} {address:#x}") == SPECIFICATION
    assert lab.changes() == {}


@pytest.mark.parametrize("name", SET)
@pytest.mark.parametrize(("address", "code"), [(0x000, 0), (0x100, 0), (0x300, PRIVILEGED_OPERATION)])
def test_problem_state_must_not_enter_the_home_space(lab, name, address, code):
    spaces(lab, PROBLEM_STATE | (SECONDARY if address != 0x100 else PRIMARY))
    assert lab.step(f"{name} {address:#x}") == code
    assert (lab.changes() == {}) == (code != 0)


@pytest.mark.parametrize("name", SET)
@pytest.mark.parametrize("state", [0, PROBLEM])
@pytest.mark.parametrize("address", [0, 0x300, 0x400])
@pytest.mark.parametrize("why", ["no-dat", "no-control"])
def test_special_operation(lab, name, state, address, why):
    spaces(lab)
    if why == "no-control":
        lab.cr[0] &= ALL - SECONDARY_SPACE_CONTROL
    lab.psw(BA_EA | state | (0 if why == "no-dat" else DAT))
    assert lab.step(f"{name} {address:#x}") == SPECIAL_OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize("name", SET)
def test_next_operand_is_in_the_space_that_was_set(lab, name):
    spaces(lab)
    lab.cr[7] = map_page(lab, BLOCK, 0x39000, level=SEGMENT)
    map_page(lab, CODE, CODE, level=SEGMENT)
    lab.store(BLOCK, b"\1" * 8)
    lab.store(0x39000, b"\2" * 8)
    lab.gr[5] = BLOCK
    lab.psw(BA_EA | DAT)
    code = lab.step(f"lg %r1,0(%r5)\n {name} 0x100\n lg %r2,0(%r5)\n {name} 0\n lg %r3,0(%r5)")
    assert [code] + [lab.go() for _ in range(4)] == [0] * 5
    assert (lab.gr[1], lab.gr[2], lab.gr[3]) == (0x0101010101010101, 0x0202020202020202, 0x0101010101010101)


def test_next_instruction_is_in_the_home_space(lab):
    """The instruction after SAC to the home space comes from there: another one lies at its primary address."""
    spaces(lab)
    lab.store(0x39000, bytes.fromhex("b2190300a7190001"))  # sac 768; lghi %r1,1
    lab.store(CODE, bytes.fromhex("b2190300a7190002"))
    lab.cr[1] = map_page(lab, CODE, 0x39000, level=SEGMENT)
    lab.psw(BA_EA | DAT)
    assert [lab.go(), lab.go()] == [0, 0]
    assert lab.gr[1] == 2


# --- the space-switch event -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SET)
@pytest.mark.parametrize(
    ("old", "address", "primary", "home", "teid"),
    [
        pytest.param(PRIMARY, 0x300, EVENT, 0, 0x80001234, id="to-home-primary-control"),
        pytest.param(PRIMARY, 0x300, 0, EVENT, 0x1234, id="to-home-home-control"),
        pytest.param(SECONDARY, 0x300, EVENT, EVENT, 0x80001234, id="secondary-to-home"),
        pytest.param(HOME, 0x000, EVENT, 0, 0, id="from-home-primary-control"),
        pytest.param(HOME, 0x100, 0, EVENT, 0x80000000, id="from-home-home-control"),
        pytest.param(PRIMARY, 0x300, 0, 0, None, id="no-control"),
        pytest.param(HOME, 0x300, EVENT, EVENT, None, id="home-to-home"),
        pytest.param(PRIMARY, 0x100, EVENT, EVENT, None, id="not-home"),
    ],
)
def test_space_switch_event(lab, name, old, address, primary, home, teid):
    """The operation is completed."""
    lab.store(0xA8, b"\xff" * 8)
    spaces(lab, BA_EA | old)
    lab.cr[1] |= primary
    lab.cr[13] |= home
    lab.cr[4] = 0xABCD1234
    lab.psw(BA_EA | DAT | old, cc=3)
    assert lab.step(f"{name} {address:#x}") == (0 if teid is None else SPACE_SWITCH)
    assert lab.changes() == ({} if CONTROLS[address] == old else {"psw": BA_EA | DAT | CONTROLS[address]})
    if teid is not None:
        assert lab.word(0xA8) == teid
        assert lab.word(0x8C, 4) == 0x4001C


@pytest.mark.parametrize(("old", "address", "code"), [(PRIMARY, 0x300, 0x9C), (HOME, 0, 0x9C), (PRIMARY, 0x100, 0x80)])
def test_space_switch_event_beside_a_program_event(lab, old, address, code):
    """Instruction fetching: with neither control."""
    spaces(lab, BA_EA | old)
    lab.cr[4], lab.cr[9], lab.cr[10], lab.cr[11] = 0x1234, 1 << (63 - 33), CODE, CODE
    lab.psw(BA_EA | DAT | old | 1 << 62)
    assert lab.step(f"sac {address:#x}") == code
    if code == 0x9C:
        assert lab.word(0xA8) == (0x1234 if old == PRIMARY else 0)


# --- INSERT ADDRESS SPACE CONTROL, EXTRACT ... ASN --------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "control"), [(PRIMARY, 0), (SECONDARY, 1), (HOME, 3)])
def test_iac(lab, mode, control):
    spaces(lab, BA_EA | mode, cc=2)
    lab.gr[1] = ALL
    assert lab.step("iac %r1") == 0
    assert lab.changes() == {"r1": ALL - 0xFF00 + (control << 8), "cc": control}


@pytest.mark.parametrize(("line", "asn"), [("epar %r1", 0x5678), ("esar %r1", 0x4321)])
def test_extract_asn(lab, line, asn):
    spaces(lab, cc=2)
    lab.cr[4], lab.cr[3], lab.gr[1] = 0xAAAAAAAABBBB5678, 0xCCCCCCCCDDDD4321, ALL
    assert lab.step(line) == 0
    assert lab.changes() == {"r1": 0xFFFFFFFF00000000 | asn}


@pytest.mark.parametrize("line", EXTRACT)
@pytest.mark.parametrize("state", [0, PROBLEM])
def test_extraction_needs_dat(lab, line, state):
    """That comes before the check of the authority."""
    lab.psw(BA_EA | state)
    assert lab.step(line) == SPECIAL_OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize("line", EXTRACT)
@pytest.mark.parametrize(("authority", "code"), [(0, PRIVILEGED_OPERATION), (EXTRACTION_AUTHORITY, 0)])
def test_extraction_needs_authority_in_the_problem_state(lab, line, authority, code):
    spaces(lab)
    lab.cr[0] = authority
    lab.gr[1] = ALL
    lab.psw(PROBLEM_STATE | DAT)
    assert lab.step(line) == code
    assert (lab.changes() == {}) == (code != 0)


# --- TEST ACCESS ------------------------------------------------------------------------------------------------------

LOW32 = (1 << 32) - 1


@pytest.mark.parametrize("mask", [BA_EA, PROBLEM_STATE, BA_EA | ACCESS_REGISTERS])
@pytest.mark.parametrize(("alet", "cc"), [(0, 0), (1, 3), (2, 1), (PRIMARY_LIST_ALET | 3, 2), (3, 3), (BAD, 3), (8, 3),
                                          (0x10002, 3)])  # fmt: skip
def test_tar(lab, mask, alet, cc):
    """Whether DAT is on or off, in any mode."""
    access_list(lab)
    lab.ar[5] = alet
    lab.psw(mask, cc=cc ^ 3)
    assert lab.step("tar %a5,%r6") == 0
    assert lab.changes() == {"cc": cc}


def test_tar_looks_at_access_register_0(lab):
    access_list(lab)
    lab.ar[0] = 2
    lab.psw(cc=0)
    assert lab.step("tar %a0,%r6") == 0
    assert lab.changes() == {"cc": 1}


@pytest.mark.parametrize(("control", "index", "cc"), [(0, 7 << 16, 1), (0, 7, 3), (7 << 16, 0, 3)])
def test_tar_takes_the_extended_authorization_index_from_the_register(lab, control, index, cc):
    access_list(lab)
    list_entry(lab, 2, ENTRY_PRIVATE, authorization=7)
    lab.ar[5], lab.gr[6], lab.cr[8] = 2, ALL - LOW32 | index, control
    lab.psw(cc=0)
    assert lab.step("tar %a5,%r6") == 0
    assert lab.changes() == {"cc": cc}


def test_tar_with_a_list_outside_the_configuration(lab):
    access_list(lab)
    lab.cr[2], lab.ar[5] = SIZE, 2
    lab.psw()
    assert lab.step("tar %a5,%r6") == ADDRESSING
    assert lab.changes() == {}

"""ASN translation and authorization: PoP ch. 3; SET SECONDARY ASN, LOAD ADDRESS SPACE PARAMETERS: ch. 10."""

from __future__ import annotations

import pytest

from tests.lab import ALL, BA_EA, CODE, PROBLEM, PROBLEM_STATE, SIZE
from tests.operands import FETCH, Operand, operand_checks
from tests.translation import DAT, REAL_SPACE, map_page, put

PRIVILEGED_OPERATION, ADDRESSING, SPECIFICATION, SPECIAL_OPERATION = 0x02, 0x05, 0x06, 0x13
AFX, ASX, SECONDARY_AUTHORITY = 0x20, 0x21, 0x25
FIRST, SECOND, AUTHORITY = 0x50000, 0x52000, 0x53000
TRANSLATION = 1 << (63 - 44)  # control register 14
PRIMARY_ASN, SECONDARY_ASN, OTHER_ASN, NEW_ASN = 0x0041, 0x0042, 0x0043, 0x1234
INVALID = 1 << 63
SPACE_SWITCH = 0x40
SECONDARY = 2 << 46  # PSW
INDEX, OTHER_INDEX = 5, 6  # the first one has secondary authority everywhere
TEID = 0xA8
ASCES = {PRIMARY_ASN: 0x101000, SECONDARY_ASN: 0x102000, OTHER_ASN: 0x103000, NEW_ASN: 0x104000}


def entry(asn: int) -> int:
    """Return the address of the ASN-second-table entry."""
    return SECOND + 0x1000 * (asn >> 8) // 0x12 + (asn & 0x3F) * 64


def spaces(lab, mask: int = BA_EA, *, index: int = INDEX) -> None:
    """Four spaces: the current primary one, with this authorization index, the secondary one, and two more."""
    lab.cr[14] = TRANSLATION | FIRST >> 12
    for n in range(0, 0x1000, 8):
        put(lab, FIRST + n, INVALID | INVALID >> 32)
    for asn in ASCES:
        lab.store(FIRST + (asn >> 6) * 4, (entry(asn) & ~0xFFF).to_bytes(4, "big"))
        put(lab, entry(asn), AUTHORITY << 32 | 0x77 << 16)  # one unit of the authority table; index 77
        put(lab, entry(asn) + 8, ASCES[asn])
    lab.store(AUTHORITY, bytes([0, 0x10, 0, 0, 0, 0, 0, 0]))  # secondary authority for index 5
    lab.cr[1], lab.cr[7], lab.cr[5] = REAL_SPACE, REAL_SPACE, 0x7 << 32 | 0x5000
    lab.cr[3] = 0xABCD << 32 | 0x8000 << 16 | SECONDARY_ASN
    lab.cr[4] = 0xDCBA << 32 | index << 16 | PRIMARY_ASN
    lab.psw(mask | DAT, cc=0)


# --- SET SECONDARY ASN ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [0, PROBLEM])
def test_ssar_to_the_primary_asn_looks_at_no_table(lab, state):
    spaces(lab, BA_EA | state)
    lab.cr[14] = TRANSLATION | SIZE >> 12
    lab.cr[7], lab.gr[1] = 0x999000, ALL - 0xFFFF | PRIMARY_ASN
    assert lab.step("ssar %r1") == 0
    assert lab.changes() == {"c3": 0xABCD << 32 | 0x8000 << 16 | PRIMARY_ASN, "c7": REAL_SPACE}


@pytest.mark.parametrize("asn", [SECONDARY_ASN, OTHER_ASN, NEW_ASN])
def test_ssar_to_another_asn(lab, asn):
    spaces(lab, PROBLEM_STATE)
    lab.gr[1] = asn
    assert lab.step("ssar %r1") == 0
    expected = {"c7": ASCES[asn]} | ({"c3": 0xABCD << 32 | 0x8000 << 16 | asn} if asn != SECONDARY_ASN else {})
    assert lab.changes() == expected


def test_ssar_takes_effect_at_once(lab):
    spaces(lab, BA_EA | SECONDARY)
    lab.store(0x38000, b"\x11" * 8)
    lab.store(0x39000, b"\x22" * 8)
    put(lab, entry(NEW_ASN) + 8, map_page(lab, 0x38000, 0x39000))
    lab.gr[1], lab.gr[5] = NEW_ASN, 0x38000
    assert lab.step("lg %r2,0(%r5)\n ssar %r1\n lg %r3,0(%r5)") == 0
    assert [lab.go(), lab.go()] == [0, 0]
    assert (lab.gr[2], lab.gr[3]) == (0x1111111111111111, 0x2222222222222222)


@pytest.mark.parametrize(("dat", "control"), [(0, TRANSLATION), (DAT, 0)])
def test_ssar_needs_dat_and_the_asn_translation_control(lab, dat, control):
    spaces(lab, PROBLEM_STATE)
    lab.cr[14], lab.gr[1] = control, PRIMARY_ASN
    lab.psw(PROBLEM_STATE | dat)
    assert lab.step("ssar %r1") == SPECIAL_OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize("invalid", [AFX, ASX])
def test_ssar_of_an_asn_without_an_entry(lab, invalid):
    spaces(lab)
    lab.gr[1] = NEW_ASN
    if invalid == AFX:
        lab.store(FIRST + (NEW_ASN >> 6) * 4, b"\xff" * 4)
    else:
        put(lab, entry(NEW_ASN), INVALID | AUTHORITY << 32)
    assert lab.step("ssar %r1") == invalid
    assert lab.changes() == {"ia": CODE}  # nullified
    assert lab.word(TEID + 4, 4) == NEW_ASN


@pytest.mark.parametrize(("index", "authority", "code"), [
    pytest.param(5, 0x0010_0000, 0, id="secondary-authority"),
    pytest.param(5, 0x0020_0000, SECONDARY_AUTHORITY, id="primary-authority"),
    pytest.param(6, 0x0010_0000, SECONDARY_AUTHORITY, id="of-another-index"),
    pytest.param(15, 0x0000_0001, 0, id="last-of-the-table"),
    pytest.param(16, 0xFFFF_FFFF, SECONDARY_AUTHORITY, id="beyond-the-table"),
])  # fmt: skip
def test_ssar_needs_secondary_authority(lab, index, authority, code):
    spaces(lab, index=index)
    lab.store(AUTHORITY, authority.to_bytes(4, "big") + b"\xff" * 4)
    lab.gr[1] = NEW_ASN
    assert lab.step("ssar %r1") == code
    assert lab.changes().get("ia") == (CODE if code else None)
    if code:
        assert lab.word(TEID + 4, 4) == NEW_ASN


@pytest.mark.parametrize("where", ["first", "second", "authority"])
def test_ssar_with_a_table_outside_the_configuration(lab, where):
    spaces(lab)
    lab.gr[1] = NEW_ASN
    if where == "first":
        lab.cr[14] = TRANSLATION | SIZE >> 12
    elif where == "second":
        lab.store(FIRST + (NEW_ASN >> 6) * 4, SIZE.to_bytes(4, "big"))
    else:
        put(lab, entry(NEW_ASN), SIZE << 32 | 0x77 << 16)
    assert lab.step("ssar %r1") == ADDRESSING
    assert lab.changes() == {}  # suppressed


# --- LOAD ADDRESS SPACE PARAMETERS ------------------------------------------------------------------------------------

FORCE, GIVEN, UNCHECKED = 4, 2, 1
MASK, GIVEN_INDEX = 0x4321, 0x6789


def load(lab, primary: int, secondary: int, control: int = 0, **options) -> dict:
    """Execute it: -> what it has changed."""
    spaces(lab, **options)
    lab.psw(cc=3)  # DAT may be off
    put(lab, 0x38000, MASK << 48 | secondary << 32 | GIVEN_INDEX << 16 | primary)
    lab.gr[5], lab.gr[6] = 0x38000, ALL - 7
    assert lab.step(f"lasp 0(%r5),{control}(%r6)") == 0
    return lab.changes()


def registers(secondary: int, primary: int, index: int) -> dict:
    return {"c3": 0xABCD << 32 | MASK << 16 | secondary, "c4": 0xDCBA << 32 | index << 16 | primary}


def of_space(asn: int) -> dict:
    return {"c1": ASCES[asn], "c5": 0x7 << 32 | entry(asn)}


@pytest.mark.parametrize(("control", "index", "translated"), [
    pytest.param(0, INDEX, False, id="as-it-is"), pytest.param(GIVEN, GIVEN_INDEX, False, id="given-index"),
    pytest.param(FORCE, 0x77, True, id="forced"), pytest.param(FORCE | GIVEN, GIVEN_INDEX, True, id="forced-given"),
])  # fmt: skip
def test_lasp_with_the_same_primary_asn(lab, control, index, translated):
    """The secondary space becomes the primary one, without authority."""
    found = load(lab, PRIMARY_ASN, PRIMARY_ASN, control)
    expected = registers(PRIMARY_ASN, PRIMARY_ASN, index) | {"cc": 0}
    if translated:
        expected |= of_space(PRIMARY_ASN) | {"c7": ASCES[PRIMARY_ASN]}
    assert found == {name: value for name, value in expected.items() if name != "c4" or value != 0xDCBA << 32 | 5 << 16
                     | PRIMARY_ASN}  # fmt: skip


@pytest.mark.parametrize("control", [0, GIVEN, FORCE, UNCHECKED])
def test_lasp_with_another_primary_asn(lab, control):
    found = load(lab, NEW_ASN, NEW_ASN, control)
    index = GIVEN_INDEX if control == GIVEN else 0x77
    assert found == registers(NEW_ASN, NEW_ASN, index) | of_space(NEW_ASN) | {"c7": ASCES[NEW_ASN], "cc": 0}


@pytest.mark.parametrize(("secondary", "control", "kept"), [
    pytest.param(SECONDARY_ASN, UNCHECKED, True, id="same-unchecked"),
    pytest.param(SECONDARY_ASN, 0, False, id="same-checked"),
    pytest.param(SECONDARY_ASN, UNCHECKED | FORCE, False, id="same-forced"),
    pytest.param(OTHER_ASN, UNCHECKED, False, id="another-unchecked"),
    pytest.param(OTHER_ASN, 0, False, id="another-checked"),
])  # fmt: skip
def test_lasp_of_the_secondary_space(lab, secondary, control, kept):
    found = load(lab, PRIMARY_ASN, secondary, control)
    assert found.get("c7") == (None if kept else ASCES[secondary])
    assert found["cc"] == 0


@pytest.mark.parametrize(("control", "cc"), [(0, 2), (UNCHECKED, 0), (FORCE, 2), (FORCE | UNCHECKED, 0)])
def test_lasp_checks_the_authority_of_the_new_index(lab, control, cc):
    found = load(lab, PRIMARY_ASN, OTHER_ASN, control, index=OTHER_INDEX)
    assert found["cc"] == cc
    assert (found == {"cc": 2}) == (cc == 2)


def test_lasp_with_a_given_index_without_authority(lab):
    assert load(lab, PRIMARY_ASN, OTHER_ASN, GIVEN) == {"cc": 2}


@pytest.mark.parametrize(("primary", "secondary", "cc"), [(NEW_ASN + 1, NEW_ASN, 1), (0xFFC0, PRIMARY_ASN, 1),
                                                          (PRIMARY_ASN, NEW_ASN + 1, 2), (PRIMARY_ASN, 0xFFC0, 2)])
def test_lasp_of_an_asn_that_is_not_available(lab, primary, secondary, cc):
    put(lab, entry(NEW_ASN + 1), INVALID)
    assert load(lab, primary, secondary) == {"cc": cc}


@pytest.mark.parametrize("where", ["old", "new"])
@pytest.mark.parametrize(("primary", "control", "cc"), [(NEW_ASN, 0, 3), (PRIMARY_ASN, FORCE, 3), (PRIMARY_ASN, 0, 0)])
def test_lasp_tells_a_space_switch(lab, where, primary, control, cc, monkeypatch):
    monkeypatch.setitem(ASCES, primary, ASCES[primary] | (SPACE_SWITCH if where == "new" else 0))
    if where == "old":
        monkeypatch.setattr("tests.isa.control.test_asn.REAL_SPACE", REAL_SPACE | SPACE_SWITCH)
    found = load(lab, primary, primary, control)
    assert found.get("cc", 3) == cc
    assert (found == {}) == (cc == 3)


@pytest.mark.parametrize(("line", "mask", "control", "code"), [
    ("lasp 0(%r5),0", PROBLEM_STATE, 0, PRIVILEGED_OPERATION), ("lasp 4(%r5),0", BA_EA, 0, SPECIAL_OPERATION),
    ("lasp 4(%r5),0", BA_EA, TRANSLATION, SPECIFICATION),
])  # fmt: skip
def test_lasp_exceptions(lab, line, mask, control, code):
    spaces(lab)
    lab.cr[14], lab.gr[5] = control, 0x38000
    lab.psw(mask)
    assert lab.step(line) == code
    assert lab.changes() == {}


def same_spaces(lab):
    lab.cr[14], lab.cr[4], lab.cr[3] = TRANSLATION, 0x8F96, 0x9D9D


@operand_checks(Operand("lasp 0(%r5),1", 8, FETCH, align=8, setup=same_spaces, data=bytes.fromhex("123489a189a18f96")))
def test_lasp_operand(lab, check, operand):
    check(lab, operand)

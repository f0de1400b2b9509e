"""PROGRAM CALL, PROGRAM TRANSFER, PROGRAM RETURN: PoP ch. 10; PC-number translation: ch. 5."""

from __future__ import annotations

import pytest

from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, PROBLEM, PROBLEM_STATE, SIZE
from tests.linkage import (
    BRANCH,
    CALL,
    EMPTY,
    FULL,
    HEADER,
    NEXT_SECTION,
    OPERATION,
    SECTION,
    SIZE_OF_ENTRY,
    SUPPRESSED,
    TYPE,
    descriptor,
    entry,
    stack,
)
from tests.translation import DAT, PAGE_PROTECT, REAL_SPACE, change, map_page, put

PRIVILEGED_OPERATION, PROTECTION, ADDRESSING, SPECIFICATION, SPECIAL_OPERATION = 0x02, 0x04, 0x05, 0x06, 0x13
SPACE_SWITCH, PC_SPECIFICATION = 0x1C, 0x1F
AFX, ASX, LX, EX, PRIMARY_AUTHORITY, SECONDARY_AUTHORITY = range(0x20, 0x26)
ACCESS_REGISTERS, SECONDARY, HOME = (n << 46 for n in (1, 2, 3))
ASN_FIRST, ASN_SECOND, AUTHORITY = 0x50000, 0x52000, 0x53000
LINKAGE_TABLE, ENTRY_TABLE = 0x54080, 0x55040
PRIMARY, OLD_SECONDARY, OTHER = 0x0041, 0x0042, 0x0043  # ASNs; the first two are those of `tests.linkage.stack`
TRANSLATION = 1 << (63 - 44)  # control register 14
EVENT = 0x40  # bit 57 of an ASCE
INVALID = 1 << 63
TEID = 0xA8
OLD_KEYS = 0x8421  # PSW-key mask of `stack`
NUMBER = 0x02105  # linkage index 21, entry index 5
STACKING, MODE_64, SET_KEY, REPLACE_MASK, SET_INDEX, TO_AR, TO_SECONDARY = (1 << 63 - n for n in (0, 1, 3, 4, 5, 6, 7))
KEY_AND_INDEX = 0x9 << 52 | 0x7777 << 32
PARAMETER = 0x1234567890ABCDEF


def aste(asn: int) -> int:
    """The address of the ASN-second-table entry."""
    return ASN_SECOND + (asn & 0x3F) * 64


def spaces(lab, mask: int = BA_EA, *, asces: dict | None = None, **options) -> None:
    """An empty linkage stack, three spaces, all of them real storage with other ASCEs, and an entry table."""
    stack(lab, mask, **options)
    lab.cr[14] = TRANSLATION | ASN_FIRST >> 12
    lab.store(ASN_FIRST + 4, ASN_SECOND.to_bytes(4, "big"))
    for asn in (PRIMARY, OLD_SECONDARY, OTHER):
        put(lab, aste(asn), AUTHORITY << 32 | 0x9 << 16 | 0x10)  # index 9, two units of the authority table
        put(lab, aste(asn) + 8, REAL_SPACE | (asn << 12) | (asces or {}).get(asn, 0))
        put(lab, aste(asn) + 16, 0xABCD0000 | asn)
        put(lab, aste(asn) + 24, 0)
    lab.store(AUTHORITY, bytes(8))
    lab.store(AUTHORITY + 1, bytes([0x03]))  # index 7 has primary and secondary authority
    lab.store(AUTHORITY + 2, bytes([0x10]))  # index 9 secondary authority
    lab.store(aste(PRIMARY) + 24, (1 << 31 | LINKAGE_TABLE | 1).to_bytes(4, "big"))
    lab.cr[5] = 0x5 << 32 | aste(PRIMARY)
    lab.cr[1] = REAL_SPACE | PRIMARY << 12 | (asces or {}).get(PRIMARY, 0)
    lab.cr[7] = REAL_SPACE | OLD_SECONDARY << 12
    lab.store(LINKAGE_TABLE + 0x21 * 4, (ENTRY_TABLE | 1).to_bytes(4, "big"))
    lab.gr[5] = ALL - 0xFFFFF | NUMBER  # bits 0-43 are ignored
    lab.psw(mask | DAT, cc=2)


def program(lab, address: int, controls: int = 0, *, asn: int = 0, allowed: int = OLD_KEYS, keys: int = 0x4002) -> None:
    """Make the entry-table entry."""
    where = ENTRY_TABLE + 5 * 32
    put(lab, where, address)
    put(lab, where + 8, allowed << 48 | asn << 32 | keys << 16)
    put(lab, where + 16, controls | KEY_AND_INDEX | (aste(asn) if asn else 0))
    put(lab, where + 24, PARAMETER)


def control(lab, n: int, low: int) -> int:
    return int(lab.cr[n]) >> 32 << 32 | low


# --- basic PROGRAM CALL -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mask", "address", "controls", "changes"), [
    pytest.param(BA_EA, 1 << 40 | 0x5000, MODE_64, {"r4": PARAMETER, "r14": CODE + 4, "ia": 1 << 40 | 0x5000}, id="64"),
    pytest.param(MODE_31, 1 << 31 | 0x12345000, 0,
                 {"r4": 0x0404040490ABCDEF, "r14": 14 * 0x01010101 << 32 | 1 << 31 | CODE + 4, "ia": 0x12345000},
                 id="31"),
    pytest.param(MODE_31, 0x345001, 0, {
        "r4": 0x0404040490ABCDEF, "r14": 14 * 0x01010101 << 32 | 1 << 31 | CODE + 4, "ia": 0x345000,
        "psw": MODE_24 | DAT | PROBLEM}, id="31-to-24-and-problem"),
    pytest.param(PROBLEM_STATE, 0x5000, MODE_64 | TO_SECONDARY | REPLACE_MASK | TO_AR | SET_KEY | SET_INDEX, {
        "r4": PARAMETER, "r14": CODE + 5, "ia": 0x5000, "psw": BA_EA | DAT}, id="problem-to-supervisor"),
])  # fmt: skip
def test_basic_call_in_the_same_space(lab, mask, address, controls, changes):
    """The controls of a stacking call mean nothing here."""
    spaces(lab, mask)
    program(lab, address, controls)
    expected = {
        "r3": 3 * 0x01010101 << 32 | OLD_KEYS << 16 | PRIMARY,
        "c3": control(lab, 3, (OLD_KEYS | 0x4002) << 16 | PRIMARY), "c7": lab.cr[1],
    }  # fmt: skip
    assert lab.step("pc 0(%r5)") == 0
    assert lab.changes() == expected | changes
    assert lab.cpu.breaking_event == CODE


@pytest.mark.parametrize(("old", "new", "teid"), [
    (0, 0, None), (EVENT, 0, 0x80000041), (0, EVENT, 0x41), (EVENT, EVENT, 0x80000041),
])  # fmt: skip
def test_basic_call_to_another_space(lab, old, new, teid):
    """With either space-switch-event control there is an event, after the completed call."""
    spaces(lab, asces={PRIMARY: old, OTHER: new})
    program(lab, 0x5000, MODE_64, asn=OTHER)
    expected = {
        "r3": 3 * 0x01010101 << 32 | OLD_KEYS << 16 | PRIMARY, "r4": PARAMETER, "r14": CODE + 4, "ia": 0x5000,
        "c1": REAL_SPACE | OTHER << 12 | new, "c3": control(lab, 3, (OLD_KEYS | 0x4002) << 16 | PRIMARY),
        "c4": control(lab, 4, 0x9 << 16 | OTHER), "c5": 0x5 << 32 | aste(OTHER), "c7": lab.cr[1],
    }  # fmt: skip
    assert lab.step("pc 0(%r5)") == (0 if teid is None else SPACE_SWITCH)
    assert lab.changes() == expected
    if teid is not None:
        assert lab.word(TEID) == teid


# --- stacking PROGRAM CALL --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("controls", "asn", "changes"), [
    pytest.param(MODE_64, 0, {"c3": (OLD_KEYS | 0x4002) << 16 | PRIMARY}, id="same-space"),
    pytest.param(MODE_64 | REPLACE_MASK | SET_KEY | SET_INDEX | TO_AR | TO_SECONDARY, 0, {
        "c3": 0x4002 << 16 | PRIMARY, "c8": 0x7777 << 16 | 0x1111,
        "psw": BA_EA | DAT | ACCESS_REGISTERS | 9 << 52}, id="everything"),
    pytest.param(MODE_64, OTHER, {"c3": (OLD_KEYS | 0x4002) << 16 | PRIMARY}, id="another-space"),
    pytest.param(MODE_64 | TO_SECONDARY, OTHER, {"c3": (OLD_KEYS | 0x4002) << 16 | OTHER}, id="secondary-too"),
])  # fmt: skip
def test_stacking_call(lab, controls, asn, changes):
    spaces(lab)
    program(lab, 0x5000, controls | STACKING, asn=asn)
    expected = {"r4": PARAMETER, "ia": 0x5000, "c15": SECTION + SIZE_OF_ENTRY, "c7": lab.cr[1]}
    expected |= {name: (control(lab, int(name[1:]), value) if name[0] == "c" else value) for name, value in
                 changes.items()}  # fmt: skip
    if asn:
        expected |= {"c1": REAL_SPACE | OTHER << 12, "c4": control(lab, 4, 0x9 << 16 | OTHER),
                     "c5": 0x5 << 32 | aste(OTHER)}  # fmt: skip
        if controls & TO_SECONDARY:
            expected["c7"] = expected["c1"]
    assert lab.step("pc 0(%r5)") == 0
    assert {name: value for name, value in lab.changes().items() if isinstance(name, str)} == expected
    start = SECTION + 8
    assert lab.word(start + 128) == 0x8421_0042_0B0B_0041
    assert (lab.word(start + 136), lab.word(start + 168)) == (BA_EA | DAT | 2 << 44, CODE + 4)
    assert lab.word(start + 144) == (OTHER << 48 | OTHER << 32 if asn else 0) | NUMBER
    assert lab.word(start + 288) == descriptor(CALL, 3 * SIZE_OF_ENTRY)


@pytest.mark.parametrize(("mask", "where", "result"), [
    (BA_EA, 1 << 31 | 0x12345001, MODE_31 | PROBLEM), (MODE_24, 0x345000, MODE_24), (MODE_31, 0x345000, MODE_24),
])  # fmt: skip
def test_stacking_call_changes_the_mode(lab, mask, where, result):
    """Also from the access-register mode, and from the 64-bit mode to another one."""
    spaces(lab, mask | ACCESS_REGISTERS)
    program(lab, where, STACKING)
    lab.gr[4] = ALL
    assert lab.step("pc 0(%r5)") == 0
    assert lab.machine.psw == (result | DAT | 2 << 44, where & 0x7FFFFFFE)
    assert lab.gr[4] == ALL >> 32 << 32 | 0x90ABCDEF


# --- exceptions of PROGRAM CALL ---------------------------------------------------------------------------------------


def no_dat(lab):
    lab.psw(BA_EA)


def mode(space, state=BA_EA):
    return lambda lab: lab.psw(state | DAT | space)


def no_linkage(lab):
    lab.store(aste(PRIMARY) + 24, LINKAGE_TABLE.to_bytes(4, "big"))


def no_primary(lab):
    lab.cr[5] = SIZE


def word(address, value):
    return lambda lab: lab.store(address, value.to_bytes(4, "big"))


def space_invalid(lab):
    put(lab, aste(OTHER), INVALID | AUTHORITY << 32)


def translation_off(lab):
    lab.cr[14] = 0


def no_keys(lab):
    lab.cr[3] = 0x7BDE << 16
    lab.psw(PROBLEM_STATE | DAT)


def no_room(lab):
    put(lab, SECTION, descriptor(HEADER, 0))
    put(lab, SECTION + 8, 0)


def beyond_24_of_entry(lab):
    put(lab, ENTRY, 0x01000000)
    put(lab, ENTRY + 16, KEY_AND_INDEX | aste(OTHER))


LINKAGE_ENTRY, ENTRY = LINKAGE_TABLE + 0x21 * 4, ENTRY_TABLE + 5 * 32
# In the order of priority: each is recognized though all of those that follow are there too.
OF_CALL = [
    (no_dat, SPECIAL_OPERATION), (mode(SECONDARY), SPECIAL_OPERATION), (mode(HOME), SPECIAL_OPERATION),
    (no_primary, ADDRESSING), (no_linkage, SPECIAL_OPERATION),
    (word(aste(PRIMARY) + 24, 1 << 31 | LINKAGE_TABLE), LX), (word(aste(PRIMARY) + 24, 1 << 31 | SIZE | 1), ADDRESSING),
    (word(LINKAGE_ENTRY, 1 << 31 | ENTRY_TABLE | 1), LX), (word(LINKAGE_ENTRY, ENTRY_TABLE), EX),
    (word(LINKAGE_ENTRY, SIZE | 1), ADDRESSING), (beyond_24_of_entry, PC_SPECIFICATION),
    (no_keys, PRIVILEGED_OPERATION), (mode(ACCESS_REGISTERS), SPECIAL_OPERATION), (translation_off, SPECIAL_OPERATION),
    (space_invalid, ASX),
]  # fmt: skip


@pytest.mark.parametrize("first", range(len(OF_CALL)))
def test_exceptions_of_program_call(lab, first):
    spaces(lab)
    program(lab, 0x5000, MODE_64, asn=OTHER)
    for spoil, _ in reversed(OF_CALL[first:]):
        spoil(lab)
    code = OF_CALL[first][1]
    assert lab.step("pc 0(%r5)") == code
    assert lab.changes() == ({"ia": CODE} if code in (LX, EX, ASX) else {})
    if code in (LX, EX, ASX):
        assert lab.word(TEID) == (OTHER if code == ASX else NUMBER)


@pytest.mark.parametrize(("mask", "controls"), [(BA_EA, 0), (MODE_31, MODE_64)])
def test_a_basic_call_cannot_change_to_or_from_the_64_bit_mode(lab, mask, controls):
    spaces(lab, mask)
    program(lab, 0x80005000, controls, asn=OTHER)
    space_invalid(lab)
    assert lab.step("pc 0(%r5)") == SPECIAL_OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize(("spoil", "code"), [(None, FULL), (space_invalid, ASX)])
def test_stack_full_comes_last(lab, spoil, code):
    spaces(lab)
    program(lab, 0x5000, STACKING | MODE_64, asn=OTHER)
    no_room(lab)
    if spoil:
        spoil(lab)
    assert lab.step("pc 0(%r5)") == code
    assert lab.changes() == {"ia": CODE}


def test_authorization_key_mask(lab):
    """One key in common is enough; the supervisor state needs none."""
    for mask, keys, allowed, code in (
        (PROBLEM_STATE, 0x8000, 0x8001, 0), (PROBLEM_STATE, 0x8000, 0x7FFF, PRIVILEGED_OPERATION), (BA_EA, 1, 0, 0),
    ):  # fmt: skip
        lab.reset()
        spaces(lab, mask)
        program(lab, 0x5000, MODE_64, allowed=allowed)
        lab.cr[3] = keys << 16 | OLD_SECONDARY
        assert lab.step("pc 0(%r5)") == code


# --- PROGRAM TRANSFER -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mask", "to", "result", "ia"), [
    (BA_EA, 1 << 40 | 0x5001, PROBLEM_STATE, 1 << 40 | 0x5000), (BA_EA, 0x5000, BA_EA, 0x5000),
    (MODE_31, 5 << 60 | 0x00345001, MODE_24 | PROBLEM, 0x345000), (MODE_24, 0x92345000, MODE_31, 0x12345000),
    (PROBLEM_STATE, 0x5001, PROBLEM_STATE, 0x5000),
])  # fmt: skip
def test_transfer_in_the_same_space(lab, mask, to, result, ia):
    spaces(lab, mask)
    lab.gr[6], lab.gr[7] = 0xFFFFFFFF_8001_0041, to
    expected = {"c3": control(lab, 3, 0x8001 << 16 | PRIMARY), "c7": lab.cr[1], "ia": ia}
    assert lab.step("pt %r6,%r7") == 0
    assert lab.changes() == expected | ({"psw": result | DAT} if result != mask else {})
    assert lab.cpu.breaking_event == CODE


@pytest.mark.parametrize(("old", "new", "teid"), [(0, 0, None), (EVENT, 0, 0x80000041), (0, EVENT, 0x41)])
def test_transfer_to_another_space(lab, old, new, teid):
    spaces(lab, asces={PRIMARY: old, OTHER: new})
    lab.gr[6], lab.gr[7] = 0xFFFF << 16 | OTHER, 0x5000
    asce = REAL_SPACE | OTHER << 12 | new
    expected = {
        "c1": asce, "c3": control(lab, 3, OLD_KEYS << 16 | OTHER), "c4": control(lab, 4, 0x9 << 16 | OTHER),
        "c5": 0x5 << 32 | aste(OTHER), "c7": asce, "ia": 0x5000,
    }  # fmt: skip
    assert lab.step("pt %r6,%r7") == (0 if teid is None else SPACE_SWITCH)
    assert lab.changes() == expected
    if teid is not None:
        assert lab.word(TEID) == teid


def to_supervisor(lab):
    lab.psw(PROBLEM_STATE | DAT)
    lab.gr[7] = 0x5000


def beyond_24(lab):
    lab.psw(MODE_31 | DAT)
    lab.gr[7] = 0x01005000


def no_table(lab):
    lab.store(ASN_FIRST + 4, b"\xff" * 4)


def no_authority(lab):
    lab.cr[4] = 0x9 << 16 | PRIMARY  # secondary authority only


OF_TRANSFER = [
    (no_dat, SPECIAL_OPERATION), (mode(SECONDARY), SPECIAL_OPERATION), (mode(HOME), SPECIAL_OPERATION),
    (mode(ACCESS_REGISTERS), SPECIAL_OPERATION), (no_primary, ADDRESSING), (no_linkage, SPECIAL_OPERATION),
    (to_supervisor, PRIVILEGED_OPERATION), (beyond_24, SPECIFICATION), (translation_off, SPECIAL_OPERATION),
    (no_table, AFX), (space_invalid, ASX), (no_authority, PRIMARY_AUTHORITY),
]  # fmt: skip


@pytest.mark.parametrize("first", range(len(OF_TRANSFER)))
def test_exceptions_of_program_transfer(lab, first):
    spaces(lab)
    lab.gr[6], lab.gr[7] = OTHER, 0x5001
    for spoil, _ in reversed(OF_TRANSFER[first:]):
        spoil(lab)
    if first > 7:
        lab.gr[7] = 0x5001
    code = OF_TRANSFER[first][1]
    assert lab.step("pt %r6,%r7") == code
    assert lab.changes() == ({"ia": CODE} if code in (AFX, ASX, PRIMARY_AUTHORITY) else {})
    if code in (AFX, ASX, PRIMARY_AUTHORITY):
        assert lab.word(TEID) == OTHER


# --- PROGRAM RETURN ---------------------------------------------------------------------------------------------------

PER = 1 << 62
SAVED = BA_EA | DAT | PROBLEM | 7 << 52 | PER
REGISTERS = {f"r{n}": 0xF0F0F0F0_00000000 + n for n in range(2, 15)} | {f"a{n}": 0xA0000000 + n for n in range(2, 15)}
AUTHORITIES = SECTION + 8 + 128


def restored(lab, kind: int, **changes) -> dict:
    changes = REGISTERS | {"c15": SECTION, "ia": 0x5000, "psw": SAVED & ~PER, "cc": 1} | changes
    if kind == CALL:
        changes |= {"c3": control(lab, 3, 0x43210042), "c8": control(lab, 8, 0x0C0C1111)} | changes
    return changes


@pytest.mark.parametrize("mask", [BA_EA, BA_EA | ACCESS_REGISTERS])
def test_return_from_a_branch(lab, mask):
    spaces(lab, mask)
    entry(lab, BRANCH, mask=SAVED | 1 << 44, address=0x5000)
    assert lab.step("pr") == 0
    assert lab.changes() == restored(lab, BRANCH) | {SECTION + 4: bytes(2)}  # the size of the next entry
    assert lab.cpu.breaking_event == CODE


def test_return_within_the_space(lab):
    """The secondary space is translated, and authorized by the authorization index that stays, even if it stays too."""
    spaces(lab)
    entry(lab, CALL, mask=SAVED | 1 << 44, address=0x5000)
    put(lab, aste(OLD_SECONDARY) + 8, REAL_SPACE | 0x77000)
    assert lab.step("pr") == 0
    assert lab.changes() == restored(lab, CALL, c7=REAL_SPACE | 0x77000) | {SECTION + 4: bytes(2)}


def test_return_to_a_space_that_is_secondary_too_needs_no_tables(lab):
    spaces(lab)
    entry(lab, CALL, mask=SAVED | 1 << 44, address=0x5000)
    put(lab, AUTHORITIES, 0x4321_0041_0C0C_0041)
    lab.cr[14] = 0
    assert lab.step("pr") == 0
    assert lab.changes() == restored(lab, CALL, c7=lab.cr[1], c3=control(lab, 3, 0x43210041)) | {SECTION + 4: bytes(2)}


@pytest.mark.parametrize(("old", "new", "teid"), [(0, 0, None), (EVENT, 0, 0x80000043), (0, EVENT, 0x43)])
def test_return_to_another_space(lab, old, new, teid):
    """The secondary space is authorized by the index of the space that is returned to."""
    spaces(lab, asces={PRIMARY: new})
    entry(lab, CALL, mask=SAVED | 1 << 44, address=0x5000)
    lab.cr[4], lab.cr[1], lab.cr[5] = OTHER, REAL_SPACE | old, aste(OTHER)
    assert lab.step("pr") == (0 if teid is None else SPACE_SWITCH)
    expected = restored(lab, CALL, c1=REAL_SPACE | PRIMARY << 12 | new, c4=0x9 << 16 | PRIMARY, c5=aste(PRIMARY))
    assert lab.changes() == expected | {SECTION + 4: bytes(2)}
    if teid is not None:
        assert lab.word(TEID) == teid


def test_return_over_a_section(lab):
    """The entry before the one that is removed becomes the current one, in its own section."""
    spaces(lab)
    entry(lab, BRANCH, mask=SAVED, address=0x5000)
    put(lab, NEXT_SECTION - 8, (SECTION + SIZE_OF_ENTRY) | 1)
    put(lab, NEXT_SECTION, descriptor(HEADER, 0))
    lab.cr[15] = NEXT_SECTION | 5
    assert lab.step("pr") == 0
    assert lab.cr[15] == SECTION | 5


@pytest.mark.parametrize("event", [0, EVENT])
def test_invalid_psw_is_loaded(lab, event):
    """Its exception comes after the instruction, and after a space-switch event."""
    spaces(lab, asces={PRIMARY: event})
    entry(lab, CALL, mask=DAT | 1 << 32, address=0x5001)
    if event:
        lab.cr[4], lab.cr[1], lab.cr[5] = OTHER, REAL_SPACE, aste(OTHER)
    assert lab.step("pr") == (SPACE_SWITCH if event else SPECIFICATION)
    assert lab.old_psw == (DAT | 1 << 32, 0x5001)
    assert lab.machine.last_interruption.ilc == (2 if event else 0)


def of_entry(kind, suppressed=0):
    return lambda lab: put(lab, SECTION + SIZE_OF_ENTRY, descriptor(kind | suppressed, 0))


def no_secondary_authority(lab):
    lab.cr[4] = 0x0B << 16 | PRIMARY


def secondary_invalid(lab):
    put(lab, aste(OLD_SECONDARY), INVALID)


def stack_protected(lab):
    lab.cr[13] = map_page(lab, SECTION, SECTION)
    change(lab, SECTION, -1, on=PAGE_PROTECT)


OF_RETURN = [
    (no_dat, SPECIAL_OPERATION), (mode(SECONDARY), SPECIAL_OPERATION), (mode(HOME), SPECIAL_OPERATION),
    (of_entry(HEADER, SUPPRESSED), OPERATION), (of_entry(HEADER), EMPTY), (of_entry(0x0B, SUPPRESSED), TYPE),
    (of_entry(CALL, SUPPRESSED), OPERATION), (translation_off, SPECIAL_OPERATION), (secondary_invalid, ASX),
    (no_secondary_authority, SECONDARY_AUTHORITY),
]  # fmt: skip


@pytest.mark.parametrize("first", range(len(OF_RETURN)))
def test_exceptions_of_program_return(lab, first):
    spaces(lab)
    entry(lab, CALL, mask=SAVED, address=0x5000)
    put(lab, SECTION + SIZE_OF_ENTRY - 8, 0)  # no section before, where this is taken for a header
    for spoil, _ in reversed(OF_RETURN[first:]):
        spoil(lab)
    code = OF_RETURN[first][1]
    assert lab.step("pr") == code
    assert lab.changes() == ({} if code == SPECIAL_OPERATION else {"ia": CODE})


def test_return_stores_nothing_into_a_protected_page(lab):
    spaces(lab)
    entry(lab, CALL, mask=SAVED, address=0x5000)
    stack_protected(lab)
    assert lab.step("pr") == PROTECTION
    assert lab.changes() == {}


def test_call_and_return(lab):
    """A stacking call to another space and back: all is as before."""
    spaces(lab, PROBLEM_STATE)
    lab.cr[4] = 0x9 << 16 | PRIMARY
    program(lab, 0x40001, STACKING | MODE_64 | SET_KEY | REPLACE_MASK | SET_INDEX | TO_AR | TO_SECONDARY, asn=OTHER)
    lab.store(0x40000, bytes.fromhex("a7490123 0101"))  # lghi %r4,0x123; pr
    before = [value for registers in (lab.gr, lab.ar, lab.cr) for value in registers.tolist()]
    psw = lab.machine.psw
    assert [lab.step("pc 0(%r5)"), lab.go(), lab.go()] == [0, 0, 0]
    assert [value for registers in (lab.gr, lab.ar, lab.cr) for value in registers.tolist()] == before
    assert lab.machine.psw == (psw[0], CODE + 4)
    assert lab.word(SECTION) == descriptor(HEADER, 4 * SIZE_OF_ENTRY)


@pytest.mark.parametrize(("line", "where"), [("pc 0(%r5)", 0x5000), ("pt %r6,%r7", 0x5000), ("pr", 0x5000)])
@pytest.mark.parametrize(("recorded", "code"), [(range(CODE, CODE + 1), 0x9C), (range(1, 2), 0)])
def test_a_switch_of_spaces_is_an_event_beside_a_program_event(lab, line, where, recorded, code):
    """Instruction fetching; without it, and without either control, there is none."""
    spaces(lab)
    program(lab, where, MODE_64, asn=OTHER)
    if line == "pr":
        entry(lab, CALL, mask=BA_EA | DAT, address=where)
        put(lab, AUTHORITIES, 0x4321_0043_0C0C_0043)
    lab.gr[6], lab.gr[7] = OTHER, where
    lab.cr[9], lab.cr[10], lab.cr[11] = 1 << 63 - 33, recorded[0], recorded[-1]
    lab.psw(BA_EA | DAT | PER)
    assert lab.step(line) == code
    assert lab.cr[4] & 0xFFFF == OTHER
    if code:
        assert (lab.word(TEID), lab.old_psw[1]) == (PRIMARY, where)

"""Access-register mode: PoP ch. 5 "Access-Register Translation", and which access register an operand has."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import (
    ADDRESSING,
    ALE_SEQUENCE,
    ALEN_TRANSLATION,
    ALET_SPECIFICATION,
    ASCE_TYPE,
    ASTE_SEQUENCE,
    ASTE_VALIDITY,
    BLOCK_VOLATILITY,
    EXTENDED_AUTHORITY,
    PAGE_TRANSLATION,
    PROTECTION,
    REGION_THIRD,
    SEGMENT_TRANSLATION,
)
from s390emu.engine.handlers import implemented
from s390emu.isa.opcodes import ROWS
from tests.lab import BA_EA, CODE, PROBLEM, SIZE
from tests.translation import PAGE_INVALID, PRIVATE, REAL_SPACE, SEGMENT, change, map_page, put

DAT, PER = 1 << 58, 1 << 62
ACCESS_REGISTERS, SECONDARY, HOME = 1 << 46, 2 << 46, 3 << 46
SECONDARY_SPACE_CONTROL = 1 << (63 - 37)
ASN_TRANSLATION = 1 << (63 - 44)
BLOCK, ELSEWHERE = 0x38000, 0x39000
DUCT, PRIMARY_ASTE, LIST, PRIMARY_LIST, ASTE, AUTHORITY = 0x50000, 0x50100, 0x51000, 0x51800, 0x52000, 0x53000
BAD = 0x2000000  # an ALET with a one in bits 0-6
PRIMARY_LIST_ALET = 0x1000000
ENTRY_INVALID, ENTRY_FETCH_ONLY, ENTRY_PRIVATE = 1 << 63, 1 << 57, 1 << 56
SEQUENCE = 0x12345678
EXCEPTION_ACCESS, PER_ACCESS, TEID = 0xA0, 0xA1, 0xA8


def list_entry(lab, number, flags=0, *, at=LIST, sequence=0, authorization=0, aste_sequence=SEQUENCE):
    put(lab, at + 16 * number, flags | sequence << 48 | authorization << 32)
    put(lab, at + 16 * number + 8, ASTE << 32 | aste_sequence)


def access_list(lab, *, blocks=0, asce=None):
    """A dispatchable-unit access list of 8 entries, the third of which is valid, and one of the primary space, the
    fourth of which is. They designate a space in which BLOCK is elsewhere."""
    lab.cr[2], lab.cr[5], lab.cr[8] = DUCT, PRIMARY_ASTE, 0
    lab.store(DUCT + 16, (LIST | blocks).to_bytes(4, "big"))
    lab.store(PRIMARY_ASTE + 16, (PRIMARY_LIST | blocks).to_bytes(4, "big"))
    for n in range(8):
        list_entry(lab, n, ENTRY_INVALID)
        list_entry(lab, n, ENTRY_INVALID, at=PRIMARY_LIST)
    list_entry(lab, 2)
    list_entry(lab, 3, at=PRIMARY_LIST)
    put(lab, ASTE, AUTHORITY << 32)  # valid; an authority table of one unit: 4 bytes
    put(lab, ASTE + 8, map_page(lab, BLOCK, ELSEWHERE) if asce is None else asce)
    put(lab, ASTE + 16, SEQUENCE)
    lab.store(AUTHORITY, bytes(16))


def mode(lab, mask=BA_EA, *, space=ACCESS_REGISTERS, key=0):
    lab.cr[1] = lab.cr[7] = lab.cr[13] = REAL_SPACE
    lab.cr[0] |= SECONDARY_SPACE_CONTROL
    lab.psw(mask | DAT | space, key=key)


def fetch(lab, alet, **options):
    """Fetch from BLOCK by access register 5: -> the program-interruption code."""
    lab.store(BLOCK, b"\x11" * 8)
    lab.store(ELSEWHERE, b"\x22" * 8)
    lab.gr[5], lab.ar[5] = BLOCK, alet
    mode(lab, **options)
    return lab.step("lg %r1,0(%r5)")


# --- translation ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alet", [2, PRIMARY_LIST_ALET | 3])
def test_access_list_entry_designates_the_space(lab, alet):
    access_list(lab)
    assert fetch(lab, alet) == 0
    assert lab.changes() == {"r1": 0x2222222222222222}


def test_alet_0_is_the_primary_and_1_the_secondary_space(lab):
    lab.store(BLOCK, b"\x11" * 8)
    lab.store(ELSEWHERE, b"\x22" * 8)
    lab.gr[5] = lab.gr[6] = BLOCK
    lab.ar[6] = 1
    mode(lab)
    lab.cr[7] = map_page(lab, BLOCK, ELSEWHERE)
    assert lab.step("lg %r1,0(%r5)\n lg %r2,0(%r6)") == 0
    assert lab.go() == 0
    assert (lab.gr[1], lab.gr[2]) == (0x1111111111111111, 0x2222222222222222)


def test_access_register_0_is_taken_as_zero(lab):
    lab.ar[0] = BAD
    mode(lab)
    assert lab.step("lg %r1,0x200") == 0


@pytest.mark.parametrize("bit", range(7))
def test_alet_specification(lab, bit):
    access_list(lab)
    assert fetch(lab, 2 | 1 << (31 - bit)) == ALET_SPECIFICATION
    assert lab.changes() == {}  # suppressed
    assert lab.word(EXCEPTION_ACCESS, 1) == 5


@pytest.mark.parametrize("alet", [3, PRIMARY_LIST_ALET | 2, 8, 0xFFFF])
def test_alen_translation(lab, alet):
    access_list(lab)
    list_entry(lab, 8)
    assert fetch(lab, alet) == ALEN_TRANSLATION
    assert lab.changes() == {"ia": CODE}  # nullified
    assert lab.word(EXCEPTION_ACCESS, 1) == 5


def test_length_of_the_access_list(lab):
    access_list(lab, blocks=1)
    list_entry(lab, 15)
    assert fetch(lab, 15) == 0
    assert fetch(lab, 16) == ALEN_TRANSLATION


def test_ale_sequence(lab):
    access_list(lab)
    list_entry(lab, 2, sequence=0x5A)
    assert fetch(lab, 2) == ALE_SEQUENCE
    assert lab.changes() == {"ia": CODE}
    assert fetch(lab, 0x5A0002) == 0


def test_aste_validity(lab):
    access_list(lab)
    put(lab, ASTE, 1 << 63)
    assert fetch(lab, 2) == ASTE_VALIDITY
    assert lab.changes() == {"ia": CODE}


def test_aste_sequence(lab):
    access_list(lab)
    list_entry(lab, 2, aste_sequence=SEQUENCE + 1)
    assert fetch(lab, 2) == ASTE_SEQUENCE
    assert lab.changes() == {"ia": CODE}


@pytest.mark.parametrize(("authorization", "index", "table", "code"), [
    pytest.param(7, 7, 0, 0, id="same-index"),
    pytest.param(7, 6, 0, EXTENDED_AUTHORITY, id="no-authority"),
    pytest.param(7, 6, 0x04 << 48, 0, id="secondary-authority"),
    pytest.param(7, 6, 0x08 << 48, EXTENDED_AUTHORITY, id="primary-authority"),
    pytest.param(7, 5, 0x04 << 48, EXTENDED_AUTHORITY, id="of-another-index"),
    pytest.param(7, 15, 0x01 << 32, 0, id="last-of-the-table"),
    pytest.param(7, 16, -1, EXTENDED_AUTHORITY, id="beyond-the-table"),
])  # fmt: skip
def test_extended_authority(lab, authorization, index, table, code):
    access_list(lab)
    list_entry(lab, 2, ENTRY_PRIVATE, authorization=authorization)
    lab.cr[8] = index << 16
    put(lab, AUTHORITY, table % 2**64)
    assert fetch(lab, 2) == code
    assert lab.changes() == ({"ia": CODE} if code else {"r1": 0x2222222222222222})


def test_an_entry_that_is_not_private_needs_no_authority(lab):
    access_list(lab)
    list_entry(lab, 2, authorization=7)
    assert fetch(lab, 2) == 0


ORDER = [  # what is wrong at once: (how, code), the first one is recognized
    ("alet", ALET_SPECIFICATION), ("duct", ADDRESSING), ("entry", ALEN_TRANSLATION), ("sequence", ALE_SEQUENCE),
    ("aste", ASTE_VALIDITY), ("aste-sequence", ASTE_SEQUENCE), ("authority", EXTENDED_AUTHORITY),
    ("page", PAGE_TRANSLATION),
]  # fmt: skip


@pytest.mark.parametrize("first", range(len(ORDER)), ids=[name for name, _ in ORDER])
def test_priority(lab, first):
    access_list(lab)
    wrong = {name for name, _ in ORDER[first:]}
    change(lab, BLOCK, -1, on=PAGE_INVALID)
    if "authority" in wrong:
        lab.cr[8] = 1 << 16
    flags = ENTRY_PRIVATE | (ENTRY_INVALID if "entry" in wrong else 0)
    list_entry(lab, 2, flags, sequence=9 * ("sequence" in wrong), aste_sequence=SEQUENCE + ("aste-sequence" in wrong))
    put(lab, ASTE, AUTHORITY << 32 | (1 << 63 if "aste" in wrong else 0))
    if "duct" in wrong:
        lab.cr[2] = SIZE
    assert fetch(lab, 2 | (BAD if "alet" in wrong else 0)) == ORDER[first][1]


@pytest.mark.parametrize("table", ["duct", "list", "aste"])
def test_table_outside_the_configuration(lab, table):
    access_list(lab)
    if table == "duct":
        lab.cr[2] = SIZE
    elif table == "list":
        lab.store(DUCT + 16, SIZE.to_bytes(4, "big"))
    else:
        put(lab, LIST + 40, SIZE << 32 | SEQUENCE)
    assert fetch(lab, 2) == ADDRESSING
    assert lab.changes() == {}


@pytest.mark.parametrize("table", [DUCT, LIST, ASTE])
def test_discarded_table(lab, table):
    access_list(lab)
    lab.machine.set_block(table, "Vz")
    assert fetch(lab, 2) == BLOCK_VOLATILITY
    assert lab.word(TEID) == table
    assert lab.word(EXCEPTION_ACCESS, 1) == 0


def test_tables_are_not_subject_to_keys(lab):
    access_list(lab)
    for table in (DUCT, LIST, ASTE):
        lab.set_key(table, 0x18)
    lab.set_key(CODE, 0x40)
    assert fetch(lab, 2, key=4) == 0


# --- accesses ---------------------------------------------------------------------------------------------------------


def test_page_translation_names_the_access_register(lab):
    access_list(lab)
    change(lab, BLOCK, -1, on=PAGE_INVALID)
    assert fetch(lab, 2) == PAGE_TRANSLATION
    assert lab.changes() == {"ia": CODE}
    assert lab.word(TEID) == BLOCK | 1  # an AR-specified ASCE
    assert lab.word(EXCEPTION_ACCESS, 1) == 5


def test_other_modes_name_no_access_register(lab):
    access_list(lab)
    fetch(lab, BAD)
    lab.cr[1] = lab.word(ASTE + 8)
    map_page(lab, CODE, CODE)
    change(lab, BLOCK, -1, on=PAGE_INVALID)
    lab.psw(BA_EA | DAT)
    assert lab.step("lg %r1,0(%r5)") == PAGE_TRANSLATION
    assert lab.word(EXCEPTION_ACCESS, 1) == 0


def test_fetch_only_entry(lab):
    access_list(lab)
    list_entry(lab, 2, ENTRY_FETCH_ONLY)
    assert fetch(lab, 2) == 0
    lab.psw(BA_EA | DAT | ACCESS_REGISTERS)
    assert lab.step("stg %r1,0(%r5)") == PROTECTION
    assert lab.changes() == {}
    assert lab.word(TEID) == BLOCK | 0xD  # access-list-controlled protection, by access register
    assert lab.word(EXCEPTION_ACCESS, 1) == 5


def test_fetch_only_is_of_that_entry_alone(lab):
    access_list(lab)
    list_entry(lab, 2, ENTRY_FETCH_ONLY)
    fetch(lab, 2)
    lab.gr[6] = ELSEWHERE + 0x100
    lab.psw(BA_EA | DAT | ACCESS_REGISTERS)
    assert lab.step("mvc 0(8,%r6),0(%r5)") == 0
    assert lab.load(ELSEWHERE + 0x100, 8) == b"\x22" * 8


@pytest.mark.parametrize(("private", "code"), [(0, PROTECTION), (PRIVATE, 0)])
def test_low_address_protection_by_the_space(lab, private, code):
    access_list(lab, asce=REAL_SPACE | private)
    lab.ar[5], lab.gr[5] = 2, 0x100
    mode(lab)
    lab.cr[0] |= 1 << (63 - 35)
    assert lab.step("stg %r1,0(%r5)") == code


def test_instructions_come_from_the_primary_space(lab):
    mode(lab)
    lab.cr[7] = lab.cr[13] = 0
    assert lab.step("lgr %r1,%r2") == 0


def test_tables_are_looked_at_each_time(lab):
    access_list(lab)
    assert fetch(lab, 2) == 0
    list_entry(lab, 2, ENTRY_INVALID)
    lab.psw(BA_EA | DAT | ACCESS_REGISTERS)
    assert lab.step("lg %r1,0(%r5)") == ALEN_TRANSLATION
    assert fetch(lab, 0) == 0


def test_what_was_executed_in_another_mode_is_not_reused(lab):
    access_list(lab)
    lab.store(BLOCK, b"\x11" * 8)
    lab.store(ELSEWHERE, b"\x22" * 8)
    lab.gr[5], lab.ar[5], lab.gr[6] = BLOCK, 2, CODE + 4
    mode(lab, space=0)
    lab.step("sac 0x200\n lg %r1,0(%r5)\n lgr %r2,%r1\n sac 0\n lg %r1,0(%r5)\n lg %r3,0(%r5)\n br %r6", at=CODE)
    lab.psw(BA_EA | DAT)
    for _ in range(2):
        lab.machine.set_psw(BA_EA | DAT, CODE)
        for _ in range(6):
            assert lab.go() == 0
        assert (lab.gr[1], lab.gr[2], lab.gr[3]) == (0x11 * 0x0101010101010101, 0x22 * 0x0101010101010101,
                                                    0x11 * 0x0101010101010101)  # fmt: skip


def test_a_user_program_goes_on(lab):
    mode(lab, BA_EA | PROBLEM, space=0)
    assert lab.step("sac 0x200\n lgr %r1,%r1") == 0
    assert lab.go() == 0


# --- which access register --------------------------------------------------------------------------------------------

OPERANDS = [  # a line, and the registers whose access registers its operands have
    ("lg %r1,0(%r4,%r5)", [5]), ("l %r1,8(%r5)", [5]), ("stm %r1,%r3,0(%r5)", [5]), ("cs %r1,%r3,0(%r5)", [5]),
    ("mvi 0(%r5),1", [5]), ("mvhi 0(%r5),1", [5]), ("stfle 0(%r5)", [5]), ("asi 0(%r5),1", [5]), ("cli 0(%r5),1", [5]),
    ("lmg %r1,%r3,0(%r5)", [5]), ("ic %r1,0(%r5,%r4)", [4]), ("stck 0(%r5)", [5]), ("lam %a8,%a9,0(%r5)", [5]),
    ("mvc 0(8,%r5),0(%r6)", [5, 6]), ("clc 0(8,%r5),0(%r6)", [5, 6]), ("xc 0(8,%r5),0(%r6)", [5, 6]),
    ("nc 0(8,%r5),0(%r6)", [5, 6]), ("oc 0(8,%r5),0(%r6)", [5, 6]), ("mvcin 0(8,%r5),7(%r6)", [5, 6]),
    ("mvn 0(8,%r5),0(%r6)", [5, 6]), ("mvz 0(8,%r5),0(%r6)", [5, 6]), ("tr 0(8,%r5),0(%r6)", [5, 6]),
    ("trt 0(8,%r5),0(%r6)", [5, 6]), ("trtr 7(8,%r5),0(%r6)", [5, 6]), ("mvcrl 0(%r5),0(%r6)", [5, 6]),
    ("mvo 0(8,%r5),0(8,%r6)", [5, 6]), ("pack 0(8,%r5),0(8,%r6)", [5, 6]), ("unpk 0(8,%r5),0(8,%r6)", [5, 6]),
    ("mvck 0(%r14,%r5),0(%r6),%r8", [5, 6]), ("mvcsk 0(%r5),0(%r6)", [5, 6]), ("mvcdk 0(%r5),0(%r6)", [5, 6]),
    ("mvcos 0(%r5),0(%r6),%r14", [5, 6]), ("lmd %r10,%r11,0(%r5),0(%r6)", [5, 6]), ("lpd %r10,0(%r5),0(%r6)", [5, 6]),
    ("lpdg %r10,0(%r5),0(%r6)", [5, 6]), ("ectg 0(%r5),0(%r6),%r7", [5, 6, 7]), ("csst 0(%r5),0(%r6),%r10", [1, 5, 6]),
    ("strag 0(%r5),0(%r6)", [5, 6]), ("mvcl %r2,%r6", [2, 6]), ("clcl %r2,%r6", [2, 6]), ("mvcle %r2,%r6,0", [2, 6]),
    ("clcle %r2,%r6,0", [2, 6]), ("mvst %r5,%r6", [5, 6]), ("clst %r5,%r6", [5, 6]), ("srst %r8,%r6", [6]),
    ("cksm %r8,%r6", [6]), ("mvpg %r5,%r6", [5, 6]), ("csp %r8,%r6", [6]), ("cspg %r8,%r6", [6]), ("ivsk %r8,%r6", [6]),
    ("ptff", [1]), ("lura %r8,%r6", []), ("stura %r8,%r6", []), ("iske %r8,%r6", []), ("lrl %r8,.+0x100", []),
    ("stgrl %r8,.+0x100", []), ("clhrl %r8,.+0x100", []), ("lgr %r1,%r6", []), ("la %r1,0(%r5,%r6)", []),
    ("ex 0,0(%r9)", [5, 6]), ("exrl 0,.+0x800", [5, 6]), ("lpsw 0(%r15)", [15]), ("ld %f0,0(%r5)", [5]),
    ("lasp 0(%r5),0(%r6)", [5]),
    ("ap 0(8,%r5),0(8,%r6)", [5, 6]), ("sp 0(8,%r5),0(8,%r6)", [5, 6]), ("zap 0(8,%r5),0(8,%r6)", [5, 6]),
    ("cp 0(8,%r5),0(8,%r6)", [5, 6]), ("mp 0(8,%r5),7(1,%r6)", [5, 6]), ("dp 0(8,%r5),7(1,%r6)", [5, 6]),
    ("srp 0(8,%r5),0(%r6),0", [5]), ("tp 0(8,%r5)", [5]), ("ed 0(2,%r5),0(%r6)", [5, 6]),
    ("edmk 0(2,%r5),0(%r6)", [5, 6]),
    ("pka 0(%r5),0(8,%r6)", [5, 6]), ("pku 0(%r5),0(8,%r6)", [5, 6]), ("unpka 0(8,%r5),0(%r6)", [5, 6]),
    ("unpku 0(8,%r5),0(%r6)", [5, 6]), ("plo %r8,0(%r5),%r10,0(%r6)", [5, 6]), ("mvclu %r2,%r6,0", [2, 6]),
    ("clclu %r2,%r6,0", [2, 6]), ("srstu %r8,%r6", [6]), ("cuse %r2,%r6", [2, 6]), ("tre %r2,%r6", [2, 6]),
    ("troo %r2,%r6,1", [1, 2, 6]), ("trot %r2,%r6,1", [1, 2, 6]), ("trto %r2,%r6,1", [1, 2, 6]),
    ("trtt %r2,%r6,1", [1, 2, 6]), ("cu12 %r2,%r6", [2, 6]), ("cu14 %r2,%r6", [2, 6]), ("cu21 %r2,%r6", [2, 6]),
    ("cu24 %r2,%r6", [2, 6]), ("cu41 %r2,%r6", [2, 6]), ("cu42 %r2,%r6", [2, 6]),
]  # fmt: skip
DECIMAL = {row.mnemonic.lower() for row in ROWS if row.chapter == 8}
PACKED = bytes(7) + b"\x1c"


def prepare(lab, line: str) -> None:
    """Registers and storage with which the line is executed to its end; EXECUTE has a target."""
    lab.reset()
    lab.step("mvc 0(8,%r5),0(%r6)", at=CODE + 0x800)
    for n in range(1, 16):
        lab.gr[n] = BLOCK + 0x1000 * n
    lab.gr[3], lab.gr[7], lab.gr[14] = 8, 8, 8  # lengths
    if line.startswith("ectg"):
        lab.gr[7] = BLOCK
    if line.startswith(("mvcl", "clcl", "clst", "mvst", "ivsk")) or "ptff" in line or "csst" in line:
        lab.gr[0] = 0
    if "ptff" in line:
        lab.gr[0] = 1
    if "mvcos" in line:
        lab.gr[0] = 0x41 << 16 | 0x41  # both by access register
    if line.startswith(("cuse", "tre")):
        lab.gr[0] = 8  # how long the substring is; the test byte
    lab.gr[8] = 0 if line.startswith(("mvck", "csp")) else lab.gr[8]
    if line.startswith("plo"):
        lab.gr[0], lab.gr[8] = 0, int.from_bytes(b"aaaa", "big")
    lab.gr[9] = CODE + 0x800
    lab.store(BLOCK + 0x5000, b"a" * 8)
    lab.store(BLOCK + 0x6000, bytes(8) if line.startswith("cu4") else b"a" * 8)
    if line.split()[0] in DECIMAL:
        lab.store(BLOCK + 0x5000, b"\x40\x20" if line.startswith("ed") else PACKED)
        lab.store(BLOCK + 0x6000, PACKED)
    lab.store(BLOCK + 0xF000, (0x000A0000_80000000 | CODE).to_bytes(8, "big"))


@pytest.mark.parametrize(("line", "registers"), OPERANDS, ids=[line for line, _ in OPERANDS])
def test_access_registers_of_an_instruction(lab, line, registers):
    """One access register after the other is bad: exactly those of the operands are noticed, and named."""
    noticed = []
    for register in range(1, 16):
        prepare(lab, line)
        lab.ar[:] = 0
        lab.ar[register] = BAD
        lab.cr[14] = ASN_TRANSLATION
        mode(lab, key=0)
        code = lab.step(line)
        assert code in (0, ALET_SPECIFICATION), (register, code)
        if code:
            assert lab.word(EXCEPTION_ACCESS, 1) == register
            noticed.append(register)
    assert noticed == registers


@pytest.mark.parametrize("line", ["lrl %r8,.+0x100", "strl %r8,.+0x100", "chrl %r8,.+0x100"])
def test_relative_operands_are_where_the_instructions_are(lab, line):
    """In the secondary-space mode too; there is no secondary space here."""
    mode(lab, space=SECONDARY)
    lab.cr[7] = 0
    assert lab.step(line) == 0


def test_secondary_space_mode_after_a_relative_operand(lab):
    lab.store(BLOCK, b"\x11" * 8)
    lab.store(ELSEWHERE, b"\x22" * 8)
    lab.gr[5] = BLOCK
    mode(lab, space=SECONDARY)
    lab.cr[7] = map_page(lab, BLOCK, ELSEWHERE)
    lab.step("lrl %r8,.+0x100\n lg %r1,0(%r5)")
    assert lab.go() == 0
    assert lab.gr[1] == 0x2222222222222222


def test_mvcos_by_access_register_from_another_mode(lab):
    access_list(lab)
    lab.store(ELSEWHERE, b"\x22" * 8)
    lab.gr[0], lab.gr[2], lab.gr[5], lab.gr[6], lab.ar[6] = 0x41, 8, BLOCK + 0x2000, BLOCK, 2
    mode(lab, space=HOME)
    assert lab.step("mvcos 0(%r5),0(%r6),%r2") == 0
    assert lab.load(BLOCK + 0x2000, 8) == b"\x22" * 8


# --- instructions that tell about a translation -----------------------------------------------------------------------


def test_lra_by_access_list(lab):
    access_list(lab)
    lab.gr[5], lab.ar[5] = BLOCK, 2
    lab.psw(BA_EA | ACCESS_REGISTERS)  # DAT may be off
    assert lab.step("lrag %r1,4(%r5)") == 0
    assert lab.changes() == {"r1": ELSEWHERE + 4}


@pytest.mark.parametrize(("alet", "code"), [(BAD, ALET_SPECIFICATION), (3, ALEN_TRANSLATION),
                                            (0x10002, ALE_SEQUENCE)])  # fmt: skip
def test_lra_tells_why_there_is_no_translation(lab, alet, code):
    access_list(lab)
    lab.gr[1], lab.gr[5], lab.ar[5] = 1 << 40, BLOCK, alet
    lab.psw(BA_EA | ACCESS_REGISTERS)
    assert lab.step("lra %r1,0(%r5)") == 0
    assert lab.changes() == {"r1": 1 << 40 | 0x80000000 | code, "cc": 3}


@pytest.mark.parametrize(("alet", "flags", "cc"), [(2, 0, 0), (2, ENTRY_FETCH_ONLY, 1), (3, 0, 3), (BAD, 0, 3)])
def test_tprot(lab, alet, flags, cc):
    access_list(lab)
    list_entry(lab, 2, flags)
    lab.gr[5], lab.ar[5] = BLOCK, alet
    mode(lab)
    assert lab.step("tprot 0(%r5),0") == 0
    assert lab.machine.psw[0] >> 44 & 3 == cc


# --- with program-event recording -------------------------------------------------------------------------------------


def test_alteration_names_the_access_register(lab):
    access_list(lab)
    lab.gr[5], lab.ar[5] = BLOCK, 2
    lab.cr[9], lab.cr[10], lab.cr[11] = 1 << (63 - 34), BLOCK, BLOCK
    lab.store(PER_ACCESS, b"\xee")
    mode(lab, BA_EA | PER)
    assert lab.step("stg %r1,0(%r5)") == 0x80
    assert lab.word(0x96, 2) == 0x2000 | 0xF0 | 1 << 2 | 1
    assert lab.word(PER_ACCESS, 1) == 5


# --- is that all? -----------------------------------------------------------------------------------------------------

TRIED = {line.split()[0] for line, _ in OPERANDS}
NOT_IN_THIS_MODE = {"mvcp", "mvcs"}
TRANSLATION = (SEGMENT_TRANSLATION, PAGE_TRANSLATION, *range(ASCE_TYPE, REGION_THIRD + 1))
TEXTS = {"E": "{}", "RR": "{}46", "RRE": "{}0046", "RRF-a": "{}8046", "RRF-b": "{}8046", "RRF-c": "{}0046"}


def test_every_instruction_with_two_base_registers_is_tried():
    found = {row.mnemonic.lower() for row in ROWS if implemented(row) and row.format.name.startswith("SS")}
    assert found - TRIED == NOT_IN_THIS_MODE | {"tprot"}


def test_every_instruction_with_addresses_in_registers_is_tried(lab):
    """Those that meet a translation exception where only the code is mapped."""
    found = set()
    for row in ROWS:
        if row.format.name not in TEXTS or not implemented(row):
            continue
        text = bytes.fromhex(TEXTS[row.format.name].format(row.opcode))
        lab.reset()
        lab.cr[13] = map_page(lab, CODE, CODE, level=SEGMENT)
        lab.gr[:] = [0, *(n << 40 | 0x10 for n in range(1, 16))]
        lab.store(CODE, text)
        lab.psw(BA_EA | DAT | HOME)
        lab.machine.run(1)
        last = lab.machine.last_interruption
        if last is not None and last.code in TRANSLATION and lab.word(0x158) == CODE:
            found.add(row.mnemonic.lower())
    assert found >= {"mvcl", "mvst", "csp", "ivsk"}
    assert found - TRIED == set()

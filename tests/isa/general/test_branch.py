"""Branching: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import SPECIFICATION
from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31
from tests.operands import FETCH, Operand, operand_checks

TARGET = CODE + 0xF234
HIGH = 0xFEDCBA98 << 32
MASK_24, MASK_31 = (1 << 24) - 1, (1 << 31) - 1

# Each branches to TARGET when its condition holds; `setup` puts that address where the instruction takes it from.
ON_CONDITION = ["bc {m},0x234(%r5,%r6)", "bcr {m},%r7", "brc {m},.+0xf234", "brcl {m},.+0xf234", "bic {m},0x10(%r8)"]


@pytest.fixture
def lab(lab):
    lab.gr[5], lab.gr[6], lab.gr[7], lab.gr[8] = CODE + 0xE000, 0x1000, TARGET, 0x40000
    lab.store(0x40010, TARGET.to_bytes(8, "big"))
    return lab


# --- on condition ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cc", range(4))
@pytest.mark.parametrize("line", ON_CONDITION)
def test_on_condition(lab, line, cc):
    for mask in range(16):
        lab.psw(cc=cc)
        assert lab.step(line.format(m=mask)) == 0
        assert lab.changes() == ({"ia": TARGET} if mask & 8 >> cc else {})


@pytest.mark.parametrize("line", ON_CONDITION)
def test_branch_taken_is_the_breaking_event(lab, line):
    lab.step(line.format(m=15))
    assert lab.cpu.breaking_event == CODE
    assert lab.machine.branches() == [(CODE, TARGET)]


@pytest.mark.parametrize("line", ON_CONDITION)
def test_branch_not_taken_is_no_breaking_event(lab, line):
    lab.cpu.breaking_event = 0x1234
    lab.step(line.format(m=7))
    assert lab.cpu.breaking_event == 0x1234
    assert lab.machine.branches() == []


@pytest.mark.parametrize("mask", [0, 14, 15])
def test_bcr_with_r2_zero_does_not_branch(lab, mask):
    lab.gr[0] = TARGET
    assert lab.step(f"bcr {mask},%r0") == 0
    assert lab.changes() == {}


@pytest.mark.parametrize(("mode", "mask"), [(MODE_24, MASK_24), (MODE_31, MASK_31), (BA_EA, ALL)])
@pytest.mark.parametrize("line", ["bc 15,0(%r5)", "bcr 15,%r5", "bic 15,0(%r8)", "basr %r0,%r5", "bas %r0,0(%r5)"])
def test_branch_address_in_each_mode(lab, line, mode, mask):
    lab.psw(mode)
    lab.gr[5] = 0xFEDCBA9887654320
    lab.store(0x40000, int(lab.gr[5]).to_bytes(8, "big"))
    assert lab.step(line) == 0
    assert lab.changes()["ia"] == 0xFEDCBA9887654320 & mask


@pytest.mark.parametrize(
    "line", ["brc 15,.-0x10000", "brcl 15,.-0x30000", "bras %r14,.-0x10000", "brasl %r14,.-0x30000"]
)
def test_relative_backwards(lab, line):
    assert lab.step(line) == 0
    assert lab.changes()["ia"] == (CODE - int(line.partition(".-")[2], 16)) & ALL


@pytest.mark.parametrize(("mode", "mask"), [(MODE_24, MASK_24), (MODE_31, MASK_31)])
def test_relative_address_wraps(lab, mode, mask):
    lab.psw(mode)
    assert lab.step("brcl 15,.-0x30000") == 0
    assert lab.changes() == {"ia": -0x10000 & mask}


def test_odd_branch_address_belongs_to_the_next_instruction(lab):
    lab.gr[7] = TARGET + 1
    assert lab.step("bcr 15,%r7") == 0
    assert lab.changes() == {"ia": TARGET + 1}
    assert lab.go() == SPECIFICATION
    assert lab.old_psw[1] == TARGET + 3  # the length is taken to be 1 halfword


@operand_checks(Operand("bic 15,0(%r5)", 8, FETCH, data=TARGET.to_bytes(8, "big")))
def test_bic_operand(lab, check, operand):
    check(lab, operand)


# --- with a link -----------------------------------------------------------------------------------------------------

WITH_LINK = ["bal %r14,0x234(%r5,%r6)", "balr %r14,%r7", "bas %r14,0x234(%r5,%r6)", "basr %r14,%r7",
             "bras %r14,.+0xf234", "brasl %r14,.+0xf234", "bassm %r14,%r7"]  # fmt: skip


@pytest.mark.parametrize("line", WITH_LINK)
def test_link_in_64_bit_mode(lab, line):
    lab.gr[7] = TARGET | line.startswith("bassm")
    assert lab.step(line) == 0
    link = CODE + lab.length | line.startswith("bassm")
    assert lab.changes() == {"r14": link, "ia": TARGET}


@pytest.mark.parametrize("line", WITH_LINK)
def test_link_in_31_bit_mode(lab, line):
    lab.psw(MODE_31)
    lab.gr[14] = HIGH
    lab.gr[7] = TARGET | 1 << 31
    assert lab.step(line) == 0
    assert lab.changes() == {"r14": HIGH | 1 << 31 | CODE + lab.length, "ia": TARGET}


@pytest.mark.parametrize("line", WITH_LINK)
def test_link_in_24_bit_mode(lab, line):
    lab.psw(MODE_24 | 0b1010 << 40, cc=2)
    lab.gr[14] = HIGH | 0xFFFFFFFF
    assert lab.step(line) == 0
    link = CODE + lab.length
    if line.startswith("bal"):
        link |= (lab.length // 2) << 30 | 2 << 28 | 0b1010 << 24
    assert lab.changes() == {"r14": HIGH | link, "ia": TARGET}


@pytest.mark.parametrize(("line", "ilc"), [("ex %r0,0(%r9)", 2), ("exrl %r0,.+0x30000", 3)])
def test_bal_under_execute_has_the_length_code_of_execute(lab, line, ilc):
    lab.psw(MODE_24, cc=1)
    lab.gr[9] = 0x50000
    lab.store(0x50000, bytes.fromhex("05E7"))  # balr %r14,%r7
    assert lab.step(line) == 0
    assert lab.changes() == {"r14": ilc << 30 | 1 << 28 | CODE + 2 * ilc, "ia": TARGET}


@pytest.mark.parametrize("line", ["balr %r14,%r0", "basr %r14,%r0", "bassm %r14,%r0"])
def test_link_without_branch(lab, line):
    lab.gr[0] = TARGET
    assert lab.step(line) == 0
    assert lab.changes() == {"r14": CODE + 2 | line.startswith("bassm")}
    assert lab.machine.branches() == []


@pytest.mark.parametrize("line", ["bal %r5,0x1234(%r5)", "balr %r7,%r7", "bas %r5,0x1234(%r5)", "basr %r7,%r7"])
def test_link_register_is_the_base(lab, line):
    lab.gr[5] = TARGET - 0xFFC
    assert lab.step(line.replace("0x1234", "0xffc")) == 0
    register = "r" + line.split()[1][2]
    assert lab.changes() == {register: CODE + lab.length, "ia": TARGET}


# mode bits of the PSW, contents of the register -> mode bits, branch address
MODES = [
    pytest.param(TARGET | 1, BA_EA, TARGET, id="64"),
    pytest.param(0xFEDCBA9887654321, BA_EA, 0xFEDCBA9887654320, id="64-long"),
    pytest.param(HIGH | 0xFF000000 | TARGET, MODE_31, 0x7F000000 | TARGET, id="31"),
    pytest.param(HIGH | 0x7F000000 | TARGET, MODE_24, TARGET, id="24"),
]


@pytest.mark.parametrize("before", [BA_EA, MODE_31, MODE_24])
@pytest.mark.parametrize(("register", "after", "target"), MODES)
def test_bassm_sets_mode(lab, before, register, after, target):
    lab.psw(before)
    lab.gr[7] = register
    assert lab.step("bassm %r14,%r7") == 0
    link = CODE + 2 | {BA_EA: 1, MODE_31: 1 << 31, MODE_24: 0}[before]
    expected = {"r14": link, "ia": target} | ({"psw": after} if before != after else {})
    assert lab.changes() == expected
    assert lab.cpu.amode == {BA_EA: ALL, MODE_31: MASK_31, MODE_24: MASK_24}[after]


@pytest.mark.parametrize("before", [BA_EA, MODE_31, MODE_24])
@pytest.mark.parametrize(("register", "after", "target"), MODES)
def test_bsm_sets_mode(lab, before, register, after, target):
    lab.psw(before)
    lab.gr[7], lab.gr[14] = register, 0x80000000 ^ 0xFFFFFFFF80000000 * (before == MODE_24)
    old = int(lab.gr[14])
    assert lab.step("bsm %r14,%r7") == 0
    link = {BA_EA: old | 1, MODE_31: old | 1 << 31, MODE_24: old & ~(1 << 31)}[before]
    expected = {"ia": target} | ({"psw": after} if before != after else {}) | ({"r14": link} if link != old else {})
    assert lab.changes() == expected


def test_bsm_same_register(lab):
    lab.gr[7] = TARGET
    assert lab.step("bsm %r7,%r7") == 0
    assert lab.changes() == {"r7": TARGET | 1, "psw": MODE_24, "ia": TARGET}


def test_bsm_r1_zero_only_branches(lab):
    assert lab.step("bsm %r0,%r7") == 0
    assert lab.changes() == {"psw": MODE_24, "ia": TARGET}


def test_bsm_r2_zero_only_tells_the_mode(lab):
    lab.gr[0] = TARGET
    assert lab.step("bsm %r14,%r0") == 0
    assert lab.changes() == {"r14": 1}


def test_bsm_zero_zero_is_no_operation(lab):
    assert lab.step("bsm %r0,%r0") == 0
    assert lab.changes() == {}


# --- on count --------------------------------------------------------------------------------------------------------

COUNT_32 = ["bct %r3,0x234(%r5,%r6)", "bctr %r3,%r7", "brct %r3,.+0xf234"]
COUNT_64 = ["bctg %r3,0x234(%r5,%r6)", "bctgr %r3,%r7", "brctg %r3,.+0xf234"]


@pytest.mark.parametrize("line", COUNT_32)
@pytest.mark.parametrize(("before", "after"), [(2, 1), (1, 0), (0, 0xFFFFFFFF), (0x80000000, 0x7FFFFFFF)])
def test_count_32(lab, line, before, after):
    lab.gr[3] = HIGH | before
    assert lab.step(line) == 0
    assert lab.changes() == {"r3": HIGH | after} | ({"ia": TARGET} if after else {})


@pytest.mark.parametrize("line", COUNT_64)
@pytest.mark.parametrize(("before", "after"), [(2, 1), (1, 0), (0, ALL), (1 << 32, (1 << 32) - 1)])
def test_count_64(lab, line, before, after):
    lab.gr[3] = before
    assert lab.step(line) == 0
    assert lab.changes() == {"r3": after} | ({"ia": TARGET} if after else {})


@pytest.mark.parametrize(("before", "after"), [(2, 1), (1, 0), (0, 0xFFFFFFFF)])
def test_brcth(lab, before, after):
    lab.gr[3] = before << 32 | 0x12345678
    assert lab.step("brcth %r3,.+0xf234") == 0
    assert lab.changes() == {"r3": after << 32 | 0x12345678} | ({"ia": TARGET} if after else {})


@pytest.mark.parametrize("line", ["bctr %r3,%r0", "bctgr %r3,%r0"])
def test_count_without_branch(lab, line):
    lab.gr[0], lab.gr[3] = TARGET, 7
    assert lab.step(line) == 0
    assert lab.changes() == {"r3": 6}


@pytest.mark.parametrize("line", ["bctr %r7,%r7", "bctgr %r7,%r7", "bct %r7,0(%r7)", "bctg %r7,0(%r7)"])
def test_branch_address_is_taken_before_counting(lab, line):
    assert lab.step(line) == 0
    assert lab.changes() == {"r7": TARGET - 1, "ia": TARGET}


# --- on index --------------------------------------------------------------------------------------------------------

# first, increment, comparand, sum, high?
INDEX = [
    pytest.param(1, 2, 4, 3, False, id="low"),
    pytest.param(1, 3, 4, 4, False, id="equal"),
    pytest.param(1, 4, 4, 5, True, id="high"),
    pytest.param(1, -2, 0, -1, False, id="negative-sum"),
    pytest.param(1, 1, -5, 2, True, id="negative-comparand"),
    pytest.param(-3, -3, -5, -6, False, id="both-negative"),
]
INDEX_32 = [
    ("bxh", True, "0x234(%r6)"),
    ("bxle", False, "0x234(%r6)"),
    ("brxh", True, ".+100"),
    ("brxle", False, ".+100"),
]
INDEX_64 = [
    ("bxhg", True, "0x234(%r6)"),
    ("bxleg", False, "0x234(%r6)"),
    ("brxhg", True, ".+100"),
    ("brxlg", False, ".+100"),
]


def index_target(operand):
    return CODE + 100 if operand == ".+100" else 0x1234


@pytest.mark.parametrize(("mnemonic", "if_high", "operand"), INDEX_32)
@pytest.mark.parametrize(("first", "increment", "comparand", "total", "high"), INDEX)
def test_index_32(lab, mnemonic, if_high, operand, first, increment, comparand, total, high):
    word = 0xFFFFFFFF
    lab.gr[1], lab.gr[2], lab.gr[3] = HIGH | first & word, increment & word, 7 << 32 | comparand & word
    assert lab.step(f"{mnemonic} %r1,%r2,{operand}") == 0
    assert lab.changes() == {"r1": HIGH | total & word} | ({"ia": index_target(operand)} if high == if_high else {})


@pytest.mark.parametrize(("mnemonic", "if_high", "operand"), INDEX_64)
@pytest.mark.parametrize(("first", "increment", "comparand", "total", "high"), INDEX)
def test_index_64(lab, mnemonic, if_high, operand, first, increment, comparand, total, high):
    lab.gr[1], lab.gr[2], lab.gr[3] = first & ALL, increment & ALL, comparand & ALL
    assert lab.step(f"{mnemonic} %r1,%r2,{operand}") == 0
    assert lab.changes() == {"r1": total & ALL} | ({"ia": index_target(operand)} if high == if_high else {})


@pytest.mark.parametrize(("mnemonic", "if_high", "operand"), INDEX_32 + INDEX_64)
def test_index_odd_r3_is_increment_and_comparand(lab, mnemonic, if_high, operand):
    lab.gr[1], lab.gr[3] = 1, 9
    assert lab.step(f"{mnemonic} %r1,%r3,{operand}") == 0
    assert lab.changes() == {"r1": 10} | ({"ia": index_target(operand)} if if_high else {})


@pytest.mark.parametrize(("mnemonic", "if_high", "operand"), INDEX_32 + INDEX_64)
def test_index_comparand_is_the_original_first_operand(lab, mnemonic, if_high, operand):
    lab.gr[2], lab.gr[3] = 5, 9
    assert lab.step(f"{mnemonic} %r3,%r2,{operand}") == 0
    assert lab.changes() == {"r3": 14} | ({"ia": index_target(operand)} if if_high else {})


@pytest.mark.parametrize(("mnemonic", "if_high", "operand"), INDEX_32 + INDEX_64)
def test_index_overflow_is_ignored(lab, mnemonic, if_high, operand):
    most = 0x7FFFFFFF if (mnemonic, if_high, operand) in INDEX_32 else ALL >> 1
    lab.psw(BA_EA | 0xF << 40)
    lab.gr[1], lab.gr[2], lab.gr[3] = most, 1, 0
    assert lab.step(f"{mnemonic} %r1,%r2,{operand}") == 0  # the sum is the most negative number
    assert lab.changes() == {"r1": most + 1} | ({} if if_high else {"ia": index_target(operand)})


@pytest.mark.parametrize("mnemonic", ["bxh", "bxhg"])
def test_index_branch_address_is_taken_before_the_addition(lab, mnemonic):
    lab.gr[6], lab.gr[2], lab.gr[3] = 0x1000, 5, 0
    assert lab.step(f"{mnemonic} %r6,%r2,0x234(%r6)") == 0
    assert lab.changes() == {"r6": 0x1005, "ia": 0x1234}


# --- predictions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    ["bpp 0,.+64,0(%r5)", "bpp 15,.+64,0xfff(%r5)", "bprp 5,.+64,.+100", "niai 1,2", "niai 15,15", "ppa %r1,%r2,1"],
)
def test_predictions_change_nothing(lab, line):
    lab.gr[5] = ALL  # no access exceptions
    assert lab.step(line) == 0
    assert lab.changes() == {}

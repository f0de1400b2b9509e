"""The PSW and its parts: PoP ch. 10."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import PRIVILEGED_OPERATION, SPECIAL_OPERATION, SPECIFICATION
from s390emu.isa.opcodes import BEAR
from tests.lab import ALL, BA_EA, CODE, HANDLER, MODE_24, MODE_31, PROBLEM, PROBLEM_STATE, Lab
from tests.operands import CHECKS, FETCH, STORE, Operand, addressing_mode, operand_checks

OPERAND = 0x38000
SHORT_31, SHORT_64 = 0x0008000080000000, 0x0008000180000000  # LPSW's format: bit 12 on
SSM_SUPPRESSION = 1 << (63 - 33)
EXTRACTION_AUTHORITY = 1 << (63 - 36)


def put(lab, *doublewords):
    lab.gr[5] = OPERAND
    lab.store(OPERAND, b"".join(d.to_bytes(8, "big") for d in doublewords))
    lab.psw()


LPSW = Operand("lpsw 0(%r5)", 8, FETCH, align=8, data=(SHORT_64 | 0x2468).to_bytes(8, "big"))
LPSWE = Operand("lpswe 0(%r5)", 16, FETCH, align=8, data=BA_EA.to_bytes(8, "big") + bytes(6) + b"\x24\x68")


@operand_checks(
    Operand("ssm 0(%r5)", 1, FETCH, data=b"\0"),
    Operand("stnsm 0(%r5),0xff", 1, STORE),
    Operand("stosm 0(%r5),0", 1, STORE),
)
def test_operands(lab, check, operand):
    check(lab, operand)


@pytest.mark.parametrize("operand", [LPSW, LPSWE], ids=["lpsw", "lpswe"])
@pytest.mark.parametrize("check", [check for check in CHECKS if check is not addressing_mode])  # they change the mode
def test_psw_operands(lab, check, operand):
    check(lab, operand)


@pytest.mark.parametrize("line", ["lpsw 0(%r5)", "lpswe 0(%r5)", "ssm 1(%r5)", "stnsm 0(%r5),0", "stosm 0(%r5),0"])
def test_privileged_before_everything_else(lab, line):
    lab.gr[5] = 0x7FFFFFF9  # not a doubleword boundary, and not in the configuration
    lab.cr[0] |= SSM_SUPPRESSION
    lab.psw(PROBLEM_STATE)
    assert lab.step(line) == PRIVILEGED_OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize("line", ["lpsw 0(%r5)", "lpswe 0(%r5)"])
def test_doubleword_boundary(lab, line):
    lab.gr[5] = 0x7FFFFFFC
    assert lab.step(line) == SPECIFICATION
    assert lab.changes() == {}


@pytest.mark.parametrize(
    ("short", "mask", "ia"),
    [
        pytest.param(SHORT_31 | 0x7FFFFFFE, MODE_31, 0x7FFFFFFE, id="31"),
        pytest.param(SHORT_64 | 0x7FFFFFFE, BA_EA, 0x7FFFFFFE, id="64"),
        pytest.param(0x0008000000FFFFFE, MODE_24, 0xFFFFFE, id="24"),
        pytest.param(SHORT_31 | 0x03F7_3F00 << 32, MODE_31 | 0x03F7_0F00 << 32, 0, id="parts"),
    ],
)
def test_lpsw(lab, short, mask, ia):
    put(lab, short)
    assert lab.step("lpsw 0(%r5)") == 0
    cc = short >> 44 & 3
    assert lab.machine.psw == (mask | cc << 44, ia)
    assert lab.cpu.breaking_event == CODE


@pytest.mark.parametrize(
    "short",
    [
        pytest.param(SHORT_31 & ~(1 << 51), id="bit-12-zero"),
        pytest.param(SHORT_31 | 1 << 63, id="bit-0"),
        pytest.param(SHORT_31 | 1 << 39, id="bit-24"),
        pytest.param(0x0008000100000000, id="EA-without-BA"),
        pytest.param(0x0008000001000000, id="24-bit-address-of-25-bits"),
    ],
)
def test_lpsw_loads_an_invalid_psw_and_the_exception_follows(lab, short):
    put(lab, short)
    assert lab.step("lpsw 0(%r5)") == SPECIFICATION
    assert lab.old_psw == ((short & ~0x7FFFFFFF) ^ 1 << 51, short & 0x7FFFFFFF)
    assert lab.machine.last_interruption.ilc == 0


@pytest.mark.parametrize("bit", [0, 2, 3, 4, 12, *range(24, 31), *range(33, 64)])
def test_lpswe_unassigned_bit(lab, bit):
    mask = BA_EA | 1 << (63 - bit)
    put(lab, mask, 0x1234)
    assert lab.step("lpswe 0(%r5)") == SPECIFICATION
    assert lab.old_psw == (mask, 0x1234)
    assert lab.machine.last_interruption.ilc == 0
    assert lab.machine.psw == (BA_EA, HANDLER)


@pytest.mark.parametrize(
    ("mask", "ia", "valid"),
    [
        pytest.param(BA_EA, (1 << 64) - 2, True, id="64"),
        pytest.param(MODE_31, 0x7FFFFFFE, True, id="31"),
        pytest.param(MODE_31, 0x80000000, False, id="31-too-long"),
        pytest.param(MODE_24, 0xFFFFFE, True, id="24"),
        pytest.param(MODE_24, 0x1000000, False, id="24-too-long"),
        pytest.param(1 << 32, 0, False, id="EA-without-BA"),
        pytest.param(BA_EA | 0x03F70000_00000000 | 0x3F00 << 32, 0, True, id="every-other-bit"),
    ],
)
def test_lpswe(lab, mask, ia, valid):
    put(lab, mask, ia)
    assert lab.step("lpswe 0(%r5)") == (0 if valid else SPECIFICATION)
    assert (lab.machine.psw if valid else lab.old_psw) == (mask, ia)
    assert lab.cpu.breaking_event == CODE


@pytest.mark.parametrize("line", ["ssm 0(%r5)", "stosm 8(%r5),0x{:02x}"])
@pytest.mark.parametrize(("mask", "code"), [
    (0x43, 0), (0x00, 0), *((mask, SPECIFICATION) for mask in (0x83, 0x20, 0x10, 0x08)),
])  # fmt: skip
def test_system_mask(lab, line, mask, code):
    put(lab, mask << 56)
    assert lab.step(line.format(mask)) == code
    new = BA_EA | mask << 56
    assert (lab.old_psw[0] if code else lab.machine.psw[0]) == new
    expected = {"psw": new} if mask else {}
    assert lab.changes() == expected  # completed, or suppressed with the new mask: never "ia"
    if code:
        assert lab.machine.last_interruption.ilc == 4


def test_ssm_suppression(lab):
    put(lab, 0x03 << 56)
    lab.cr[0] |= SSM_SUPPRESSION
    assert lab.step("ssm 0(%r5)") == SPECIAL_OPERATION
    assert lab.changes() == {}


def test_stnsm_stores_the_mask_before_the_and(lab):
    put(lab, 0xFF << 56)
    lab.psw(BA_EA | 0x43 << 56, cc=2)
    assert lab.step("stnsm 0(%r5),0xfe") == 0
    assert lab.changes() == {OPERAND: b"\x43", "psw": BA_EA | 0x42 << 56}


def test_stosm_stores_the_mask_before_the_or(lab):
    put(lab, 0xFF << 56)
    lab.psw(BA_EA | 0x01 << 56)
    assert lab.step("stosm 0(%r5),0x42") == 0
    assert lab.changes() == {OPERAND: b"\x01", "psw": BA_EA | 0x43 << 56}


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        pytest.param("epsw %r1,%r2", {"r1": 0x1111111103F5_2F01, "r2": 0x2222222280000000}, id="both"),
        pytest.param("epsw %r1,%r0", {"r1": 0x1111111103F5_2F01}, id="no-second"),
        pytest.param("epsw %r0,%r0", {"r0": 0x03F5_2F01}, id="r0-first"),
        pytest.param("epsw %r1,%r1", {"r1": 0x1111111180000000}, id="same"),
    ],
)
def test_epsw(lab, line, changes):
    lab.gr[1], lab.gr[2] = 0x1111111111111111, 0x2222222222222222
    lab.psw(BA_EA | 0x03F5_0F00 << 32, cc=2)  # problem state: not privileged
    assert lab.step(line) == 0
    assert lab.changes() == changes


@pytest.mark.parametrize("key", [0, 1, 9, 15])
def test_spka(lab, key):
    lab.gr[5] = 0xFFFFFFFFFFFFFF0F | key << 4
    lab.psw(key=5, cc=3)
    assert lab.step("spka 0(%r5)") == 0
    assert lab.changes() == {"psw": BA_EA | key << 52}


@pytest.mark.parametrize("key", [0, 1, 9, 15])
def test_spka_in_the_problem_state_asks_the_psw_key_mask(lab, key):
    lab.gr[5] = key << 4
    lab.cr[3] = 1 << (31 - key)
    lab.psw(PROBLEM_STATE, key=5)
    assert lab.step("spka 0(%r5)") == 0
    assert lab.changes() == {"psw": PROBLEM_STATE | key << 52}
    lab.cr[3] = ~lab.cr[3]
    lab.psw(PROBLEM_STATE, key=5)
    assert lab.step("spka 0(%r5)") == PRIVILEGED_OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize("mask", [BA_EA, PROBLEM_STATE])
def test_ipk(lab, mask):
    lab.gr[2] = 0xFFFFFFFFFFFFFFFF
    lab.cr[0] |= EXTRACTION_AUTHORITY
    lab.psw(mask, key=9)
    assert lab.step("ipk") == 0
    assert lab.changes() == {"r2": 0xFFFFFFFFFFFFFF90}


def test_ipk_needs_extraction_authority_in_the_problem_state(lab):
    lab.psw(BA_EA | PROBLEM, key=9)
    assert lab.step("ipk") == PRIVILEGED_OPERATION
    assert lab.changes() == {}


# --- BEAR-enhancement facility ----------------------------------------------------------------------------------------

OF_BEAR = ["lpswey 0(%r5)", "lbear 0(%r5)", "stbear 0(%r5)"]


@pytest.fixture(scope="module")
def with_bear():
    return Lab(extra=(BEAR,))


@operand_checks(Operand("lbear 0(%r5)", 8, FETCH, align=8), Operand("stbear 0(%r5)", 8, STORE, align=8))
def test_bear_operands(with_bear, check, operand):
    check(with_bear, operand)


@pytest.mark.parametrize("check", [check for check in CHECKS if check is not addressing_mode])
def test_lpswey_operand(with_bear, check):
    check(with_bear, LPSWE._replace(line="lpswey 0(%r5)"))


@pytest.mark.parametrize("line", OF_BEAR)
def test_bear_exceptions(with_bear, line):
    lab = with_bear
    for mask, code in ((PROBLEM_STATE, PRIVILEGED_OPERATION), (BA_EA, SPECIFICATION)):
        lab.reset()
        lab.gr[5] = 0x7FFFFFFC
        lab.psw(mask)
        assert lab.step(line) == code
        assert lab.changes() == {}


@pytest.mark.parametrize("line", OF_BEAR)
def test_bear_is_a_facility(lab, line):
    lab.gr[5] = OPERAND
    lab.psw(PROBLEM_STATE)
    assert lab.step(line) == 0x01


@pytest.mark.parametrize("valid", [True, False])
def test_lpswey_is_no_breaking_event(with_bear, valid):
    lab, ia = with_bear, 0x1234 if valid else 0x1235_0000_0000
    lab.reset()
    put(lab, MODE_31, ia)
    lab.gr[5] += 0x1000
    lab.cpu.breaking_event = 0x4444
    assert lab.step("lpswey -4096(%r5)") == (0 if valid else SPECIFICATION)
    assert (lab.machine.psw if valid else lab.old_psw) == (MODE_31, ia)
    assert lab.cpu.breaking_event == 0x4444


@pytest.mark.parametrize("line", ["{}", "ex %r0,0(%r9)"])
def test_load_and_store_bear(with_bear, line):
    """All 64 bits of it; as the target of EXECUTE too, which is no breaking event."""
    lab = with_bear
    for instruction in ("lbear 0(%r5)", "stbear 8(%r5)"):
        lab.reset()
        put(lab, ALL - 4, 0)
        lab.gr[9] = 0x40000
        lab.store(0x40000, bytes.fromhex("b2005000" if "lbear" in instruction else "b2015008"))
        lab.cpu.breaking_event = 0x5555
        assert lab.step(line.format(instruction)) == 0
        assert lab.cpu.breaking_event == (ALL - 4 if "lbear" in instruction else 0x5555)
        assert lab.changes() == ({} if "lbear" in instruction else {OPERAND + 14: b"\x55\x55"})

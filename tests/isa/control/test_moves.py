"""Moves between address spaces and with another key than the PSW's: PoP ch. 10."""

from __future__ import annotations

import pytest

from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, PROBLEM, PROBLEM_STATE, SIZE, Lab
from tests.operands import FETCH, STORE, Operand, operand_checks
from tests.translation import DAT, PAGE_INVALID, PAGE_PROTECT, REAL_SPACE, SEGMENT, change, map_page

PRIVILEGED_OPERATION, PROTECTION, SPECIAL_OPERATION, PAGE_TRANSLATION = 0x02, 0x04, 0x13, 0x11
SECONDARY_SPACE_CONTROL = 1 << (63 - 37)
PRIMARY, ACCESS_REGISTERS, SECONDARY, HOME = (n << 46 for n in range(4))
FIRST, SECOND = 0x38000, 0x3C000  # virtual
FIRST_ELSEWHERE, SECOND_ELSEWHERE = 0x48000, 0x4C000  # real, of these in the space that is translated
NEW, OLD = 0xA5, 0x5A


def data(length: int) -> bytes:
    return bytes(1 + 3 * n % 251 for n in range(length))


# --- with another key -------------------------------------------------------------------------------------------------


def keys(lab: Lab) -> None:
    """Length 20, a key of 3 wherever it is asked for; the other operand."""
    lab.gr[0], lab.gr[1], lab.gr[2], lab.gr[3] = 19, 0x30, 20, 0x30
    lab.gr[6] = 0x30000
    lab.store(0x30000, data(20))


def keyed(lab: Lab) -> None:
    """As `keys`, and all blocks that may be stored into have that key."""
    keys(lab)
    for block in (0, 0x1000, 0x30000, 0x38000, 0x39000, 0x3A000, SIZE - 0x1000):
        lab.set_key(block, 0x30)


@operand_checks(
    Operand("mvck 0(%r2,%r6),0(%r5),%r3", 20, FETCH, setup=keys),
    Operand("mvck 0(%r2,%r5),0(%r6),%r3", 20, STORE, setup=keys),
    Operand("mvcsk 0(%r6),0(%r5)", 20, FETCH, setup=keys),
    Operand("mvcsk 0(%r5),0(%r6)", 20, STORE, setup=keys),
    Operand("mvcdk 0(%r6),0(%r5)", 20, FETCH, setup=keyed),
    Operand("mvcdk 0(%r5),0(%r6)", 20, STORE, setup=keyed),
)
def test_operands(lab, check, operand):
    check(lab, operand)


@pytest.mark.parametrize(
    ("line", "first_key", "second_key"),
    [
        pytest.param("mvck 0(%r2,%r5),0(%r6),%r3", 4, 7, id="mvck"),
        pytest.param("mvcsk 0(%r5),0(%r6)", 4, 7, id="mvcsk"),
        pytest.param("mvcdk 0(%r5),0(%r6)", 7, 4, id="mvcdk"),
    ],
)
@pytest.mark.parametrize("wrong", [None, "first", "second"])
def test_which_key_is_whose(lab, line, first_key, second_key, wrong):
    """The PSW key is 4, the other 7; all blocks are fetch-protected."""
    lab.store(FIRST, bytes(20))
    lab.store(SECOND, data(20))
    lab.set_key(CODE, 0x40)
    lab.set_key(FIRST, first_key << 4 ^ (0x10 if wrong == "first" else 0) | 8)
    lab.set_key(SECOND, second_key << 4 ^ (0x10 if wrong == "second" else 0) | 8)
    lab.gr[0], lab.gr[1], lab.gr[2], lab.gr[3] = ALL - 0xFF + 19, ALL - 0x8F + 0xF, 20, ALL - 0x8F
    lab.gr[5], lab.gr[6] = FIRST, SECOND
    lab.psw(key=4, cc=2)
    assert lab.step(line) == (PROTECTION if wrong else 0)
    if wrong:
        assert lab.changes() == {}
    else:
        assert lab.changes() == {FIRST: data(20)} | ({"cc": 0} if line.startswith("mvck ") else {})


@pytest.mark.parametrize("line", ["mvck 0(%r2,%r5),0(%r6),%r3", "mvcsk 0(%r5),0(%r6)", "mvcdk 0(%r5),0(%r6)"])
@pytest.mark.parametrize(("allowed", "code"), [(7, 0), (6, PRIVILEGED_OPERATION), (8, PRIVILEGED_OPERATION)])
@pytest.mark.parametrize("length", [0, 1])
def test_psw_key_mask_in_the_problem_state(lab, line, allowed, code, length):
    if code:
        lab.gr[5], lab.gr[6] = ALL, ALL  # not looked at
    else:
        lab.gr[5], lab.gr[6] = FIRST, SECOND
    lab.store(SECOND, b"\1" * 2)
    for address in (FIRST, SECOND):
        lab.store(address, lab.load(address, 1))
        lab.set_key(address, 0x70)
    lab.gr[0], lab.gr[1], lab.gr[2], lab.gr[3] = 0, 0x70, length, 0x70
    lab.cr[3] = 0x8000_0000 >> allowed
    lab.set_key(CODE, 0x70)
    lab.psw(PROBLEM_STATE, key=7)
    assert lab.step(line) == code
    if code:
        assert lab.changes() == {}


def test_mvcsk_moves_1_to_256_bytes(lab):
    lab.store(SECOND, data(256))
    lab.gr[5], lab.gr[6] = FIRST, SECOND
    lab.psw(cc=3)
    for code in (0, 1, 255):
        lab.store(FIRST, bytes(256))
        lab.gr[0] = 0xFFFFFF00 | code
        lab.psw(cc=3)
        assert lab.step("mvcsk 0(%r5),0(%r6)") == 0
        assert lab.changes() == {FIRST: data(code + 1)}


def test_bytes_move_from_left_to_right(lab):
    lab.store(FIRST, data(64))
    lab.gr[0], lab.gr[1], lab.gr[5], lab.gr[6] = 40, 0, FIRST + 3, FIRST
    assert lab.step("mvcdk 0(%r5),0(%r6)") == 0
    assert lab.load(FIRST, 44) == (data(3) * 15)[:44]


# --- how many bytes ---------------------------------------------------------------------------------------------------


def spaces(lab: Lab, mask: int = BA_EA, *, secondary: bool = True) -> None:
    """The primary space is real storage, the secondary (or else home) space is translated: FIRST and SECOND are
    elsewhere, two pages each."""
    for virtual, real in ((FIRST, FIRST_ELSEWHERE), (SECOND, SECOND_ELSEWHERE)):
        map_page(lab, virtual, real, level=SEGMENT)
        asce = map_page(lab, virtual + 0x1000, real + 0x1000, level=SEGMENT)
    lab.cr[1] = lab.cr[7] = lab.cr[13] = REAL_SPACE
    lab.cr[7 if secondary else 13] = asce
    lab.cr[0] |= SECONDARY_SPACE_CONTROL
    lab.gr[5], lab.gr[6] = FIRST, SECOND
    lab.psw(mask | DAT, cc=2)


MOVES = {  # line: where the first and the second operand are, and the most bytes
    "mvcp 0(%r2,%r5),0(%r6),%r3": (FIRST, SECOND_ELSEWHERE, 256),
    "mvcs 0(%r2,%r5),0(%r6),%r3": (FIRST_ELSEWHERE, SECOND, 256),
    "mvck 0(%r2,%r5),0(%r6),%r3": (FIRST, SECOND, 256),
    "mvcos 0(%r5),0(%r6),%r2": (FIRST, SECOND, 4096),
}


@pytest.mark.parametrize("line", MOVES, ids=lambda line: line.split()[0])
@pytest.mark.parametrize(
    ("mask", "length", "true"),
    [
        pytest.param(BA_EA, 0, 0, id="none"),
        pytest.param(BA_EA, 1, 1, id="one"),
        pytest.param(BA_EA, 256, 256, id="256"),
        pytest.param(BA_EA, 257, 257, id="257"),
        pytest.param(BA_EA, 4096, 4096, id="4096"),
        pytest.param(BA_EA, 4097, 4097, id="4097"),
        pytest.param(BA_EA, 1 << 32, 1 << 32, id="64-bits"),
        pytest.param(BA_EA, ALL, ALL, id="all-ones"),
        pytest.param(MODE_31, (1 << 32) + 5, 5, id="32-bits-in-31-bit-mode"),
        pytest.param(MODE_24, (1 << 32) + 5, 5, id="32-bits-in-24-bit-mode"),
        pytest.param(MODE_31, 1 << 31, 1 << 31, id="unsigned"),
    ],
)
def test_length(lab, line, mask, length, true):
    first, second, most = MOVES[line]
    lab.store(second, data(5000))
    lab.store(first, bytes(5000))
    lab.gr[0], lab.gr[2] = 0, length
    spaces(lab, mask)
    assert lab.step(line) == 0
    moved = min(true, most)
    assert lab.load(first, 5000) == data(moved) + bytes(5000 - moved)
    assert lab.cpu.cc == (0 if true <= most else 3)
    assert set(lab.changes()) <= {"cc", first} | set(range(first, first + 4096))


@pytest.mark.parametrize("line", MOVES, ids=lambda line: line.split()[0])
def test_length_zero_references_nothing(lab, line):
    lab.gr[0], lab.gr[2] = 0, 0
    spaces(lab)
    lab.gr[5] = lab.gr[6] = 1 << 50
    assert lab.step(line) == 0
    assert lab.changes() == {"cc": 0}


@pytest.mark.parametrize("line", MOVES, ids=lambda line: line.split()[0])
@pytest.mark.parametrize("first_offset", [0, 1, 0xF80, 0xFFF])
@pytest.mark.parametrize("second_offset", [0, 7, 0xF80, 0xFFF])
def test_operands_that_cross_a_page(lab, line, first_offset, second_offset):
    first, second, most = MOVES[line]
    lab.store(second + second_offset, data(most))
    lab.store(first, bytes(8192))
    lab.gr[0], lab.gr[2] = 0, most
    spaces(lab)
    lab.gr[5], lab.gr[6] = FIRST + first_offset, SECOND + second_offset
    assert lab.step(line) == 0
    assert lab.load(first + first_offset, most + 1) == data(most) + b"\0"


def test_mvcos_moves_from_left_to_right_across_pages(lab):
    lab.store(FIRST, data(64))
    lab.gr[0], lab.gr[2] = 0, 4096
    spaces(lab)
    lab.gr[5], lab.gr[6] = FIRST + 3, FIRST
    assert lab.step("mvcos 0(%r5),0(%r6),%r2") == 0
    assert lab.load(FIRST, 4099) == (data(3) * 1400)[:4099]


# --- MOVE TO PRIMARY, MOVE TO SECONDARY -------------------------------------------------------------------------------

BETWEEN = ["mvcp 0(%r2,%r5),0(%r6),%r3", "mvcs 0(%r2,%r5),0(%r6),%r3"]


@pytest.mark.parametrize("line", BETWEEN)
@pytest.mark.parametrize("mode", [PRIMARY, SECONDARY])
def test_spaces_do_not_depend_on_the_mode(lab, line, mode):
    first, second, _ = MOVES[line]
    lab.store(second, data(20))
    lab.store(first, bytes(20))
    lab.gr[2] = 20
    spaces(lab, BA_EA | mode)
    assert lab.step(line) == 0
    assert lab.changes() == {"cc": 0, first: data(20)}


@pytest.mark.parametrize("line", BETWEEN)
@pytest.mark.parametrize("state", [0, PROBLEM])
@pytest.mark.parametrize("why", ["no-dat", "no-control", "home"])
def test_special_operation(lab, line, state, why):
    """It comes before the check of the key, and though the length is zero."""
    lab.gr[2], lab.gr[3] = 0, 0x70
    spaces(lab)
    if why == "no-control":
        lab.cr[0] &= ALL - SECONDARY_SPACE_CONTROL
    lab.psw(BA_EA | state | (0 if why == "no-dat" else DAT) | (HOME if why == "home" else 0))
    assert lab.step(line) == SPECIAL_OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize("line", BETWEEN)
@pytest.mark.parametrize(("allowed", "code"), [(7, 0), (6, PRIVILEGED_OPERATION)])
def test_key_of_the_secondary_space_in_the_problem_state(lab, line, allowed, code):
    lab.gr[2], lab.gr[3] = 0, 0x70
    lab.cr[3] = 0x8000_0000 >> allowed
    spaces(lab, PROBLEM_STATE)
    assert lab.step(line) == code
    assert lab.changes() == ({} if code else {"cc": 0})


@pytest.mark.parametrize(
    ("line", "first_key", "second_key"),
    [pytest.param(BETWEEN[0], 4, 7, id="mvcp"), pytest.param(BETWEEN[1], 7, 4, id="mvcs")],
)
@pytest.mark.parametrize("wrong", [None, "first", "second"])
def test_key_of_the_secondary_space_is_in_r3(lab, line, first_key, second_key, wrong):
    first, second, _ = MOVES[line]
    lab.store(second, data(20))
    lab.store(first, bytes(20))
    lab.set_key(CODE, 0x40)
    lab.set_key(first, first_key << 4 ^ (0x10 if wrong == "first" else 0) | 8)
    lab.set_key(second, second_key << 4 ^ (0x10 if wrong == "second" else 0) | 8)
    lab.gr[2], lab.gr[3] = 20, 0x7F
    spaces(lab)
    lab.psw(BA_EA | DAT, key=4, cc=1)
    assert lab.step(line) == (PROTECTION if wrong else 0)
    assert lab.changes() == ({} if wrong else {"cc": 0, first: data(20)})


@pytest.mark.parametrize("mode", [PRIMARY, SECONDARY])
def test_mvcp_exception_names_the_secondary_space(lab, mode):
    lab.gr[2] = 200
    spaces(lab, BA_EA | mode)
    change(lab, SECOND + 0x1000, -1, on=PAGE_INVALID)
    lab.gr[6] = SECOND + 0xFF0
    lab.psw(BA_EA | DAT | mode, cc=1)
    assert lab.step(BETWEEN[0]) == PAGE_TRANSLATION
    assert lab.changes() == {"ia": CODE}
    assert lab.word(0xA8) == SECOND + 0x1000 | 2


@pytest.mark.parametrize(("flaw", "code"), [(PAGE_INVALID, PAGE_TRANSLATION), (PAGE_PROTECT, PROTECTION)])
def test_mvcs_stores_nothing_if_the_second_page_is_missing(lab, flaw, code):
    lab.store(SECOND, data(256))
    lab.store(FIRST_ELSEWHERE, bytes(4096))
    lab.gr[2] = 256
    spaces(lab)
    change(lab, FIRST + 0x1000, -1, on=flaw)
    lab.gr[5] = FIRST + 0xFF0
    lab.psw(BA_EA | DAT, cc=1)
    assert lab.step(BETWEEN[1]) == code
    assert lab.changes() == ({"ia": CODE} if code == PAGE_TRANSLATION else {})
    assert lab.word(0xA8) & ~0xC04 == FIRST + 0x1000 | 2


# --- MOVE WITH OPTIONAL SPECIFICATIONS --------------------------------------------------------------------------------

MVCOS = "mvcos 0(%r5),0(%r6),%r2"
A, K = 1, 2


def oac(space: int = 0, key: int = 0, valid: int = 0) -> int:
    """An operand-access control."""
    return key << 12 | space >> 46 << 6 | valid


@pytest.mark.parametrize("mode", [PRIMARY, SECONDARY, HOME])
@pytest.mark.parametrize("first", [None, PRIMARY, SECONDARY, HOME])
@pytest.mark.parametrize("second", [None, PRIMARY, SECONDARY, HOME])
def test_mvcos_spaces(lab, mode, first, second):
    """Only the secondary space is translated. Bits 0-31 of general register 0 are ignored, so is a space that is not
    valid."""
    controls = [oac(HOME) if space is None else oac(space, valid=A) for space in (first, second)]
    first_at, second_at = ((mode if space is None else space) == SECONDARY for space in (first, second))
    target, source = FIRST_ELSEWHERE if first_at else FIRST, SECOND_ELSEWHERE if second_at else SECOND
    lab.store(source, data(20))
    lab.store(target, bytes(20))
    lab.gr[0], lab.gr[2] = 0xDEADBEEF << 32 | controls[0] << 16 | controls[1], 20
    spaces(lab, BA_EA | mode)
    assert lab.step(MVCOS) == 0
    assert lab.changes() == {"cc": 0, target: data(20)}


def test_mvcos_home_space(lab):
    lab.store(SECOND_ELSEWHERE, data(20))
    lab.store(FIRST, bytes(20))
    lab.gr[0], lab.gr[2] = oac(HOME, valid=A), 20
    spaces(lab, secondary=False)
    assert lab.step(MVCOS) == 0
    assert lab.changes() == {"cc": 0, FIRST: data(20)}


@pytest.mark.parametrize(("first_key", "second_key"), [(None, None), (7, None), (None, 7), (6, 7)])
@pytest.mark.parametrize("wrong", [None, "first", "second"])
def test_mvcos_keys(lab, first_key, second_key, wrong):
    controls = [oac(key=5) if key is None else oac(key=key, valid=K) for key in (first_key, second_key)]
    lab.store(SECOND, data(20))
    lab.store(FIRST, bytes(20))
    lab.set_key(CODE, 0x40)
    lab.set_key(FIRST, (first_key or 4) << 4 ^ (0x80 if wrong == "first" else 0) | 8)
    lab.set_key(SECOND, (second_key or 4) << 4 ^ (0x80 if wrong == "second" else 0) | 8)
    lab.gr[0], lab.gr[2] = controls[0] << 16 | controls[1], 20
    spaces(lab)
    lab.psw(BA_EA | DAT, key=4, cc=1)
    assert lab.step(MVCOS) == (PROTECTION if wrong else 0)
    assert lab.changes() == ({} if wrong else {"cc": 0, FIRST: data(20)})


@pytest.mark.parametrize(
    ("first", "second", "allowed", "code"),
    [
        pytest.param(oac(key=7, valid=K), 0, 7, 0, id="first"),
        pytest.param(oac(key=7, valid=K), 0, 6, PRIVILEGED_OPERATION, id="first-not-permitted"),
        pytest.param(0, oac(key=7, valid=K), 7, 0, id="second"),
        pytest.param(0, oac(key=7, valid=K), 6, PRIVILEGED_OPERATION, id="second-not-permitted"),
        pytest.param(oac(key=7), oac(key=7), 6, 0, id="not-valid"),
        pytest.param(oac(key=3, valid=K), oac(key=7, valid=K), 3, PRIVILEGED_OPERATION, id="one-of-two"),
    ],
)
def test_mvcos_keys_in_the_problem_state(lab, first, second, allowed, code):
    lab.gr[0], lab.gr[2] = first << 16 | second, 0
    lab.cr[3] = 0x8000_0000 >> allowed
    spaces(lab, PROBLEM_STATE)
    assert lab.step(MVCOS) == code
    assert lab.changes() == ({} if code else {"cc": 0})


@pytest.mark.parametrize(
    ("first", "second", "mask", "control", "code"),
    [
        pytest.param(0, 0, BA_EA, True, SPECIAL_OPERATION, id="no-dat"),
        pytest.param(0, 0, BA_EA | DAT, False, 0, id="no-secondary-operand"),
        pytest.param(oac(SECONDARY, valid=A), 0, BA_EA | DAT, False, SPECIAL_OPERATION, id="first-secondary"),
        pytest.param(0, oac(SECONDARY, valid=A), BA_EA | DAT, False, SPECIAL_OPERATION, id="second-secondary"),
        pytest.param(0, oac(SECONDARY), BA_EA | DAT, False, 0, id="secondary-not-valid"),
        pytest.param(oac(HOME, valid=A), 0, BA_EA | DAT, True, 0, id="first-home-supervisor"),
        pytest.param(oac(HOME, valid=A), 0, PROBLEM_STATE | DAT, True, SPECIAL_OPERATION, id="first-home-problem"),
        pytest.param(0, oac(HOME, valid=A), PROBLEM_STATE | DAT, True, 0, id="second-home-problem"),
        pytest.param(oac(HOME, 7, A | K), 0, PROBLEM_STATE | DAT, True, SPECIAL_OPERATION, id="before-the-key"),
    ],
)
def test_mvcos_special_operation(lab, first, second, mask, control, code):
    lab.gr[0], lab.gr[2] = first << 16 | second, 0
    spaces(lab)
    if not control:
        lab.cr[0] &= ALL - SECONDARY_SPACE_CONTROL
    lab.psw(mask, cc=1)
    assert lab.step(MVCOS) == code
    assert lab.changes() == ({} if code else {"cc": 0})


@pytest.mark.parametrize(
    ("first", "second", "page", "teid"),
    [
        pytest.param(SECONDARY, HOME, FIRST, FIRST | 2, id="first-secondary"),
        pytest.param(PRIMARY, SECONDARY, SECOND, SECOND | 2, id="second-secondary"),
        pytest.param(PRIMARY, SECONDARY, SECOND + 0x1000, SECOND + 0x1000 | 2, id="second-page"),
    ],
)
def test_mvcos_exception_names_the_space_of_the_operand(lab, first, second, page, teid):
    """From home-space mode, as Linux does; PSW and registers are as before."""
    lab.gr[0], lab.gr[2] = oac(first, valid=A) << 16 | oac(second, valid=A), 5000
    spaces(lab, BA_EA | HOME)
    change(lab, page, -1, on=PAGE_INVALID)
    lab.gr[6] += 0x10
    lab.psw(BA_EA | DAT | HOME, cc=1)
    assert lab.step(MVCOS) == PAGE_TRANSLATION
    assert lab.changes() == {"ia": CODE}
    assert lab.word(0xA8) == teid


def test_mvcos_leaves_the_own_space_and_key_to_the_next_instruction(lab):
    lab.store(SECOND_ELSEWHERE, b"\1" * 8)
    lab.store(SECOND, b"\2" * 8)
    lab.store(FIRST, bytes(8))
    for address in (SECOND_ELSEWHERE, SECOND, FIRST, CODE):
        lab.set_key(address, 0x48)
    lab.gr[0], lab.gr[2] = oac(PRIMARY, 4, A | K) << 16 | oac(SECONDARY, 4, A | K), 8
    spaces(lab)
    lab.psw(BA_EA | DAT, key=4)
    code = lab.step(f"lg %r1,0(%r6)\n {MVCOS}\n lg %r3,0(%r6)\n {MVCOS}\n lg %r4,0(%r5)")
    assert [code] + [lab.go() for _ in range(4)] == [0] * 5
    assert (lab.gr[1], lab.gr[3], lab.gr[4]) == (0x0202020202020202, 0x0202020202020202, 0x0101010101010101)

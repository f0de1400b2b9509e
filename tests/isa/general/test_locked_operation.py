"""PERFORM LOCKED OPERATION: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import ADDRESSING, PROTECTION, SPECIFICATION
from s390emu.architecture.storage_key import CHANGE
from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, SIZE
from tests.storage.test_access_registers import BLOCK, ELSEWHERE, access_list, mode

SECOND, FOURTH, LIST = 0x40100, 0x50200, 0x60300
SIXTH, EIGHTH = 0x70400, 0x80500
LINE = "plo %r2,0(%r6),%r4,0(%r7)"
LOAD, SWAP, DOUBLE, STORE1, STORE2, STORE3 = range(0, 24, 4)
OPERATIONS = {"cl": LOAD, "cs": SWAP, "dcs": DOUBLE, "csst": STORE1, "csdst": STORE2, "cstst": STORE3}
FORMS = pytest.mark.parametrize("form", range(4), ids=["32", "64-list", "64", "128"])
SIZE_OF = (4, 8, 8, 16)
A, B, C, D, E, F = (bytes([letter] * 16) for letter in b"ABCDEF")


def listed(operation: int, form: int) -> bool:
    return form in (1, 3) or operation in (STORE2, STORE3)


class Case:
    """Operands by name, where the function has them; the same for reading what has become of them."""

    def __init__(self, lab, operation, form, mode=BA_EA):
        self.lab, self.operation, self.form, self.size = lab, operation, form, SIZE_OF[form]
        lab.psw(mode, cc=3)
        lab.gr[0] = 0xFFFFFFFF_00000000 | operation + form
        for r in range(1, 8):
            lab.gr[r] = ALL
        lab.gr[6] = SECOND
        lab.gr[7] = LIST if listed(operation, form) else FOURTH
        lab.store(LIST, b"\xee" * 144)
        for n, address in enumerate((FOURTH, SIXTH, EIGHTH)):
            ignored = 0 if mode == BA_EA else 0xDDDDDDDD_80000000
            lab.store(LIST + 72 + 32 * n, (ignored | address).to_bytes(8, "big"))

    def place(self, name: str):
        """A register, or an address in storage."""
        in_registers = self.form in (0, 2)
        if name in ("comparand", "replacement") and in_registers:
            return 2 if name == "comparand" else 3
        if name in ("third", "third_replacement") and in_registers and not listed(self.operation, self.form):
            return 4 if name == "third" or self.operation != DOUBLE else 5
        slots = {"comparand": 0, "replacement": 16, "third": 32, "third_replacement": 48, "fifth": 80, "seventh": 112}
        if name in slots:
            return LIST + slots[name] + 16 - self.size
        return {"second": SECOND, "fourth": FOURTH, "sixth": SIXTH, "eighth": EIGHTH}[name]

    def __setitem__(self, name, value):
        place, value = self.place(name), value[: self.size]
        if place >= 16:
            self.lab.store(place, value)
        elif self.size == 8:
            self.lab.gr[place] = int.from_bytes(value, "big")
        else:
            self.lab.gr[place] = 0xFFFFFFFF_00000000 | int.from_bytes(value, "big")

    def changed(self, name, value):
        """As `lab.changes` says it."""
        place, value = self.place(name), value[: self.size]
        if place >= 16:
            return {place: value}
        return {f"r{place}": int.from_bytes(value, "big") | (0xFFFFFFFF_00000000 if self.size == 4 else 0)}

    def step(self) -> int:
        return self.lab.step(LINE)


MODES = pytest.mark.parametrize("mode", [BA_EA, MODE_31, MODE_24], ids=["64", "31", "24"])


@FORMS
@MODES
def test_compare_and_load(lab, form, mode):
    case = Case(lab, LOAD, form, mode)
    case["comparand"], case["second"], case["third"], case["fourth"] = A, A, C, D
    assert case.step() == 0
    assert lab.changes() == case.changed("third", D) | {"cc": 0}


@FORMS
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_unequal(lab, form, operation):
    """The second operand becomes the comparison value; whatever else there is is not looked at."""
    case = Case(lab, operation, form)
    case["comparand"], case["second"] = A, B
    if listed(operation, form):
        lab.store(LIST + 72, (SIZE + 1).to_bytes(8, "big"))
    assert case.step() == 0
    assert lab.changes() == case.changed("comparand", B) | {"cc": 1}


@FORMS
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize("byte", [0, -1])
def test_every_byte_is_compared(lab, form, operation, byte):
    case = Case(lab, operation, form)
    size = SIZE_OF[form]
    other = bytearray(A[:size])
    other[byte] ^= 1
    case["comparand"], case["second"] = A, bytes(other)
    assert case.step() == 0
    assert lab.cpu.cc == 1


@FORMS
@MODES
def test_compare_and_swap(lab, form, mode):
    case = Case(lab, SWAP, form, mode)
    case["comparand"], case["second"], case["replacement"] = A, A, B
    assert case.step() == 0
    assert lab.changes() == case.changed("second", B) | {"cc": 0}


@FORMS
@MODES
def test_double_compare_and_swap(lab, form, mode):
    case = Case(lab, DOUBLE, form, mode)
    case["comparand"], case["second"], case["replacement"] = A, A, B
    case["third"], case["fourth"], case["third_replacement"] = C, C, D
    assert case.step() == 0
    assert lab.changes() == case.changed("second", B) | case.changed("fourth", D) | {"cc": 0}


@FORMS
def test_double_compare_and_swap_third_unequal(lab, form):
    """Nothing is swapped: the fourth operand becomes the third."""
    case = Case(lab, DOUBLE, form)
    case["comparand"], case["second"], case["replacement"] = A, A, B
    case["third"], case["fourth"], case["third_replacement"] = C, E, D
    assert case.step() == 0
    assert lab.changes() == case.changed("third", E) | {"cc": 2}


@FORMS
@MODES
@pytest.mark.parametrize(("operation", "count"), [(STORE1, 1), (STORE2, 2), (STORE3, 3)], ids=["1", "2", "3"])
def test_compare_and_swap_and_store(lab, form, operation, count, mode):
    case = Case(lab, operation, form, mode)
    case["comparand"], case["second"], case["replacement"] = A, A, B
    expected = case.changed("second", B) | {"cc": 0}
    for source, target, value in list(
        zip(("third_replacement", "fifth", "seventh"), ("fourth", "sixth", "eighth"), (C, D, E), strict=True)
    )[:count]:
        case[source] = value
        expected |= case.changed(target, value)
    assert case.step() == 0
    assert lab.changes() == expected


# --- test bit, reserved bits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", range(256))
def test_the_test_bit(lab, function):
    """Nothing is done, whatever the operands are."""
    lab.psw(cc=1)
    lab.gr[0], lab.gr[6], lab.gr[7] = 0xFFFFFFFF_00000100 | function, SIZE + 1, SIZE + 1
    assert lab.step("plo %r3,0(%r6),%r5,0(%r7)") == 0
    assert lab.changes() == {"cc": 0 if function < 24 else 3}


@pytest.mark.parametrize("function", [24, 25, 63, 64, 128, 255])
def test_no_such_function(lab, function):
    lab.psw()
    lab.gr[0], lab.gr[6], lab.gr[7] = function, SECOND, FOURTH
    assert lab.step(LINE) == SPECIFICATION
    assert lab.changes() == {}


@pytest.mark.parametrize("test", [0, 0x100])
def test_reserved_bits(lab, test):
    for place in range(9, 32):
        lab.psw()
        lab.gr[0], lab.gr[6], lab.gr[7] = test | 1 << place, SECOND, FOURTH
        assert lab.step(LINE) == SPECIFICATION


# --- specification exceptions of the operands ------------------------------------------------------------------------


@FORMS
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_second_operand_on_its_boundary(lab, form, operation):
    for distance in (1, SIZE_OF[form] // 2):
        case = Case(lab, operation, form)
        lab.gr[6] = SIZE + distance
        assert case.step() == SPECIFICATION
        assert lab.changes() == {}


@FORMS
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_list_on_a_doubleword(lab, form, operation):
    if listed(operation, form):
        case = Case(lab, operation, form)
        lab.gr[7] = LIST + 4
        assert case.step() == SPECIFICATION
        assert lab.changes() == {}
        case = Case(lab, operation, form)
        case["comparand"], case["second"] = A, B
        assert case.step() == 0


@FORMS
@pytest.mark.parametrize("operation", [LOAD, DOUBLE, STORE1, STORE2, STORE3])
def test_further_operands_on_their_boundaries(lab, form, operation):
    """Nothing is stored, whichever it is."""
    count = {LOAD: 1, DOUBLE: 1, STORE1: 1, STORE2: 2, STORE3: 3}[operation]
    for n in range(count):
        case = Case(lab, operation, form)
        case["comparand"], case["second"] = A, A
        case["third"] = C
        case["fourth"] = C
        if listed(operation, form):
            lab.store(LIST + 72 + 32 * n, (FOURTH + SIZE_OF[form] // 2).to_bytes(8, "big"))
        else:
            lab.gr[7] = FOURTH + SIZE_OF[form] // 2
        assert case.step() == SPECIFICATION
        assert lab.changes() == {}


@pytest.mark.parametrize("form", [0, 2])
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_pairs_begin_with_even_registers(lab, form, operation):
    """R1 where it is a pair, R3 where it is one; not where operands are in the list."""
    for registers, wrong in (((3, 4), operation != LOAD), ((2, 5), operation == DOUBLE)):
        case = Case(lab, operation, form)
        lab.gr[3] = 0
        code = lab.step(f"plo %r{registers[0]},0(%r6),%r{registers[1]},0(%r7)")
        assert code == (SPECIFICATION if wrong else 0)
    case = Case(lab, operation, form + 1)
    case["comparand"], case["second"] = A, B
    assert lab.step("plo %r3,0(%r6),%r5,0(%r7)") == 0
    assert lab.cpu.cc == 1


# --- access ----------------------------------------------------------------------------------------------------------


@FORMS
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_operands_that_are_not_there(lab, form, operation):
    targets = {LOAD: 1, SWAP: 0, DOUBLE: 1, STORE1: 1, STORE2: 2, STORE3: 3}[operation]
    for missing in ["second", *(["list"] if listed(operation, form) else []), *range(targets)]:
        case = Case(lab, operation, form)
        case["comparand"], case["second"], case["third"], case["fourth"] = A, A, C, C
        if missing == "second":
            lab.gr[6] = SIZE
        elif missing == "list" or not listed(operation, form):
            lab.gr[7] = SIZE
        else:
            lab.store(LIST + 72 + 32 * missing, SIZE.to_bytes(8, "big"))
        assert case.step() == ADDRESSING
        assert lab.changes() == {}


@FORMS
@pytest.mark.parametrize("operation", [SWAP, DOUBLE, STORE1, STORE2, STORE3])
def test_nothing_is_stored_if_the_second_operand_is_protected(lab, form, operation):
    """It is stored into last; those before have not been stored into, and not been changed."""
    case = Case(lab, operation, form)
    case["comparand"], case["second"], case["third"], case["fourth"] = A, A, C, C
    for page in (CODE, FOURTH, LIST, SIXTH, EIGHTH):
        lab.set_key(page, 3 << 4)
    lab.set_key(SECOND, 5 << 4)
    lab.psw(key=3)
    assert case.step() == PROTECTION
    assert lab.changes() == {}
    assert [lab.key(page) & CHANGE for page in (FOURTH, SIXTH, EIGHTH)] == [0, 0, 0]


# --- access-register mode, program-event recording -------------------------------------------------------------------

PER, STORAGE_ALTERATION, PER_EVENT = 1 << 62, 1 << (63 - 34), 0x80  # of the PSW; of control register 9; a code


@pytest.mark.parametrize(
    ("operation", "form"),
    [(o, form) for o in OPERATIONS.values() if o != SWAP for form in range(4) if listed(o, form)],
)
def test_alets_of_the_list(lab, form, operation):
    """They go into access register R3, one after the other, and say in which space operands 4, 6 and 8 are."""
    size, count = SIZE_OF[form], {STORE2: 2, STORE3: 3}.get(operation, 1)
    case = Case(lab, operation, form)
    access_list(lab)
    case["comparand"], case["second"], case["replacement"] = A, A, B
    case["third"] = C if operation == DOUBLE else F
    case["third_replacement"], case["fifth"], case["seventh"] = D, E, F
    for n in range(count):
        lab.store(LIST + 68 + 32 * n, (2).to_bytes(4, "big") + (BLOCK + 64 * n).to_bytes(8, "big"))
        lab.store(BLOCK + 64 * n, b"\x11" * 16)
        lab.store(ELSEWHERE + 64 * n, C)
    mode(lab)
    assert case.step() == 0
    expected = case.changed("third", C)
    if operation != LOAD:
        expected = case.changed("second", B)
        expected |= {ELSEWHERE + 64 * n: value[:size] for n, value in enumerate((D, E, F)[:count])}
    assert (lab.cpu.cc, lab.changes()) == (0, expected | {"a4": 2})


@FORMS
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_r3_that_is_zero_has_no_access_register_for_the_alets(lab, form, operation):
    case = Case(lab, operation, form)
    case["comparand"], case["second"] = A, B
    mode(lab)
    code = lab.step("plo %r2,0(%r6),%r0,0(%r7)")
    assert code == (SPECIFICATION if listed(operation, form) and operation != SWAP else 0)


@FORMS
def test_an_exception_leaves_the_access_register(lab, form):
    case = Case(lab, STORE3, form)
    access_list(lab)
    case["comparand"], case["second"] = A, A
    for n, address in enumerate((BLOCK, BLOCK, SIZE)):
        lab.store(LIST + 68 + 32 * n, bytes([0, 0, 0, 2 if n < 2 else 0]) + address.to_bytes(8, "big"))
    mode(lab)
    assert case.step() == ADDRESSING
    assert lab.changes() == {}


@FORMS
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
@pytest.mark.parametrize("equal", [True, False], ids=["equal", "unequal"])
def test_every_operand_that_is_stored_is_an_alteration(lab, form, operation, equal):
    """The second one, 4, 6 and 8, and what is loaded into the list."""
    case = Case(lab, operation, form)
    case["comparand"], case["second"], case["replacement"] = A, A if equal else B, B
    case["third"], case["fourth"] = C, C
    stored = [SECOND] if operation != LOAD else []
    stored += {LOAD: [], SWAP: [], STORE2: [FOURTH, SIXTH], STORE3: [FOURTH, SIXTH, EIGHTH]}.get(operation, [FOURTH])
    if operation == LOAD:
        stored = [case.place("third")]
    if not equal:
        stored = [case.place("comparand")]
    for place in (SECOND, FOURTH, SIXTH, EIGHTH, case.place("third"), case.place("comparand")):
        if place < 16:
            continue
        case = Case(lab, operation, form)
        case["comparand"], case["second"], case["replacement"] = A, A if equal else B, B
        case["third"], case["fourth"] = C, C
        lab.cr[9], lab.cr[10], lab.cr[11] = STORAGE_ALTERATION, place, place
        lab.psw(BA_EA | PER)
        assert case.step() == (PER_EVENT if place in stored else 0), hex(place)

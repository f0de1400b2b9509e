"""Vector loads and stores of reversed bytes or elements: PoP ch. 21."""

from __future__ import annotations

import pytest

from s390emu.conformance.twins.vector_integer import width
from tests.isa.vector.vectors import DATA, check_invalid, elements, execute, joined
from tests.operands import FETCH, STORE, Operand, operand_checks

BYTES = bytes(range(0x80, 0x90))
OLD = 0x0123456789ABCDEF_FEDCBA9876543210
LETTERS = "bhfg"


@pytest.mark.parametrize("size", [1, 2, 3])
def test_element(lab, size):
    length = width(size) // 8
    for number in range(16 // length):
        lab.reset()
        after = elements(OLD, size)
        stored = after[number].to_bytes(length, "little")
        assert execute(lab, f"vstebr{LETTERS[size]} %v20,64(%r5),{number}", v20=OLD)[0] == 0
        assert lab.load(DATA + 64, length) == stored
        after[number] = int.from_bytes(BYTES[:length], "little")
        assert execute(lab, f"vlebr{LETTERS[size]} %v20,0(%r5),{number}", v20=OLD, data=BYTES) == (
            0, {"v20": joined(after, size)})  # fmt: skip
    check_invalid(lab, [f"{name}{LETTERS[size]} %v1,0(%r5),{number}" for name in ("vlebr", "vstebr")
                        for number in range(16 // length, 16)])  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 3])
def test_replicate(lab, size):
    length = width(size) // 8
    content = int.from_bytes(BYTES[:length], "little")
    assert execute(lab, f"vlbrrep %v1,0(%r5),{size}", data=BYTES) == (0, {"v1": joined([content] * (16 >> size), size)})


@pytest.mark.parametrize(
    ("m3", "result"), [(1, 0x8180 << 64), (2, 0x83828180 << 64), (3, 0x8786858483828180 << 64), (6, 0x83828180 << 96)]
)
def test_element_and_zero(lab, m3, result):
    assert execute(lab, f"vllebrz %v9,0(%r5),{m3}", data=BYTES) == (0, {"v9": result})


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_bytes_of_elements(lab, size):
    length = width(size) // 8
    turned = b"".join(BYTES[n : n + length][::-1] for n in range(0, 16, length))
    assert execute(lab, f"vlbr %v1,0(%r5),{size}", data=BYTES) == (0, {"v1": int.from_bytes(turned)})
    assert execute(lab, f"vstbr %v1,64(%r5),{size}", data=bytes(128), v1=int.from_bytes(BYTES))[0] == 0
    assert lab.load(DATA + 64, 16) == turned


@pytest.mark.parametrize("size", [1, 2, 3])
def test_elements(lab, size):
    turned = joined(elements(int.from_bytes(BYTES), size)[::-1], size)
    assert execute(lab, f"vler %v1,0(%r5),{size}", data=BYTES) == (0, {"v1": turned})
    assert execute(lab, f"vster %v1,64(%r5),{size}", data=bytes(128), v1=turned)[0] == 0
    assert lab.load(DATA + 64, 16) == BYTES


def test_masks_without_an_element(lab):
    check_invalid(lab, [f"vllebrz %v1,0(%r5),{m3}" for m3 in range(16) if m3 not in (1, 2, 3, 6)])
    for names, last in ((("vlbrrep", "vler", "vster"), 3), (("vlbr", "vstbr"), 4)):
        check_invalid(lab, [f"{name} %v1,0(%r5),{m3}" for name in names for m3 in (0, *range(last + 1, 16))])


LOADS = [("vlebrh %v1,0(%r5),1", 2), ("vlebrf %v1,0(%r5),1", 4), ("vlebrg %v1,0(%r5),1", 8), ("vlbrrepf %v1,0(%r5)", 4),
         ("vllebrz %v1,0(%r5),1", 2), ("vlbrq %v1,0(%r5)", 16), ("vlerg %v1,0(%r5)", 16)]  # fmt: skip
STORES = [("vstebrh %v1,0(%r5),1", 2), ("vstebrf %v1,0(%r5),1", 4), ("vstebrg %v1,0(%r5),1", 8),
          ("vstbrf %v1,0(%r5)", 16), ("vsterh %v1,0(%r5)", 16)]  # fmt: skip


@operand_checks(
    *(Operand(line, length, kind) for kind, lines in ((FETCH, LOADS), (STORE, STORES)) for line, length in lines)
)
def test_operands(lab, check, operand):
    check(lab, operand)

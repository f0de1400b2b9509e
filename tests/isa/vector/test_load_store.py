"""Vector loads and stores: PoP ch. 21."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import PROTECTION
from s390emu.conformance.twins.vector_integer import width
from tests.isa.vector.vectors import DATA, check_invalid, elements, execute, joined, register
from tests.lab import MODE_31
from tests.operands import FETCH, STORE, Operand, operand_checks

BYTES = bytes(range(0x80, 0x90))
VALUE = int.from_bytes(BYTES)
OLD = 0x0123456789ABCDEF_FEDCBA9876543210
LETTERS = "bhfg"


@pytest.mark.parametrize("hint", ["", ",3", ",4", ",15"])
def test_load_and_store(lab, hint):
    assert execute(lab, f"vl %v17,0(%r5){hint}", data=BYTES) == (0, {"v17": VALUE})
    assert execute(lab, f"vst %v17,32(%r5){hint}") == (0, {DATA + 32: BYTES})


@pytest.mark.parametrize(("first", "last"), [(0, 15), (16, 31), (3, 3), (12, 20), (30, 31)])
def test_multiple(lab, first, last):
    data = bytes(1 + (3 + 7 * n) % 251 for n in range(16 * (last - first + 1)))
    code, found = execute(lab, f"vlm %v{first},%v{last},0(%r5)", data=data)
    assert code == 0
    assert found == {f"v{first + n}": int.from_bytes(data[16 * n : 16 * n + 16]) for n in range(last - first + 1)}
    assert execute(lab, f"vstm %v{first},%v{last},1024(%r5),4") == (0, {DATA + 1024: data})


def test_multiple_takes_1_to_16_registers_in_order(lab):
    check_invalid(lab, [f"{name} %v{first},%v{last},0(%r5)" for name in ("vlm", "vstm")
                        for first, last in ((1, 0), (31, 0), (0, 16), (15, 31))])  # fmt: skip


@pytest.mark.parametrize("size", range(4))
def test_element(lab, size):
    bits = width(size)
    content = int.from_bytes(BYTES[: bits // 8])
    for number in range(128 // bits):
        lab.reset()
        after = elements(OLD, size)
        stored = after[number].to_bytes(bits // 8)
        code, found = execute(lab, f"vste{LETTERS[size]} %v20,64(%r5),{number}", v20=OLD, data=bytes(128))
        assert code == 0
        assert lab.load(DATA + 64, bits // 8) == stored
        assert all(DATA + 64 <= at < DATA + 64 + bits // 8 for at in found)
        after[number] = content
        assert execute(lab, f"vle{LETTERS[size]} %v20,0(%r5),{number}", v20=OLD, data=BYTES) == (
            0, {"v20": joined(after, size)})  # fmt: skip
    check_invalid(lab, [f"{name}{LETTERS[size]} %v1,0(%r5),{number}" for name in ("vle", "vste")
                        for number in range(128 // bits, 16)])  # fmt: skip


@pytest.mark.parametrize("size", range(4))
def test_replicate(lab, size):
    content = int.from_bytes(BYTES[: width(size) // 8])
    assert execute(lab, f"vlrep %v1,0(%r5),{size}", data=BYTES) == (0, {"v1": joined([content] * (16 >> size), size)})


@pytest.mark.parametrize(
    ("m3", "result"), [(0, 0x80 << 64), (1, 0x8081 << 64), (2, 0x80818283 << 64), (3, 0x8081828384858687 << 64),
                       (6, 0x80818283 << 96)]
)  # fmt: skip
def test_logical_element_and_zero(lab, m3, result):
    assert execute(lab, f"vllez %v9,0(%r5),{m3}", data=BYTES) == (0, {"v9": result})


def test_masks_without_an_element(lab):
    check_invalid(lab, [f"vlrep %v1,0(%r5),{m3}" for m3 in range(4, 16)])
    check_invalid(lab, [f"vllez %v1,0(%r5),{m3}" for m3 in range(4, 16) if m3 != 6])
    check_invalid(lab, [f"vlbb %v1,0(%r5),{m3}" for m3 in range(7, 16)])
    check_invalid(lab, [f"{name} %v1,0(%v2,%r5),{m3}" for name in ("vgef", "vscef") for m3 in range(4, 16)])
    check_invalid(lab, [f"{name} %v1,0(%v2,%r5),{m3}" for name in ("vgeg", "vsceg") for m3 in range(2, 16)])
    check_invalid(lab, [line.format(m4) for line in ("vlgv %r1,%v2,0,{}", "vlvg %v1,%r2,0,{}") for m4 in range(4, 16)])
    check_invalid(lab, [f"{name} %v1,0(%r5),{i3}" for name in ("vlrl", "vstrl") for i3 in (16, 17, 128, 255)])


@pytest.mark.parametrize("m3", range(7))
def test_to_block_boundary(lab, m3):
    """Bytes beyond it, which the manual leaves open, are zeros here; they are not accessed."""
    block = 64 << m3
    for before in (1, 7, 15, 16, 17):
        lab.reset()
        at = 0x38000 + block - before
        lab.store(at, bytes(range(1, 17)))
        if m3 == 6:
            lab.set_key(0x39000, 5 << 4 | 8)
            lab.psw(key=3)
            lab.set_key(0x38000, 3 << 4)
            lab.set_key(0x20000, 3 << 4)
        count = min(before, 16)
        lab.gr[6] = at
        assert lab.step(f"vlbb %v3,0(%r6),{m3}") == 0
        assert register(lab, 3) == int.from_bytes(bytes(range(1, count + 1)).ljust(16, b"\0"))


@pytest.mark.parametrize("last", [0, 1, 7, 8, 14, 15, 16, 0xFFFFFFFF, 0x1_0000_0003])
def test_with_length(lab, last):
    """The number of the last byte is a word."""
    count = min((last & 0xFFFFFFFF) + 1, 16)
    assert execute(lab, "vll %v1,%r3,0(%r5)", r3=last, data=BYTES) == (
        0, {"v1": int.from_bytes(BYTES[:count].ljust(16, b"\0"))})  # fmt: skip
    assert execute(lab, "vstl %v7,%r3,64(%r5)", v7=VALUE) == (0, {DATA + 64: BYTES[:count]})
    assert execute(lab, "vlrlr %v17,%r3,0(%r5)") == (0, {"v17": int.from_bytes(BYTES[:count])})
    assert execute(lab, "vstrlr %v7,%r3,128(%r5)") == (0, {DATA + 128: BYTES[16 - count :]})


@pytest.mark.parametrize("last", range(16))
def test_rightmost_with_length(lab, last):
    assert execute(lab, f"vlrl %v17,0(%r5),{last}", data=BYTES) == (0, {"v17": int.from_bytes(BYTES[: last + 1])})
    assert execute(lab, f"vstrl %v7,128(%r5),{last}", v7=VALUE) == (0, {DATA + 128: BYTES[15 - last :]})


@pytest.mark.parametrize(("size", "letter"), [(2, "f"), (3, "g")])
def test_gather_and_scatter(lab, size, letter):
    """Base, displacement and the element of the same number, unsigned, make the address."""
    count, length = 16 >> size, width(size) // 8
    for number in range(count):
        lab.reset()
        offsets = joined([8 * (n + 1) + (n == number and 1) for n in range(count)], size)
        at = DATA + 8 * (number + 1) + 1 + 3
        lab.store(at, BYTES)
        after = elements(OLD, size)
        after[number] = int.from_bytes(BYTES[:length])
        assert execute(lab, f"vge{letter} %v1,3(%v19,%r5),{number}", v1=OLD, v19=offsets) == (
            0, {"v1": joined(after, size)})  # fmt: skip
        stored = elements(OLD, size)[number].to_bytes(length)
        assert execute(lab, f"vsce{letter} %v1,3(%v19,%r5),{number}", v1=OLD, v19=offsets)[0] == 0
        assert lab.load(at, length) == stored


def test_gathered_address_wraps(lab):
    lab.store(DATA, BYTES)
    code, found = execute(lab, "vgef %v1,0(%v2,%r6),0", v1=0, v2=0xFFFFFFFF << 96, r6=DATA + 1, mask=MODE_31)
    assert (code, found) == (0, {"v1": 0x80818283 << 96})


@pytest.mark.parametrize("size", range(4))
def test_general_register(lab, size):
    """Of a number too large the rightmost bits count, a choice of this model."""
    count = 16 >> size
    for number in (*range(count), count, 4095):
        lab.reset()
        at, after = number % count, elements(OLD, size)
        assert execute(lab, f"vlgv %r3,%v31,{number},{size}", v31=OLD, r3=5) == (0, {"r3": after[at]})
        after[at] = 0x8899AABBCCDDEEFF & (1 << width(size)) - 1
        line = f"vlvg %v31,%r3,{number},{size}"
        assert execute(lab, line, r3=0x8899AABBCCDDEEFF) == (0, {"v31": joined(after, size)})
    assert execute(lab, "vlgvb %r3,%v31,1(%r4)", v31=VALUE, r4=2) == (0, {"r3": 0x83})


def test_general_registers_disjoint(lab):
    assert execute(lab, "vlvgp %v20,%r3,%r4", r3=1 << 63, r4=7) == (0, {"v20": 1 << 127 | 7})


def old(lab):
    lab.gr[3] = 15
    lab.store(0x3C000, bytes(16))


LOADS = [("vl %v1,0(%r5)", 16), ("vlm %v1,%v3,0(%r5)", 48), ("vleb %v1,0(%r5),3", 1), ("vleh %v1,0(%r5),3", 2),
         ("vlef %v1,0(%r5),3", 4), ("vleg %v1,0(%r5),1", 8), ("vlreph %v1,0(%r5)", 2), ("vllezg %v1,0(%r5)", 8),
         ("vll %v1,%r3,0(%r5)", 16), ("vlrl %v1,0(%r5),9", 10), ("vlrlr %v1,%r3,0(%r5)", 16)]  # fmt: skip
STORES = [("vst %v1,0(%r5)", 16), ("vstm %v1,%v3,0(%r5)", 48), ("vsteb %v1,0(%r5),3", 1), ("vsteh %v1,0(%r5),3", 2),
          ("vstef %v1,0(%r5),3", 4), ("vsteg %v1,0(%r5),1", 8), ("vstl %v1,%r3,0(%r5)", 16), ("vstrl %v1,0(%r5),9", 10),
          ("vstrlr %v1,%r3,0(%r5)", 16)]  # fmt: skip


@operand_checks(
    *(Operand(line, length, FETCH, setup=old) for line, length in LOADS),
    *(Operand(line, length, STORE, setup=old) for line, length in STORES),
)
def test_operands(lab, check, operand):
    check(lab, operand)


def test_gathered_and_scattered_operands_are_protected(lab):
    for line in ("vgef %v1,0(%v2,%r5),1", "vgeg %v1,0(%v2,%r5),1", "vscef %v1,0(%v2,%r5),1", "vsceg %v1,0(%v2,%r5),1"):
        lab.reset()
        lab.store(DATA, bytes(16))
        lab.set_key(DATA, 5 << 4 | 8)
        lab.set_key(0x20000, 3 << 4)
        lab.gr[5] = DATA
        for n in (1, 2):
            lab.fpr[n] = lab.cpu.vr_right[n] = 0
        lab.psw(key=3)
        assert lab.step(line) == PROTECTION
        assert lab.changes() == {}

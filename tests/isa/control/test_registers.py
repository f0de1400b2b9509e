"""Control registers, prefix, identification: PoP ch. 10."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import ADDRESSING, PRIVILEGED_OPERATION, PROTECTION, SPECIFICATION
from tests.lab import ALL, PROBLEM_STATE, SIZE, Lab
from tests.operands import FETCH, STORE, Operand, operand_checks

OPERAND = 0x38000
ALIGNMENT = {
    "lctl %c1,%c2,{}(%r5)": 4, "lctlg %c1,%c2,{}(%r5)": 8, "stctl %c1,%c2,{}(%r5)": 4, "stctg %c1,%c2,{}(%r5)": 8,
    "spx {}(%r5)": 4, "stpx {}(%r5)": 4, "stap {}(%r5)": 2, "stidp {}(%r5)": 8, "lpp {}(%r5)": 8,
}  # fmt: skip


@operand_checks(
    Operand("lctl %c2,%c4,0(%r5)", 12, FETCH, align=4),
    Operand("lctlg %c2,%c4,0(%r5)", 24, FETCH, align=8),
    Operand("stctl %c15,%c1,0(%r5)", 12, STORE, align=4),
    Operand("stctg %c15,%c1,0(%r5)", 24, STORE, align=8),
    Operand("spx 0(%r5)", 4, FETCH, align=4, data=(0x40000).to_bytes(4, "big")),
    Operand("stpx 0(%r5)", 4, STORE, align=4),
    Operand("stap 0(%r5)", 2, STORE, align=2),
    Operand("stidp 0(%r5)", 8, STORE, align=8),
    Operand("lpp 0(%r5)", 8, FETCH, align=8),
)
def test_operands(lab, check, operand):
    check(lab, operand)


@pytest.mark.parametrize("line", [*(line.format(1) for line in ALIGNMENT), "stfl 0", "ptlb", "palb"])
def test_privileged(lab, line):
    lab.gr[5] = 0x7FFFFFF1
    lab.psw(PROBLEM_STATE)
    assert lab.step(line) == PRIVILEGED_OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize(("line", "alignment"), ALIGNMENT.items())
def test_boundary(lab, line, alignment):
    lab.gr[5] = 0x7FFFF000  # not in the configuration
    assert lab.step(line.format(alignment // 2)) == SPECIFICATION
    assert lab.changes() == {}


@pytest.mark.parametrize(
    ("line", "length", "count", "first"),
    [
        pytest.param("lctl %c3,%c3,0(%r5)", 4, 1, 3, id="lctl-one"),
        pytest.param("lctl %c14,%c1,0(%r5)", 4, 4, 14, id="lctl-wraps"),
        pytest.param("lctl %c4,%c3,0(%r5)", 4, 16, 4, id="lctl-all"),
        pytest.param("lctlg %c3,%c3,0(%r5)", 8, 1, 3, id="lctlg-one"),
        pytest.param("lctlg %c14,%c1,0(%r5)", 8, 4, 14, id="lctlg-wraps"),
        pytest.param("lctlg %c4,%c3,0(%r5)", 8, 16, 4, id="lctlg-all"),
    ],
)
def test_load_control(lab, line, length, count, first):
    lab.gr[5] = OPERAND
    lab.store(OPERAND, b"".join((0x0102030405060700 + n).to_bytes(8, "big")[8 - length :] for n in range(16)))
    for n in range(16):
        lab.cr[n] = 0x1111111100000000
    assert lab.step(line) == 0
    expected = {}
    for n in range(count):
        old = 0x1111111100000000 if length == 4 else 0
        expected[f"c{(first + n) % 16}"] = old | (0x0102030405060700 + n) % (1 << 8 * length)
    assert lab.changes() == expected


@pytest.mark.parametrize(("name", "length"), [("stctl", 4), ("stctg", 8)])
@pytest.mark.parametrize(("first", "last"), [(3, 3), (14, 1), (4, 3)])
def test_store_control(lab, name, length, first, last):
    lab.gr[5] = OPERAND
    for n in range(16):
        lab.cr[n] = 0x0102030405060711 + 0x10 * n
    numbers = [(first + n) % 16 for n in range((last - first) % 16 + 1)]
    data = b"".join((0x0102030405060711 + 0x10 * n).to_bytes(8, "big")[8 - length :] for n in numbers)
    lab.psw()
    assert lab.step(f"{name} %c{first},%c{last},0(%r5)") == 0
    assert lab.load(OPERAND, 130) == data.ljust(130, b"\0")


def test_lctlg_of_the_protection_control_takes_effect_at_once(lab):
    lab.gr[5] = OPERAND
    lab.store(OPERAND, (1 << (63 - 35)).to_bytes(8, "big"))
    lab.psw()
    code = lab.step("stg %r1,0x10(%r0)\n lctlg %c0,%c0,0(%r5)\n stg %r1,0x10(%r0)")
    assert [code, lab.go(), lab.go()] == [0, 0, PROTECTION]  # the TLB had the page for stores


@pytest.mark.parametrize(
    ("word", "prefix"), [(0x2000, 0x2000), (0x80041FFF, 0x40000), (0x80001FFF, 0), (0xFE000, 0xFE000)]
)
def test_spx(lab, word, prefix):
    lab.gr[5] = OPERAND
    lab.store(OPERAND, word.to_bytes(4, "big"))
    assert lab.step("spx 0(%r5)") == 0
    assert lab.changes() == ({"prefix": prefix} if prefix else {})


def test_spx_takes_effect_at_once(lab):
    lab.gr[5] = OPERAND
    lab.store(OPERAND, (0x40000).to_bytes(4, "big"))
    lab.store(0x40010, b"\x77" * 8)
    lab.psw()
    code = lab.step("lg %r1,0x10(%r0)\n spx 0(%r5)\n lg %r2,0x10(%r0)")
    assert [code, lab.go(), lab.go()] == [0, 0, 0]
    assert (lab.gr[1], lab.gr[2]) == (0, 0x7777777777777777)


@pytest.mark.parametrize("word", [SIZE, SIZE + 0x2000, 0x7FFFE000])
def test_spx_outside_the_configuration(lab, word):
    lab.gr[5] = OPERAND
    lab.store(OPERAND, word.to_bytes(4, "big"))
    assert lab.step("spx 0(%r5)") == ADDRESSING
    assert lab.changes() == {}


def test_stpx(lab):
    lab.gr[5] = OPERAND
    lab.store(OPERAND, b"\xff" * 4)
    lab.cpu.prefix = 0x42000
    lab.psw()
    assert lab.step("stpx 0(%r5)") == 0
    assert lab.load(OPERAND, 5) == b"\x00\x04\x20\x00\x00"


def test_stap(lab):
    lab.gr[5] = OPERAND
    lab.store(OPERAND, b"\xff" * 4)
    assert lab.step("stap 2(%r5)") == 0
    assert lab.changes() == {OPERAND + 2: b"\0\0"}


def test_stidp(lab):
    lab.gr[5] = OPERAND
    assert lab.step("stidp 0(%r5)") == 0
    assert lab.load(OPERAND, 8) == bytes.fromhex("005390E1 2094 8000")


@pytest.mark.parametrize(("identity", "version"), [("s390emu", 0), ("qemu", 0), ("kvm", 0xFF), ("zvm", 0xFF)])
def test_version_code_of_stidp(identity, version):
    lab = Lab(identity=identity)
    lab.gr[5] = OPERAND
    assert lab.step("stidp 0(%r5)") == 0
    assert lab.load(OPERAND, 8) == bytes([version]) + bytes.fromhex("5390E1 2094 8000")


def test_stfl_ignores_its_address_and_protection(lab):
    lab.gr[5] = ALL
    lab.cr[0] |= 1 << (63 - 35)
    lab.psw(key=7)
    lab.set_key(0, 0x38)
    assert lab.step("stfl 0xfff(%r5)") == 0
    assert lab.load(200, 4) == (int(lab.machine.storage.record.facilities[0]) >> 32).to_bytes(4, "big")
    assert lab.load(204, 4) == bytes(4)


def test_stfl_stores_at_a_real_address(lab):
    lab.cpu.prefix = 0x40000
    lab.psw()
    assert lab.step("stfl 0") == 0
    assert lab.load(200, 4) == bytes(4)
    assert lab.load(0x40000 + 200, 4) != bytes(4)


def test_ptlb_changes_nothing(lab):
    assert lab.step("ptlb") == 0
    assert lab.changes() == {}


def test_palb_finds_nothing_to_purge(lab):
    lab.psw(cc=2)
    assert lab.step("palb") == 0
    assert lab.changes() == {}

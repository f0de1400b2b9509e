"""STORE SYSTEM INFORMATION: PoP ch. 10."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import OPERATION, PRIVILEGED_OPERATION, PROTECTION, SPECIFICATION
from s390emu.isa.opcodes import CT
from s390emu.machine import Machine
from tests.lab import ALL, BA_EA, PROBLEM_STATE, Lab
from tests.operands import STORE, Operand, key_protected, outside

BLOCK = 0x38000


def stsi(lab, function, first=0, second=0, address=BLOCK):
    lab.gr[0], lab.gr[1], lab.gr[5] = function << 28 | first, second, address
    return lab.step("stsi 0(%r5)")


def text(lab, offset, length):
    return lab.load(BLOCK + offset, length).decode("cp037")


def test_privileged(lab):
    lab.psw(PROBLEM_STATE)
    assert stsi(lab, 1, 0xFFFFF00, ALL, 1) == PRIVILEGED_OPERATION
    assert lab.changes() == {}


def test_current_level_needs_no_operand(lab):
    lab.psw(cc=3)
    lab.gr[0], lab.gr[1], lab.gr[5] = 0xFFFFFFFF000000FF, 0xFFFFFFFF0000FFFF, 1
    assert lab.step("stsi 0(%r5)") == 0
    assert lab.changes() == {"r0": 0xFFFFFFFF30000000, "cc": 0}


@pytest.mark.parametrize(("gr0", "gr1"), [(0x08000000, 0), (0x100, 0), (0x38000100, 0), (0, 0x10000), (0, 0x80000000)])
def test_reserved_bits(lab, gr0, gr1):
    lab.gr[0], lab.gr[1] = gr0, gr1
    assert lab.step("stsi 0") == SPECIFICATION
    assert lab.changes() == {}


@pytest.mark.parametrize("selectors", [(1, 1, 2), (1, 3, 1), (2, 2, 2), (3, 2, 1), (3, 1, 1), (4, 0, 0), (15, 1, 2),
                                       (1, 0x11, 1), (1, 1, 0x1001), (1, 0, 0x11)])  # fmt: skip
def test_not_available_before_the_boundary_is_looked_at(lab, selectors):
    lab.psw(cc=0)
    assert stsi(lab, *selectors, address=1) == 0
    assert lab.changes() == {"cc": 3}


@pytest.mark.parametrize("selectors", [(1, 1, 1), (1, 2, 1), (1, 2, 2), (3, 2, 2)])
def test_boundary(lab, selectors):
    assert stsi(lab, *selectors, address=0x38800) == SPECIFICATION
    assert lab.changes() == {}


def test_basic_machine(lab):
    lab.store(BLOCK, b"\xff" * 4096)
    lab.psw(cc=3)
    assert stsi(lab, 1, 1, 1) == 0
    assert lab.cpu.cc == 0
    assert text(lab, 32, 16) == "S390EMU         "
    assert text(lab, 48, 4) == "2094"
    assert text(lab, 80, 20) == "00000000005390E100  "
    assert lab.load(BLOCK + 116, 4096 - 116) == bytes(4096 - 116)


def test_cpu(lab):
    lab.store(BLOCK + 102, b"\xff\xff")
    assert stsi(lab, 1, 2, 1) == 0
    assert text(lab, 80, 20) == "00000000005390E100  "
    assert lab.load(BLOCK + 100, 4) == bytes(4)


def test_cpus(lab):
    assert stsi(lab, 1, 2, 2) == 0
    assert [lab.word(BLOCK + 36 + 2 * n, 2) for n in range(4)] == [1, 1, 0, 0]


def test_virtual_machine(lab):
    assert stsi(lab, 3, 2, 2) == 0
    assert lab.word(BLOCK + 31, 1) == 1
    assert [lab.word(BLOCK + 36 + 2 * n, 2) for n in range(4)] == [1, 1, 0, 0]
    assert text(lab, 44, 8) == "GUEST   "
    assert lab.word(BLOCK + 52, 4) == 1000
    assert text(lab, 56, 16) == "S390EMU         "


@pytest.mark.parametrize("cpus", [2, 8])
def test_number_of_cpus(cpus):
    """Each counts itself and the others, all configured; nothing else of the block changes but the factors."""
    one, several = Lab(), Lab(cpus=cpus)
    for selectors in ((1, 2, 2), (3, 2, 2)):
        for lab in (one, several):
            lab.store(BLOCK, b"\xff" * 4096)
            assert stsi(lab, *selectors) == 0
        assert [several.word(BLOCK + 36 + 2 * n, 2) for n in range(4)] == [cpus, cpus, 0, 0]
        factors = 2 * (cpus - 1) if selectors == (1, 2, 2) else 0
        assert one.load(BLOCK, 36) == several.load(BLOCK, 36)
        assert one.load(BLOCK + 44 + factors, 4052 - factors) == several.load(BLOCK + 44 + factors, 4052 - factors)


def test_adjustment_factors():
    """CPUs execute one at a time: of two each has half the capability, of three a third. There is none of one CPU."""
    lab = Lab(cpus=4)
    assert stsi(lab, 1, 2, 2) == 0
    assert [lab.word(BLOCK + 44 + 2 * n, 2) for n in range(4)] == [50, 33, 25, 0]


def test_cpu_that_asks():
    guest = Machine.from_source(
        "start: sigp %r2,%r3,6\n j .\n second: stsi 0(%r5)\n stap 0x700\n stidp 0x708\n j .", cpus=2
    )
    for new, address in ((0x1A0, 0x0000000180000000), (0x1A8, 0x10008)):
        guest.write(new, address.to_bytes(8, "big"))
    guest.cpus[0].gr[3] = 1
    guest.cpus[1].gr[[0, 1, 5]] = 1 << 28 | 2, 1, BLOCK
    guest.run(3_000)
    assert guest.read(BLOCK + 100, 4) == bytes([0, 0, 0, 1])
    assert guest.read(0x700, 2) == bytes([0, 1])
    assert guest.read(0x708, 8) == bytes.fromhex("005390E120948000")  # format 1: of the configuration


# --- what the guest finds itself on -----------------------------------------------------------------------------------

PARTITIONED = ["qemu", "kvm", "zvm"]


@pytest.mark.parametrize(("identity", "name", "control_program", "manufacturer"), [
    ("s390emu", "GUEST   ", "S390EMU         ", "S390EMU         "),
    ("qemu", "TCGguest", "KVM/Linux       ", "QEMU            "),
    ("kvm", "KVMguest", "KVM/Linux       ", "IBM             "),
    ("zvm", "GUEST   ", "z/VM    7.3.0   ", "IBM             "),
])  # fmt: skip
def test_identity(identity, name, control_program, manufacturer):
    lab = Lab(identity=identity)
    assert stsi(lab, 3, 2, 2) == 0
    assert (text(lab, 44, 8), text(lab, 56, 16)) == (name, control_program)
    assert stsi(lab, 1, 1, 1) == 0
    assert (text(lab, 32, 16), text(lab, 48, 4)) == (manufacturer, "2094")
    sequence = text(lab, 80, 20)
    assert stsi(lab, 1, 2, 1) == 0
    assert text(lab, 80, 20) == sequence


@pytest.mark.parametrize("identity", PARTITIONED)
def test_partition(identity):
    lab = Lab(identity=identity, cpus=3)
    lab.store(BLOCK, b"\xff" * 4096)
    assert stsi(lab, 2, 2, 2) == 0
    assert lab.cpu.cc == 0
    assert lab.load(BLOCK, 4096) == (
        bytes(35) + b"\x80" + bytes([0, 3, 0, 3, 0, 0, 0, 0]) + lab.load(BLOCK + 44, 8) + (1000).to_bytes(4, "big")
        + bytes(16) + bytes([0, 3]) + bytes(4096 - 74)
    )  # fmt: skip
    assert text(lab, 44, 8) == ("QEMU    " if identity == "qemu" else "LP01    ")


@pytest.mark.parametrize("identity", PARTITIONED)
def test_cpu_of_a_partition(identity):
    lab = Lab(identity=identity)
    assert stsi(lab, 1, 1, 1) == 0
    sequence = text(lab, 80, 20)
    assert stsi(lab, 2, 2, 1) == 0
    assert lab.cpu.cc == 0
    assert lab.load(BLOCK, 4096) == bytes(80) + sequence.encode("cp037") + bytes(4096 - 100)


@pytest.mark.parametrize("selectors", [(1, 1), (2, 3), (1, 2)])
def test_partitions_have_no_other_blocks(selectors):
    lab = Lab(identity="kvm")
    assert stsi(lab, 2, *selectors) == 0
    assert lab.cpu.cc == 3


def registers(lab):
    lab.gr[0], lab.gr[1] = 1 << 28 | 1, 1


@pytest.mark.parametrize("check", [key_protected, outside])
def test_operand(lab, check):
    check(lab, Operand("stsi 0(%r5)", 4096, STORE, align=4096, setup=registers))


def test_low_address_protection(lab):
    lab.cr[0] |= 1 << (63 - 35)
    assert stsi(lab, 1, 1, 1, address=0x1000) == PROTECTION
    assert lab.changes() == {}


# --- configuration-topology facility ----------------------------------------------------------------------------------


@pytest.mark.parametrize("cpus", [1, 3, 8])
def test_topology(cpus):
    """One container; the nesting is 2, of which the outer level has one container, the inner one the CPUs."""
    lab = Lab(extra=(CT,), cpus=cpus)
    lab.store(BLOCK, b"\xff" * 4096)
    lab.psw(cc=3)
    assert stsi(lab, 15, 1, 2) == 0
    assert lab.changes()["cc"] == 0
    mask = int("1" * cpus + "0" * (64 - cpus), 2)
    head = bytes.fromhex("0000 0028 00000000") + bytes([1, cpus]) + bytes.fromhex("00 02 00000000")
    entries = bytes.fromhex("01 000000000000 01") + bytes(8) + mask.to_bytes(8, "big")
    assert lab.load(BLOCK, 4096) == (head + entries).ljust(4096, b"\0")


@pytest.fixture(scope="module")
def with_topology():
    return Lab(extra=(CT,))


def test_topology_of_other_levels(with_topology):
    lab = with_topology
    for selectors in ((15, 1, 1), (15, 1, 3), (15, 1, 6), (15, 2, 2)):
        lab.reset()
        lab.psw(cc=0)
        assert stsi(lab, *selectors, address=1) == 0
        assert lab.changes() == {"cc": 3}
    assert stsi(lab, 15, 1, 2, address=0x38800) == SPECIFICATION
    assert lab.changes() == {}


@pytest.mark.parametrize(("function", "changes"), [
    pytest.param(0, {"r3": 0x100, "cc": 2}, id="horizontal-already"),
    pytest.param(1, {"cc": 2}, id="vertical-rejected"),
    pytest.param(2, {"cc": 0}, id="no-report"),
])  # fmt: skip
def test_topology_function(with_topology, function, changes):
    lab = with_topology
    lab.reset()
    lab.gr[3] = function
    lab.psw(cc=1)
    assert lab.step("ptf %r3") == 0
    assert lab.changes() == changes


def test_topology_function_exceptions(with_topology, lab):
    """Privileged first; then functions that are not defined, and bits 0-55."""
    for used, mask, value, code in (
        (with_topology, PROBLEM_STATE, 3, PRIVILEGED_OPERATION), (with_topology, BA_EA, 3, SPECIFICATION),
        (with_topology, BA_EA, 0x102, SPECIFICATION), (with_topology, BA_EA, 1 << 63, SPECIFICATION),
        (lab, PROBLEM_STATE, 2, OPERATION),
    ):  # fmt: skip
        used.reset()
        used.gr[3] = value
        used.psw(mask)
        assert used.step("ptf %r3") == code
        assert used.changes() == {}

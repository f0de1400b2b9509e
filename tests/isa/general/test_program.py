"""The program's own state and requests: PoP ch. 7."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import MONITOR_EVENT, SPECIFICATION
from s390emu.engine.handlers import default_facilities
from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, PROBLEM_STATE, SIZE
from tests.operands import FETCH, STORE, Operand, crossing, operand_checks

HIGH = 0xFEDCBA98 << 32


# --- condition code, program mask, addressing mode -------------------------------------------------------------------


@pytest.mark.parametrize("cc", range(4))
@pytest.mark.parametrize("mask", [0, 0b0001, 0b0010, 0b0100, 0b1000, 0b1111])
def test_spm(lab, cc, mask):
    lab.psw(BA_EA | (mask ^ 15) << 40, cc=cc ^ 3)
    lab.gr[1] = HIGH | 0xC0FFFFFF | cc << 28 | mask << 24  # bits 32-33 and the others mean nothing
    assert lab.step("spm %r1") == 0
    assert lab.changes() == {"cc": cc, "psw": BA_EA | mask << 40}


@pytest.mark.parametrize("cc", range(4))
@pytest.mark.parametrize("mask", [0, 0b0001, 0b1000, 0b1111])
def test_ipm(lab, cc, mask):
    lab.psw(BA_EA | mask << 40, cc=cc)
    lab.gr[1] = HIGH | 0xFF123456
    assert lab.step("ipm %r1") == 0
    assert lab.changes() == {"r1": HIGH | cc << 28 | mask << 24 | 0x123456}


MODES = {"sam24": MODE_24, "sam31": MODE_31, "sam64": BA_EA}


@pytest.mark.parametrize("before", MODES.values(), ids=MODES)
@pytest.mark.parametrize("mnemonic", MODES)
def test_set_addressing_mode(lab, before, mnemonic):
    lab.psw(before | 0xF << 40, cc=2)
    assert lab.step(mnemonic) == 0
    after = MODES[mnemonic]
    assert lab.changes() == ({} if before == after else {"psw": after | 0xF << 40})
    assert lab.cpu.amode == {MODE_24: (1 << 24) - 1, MODE_31: (1 << 31) - 1, BA_EA: ALL}[after]


@pytest.mark.parametrize(
    ("mnemonic", "ia", "code"),
    [
        pytest.param("sam24", 0xFFFFFE, 0, id="sam24-last"),
        pytest.param("sam24", 0x1000000, SPECIFICATION, id="sam24-above"),
        pytest.param("sam31", 0x7FFFFFFE, 0, id="sam31-last"),
        pytest.param("sam31", 0x80000000, SPECIFICATION, id="sam31-above"),
        pytest.param("sam31", 0x1000000, 0, id="sam31-above-16M"),
        pytest.param("sam64", 0x1000000, 0, id="sam64"),
    ],
)
def test_set_addressing_mode_judges_its_own_address(mnemonic, ia, code):
    """Storage is not that large here: the function alone."""
    import numpy as np

    from s390emu._jit import u64
    from s390emu.assembler.assemble import assemble
    from s390emu.engine.handlers import function
    from s390emu.records.cpu import CPU_T
    from s390emu.records.port import PORT_T

    cpu, storage = (np.zeros(1, dtype).view(np.recarray)[0] for dtype in (CPU_T, PORT_T))
    cpu.psw_mask, cpu.amode, cpu.psw_ia = BA_EA, ALL, ia + 2
    text = int.from_bytes(assemble(mnemonic).sections[0].data, "big") << 48
    assert function(mnemonic)(cpu, storage, u64(text)) == code
    if code:
        assert (cpu.psw_mask, cpu.amode, cpu.psw_ia) == (BA_EA, ALL, ia + 2)
    else:
        assert cpu.psw_mask == MODES[mnemonic]
        assert cpu.psw_ia == (ia + 2) & int(cpu.amode)  # the next one may wrap


@pytest.mark.parametrize(("mode", "cc"), [(MODE_24, 0), (MODE_31, 1), (BA_EA, 3)])
def test_tam(lab, mode, cc):
    lab.psw(mode, cc=2)
    assert lab.step("tam") == 0
    assert lab.changes() == {"cc": cc}


# --- calls -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 1, 0x80, 0xFF])
def test_svc(lab, code):
    lab.psw(PROBLEM_STATE, cc=3)
    lab.step(f"svc {code}")
    assert lab.word(0x88, 2) == 2  # the instruction-length code, in bytes
    assert lab.word(0x8A, 2) == code
    assert (lab.word(0x140), lab.word(0x148)) == (PROBLEM_STATE | 3 << 44, CODE + 2)
    assert lab.machine.last_interruption.kind == "supervisor call"


@pytest.mark.parametrize("monitor_class", [0, 1, 7, 15])
def test_mc_interrupts_for_its_class(lab, monitor_class):
    lab.cr[8] = 1 << (15 - monitor_class)
    lab.gr[5] = 0xFEDCBA9887654320
    assert lab.step(f"mc 0x321(%r5),{monitor_class}") == MONITOR_EVENT
    assert lab.changes() == {}
    assert lab.word(0x94, 2) == monitor_class
    assert lab.word(0xB0) == 0xFEDCBA9887654641


@pytest.mark.parametrize("monitor_class", [0, 1, 7, 15])
def test_mc_does_nothing_for_other_classes(lab, monitor_class):
    lab.cr[8] = ALL ^ 1 << (15 - monitor_class)
    assert lab.step(f"mc 0(%r5),{monitor_class}") == 0
    assert lab.changes() == {}


@pytest.mark.parametrize(("mode", "mask"), [(MODE_24, 0xFFFFFF), (MODE_31, 0x7FFFFFFF)])
def test_mc_code_is_an_address_of_the_mode(lab, mode, mask):
    lab.psw(mode)
    lab.cr[8], lab.gr[5] = 0xFFFF, 0xFEDCBA9887654320
    assert lab.step("mc 0(%r5),3") == MONITOR_EVENT
    assert lab.word(0xB0) == 0x87654320 & mask


@pytest.mark.parametrize("i2", [0x10, 0x80, 0xF3])
def test_mc_specification(lab, i2):
    lab.cr[8] = 0
    assert lab.step(f"mc 0(%r5),{i2}") == SPECIFICATION
    assert lab.changes() == {}


# --- clocks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mnemonic", ["stck", "stckf"])
def test_stck_stores_the_clock(lab, mnemonic):
    lab.psw(PROBLEM_STATE, cc=3)
    lab.cpu.tod_epoch = 0xFEDCBA9876543210
    lab.gr[5] = 0x40000
    assert lab.step(f"{mnemonic} 0(%r5)") == 0
    elapsed = (lab.machine.count - 1) * 4096 // 1000
    assert lab.changes() == {"cc": 0, 0x40000: (0xFEDCBA9876543210 + elapsed).to_bytes(8, "big")}


def test_stck_never_stores_a_value_twice(lab):
    lab.gr[5], values = 0x40000, []
    for mnemonic in ("stck", "stck", "stckf", "stck") * 5:
        lab.step(f"{mnemonic} 0(%r5)")
        values.append(lab.word(0x40000))
    assert values == sorted(set(values))


def test_stcke(lab):
    lab.psw(cc=2)
    lab.cpu.tod_epoch, lab.cpu.tod_programmable = 0xFEDCBA9876543210, 0x12345678
    lab.gr[5] = 0x40000
    assert lab.step("stcke 0(%r5)") == 0
    value = lab.load(0x40000, 16)
    clock = 0xFEDCBA9876543210 + (lab.machine.count - 1) * 4096 // 1000
    assert value[0] == 0
    assert value[1:9] == clock.to_bytes(8, "big")
    assert any(value[9:14])
    assert value[14:] == bytes.fromhex("5678")
    assert lab.changes()["cc"] == 0


@operand_checks(Operand("stck 0(%r5)", 8, STORE), Operand("stckf 0(%r5)", 8, STORE), Operand("stcke 0(%r5)", 16, STORE))
def test_clock_operands(lab, check, operand):
    check(lab, operand)


def cpu_times(lab):
    """The three operands of ECTG, where one of them is not the one that is tested."""
    lab.gr[5], lab.gr[6], lab.gr[7] = 0x30000, 0x30008, 0x30010
    for n in range(3):
        lab.store(0x30000 + 8 * n, (0x1111111111111111 * (n + 1)).to_bytes(8, "big"))


@operand_checks(*(Operand("ectg 0(%r5),0(%r6),%r7", 8, FETCH, base=base, setup=cpu_times) for base in (5, 6, 7)))
def test_ectg_operands(lab, check, operand):
    if (check, operand.base) != (crossing, 7):  # which takes R3's new value for an address that was advanced
        check(lab, operand)


def test_ectg_third_operand_that_crosses_a_page(lab):
    cpu_times(lab)
    lab.gr[7] = 0x31FFB
    lab.store(0x31FFB, bytes(range(1, 9)))
    assert lab.step("ectg 0(%r5),0(%r6),%r7") == 0
    assert lab.gr[7] == 0x0102030405060708


@pytest.mark.parametrize("mask", [BA_EA, PROBLEM_STATE])
@pytest.mark.parametrize("timer", [0x5000, 0x1111111111111111, ALL - 0xFFFF])
def test_ectg(lab, mask, timer):
    cpu_times(lab)
    lab.cpu.timer_zero = int(lab.cpu.tod_epoch + lab.machine.count * 4096 // 1000 + timer) % 2**64
    lab.psw(mask, cc=2)
    assert lab.step("ectg 0(%r5),0(%r6),%r7") == 0
    used = 0x1111111111111111 - timer
    changes = {"r0": 0} | lab.changes()
    assert 0 <= (changes.pop("r0") - used) % 2**64 <= 8  # an instruction is 4.096 units
    assert changes == {"r1": 0x2222222222222222, "r7": 0x3333333333333333}


# --- facilities ------------------------------------------------------------------------------------------------------


def installed(lab):
    return [int(word) for word in lab.machine.storage.record.facilities]


def available(lab):
    return max(n for n, word in enumerate(installed(lab), 1) if word or n == 1)


def test_stfle_stores_what_there_is(lab):
    lab.gr[0], lab.gr[5] = HIGH | 0x12345600 | 255, 0x40000
    lab.psw(PROBLEM_STATE, cc=2)
    assert lab.step("stfle 0(%r5)") == 0
    assert [lab.word(0x40000 + 8 * n) for n in range(4)] == installed(lab)
    assert lab.gr[0] == HIGH | 0x12345600 | available(lab) - 1
    assert lab.cpu.cc == 0


def test_stfle_stores_only_as_much_as_wanted(lab):
    lab.machine.storage.record.facilities[:] = [1, 2, 3, 0]
    lab.gr[0], lab.gr[5] = 1, SIZE - 16  # no more would go there
    assert lab.step("stfle 0(%r5)") == 0
    assert [lab.word(SIZE - 16), lab.word(SIZE - 8)] == [1, 2]
    assert (lab.gr[0], lab.cpu.cc) == (2, 3)


def test_stfle_all(lab):
    lab.machine.storage.record.facilities[:] = [1, 2, 3, 0]
    lab.gr[0], lab.gr[5] = 2, SIZE - 24
    lab.psw(cc=1)
    assert lab.step("stfle 0(%r5)") == 0
    assert lab.changes() == {"cc": 0, SIZE - 17: b"\1", SIZE - 9: b"\2", SIZE - 1: b"\3"}


def test_stfle_alignment(lab):
    lab.gr[5] = 0x40004
    assert lab.step("stfle 0(%r5)") == SPECIFICATION
    assert lab.changes() == {}


def two_doublewords(lab):
    lab.machine.storage.record.facilities[:] = [1 << 63, 1, 0, 0]
    lab.gr[0] = 255


@operand_checks(Operand("stfle 0(%r5)", 16, STORE, align=8, setup=two_doublewords))
def test_stfle_operand(lab, check, operand):
    check(lab, operand)


def test_facilities_are_those_implemented(lab):
    lab.gr[0], lab.gr[5] = 3, 0x40000
    lab.step("stfle 0(%r5)")
    bits = {n for n in range(256) if lab.word(0x40000 + n // 64 * 8) >> (63 - n % 64) & 1}
    assert {bit for bit in default_facilities() if bit >= 0} <= bits  # no bit tells the others


def test_ecag_summary(lab):
    lab.gr[1] = ALL
    assert lab.step("ecag %r1,%r0,0x0") == 0
    assert lab.changes() == {"r1": 0}


@pytest.mark.parametrize("attribute", [0x10, 0x20, 0x30, 0x1E, 0xF0])
def test_ecag_of_a_level_that_does_not_exist(lab, attribute):
    assert lab.step(f"ecag %r1,%r0,{attribute}") == 0
    assert lab.changes() == {"r1": ALL}

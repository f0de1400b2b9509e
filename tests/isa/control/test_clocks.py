"""Clocks, set and stored: PoP ch. 10."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import PRIVILEGED_OPERATION, SPECIFICATION
from tests.lab import ALL, BA_EA, CODE, PROBLEM_STATE
from tests.operands import FETCH, STORE, Operand, operand_checks

OPERAND = 0x38000
LINES = ["sck {}(%r5)", "sckc {}(%r5)", "spt {}(%r5)", "stckc {}(%r5)", "stpt {}(%r5)"]
EXTERNAL = 1 << (63 - 7)
CR0_CLOCK_COMPARATOR, CR0_CPU_TIMER = 1 << (63 - 52), 1 << (63 - 53)


@operand_checks(*(Operand(line.format(0), 8, FETCH if line[1] != "t" else STORE, align=8) for line in LINES[:-1]))
def test_operands(lab, check, operand):
    check(lab, operand)


@pytest.mark.parametrize("line", [*(line.format(1) for line in LINES), "sckpf"])
def test_privileged(lab, line):
    lab.gr[5], lab.gr[0] = ALL - 7, ALL
    lab.psw(PROBLEM_STATE)
    assert lab.step(line) == PRIVILEGED_OPERATION
    assert lab.changes() == {}


@pytest.mark.parametrize("line", LINES)
def test_doubleword_boundary(lab, line):
    lab.gr[5] = 0x7FFFF000
    assert lab.step(line.format(4)) == SPECIFICATION
    assert lab.changes() == {}


def test_sck_sets_the_clock_and_not_the_timer(lab):
    lab.gr[5] = OPERAND
    lab.store(OPERAND, (0x1234567890ABC000).to_bytes(8, "big"))
    lab.cpu.timer_zero = lab.cpu.tod_epoch + 0x5000
    lab.psw(cc=3)
    code = lab.step("sck 0(%r5)\n stpt 8(%r5)")
    assert lab.changes() == {"cc": 0}
    before = int(lab.machine.count)
    assert [code, lab.go()] == [0, 0]
    assert (int(lab.cpu.tod_epoch) + (before - 1) * 4096 // 1000) & ALL == 0x1234567890ABC000
    assert lab.word(OPERAND + 8) == 0x5000 - before * 4096 // 1000


@pytest.mark.parametrize("value", [0, 0x1122334455667788, ALL])
def test_clock_comparator(lab, value):
    lab.gr[5] = OPERAND
    lab.store(OPERAND, value.to_bytes(8, "big"))
    lab.psw(cc=3)
    code = lab.step("sckc 0(%r5)\n stckc 8(%r5)")
    assert lab.changes() == {}
    assert [code, lab.go()] == [0, 0]
    assert lab.word(OPERAND + 8) == value


@pytest.mark.parametrize("value", [0, 0x1122334455667000, ALL, 1 << 63])
def test_cpu_timer_counts_down(lab, value):
    lab.gr[5] = OPERAND
    lab.store(OPERAND, value.to_bytes(8, "big"))
    lab.psw(cc=3)
    code = lab.step("spt 0(%r5)\n nopr\n" + " nopr\n" * 998 + " stpt 8(%r5)")
    assert lab.changes() == {}
    lab.machine.run(1000)
    assert code == 0
    assert lab.word(OPERAND + 8) == (value - 4096) & ALL  # a thousand instructions, one microsecond


@pytest.mark.parametrize(
    ("line", "subclass", "code"), [("sckc", CR0_CLOCK_COMPARATOR, 0x1004), ("spt", CR0_CPU_TIMER, 0x1005)]
)
def test_setting_lets_the_interruption_come_at_once(lab, line, subclass, code):
    lab.gr[5], lab.cr[0] = OPERAND, subclass
    lab.cpu.tod_epoch, lab.cpu.clock_comparator, lab.cpu.timer_zero = 1000, ALL, 1 << 40
    lab.store(OPERAND, (0 if line == "sckc" else ALL).to_bytes(8, "big"))
    lab.psw(BA_EA | EXTERNAL)
    assert lab.step(f"{line} 0(%r5)\n nopr") == 0
    lab.machine.run(1)
    assert lab.word(0x86, 2) == code
    assert lab.word(0x138) == CODE + 4


@pytest.mark.parametrize(
    ("gr0", "code"), [(0xFFFFFFFF0000ABCD, 0), (0x0001ABCD, SPECIFICATION), (0x8000ABCD, SPECIFICATION)]
)
def test_sckpf(lab, gr0, code):
    lab.gr[0] = gr0
    assert lab.step("sckpf") == code
    assert lab.changes() == {}
    assert lab.cpu.tod_programmable == (0 if code else 0xABCD)

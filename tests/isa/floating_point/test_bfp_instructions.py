"""Every BFP instruction as a program meets it: its operands, what it needs, in which order it is refused, and the data
exceptions of IEEE conditions. PoP ch. 9 "AFP-Register Control", ch. 6 "Data Exception", ch. 19.

What the results are is tested by subject, in test_bfp_*.py.
"""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import DATA as DATA_EXCEPTION
from s390emu.architecture.interruptions import SPECIFICATION
from s390emu.conformance.twins.exact import EXTENDED, LONG, SHORT
from s390emu.engine.handlers import implemented
from s390emu.isa.formats import FR
from s390emu.isa.opcodes import ROWS
from tests.isa.floating_point.bfp import AFP_CONTROL, BY_LETTER
from tests.isa.general.execute import OLD, execute
from tests.operands import FETCH, Operand, operand_checks

ROW = {row.mnemonic.lower(): row for row in ROWS if row.chapter == 19 and implemented(row)}
NOT_STORAGE = {"tceb", "tcdb", "tcxb"}  # their second-operand address is no address
STORAGE = [name for name, row in ROW.items() if row.format.name in ("RXE", "RXF") and name not in NOT_STORAGE]
BFP_INSTRUCTION = 2  # data-exception code
NOWHERE = 1 << 40  # an address that cannot be fetched from
# A short, a long and an extended number that are not exact divided by three; and their neighbours.
SAMPLES = {SHORT: 0x40A00001, LONG: 0x4014000000000001, EXTENDED: 0x40014000000000000000000000000001}


def line(name: str, r1: int = 0, r2: int = 4, r3: int = 1, address: str = "0(%r5)") -> str:
    """The instruction in assembly; general registers are 3."""
    parts = []
    for operand in ROW[name].format.operands:
        if operand.kind == "mask":
            parts.append("0")
        elif operand.name == "d2":
            parts.append(address)
        else:
            number = {"r1": r1, "r2": r2, "r3": r3}[operand.name]
            parts.append("%r3" if operand.kind == "general register" else f"%f{number}")
    return f"{name} {','.join(parts)}"


def extended_operands(name: str) -> set[str]:
    """Which of r1 and r2 are, as the name tells: M X DBR, LX DBR, C X FBR, CF X BR."""
    sizes = {"lxdbr": {"r1"}, "lxebr": {"r1"}, "lxdb": {"r1"}, "lxeb": {"r1"}, "mxdbr": {"r1"}, "mxdb": {"r1"}}
    if name in sizes:
        return sizes[name]
    if "x" not in name:
        return set()
    if name.startswith("c") and name != "cxbr":
        return {"r1"} if name[1] == "x" else {"r2"}
    return {"r1"} if name == "tcxb" else {"r1", "r2"}


@pytest.mark.parametrize("name", ROW)
def test_afp_register_control_comes_first(lab, name):
    """Before registers that are no pair, fields that are not valid, and access exceptions."""
    text = line(name, r1=2, r2=6).replace(",0,", ",2,")
    assert execute(lab, text, r5=NOWHERE) == (DATA_EXCEPTION, {})
    assert lab.word(0x90, 4) == BFP_INSTRUCTION


@pytest.mark.parametrize("name", [name for name in ROW if extended_operands(name)])
def test_extended_operands_are_pairs(lab, name):
    for pair in range(16):
        for operand in ("r1", "r2"):
            if operand == "r2" and ROW[name].format.name == "RXE":
                continue
            lab.reset()
            text = line(name, **{operand: pair})
            code, changes = execute(lab, text, data="00" * 8, c0=AFP_CONTROL)
            refused = operand in extended_operands(name) and pair & 2
            assert code == (SPECIFICATION if refused else 0)
            assert not (refused and changes)


@pytest.mark.parametrize("name", ["mxdb", "lxdb", "lxeb"])
def test_a_pair_that_is_none_comes_before_access(lab, name):
    assert execute(lab, line(name, r1=2), r5=NOWHERE, c0=AFP_CONTROL) == (SPECIFICATION, {})


def floating_operands(name: str) -> list[str]:
    return [operand.name for operand in ROW[name].format.operands if operand.kind == FR]


@pytest.mark.parametrize("name", [name for name in ROW if len(floating_operands(name)) > 1 and name[:2] != "di"])
def test_operands_may_be_one_register(lab, name):
    """The result is that of several registers that hold the same."""
    data = SAMPLES[EXTENDED] if extended_operands(name) else SAMPLES[SHORT if name[-3] == "e" else LONG] << 64
    start = {f"f{r}": data >> 64 for r in (0, 1, 4)} | {f"f{r}": data & (1 << 64) - 1 for r in (2, 3, 6)}
    expected = execute(lab, line(name), c0=AFP_CONTROL, **start)
    for same in floating_operands(name)[1:]:
        lab.reset()
        assert execute(lab, line(name, **{same: 0}), c0=AFP_CONTROL, **start) == expected


def source_of(name: str):
    """The format of the operand in storage."""
    return BY_LETTER[name[-2]]


@pytest.mark.parametrize("name", STORAGE)
def test_an_operand_in_storage_is_as_one_in_a_register(lab, name):
    """With masks that trap too: the same registers, FPC register, condition code and DXC."""
    form = source_of(name)
    image = SAMPLES[form] << 64 - form.bits
    start = {"f0": SAMPLES[form] + 1 << 64 - form.bits, "f1": 3 << 62, "f4": image}
    for fpc in (0, 0xF8000000):
        results = []
        for text in (line(name), line(name + "r")):
            lab.reset()
            lab.cpu.fpc = fpc
            code, changes = execute(lab, text, data=f"{image:016x}", c0=AFP_CONTROL, **start)
            results.append((code, changes, lab.word(0x90, 4)))
        assert results[0] == results[1]
        assert results[0][0] in (0, DATA_EXCEPTION)


@operand_checks(
    *(Operand(line(name), source_of(name).bits // 8, FETCH, setup=lambda lab: setup(lab)) for name in STORAGE)
)
def test_operands(lab, check, operand):
    check(lab, operand)


def setup(lab):
    lab.cr[0] |= AFP_CONTROL
    lab.fpr[0], lab.fpr[1] = SAMPLES[LONG], SAMPLES[LONG]


def test_the_address_of_test_data_class_is_not_used_as_one(lab):
    assert execute(lab, "tcdb %f0,0x800(%r5)", r5=NOWHERE, f0=0, c0=AFP_CONTROL) == (0, {"cc": 1})
    assert execute(lab, "tcdb %f0,0x400(%r5)", r5=NOWHERE, f0=0, c0=AFP_CONTROL, cc=1) == (0, {"cc": 0})


# --- traps ------------------------------------------------------------------------------------------------------------

ONE, TWO, THREE = 0x3FF0000000000000, 0x4000000000000000, 0x4008000000000000
LEAST, GREATEST = 1, 0x7FEFFFFFFFFFFFFF
SIGNALING, INFINITY = 0x7FF0000000000001, 0x7FF0000000000000
TRAPS = [  # instruction, f0, f4, mask, DXC, result: None if the operation is suppressed
    pytest.param("adbr %f0,%f4", ONE, SIGNALING, 0x80000000, 0x80, None, id="add invalid"),
    pytest.param("sdbr %f0,%f4", INFINITY, INFINITY, 0x80000000, 0x80, None, id="subtract infinities"),
    pytest.param("ddbr %f0,%f4", ONE, 0, 0x40000000, 0x40, None, id="division by zero"),
    pytest.param("cdbr %f0,%f4", ONE, SIGNALING, 0x80000000, 0x80, None, id="compare"),
    pytest.param("ltdbr %f0,%f4", ONE, SIGNALING, 0x80000000, 0x80, None, id="load and test"),
    pytest.param("ddbr %f0,%f4", ONE, THREE, 0x08000000, 0x08, 0x3FD5555555555555, id="truncated"),
    pytest.param("sqdbr %f0,%f4", 0, TWO, 0x08000000, 0x0C,
                 0x3FF6A09E667F3BCD, id="incremented"),
    pytest.param("adbr %f0,%f4", GREATEST, GREATEST, 0x20000000, 0x20, 0x1FFFFFFFFFFFFFFF, id="overflow, exact"),
    pytest.param("mdbr %f0,%f4", LEAST, ONE, 0x10000000, 0x10, 0x5CD0000000000000, id="underflow, exact"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "f0", "f4", "mask", "dxc", "result"), TRAPS)
def test_traps(lab, text, f0, f4, mask, dxc, result):
    """The code is stored, and in the FPC register; no flag is set for a condition that traps; suppressed or not, the
    old PSW designates the next instruction."""
    lab.cpu.fpc = mask
    code, changes = execute(lab, text, f0=f0, f4=f4, c0=AFP_CONTROL, cc=3)
    assert code == DATA_EXCEPTION
    assert lab.word(0x90, 4) == dxc
    expected = {"fpc": mask | dxc << 8}
    if result is not None:
        expected["f0"] = result
        if text.startswith("a"):
            expected["cc"] = 2
    assert changes == expected


def test_flags_of_what_does_not_trap_are_set_before_a_trap(lab):
    """Overflow without its mask, then inexact with it: infinity counts as incremented."""
    lab.cpu.fpc = 0x08000000
    code, changes = execute(lab, "adbr %f0,%f4", f0=GREATEST, f4=GREATEST, c0=AFP_CONTROL)
    assert (code, changes) == (DATA_EXCEPTION, {"fpc": 0x08200C00, "f0": INFINITY, "cc": 2})


def test_a_short_result_leaves_the_right_half(lab):
    code, changes = execute(lab, "aebr %f0,%f4", f0=0x3F80000089ABCDEF, f4=0x3F800000FFFFFFFF, c0=AFP_CONTROL)
    assert (code, changes) == (0, {"f0": 0x4000000089ABCDEF, "cc": 2})


def test_results_of_32_bits_leave_the_left_half(lab):
    assert execute(lab, "cfdbr %r3,0,%f4", f4=THREE, c0=AFP_CONTROL) == (0, {"r3": OLD >> 32 << 32 | 3, "cc": 2})

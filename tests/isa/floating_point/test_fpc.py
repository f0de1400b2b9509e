"""The floating-point-control register: PoP ch. 9."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import DATA as DATA_EXCEPTION
from s390emu.architecture.interruptions import SPECIFICATION
from tests.isa.general.execute import DATA, OLD, execute
from tests.operands import FETCH, STORE, Operand, operand_checks

BFP_INSTRUCTION = 2  # data-exception code
AFP_CONTROL = 0xE0 | 1 << (63 - 45)  # control register 0
DFP_INSTRUCTION = 3
BASIC = 0xF8F8FF03  # every bit that is there without facilities 37, 41 and 42
EXTENSION, SUPPORT_ENHANCEMENT, DECIMAL = 37, 41, 42


@pytest.fixture
def facilities(lab):
    """Facilities 37, 41 and 42 as the test wants them."""
    words = lab.machine.storage.record.facilities
    installed = int(words[0])
    words[0] = installed & ~sum(1 << 63 - n for n in (EXTENSION, SUPPORT_ENHANCEMENT, DECIMAL))

    def install(*numbers):
        words[0] = int(words[0]) | sum(1 << 63 - n for n in numbers)

    yield install
    words[0] = installed


@pytest.mark.parametrize("line", ["efpc %r3", "sfpc %r3", "lfpc 0(%r5)", "stfpc 0(%r5)", "srnm 1",
                                  "srnmb 1", "sfasr %r3", "lfas 0(%r5)"])  # fmt: skip
def test_these_are_bfp_instructions(lab, line):
    assert execute(lab, line, r3=0xFF, r5=1 << 40) == (DATA_EXCEPTION, {})
    assert lab.word(0x90, 4) == BFP_INSTRUCTION


def test_extract_and_store(lab):
    lab.cpu.fpc = BASIC
    assert execute(lab, "efpc %r3", c0=AFP_CONTROL) == (0, {"r3": OLD & ~0xFFFFFFFF | BASIC})
    assert execute(lab, "stfpc 0(%r5)", c0=AFP_CONTROL) == (0, {DATA: BASIC.to_bytes(4, "big")})


def both_ways(lab, value: int, expected: tuple[int, dict]) -> None:
    """SET FPC and LOAD FPC."""
    for line in ("sfpc %r3", "lfpc 0(%r5)"):
        lab.cpu.fpc = 0x00010000
        assert execute(lab, line, data=f"{value:08x}", r3=7 << 32 | value, c0=AFP_CONTROL) == expected


@pytest.mark.parametrize("value", [0, 3, BASIC, 0x80000000, 0x00080000, 0x0000FF00])
def test_valid(lab, facilities, value):
    both_ways(lab, value, (0, {"fpc": value}))


@pytest.mark.parametrize("bit", [5, 6, 7, 13, 14, 15, 24, 25, 26, 27, 28, 29])
def test_unsupported_bits(lab, facilities, bit):
    both_ways(lab, 1 << 31 - bit, (SPECIFICATION, {}))


@pytest.mark.parametrize("bit", [5, 13])
def test_quantum_exception_bits_belong_to_the_extension_facility(lab, facilities, bit):
    facilities(EXTENSION)
    both_ways(lab, 1 << 31 - bit, (0, {"fpc": 1 << 31 - bit}))


@pytest.mark.parametrize("mode", range(8))
def test_rounding_modes_of_the_extension_facility(lab, facilities, mode):
    facilities(EXTENSION)
    both_ways(lab, mode, (SPECIFICATION, {}) if mode in (4, 5, 6) else (0, {"fpc": mode}))


@pytest.mark.parametrize("facility", [SUPPORT_ENHANCEMENT, DECIMAL])
def test_decimal_rounding_modes(lab, facilities, facility):
    facilities(facility)
    both_ways(lab, 0x70, (0, {"fpc": 0x70}))
    both_ways(lab, 0x80, (SPECIFICATION, {}))
    both_ways(lab, 0x04, (SPECIFICATION, {}))


@pytest.mark.parametrize("mode", range(4))
def test_set_rounding_mode(lab, mode):
    """The rightmost two bits of an address; the other bits of the address, and of the register, do not matter."""
    lab.cpu.fpc = 0x00F80007
    assert execute(lab, f"srnm {mode + 0x554}", c0=AFP_CONTROL) == (0, {"fpc": 0x00F80000 | mode})
    lab.cpu.fpc = 0x00F80007
    assert execute(lab, "srnm 0(%r5)", r5=(1 << 63) + mode, c0=AFP_CONTROL) == (0, {"fpc": 0x00F80000 | mode})


@pytest.mark.parametrize("address", [*range(9), 0x80, 0xF01])
def test_set_rounding_mode_of_three_bits(lab, address):
    lab.cpu.fpc = 0x00F80005
    valid = address & 0xFF in (0, 1, 2, 3, 7)
    expected = (0, {"fpc": 0x00F80000 | address & 7}) if valid else (SPECIFICATION, {})
    assert execute(lab, f"srnmb {address}", c0=AFP_CONTROL) == expected


@pytest.mark.parametrize("address", [*range(9), 0xF0C])
def test_set_decimal_rounding_mode(lab, address):
    lab.cpu.fpc = 0x00F80053 if address != 5 else 0x00F80023
    assert execute(lab, f"srnmt {address}", c0=AFP_CONTROL) == (0, {"fpc": 0x00F80003 | (address & 7) << 4})


def test_set_decimal_rounding_mode_is_a_dfp_instruction(lab):
    assert execute(lab, "srnmt 1") == (DATA_EXCEPTION, {})
    assert lab.word(0x90, 4) == DFP_INSTRUCTION


SIGNALS = [
    pytest.param(0x00800000, 0x80000000, 0x83, id="invalid operation"),
    pytest.param(0x00F80000, 0xF8000000, 0x83, id="the first of all"),
    pytest.param(0x00780000, 0xF8000000, 0x43, id="division by zero"),
    pytest.param(0x00200000, 0x20000000, 0x23, id="overflow, exact"),
    pytest.param(0x00280000, 0x20000000, 0x2B, id="overflow"),
    pytest.param(0x00100000, 0x30000000, 0x13, id="underflow, exact"),
    pytest.param(0x00180000, 0x38000000, 0x1B, id="underflow"),
    pytest.param(0x00080000, 0x08000000, 0x0B, id="inexact"),
    pytest.param(0x00040000, 0x04000000, 0x07, id="quantum"),
]


@pytest.mark.parametrize("line", ["sfasr %r3", "lfas 0(%r5)"])
@pytest.mark.parametrize(("flags", "masks", "dxc"), SIGNALS)
def test_old_flags_signal_by_new_masks(lab, line, flags, masks, dxc):
    """The new register is there, with the old flags and the code."""
    lab.cpu.fpc, source = flags | 0x7703, masks | 0x2201
    result = masks | flags | dxc << 8 | 1
    assert execute(lab, line, data=f"{source:08x}", r3=source, c0=AFP_CONTROL) == (DATA_EXCEPTION, {"fpc": result})
    assert lab.word(0x90, 4) == dxc


@pytest.mark.parametrize("line", ["sfasr %r3", "lfas 0(%r5)"])
def test_new_flags_do_not_signal_nor_do_old_masks(lab, line):
    lab.cpu.fpc, source = 0x80080000, 0xF0F02201
    assert execute(lab, line, data=f"{source:08x}", r3=source, c0=AFP_CONTROL) == (0, {"fpc": 0xF0F82201})


@pytest.mark.parametrize("line", ["sfasr %r3", "lfas 0(%r5)"])
def test_what_signals_is_valid(lab, line):
    lab.cpu.fpc = 0x00F80000
    assert execute(lab, line, data="f8000004", r3=0xF8000004, c0=AFP_CONTROL) == (SPECIFICATION, {})


def afp_control(lab):
    lab.cr[0] |= AFP_CONTROL


@operand_checks(
    Operand("lfpc 0(%r5)", 4, FETCH, setup=afp_control, data=bytes.fromhex("80f81203")),
    Operand("lfas 0(%r5)", 4, FETCH, setup=afp_control, data=bytes.fromhex("80f81203")),
    Operand("stfpc 0(%r5)", 4, STORE, setup=afp_control),
)
def test_operands(lab, check, operand):
    check(lab, operand)

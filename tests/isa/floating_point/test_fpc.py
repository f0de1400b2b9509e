"""The floating-point-control register: PoP ch. 9."""

from __future__ import annotations

import pytest

from s390emu.architecture.interruptions import DATA as DATA_EXCEPTION
from s390emu.architecture.interruptions import OPERATION, SPECIFICATION
from tests.isa.general.execute import DATA, OLD, execute
from tests.lab import Lab
from tests.operands import FETCH, STORE, Operand, operand_checks

BFP_INSTRUCTION = 2  # data-exception code
AFP_CONTROL = 0xE0 | 1 << (63 - 45)  # control register 0
BASIC = 0xF8F8FF03  # every bit that is there without facilities 37 and 42
EXTENSION, DECIMAL = 37, 42


@pytest.fixture
def facilities(lab):
    """Facilities 37 and 42 as the test wants them."""
    words = lab.machine.storage.record.facilities
    installed = int(words[0])
    words[0] = installed & ~(1 << 63 - EXTENSION | 1 << 63 - DECIMAL)

    def install(*numbers):
        words[0] = int(words[0]) | sum(1 << 63 - n for n in numbers)

    yield install
    words[0] = installed


@pytest.mark.parametrize("line", ["efpc %r3", "sfpc %r3", "lfpc 0(%r5)", "stfpc 0(%r5)", "srnm 1"])
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


def test_decimal_rounding_modes(lab, facilities):
    facilities(DECIMAL)
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


def test_srnmb_belongs_to_the_extension_facility(lab):
    assert execute(lab, "srnmb 1", c0=AFP_CONTROL) == (OPERATION, {})


@pytest.fixture(scope="module")
def extended():
    """A machine with facility 37."""
    return Lab(extra=(EXTENSION,))


@pytest.mark.parametrize("address", [*range(9), 0x80, 0xF01])
def test_set_rounding_mode_of_three_bits(extended, address):
    lab = extended
    lab.reset()
    lab.cpu.fpc = 0x00F80005
    valid = address & 0xFF in (0, 1, 2, 3, 7)
    expected = (0, {"fpc": 0x00F80000 | address & 7}) if valid else (SPECIFICATION, {})
    assert execute(lab, f"srnmb {address}", c0=AFP_CONTROL) == expected


def afp_control(lab):
    lab.cr[0] |= AFP_CONTROL


@operand_checks(
    Operand("lfpc 0(%r5)", 4, FETCH, setup=afp_control, data=bytes.fromhex("80f81203")),
    Operand("stfpc 0(%r5)", 4, STORE, setup=afp_control),
)
def test_operands(lab, check, operand):
    check(lab, operand)

"""What every interruption stores in the assigned storage locations, and what it leaves alone: PoP ch. 3 "Assigned
Storage Locations", ch. 6, ch. 11; block volatility: docs/page-hinting.md.

The table is the manual's, read anew: a row is a location, a column a kind of interruption. Every case of a column fills
the 8 KB of the prefix area, and those of absolute 0, with a pattern, then with its complement: so a store that should
not be is seen, as well as one that is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import pytest

from s390emu.architecture.interruptions import (
    EXTERNAL_BLOCK_IO,
    EXTERNAL_CALL,
    EXTERNAL_EMERGENCY,
    EXTERNAL_INTERRUPT_KEY,
    EXTERNAL_SERVICE,
)
from s390emu.assembler.assemble import assemble
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Reason
from tests.lab import ALL, BA_EA, CODE, MODE_24, MODE_31, PROBLEM_STATE, PROGRAM_MASK_ALL, SIZE, Lab
from tests.operands import LOW_ADDRESS_PROTECTION, discard
from tests.translation import (
    DAT,
    INVALID,
    PAGE_INVALID,
    PAGE_PROTECT,
    REAL_SPACE,
    REGION_FIRST,
    SEGMENT,
    change,
    map_page,
    translated,
)

# .  left alone     v  stored: the value is the case's     0  zeros
# u  unpredictable by the manual: zeros here, so that nothing stale is found
#
#   plain    a program interruption of which nothing else is stored    data  data exception      mon  monitor event
#   prot     protection                                                 tran  the six translation exceptions
#   mvpg     page translation recognized by MOVE PAGE                   vol   block volatility
#   ext      external: interrupt key, clocks       cpu  emergency signal, external call          serv  service signal
#   bio bio8 block I/O of z/VM, 32- and 64-bit     mck  machine check   rst   restart
#   stat     store status, which is no interruption; its locations are absolute     stfl  STORE FACILITY LIST
TABLE = """
hex  bytes                            plain data mon prot tran mvpg vol svc ext cpu serv bio bio8 io mck rst stat stfl
80   4   external parameter             .    .    .   .    .    .    .   .   .   .   v    v   .   .   .   .   .    .
84   2   CPU address                    .    .    .   .    .    .    .   .   0   v   0    v   v   .   .   .   .    .
86   2   external code                  .    .    .   .    .    .    .   .   v   v   v    v   v   .   .   .   .    .
88   4   SVC ILC and code               .    .    .   .    .    .    .   v   .   .   .    .   .   .   .   .   .    .
8C   4   program ILC and code           v    v    v   v    v    v    v   .   .   .   .    .   .   .   .   .   .    .
90   4   data-exception code            .    v    .   .    .    .    .   .   .   .   .    .   .   .   .   .   .    .
94   2   monitor class                  .    .    v   .    .    .    .   .   .   .   .    .   .   .   .   .   .    .
96   2   PER code                       .    .    .   .    .    .    .   .   .   .   .    .   .   .   .   .   .    .
98   8   PER address                    .    .    .   .    .    .    .   .   .   .   .    .   .   .   .   .   .    .
A0   1   exception access id            .    .    .   u    0    0    0   .   .   .   .    .   .   .   .   .   .    .
A1   1   PER access id                  .    .    .   .    .    .    .   .   .   .   .    .   .   .   .   .   .    .
A2   1   operand access id              .    .    .   .    u    v    0   .   .   .   .    .   .   .   .   .   .    .
A3   1   architectural-mode id          .    .    .   .    .    .    .   .   .   .   .    .   .   .   v   .   v    .
A8   8   translation-exception id       .    .    .   v    v    v    v   .   .   .   .    .   .   .   .   .   .    .
B0   8   monitor code                   .    .    v   .    .    .    .   .   .   .   .    .   .   .   .   .   .    .
B8   4   subsystem id                   .    .    .   .    .    .    .   .   .   .   .    .   .   v   .   .   .    .
BC   4   I/O parameter                  .    .    .   .    .    .    .   .   .   .   .    .   .   v   .   .   .    .
C0   4   I/O-interruption id word       .    .    .   .    .    .    .   .   .   .   .    .   .   v   .   .   .    .
C8   4   facility list                  .    .    .   .    .    .    .   .   .   .   .    .   .   .   .   .   .    v
E8   8   machine-check code             .    .    .   .    .    .    .   .   .   .   .    .   .   .   v   .   .    .
F4   4   external-damage code           .    .    .   .    .    .    .   .   .   .   .    .   .   .   .   .   .    .
F8   8   failing-storage address        .    .    .   .    .    .    .   .   .   .   .    .   .   .   v   .   .    .
100  16  enhanced monitor               .    .    .   .    .    .    .   .   .   .   .    .   .   .   .   .   .    .
110  8   breaking-event address         v    v    v   v    v    v    v   .   .   .   .    .   .   .   .   .   .    .
120  16  restart old PSW                .    .    .   .    .    .    .   .   .   .   .    .   .   .   .   v   .    .
130  16  external old PSW               .    .    .   .    .    .    .   .   v   v   v    v   v   .   .   .   .    .
140  16  SVC old PSW                    .    .    .   .    .    .    .   v   .   .   .    .   .   .   .   .   .    .
150  16  program old PSW                v    v    v   v    v    v    v   .   .   .   .    .   .   .   .   .   .    .
160  16  machine-check old PSW          .    .    .   .    .    .    .   .   .   .   .    .   .   .   v   .   .    .
170  16  I/O old PSW                    .    .    .   .    .    .    .   .   .   .   .    .   .   v   .   .   .    .
1A0  96  new PSWs                       .    .    .   .    .    .    .   .   .   .   .    .   .   .   .   .   .    .
11B0 8   machine-check extended area    .    .    .   .    .    .    .   .   .   .   .    .   .   .   .   .   .    .
11B8 8   external parameter, 64 bits    .    .    .   .    .    .    .   .   .   .   .    .   v   .   .   .   .    .
1200 128 floating-point registers       .    .    .   .    .    .    .   .   .   .   .    .   .   .   v   .   v    .
1280 128 general registers              .    .    .   .    .    .    .   .   .   .   .    .   .   .   v   .   v    .
1300 16  PSW                            .    .    .   .    .    .    .   .   .   .   .    .   .   .   .   .   v    .
1318 4   prefix                         .    .    .   .    .    .    .   .   .   .   .    .   .   .   .   .   v    .
131C 4   FPC register                   .    .    .   .    .    .    .   .   .   .   .    .   .   .   v   .   v    .
1324 4   TOD programmable register      .    .    .   .    .    .    .   .   .   .   .    .   .   .   v   .   v    .
1328 8   CPU timer                      .    .    .   .    .    .    .   .   .   .   .    .   .   .   v   .   v    .
1330 8   0 and clock comparator 0-55    .    .    .   .    .    .    .   .   .   .   .    .   .   .   v   .   v    .
1340 64  access registers               .    .    .   .    .    .    .   .   .   .   .    .   .   .   v   .   v    .
1380 128 control registers              .    .    .   .    .    .    .   .   .   .   .    .   .   .   v   .   v    .
1800 256 transaction block              .    .    .   .    .    .    .   .   .   .   .    .   .   .   .   .   .    .
"""

PREFIX, AREA = 0x40000, 0x2000
IO, EXTERNAL, MACHINE_CHECK, WAIT, AFP = (1 << (63 - bit) for bit in (6, 7, 13, 14, 45))
HOME_SPACE = 3 << 46
NEW = {0x1A0: "rst", 0x1B0: "ext", 0x1C0: "svc", 0x1D0: "program", 0x1E0: "mck", 0x1F0: "io"}
BREAKING_EVENT = 0x4444
BLOCK, SECOND_BLOCK = 0x38000, 0x3A000
VIRTUAL, VIRTUAL_2 = 0x30000, 0x31000
PROGRAM_COLUMNS = ("plain", "data", "mon", "prot", "tran", "mvpg", "vol")
EXTERNAL_COLUMNS = ("ext", "cpu", "serv", "bio", "bio8")


class Location(NamedTuple):
    address: int
    length: int
    marks: dict[str, str]


def _read(table: str) -> dict[str, Location]:
    """Name -> location."""
    head, *lines = table.strip().splitlines()
    columns, found = head.split()[2:], {}
    for line in lines:
        words = line.split()
        address, length, *name = words[: -len(columns)]
        marks = dict(zip(columns, words[-len(columns) :], strict=True))
        found[" ".join(name)] = Location(int(address, 16), int(length), marks)
    return found


LOCATIONS = _read(TABLE)
COLUMNS = tuple(next(iter(LOCATIONS.values())).marks)


class Case(NamedTuple):
    """column: of the table. make: sets up the machine up to the interruption and returns the values to be stored."""

    column: str
    make: Callable[[Lab], dict[str, int | bytes]]


CASES: dict[str, Case] = {}


def case(name: str, column: str, *arguments):
    """Add a case whose function takes the lab and these arguments."""

    def add(function):
        assert name not in CASES
        CASES[name] = Case(column, lambda lab: function(lab, *arguments))
        return function

    return add


def put(lab: Lab, source: str) -> None:
    """The instruction at the instruction address of the PSW, without executing it."""
    ia = lab.machine.psw[1]
    lab.store(ia, assemble(source, origin=ia).sections[0].data)


def program(lab: Lab, code: int, length: int, *, nullified: bool = False, old: int | None = None) -> dict:
    """What every program interruption stores. old: the mask, where it is not that of now."""
    mask, ia = lab.machine.psw
    return {
        "program ILC and code": length << 16 | code,
        "breaking-event address": BREAKING_EVENT,
        "program old PSW": (mask if old is None else old) << 64 | (ia if nullified else ia + length),
    }


# --- program interruptions of which nothing else is stored ------------------------------------------------------------


@case("operation-2", "plain", ".short 0", 1, 2)
@case("operation-4", "plain", ".long 0xb2ff0000", 1, 4)
@case("operation-6", "plain", ".short 0xe300,0,0", 1, 6)
@case("execute", "plain", "ex %r0,0(%r5)", 3, 4)
@case("addressing", "plain", "lg %r1,0(%r6)", 5, 6)
@case("specification", "plain", "mvcl %r3,%r4", 6, 2)
@case("divide", "plain", "dr %r2,%r7", 9, 2)
def _plain(lab, line, code, length):
    lab.store(BLOCK, b"\x44\0\0\0")  # an EXECUTE
    lab.gr[5], lab.gr[6], lab.gr[7] = BLOCK, SIZE, 0
    put(lab, line)
    return program(lab, code, length)


@case("privileged", "plain")
def _privileged(lab):
    lab.psw(PROBLEM_STATE)
    put(lab, "ptlb")
    return program(lab, 2, 4)


@case("overflow", "plain")
def _overflow(lab):
    lab.psw(BA_EA | PROGRAM_MASK_ALL)
    lab.gr[1] = 0x7FFFFFFF
    put(lab, "ar %r1,%r1")
    return program(lab, 8, 2, old=BA_EA | PROGRAM_MASK_ALL | 3 << 44)


@case("special-operation", "plain")
def _special_operation(lab):
    lab.cr[0] |= 1 << (63 - 33)
    put(lab, "ssm 0")
    return program(lab, 0x13, 4)


@case("early", "plain")
def _early(lab):
    """Of a PSW that is not valid: ILC 0."""
    lab.store(BLOCK, (BA_EA | 1).to_bytes(8, "big") + (0x5678).to_bytes(8, "big"))
    lab.gr[5] = BLOCK
    put(lab, "lpswe 0(%r5)")
    return {
        "program ILC and code": 6,
        "breaking-event address": CODE,
        "program old PSW": (BA_EA | 1) << 64 | 0x5678,
    }


@case("translation-specification", "plain")
def _translation_specification(lab):
    asce = map_page(lab, CODE, CODE, level=SEGMENT)
    map_page(lab, VIRTUAL, BLOCK, level=SEGMENT)
    change(lab, VIRTUAL, -1, on=0x800)
    lab.gr[5] = VIRTUAL
    translated(lab, asce)
    put(lab, "lg %r1,0(%r5)")
    return program(lab, 0x12, 6)


# --- data exceptions, monitor events ----------------------------------------------------------------------------------


@case("decimal-operand", "data", "cvb %r1,0(%r5)", 0, 4)
@case("AFP-register", "data", "ld %f1,0(%r5)", 1, 4)
@case("BFP-instruction", "data", "efpc %r1", 2, 4)
@case("compare-and-trap", "data", "cgrt %r1,%r1,8", 0xFF, 4)
def _data(lab, line, dxc, length):
    lab.cr[0] &= ALL ^ AFP
    lab.store(BLOCK, b"\xff" * 8)
    lab.gr[5] = BLOCK
    put(lab, line)
    return program(lab, 7, length) | {"data-exception code": dxc}


@case("monitor-64", "mon", BA_EA, ALL)
@case("monitor-31", "mon", MODE_31, (1 << 31) - 1)
@case("monitor-24", "mon", MODE_24, (1 << 24) - 1)
def _monitor(lab, mode, addresses):
    lab.cr[8] = 1 << (15 - 5)
    lab.gr[5] = 0xFEDC_BA98_7654_3000
    lab.psw(mode)
    put(lab, "mc 0x321(%r5),5")
    stored = {"monitor class": 5, "monitor code": 0xFEDC_BA98_7654_3321 & addresses}
    return program(lab, 0x40, 4) | stored


# --- protection -------------------------------------------------------------------------------------------------------


@case("key-fetch", "prot", "lg %r1,0(%r5)", 6)
@case("key-store", "prot", "sth %r1,0(%r5)", 4)
def _key(lab, line, length):
    lab.set_key(CODE, 0x30)
    lab.set_key(BLOCK, 0x58)
    lab.gr[5] = BLOCK
    lab.psw(key=3)
    put(lab, line)
    return program(lab, 4, length) | {"translation-exception id": 0}  # bit 61 zero: the rest is unpredictable


@case("low-address", "prot", "sth %r1,0x1ff")
@case("low-address-clearing", "prot", "pfmf %r2,%r3")
def _low_address(lab, line):
    lab.cr[0] |= LOW_ADDRESS_PROTECTION
    lab.gr[2], lab.gr[3] = 0x10000, 0x1000
    put(lab, line)
    return program(lab, 4, 4) | {"translation-exception id": 0}


@case("DAT-protection", "prot", 0, 0)
@case("DAT-protection-home", "prot", HOME_SPACE, 3)
def _dat_protection(lab, space, identification):
    asce = map_page(lab, CODE, CODE, level=SEGMENT)
    map_page(lab, VIRTUAL, BLOCK, level=SEGMENT)
    change(lab, VIRTUAL, -1, on=PAGE_PROTECT)
    lab.gr[5] = VIRTUAL
    translated(lab, asce, home=asce, mask=BA_EA | space)
    put(lab, "sth %r1,0x18(%r5)")
    return program(lab, 4, 4) | {"translation-exception id": VIRTUAL | 4 | identification}


# --- translation ------------------------------------------------------------------------------------------------------


def invalid(lab: Lab, level: int, address: int = VIRTUAL) -> None:
    """The entry of this level that `address` needs is invalid; level -1: the page-table entry; code needs none."""
    lab.gr[5] = lab.gr[2] = lab.gr[4] = address
    asce = map_page(lab, address, BLOCK, level=REGION_FIRST)
    change(lab, address, level, on=PAGE_INVALID if level < 0 else INVALID)
    translated(lab, REAL_SPACE, secondary=asce, mask=BA_EA | 2 << 46)  # code is of the primary space: real


@case("page-fetch", "tran", "lg %r1,8(%r5)", 6, 0x11, -1)
@case("page-store", "tran", "st %r1,8(%r5)", 4, 0x11, -1)
@case("page-second-operand", "tran", "mvc 0(9,%r0),8(%r5)", 6, 0x11, -1)
@case("page-interruptible", "tran", "clcl %r2,%r4", 2, 0x11, -1)
@case("segment", "tran", "lg %r1,8(%r5)", 6, 0x10, 0)
@case("region-third", "tran", "lg %r1,8(%r5)", 6, 0x3B, 1)
@case("region-second", "tran", "lg %r1,8(%r5)", 6, 0x3A, 2)
@case("region-first", "tran", "lg %r1,8(%r5)", 6, 0x39, 3)
@case("mvpg-segment", "tran", "mvpg %r6,%r5", 4, 0x10, 0)
@case("mvpg-region", "tran", "mvpg %r6,%r5", 4, 0x3B, 1)
def _translation(lab, line, length, code, level):
    invalid(lab, level)
    lab.gr[0], lab.gr[3] = 0, 8
    put(lab, line)
    return program(lab, code, length, nullified=True) | {"translation-exception id": VIRTUAL | 2}


@case("ASCE-type", "tran")
def _asce_type(lab):
    lab.gr[5] = 1 << 31
    translated(lab, REAL_SPACE, secondary=0x6C000, mask=BA_EA | 2 << 46)
    put(lab, "lg %r1,8(%r5)")
    return program(lab, 0x38, 6, nullified=True) | {"translation-exception id": 1 << 31 | 2}


@case("page-after-mvpg", "tran")
def _page_after_mvpg(lab):
    """What a MOVE PAGE stored before is no more."""
    _mvpg(lab, "mvpg %r7,%r5", 0x75)
    lab.go()
    lab.psw(BA_EA | DAT | 2 << 46)
    put(lab, "lg %r1,8(%r5)")
    return program(lab, 0x11, 6, nullified=True) | {"translation-exception id": VIRTUAL | 2}


@case("page-of-the-instruction", "tran", 0x11, 2)
def _instruction(lab, code, length):
    """The ILC is unpredictable then: 1 here."""
    asce = map_page(lab, VIRTUAL, BLOCK, level=SEGMENT)
    change(lab, VIRTUAL, -1, on=PAGE_INVALID)
    translated(lab, asce)
    lab.machine.set_psw(lab.machine.psw[0], VIRTUAL)
    return program(lab, code, length, nullified=True) | {"translation-exception id": VIRTUAL}


@case("page-of-an-execute-target", "tran")
def _target(lab):
    asce = map_page(lab, CODE, CODE, level=SEGMENT)
    map_page(lab, VIRTUAL, BLOCK, level=SEGMENT)
    change(lab, VIRTUAL, -1, on=PAGE_INVALID)
    lab.gr[5] = VIRTUAL
    translated(lab, asce)
    put(lab, "ex %r0,8(%r5)")
    return program(lab, 0x11, 4, nullified=True) | {"translation-exception id": VIRTUAL}


@case("mvpg-second", "mvpg", "mvpg %r7,%r5", 0x75)
@case("mvpg-first", "mvpg", "mvpg %r5,%r7", 0x57)
@case("mvpg-both", "mvpg", "mvpg %r5,%r4", 0x54)
@case("mvpg-registers", "mvpg", "mvpg %r14,%r5", 0xE5)
def _mvpg(lab, line, operands):
    invalid(lab, -1)
    map_page(lab, VIRTUAL_2, SECOND_BLOCK)
    lab.gr[0], lab.gr[7], lab.gr[14] = 0, VIRTUAL_2, VIRTUAL_2
    put(lab, line)
    stored = {"translation-exception id": VIRTUAL | 2, "operand access id": operands}
    return program(lab, 0x11, 4, nullified=True) | stored


@case("mvpg-executed", "mvpg")
def _mvpg_executed(lab):
    _mvpg(lab, "mvpg %r7,%r5", 0x75)
    lab.store(CODE + 0x100, lab.load(CODE, 4))
    put(lab, "exrl %r0,.+0x100")
    stored = {"translation-exception id": VIRTUAL | 2, "operand access id": 0x75}
    return program(lab, 0x11, 6, nullified=True) | stored


@case("volatile-fetch", "vol", "lg %r1,8(%r5)", 6)
@case("volatile-store", "vol", "st %r1,8(%r5)", 4)
@case("volatile-mvpg", "vol", "mvpg %r6,%r5", 4)
@case("volatile-execute", "vol", "ex %r0,8(%r5)", 4)
@case("volatile-clearing", "vol", "tb %r0,%r5", 4)
def _volatile(lab, line, length):
    discard(lab, BLOCK)
    lab.gr[5], lab.gr[6] = BLOCK, SECOND_BLOCK
    put(lab, line)
    return program(lab, 0x1A, length, nullified=True) | {"translation-exception id": BLOCK}


@case("volatile-after-mvpg", "vol")
def _volatile_after_mvpg(lab):
    _mvpg(lab, "mvpg %r7,%r5", 0x75)
    lab.go()
    lab.psw()
    return _volatile(lab, "lg %r1,8(%r5)", 6)


@case("volatile-table", "vol")
def _volatile_table(lab):
    """The identification is the absolute block of the table, without a space."""
    asce = map_page(lab, VIRTUAL, BLOCK)
    discard(lab, 0x70000)
    lab.gr[5] = VIRTUAL
    translated(lab, REAL_SPACE, secondary=asce, mask=BA_EA | 2 << 46)
    put(lab, "lg %r1,8(%r5)")
    return program(lab, 0x1A, 6, nullified=True) | {"translation-exception id": 0x70000}


# --- supervisor call --------------------------------------------------------------------------------------------------


@case("svc", "svc", "svc 0x5a", 2)
@case("svc-executed", "svc", "ex %r0,0(%r5)", 4)
@case("svc-executed-relative", "svc", f"exrl %r0,.+{BLOCK - CODE}", 6)
def _supervisor_call(lab, line, length):
    lab.store(BLOCK, b"\x0a\x5a")
    lab.gr[5] = BLOCK
    lab.psw(PROBLEM_STATE, cc=2)
    put(lab, line)
    return {"SVC ILC and code": length << 16 | 0x5A, "SVC old PSW": (PROBLEM_STATE | 2 << 44) << 64 | CODE + length}


# --- external, I/O, machine check, restart: pending ------------------------------------------------------------------


@case("interrupt-key", "ext", {"external": int(EXTERNAL_INTERRUPT_KEY)}, 0x0040, {})
@case("clock-comparator", "ext", {"clock_comparator": 0}, 0x1004, {})
@case("CPU-timer", "ext", {"timer_zero": 0}, 0x1005, {})
@case("emergency-signal", "cpu", {"external": int(EXTERNAL_EMERGENCY), "emergency_from": 0x7654}, 0x1201,
      {"CPU address": 0x7654})  # fmt: skip
@case("external-call", "cpu", {"external": int(EXTERNAL_CALL), "external_call_from": 0x6543}, 0x1202,
      {"CPU address": 0x6543})  # fmt: skip
@case("service-signal", "serv", {"external": int(EXTERNAL_SERVICE), "service_parameter": 0x12345678}, 0x2401,
      {"external parameter": 0x12345678})  # fmt: skip
@case("block-io", "bio",
      {"external": int(EXTERNAL_BLOCK_IO), "block_io_status": 0x0301, "block_io_parameter": 0x89ABCDEF}, 0x2603,
      {"CPU address": 0x0301, "external parameter": 0x89ABCDEF})  # fmt: skip
@case("block-io-64", "bio8",
      {"external": int(EXTERNAL_BLOCK_IO), "block_io_status": 0x0702, "block_io_parameter": 0x0123456789ABCDEF}, 0x2603,
      {"CPU address": 0x0702, "external parameter, 64 bits": 0x0123456789ABCDEF})  # fmt: skip
def _external(lab, pending, code, stored):
    for field, value in ({"tod_epoch": 5, "clock_comparator": ALL, "timer_zero": 1 << 62} | pending).items():
        if field == "external":
            lab.pend(value)
        else:
            (lab.cpu if field in lab.cpu.dtype.names else lab.guest)[field] = value
    lab.cr[0] |= sum(1 << (63 - bit) for bit in (49, 50, 52, 53, 54, 57))
    lab.psw(BA_EA | EXTERNAL, cc=1)
    return stored | {"external code": code, "external old PSW": (BA_EA | EXTERNAL | 1 << 44) << 64 | CODE}


@case("io", "io")
def _io(lab):
    guest = lab.guest
    guest.io, guest.io_id, guest.io_parameter, guest.io_word = 1, 0x00010042, 0xABCD1234, 3 << 27
    lab.cr[6] = 0xFF000000
    lab.psw(BA_EA | IO)
    return {
        "subsystem id": 0x00010042,
        "I/O parameter": 0xABCD1234,
        "I/O-interruption id word": 3 << 27,
        "I/O old PSW": (BA_EA | IO) << 64 | CODE,
    }


@case("restart", "rst")
def _restart(lab):
    lab.cpu.restart = 1
    return {"restart old PSW": BA_EA << 64 | CODE}


def registers(lab: Lab) -> dict[str, int | bytes]:
    """Values in every register that is saved, and what their save areas then hold."""
    cpu = lab.cpu
    for n in range(16):
        lab.gr[n], lab.ar[n], lab.fpr[n] = 0x1111 * n << 40 | n, 0x20304050 + n, 0x3334 << 48 | n
    cpu.fpc, cpu.tod_programmable, cpu.clock_comparator = 0x00880000, 0x9876, 0xFF22334455667788
    cpu.tod_epoch, cpu.timer_zero = 0, 1 << 62
    return {
        "architectural-mode id": 1,
        "FPC register": 0x00880000,
        "TOD programmable register": 0x9876,
        "0 and clock comparator 0-55": 0x00FF223344556677,
    }


def saved(lab: Lab) -> dict[str, bytes | int]:
    """The registers of now."""
    return {
        "floating-point registers": b"".join(int(value).to_bytes(8, "big") for value in lab.fpr),
        "general registers": b"".join(int(value).to_bytes(8, "big") for value in lab.gr),
        "access registers": b"".join(int(value).to_bytes(4, "big") for value in lab.ar),
        "control registers": b"".join(int(value).to_bytes(8, "big") for value in lab.cr),
        "CPU timer": (1 << 62) - lab.machine.count * 4096 // 1000,  # 4.096 units an instruction
    }


@case("machine-check", "mck")
def _machine_check(lab):
    stored = registers(lab)
    lab.cpu.mck_code, lab.cpu.failing_storage = 1 << 62 | 0xFF << 32, 0x12345000
    lab.psw(BA_EA | MACHINE_CHECK)
    codes = {"machine-check code": 1 << 62 | 0xFF << 32, "failing-storage address": 0x12345000}
    return stored | codes | {"machine-check old PSW": (BA_EA | MACHINE_CHECK) << 64 | CODE}


@case("paging-error", "mck")
def _paging_error(lab):
    """A block that cannot be read back: processing damage, backed up; storage error; everything else is valid."""
    stored = registers(lab)
    lab.store(BLOCK, b"precious")
    lab.machine.host.reclaim(lab.machine.guest_number, BLOCK >> 12)
    lab.machine.host.swap_error(lab.machine.guest_number, BLOCK >> 12)
    lab.gr[5] = BLOCK
    lab.psw(BA_EA | MACHINE_CHECK)
    put(lab, "lg %r1,0(%r5)")
    valid = [20, 21, 22, 23, 24, 27, 28, 29, 31, 33, 42, 43, 46, 47]
    codes = {
        "machine-check code": sum(1 << (63 - bit) for bit in [1, 14, 16, *valid]),
        "failing-storage address": BLOCK,
    }
    return stored | codes | {"machine-check old PSW": (BA_EA | MACHINE_CHECK) << 64 | CODE}


@case("store-status", "stat")
def _store_status(lab):
    stored = registers(lab)
    lab.gr[3] = 0
    lab.pend(0)
    lab.psw(cc=2)
    put(lab, "sigp %r1,%r3,9")
    return stored | {"PSW": BA_EA << 64 | CODE + 4, "prefix": PREFIX}


@case("facility-list", "stfl")
def _facility_list(lab):
    put(lab, "stfl 0")
    return {"facility list": int(lab.machine.storage.record.facilities[0]) >> 32}


# --- the test ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def _paged():
    return Lab(host=Host(SIZE // 4096, PagingDevice(slots=64)))


@pytest.fixture
def lab(_paged):
    _paged.reset()
    return _paged


def ended_by(column: str) -> str:
    """Whose new PSW a case of this column loads; empty for those that are no interruption."""
    if column in PROGRAM_COLUMNS:
        return "program"
    if column in EXTERNAL_COLUMNS:
        return "ext"
    return "" if column in ("stat", "stfl") else column


def fill(lab: Lab, flip: int) -> bytes:
    """Fill the prefix area and absolute 0 with the pattern, but for the new PSWs: disabled waits, each with its own
    address. Return the pattern."""
    pattern = bytearray((7 * n + (n >> 8) & 0xFF) ^ flip for n in range(AREA))
    for new in NEW:
        pattern[new : new + 16] = (BA_EA | WAIT).to_bytes(8, "big") + new.to_bytes(8, "big")
    lab.store(0, pattern)
    lab.store(PREFIX, pattern)
    return bytes(pattern)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("flip", [0, 0xFF], ids=["pattern", "complement"])
def test_stored_and_left_alone(lab, name, flip):
    column, make = CASES[name]
    lab.cpu.prefix = PREFIX
    fill(lab, flip)
    lab.psw()
    stored = make(lab)
    before = fill(lab, flip)
    lab.cpu.breaking_event = BREAKING_EVENT
    stop = lab.machine.run(1 if column == "stfl" else 3)
    if column == "stat":
        assert stop.reason is Reason.STOPPED
    elif column != "stfl":
        assert (stop.reason, NEW.get(stop.psw_ia)) == (Reason.DISABLED_WAIT, ended_by(column))
    if column in ("mck", "stat"):
        stored |= saved(lab)

    assert stored.keys() == {name for name, place in LOCATIONS.items() if place.marks[column] == "v"}
    expected = bytearray(before)
    for name, (address, length, marks) in LOCATIONS.items():
        if marks[column] != ".":
            value = stored.get(name, 0)
            expected[address : address + length] = value if isinstance(value, bytes) else value.to_bytes(length, "big")
    written, other = (0, PREFIX) if column == "stat" else (PREFIX, 0)
    assert differing(lab.load(written, AREA), expected) == {}
    assert differing(lab.load(other, AREA), before) == {}


def differing(actual: bytes, expected: bytes) -> dict[str, tuple[str, str]]:
    """Of each location (hexadecimal address of a doubleword) that differs: (as it is, as expected)."""
    return {
        f"{n:X}": (actual[n : n + 8].hex(), expected[n : n + 8].hex())
        for n in range(0, AREA, 8)
        if actual[n : n + 8] != expected[n : n + 8]
    }


def test_every_column_has_a_case():
    assert {case.column for case in CASES.values()} == set(COLUMNS)


def test_every_program_interruption_code_has_a_case(lab):
    """Those that an implemented instruction can end with; the decimal and HFP ones, and access registers, are not."""
    codes = set()
    for column, make in CASES.values():
        if column in PROGRAM_COLUMNS:
            lab.reset()
            lab.cpu.prefix = PREFIX
            fill(lab, 0)
            lab.psw()
            codes.add(make(lab)["program ILC and code"] & 0xFFFF)
    assert codes == {*range(1, 10), *range(0x10, 0x14), 0x1A, *range(0x38, 0x3C), 0x40}


def test_no_two_locations_overlap():
    places = sorted((place.address, place.address + place.length) for place in LOCATIONS.values())
    assert all(end <= start for (_, end), (start, _) in pairwise(places))

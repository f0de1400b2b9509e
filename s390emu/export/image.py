"""The image of a suite: the runner (runner.s) and what it is to run, as data. docs/export.md"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from s390emu.assembler.assemble import Program, assemble
from s390emu.assembler.program import Section
from s390emu.export.cases import HOLE, Case, Registers, Skip, Taken
from s390emu.isa.opcodes import VX

HERE = Path(__file__).parent
ORIGIN, DATA, COMPARED, STORAGE = 0x1000000, 0x1100000, 0x4000000, 0x6000000  # STORAGE: what a machine needs at least
CHECKS = 6
OWN_WAIT_PSW = struct.pack(">QQ", 0x180000000, ORIGIN + 8)  # where a trace ends, in place of a wait of its own
STATE_NAMES = (
    *(f"r{n}" for n in range(16)), *(f"cr{n}" for n in range(16)), *(f"ar{n} ar{n + 1}" for n in range(0, 16, 2)),
    *(f"f{n}" for n in range(16)), "fpc", "prefix", "psw mask", "psw address",
    *(f"v{n} {half}" for n in range(32) for half in ("left", "right")),
)  # fmt: skip
NAME_BYTES = 16  # of what differs, in a line
LINE_BYTES = 200
OLD_AND_LOG = 0x80 - 8  # an assigned location less this is its offset in an entry of the log


class TooLarge(ValueError):
    """The traces do not fit into one image."""


@dataclass
class _Data:
    """What lies behind the runner, from DATA on; `put` gives the address of what it takes."""

    content: bytearray = field(default_factory=bytearray)

    def put(self, data: bytes) -> int:
        self.content += bytes(-len(self.content) % 8)
        address = DATA + len(self.content)
        self.content += data
        if DATA + len(self.content) > COMPARED:
            raise TooLarge("the traces do not fit into one image: give fewer")
        return address

    def text(self, text: str) -> bytes:
        """Return address and length of a text."""
        data = text.encode("ascii", "replace")[:LINE_BYTES]
        return struct.pack(">QQ", self.put(data), len(data))

    def counted(self, entries: Sequence[bytes]) -> bytes:
        """Return address and number of these entries."""
        return struct.pack(">QQ", self.put(b"".join(entries)), len(entries))

    def pieces(self, pieces: Iterable[tuple[int, bytes]]) -> bytes:
        return self.counted([struct.pack(">QQQ", at, len(data), self.put(data)) for at, data in pieces])


@dataclass(frozen=True)
class Suite:
    """program: the image; cases and skips: what became of each trace, in order."""

    program: Program
    cases: tuple[Case, ...]
    skips: tuple[Skip, ...]

    def elf(self) -> bytes:
        """Return the image as an ELF file."""
        return self.program.to_elf()

    def flat(self) -> bytes:
        """Return the image as it is in storage from ORIGIN on."""
        pieces = sorted(self.program.image())
        end = max(address + len(data) for address, data in pieces)
        content = bytearray(end - ORIGIN)
        for address, data in pieces:
            content[address - ORIGIN : address - ORIGIN + len(data)] = data
        return bytes(content)


def build(traces: Iterable[Case | Skip]) -> Suite:
    """Return an image that runs the cases in their order, and tells what was skipped. Raises TooLarge."""
    given, data = tuple(traces), _Data()
    cases = tuple(each for each in given if isinstance(each, Case))
    skips = tuple(each for each in given if isinstance(each, Skip))
    addresses = [data.put(_case(data, case)) for case in cases]
    table = data.put(struct.pack(f">{len(cases)}Q", *addresses))
    lines = data.put(b"".join(data.text(f"SKIP {skip.name}: {skip.reason}") for skip in skips))
    symbols = {
        "HOLE": HOLE, "COMPARED": COMPARED, "CASES": table, "CASE_COUNT": len(cases), "LINES": lines,
        "LINE_COUNT": len(skips),
    }  # fmt: skip
    names = "".join(f' .ascii "{": " + name:{NAME_BYTES}}"\n' for name in STATE_NAMES)
    source = "\n".join([
        (HERE / "runner.s").read_text(), ".data", " .balign 8", f"state_names:\n{names}", (HERE / "essa.s").read_text(),
    ])  # fmt: skip
    program = assemble(source, filename="runner.s", origin=ORIGIN, defines=symbols)
    if max(address + len(piece) for address, piece in program.image()) > DATA:
        raise AssertionError("the runner reaches into the data")
    program.sections.append(Section(".traces", DATA, bytes(data.content)))
    return Suite(program, cases, skips)


def _case(data: _Data, case: Case) -> bytes:
    """Return a case as runner.s describes it."""
    ranges = [struct.pack(">QQ", address, length) for address, length in case.open]
    end = [(case.own_wait, OWN_WAIT_PSW)] if case.own_wait is not None else []
    keys, masks = zip(*case.final_keys, strict=True)
    return b"".join([
        data.text(case.name), struct.pack(">Q", case.ram), data.pieces([*case.pieces, *end]),
        struct.pack(">Q", data.put(bytes(case.keys))), data.pieces(case.final), data.counted(ranges),
        struct.pack(">QQ", data.put(bytes(keys)), data.put(bytes(masks))),
        data.counted([_taken(taken) for taken in case.taken]), struct.pack(">QQ", *case.before.psw), case.new_psws,
        _facility_list(case.facilities), struct.pack(">Q", VX in case.facilities),
        _state(case.before), _state(case.after), _state(case.mask),
    ])  # fmt: skip


def _taken(taken: Taken) -> bytes:
    checks = b"".join(struct.pack(">QQQ", location - OLD_AND_LOG, mask, value)
                      for location, mask, value in taken.checks)  # fmt: skip
    return struct.pack(">QQ", 16 * taken.kind, len(taken.checks)) + checks.ljust(24 * CHECKS, b"\0")


def _facility_list(bits: Iterable[int]) -> bytes:
    """Return 256 facility bits as STORE FACILITY LIST EXTENDED stores them; those without a bit cannot be asked for."""
    return sum(1 << 255 - bit for bit in bits if bit >= 0).to_bytes(32, "big")


def _state(registers: Registers) -> bytes:
    return struct.pack(
        ">16Q16Q16I16QIIQQQ", *registers.gr, *registers.cr, *registers.ar, *registers.fpr, registers.fpc, 0,
        registers.prefix, *registers.psw,
    ) + b"".join(value.to_bytes(16, "big") for value in registers.vr)  # fmt: skip



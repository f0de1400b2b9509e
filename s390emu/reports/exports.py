"""What happened in a run, in forms that other tools read. docs/recordings.md describes the columns."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from s390emu.architecture.interruptions import CLASSES, PROGRAM
from s390emu.architecture.page_states import CONTENTS, NAMES, USAGES
from s390emu.architecture.program_exceptions import exception_name
from s390emu.architecture.psw_bits import PROBLEM
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.records.events import (
    EVENT_ESSA,
    EVENT_FETCH,
    EVENT_HOST,
    EVENT_ILC_SHIFT,
    EVENT_INTERRUPTION,
    EVENT_PSW,
    EVENT_STORE,
)
from s390emu.reports.stop import place
from s390emu.reports.timeline import STATE, who

if TYPE_CHECKING:
    from s390emu.machine import Machine

VERSION = 1  # of the columns
SCHEMA = f"s390emu.columns/{VERSION}"
EVENT_NAMES = {EVENT_ESSA: "essa", EVENT_HOST: "host", EVENT_INTERRUPTION: "interruption", EVENT_FETCH: "fetch",
               EVENT_STORE: "store", EVENT_PSW: "psw"}  # fmt: skip
EVENT_COLUMNS = ("count", "cpu", "kind", "block", "before", "after", "detail", "ia")
INSTRUCTION_COLUMNS = ("count", "cpu", "ia", "psw_mask", "insn", "text", "registers", "stores")
FIRST_TRACK = 1  # of CPU 0: Perfetto takes 0 for that of an idle processor
HOST_TRACK = 100  # beside the CPUs
ILC_BITS = 0x7 << int(EVENT_ILC_SHIFT)
NANOSECONDS_PER_MICROSECOND = 1000


@dataclass(frozen=True)
class Instruction:
    """One that has ended. count: instructions that had ended before it. before: all registers then. changes: registers
    that have another value since. stores: absolute addresses, and the bytes that are there since."""

    count: int
    cpu: int
    ia: int
    psw_mask: int
    insn: bytes
    text: str
    before: dict[str, int]
    changes: dict[str, int]
    stores: list[tuple[int, bytes]]


class Exporter:
    """Writes rows to `out` as they come. instructions: whether instructions were asked for."""

    def __init__(self, out: Any, machine: Machine, symbols: Mapping[str, int], *, instructions: bool):
        self.out, self.symbols, self.instructions = out, symbols, instructions

    def kinds(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        """Return the kinds of what is to be given to it, where these were asked for."""
        return ("insn", "storage") if self.instructions else asked

    def begins(self, machine: Machine) -> None:
        """Note that the part that is asked for begins, once more: what was before it nobody has told."""

    def branch(self, count: int, cpu: int, start: int, to: int) -> None:
        """Take a branch from one address to another, by the instruction before which so many had ended."""

    def instruction(self, row: Instruction) -> None:
        """Take an instruction."""

    def event(self, row) -> None:
        """Take an EVENT record."""

    def end(self, count: int) -> None:
        """Write what is left to write. count: instructions at the end."""


def event_values(row) -> tuple:
    """Return the columns of an event."""
    return (int(row.count), int(row.cpu), EVENT_NAMES[int(row.kind)], int(row.block), int(row.before), int(row.after),
            int(row.detail), int(row.ia))  # fmt: skip


def branch_values(count: int, cpu: int, start: int, to: int) -> tuple:
    """Return the columns of a branch, which are those of events."""
    return count, cpu, "branch", 0, start, to, 0, start


def instruction_values(row: Instruction) -> tuple:
    """Return the columns of an instruction."""
    changes = " ".join(f"{name}={value:#x}" for name, value in row.changes.items())
    stores = " ".join(f"{address:#x}={data.hex()}" for address, data in row.stores)
    return row.count, row.cpu, row.ia, row.psw_mask, row.insn.hex(), row.text, changes, stores


class Csv(Exporter):
    """A row a line; at the start a line with the version of the columns, which begins with #, and one of names."""

    def __init__(self, out: TextIO, machine: Machine, symbols: Mapping[str, int], *, instructions: bool):
        super().__init__(out, machine, symbols, instructions=instructions)
        print(f"# {SCHEMA}", file=out)
        self._writer = csv.writer(out, lineterminator="\n")
        self._writer.writerow(INSTRUCTION_COLUMNS if instructions else EVENT_COLUMNS)

    def instruction(self, row: Instruction) -> None:
        """Write an instruction."""
        self._writer.writerow(instruction_values(row))

    def event(self, row) -> None:
        """Write an event."""
        self._writer.writerow(event_values(row))

    def branch(self, count: int, cpu: int, start: int, to: int) -> None:
        """Write a branch."""
        self._writer.writerow(branch_values(count, cpu, start, to))


class Parquet(Exporter):
    """The same columns in a Parquet file."""

    def __init__(self, out: Path, machine: Machine, symbols: Mapping[str, int], *, instructions: bool):
        super().__init__(out, machine, symbols, instructions=instructions)
        self._rows: list[tuple] = []

    def instruction(self, row: Instruction) -> None:
        """Keep an instruction."""
        self._rows.append(instruction_values(row))

    def event(self, row) -> None:
        """Keep an event."""
        self._rows.append(event_values(row))

    def branch(self, count: int, cpu: int, start: int, to: int) -> None:
        """Keep a branch."""
        self._rows.append(branch_values(count, cpu, start, to))

    def end(self, count: int) -> None:
        """Write the file."""
        import pyarrow
        from pyarrow import parquet

        names = INSTRUCTION_COLUMNS if self.instructions else EVENT_COLUMNS
        texts = ("kind", "insn", "text", "registers", "stores")
        schema = pyarrow.schema(
            [(name, pyarrow.string() if name in texts else pyarrow.uint64()) for name in names],
            metadata={"schema": SCHEMA},
        )
        columns = [[row[n] for row in self._rows] for n in range(len(names))]
        arrays = [pyarrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
        parquet.write_table(pyarrow.Table.from_arrays(arrays, schema=schema), self.out, compression="zstd")


class Spike(Exporter):
    """The commit log of the RISC-V simulator Spike, with this machine's words: privilege 0 is the problem state."""

    def kinds(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        """Return what the log has: always instructions."""
        return "insn", "storage"

    def instruction(self, row: Instruction) -> None:
        """Write an instruction."""
        privilege = 0 if row.psw_mask & int(PROBLEM) else 1
        changes = "".join(f" {name:<3} 0x{value:016x}" for name, value in row.changes.items())
        stores = "".join(f" mem 0x{address:016x} 0x{data.hex()}" for address, data in row.stores)
        print(f"core {row.cpu:3}: {privilege} 0x{row.ia:016x} (0x{row.insn.hex()}){changes}{stores}", file=self.out)


class Qemu(Exporter):
    """The shape of QEMU's `-d cpu,int`: registers before each instruction, and interruptions."""

    def kinds(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        """Return what the log has: always instructions and interruptions."""
        return "insn", "interruption"

    def instruction(self, row: Instruction) -> None:
        """Write the registers before an instruction."""
        before = row.before
        print(f"PSW=mask {row.psw_mask:016x} addr {row.ia:016x} cc {before['cc']:02x}", file=self.out)
        for letter, name in (("R", "r"), ("C", "cr")):
            for first in range(0, 16, 4):
                values = (f"{letter}{n:02}={before[f'{name}{n}']:016x}" for n in range(first, first + 4))
                print(" ".join(values), file=self.out)
        print(file=self.out)

    def event(self, row) -> None:
        """Write an interruption."""
        ilen = (int(row.detail) & ILC_BITS) >> int(EVENT_ILC_SHIFT)
        print(f"{CLASSES[int(row.block)]} interruption: code={int(row.before):#x} ilen={ilen} "
              f"old psw addr {int(row.after):016x}", file=self.out)  # fmt: skip


class Perfetto(Exporter):
    """A trace for ui.perfetto.dev and chrome://tracing: JSON. CPUs and the host are tracks, an instruction lasts a
    nanosecond; interruptions are marks, their handlers spans, the blocks in each state counters."""

    def __init__(self, out: TextIO, machine: Machine, symbols: Mapping[str, int], *, instructions: bool):
        super().__init__(out, machine, symbols, instructions=instructions)
        self._blocks: Counter[int] = Counter()
        self._open: dict[int, list[tuple[int, str, int]]] = {cpu.number: [] for cpu in machine.cpus}  # count, name, ia
        about = {"schema": f"s390emu.perfetto/{VERSION}"}
        self.out.write('{"displayTimeUnit":"ns","otherData":' + json.dumps(about) + ',"traceEvents":[\n')
        self._write({"ph": "M", "name": "process_name", "args": {"name": "guest"}}, 0, first=True)
        for number in self._open:
            self._write({"ph": "M", "name": "thread_name", "args": {"name": f"CPU {number}"}}, 0, FIRST_TRACK + number)
        self._write({"ph": "M", "name": "thread_name", "args": {"name": "host"}}, 0, HOST_TRACK)
        self.begins(machine)

    def begins(self, machine: Machine) -> None:
        """Count the blocks anew, and forget handlers of which the end was not seen."""
        self._blocks = Counter(machine.storage.states().tolist())
        self._open = {number: [] for number in self._open}
        self._counters(machine.count)

    def kinds(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        """Return what the picture has."""
        return "interruption", "page", "psw"

    def _write(self, event: dict[str, Any], count: int, track: int = FIRST_TRACK, *, first: bool = False) -> None:
        whole = event | {"pid": 1, "tid": track, "ts": count / NANOSECONDS_PER_MICROSECOND}
        self.out.write(("" if first else ",\n") + json.dumps(whole, separators=(",", ":")))

    def event(self, row) -> None:
        """Write what an event is in the picture."""
        count, cpu = int(row.count), int(row.cpu)
        if row.kind == EVENT_INTERRUPTION:
            code, kind, ia = int(row.before), int(row.block), int(row.after)
            name = f"{CLASSES[kind]} {code:04X}" + (f" {exception_name(code)}" if kind == PROGRAM else "")
            self._write({"ph": "i", "s": "t", "name": name, "args": {"old ia": place(ia, self.symbols)}}, count,
                        FIRST_TRACK + cpu)  # fmt: skip
            self._open[cpu].append((count, name, ia))
        elif row.kind == EVENT_PSW:
            self._ended(cpu, int(row.after), count + 1)  # with the instruction that loads it
        elif row.kind in (EVENT_ESSA, EVENT_HOST):
            before, after = int(row.before) & STATE, int(row.after) & STATE
            self._blocks[before] -= 1
            self._blocks[after] += 1
            args = {"block": f"{int(row.block) * BLOCK_SIZE:#x}", "before": NAMES[before], "after": NAMES[after]}
            track = FIRST_TRACK + cpu if row.kind == EVENT_ESSA else HOST_TRACK
            self._write({"ph": "i", "s": "t", "name": who(row), "args": args}, count, track)
            if before != after:
                self._counters(count)

    def _ended(self, cpu: int, ia: int, count: int) -> None:
        """End the handlers, the last one first, that a new PSW returns from; one that leads elsewhere ends none."""
        spans = self._open[cpu]
        if any(at == ia for _, _, at in spans):
            while spans:
                begun, name, at = spans.pop()
                self._span(cpu, begun, name, count)
                if at == ia:
                    return

    def _span(self, cpu: int, begun: int, name: str, count: int) -> None:
        duration = (count - begun) / NANOSECONDS_PER_MICROSECOND
        self._write({"ph": "X", "name": f"handler of {name}", "dur": duration}, begun, FIRST_TRACK + cpu)

    def _counters(self, count: int) -> None:
        """Write how many blocks are in each state."""
        usage, content = Counter[str](), Counter[str]()
        for state, blocks in self._blocks.items():
            usage[USAGES[state >> 2]] += blocks
            content[CONTENTS[state & 3]] += blocks
        self._write({"ph": "C", "name": "blocks by usage", "args": {n: usage[n] for n in USAGES}}, count)
        self._write({"ph": "C", "name": "blocks by content", "args": {n: content[n] for n in CONTENTS.values()}}, count)

    def end(self, count: int) -> None:
        """End the handlers that are still at work, and the file."""
        for cpu, spans in self._open.items():
            for begun, name, _ in reversed(spans):
                self._span(cpu, begun, name, count)
        self.out.write("\n]}\n")


EXPORTERS: dict[str, type[Exporter]] = {
    "perfetto": Perfetto, "spike": Spike, "qemu": Qemu, "csv": Csv, "parquet": Parquet,
}  # fmt: skip

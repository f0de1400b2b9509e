"""One machine going through one Hercules test script: docs/tst.md. Its test cases share the machine, in their order."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import NamedTuple

import numpy as np

from s390emu.architecture import assigned_storage as at
from s390emu.architecture.interruptions import CLASSES
from s390emu.assembler.disassemble import disassemble
from s390emu.assembler.errors import Complaint, Position
from s390emu.inputs import perform
from s390emu.isa.opcodes import Row
from s390emu.machine import CPU, Machine, Reason, Stop
from s390emu.machine.observe import kinds_of
from s390emu.machine.view import NotTranslated, parts, prefixed
from s390emu.records.cpu import OPERATING, STOPPED_STATE
from s390emu.records.events import EVENT_INTERRUPTION
from s390emu.tracing.execution import Options, taken_of
from s390emu.tracing.expectations import Difference
from s390emu.tracing.machine_state import capture
from s390emu.tracing.script import Script, Step
from s390emu.tracing.trace import TraceError, of_cpu
from s390emu.tracing.wording import Symbols, Taken, hexadecimal, stop_text, taken_text

DEFAULT_BYTES = 2 << 20  # of storage
DEFAULT_LIMIT = 100_000_000  # instructions of one runtest
EXPLAINED = 100_000  # more instructions than this are not followed a second time
OLD_PSWS = {"external": at.EXTERNAL_OLD, "svc": at.SVC_OLD, "program": at.PGM_OLD, "machine": at.MCK_OLD,
            "io": at.IO_OLD}  # fmt: skip
PSW_BYTES = 16
WAITED = (Reason.DISABLED_WAIT, Reason.STOPPED)  # what a runtest may end with
OUT_OF_TIME = (Reason.LIMIT, Reason.TIMEOUT)
NO_SYMBOLS = Symbols({})  # addresses as they are: a script has no symbols


class CaseEnd(NamedTuple):
    """What came of one test case. skipped: why it was not run; messages: of its `*Message`s."""

    name: str
    differences: tuple[Difference, ...]
    messages: tuple[str, ...]
    skipped: str
    instructions: int
    seconds: float
    digest: str


class Shown(NamedTuple):
    """What a command has shown. step: its place in the script; cpu: whose it was; sample: the same of a machine."""

    step: int
    where: str
    cpu: int
    value: tuple[int, ...] | bytes
    key: int = 0
    sample: Callable[[Machine], object] | None = None


class _Case:
    """The test case that is open."""

    def __init__(self, name: str, count: int):
        self.name, self.count, self.started = name, count, time.perf_counter()
        self.differences: list[Difference] = []
        self.messages: list[str] = []
        self.explanation: list[str] = []
        self.skipped = ""
        self.stop: tuple[Stop, int] | None = None  # of the last runtest, and its line
        self.program: tuple[int, int | None] | None = None  # line and code of *Program


class _Interruptions:
    """An observer of the program interruptions: their codes, and the last one."""

    kinds, pauses = kinds_of(EVENT_INTERRUPTION), 0

    def __init__(self) -> None:
        self.codes: set[int] = set()
        self.last: Taken | None = None

    def receive(self, events: np.ndarray) -> None:
        """Keep which there were."""
        mine = events[(events["kind"] == EVENT_INTERRUPTION) & (events["block"] == CLASSES.index("program"))]
        if len(mine):
            self.codes.update(int(code) for code in np.unique(mine["before"]))
            self.last = taken_of(mine[-1])

    def look(self) -> None:
        """Do nothing: codes are enough."""


class Watch(NamedTuple):
    """What is to be watched in a second run: up to that step of the script, with that sample."""

    step: int
    sample: Callable[[Machine], object]

    def value(self, machine: Machine) -> object:
        """Return what it is now; None where the machine has no such storage or CPU (yet)."""
        try:
            return self.sample(machine)
        except (NotTranslated, IndexError):
            return None


class ScriptExecution:
    """One machine going through one script. watches: for whom to find the instruction that wrote last."""

    def __init__(self, script: Script, options: Options, watches: list[Watch] | None = None):
        self.script, self.options = script, options
        self.watches = watches or []
        self.writers: list[tuple[str, Row | None]] = [("", None)] * len(self.watches)
        self.bytes, self.cpus, self.foreign = DEFAULT_BYTES, 1, ""
        self.before = 0  # instructions that ended in machines before this one
        self.target, self.only_next = 0, False
        self.case: _Case | None = None
        self.ends: list[CaseEnd] = []
        self.messages: list[str] = []  # outside of every test case
        self.found: list[Shown | None] = []  # for each difference, in order
        self._fresh()

    def run(self) -> list[CaseEnd]:
        """Follow the script to its end; one without a test case is skipped as a whole. Raises TraceError for what only
        the machine can refuse."""
        for number, step in enumerate(self.script.steps):
            self.step = number
            self._values = [watch.value(self.machine) if watch.step > self.step else None for watch in self.watches]
            getattr(self, DOES[step.verb])(step, *step.operands)
            if self.only_next and step.verb != "cpu":
                self.target, self.only_next = self.usual_target, False
            if step.verb in ("store", "loadcore", "gpr", "cr", "sysclear"):
                self._look(f"line {step.line}: {self.script.lines[step.line - 1].strip()[:60]}", None)
        if not self.ends:
            why = "its *If leave out every test case"
            self.ends.append(CaseEnd(Path(self.script.filename).stem, (), tuple(self.messages), why, 0, 0.0, ""))
        return self.ends

    # The machine ------------------------------------------------------------------------------------------------------

    def _fresh(self) -> None:
        self.machine = Machine(self.bytes, cpus=self.cpus, tlb=self.options.tlb, model=self.options.model)
        self.machine.cpus[0].record.stopped = STOPPED_STATE
        self.filled = False
        self.target = self.usual_target = 0
        self.shown: dict[str, Shown] = {}
        self.interruptions = _Interruptions()
        self.machine.observe(self.interruptions)

    def _configure(self, step: Step) -> None:
        """Make the machine anew with what `numcpu` or `mainsize` says: it holds nothing yet that could be lost."""
        if self.filled:
            raise self._refused(step, f"{step.verb} makes a machine anew, and storage has been filled already; put it"
                                " before that, or sysclear before it")  # fmt: skip
        self.before += self.machine.count
        try:
            self._fresh()
        except MemoryError:
            raise self._refused(step, "this computer has not the storage that the script asks for") from None

    def _refused(self, step: Step, message: str) -> TraceError:
        position = Position(self.script.filename, step.line, self.script.lines[step.line - 1])
        return TraceError([Complaint(position, None, message)])

    @property
    def _cpu(self) -> CPU:
        return self.machine.cpus[self.target]

    @property
    def count(self) -> int:
        """Instructions that have ended so far."""
        return self.before + self.machine.count

    # Commands ---------------------------------------------------------------------------------------------------------

    def _sysclear(self, step: Step) -> None:
        self.machine.clear_reset()
        self.machine.set_psw(0, 0)
        self.machine.cpus[0].record.stopped = STOPPED_STATE
        self.filled = False

    def _archlvl(self, step: Step, name: str, ours: bool) -> None:
        self.foreign = "" if ours else f"{name} mode is not implemented: z/Architecture only"

    def _numcpu(self, step: Step, number: int) -> None:
        self.cpus = number
        self._configure(step)

    def _mainsize(self, step: Step, size: int) -> None:
        self.bytes = size
        self._configure(step)

    def _select_cpu(self, step: Step, number: int, only_next: bool) -> None:
        if number >= self.cpus:
            raise self._refused(step, f"there is no CPU {number}; `numcpu {number + 1}` at the beginning gives one")
        self.target, self.only_next = number, only_next
        if not only_next:
            self.usual_target = number

    def _within(self, step: Step, act: Callable[[], bytes | None]) -> bytes | None:
        """Return what `act` returns; it accesses storage. Raises TraceError where there is none."""
        try:
            return act()
        except IndexError:
            raise self._refused(step, f"the guest has {self.bytes:#x} bytes of storage; `mainsize` at the beginning"
                                " gives more") from None  # fmt: skip

    def _loadcore(self, step: Step, address: int, data: bytes) -> None:
        self.filled = True
        self._within(step, lambda: self.machine.write(address, data))

    def _store(self, step: Step, space: str, address: int, data: bytes) -> None:
        self.filled = True
        try:
            self._within(step, lambda: _write(self.machine, self._cpu, space, address, data))
        except NotTranslated as error:
            raise self._refused(step, f"nothing can be stored there: {error}") from None

    def _show(self, step: Step, space: str, address: int, length: int) -> None:
        cpu = self.target

        def sample(machine: Machine) -> bytes:
            return _read(machine, machine.cpus[cpu], space, address, length)

        try:
            value = self._within(step, lambda: _read(self.machine, self._cpu, space, address, length)) or b""
            key = self.machine.block(_absolute(self.machine, self._cpu, space, address)).key
        except NotTranslated as error:
            value, key = b"", 0
            self._differs(step, of_cpu(cpu, f"{space} {address:#x}"), "storage", f"none: {error}")
        self.shown["show"] = Shown(self.step, of_cpu(cpu, f"{space} {address:#x}"), cpu, value, key, sample)

    def _registers(self, step: Step, number: int | None = None, value: int = 0) -> None:
        cpu = self._cpu
        if number is not None:
            self.filled = True
            cpu.record[step.verb if step.verb == "cr" else "gr"][number] = value
            cpu.set_psw(*cpu.psw)  # lets a control register take effect
            return
        record = cpu.cr if step.verb == "cr" else cpu.gr
        self.shown[step.verb] = Shown(self.step, "", self.target, tuple(map(int, record)))

    def _prefix(self, step: Step) -> None:
        self.shown["pr"] = Shown(self.step, "", self.target, (int(self._cpu.record.prefix),))

    # Running ----------------------------------------------------------------------------------------------------------

    def _runtest(self, step: Step, how: str, seconds: float) -> None:
        if self.foreign:
            if self.case:
                self.case.skipped = self.foreign
            return
        self.filled = True
        machine, cpu = self.machine, self._cpu
        if how in OLD_PSWS:
            _write(machine, cpu, "r", int(at.RESTART_NEW), _read(machine, cpu, "r", int(OLD_PSWS[how]), PSW_BYTES))
        if how == "start":
            cpu.record.stopped = OPERATING
        else:
            perform(machine, "restart", cpu=self.target)
        machine.port.lost_steps = 0  # the interruption loop that an earlier runtest ended in is not this one's
        self.interruptions.codes.clear()
        self.interruptions.last = None
        stop = self._run(seconds)
        machine.look()
        if self.case:
            self._judge(self.case, step, stop, seconds)

    def _run(self, seconds: float) -> Stop:
        limit = self.options.limit or DEFAULT_LIMIT
        if self.options.engine != "step" and not self.watches:
            return self.machine.run(limit, seconds)
        deadline = time.monotonic() + seconds
        for _ in range(limit):
            before = self.machine.count
            stop = self.machine.run(1)
            if self.watches:
                came = f"what came after instruction {before}: an interruption", None
                self._look(*(came if self.machine.count == before else _instruction(self.machine)))
            if stop.reason is not Reason.LIMIT:
                return stop
            if time.monotonic() > deadline:
                return replace(stop, reason=Reason.TIMEOUT)
        return stop

    def _judge(self, case: _Case, step: Step, stop: Stop, seconds: float) -> None:
        """Compare how the run ended with how it should."""
        case.stop = stop, step.line
        last = self.interruptions.last
        detail = f"the last program interruption: {taken_text(last, NO_SYMBOLS)}" if last else ""
        if stop.reason in OUT_OF_TIME:
            limit = self.options.limit or DEFAULT_LIMIT
            out = f"{limit:,} instructions (--limit)" if stop.reason is Reason.LIMIT else f"{seconds:g} seconds"
            actual = f"none within {out}; the next instruction is at {stop.psw_ia:#x}"
            self._differs(step, "stop", "disabled-wait", actual, detail)
        elif stop.reason not in WAITED or (stop.exit_code and not case.program):
            self._differs(step, "stop", "disabled-wait code=0x0", stop_text(stop), detail)
        if case.program:
            line, code = case.program
            if code not in self.interruptions.codes if code is not None else not last:
                expected = "pgm" if code is None else f"pgm {code:#06x}"
                self._differs(step._replace(line=line), "interruption", expected,
                              taken_text(last, NO_SYMBOLS) if last else "none")  # fmt: skip
            case.program = None

    # Directives -------------------------------------------------------------------------------------------------------

    def _begin(self, step: Step, name: str) -> None:
        self.case = _Case(name, self.count)
        self.case.messages, self.messages = self.messages, []
        self.shown.clear()

    def _done(self, step: Step, nowait: bool) -> None:
        case = self.case
        assert case, "the reader sees to it"
        if case.program:
            self._differs(step._replace(line=case.program[0]), "interruption", "a runtest behind *Program", "none")
        if not nowait and not case.skipped and case.stop and case.stop[0].reason is Reason.STOPPED:
            self._differs(step._replace(line=case.stop[1]), "stop", "disabled-wait code=0x0", stop_text(case.stop[0]),
                          "`*Done nowait` accepts it")  # fmt: skip
        differences = () if case.skipped else tuple(case.differences)
        self.ends.append(CaseEnd(case.name, differences, tuple(case.messages), case.skipped, self.count - case.count,
                                 time.perf_counter() - case.started, capture(self.machine).digest()))  # fmt: skip
        if case.skipped:
            del self.found[len(self.found) - len(case.differences) :]
        self.case = None

    def _explain(self, step: Step, text: str) -> None:
        if self.case:
            self.case.explanation.append(text)

    def _message(self, step: Step, text: str) -> None:
        (self.case.messages if self.case else self.messages).append(text)

    def _program(self, step: Step, code: int | None) -> None:
        if self.case:
            self.case.program = step.line, code

    def _want(self, step: Step, name: str, wanted: bytes) -> None:
        shown = self.shown["show"]
        data = shown.value
        assert isinstance(data, bytes)
        subject = f'{shown.where} "{name}"' if name else shown.where
        detail = ""
        if data and len(data) != len(wanted):
            detail = f"{len(data)} bytes were shown, and {len(wanted)} are wanted"
        elif data != wanted and data:
            first = next(n for n, (a, b) in enumerate(zip(data, wanted, strict=True)) if a != b)
            detail = f"the first difference is in byte {first:#x}"
        if data:  # else it is told already that there is no storage
            self._compare(step, subject, hexadecimal(wanted), hexadecimal(data), data == wanted, shown, detail)

    def _register(self, step: Step, number: int, wanted: int) -> None:
        control = step.verb == "*Cr"
        shown = self.shown["cr" if control else "gpr"]
        cpu, field = shown.cpu, "cr" if control else "gr"
        shown = shown._replace(sample=lambda machine: int(machine.cpus[cpu].record[field][number]))
        subject = of_cpu(cpu, f"{'cr' if control else 'r'}{number}")
        value = int(shown.value[number])
        self._compare(step, subject, f"{wanted:#x}", f"{value:#x}", value == wanted, shown)

    def _key(self, step: Step, wanted: int) -> None:
        shown = self.shown["show"]
        self._compare(step, f"key {shown.where.split()[-1]}", f"{wanted:02X}", f"{shown.key:02X}", wanted == shown.key,
                      shown._replace(sample=None))  # fmt: skip

    def _want_prefix(self, step: Step, wanted: int) -> None:
        shown = self.shown["pr"]
        value, cpu = int(shown.value[0]), shown.cpu
        shown = shown._replace(sample=lambda machine: int(machine.cpus[cpu].record.prefix))
        self._compare(step, of_cpu(cpu, "prefix"), f"{wanted:#x}", f"{value:#x}", value == wanted, shown)

    def _compare(
        self, step: Step, subject: str, expected: str, actual: str, same: bool, shown: Shown, detail: str = ""
    ) -> None:
        """Note a comparison that failed, with the explanation that was given for it; one that did not takes it too."""
        case = self.case
        assert case, "the reader sees to it"
        explanation, case.explanation = "; ".join(case.explanation), []
        if not same:
            self._differs(step, subject, expected, actual, "; ".join(filter(None, (detail, explanation))), shown)

    def _differs(
        self, step: Step, subject: str, expected: str, actual: str, detail: str = "", shown: Shown | None = None
    ) -> None:
        if self.case:
            self.case.differences.append(Difference(subject, expected, actual, step.line, detail))
            self.found.append(shown)

    # Watching ---------------------------------------------------------------------------------------------------------

    def _look(self, writer: str, row: Row | None) -> None:
        """Note the writer of everything watched that has changed."""
        for number, watch in enumerate(self.watches):
            if watch.step > self.step:
                value = watch.value(self.machine)
                if value != self._values[number]:
                    self._values[number], self.writers[number] = value, (writer, row)


DOES = {
    "sysclear": "_sysclear", "archlvl": "_archlvl", "numcpu": "_numcpu", "mainsize": "_mainsize", "cpu": "_select_cpu",
    "loadcore": "_loadcore", "store": "_store", "show": "_show", "gpr": "_registers", "cr": "_registers",
    "pr": "_prefix", "runtest": "_runtest", "*Testcase": "_begin", "*Done": "_done", "*Explain": "_explain",
    "*Message": "_message", "*Program": "_program", "*Want": "_want", "*Gpr": "_register",
    "*Cr": "_register", "*Key": "_key", "*Prefix": "_want_prefix",
}  # fmt: skip


def follow(script: Script, options: Options) -> list[CaseEnd]:
    """Return what came of each test case, and of each difference who wrote what was found. Raises TraceError."""
    execution = ScriptExecution(script, options)
    ends = execution.run()
    watches = {
        number: Watch(shown.step, shown.sample)
        for number, shown in enumerate(execution.found)
        if shown and shown.sample
    }
    if not options.explain or not watches or execution.count > EXPLAINED:
        return ends
    again = ScriptExecution(script, options, list(watches.values()))
    again.run()
    writers = dict(zip(watches, again.writers, strict=True))
    numbers = count()
    return [
        end._replace(differences=tuple(_explained(found, writers.get(next(numbers))) for found in end.differences))
        for end in ends
    ]


def _explained(difference: Difference, writer: tuple[str, Row | None] | None) -> Difference:
    """Return the difference with who wrote what it is about, if that was looked for."""
    if writer is None:
        return difference
    text, row = writer
    rule = f'PoP ch. {row.chapter} "{row.name}"' if row else ""
    return difference._replace(writer=text or "nothing: it is as it was at the start", rule=rule)


def _instruction(machine: Machine) -> tuple[str, Row | None]:
    """Return the text and the place of the instruction that was executed, and its row."""
    ia = int(machine.port.insn_ia)
    number = f"instruction {machine.count}" + (f", cpu{machine.running.number}" if len(machine.cpus) > 1 else "")
    try:
        found = disassemble(machine.read(ia, min(6, machine.storage.size - ia)), ia)
    except (IndexError, ValueError):
        return f"{number} at {ia:#x}", None
    return f"{found.text}, {number}, at {ia:#x}", found.row


def _absolute(machine: Machine, cpu: CPU, space: str, address: int) -> int:
    """Return the absolute address that an address of a space stands for. Raises NotTranslated."""
    if space == "abs":
        return address
    return prefixed(cpu, address) if space == "r" else machine.view.to_absolute(cpu, address)


def _read(machine: Machine, cpu: CPU, space: str, address: int, length: int) -> bytes:
    return b"".join(machine.read(_absolute(machine, cpu, space, start), part) for start, part in parts(address, length))


def _write(machine: Machine, cpu: CPU, space: str, address: int, data: bytes) -> None:
    pieces = [(_absolute(machine, cpu, space, start), part) for start, part in parts(address, len(data))]
    if any(absolute + part > machine.storage.size for absolute, part in pieces):
        raise IndexError(f"{address:#x}")
    for absolute, part in pieces:
        machine.write(absolute, data[:part])
        data = data[part:]

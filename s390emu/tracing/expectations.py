"""What a run should have come to, against what it came to: `.expect` and `.open` (docs/traces.md "Closed").

Pure: states in, differences out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from s390emu.architecture import assigned_storage as at
from s390emu.architecture.page_states import RESIDENT, ZERO
from s390emu.architecture.psw_bits import EXTERNAL, IO, MACHINE_CHECK, WAIT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.machine import CPU, Machine, Reason, Stop
from s390emu.machine.view import WHOLE_VECTORS
from s390emu.tracing.machine_state import CC, MachineState, content_of, key_text, page_of, page_text, registers_of
from s390emu.tracing.prepare import DISABLED_WAIT_MASK, END_CODES
from s390emu.tracing.statements import CLASSES
from s390emu.tracing.trace import NOWHERE, UNSAID, Page, Statement, Trace, of_cpu
from s390emu.tracing.wording import Symbols, Taken, expected_text, hexadecimal, reason_text, stop_text, taken_text

ACC_F, RC = 0xF8, 0x06
KEY_BITS = ((0xF0, "ACC"), (8, "F"), (4, "R"), (2, "C"))
WAITING_FOR = int(IO | EXTERNAL | MACHINE_CHECK)
LOOP = reason_text(Reason.INTERRUPTION_LOOP)
NEAR = 8  # differing bytes no farther apart than this are told as one
KIND = {class_name: name for name, class_name in CLASSES.items()}
OPEN_GROUPS = {"gr": "r", "cr": "cr", "ar": "ar", "fpr": "f", "vr": "v"}
PART_OF_VECTOR = re.compile(r"(?:f([0-9]+)|v([0-9]+)l)")  # bits 0-63 and bits 64-127
# Real addresses at which an interruption stores: PoP ch. 3 "Assigned Storage Locations".
STORED = {
    "pgm": (
        (at.PGM_ILC, 4),
        (at.DATA_EXCEPTION_CODE, 4),
        (at.MONITOR_CLASS, 2),
        (at.EXCEPTION_ACCESS_ID, 1),
        (at.OPERAND_ACCESS_ID, 1),
        (at.TEID, 8),
        (at.MONITOR_CODE, 8),
        (at.BREAKING_EVENT_ADDRESS, 8),
        (at.PGM_OLD, 16),
    ),
    "svc": ((at.SVC_ILC, 4), (at.SVC_OLD, 16)),
    "ext": ((at.EXTERNAL_PARAMETER, 8), (at.EXTERNAL_PARAMETER_64, 8), (at.EXTERNAL_OLD, 16)),
    "mck": (
        (at.ARCHITECTURAL_MODE, 1),
        (at.MCK_CODE, 8),
        (at.FAILING_STORAGE_ADDRESS, 8),
        (at.FP_SAVE, 0x200),
        (at.MCK_OLD, 16),
    ),
    "io": ((at.IO_SUBSYSTEM_ID, 12), (at.IO_OLD, 16)),
    "restart": ((at.RESTART_OLD, 16),),
}


class Difference(NamedTuple):
    """Something that is not as expected. line: of the trace, None where the trace does not name it.

    sample: what of the machine to watch for the instruction that made it so (None: nothing).
    """

    subject: str
    expected: str
    actual: str
    line: int | None = None
    detail: str = ""
    sample: Callable[[Machine], object] | None = None
    address: int = NOWHERE
    writer: str = ""
    rule: str = ""
    cpu: int = 0  # whose it is; its name is in `subject`

    @property
    def kind(self) -> str:
        """What it is about, without addresses and numbers: r2, mem, interruption, psw ..."""
        if self.subject.startswith("host event"):
            return "host event"
        return self.subject.removeprefix(of_cpu(self.cpu, "")).split()[0]

    @property
    def short(self) -> str:
        """What differs, without a word on why."""
        if self.subject.startswith("host event"):
            return f"host event `{self.expected}` {self.actual}"
        return f"{self.subject}: expected {self.expected}, is {self.actual}"

    def __str__(self) -> str:
        text = self.short
        if self.subject.startswith("host event"):
            return text
        text += f" ({self.detail})" if self.detail else ""
        text += f"\n      by   {self.writer}" if self.writer else ""
        return text + (f"\n      rule {self.rule}" if self.rule else "")


class CpuEnd(NamedTuple):
    """How a CPU ended: its PSW, the old PSW of the last interruption that it took, its real 0-511."""

    psw: tuple[int, int]
    last_psw: tuple[int, int]
    lowcore: bytes

    @property
    def in_disabled_wait(self) -> bool:
        return self.psw[0] & int(WAIT) != 0 and self.psw[0] & WAITING_FOR == 0


class End(NamedTuple):
    """How a run ended: its states before and after, and what happened."""

    before: MachineState
    after: MachineState
    stop: Stop
    taken: tuple[Taken, ...]
    cpus: tuple[CpuEnd, ...]
    console: str
    host: dict[str, int]

    def in_default_handler(self, cpu: int) -> bool:
        """True if the last interruption of this CPU ended it, in the disabled wait that stands for a handler."""
        last = next((taken.kind for taken in reversed(self.taken) if taken.cpu == cpu), "")
        return bool(last) and self.cpus[cpu].in_disabled_wait and self.cpus[cpu].psw[1] == END_CODES[last]

    def program_psw(self, cpu: int) -> tuple[int, int]:
        """The program's own last PSW, condition code included: a default handler's is not its own."""
        return self.cpus[cpu].last_psw if self.in_default_handler(cpu) else self.cpus[cpu].psw


def differences(trace: Trace, end: End) -> list[Difference]:
    """Return everything that is not as expected, causes before what follows from them: the way that the program took
    (its interruptions in their order, its end), then what it left behind."""
    comparison = _Comparison(trace, end)
    return [
        *comparison.interruptions(),
        *comparison.stop(),
        *comparison.counts(),
        *comparison.registers(),
        *comparison.blocks(),
    ]


class _Comparison:
    def __init__(self, trace: Trace, end: End):
        self.trace, self.end = trace, end
        self.named = {(s.subject, s.address, s.cpu): s for s in trace.expect}
        self.symbols = Symbols(trace.program.symbols)
        self.prefixes = [
            {registers["prefix"] for registers in both}
            for both in zip(end.before.registers, end.after.registers, strict=True)
        ]  # of each CPU, before and after
        self.prefix_blocks = {prefix // BLOCK_SIZE + n for both in self.prefixes for prefix in both for n in (0, 1)}
        self.text_blocks = {
            block
            for address, data in trace.image
            for block in range(address // BLOCK_SIZE, (address + len(data) - 1) // BLOCK_SIZE + 1)
        }

    def _said(self, subject: str, *, address: int = NOWHERE, cpu: int = 0) -> Statement | None:
        return self.named.get((subject, address, cpu))

    # What happened --------------------------------------------------------------------------------------------------

    def interruptions(self) -> Iterator[Difference]:
        expected = [s for s in self.trace.expect if s.subject in CLASSES]
        for number, (statement, taken) in enumerate(zip(expected, self.end.taken, strict=False), 1):
            if differing := differing_details(statement, taken, self.end):
                yield self._other_interruption(number, statement, taken, differing)
        for number, statement in enumerate(expected[len(self.end.taken) :], len(self.end.taken) + 1):
            yield Difference(f"interruption {number}", expected_text(statement, self.symbols), "none", statement.line)
        for number in self._unnamed(len(expected)):
            taken = self.end.taken[number]
            subject, actual = f"interruption {number + 1}", taken_text(taken, self.symbols)
            yield Difference(subject, "none", actual, address=taken.at)

    def _other_interruption(self, number: int, statement: Statement, taken: Taken, differing: list[str]) -> Difference:
        asked, detail = {}, ""
        if (statement.subject, statement.cpu) == (taken.kind, taken.cpu):
            actual = details(taken, self.end)
            asked = {name: actual[name] for name in statement.value}
            detail = f"differs in {', '.join(differing)}"
        return Difference(
            f"interruption {number}",
            expected_text(statement, self.symbols),
            taken_text(taken, self.symbols, asked),
            statement.line,
            detail,
            address=taken.at,
        )

    def _unnamed(self, named: int) -> Iterator[int]:
        """Yield the interruptions, counted from 0, that come behind the named ones and are not accounted for."""
        said, stop = self._said("stop"), self.end.stop
        loop = said is not None and said.value["reason"] == reason_text(stop.reason) == LOOP
        for number in range(named, len(self.end.taken)):
            if not (loop and is_repeated(self.end.taken, number)):
                yield number

    def stop(self) -> Iterator[Difference]:
        stop, said = self.end.stop, self._said("stop")
        if said is None:
            codes = self._end_codes(stop.cpu)
            if stop.reason is not Reason.DISABLED_WAIT or stop.psw_ia not in codes:
                expected = " or ".join(f"disabled-wait code={code:#x}" for code in codes)
                yield Difference("stop", expected, stop_text(stop, with_cpu=self.trace.cpus.number > 1))
            return
        asked = said.value
        actual = {"reason": reason_text(stop.reason), "code": stop.psw_ia, "cpu": stop.cpu}
        if any(actual[name] != value for name, value in asked.items()):
            expected = asked["reason"] + (f" code={asked['code']:#x}" if "code" in asked else "")
            expected += f" cpu={asked['cpu']}" if "cpu" in asked else ""
            yield Difference("stop", expected, stop_text(stop, with_cpu="cpu" in asked), said.line)

    def _end_codes(self, cpu: int) -> list[int]:
        """Return the codes of a disabled wait in which this CPU may end unless more is said."""
        expected = [s.subject for s in self.trace.expect if s.subject in CLASSES and s.cpu == cpu]
        return sorted({0, *(END_CODES[kind] for kind in expected[-1:])})

    def counts(self) -> Iterator[Difference]:
        said = self._said("console")
        expected = said.value if said else ""
        if self.end.console != expected and (said or "console" not in self.trace.open):
            yield Difference("console", repr(expected), repr(self.end.console), said and said.line)
        for statement in self.trace.expect:
            if statement.subject == "host":
                ((name, value),) = statement.value.items()
                if self.end.host[name] != value:
                    yield Difference(f"host {name}", str(value), str(self.end.host[name]), statement.line)

    # Registers ------------------------------------------------------------------------------------------------------

    def registers(self) -> Iterator[Difference]:
        for cpu in range(len(self.end.cpus)):
            yield from self._registers(cpu)
            yield from self._psw(cpu)

    def _registers(self, cpu: int) -> Iterator[Difference]:
        mask, _ = self.end.program_psw(cpu)
        after = self.end.after.registers[cpu] | {"cc": mask >> 44 & 3, "psw.mask": mask & ~CC}
        after["psw.ia"] = self.end.program_psw(cpu)[1]
        for name, before in self.end.before.registers[cpu].items():
            said, value = self._said_of_register(name, cpu)
            if said is None and (after[name] == before or self._is_open(cpu, name) or not self._is_closed(cpu, name)):
                continue
            expected = value if said else before
            if name == "psw.mask":
                expected &= ~CC
            if after[name] != expected:
                yield _number(name, cpu, expected, after[name], said and said.line)

    def _said_of_register(self, name: str, cpu: int) -> tuple[Statement | None, int]:
        """Return the line that says what a register is to hold, and what that is; a line of a vector register is of
        both its halves."""
        said, whole = self._said(name, cpu=cpu), vector_of(name)
        if said or not whole:
            return said, said.value if said else 0
        said = self._said(whole, cpu=cpu)
        return said, (said.value >> 64 if name[0] == "f" else said.value % (1 << 64)) if said else 0

    def _is_closed(self, cpu: int, name: str) -> bool:
        """True if what is not named must be as it was. A PSW is compared by `_psw`; what a stop says is not said twice.
        """
        if name == "cc":
            return self._is_own_psw(cpu)
        if name == "stopped":
            return not (self.end.stop.reason is Reason.STOPPED and self.end.stop.cpu == cpu)
        return name not in ("psw.mask", "psw.ia")

    def _is_own_psw(self, cpu: int) -> bool:
        """True if `program_psw` is the program's, and not that of the wait in which it ended the CPU's work."""
        if cpu == self.end.stop.cpu or self.end.cpus[cpu].in_disabled_wait:
            return self.end.in_default_handler(cpu)
        return True

    def _psw(self, cpu: int) -> Iterator[Difference]:
        mask, ia = self.end.program_psw(cpu)
        mask &= ~CC
        said = self._said("psw", cpu=cpu)
        if said is None:
            if self._is_open(cpu, "psw") or self._said("psw.mask", cpu=cpu):
                return
            before = self.end.before.registers[cpu]["psw.mask"]
            if self._is_own_psw(cpu):
                if mask != before:
                    yield _number("psw.mask", cpu, before, mask, None)
            elif cpu != self.end.stop.cpu and ia not in self._end_codes(cpu) and not self._said("psw.ia", cpu=cpu):
                codes = " or ".join(f"disabled wait, {code:#x}" for code in self._end_codes(cpu))
                yield Difference(of_cpu(cpu, "psw addr"), codes, f"disabled wait, {ia:#x}", cpu=cpu)
            return
        if mask != said.value["mask"] & ~CC:
            yield _number("psw.mask", cpu, said.value["mask"] & ~CC, mask, said.line)
        if "addr" in said.value and said.value["addr"] != ia:
            expected, actual = self.symbols.text(said.value["addr"]), self.symbols.text(ia)
            yield Difference(of_cpu(cpu, "psw addr"), expected, actual, said.line, cpu=cpu)

    def _is_open(self, cpu: int, name: str) -> bool:
        return is_open(self.trace, cpu, name)

    # Blocks ---------------------------------------------------------------------------------------------------------

    def blocks(self) -> Iterator[Difference]:
        named = {s.address // BLOCK_SIZE for s in self.trace.expect if s.subject in ("page", "key")}
        for number, (before, after) in enumerate(zip(self.end.before.pages, self.end.after.pages, strict=True)):
            if before != after or number in named:
                yield from self._state(number, before, after)
                yield from self._key(number, before, after)
        numbers = {*self.end.before.contents, *self.end.after.contents}
        numbers |= {n for s in self.trace.expect if s.subject == "mem" for n in _blocks_of(s.address, s.value)}
        for number in sorted(numbers):
            yield from self._bytes(number)

    def _open_here(self, word: str, number: int) -> bool:
        return word in self.trace.open or f"{word} {number * BLOCK_SIZE:#x}" in self.trace.open

    def _state(self, number: int, before: Page, after: Page) -> Iterator[Difference]:
        said = self._said("page", address=number * BLOCK_SIZE)
        if said is None:
            if self._open_here("page", number):
                return
            if number in self.prefix_blocks | self.text_blocks and before.content != after.content == RESIDENT:
                before = before._replace(content=RESIDENT)  # implied: it was touched
        expected = (said.value if said else before)._replace(key=UNSAID)
        if after._replace(key=UNSAID) != expected:
            address = number * BLOCK_SIZE
            yield Difference(
                f"page {address:#x}",
                page_text(expected),
                page_text(after),
                said and said.line,
                sample=lambda m: page_of(m, number)._replace(key=UNSAID),
                address=address,
            )

    def _key(self, number: int, before: Page, after: Page) -> Iterator[Difference]:
        said = self._said("key", address=number * BLOCK_SIZE)
        page = self._said("page", address=number * BLOCK_SIZE)
        if said:
            expected, mask, line = said.value, ACC_F | RC, said.line
        elif page and page.value.key != UNSAID:
            expected, mask, line = page.value.key, ACC_F | RC, page.line
        elif self._open_here("key", number):
            return
        else:
            expected, mask, line = before.key, ACC_F | RC, None
            if number in self.prefix_blocks | self.text_blocks:
                mask = ACC_F  # implied: instructions are fetched here, interruptions store here
            if after.content == ZERO != before.content:
                expected, mask = expected & ACC_F, RC  # discarded: R = C = 0, ACC, F open (docs/page-hinting.md 6)
        differing = (after.key ^ expected) & mask
        if differing:
            address = number * BLOCK_SIZE
            bits = ", ".join(name for bit, name in KEY_BITS if differing & bit)
            yield Difference(
                f"key {address:#x}", key_text(expected), key_text(after.key), line, f"differs in {bits}",
                lambda machine: page_of(machine, number).key, address,
            )  # fmt: skip

    def _bytes(self, number: int) -> Iterator[Difference]:
        before, after = self.end.before.block(number), self.end.after.block(number)
        if after is None:
            return  # its copy is damaged, which only a touch can tell
        start = number * BLOCK_SIZE
        expected = bytearray(BLOCK_SIZE if self.end.after.pages[number].content == ZERO or before is None else before)
        checked = np.ones(BLOCK_SIZE, bool)
        if self._open_here("mem", number):
            checked[:] = False
        for low, length in self._implied(number):
            checked[low : low + length] = False
        lines: dict[int, int] = {}
        for statement in self.trace.expect:
            if statement.subject == "mem":
                for offset, byte in enumerate(statement.value, statement.address - start):
                    if 0 <= offset < BLOCK_SIZE:
                        expected[offset], checked[offset], lines[offset] = byte, True, statement.line
        differs = np.flatnonzero(checked & (np.frombuffer(bytes(expected), np.uint8) != np.frombuffer(after, np.uint8)))
        runs = np.split(differs, np.flatnonzero(np.diff(differs) > NEAR) + 1) if len(differs) else []
        for run in runs:
            low, high = int(run[0]), int(run[-1]) + 1
            yield Difference(
                f"mem {start + low:#x}", hexadecimal(expected[low:high]), hexadecimal(after[low:high]), lines.get(low),
                sample=_bytes_sample(number, low, high), address=start + low,
            )  # fmt: skip

    def _implied(self, number: int) -> Iterator[tuple[int, int]]:
        """Offsets in a block of the prefix area where the interruptions that were taken have stored."""
        for kind, cpu in {(taken.kind, taken.cpu) for taken in self.end.taken}:
            for real, length in STORED[kind]:
                for prefix in self.prefixes[cpu]:
                    if (prefix + int(real)) // BLOCK_SIZE == number:
                        yield int(real) % BLOCK_SIZE, length
        if number in self.prefix_blocks and "lowcore" in self.trace.open:
            yield 0, BLOCK_SIZE


def vector_of(name: str) -> str:
    """Return the vector register, of the first sixteen, that a register is half of; nothing if it is not."""
    found = PART_OF_VECTOR.fullmatch(name)
    return f"v{found[1] or found[2]}" if found else ""


def is_open(trace: Trace, cpu: int, name: str) -> bool:
    """True if the trace leaves a register open, by its own name or that of all its kind."""
    opened = trace.open
    names = {name, vector_of(name)} - {""}
    letters = {each.rstrip("0123456789") for each in names}
    return any(of_cpu(cpu, each) in opened for each in names) or any(
        of_cpu(cpu, group) in opened and group_letters in letters for group, group_letters in OPEN_GROUPS.items()
    )


def differing_details(statement: Statement, taken: Taken, end: End) -> list[str]:
    """Return what the trace says of an interruption and does not hold: names of details, or that of the class alone."""
    if (statement.subject, statement.cpu) != (taken.kind, taken.cpu):
        return [statement.subject]
    actual = details(taken, end)
    return [name for name, value in statement.value.items() if actual[name] != value]


def is_repeated(taken: Sequence[Taken], number: int) -> bool:
    """True if this interruption is the one before it, of its CPU, once more, the same in every fact: how a loop of them
    goes on."""
    this = taken[number]._replace(instruction=0)
    before = next((other for other in reversed(taken[:number]) if other.cpu == this.cpu), None)
    return before is not None and before._replace(instruction=0) == this


def details(taken: Taken, end: End) -> dict[str, int]:
    """Everything that can be said of an interruption. What is only in storage is that of the last one of its class, on
    its CPU."""
    lowcore = end.cpus[taken.cpu].lowcore

    def word(real, length: int) -> int:
        return int.from_bytes(lowcore[int(real) : int(real) + length], "big")

    found = {
        "code": taken.code,
        "at": taken.at,
        "old": taken.old,
        "ilc": taken.ilc,
        "teid": taken.teid,
        "address": taken.teid & ~0xFFF,
        "dxc": word(at.DATA_EXCEPTION_CODE, 4),
    }
    if taken.kind == "mck":
        found["address"] = word(at.FAILING_STORAGE_ADDRESS, 8)
    elif taken.kind == "ext":
        found["parameter"], found["from"] = word(at.EXTERNAL_PARAMETER, 4), word(at.CPU_ADDRESS, 2)
    elif taken.kind == "io":
        found["parameter"], found["word"] = word(at.IO_PARAMETER, 4), word(at.IO_WORD, 4)
        found["code"] = word(at.IO_SUBSYSTEM_ID, 4)
    return found


def _number(name: str, cpu: int, expected: int, actual: int, line: int | None) -> Difference:
    differing = expected ^ actual
    width = 128 if name in WHOLE_VECTORS else 64
    bits = [str(bit) for bit in range(width) if differing >> (width - 1 - bit) & 1]
    shown = f"bit{'s' * (len(bits) > 1)} {', '.join(bits[:8])}{', ...' * (len(bits) > 8)}" if name != "cc" else ""
    subject = of_cpu(cpu, name.replace("psw.mask", "psw mask"))
    return Difference(subject, f"{expected:#x}", f"{actual:#x}", line, shown, _register_sample(name, cpu), cpu=cpu)


def _register_sample(name: str, cpu: int):
    if name in ("cc", "psw.mask"):
        return lambda machine: _program_psw(machine.cpus[cpu])
    return lambda machine: registers_of(machine.cpus[cpu])[name]


def _program_psw(cpu: CPU) -> int:
    """PSW bits 0-63, of the program rather than of the default handler that it ended in."""
    mask, ia = cpu.psw
    last = cpu.last_interruption
    return last.psw_mask if last and mask == DISABLED_WAIT_MASK and ia in END_CODES.values() else mask


def _bytes_sample(number: int, low: int, high: int):
    def sample(machine):
        data = content_of(machine, number)
        return data and data[low:high]

    return sample


def _blocks_of(address: int, data: bytes) -> range:
    return range(address // BLOCK_SIZE, (address + max(len(data), 1) - 1) // BLOCK_SIZE + 1)

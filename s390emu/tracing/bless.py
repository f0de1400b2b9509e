"""Rewrite a trace's `.expect` from a run, and show the difference. Only when asked: `s390emu test --bless`.

A line that holds stays as it is, symbols, comments and all; one that does not gets its new value; what changed without
being named is added; and what never came is dropped. Everything else in the file stays.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.input_files import read_text
from s390emu.machine import Reason
from s390emu.tracing.execution import Options
from s390emu.tracing.expectations import Difference, End, differing_details, is_repeated
from s390emu.tracing.machine_state import CC, key_text, page_text
from s390emu.tracing.runner import SCRIPT, TraceResult, run_trace
from s390emu.tracing.statements import CLASSES
from s390emu.tracing.trace import UNSAID, Statement, Trace, of_cpu
from s390emu.tracing.trace_file import SECTIONS
from s390emu.tracing.wording import Symbols, Taken, expected_text, stop_text, taken_text

LONGEST = 32  # bytes of storage on one line


class Blessing(NamedTuple):
    """text: the trace as it should be; diff: unified, empty where nothing is to be changed. result: the run before."""

    path: str
    text: str
    diff: str
    result: TraceResult


class BlessError(Exception):
    """The run cannot be what the trace means: it was skipped, is malformed, or a host event did not happen."""


def bless(path: str | Path, *, write: bool = True, options: Options = Options()) -> Blessing:  # noqa: B008 (immutable)
    """Run the trace and bring its `.expect` up to date. Raises BlessError; FileError, OSError."""
    if Path(path).suffix == SCRIPT:
        raise BlessError(f"{path}: not blessed: a Hercules test script; what it expects is written by hand (*Want ...)")
    if Path(path).is_symlink():
        raise BlessError(f"{path}: not blessed: a link; bless {os.path.realpath(path)} itself")
    before = read_text(path)
    result = run_trace(path, options=options._replace(explain=False))
    if result.trace is None or result.end is None:
        raise BlessError(f"{path}: not blessed: {result.message}")
    if result.differences and result.differences[0].subject.startswith("host event"):
        raise BlessError(f"{path}: not blessed: {result.differences[0]}")
    after = _rewritten(result.trace, result.end, result.differences)
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    diff = "".join(difflib.unified_diff(*lines, str(path), f"{path} (blessed)"))
    if write and diff:
        Path(path).write_text(after, "utf-8")
    return Blessing(str(path), after, diff, result)


def _rewritten(trace: Trace, end: End, found: tuple[Difference, ...]) -> str:
    changed = {difference.line for difference in found if difference.line}
    # Of interruptions all are written again as soon as one is not as expected: they have no names, only an order.
    interruptions = any(difference.subject.startswith("interruption") for difference in found)
    header = next(n for n, line in enumerate(trace.lines) if re.match(r"\.expect\b", line))
    following = range(header + 1, len(trace.lines))
    stop = next((n for n in following if trace.lines[n].split()[:1] and trace.lines[n].split()[0] in SECTIONS
                 and trace.lines[n][0] == "."), len(trace.lines))  # fmt: skip
    statements = {statement.line: statement for statement in trace.expect}
    symbols = Symbols(trace.program.symbols)
    taken = list(end.taken)
    while end.stop.reason is Reason.INTERRUPTION_LOOP and is_repeated(taken, len(taken) - 1):
        taken.pop()  # the stop line accounts for it
    body = [f"  {_interruption(trace, one, end, symbols)}" for one in taken] if interruptions else []
    for number in range(header + 1, stop):
        line, statement = trace.lines[number], statements.get(number + 1)
        if statement and statement.subject in CLASSES and interruptions:
            continue
        if statement and number + 1 in changed:
            line = _with_comment(f"  {_fact(statement, end, symbols)}", line)
        body.append(line)
    blanks = []
    while body and not body[-1].strip():
        blanks.append(body.pop())
    body += [f"  {text}" for text in _unnamed(found, end)]
    return "\n".join((*trace.lines[: header + 1], *body, *blanks, *trace.lines[stop:])) + "\n"


def _interruption(trace: Trace, taken: Taken, end: End, symbols: Symbols) -> str:
    """Return the interruption as the trace had it, if it did."""
    for statement in trace.expect:
        if statement.subject in CLASSES and not differing_details(statement, taken, end):
            return expected_text(statement, symbols)
    return taken_text(taken, symbols)


def _with_comment(text: str, line: str) -> str:
    comment = re.search(r"\s+#.*$", line)
    return text + (comment[0] if comment else "")


def _fact(statement: Statement, end: End, symbols: Symbols) -> str:
    """The line again, with what the run came to."""
    subject, value, cpu = statement.subject, statement.value, statement.cpu
    mask, ia = end.program_psw(cpu)
    after = end.after
    if subject == "stop":
        return f"stop {stop_text(end.stop, with_cpu='cpu' in value)}"
    if subject == "console":
        return 'console = "' + end.console.encode("unicode_escape").decode().replace('"', '\\"') + '"'
    if subject == "host":
        ((name, _),) = value.items()
        return f"host {name} = {end.host[name]}"
    name = of_cpu(cpu, subject)
    if subject == "psw":
        return f"{name} mask={mask & ~CC:#x}" + (f" addr={symbols.text(ia)}" if "addr" in value else "")
    if subject == "psw.ia":
        return f"{name} = {symbols.text(ia)}"
    if subject == "psw.mask":
        return f"{name} = {mask & ~CC:#x}"
    if subject == "cc":
        return f"{name} = {mask >> 44 & 3}"
    if subject == "mem":
        data = _storage(end, statement.address, len(value))
        return f"mem {statement.address:#x} = {_data(data)}"
    if subject == "key":
        return f"key {statement.address:#x} = {key_text(after.pages[statement.address // BLOCK_SIZE].key)}"
    if subject == "page":
        page = after.pages[statement.address // BLOCK_SIZE]
        key = f" key={key_text(page.key)}" if value.key != UNSAID else ""
        return f"page {statement.address:#x} = {page_text(page)}{key}"
    return f"{name} = {after.registers[cpu][subject]:#x}"


def _unnamed(found: tuple[Difference, ...], end: End) -> Iterator[str]:
    """What changed and `.expect` does not name."""
    pages = {
        difference.address for difference in found if difference.subject.startswith("page") and not difference.line
    }
    for difference in found:
        kind, address = difference.kind, difference.address
        if difference.line or kind == "interruption":
            continue
        if kind == "page":
            page = end.after.pages[address // BLOCK_SIZE]
            yield f"page {address:#x} = {page_text(page)} key={key_text(page.key)}"
        elif kind == "key" and address not in pages:
            yield f"key {address:#x} = {difference.actual}"
        elif kind == "mem":
            low, length = _extent(difference)
            for start in range(low, low + length, LONGEST):
                yield f"mem {start:#x} = {_data(_storage(end, start, min(LONGEST, low + length - start)))}"
        elif kind == "psw":
            mask, ia = end.program_psw(difference.cpu)
            waits = f" addr={ia:#x}" if difference.subject.endswith("addr") else ""
            yield f"{of_cpu(difference.cpu, 'psw')} mask={mask & ~CC:#x}{waits}"
        elif kind == "stop" and not end.in_default_handler(end.stop.cpu):
            yield f"stop {difference.actual}"
        elif kind == "console":
            yield 'console = "' + end.console.encode("unicode_escape").decode().replace('"', '\\"') + '"'
        elif kind not in ("key", "stop"):
            yield f"{difference.subject} = {difference.actual}"


def _extent(difference: Difference) -> tuple[int, int]:
    length = re.search(r"\((\d+) bytes\)", difference.actual)
    return difference.address, int(length[1]) if length else len(difference.actual) // 2


def _storage(end: End, address: int, length: int) -> bytes:
    data = bytearray()
    while length:
        number, offset = divmod(address, BLOCK_SIZE)
        part = min(length, BLOCK_SIZE - offset)
        data += (end.after.block(number) or bytes(BLOCK_SIZE))[offset : offset + part]
        address, length = address + part, length - part
    return bytes(data)


def _data(data: bytes) -> str:
    kinds = {8: "quad", 4: "long", 2: "short", 1: "byte"}
    if len(data) in kinds:
        return f"{kinds[len(data)]} 0x{data.hex()}"
    if len(data) > 1 and len(set(data)) == 1:
        return f"fill {len(data)}, {data[0]:#04x}"
    return f"hex {data.hex()}"

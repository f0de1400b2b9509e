"""s390emu explain: an instruction, a program-interruption code, a page state; or the coverage of the manual."""

from __future__ import annotations

import argparse
import re
from difflib import get_close_matches
from pathlib import Path

from s390emu.architecture.models import since
from s390emu.architecture.program_exceptions import PROGRAM_EXCEPTIONS
from s390emu.assembler.disassemble import disassemble, ignored_bits
from s390emu.commands.json_output import json_text
from s390emu.commands.usage import ENDED, FAILED, UsageError
from s390emu.engine.handlers import ISA, available, default_facilities, executable, function_name, on_request, places
from s390emu.input_files import FileError, read_text
from s390emu.isa.absent import reason_of
from s390emu.isa.opcodes import ROWS, Row

EXAMPLE = "s390emu explain MVC; s390emu explain 001A; s390emu explain Vz; s390emu explain --coverage"

STATES = {
    "S": "stable: the guest needs the content",
    "U": "unused: the guest does not need the content",
    "P": "potentially volatile: the guest can make the content again, unless it has changed it",
    "V": "volatile: the guest can make the content again",
    "r": "resident: in a page frame",
    "p": "preserved: on the host's paging device",
    "z": "logically zero: no frame, no copy",
}
INVALID_STATES = ("Up", "Vp", "Pp", "Pz")


def arguments(parser) -> None:
    """Add the options."""
    parser.add_argument("what", nargs="*", metavar="WHAT", help="mnemonic, hex instruction, interruption code, state")
    parser.add_argument("--coverage", action="store_true", help="every row: tab-separated, `#` lines sum up by chapter")
    parser.add_argument("--tests", type=Path, metavar="FILE",
                        help="with --coverage: what S390EMU_ROWS=FILE pytest wrote; a row without a test: exit code 1")
    parser.add_argument("--json", action="store_true", help="as JSON")


def execute(args: argparse.Namespace) -> int:
    """Print what is known of each, or of all instructions."""
    if args.tests and not args.coverage:
        raise UsageError("--tests: of --coverage only")
    if args.coverage:
        return _coverage(args.json, _tests(args.tests) if args.tests else None)
    elif not args.what:
        raise UsageError("explain what? for example: s390emu explain MVC")
    else:
        facts = [_explain(what) for what in args.what]
        if args.json:
            print(json_text({"schema": "s390emu.explain/1", "facts": facts}))
        else:
            print("\n\n".join(_text(fact) for fact in facts))
    return ENDED


def _tests(path: Path) -> dict[str, list[str]]:
    """Return by mnemonic the files of the tests that execute it."""
    try:
        words = [line.split("\t") for line in read_text(path).splitlines()]
    except FileError as error:
        raise UsageError(str(error)) from error
    return {mnemonic: files for mnemonic, *files in words}


def _coverage(as_json: bool, tests: dict[str, list[str]] | None) -> int:
    """Print every row of the table, with sums by chapter, and what tests it; return an exit code."""
    from s390emu.reports.coverage import CHAPTER_TITLES, lines, summary

    untested = [line.mnemonic for line in lines() if line.place and tests is not None and not tests.get(line.mnemonic)]

    if as_json:
        chapters = [{"chapter": c, "title": CHAPTER_TITLES[c], "implemented": done, "on_request": more, "rows": rows}
                    for c, (done, more, rows) in summary().items()]  # fmt: skip
        all_rows = [line._asdict() | ({} if tests is None else {"tests": tests.get(line.mnemonic, [])})
                    for line in lines()]  # fmt: skip
        print(json_text({"schema": "s390emu.coverage/1", "chapters": chapters, "rows": all_rows}))
        return FAILED if untested else ENDED
    for chapter, (done, more, rows) in summary().items():
        requested = f", {more} more on request" if more else ""
        print(f"# chapter {chapter:2} {CHAPTER_TITLES[chapter]}: {done} of {rows} rows implemented{requested}")
    if tests is not None:
        print(f"# without a test: {', '.join(untested) or 'none'}")
    titles = ["chapter", "opcode", "mnemonic", "status", "facility", "name", "place", "reason"]
    print(*titles, *([] if tests is None else ["tests"]), sep="\t")
    for line in lines():
        facility = "" if line.facility is None else line.facility
        fields = (line.opcode, line.mnemonic, line.status, facility, line.name, line.place, line.reason)
        tested = () if tests is None else (" ".join(tests.get(line.mnemonic, [])),)
        print(line.chapter, *fields, *tested, sep="\t")
    return FAILED if untested else ENDED


def _explain(what: str) -> dict:
    """Return the facts about a mnemonic, a state, an instruction's bytes, or a program-interruption code."""
    rows = [row for row in ROWS if row.mnemonic == what.upper()]
    if rows:
        return _instruction(rows[0])
    if len(what) == 2 and what[0] in "SUPV" and what[1] in "rpz":
        valid = what not in INVALID_STATES
        return {"state": what, "usage": STATES[what[0]], "content": STATES[what[1]], "observable": valid}
    digits = what.replace("_", "").removeprefix("0x").removeprefix("0X")
    if not re.fullmatch("[0-9a-fA-F]+", digits):
        close = get_close_matches(what.upper(), [row.mnemonic for row in ROWS], 3)
        hint = f"; did you mean {', '.join(close)}?" if close else ""
        raise UsageError(f"{what}: no mnemonic, code or state of that name{hint}")
    code = int(digits, 16)
    if len(digits) >= 4 and len(digits) % 2 == 0 and not digits.startswith("00"):
        found = disassemble(bytes.fromhex(digits))
        if found.row is None:
            raise UsageError(f"{what}: no instruction has this operation code")
        ignored = {"ones in ignored bits": ignored_bits(found)} if found.ignored else {}
        return {"text": found.text} | ignored | _instruction(found.row)
    if code in PROGRAM_EXCEPTIONS:
        return {"program interruption code": f"{code:04X}", "exception": PROGRAM_EXCEPTIONS[code]}
    raise UsageError(f"{what}: not a program-interruption code")


def _instruction(row: Row) -> dict:
    """Return the facts about a row of the table."""
    place = places().get(function_name(row.mnemonic))
    where = f"{place.path.relative_to(ISA.parents[1])}:{place.line}" if place else "no: operation exception"
    if not executable(row, available()) and (why := reason_of(row)):
        where += f"; {why}"
    if place and not executable(row, default_facilities()):
        where += f", but an operation exception: facility bit {row.facility} is not installed"
        where += f" without --facility {row.facility}" if row.facility in on_request() else ""
    return {
        "mnemonic": row.mnemonic,
        "name": row.name,
        "opcode": row.opcode,
        "format": f"{row.format.name}, {row.format.length} bytes",
        "operands": {operand.name: _fields(operand) for operand in row.format.operands},
        "facility": _facility(row.facility),
        "since": since(row.facility) or "later than z15",
        "chapter": row.chapter,
        "implemented": where,
        "meaning": _docstring(place) if place else "",
    }


def _fields(operand) -> str:
    return f"{operand.kind}, bits " + " ".join(f"{start}-{start + width - 1}" for start, width in operand.fields)


def _facility(bit: int | None) -> str:
    if bit is None:
        return "always installed"
    return f"facility bit {bit}" if bit >= 0 else "detected by trying"


def _docstring(place) -> str:
    """Return the function's docstring from the source: importing it would import Numba."""
    import ast

    functions = (node for node in ast.parse(place.path.read_text()).body if isinstance(node, ast.FunctionDef))
    return next((ast.get_docstring(f) or "" for f in functions if f.lineno == place.line), "")


def _text(fact: dict) -> str:
    out = []
    for name, value in fact.items():
        if isinstance(value, dict):
            out += [f"{name}:", *(f"    {k:4} {v}" for k, v in value.items())]
        else:
            out.append(f"{name}: {value}")
    return "\n".join(out)

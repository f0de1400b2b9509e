"""s390emu asm: assemble to a listing, an ELF program or object, or a flat binary."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from s390emu.assembler.assemble import Program
from s390emu.commands.json_output import json_text
from s390emu.commands.options import taken
from s390emu.commands.options.program import ProgramOptions, program_arguments
from s390emu.commands.programs import object_file, program
from s390emu.commands.usage import ENDED, UsageError
from s390emu.input_files import MOST_BYTES, read_text

EXAMPLE = "s390emu asm kernel.s -o kernel.elf"


def arguments(parser) -> None:
    """Add the options: the program's, and what is made of it."""
    program_arguments(parser)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to (default: a listing on stdout)")
    parser.add_argument("--format", choices=("elf", "object", "bin", "listing"),
                        help="default: elf with -o, else listing; object: relocatable, for a linker")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="symbols and sections as JSON on stdout")


def execute(args: argparse.Namespace) -> int:
    """Assemble, and write or print what was asked for."""
    options = taken(ProgramOptions, args)
    if args.format == "object":
        if args.json:
            raise UsageError("--format object: --json is of a program, whose addresses are known")
        return _write(object_file(options), args.output)
    assembled = program(options)
    form = args.format or ("elf" if args.output else "listing")
    if args.json:
        sections = [{"name": s.name, "address": s.address, "length": len(s.data)} for s in assembled.sections]
        print(json_text({"schema": "s390emu.asm/1", "entry": assembled.entry, "sections": sections,
                         "symbols": assembled.symbols}))  # fmt: skip
    if args.output is None and args.json:
        return ENDED
    if form == "listing" and not assembled.lines:
        print("s390emu: no instruction of an assembly source to list; of an ELF file: s390emu disasm", file=sys.stderr)
    make = {"elf": Program.to_elf, "bin": _flat, "listing": lambda it: listing(it).encode()}[form]
    data = make(assembled)
    if form == "listing" and not args.output:
        print(data.decode(), end="")
        return ENDED
    return _write(data, args.output)


def _write(data: bytes, output: Path | None) -> int:
    if output:
        output.write_bytes(data)
    else:
        sys.stdout.buffer.write(data)
    return ENDED


def _flat(assembled) -> bytes:
    """Return the bytes from the lowest address to the highest, gaps as zeros."""
    image = assembled.image()
    start = min((address for address, _ in image), default=0)
    length = max((address + len(data) for address, data in image), default=0) - start
    if length > MOST_BYTES:
        raise UsageError(f"a flat binary of {length:,} bytes, most of them gaps: sections are too far apart; write ELF")
    flat = bytearray(length)
    for address, data in image:
        flat[address - start : address - start + len(data)] = data
    return bytes(flat)


def listing(assembled) -> str:
    """Return address, bytes, source place and source line of each statement, in storage order."""
    sources: dict[str, list[str]] = {}
    places = sorted(assembled.lines)
    ends = (*(place[0] for place in places[1:]), None)
    out = []
    image = assembled.image()
    for (address, filename, line), end in zip(places, ends, strict=False):
        if filename not in sources:
            sources[filename] = read_text(filename, "replace").split("\n") if Path(filename).is_file() else []
        start, data = next(((s, d) for s, d in image if s <= address < s + len(d)), (address, b""))  # not loaded
        part = data[address - start : None if end is None else max(0, end - start)]
        text = sources[filename][line - 1] if line <= len(sources[filename]) else ""
        shown = part[:8].hex() + ("…" if len(part) > 8 else "")
        out.append(f"{address:08x}  {shown:17}  {filename}:{line:<5} {text}")
    return "".join(f"{text}\n" for text in out)

"""s390emu disasm: disassemble ELF files, ar archives, flat binaries or hex (docs/disassembler.md)."""

from __future__ import annotations

import argparse
import mmap
import sys
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from s390emu.assembler import archive
from s390emu.assembler.disassemble import Labels, ignored_bits, instructions, line, source
from s390emu.assembler.elf import is_elf
from s390emu.assembler.object_file import ObjectFile, Relocation
from s390emu.commands.json_output import json_text
from s390emu.commands.options import taken
from s390emu.commands.options.values import size
from s390emu.commands.programs import content
from s390emu.commands.usage import ENDED, UsageError

EXAMPLE = "s390emu disasm --hex 'B9AB 3021 E310 5000 0004'"
END = 1 << 64  # of all addresses


class Options(NamedTuple):
    """What is disassembled, a file or hexadecimal bytes; where it is, and which part of it is shown, and how."""

    file: Path | None
    hex: str | None
    base: int
    section: tuple[str, ...]
    start: int
    stop: int
    source: bool
    json: bool

    def check(self) -> None:
        """Reject what leaves nothing to disassemble."""
        if (self.hex is None) == (self.file is None):
            raise UsageError("disasm wants a FILE or --hex BYTES")
        if self.source and self.json:
            raise UsageError("--source and --json: one of them; the objects have the source too")
        if self.base < 0:
            raise UsageError(f"--base {self.base:#x}: below the first address")
        if self.start >= self.stop:
            raise UsageError(f"--start {self.start:#x} --stop {self.stop:#x}: there is nothing between them")


class Piece(NamedTuple):
    """Bytes to disassemble; the ELF file, or ARCHIVE(MEMBER), and section that they are from, if any."""

    file: str
    section: str
    address: int
    content: memoryview
    labels: Labels
    relocations: list[Relocation]


def arguments(parser) -> None:
    """Add the options."""
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE",
                        help="an ELF file of any type, an ar archive, or a flat binary")  # fmt: skip
    parser.add_argument("--hex", metavar="BYTES", help="bytes in hexadecimal instead of a file")
    parser.add_argument("--base", type=size, default=0, metavar="ADDRESS",
                        help="address of the first byte (0); added to the addresses of an ELF file")  # fmt: skip
    parser.add_argument("-j", "--section", action="append", default=[], metavar="NAME",
                        help="this section, code or not, instead of all code; may be repeated")  # fmt: skip
    parser.add_argument("--start", type=size, default=0, metavar="ADDRESS", help="nothing below this address")
    parser.add_argument("--stop", type=size, default=END, metavar="ADDRESS", help="nothing from this address on")
    parser.add_argument("--source", action="store_true", help="statements that assemble to the same bytes")
    parser.add_argument("--json", action="store_true", help="one object an instruction")


def execute(args: argparse.Namespace) -> int:
    """Print the instructions, in one of three forms."""
    options = taken(Options, args)
    options.check()
    pieces = (_between(piece, options.start, options.stop) for piece in _pieces(options))
    pieces = (piece for piece in pieces if piece.content)
    for text in _json(pieces) if options.json else _source(pieces) if options.source else _listing(pieces):
        print(text)
    return ENDED


# What there is to disassemble -----------------------------------------------------------------------------------------


def _pieces(options: Options) -> Iterator[Piece]:
    """Yield the sections of files, or all bytes of what has no sections."""
    data = _hexadecimal(options.hex or "") if options.file is None else _mapped(options.file)
    name = "--hex" if options.file is None else str(options.file)
    if options.file is not None and archive.is_archive(data):
        objects = _members(data, name, options.base)
    elif options.file is not None and is_elf(data):
        objects = iter([ObjectFile(data, name, options.base)])
    elif options.section:
        raise UsageError(f"{name}: --section {options.section[0]}: only an ELF file has sections")
    elif options.base + len(data) > END:
        raise UsageError(f"--base {options.base:#x}: the last byte would be beyond the last address")
    else:
        yield Piece("", "", options.base, memoryview(data), Labels(), [])
        return
    known: set[str] = set()
    for each in objects:
        known.update(section.name for section in each.sections)
        for section in each.sections:
            if section.name in options.section if options.section else section.code:
                labels, relocations = each.labels(section), each.relocations(section)
                yield Piece(each.name, section.name, section.address, section.content, labels, relocations)
    for missing in (section for section in options.section if section not in known):
        close = get_close_matches(missing, known, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise UsageError(f"{name}: no section {missing} that has a content{hint}")


def _members(data, name, base) -> Iterator[ObjectFile]:
    """Yield the ELF files in an archive."""
    for member, inside in archive.members(data, name):
        if is_elf(inside):
            yield ObjectFile(inside, f"{name}({member})", base)
        else:
            print(f"s390emu: {name}({member}): left out, not an ELF file", file=sys.stderr)


def _hexadecimal(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise UsageError(f"--hex {text!r}: not hexadecimal bytes (write for example 'B9AB 3021')") from None


def _mapped(path: Path) -> bytes | memoryview:
    """Return a file's content; a large one takes no storage."""
    if not path.is_file() or not path.stat().st_size:
        return content(path)
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _between(piece: Piece, start: int, stop: int) -> Piece:
    """Return the part of a piece that has these addresses."""
    first, end = max(0, start - piece.address), max(0, stop - piece.address)
    address = piece.address + first
    relocations = [relocation for relocation in piece.relocations if address <= relocation.address < stop]
    return piece._replace(address=address, content=piece.content[first:end], relocations=relocations)


# How it is shown ------------------------------------------------------------------------------------------------------


def _listing(pieces: Iterable[Piece]) -> Iterator[str]:
    """Yield the lines of a listing, with the headings of objdump."""
    file = ""
    for piece in pieces:
        if piece.file != file:
            file = piece.file
            yield f"\n{file}:     file format elf64-s390\n"
        if piece.section:
            yield f"\nDisassembly of section {piece.section}:\n"
        for address, code, instruction, relocations in _with_relocations(piece):
            yield from piece.labels.headings(address)
            yield line(address, code, instruction)
            for relocation in relocations:
                yield f"\t\t\t{relocation.address:x}: {relocation}"


def _source(pieces: Iterable[Piece]) -> Iterator[str]:
    """Yield statements; what is no byte of the pieces is in comments."""
    for piece in pieces:
        if piece.section:
            yield f"# {piece.file}, section {piece.section}"
        for address, code, _, relocations in _with_relocations(piece):
            yield from (f"# {heading}" for heading in piece.labels.headings(address))
            yield f"\t{source(code)}"
            for relocation in relocations:
                yield f"# {relocation.address:x}: {relocation}"


def _json(pieces: Iterable[Piece]) -> Iterator[str]:
    """Yield the lines of a JSON object, an instruction a line, without ever having it as a whole."""
    before = '{\n "schema": "s390emu.disasm/1",\n "instructions": ['
    for piece in pieces:
        where = {"file": piece.file, "section": piece.section} if piece.section else {}
        for address, code, instruction, relocations in _with_relocations(piece):
            fact: dict = where | {"address": address, "bytes": code.hex(), "text": instruction.text}
            fact["source"] = source(code)
            if instruction.ignored:
                fact["ignored_bits"] = ignored_bits(instruction)
            if address in piece.labels.at:
                fact["labels"] = piece.labels.at[address]
            if relocations:
                fact["relocations"] = [relocation._asdict() for relocation in relocations]
            yield before
            before = f"  {json_text(fact, None)},"
    yield before.removesuffix(",")
    yield " ]\n}"


def _with_relocations(piece: Piece) -> Iterator[tuple]:
    """Yield address, bytes, instruction, and the relocations in it."""
    following = iter(piece.relocations)
    relocation = next(following, None)
    for address, code, instruction in instructions(piece.content, piece.address, piece.labels):
        inside = []
        while relocation is not None and relocation.address < address + len(code):
            inside.append(relocation)
            relocation = next(following, None)
        yield address, code, instruction, inside

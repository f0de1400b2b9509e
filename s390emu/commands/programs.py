"""The files of a command line as programs. Imports no Numba."""

from __future__ import annotations

import sys
from pathlib import Path

from s390emu.assembler.assemble import AssemblyError, Program, assemble_object, assemble_texts
from s390emu.assembler.elf import ElfError, is_elf
from s390emu.assembler.symbols import Symbols
from s390emu.commands.options.program import ProgramOptions
from s390emu.commands.usage import UsageError
from s390emu.input_files import FileError, as_text, read

INPUT_ERRORS = (AssemblyError, ElfError, FileError)  # that name the place themselves


def content(path: Path) -> bytes:
    """Return the content of a file that the user names, which may be a pipe."""
    return read(path, pipe=True)


def program(options: ProgramOptions) -> Program:
    """Return the program of assembled sources, or of one ELF file."""
    paths = options.files
    first, *others = [content(path) for path in paths]
    if is_elf(first):
        if others:
            raise UsageError(f"{paths[1]}: one ELF file is all that can be loaded")
        from s390emu.assembler.elf_loader import read_elf

        return read_elf(first, options.origin, str(paths[0]))
    if b"\0" in first:
        raise UsageError(f"{paths[0]}: neither ELF nor text; a flat binary goes through `.incbin` or an ELF file")
    texts = [as_text(data, path, "replace") for data, path in zip((first, *others), paths, strict=True)]
    assembled = assemble_texts(zip(texts, map(str, paths), strict=True), origin=options.origin,
                               defines=dict(options.define), include_paths=options.include)  # fmt: skip
    for message in assembled.messages:
        print(message, file=sys.stderr)
    return assembled


def object_file(options: ProgramOptions) -> bytes:
    """Return the relocatable object of one source."""
    path, *others = options.files
    data = content(path)
    if others or b"\0" in data:
        raise UsageError(f"{others[0] if others else path}: an object is made of one assembly source at a time")
    messages: list[str] = []
    made = assemble_object(
        as_text(data, path, "replace"), filename=str(path), defines=dict(options.define),
        include_paths=options.include, messages=messages,
    )  # fmt: skip
    for message in messages:
        print(message, file=sys.stderr)
    return made


def labels(guest: Program) -> Symbols:
    """Return the symbols that are places in the program, not mere numbers."""
    spans = [(section.address, section.address + len(section.data)) for section in guest.sections]
    return Symbols((name, value) for name, value in guest.symbols.items() if any(a <= value < b for a, b in spans))

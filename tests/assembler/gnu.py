"""GNU as, ld, objcopy and objdump for s390x, as judges of our assembler and disassembler (docs/judges.md).

Debian: binutils-s390x-linux-gnu. Where they are missing the tests are skipped, visibly; with S390EMU_REQUIRE_JUDGES=1
that is a failure.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

import pytest

from s390emu.assembler.assemble import Program, assemble
from tests.required import require

ORIGIN = 0x10000
PREFIX = "s390x-linux-gnu-"
MARCH = "-march=arch14"
# The mnemonics that GNU as lacks, as macros.
OURS_ONLY = """\
.macro essa a, b, c
 .insn rrf,0xb9ab0000,\\a,\\b,\\c,0
.endm
.macro iucv a
 .insn s,0xb2f00000,\\a
.endm
.macro servc a, b
 .insn rre,0xb2200000,\\a,\\b
.endm
"""


def require_gnu(tool="as"):
    require(PREFIX + tool)


class GnuRefuses(Exception):
    """GNU as does not accept the source."""


def _run(tool, *arguments, cwd):
    return subprocess.run([PREFIX + tool, *map(str, arguments)], cwd=cwd, capture_output=True, text=True)


def gnu_sections(sources: list[str], program: Program, include_paths=(), defines=()) -> dict[str, bytes]:
    """What GNU as and ld make of the sources, each section at the address where `program` has it."""
    with tempfile.TemporaryDirectory() as folder:
        objects = []
        for number, source in enumerate(sources):
            name = f"{number}.s"
            (Path(folder) / name).write_text(OURS_ONLY + source + "\n")
            includes = [argument for path in include_paths for argument in ("-I", path)]
            options = includes + [f"--defsym={symbol}={value}" for symbol, value in dict(defines).items()]
            done = _run("as", "-m64", MARCH, *options, "-o", f"{number}.o", name, cwd=folder)
            if done.returncode or "Error" in done.stderr:
                raise GnuRefuses(done.stderr)
            objects.append(f"{number}.o")
        # Strings are not to be merged, unwind tables are edited by ld (test_gcc judges them), and each section is to be
        # where we have it.
        for name in objects:
            plain = [f"{section.name}=alloc,readonly,data" for section in program.sections if ".rodata" in section.name]
            plain = [f"--set-section-flags={flags}" for flags in plain]
            _run("objcopy", "--remove-section=.eh_frame", *plain, name, cwd=folder)
        places = [f"{section.name} {section.address:#x} : {{ *({section.name}) }}" for section in program.sections]
        (Path(folder) / "script").write_text("SECTIONS {" + "\n".join(places) + "}")
        done = _run("ld", "-N", "-e", "0", "--no-check-sections", "-T", "script", "-o", "all.elf", *objects, cwd=folder)
        if done.returncode:
            raise GnuRefuses(done.stderr)
        found = {}
        for section in program.sections:
            if section.bss or section.name == ".eh_frame":
                continue
            _run("objcopy", "-O", "binary", "-j", section.name, "all.elf", "section.bin", cwd=folder)
            path = Path(folder) / "section.bin"
            found[section.name] = path.read_bytes() if path.exists() else b""
            path.unlink(missing_ok=True)
        return found


def assert_same(program: Program, sources: list[str], include_paths=(), defines=()):
    """Every section has GNU's bytes; only the filler at its end is as long as each likes."""
    theirs = gnu_sections(sources, program, include_paths, defines)
    for section in program.sections:
        if section.bss or section.name == ".eh_frame":
            continue
        ours, gnu = section.data, theirs[section.name]
        if ours == gnu:
            continue
        at = next((n for n, (a, b) in enumerate(zip(ours, gnu, strict=False)) if a != b), min(len(ours), len(gnu)))
        if at == min(len(ours), len(gnu)) and not (ours[at:] + gnu[at:]).strip(b"\x07\0"):
            continue
        line = max((entry for entry in program.lines if entry[0] <= section.address + at), default="?")
        pytest.fail(
            f"{section.name}+{at:#x} differs, near {line}: ours {ours[at - 8 : at + 8].hex(' ')}, "
            f"GNU {gnu[at - 8 : at + 8].hex(' ')}"
        )


def same_as_gnu(source: str, **options):
    """Assemble a source and hold it against GNU's."""
    require_gnu()
    assert_same(assemble(source, origin=ORIGIN, **options), [source])


def objdump(instructions: list[bytes], base: int = 0) -> list[str]:
    """What objdump writes for each of the instructions, which follow each other from `base`."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "code.bin").write_bytes(b"".join(instructions))
        done = _run(
            "objdump", "-D", "-b", "binary", "-m", "s390:64-bit", "-M", "zarch", f"--adjust-vma={base}", "code.bin",
            cwd=folder,
        )  # fmt: skip
    texts = {}
    for line in done.stdout.splitlines():
        if found := re.match(r"\s*([0-9a-f]+):\t[0-9a-f ]+\t(.*)", line):
            texts[int(found[1], 16)] = " ".join(found[2].split())
    found, at = [], base
    for instruction in instructions:
        found.append(texts.get(at, "(in the middle of another)"))
        at += len(instruction)
    return found

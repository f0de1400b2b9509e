"""Every reader of files: what it is given unspoilt, how that is spoilt, and the command lines that read it."""

from __future__ import annotations

import base64
import gzip
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import chdir
from dataclasses import asdict
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import NamedTuple
from unittest.mock import patch

from s390emu.assembler.assemble import assemble, assemble_object
from s390emu.commands import registry, usage
from s390emu.commands.adversary import digest, packed
from s390emu.commands.new import GUEST, TRACE, TRACE_OF_SEVERAL_CPUS
from s390emu.farm.store import SCHEMA as CELL_SCHEMA
from s390emu.farm.store import Store
from s390emu.farm.sweep import cells
from s390emu.guests import toy_kernel
from tests.farm import pretended
from tests.fuzz import mutations
from tests.fuzz.mutations import Mutation

ROOT = Path(__file__).parents[2]
FIRMWARE = toy_kernel.folder()
Words = list[str]


class Reader(NamedTuple):
    """seeds: files as they should be. read: puts the spoilt content into a folder -> the command lines to run there."""

    seeds: Callable[[], Sequence[bytes]]
    mutations: tuple[Mutation, ...]
    read: Callable[[Path, bytes, Random], list[Words]]

    def spoilt(self, chance: Random) -> bytes:
        seeds = self.seeds()
        return mutations.mutated(chance.choice(seeds), chance, seeds, self.mutations)


# Assembler ------------------------------------------------------------------------------------------------------------

EVERYTHING = r"""
        .include "part.inc"
        .macro  twice what:req, n=2, rest:vararg
        .rept   \n
        .long   \what
        .endr
        \rest
.Lhere\@:
        .endm
        .equ    size, 8 * (3 + 1) - 0b11 & ~0x1f | 'A' << 2
        .globl  start, table
start:  larl    %r1,table+8
        lghi    %r2,size-1
        mvc     0(4,%r1),table-start(%r1)
        brct    %r2,1f
1:      brasl   %r14,next@PLT
        .if     size > 3 && defined
        j       1b
        .elseif size == 2
        .err
        .else
        nopr    %r7
        .endif
        twice   1b - start, 3, nop
        twice   what=".", rest=.byte 1
        .irp    r, 1, 2, 3
        ahi     %r\r,\r
        .endr
        .irpc   c, abc
        .ascii  "\c"
        .endr
        .balign 8, 0, 4
table:  .quad   start, next - table, -1; .short 1, 2; .byte 'x'
        .ascii  "text \n\x41\101", "more"
        .ebcdic "EBCDIC"
        .fill   3, 2, 0x1234
        .skip   5, 1
        .org    table + 0x100
        .insn   rre,0xb9040000,%r1,%r2
        .insn   ril,0xc00000000000,%r1,next
        .pushsection .rodata.x,"a",@progbits
        .asciz  "in another"
        .popsection
        .section numbered,"aM",@1,8
        .previous
        .data
        .p2align 3
        .long   start
        .bss
room:   .skip   64
        .comm   shared, 16, 8
        .previous
        .text
next:   br      %r14
        .set    late, next - start
        .long   late
        .ifdef  start
        .ifc    a, a
        lg      %r3,-8(%r1,%r2)
        .endif
        .endif
        .purgem twice
        .file   1 "dir/a.c" md5 0x00112233445566778899aabbccddeeff
        .weak   nowhere
        .type   start, @function
        .size   start, next-start
        .subsection 2
        .quad   start@PLT, table@GOT+4, nowhere, room@GOTOFF
        .cfi_sections .eh_frame, .debug_frame
        .cfi_startproc
        .loc    1 5 3 is_stmt 0 view .LV1
        lgrl    %r1,table@GOTENT
        .cfi_def_cfa_offset 320
        .cfi_offset %r14,-48
        .cfi_remember_state
        .loc    1 7 view -0
        .skip   .Lb-.La, 1
        .cfi_restore 14
        .cfi_escape 1, 2
        .cfi_endproc
        .uleb128 .Lb-.La, 300
.La:    .sleb128 -5
        .octa   -0x112233445566778899aabbccddeeff
.Lb:    .float  1.5, -1e-40, inf
        .double 0d2.5
        .string16 "x"
        .reloc  .La, R_390_64, start+4
        .incbin "part.inc", 3, 5
        .struct 8
field:  .skip   8
        .section .text.f, "axG", @progbits, f, comdat
        .altmacro
        .macro  alternate a, b
        LOCAL   here
here:   .byte   a&b
        .endm
        alternate <1>, %1+1
        .section .tdata
thread: .quad   thread@NTPOFF
        .ifeqs  "a", "a"
        .print  "printed"
        .endif
        .warning "careful"
        .ident  "this"
        .end    start
"""
PART = b"""
        .equ    defined, 1
        .macro  inner a,b
        .byte   \\a,\\b
        .endm
        inner   1,2
"""


@cache
def sources() -> list[bytes]:
    names = ("calls.s", "start.s", "lowcore.s", "print.s", "peek.s", "kernel.inc", "balloon.s")
    return [EVERYTHING.encode(), EVERYTHING.encode(), GUEST.format(name="x").encode(), PART,
            *((FIRMWARE / name).read_bytes() for name in names)]  # fmt: skip


def read_source(folder: Path, content: bytes, chance: Random) -> list[Words]:
    (folder / "part.inc").write_bytes(PART)
    (folder / "kernel.inc").write_bytes((FIRMWARE / "kernel.inc").read_bytes())
    for name in ("plants.inc", "toy.inc", "web.inc"):
        (folder / name).write_bytes((FIRMWARE / name).read_bytes())
    (folder / "a.s").write_bytes(content)
    shutil.copyfile(folder / "a.s", folder / "b.s")
    return [["asm", "a.s"], chance.choice((
        ["asm", "a.s", "--format", "bin", "-o", "out"], ["asm", "a.s", "-o", "out.elf"], ["asm", "a.s", "--json"],
        ["asm", "a.s", "--format", "object", "-o", "out.o"], ["asm", "a.s", "b.s"], ["run", "a.s", "--limit", "100"],
        ["asm", "-D", "defined=1", "a.s"], ["asm", "a.s", "--origin", "0xfffffffffffffff0", "-o", "out.elf"],
    ))]  # fmt: skip


# ELF ------------------------------------------------------------------------------------------------------------------

LINKABLE = """
        .globl _start
_start: larl %r1,table
        brasl %r14,next
        .data
table:  .quad _start, room
        .long next
        .bss
room:   .skip 32
        .text
next:   j .
"""


@cache
def elf_files() -> list[bytes]:
    return [assemble(LINKABLE, origin=0x10000).to_elf(), assemble(GUEST.format(name="x"), origin=0x10000).to_elf(),
            relocatable(), relocatable(), *foreign_elf_files()]  # fmt: skip


RELOCATABLE = """
        .globl  _start, next
_start: larl    %r1,table
        brasl   %r14,next@PLT
        lgrl    %r2,room@GOTENT
        j       next
next:   br      %r14
        .data
        .quad   _start, room+4
table:  .long   next, next@GOTOFF
        .weak   elsewhere, nowhere
        .set    elsewhere, 0x1234
        .quad   nowhere, shared
        .comm   shared, 40
        .bss
room:   .skip   40
"""


def relocatable() -> bytes:
    """A relocatable file with text, data, bss, a symbol of each, and relocations of the common kinds."""
    return assemble_object(RELOCATABLE)


C_PROGRAM = """
int g = 3, c;
static int bss[20];
int f(int x) { return x ? g + f(x - 1) + bss[x] : c; }
int main(void) { return f(3); }
"""


def foreign_elf_files() -> list[bytes]:
    """Of the long run: what the compiler for s390x makes, and an archive."""
    if "S390EMU_FUZZ_FOREIGN" not in os.environ:
        return []
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        Path("t.c").write_text(C_PROGRAM)
        compiler = ["s390x-linux-gnu-gcc", "-O1", "t.c", "-nostdlib", "-e", "main", "-o"]
        for line in (["t.o", "-g", "-c"], ["exe", "-static"], ["pie", "-static-pie"], ["t.so", "-shared", "-fPIC"]):
            subprocess.run([*compiler, *line], check=True)
        subprocess.run(["s390x-linux-gnu-ar", "rc", "t.a", "t.o"], check=True)
        return [Path(name).read_bytes() for name in ("t.o", "exe", "pie", "t.so", "t.a")]


def read_elf_file(folder: Path, content: bytes, chance: Random) -> list[Words]:
    (folder / "x.elf").write_bytes(content)
    return [["disasm", "x.elf"], chance.choice((
        ["asm", "x.elf"], ["asm", "x.elf", "--format", "bin", "-o", "out"], ["asm", "x.elf", "-o", "out.elf"],
        ["asm", "x.elf", "--json"], ["run", "x.elf", "--limit", "100", "--ram", "1M"], ["disasm", "x.elf", "--json"],
        ["asm", "x.elf", "--origin", "0xfffffffffffff000", "-o", "out.elf"],
        ["pages", "x.elf", "--limit", "100", "--ram", "1M"],
    ))]  # fmt: skip


# Symbols --------------------------------------------------------------------------------------------------------------


def symbol_files() -> list[bytes]:
    system_map = "".join(f"{0x10000 + 2 * n:016x} {kind} name{n}\n" for n, kind in enumerate("TtDdAaNUw?"))
    return [system_map.encode(), b"                 U nowhere\n0000000000010000 t f\t[module]\n", system_map.encode(),
            assemble(GUEST.format(name="x"), origin=0x10000).to_elf()]  # fmt: skip


def read_symbol_file(folder: Path, content: bytes, chance: Random) -> list[Words]:
    (folder / "guest.s").write_bytes(DESCRIBED)
    (folder / "System.map").write_bytes(content)
    told = chance.choice((["--trace", "insn,interruption"], ["--sanitize", "pages"], ["--json"]))
    return [["run", "guest.s", "--ram", "1M", "--limit", "40", "--symbols", "System.map", *told]]


# Traces ---------------------------------------------------------------------------------------------------------------


@cache
def traces() -> list[bytes]:
    files = sorted((ROOT / "traces").rglob("*.trace"))
    several = TRACE_OF_SEVERAL_CPUS.format(name="x", cpus=3).encode()
    return [TRACE.format(name="x").encode(), several, *(path.read_bytes() for path in files[::7])]


def read_trace(folder: Path, content: bytes, chance: Random) -> list[Words]:
    (folder / "x.trace").write_bytes(content)
    return [["test", "x.trace", "--limit", "60", *chance.choice(([], [], [], ["--json"], ["--junit", "out"],
             ["--engine", "step"], ["--bless"]))]]  # fmt: skip


# Hercules test scripts ------------------------------------------------------------------------------------------------

SCRIPT = b"""* Everything that a script may say
*Testcase ADD (64) and STORE
mainsize 1M
numcpu 2
sysclear
archlvl z/Arch
r 1a0=00000001800000000000000000000200   # restart new PSW
r 1d0=0002000180000000000000000000DEAD
r 1c0=00020001800000000000000000000000
loadcore part.core 200
loadcore $(testpath)/part.core 400
abs 500=00
v 501=00
gpr 3=8
cr 0=E0
*If $ptrsize = 4 | \\($can_zarch_mode & '1' \\= 0)
*Hmsg HHC00801I never looked at
*Else # 64 bit
*Message careful
*Fi
runtest restart 2
*Compare
r 800.8
*Explain why
*Want "sum" 00000000 00000005
*Key 06
abs 800-80f
v 800
gpr
*Gpr 1 5 #address
cr
*Cr 0 E0
pr
*Prefix 0
cpu 1 gpr
*Gpr 1 0
*Done
*Testcase OPERATION EXCEPTION
r 200=0000
*Program 0001
runtest
runtest program 1
runtest start 1
cpu 1
runtest svc .1
*Done nowait
"""
PASSING_SCRIPT = SCRIPT[: SCRIPT.index(b"*Testcase OPERATION")]
CORE = bytes.fromhex("A7190005 E31008000024 B2B20210 0000 00020001800000000000000000000000")


def read_script(folder: Path, content: bytes, chance: Random) -> list[Words]:
    (folder / "x.tst").write_bytes(content)
    (folder / "part.core").write_bytes(CORE)
    return [["test", "x.tst", "--limit", "60", *chance.choice(([], [], [], ["--json"], ["--junit", "out"],
             ["--engine", "step"], ["--tlb", "off"]))]]  # fmt: skip


# Disassembler ---------------------------------------------------------------------------------------------------------


@cache
def binaries() -> list[bytes]:
    code = b"".join(data for _, data in toy_kernel.build().image())
    return [code[at : at + 1000] for at in range(0, 8000, 1000)]


def read_binary(folder: Path, content: bytes, chance: Random) -> list[Words]:
    (folder / "x.bin").write_bytes(content)
    text = content[:200].decode("latin-1").replace("\0", " ")
    base = chance.choice(("0", "0xfffffffffffffff8", "1", "99999999999999999999999", "-4096"))
    return [["disasm", "x.bin", *chance.choice(([], ["--json"])), "--base", base],
            ["disasm", f"--hex={chance.choice((content[:200].hex(' '), text))}"]]  # fmt: skip


# Replay files ---------------------------------------------------------------------------------------------------------


@cache
def replays() -> list[bytes]:
    guest = assemble(GUEST.format(name="x"), origin=0x10000)
    kernel = toy_kernel.build(PASSES=1)
    image = [[address, base64.b64encode(data).decode()] for address, data in guest.image()]
    content = {"image": image, "entry": guest.entry, "symbols": guest.symbols, "labels": ["start", "end"]}
    machine = {"ram": 1 << 20, "frames": None, "chunk": "4K", "chunk_policy": "whole", "paging": "",
               "unused_access": "discarded", "disk": [], "service": "none", "no_essa": False, "no_dat": False,
               "tlb": "on",
               "seed": 0, "random_keys": False}  # fmt: skip
    common = {
        "schema": "s390emu.replay/1", "version": "0.1.0", "kind": "host-events", "fault": "x", "disks": [],
        "machine": machine, "moves": [[3, "reclaim", 0x10000], [4, "run-cpu", 0]],
        "expected": {"exit_code": 0, "lines": ["a"], "count": 5},
        "run": {"reason": "disabled wait", "psw": [0, 0], "count": 5, "console": sha256(b"").hexdigest()},
    }  # fmt: skip
    disk = base64.b64encode(bytes(8192)).decode()
    command = {
        "schema": "s390emu.replay/1", "version": "0.1.0", "arguments": ["run", "a.s", "--limit", "50", "--ram", "1M"],
        "inputs": {"a.s": base64.b64encode(GUEST.format(name="x").encode()).decode()}, "error": ["x"],
    }  # fmt: skip
    lines = (
        ["asm", "a.s", "-o", "x.elf"], ["disasm", "--hex", "07FE"], ["explain", "MVC", "--json"], ["pages", "a.s"],
        ["run", "a.s", "--disk", "d:ro", "--disk=e", "--limit", "20"], ["test", "x.trace"], ["new", "trace", "/tmp/x"],
        ["overcommit", "--dry-run", "-o", "/tmp/x"], ["doctor", "--json"], ["run", "--replay", "a.s"],
    )  # fmt: skip
    more = {"d": disk, "e": disk, "x.trace": base64.b64encode(traces()[0]).decode()}
    files = {f"/home/a/b/{name}": packed(base64.b64decode(text)) for name, text in (command["inputs"] | more).items()}
    values = [
        common | {"program": {"packed": packed(json.dumps(content).encode())}},
        common | {"program": {"firmware": "kernel", "tunables": {"PASSES": 1}, "digest": digest(kernel)},
                  "expected": {"exit_code": 0, "lines": [], "count": 10}},
        command,
        *(command | {"arguments": line, "inputs": command["inputs"] | more} for line in lines),
        *({"schema": "s390emu.replay/1", "version": "0.1.0", "arguments": line, "folder": "/home/a/b", "files": files,
           "error": ["x"]} for line in lines),
    ]  # fmt: skip
    return [json.dumps(value).encode() for value in values]


def read_replay(folder: Path, content: bytes, chance: Random) -> list[Words]:
    (folder / "x.replay.json").write_bytes(content)
    endless = any(word in content for word in (b"host-events", b'"run"', b'"pages"'))
    return [["run", "--replay", "x.replay.json", *(["--timeout", "3"] if endless else [])]]


# Cells of a sweep -----------------------------------------------------------------------------------------------------

AXES = {"guests": (1, 2), "policy": ("none", "hinting", "balloon")}
SWEEP = ["overcommit", "--guests", "1,2", "--ratio", "2", "--policy", "none,hinting,balloon", "--jobs", "1",
         "-o", "sweep"]  # fmt: skip


@cache
def cell_files() -> list[bytes]:
    whole = [json.dumps({"schema": CELL_SCHEMA, "version": "0", "cell": asdict(cell), "seconds": 1.5,
                         "rows": pretended.run_cell(cell)}).encode() for cell in cells(AXES | {"ratio": (2.0,)})]
    return whole


def read_cells(folder: Path, content: bytes, chance: Random) -> list[Words]:
    """One cell is spoilt, the others are as they were, or missing; nothing is run for longer than a moment."""
    store = Store(folder / "sweep")
    wanted = cells(AXES | {"ratio": (2.0,)})
    spoilt = chance.randrange(len(wanted))
    for number, cell in enumerate(wanted):
        if number == spoilt:
            store.path(cell).write_bytes(content)
            try:  # else it is another cell's, and nobody looks further
                value = json.loads(content)
                if chance.random() < 0.9 and isinstance(value, dict) and "cell" in value:
                    store.path(cell).write_text(json.dumps(value | {"cell": asdict(cell)}))
            except (ValueError, RecursionError):
                pass
        elif chance.random() < 0.8:
            store.path(cell).write_bytes(cell_files()[number])
    return [[*SWEEP, *chance.choice(([], ["--json"]))]]


# Descriptions for the sanitizer ---------------------------------------------------------------------------------------

DESCRIBED = b"""
start:  llilf %r2,0x30000
        llilf %r3,0x28000
        essa %r0,%r2,2
        essa %r0,%r2,1
        st %r2,0(%r3)
        essa %r0,%r2,3
        lg %r4,0(%r2)
        larl %r1,end
        lpswe 0(%r1)
        .balign 8
end:    .quad 0x0002000180000000,0
        .equ TABLE, 0x28000
        .equ ENTRY, 16
        .equ COUNT, 8
"""
DESCRIPTION = b"""# a comment
[frames]
table = "TABLE"
entry = 16
count = "COUNT"
first = 0x30000
owner = [0, 1]
flags = [1, 1]
references = [4, 4]
maps = [8, 4]
file = [12, 4]
[owners]
free = [0]
cache = [1, 2]
[flags]
dirty = 1
writable = 0x2
[index]
cache = 0x29000
entries = 4
[reserved]
ranges = [[0, 0x6000], ["start", 0x12000]]
[fixups]
at = [["start", 4]]
[cpu]
disabled = true
"""
SEVERAL_CPUS = DESCRIPTION.replace(b"entry = 16\n", b'entry = 16\ncounted = ["cache", "maps"]\n')
SEVERAL_CPUS = SEVERAL_CPUS.replace(b"writable = 0x2\n", b"writable = 0x2\nstate_change = 32\ndiscarded = 4\n")
SEVERAL_CPUS += b'interlocked = true\n[locks]\nfree = "TABLE"\n'


@cache
def toml_files() -> list[bytes]:
    return [DESCRIPTION, DESCRIPTION, SEVERAL_CPUS, b'[reserved]\nranges = [["TABLE", 0x31000]]\n']


@cache
def json_files() -> list[bytes]:
    import tomllib

    return [json.dumps(tomllib.loads(text.decode())).encode() for text in toml_files()[2:]]


def _read_description(ending: str):
    def read(folder: Path, content: bytes, chance: Random) -> list[Words]:
        (folder / "guest.s").write_bytes(DESCRIBED)
        (folder / f"known.{ending}").write_bytes(content)
        return [["run", "guest.s", "--ram", "1M", "--limit", "40", "--sanitize", "pages", "--sanitize-guest",
                 f"known.{ending}", *chance.choice(([], ["--json"]))]]  # fmt: skip

    return read


# Vectors --------------------------------------------------------------------------------------------------------------


FUZZED_ROWS = ("AGR", "MVC", "ADBR", "CLST", "LAM", "LCTLG", "RRBE", "VFLR")


@cache
def vector_files() -> list[bytes]:
    """Return a case each: the mutations are of JSON."""
    from s390emu.conformance.files import case_as_json
    from s390emu.conformance.vectors import cases

    return [json.dumps(case_as_json(row, next(cases(row, 1, "1")))).encode() for row in FUZZED_ROWS]


def read_vectors(folder: Path, content: bytes, chance: Random) -> list[Words]:
    from s390emu.conformance.files import SCHEMA

    data = gzip.compress(content, mtime=0)
    (folder / "v").mkdir()
    (folder / "v" / "AGR.jsonl.gz").write_bytes(data)
    row = {"file": "AGR.jsonl.gz", "cases": 1, "sha256": sha256(data).hexdigest()}
    contents = {"schema": SCHEMA, "seed": "1", "count": 1, "rows": {"AGR": row}, "without_twin": []}
    (folder / "v" / "vectors.json").write_text(json.dumps(contents))
    return [["vectors", "--check", "v", *chance.choice(([], ["--json"]))]]


# Options --------------------------------------------------------------------------------------------------------------

OPTION_VALUES = (
    "", "0", "1", "-1", "4096", "1M", "64K", "0x10000", "1e9", "nan", "inf", "9" * 30, "9" * 5000, "0x" + "f" * 4000,
    "x", "x,y", "1..4", "1..1000000", "1,2", "2.0", "a=1", "=", "A=x", "\udcff", "é", "\x00"[:0], "none", "all", "on",
    "off", "split", "2M", "dasd", "random:1", "guest.s", "missing.s", ".", "/dev/null", "guest.s:ro", "disk",
    "disk:ro", "{}", "%s", "%(prog)s", "-", "--", "insn,page", "csv", "parquet", "run", "step", "listing", "elf",
    "MVC", "001A", "Vz", "07FE", "٣", "²", "PASSES=1", "RAM_BLOCKS=99999999999", "SEED=-1", "1K", "1_0",
    "interval_us=0", "interval_us=nan",
)  # fmt: skip
QUICK = {  # so that a command that is right does not take long
    "run": ["guest.s", "--limit", "20"], "pages": ["guest.s", "--limit", "20"], "asm": ["guest.s"], "test": ["x.trace"],
    "overcommit": ["--dry-run"], "chunks": ["--fraction", "0.5", "--run", "64"], "disasm": ["--hex", "07FE"],
    "explain": ["MVC"], "new": ["trace", "y"], "doctor": [], "demo": ["--adversary", "wrong"],
    "vectors": ["agr", "--count", "2", "-o", "v"],
}  # fmt: skip
SLOW = ("overcommit", "chunks", "demo")  # without the options of QUICK


def option_lines() -> Sequence[bytes]:
    return [json.dumps([name, *words]).encode() for name, words in QUICK.items()]


def read_options(folder: Path, content: bytes, chance: Random) -> list[Words]:
    """content: only which command; the options are made here, as a parser knows which there are."""
    (folder / "guest.s").write_text(GUEST.format(name="x"))
    (folder / "x.trace").write_text(TRACE.format(name="x"))
    (folder / "disk").write_bytes(bytes(8192))
    name = chance.choice(list(QUICK))
    module = registry.module_of(name)
    parser = usage.Parser(prog=name, allow_abbrev=False)
    module.arguments(parser)
    options = [option for option in parser._option_string_actions if option not in ("-h", "--help")]
    words = list(QUICK[name])
    for _ in range(chance.choice((1, 1, 2, 3))):
        option = chance.choice(options)
        if option in ("--scheduler", "--jobs") or (name == "demo" and option in ("--timeline", "--json")):
            continue
        value = chance.choice(OPTION_VALUES)
        at = chance.choice((0, len(words)))
        words[at:at] = chance.choice(([option, value], [f"{option}={value}"], [option], [value]))
    if chance.random() < 0.1:
        words[chance.randrange(len(words) + 1) :] = [chance.choice(OPTION_VALUES)]
    if name in SLOW and not set(QUICK[name]) <= set(words):
        words += QUICK[name]
    if name == "demo" and words[-1] != "wrong":
        words += ["--adversary", "wrong"]
    return [[name, *words]]


READERS = {
    "assembler": Reader(sources, mutations.OF_TEXT, read_source),
    "elf": Reader(elf_files, mutations.OF_ELF, read_elf_file),
    "symbols": Reader(symbol_files, mutations.OF_TEXT, read_symbol_file),
    "trace": Reader(traces, mutations.OF_TEXT, read_trace),
    "script": Reader(lambda: [PASSING_SCRIPT, SCRIPT], mutations.OF_TEXT, read_script),
    "disassembler": Reader(binaries, mutations.OF_BYTES, read_binary),
    "replay": Reader(replays, mutations.OF_JSON, read_replay),
    "sweep": Reader(cell_files, mutations.OF_JSON, read_cells),
    "toml": Reader(toml_files, mutations.OF_TOML, _read_description("toml")),
    "json": Reader(json_files, mutations.OF_JSON, _read_description("json")),
    "vectors": Reader(vector_files, mutations.OF_JSON, read_vectors),
    "options": Reader(option_lines, mutations.OF_BYTES, read_options),
}


def set_up() -> None:
    """Once in the process that runs them: a farm that is pretended, and no plots."""
    from s390emu.commands import overcommit
    from s390emu.reports.drawing import PlotsUnavailable
    from s390emu.reports.overcommit import plots

    def none(*arguments, **options):
        raise PlotsUnavailable("not now")

    patch.object(overcommit, "_runner", lambda linux: pretended.run_cell).start()
    patch.object(plots, "draw", none).start()



"""What the commands are given: files into programs, numbers, guests. Imports no Numba until a machine is built."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from s390emu.assembler.assemble import AssemblyError, Program, assemble_object, assemble_texts
from s390emu.assembler.elf import ElfError, is_elf, read_elf
from s390emu.cli import UsageError
from s390emu.commands.compilation import announce_compilation
from s390emu.farm.cell import CHUNK_BLOCKS, CHUNK_POLICIES, CHUNKS
from s390emu.host.devices import SERVICE
from s390emu.input_files import FileError, as_text, read

if TYPE_CHECKING:
    from s390emu.machine import Machine
    from s390emu.sanitizer.pages import Sanitizer

INPUT_ERRORS = (AssemblyError, ElfError, FileError)
ORIGIN = 0x10000
FIRST_DISK = 0x0100  # its device number
BLOCK = 4096
MOST_BITS = 128  # of a number on the command line
QUANTUM = 1000  # instructions in turn, where there are several CPUs
MOST_BYTES = 64 << 30  # of a guest's storage, of a host's frames: their tables alone take 2 GB then
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def size(text: str) -> int:
    """A number of bytes: 65536, 0x10000, 64K, 2M, 1G."""
    digits, unit = (text[:-1], text[-1].lower()) if text[-1:].lower() in UNITS and text[-1:] else (text, "")
    return _writable(number(digits) * UNITS[unit], text)


def number(text: str) -> int:
    try:
        return _writable(int(text.replace("_", ""), 0), text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number (write 4096, 0x1000 or 1_000_000)") from None


def _writable(value: int, text: str) -> int:
    """The value, unless it has so many digits that no message could show it."""
    if value.bit_length() > MOST_BITS:
        raise argparse.ArgumentTypeError(f"{text[:40]}: a number of {value.bit_length()} bits")
    return value


def positive(text: str) -> int:
    value = number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return value


def not_negative(text: str) -> int:
    value = number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below zero")
    return value


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above zero")
    return value


def disk(text: str) -> tuple[str, bool]:
    """FILE or FILE:ro."""
    path, read_only = (text[:-3], True) if text.endswith(":ro") else (text, False)
    if not path:
        raise argparse.ArgumentTypeError(f"{text!r}: write FILE or FILE:ro")
    return path, read_only


def definition(text: str) -> tuple[str, int]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r}: write NAME=NUMBER")
    return name, number(value)


def program_arguments(parser, *, number_of_files="+", told="assembly sources (.s), or one ELF file") -> None:
    """The program's files (how many, as argparse says it), their origin, and symbols."""
    parser.add_argument("files", nargs=number_of_files, type=Path, metavar="FILE", help=told)
    parser.add_argument("--origin", type=size, default=ORIGIN, metavar="ADDRESS", help="of assembled code (0x10000)")
    parser.add_argument("-D", "--define", type=definition, action="append", default=[], metavar="NAME=N",
                        help="define an assembly symbol; -I DIR: where .include may read too")  # fmt: skip
    include_argument(parser)


def include_argument(parser, told: str = argparse.SUPPRESS) -> None:
    parser.add_argument("-I", "--include", type=Path, action="append", default=[], metavar="DIR", help=told)


def content(path: Path) -> bytes:
    """Of a file that the user names, which may be a pipe."""
    return read(path, pipe=True)


def program(args) -> Program:
    """What `program_arguments` ask for: assembled sources, or one ELF file."""
    paths = args.files
    first, *others = [content(path) for path in paths]
    if is_elf(first):
        if others:
            raise UsageError(f"{paths[1]}: one ELF file is all that can be loaded")
        return read_elf(first, args.origin, str(paths[0]))
    if b"\0" in first:
        raise UsageError(f"{paths[0]}: neither ELF nor text; a flat binary goes through `.incbin` or an ELF file")
    texts = [as_text(data, path, "replace") for data, path in zip((first, *others), paths, strict=True)]
    sources = zip(texts, map(str, paths), strict=True)
    assembled = assemble_texts(sources, origin=args.origin, defines=dict(args.define), include_paths=args.include)
    for message in assembled.messages:
        print(message, file=sys.stderr)
    return assembled


def object_file(args) -> bytes:
    """The relocatable object of the one source that `program_arguments` name."""
    path, *others = args.files
    data = content(path)
    if others or b"\0" in data:
        raise UsageError(f"{others[0] if others else path}: an object is made of one assembly source at a time")
    messages: list[str] = []
    made = assemble_object(
        as_text(data, path, "replace"), filename=str(path), defines=dict(args.define), include_paths=args.include,
        messages=messages,
    )  # fmt: skip
    for message in messages:
        print(message, file=sys.stderr)
    return made


def labels(guest: Program) -> dict[str, int]:
    """The symbols that are places in the program, not mere numbers."""
    spans = [(section.address, section.address + len(section.data)) for section in guest.sections]
    return {name: value for name, value in guest.symbols.items() if any(a <= value < b for a, b in spans)}


def machine_arguments(parser, *, ram: str = "16M", told_frames: str = "one for every block") -> None:
    """Options of everything that runs a guest."""
    group = parser.add_argument_group("the guest and its host")
    group.add_argument("--ram", type=size, default=ram, metavar="SIZE", help=f"guest storage ({ram})")
    group.add_argument("--cpus", type=positive, default=1, metavar="N",
                       help="CPUs, 8 at most; --quantum N, --schedule SEED: instructions in turn, or at random")
    group.add_argument("--quantum", type=positive, default=QUANTUM, help=argparse.SUPPRESS)
    group.add_argument("--schedule", type=number, help=argparse.SUPPRESS)
    group.add_argument("--frames", type=positive, metavar="N", help=f"page frames of the host ({told_frames})")
    group.add_argument("--chunk", choices=CHUNKS, default=CHUNKS[0], metavar="SIZE",
                       help="what the host backs as one: 4K, 64K, 2M; --chunk-policy " + ", ".join(CHUNK_POLICIES))
    # Where there is a semicolon in the help of another option, it stands there: the help fits on a screen.
    group.add_argument("--chunk-policy", choices=CHUNK_POLICIES, default=CHUNK_POLICIES[0], help=argparse.SUPPRESS)
    group.add_argument("--paging", default="", metavar="DIR|none", help="folder of the paging file; none: no paging")
    policies = ("discarded", "always", "zerofill")
    group.add_argument("--unused-access", choices=policies, default=policies[0], metavar="POLICY",
                       help="touching an unused block: " + ", ".join(policies))  # fmt: skip
    group.add_argument("--disk", type=disk, action="append", default=[], metavar="FILE[:ro]",
                       help="a disk for DIAGNOSE X'250'; devices 0100, 0101, ...")  # fmt: skip
    group.add_argument("--service", choices=tuple(SERVICE), default="none", metavar="DEVICE",
                       help="time that paging and disks take, as on " + ", ".join(SERVICE))  # fmt: skip
    group.add_argument("--no-essa", action="store_true", help="a guest without ESSA; --no-dat: with, and no-DAT")
    group.add_argument("--no-dat", action="store_true", help=argparse.SUPPRESS)
    group.add_argument("--tlb", choices=("on", "off"), default="on", help="off: every access is checked anew")
    group.add_argument("--seed", type=number, default=0, metavar="N",
                       help="fixes free choices of the host; --random-keys: a discard's ACC and F too")  # fmt: skip
    group.add_argument("--random-keys", action="store_true", help=argparse.SUPPRESS)


def sanitizer_arguments(parser) -> None:
    parser.add_argument("--sanitize", choices=("pages",),
                        help="tell where hinting is wrong; --sanitize-guest FILE: about it")  # fmt: skip
    parser.add_argument("--sanitize-guest", type=Path, metavar="FILE", help=argparse.SUPPRESS)


def sanitizer(args, machine: Machine, guest: Program) -> Sanitizer | None:
    """What `sanitizer_arguments` ask for, watching the machine from now on."""
    if args.sanitize is None:
        if args.sanitize_guest:
            raise UsageError(f"--sanitize-guest {args.sanitize_guest}: give --sanitize pages too")
        return None
    from s390emu.sanitizer.guest import DescriptionError, read_description
    from s390emu.sanitizer.pages import Sanitizer

    try:
        known = read_description(args.sanitize_guest, guest.symbols) if args.sanitize_guest else None
        return Sanitizer(machine, known)
    except DescriptionError as error:
        raise UsageError(str(error)) from error


def without_sanitizer(args) -> None:
    """The adversary goes back to snapshots, and the sanitizer follows one run only."""
    if args.sanitize or args.sanitize_guest:
        raise UsageError("--sanitize and --adversary: one of them at a time; sanitize the replay of what it finds")


def limit_arguments(parser) -> None:
    parser.add_argument("--limit", type=positive, metavar="N",
                        help="stop after N instructions; --timeout SECONDS: after so long")  # fmt: skip
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help=argparse.SUPPRESS)


def build(args, guest: Program | None = None) -> Machine:
    """Return the machine that `machine_arguments` ask for; a first run says what it compiles, of `guest` too."""
    from s390emu.host.block_device import BlockDevice, DiskUnavailable
    from s390emu.host.host import Host
    from s390emu.host.paging_device import PagingDevice, PagingUnavailable
    from s390emu.machine import Machine, Schedule

    if args.ram < 2 * BLOCK or args.ram % BLOCK:
        raise UsageError(f"--ram {args.ram}: guest storage must be a positive multiple of {BLOCK} bytes, at least two")
    blocks = args.ram // BLOCK
    chunk = CHUNK_BLOCKS[args.chunk]
    frames = int(args.frames or max(blocks, 16, chunk))
    needed = f"--ram {args.ram}, --frames {frames}: more than this computer can give; ask for less"
    if max(args.ram, frames * BLOCK) > MOST_BYTES:
        raise UsageError(needed)
    try:
        paging = None if args.paging == "none" else PagingDevice(args.paging or None)
        host = Host(
            frames,
            paging,
            seed=args.seed,
            unused_access=args.unused_access,
            discard_keys="random" if args.random_keys else "zero",
            service=SERVICE[args.service],
            chunk=chunk,
            chunk_policy=args.chunk_policy,
        )
        announce_compilation(guest)
        machine = Machine(
            args.ram,
            cpus=args.cpus,
            schedule=Schedule(args.cpus, args.quantum, args.schedule),
            host=host,
            essa=not args.no_essa,
            no_dat=args.no_dat,
            tlb=args.tlb == "on",
        )
        for device, (path, read_only) in enumerate(args.disk, FIRST_DISK):
            host.attach_disk(machine.guest_number, device, BlockDevice(path, read_only=read_only))
        return machine
    except MemoryError as error:
        raise UsageError(needed) from error
    except (ValueError, PagingUnavailable, DiskUnavailable) as error:
        raise UsageError(str(error)) from error


def load(machine: Machine, guest: Program) -> None:
    """Load a program, or say what does not fit."""
    from s390emu.host.paging_device import PagingError

    try:
        machine.load(guest)
    except IndexError as error:
        raise UsageError(f"the program does not fit into the guest's storage: {error}; give a larger --ram") from error
    except PagingError as error:
        raise UsageError(f"the program does not fit into the host: {error}") from error

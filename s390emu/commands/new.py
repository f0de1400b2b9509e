"""s390emu new: a trace or a guest to start from, which run as they are; an initial RAM file system of a folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

from s390emu.architecture.sizes import CPUS_MOST
from s390emu.commands.json_output import json_text
from s390emu.commands.options import taken
from s390emu.commands.options.values import positive
from s390emu.commands.usage import ENDED, UsageError, say
from s390emu.guests.initramfs import DEFAULT_DEVICES, archive, device_list
from s390emu.input_files import lies_below, read_text, replace_file

EXAMPLE = "s390emu new trace my-first && s390emu test my-first.trace"

TRACE = """\
# What this trace shows, in a line or two.
.trace  {name}
.about  A volatile block that the host discards raises 001A on the next access
.model  cmma
.ram    1M

.init
  psw   mask=0x0000000180000000 addr=start
  r1    = 0x8000
  mem   0x8000 = quad 0x1122334455667788
  page  0x8000 = stable key=3

.text   0x10000
start:  essa  %r2,%r1,3          # set volatile
probe:  lg    %r3,0(%r1)         # the host has discarded it: block-volatility interruption

.host
  when  pc == probe  discard 0x8000

.expect
  pgm   0x001a at probe address=0x8000
  r2    = 0x0                    # state before: stable, resident
  page  0x8000 = volatile zero key=0
"""

TRACE_OF_SEVERAL_CPUS = """\
# What this trace shows, in a line or two.
.trace  {name}
.about  CPU 0 makes a block unused while CPU 1 fetches from it: CPU 1's next access is an addressing exception
.model  cmma
.ram    1M
.cpus   {cpus}  quantum=4           # instructions in turn; schedule=SEED: at random

.init
  r1    = 0x8000               # CPU 0's; cpu1.r1 is CPU 1's
  r3    = 1
  mem   0x1a0 = quad 0x0000000180000000, second   # restart new PSW
  mem   0x8000 = quad 5
  cpu1.r1 = 0x8000
  policy unused_access=always

.text   0x10000
start:  sigp  %r2,%r3,6          # restart CPU 1
        nopr  0
        nopr  0
        nopr  0
        essa  %r4,%r1,2          # set unused
done:   svc   0                  # no handler: the end of CPU 0
second: lg    %r5,0(%r1)
        j     second

.expect
  cpu1.restart
  svc   0 at done
  cpu1.pgm 0x0005 at second
  cpu1.r5 = 5
  r4    = 0                      # state before: stable, resident
  cpu1.stopped = 0
  page  0x8000 = unused resident key=0:R
"""

GUEST = """\
# A guest that says hello by ending with exit code 0. Run it: s390emu run {name}.s --trace insn
        .globl  start
start:  larl    %r1,value
        lg      %r2,0(%r1)
        aghi    %r2,-42
        larl    %r1,failed
        jnz     end             # not what we expected: exit code 1
        larl    %r1,done
end:    lpswe   0(%r1)          # a disabled wait ends the guest; its address is the exit code

        .balign 8
value:  .quad   42
done:   .quad   0x0002000180000000,0
failed: .quad   0x0002000180000000,1
"""

KINDS = {"trace": (".trace", TRACE), "guest": (".s", GUEST)}
INITRAMFS, INIT = "initramfs", "init"


class Options(NamedTuple):
    """output and devices are of an initramfs."""

    kind: str
    name: str
    cpus: int
    output: Path | None
    devices: Path | None
    json: bool
    force: bool


def arguments(parser) -> None:
    """Add the options."""
    parser.add_argument("kind", choices=(*KINDS, INITRAMFS), help="what to start; initramfs: cpio of a folder")
    parser.add_argument("name", help="its name, to which the right ending is added; of initramfs the folder")
    parser.add_argument("--cpus", type=positive, default=1, metavar="N", help="of the trace, 8 at most")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="of initramfs: the archive (FOLDER.cpio)")
    parser.add_argument("--devices", type=Path, metavar="FILE",
                        help="of initramfs: lines NAME c|b MAJOR MINOR [MODE] (/dev/console)")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="say as JSON what was written")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def execute(args: argparse.Namespace) -> int:
    """Write the file."""
    options = taken(Options, args)
    if options.kind == INITRAMFS:
        path, data = _initramfs(options)
        following = f's390emu linux --kernel vmlinuz --initrd {path}'
    else:
        path, data = _from_template(options)
        following = f"s390emu {'test' if options.kind == 'trace' else 'run'} {path}"
    if path.exists() and not options.force:
        raise UsageError(f"{path} exists already; another name, or --force to overwrite it")
    replace_file(path, data)
    if options.json:
        print(json_text({"schema": "s390emu.new/1", "kind": options.kind, "path": str(path)}, None))
        return ENDED
    print(f"{path} written; next: {following}")
    return ENDED


def _from_template(options: Options) -> tuple[Path, bytes]:
    """Return where a trace or a guest goes, and its text."""
    if options.output or options.devices:
        raise UsageError("--output, --devices: of an initramfs")
    ending, template = KINDS[options.kind]
    if Path(options.name).name in ("", ".."):
        raise UsageError(f"{options.name!r}: a folder; give the name of a file")
    if options.cpus > 1:
        if options.kind != "trace" or options.cpus > CPUS_MOST:
            most = f"a trace has {CPUS_MOST} at most; a guest gets them of `s390emu run`"
            raise UsageError(f"--cpus {options.cpus}: {most}")
        template = TRACE_OF_SEVERAL_CPUS
    path = Path(options.name).with_suffix("") if options.name.endswith(ending) else Path(options.name)
    path = path.with_name(path.name + ending)
    try:
        return path, template.format(name=path.stem, cpus=options.cpus).encode()
    except UnicodeEncodeError:
        raise UsageError(f"{path}: not a name in UTF-8, which stands in the file") from None


def _initramfs(options: Options) -> tuple[Path, bytes]:
    """Return where the archive goes, and the archive."""
    folder = Path(options.name)
    if not options.name or not folder.is_dir():
        raise UsageError(f"{options.name!r}: no folder; an initramfs is made of one")
    if options.cpus > 1:
        raise UsageError("--cpus: of a trace")
    listed = read_text(options.devices, pipe=True) if options.devices else DEFAULT_DEVICES
    path = options.output or Path(folder.resolve().name + ".cpio")
    if lies_below(path.parent, [folder]):
        raise UsageError(f"{path}: in the folder that goes into it; give another place with -o")
    if not (folder / INIT).exists() and not (folder / INIT).is_symlink():
        say(f"s390emu: {folder} has no {INIT}: the program that Linux starts first, as /{INIT}")
    return path, archive(folder, device_list(listed, str(options.devices or "devices")))

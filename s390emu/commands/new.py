"""s390emu new: a trace or a guest to start from. Both run as they are."""

from __future__ import annotations

import argparse
from pathlib import Path

from s390emu.architecture.sizes import CPUS_MOST
from s390emu.commands.json_output import json_text
from s390emu.commands.options.values import positive
from s390emu.commands.usage import ENDED, UsageError

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


def arguments(parser) -> None:
    """Add the options."""
    parser.add_argument("kind", choices=KINDS, help="what to start")
    parser.add_argument("name", help="its name; the file gets the right ending, in the current folder")
    parser.add_argument("--cpus", type=positive, default=1, metavar="N", help="of the trace, 8 at most")
    parser.add_argument("--json", action="store_true", help="say as JSON what was written")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def execute(args: argparse.Namespace) -> int:
    """Write the file."""
    ending, template = KINDS[args.kind]
    if Path(args.name).name in ("", ".."):
        raise UsageError(f"{args.name!r}: a folder; give the name of a file")
    if args.cpus > 1:
        if args.kind != "trace" or args.cpus > CPUS_MOST:
            raise UsageError(f"--cpus {args.cpus}: a trace has {CPUS_MOST} at most; a guest gets them of `s390emu run`")
        template = TRACE_OF_SEVERAL_CPUS
    path = Path(args.name).with_suffix("") if args.name.endswith(ending) else Path(args.name)
    path = path.with_name(path.name + ending)
    if path.exists() and not args.force:
        raise UsageError(f"{path} exists already; another name, or --force to overwrite it")
    try:
        text = template.format(name=path.stem, cpus=args.cpus).encode()
    except UnicodeEncodeError:
        raise UsageError(f"{path}: not a name in UTF-8, which stands in the file") from None
    path.write_bytes(text)
    if args.json:
        print(json_text({"schema": "s390emu.new/1", "kind": args.kind, "path": str(path)}, None))
        return ENDED
    print(f"{path} written; next: s390emu {'test' if args.kind == 'trace' else 'run'} {path}")
    return ENDED

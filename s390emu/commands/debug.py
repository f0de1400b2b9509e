"""s390emu debug: a guest under a debugger: gdb, or a prompt; forwards and backwards in time."""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s390emu.commands.compilation import show
from s390emu.commands.machines import build, load
from s390emu.commands.options import taken
from s390emu.commands.options.machine import MachineOptions, machine_arguments
from s390emu.commands.options.program import ProgramOptions, program_arguments
from s390emu.commands.options.symbols import SymbolOptions, symbol_arguments
from s390emu.commands.programs import labels, program
from s390emu.commands.symbols import named
from s390emu.commands.usage import ENDED, INTERRUPTED, UsageError, say

if TYPE_CHECKING:
    from s390emu.debugger.target import Target

EXAMPLE = "s390emu debug hello.s --gdb"
GDB = ("gdb-multiarch", "gdb")
LAST_PORT = 65535


def _port(text: str) -> int:
    """Return a port's number."""
    if not text.isascii() or not text.isdigit() or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to {LAST_PORT}, 0 for any that is free")
    return int(text)


@dataclass(frozen=True)
class DebugOptions:
    """gdb: start gdb. port: where to wait for one; None: nowhere, unless gdb is started."""

    gdb: bool = False
    port: int | None = None
    listen: str = "127.0.0.1"


def arguments(parser) -> None:
    """Add the options of DebugOptions, and those of the machine."""
    program_arguments(parser)
    parser.add_argument("--gdb", action="store_true", help="start gdb-multiarch on it; without: a prompt")
    parser.add_argument("--port", type=_port, metavar="N", help="wait for a gdb there instead (docs/debugger.md)")
    parser.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS", help="where, if not on this computer only")
    machine_arguments(parser)
    symbol_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """Load the guest, and hand it to a debugger."""
    options = taken(DebugOptions, args)
    guest = program(taken(ProgramOptions, args))
    symbols = named(taken(SymbolOptions, args), labels(guest))
    machine = build(taken(MachineOptions, args), guest)
    load(machine, guest)
    machine.host.guests[machine.guest_number].console.live = show
    from s390emu.debugger.target import Target

    return debug(Target(machine, symbols), options)


def debug(target: Target, options: DebugOptions) -> int:
    """Let somebody debug until they leave; return the exit code."""
    if not options.gdb and options.port is None:
        from s390emu.debugger.prompt import Prompt

        try:
            Prompt(target).cmdloop()
        except KeyboardInterrupt:
            return INTERRUPTED
        return ENDED
    from s390emu.debugger.stub import PortInUse, Stub

    try:
        stub = Stub(target, options.port or 0, options.listen)
    except PortInUse as error:
        raise UsageError(str(error)) from error
    try:
        if options.gdb:
            return _with_gdb(stub)
        say(f"s390emu: waiting for gdb: set endian big, target remote {options.listen}:{stub.port}")
        stub.serve()
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        stub.close()
    return ENDED


def _with_gdb(stub) -> int:
    """Start gdb on the stub, and serve it until it leaves."""
    found = next(filter(None, map(shutil.which, GDB)), None)
    if found is None:
        raise UsageError(f"neither {' nor '.join(GDB)} is installed; leave out --gdb for a prompt")
    # Ctrl-C is gdb's: it stops the guest by a packet.
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        gdb = subprocess.Popen([found, "-q", "-ex", "set endian big", "-ex", f"target remote 127.0.0.1:{stub.port}"],
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # fmt: skip
        stub.serve(once=True)
        return ENDED if gdb.wait() == 0 else INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, before)

"""s390emu debug: a guest under a debugger: gdb, or a prompt; forwards and backwards in time."""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from s390emu.commands.compilation import show
from s390emu.commands.machines import build, load
from s390emu.commands.options import taken
from s390emu.commands.options.machine import MachineOptions, machine_arguments
from s390emu.commands.options.program import ProgramOptions, program_arguments
from s390emu.commands.options.symbols import SymbolOptions, symbol_arguments
from s390emu.commands.programs import labels, program
from s390emu.commands.recordings import opened
from s390emu.commands.symbols import named
from s390emu.commands.usage import ENDED, FAILED, INTERRUPTED, UsageError, say

if TYPE_CHECKING:
    from s390emu.debugger.stub import Stub
    from s390emu.machine import Machine

EXAMPLE = "s390emu debug hello.s --gdb; s390emu debug --replay hello.s390rec"
GDB = ("gdb-multiarch", "gdb")
# Storage is where the guest's tables say, which may be other places when gdb has asked; the past may be a while away.
SETTINGS = ("set endian big", "set mem inaccessible-by-default off", "set remotetimeout 60")
LOOPBACK = "127.0.0.1"
LAST_PORT = 65535


def _port(text: str) -> int:
    """Return a port's number."""
    if not text.isascii() or not text.isdigit() or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to {LAST_PORT}, 0 for any that is free")
    return int(text)


class DebugOptions(NamedTuple):
    """replay: a recording to debug, instead of a program. gdb: start gdb. port: where to wait for one; None: nowhere,
    unless gdb is started. listen: at which address of this computer."""

    replay: Path | None = None
    gdb: bool = False
    port: int | None = None
    listen: str = "127.0.0.1"

    def check(self, guest: ProgramOptions, machine: MachineOptions) -> None:
        """Reject what does not go together."""
        if self.replay is None and not guest.files:
            raise UsageError("what is to be debugged? give FILE, or --replay FILE.s390rec")
        if self.replay and (guest != ProgramOptions() or machine != MachineOptions()):
            raise UsageError("--replay: program and machine are those of the recording; leave their options out")
        if self.gdb and (self.port is not None or self.listen != LOOPBACK):
            raise UsageError("--gdb starts one on this computer; --port and --listen wait for one")


def arguments(parser) -> None:
    """Add the options of DebugOptions, and those of the machine."""
    program_arguments(parser, number_of_files="*")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="a recording (FILE.s390rec) instead of a program")
    parser.add_argument("--gdb", action="store_true", help="start gdb-multiarch on it; without: a prompt")
    parser.add_argument("--port", type=_port, metavar="N", help="wait for a gdb there instead (docs/debugger.md)")
    parser.add_argument("--listen", default=LOOPBACK, metavar="ADDRESS", help="where, if not on this computer only")
    machine_arguments(parser)
    symbol_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """Load the guest, and hand it to a debugger."""
    options, guest, on = taken(DebugOptions, args), taken(ProgramOptions, args), taken(MachineOptions, args)
    options.check(guest, on)
    names = taken(SymbolOptions, args)
    if options.replay:
        return _replay(options.replay, options, names)
    loaded = program(guest)
    symbols = named(names, labels(loaded))
    machine = build(on, loaded)
    load(machine, loaded)
    return _debug(machine, symbols, options)


def _replay(path: Path, options: DebugOptions, names: SymbolOptions) -> int:
    """Debug what was recorded, from its beginning to its end."""
    from s390emu.recording.replayer import past

    with opened(path) as recording:
        symbols = named(names, recording.symbols)
        if recording.cut:
            say(f"s390emu: {path}: {recording.cut}; it reads up to instruction {recording.last:,}")
        return _debug(past(recording).machine, symbols, options)


def _debug(machine: Machine, symbols: Mapping[str, int], options: DebugOptions) -> int:
    """Let somebody debug until they leave; return the exit code."""
    from s390emu.debugger.stub import PortInUse, Stub
    from s390emu.debugger.target import Target
    from s390emu.machine.history import Diverged

    machine.host.guests[machine.guest_number].console.live = show
    target = Target(machine, symbols)
    try:
        if not options.gdb and options.port is None:
            from s390emu.debugger.prompt import Prompt

            Prompt(target).cmdloop()
            return ENDED
        with closing(Stub(target, options.port or 0, options.listen)) as stub:
            if options.gdb:
                return _with_gdb(stub)
            say(f"s390emu: waiting for gdb: {', '.join(SETTINGS)}, target remote {options.listen}:{stub.port}")
            stub.serve()
    except PortInUse as error:
        raise UsageError(str(error)) from error
    except Diverged as error:
        raise UsageError(f"not what was recorded: {error}; s390emu trace diff {options.replay} tells more") from error
    except KeyboardInterrupt:
        return INTERRUPTED
    return ENDED


def _with_gdb(stub: Stub) -> int:
    """Start gdb on the stub, and serve it until it leaves."""
    found = next(filter(None, map(shutil.which, GDB)), None)
    if found is None:
        raise UsageError(f"neither {' nor '.join(GDB)} is installed; leave out --gdb for a prompt")
    words = [*SETTINGS, f"target remote {LOOPBACK}:{stub.port}"]
    gdb = subprocess.Popen([found, "-q", *(word for each in words for word in ("-ex", each))])
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is gdb's: it stops the guest by a packet
    try:
        came = stub.serve(once=True, comes=lambda: gdb.poll() is None)
        code = gdb.wait()
    finally:
        signal.signal(signal.SIGINT, before)
    if not came:
        raise UsageError(f"{found} ended without having come to the guest: exit code {code}")
    return ENDED if code == 0 else INTERRUPTED if code < 0 else FAILED

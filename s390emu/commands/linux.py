"""s390emu linux: boot a kernel as it is delivered, and say how it ended."""

from __future__ import annotations

import argparse

from s390emu.assembler.program import Program, Section
from s390emu.commands.adversary import program_source, search
from s390emu.commands.compilation import show
from s390emu.commands.conclusion import conclude
from s390emu.commands.linux_demo import demonstrate
from s390emu.commands.machines import build, put, sanitizer
from s390emu.commands.options import taken
from s390emu.commands.options.adversary import AdversaryOptions, adversary_arguments, reject_adversary_options
from s390emu.commands.options.limits import LimitOptions, limit_arguments
from s390emu.commands.options.linux import LinuxOptions, linux_arguments
from s390emu.commands.options.linux_demo import LinuxDemoOptions, linux_demo_arguments
from s390emu.commands.options.machine import MachineOptions, machine_arguments
from s390emu.commands.options.recording import RecordOptions, record_arguments
from s390emu.commands.options.run import reject_single_run_options
from s390emu.commands.options.sanitizer import (
    SanitizerOptions,
    reject_sanitize_with_adversary,
    sanitizer_arguments,
)
from s390emu.commands.options.session import SessionOptions, session_arguments
from s390emu.commands.options.symbols import SymbolOptions, symbol_arguments
from s390emu.commands.options.trace import TraceOptions, trace_arguments
from s390emu.commands.options.values import now
from s390emu.commands.programs import content
from s390emu.commands.recordings import recorded
from s390emu.commands.session import run_guest
from s390emu.commands.symbols import named, named_at_end
from s390emu.commands.usage import UsageError
from s390emu.guests.linux import ENTRY_MASK, Kernel, LinuxError, image, read_kernel

EXAMPLE = 's390emu linux --kernel vmlinuz --initrd ir.cpio --append "console=ttyS0"'
RAM = "128M"
FIRST_PROGRAM = "Run /init as init process"  # what the kernel says before its first program
LONGEST_SCRIPT = 2_000_000_000  # instructions of an undisturbed run of it
WHAT_TO_GIVE = (
    "boot what? give --kernel FILE (Debian's: tools/fetch-linux DIR) and --initrd FILE (s390emu new initramfs DIR), "
    "or --demo DIR"
)


def arguments(parser) -> None:
    """Add the options: what is booted, those of the guest and its host, and who looks on."""
    linux_arguments(parser)
    linux_demo_arguments(parser)
    session_arguments(parser)
    machine_arguments(parser, ram=RAM, epoch=now())
    limit_arguments(parser)
    adversary_arguments(parser, told=False)
    sanitizer_arguments(parser)
    trace_arguments(parser)
    symbol_arguments(parser)
    record_arguments(parser)


def execute(args: argparse.Namespace) -> int:
    """Boot the kernel."""
    options, on, limits = taken(LinuxOptions, args), taken(MachineOptions, args), taken(LimitOptions, args)
    watched, traced, names = taken(SanitizerOptions, args), taken(TraceOptions, args), taken(SymbolOptions, args)
    session, demo = taken(SessionOptions, args), taken(LinuxDemoOptions, args)
    adversary, record = taken(AdversaryOptions, args), taken(RecordOptions, args)
    demo.check(options, session, traced)
    session.check(json=options.json)
    names.check(traced)
    on.check()
    record.check(on, adversary)
    if demo.demo:
        if record.record:
            raise UsageError("--record and --demo: it runs two guests; record one that you boot yourself")
        return demonstrate(demo, on, limits, watched, names, as_json=options.json)
    if not options.kernel:
        raise UsageError(WHAT_TO_GIVE)
    try:
        kernel = read_kernel(content(options.kernel), str(options.kernel))
        pieces = image(kernel, on.ram, content(options.initrd) if options.initrd else b"", options.append)
    except LinuxError as error:
        raise UsageError(str(error)) from error
    if adversary.adversary:
        if adversary.mode != "random":
            raise UsageError(f"--adversary {adversary.mode}: Linux has too many points; give random:SEED")
        reject_sanitize_with_adversary(watched)
        reject_single_run_options(session, traced, limits, names)
        return _disturb(adversary, on, limits, kernel, pieces, as_json=options.json)
    reject_adversary_options(adversary)
    return _boot(options, session, on, limits, watched, traced, names, record, kernel, pieces)


def _boot(
    options: LinuxOptions, session: SessionOptions, on: MachineOptions, limits: LimitOptions,
    watched: SanitizerOptions, traced: TraceOptions, names: SymbolOptions, record: RecordOptions,
    kernel: Kernel, pieces: list[tuple[int, bytes]],
) -> int:  # fmt: skip
    """Run what lies in `pieces` until it ends, and report the end: a guest that powers off stops its CPUs, one that
    reboots asks for initial program loading."""
    from s390emu.machine import Reason

    symbols = named(names, kernel.symbols)
    machine = build(on)
    put(machine, pieces, kernel.psw)
    watcher = sanitizer(watched, machine, symbols)
    if not options.json:
        machine.host.guests[machine.guest_number].console.live = show
    with recorded(record, machine, on, "linux", symbols) as recorder:
        stop = run_guest(machine, session, traced, limits, symbols, lambda: put(machine, pieces, kernel.psw), recorder)
    symbols = named_at_end(names, machine, symbols)
    ends = Reason.STOPPED, Reason.RE_IPL
    return conclude(machine, stop, symbols, watcher, as_json=options.json, until=session.until, normal=ends)


def _disturb(
    adversary: AdversaryOptions, on: MachineOptions, limits: LimitOptions, kernel: Kernel,
    pieces: list[tuple[int, bytes]], *, as_json: bool,
) -> int:  # fmt: skip
    """Let the adversary loose on what /init does: each of its runs begins with a snapshot from there."""
    from s390emu.machine import Reason

    if kernel.psw[0] != ENTRY_MASK:
        raise UsageError(f"--adversary: {kernel.name} is not entered as Linux is")
    guest = Program([Section("", address, data) for address, data in pieces], kernel.symbols, [], kernel.psw[1])
    return search(adversary, on, guest, program_source(guest), begins=FIRST_PROGRAM, ends=(Reason.STOPPED,),
                  limit=limits.limit or LONGEST_SCRIPT, as_json=as_json)  # fmt: skip

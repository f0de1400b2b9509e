"""Machines by the options of a command line, with a program in them, and watched if that is wished."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from s390emu.commands.compilation import compile_for
from s390emu.commands.options.machine import MachineOptions
from s390emu.commands.options.sanitizer import SanitizerOptions
from s390emu.commands.usage import UsageError
from s390emu.host.devices import SERVICE

if TYPE_CHECKING:
    from s390emu.assembler.assemble import Program
    from s390emu.machine import Machine
    from s390emu.sanitizer.pages import Sanitizer

FIRST_DISK = 0x0100  # its device number


def build(options: MachineOptions, guest: Program | None = None) -> Machine:
    """Return the machine that the options ask for; a first run says what it compiles, of `guest` too."""
    from s390emu.host.block_device import BlockDevice, DiskUnavailable
    from s390emu.host.host import Host
    from s390emu.host.paging_device import PagingDevice, PagingUnavailable
    from s390emu.machine import Machine, Schedule

    options.check()
    try:
        host = Host(
            options.host_frames,
            PagingDevice(options.paging or None) if options.paged else None,
            seed=options.seed,
            unused_access=options.unused_access,
            discard_keys="random" if options.random_keys else "zero",
            service=SERVICE[options.service],
            chunk=options.chunk_blocks,
            chunk_policy=options.chunk_policy,
        )
        compile_for(*([guest] if guest else []))
        machine = Machine(
            options.ram,
            cpus=options.cpus,
            schedule=Schedule(options.cpus, options.quantum, options.schedule),
            host=host,
            identity=options.identity,
            model=options.model,
            essa=not options.no_essa,
            no_dat=options.no_dat,
            extra=options.facility,
            tlb=options.tlb == "on",
            translate=options.translate,
            tod_epoch=options.epoch,
        )
        for device, (path, read_only) in enumerate(options.disk, FIRST_DISK):
            host.attach_disk(machine.guest_number, device, BlockDevice(path, read_only=read_only))
        return machine
    except MemoryError as error:
        raise options.too_large from error
    except (ValueError, PagingUnavailable, DiskUnavailable) as error:
        raise UsageError(str(error)) from error


def load(machine: Machine, guest: Program) -> None:
    """Load a program, or say what does not fit."""
    from s390emu.machine.cpu import START_MASK

    put(machine, guest.image(), (START_MASK, guest.entry))


def put(machine: Machine, pieces: Iterable[tuple[int, bytes]], psw: tuple[int, int]) -> None:
    """Write pieces into storage and load the first PSW, or say what does not fit."""
    from s390emu.host.paging_device import PagingError

    try:
        for address, data in pieces:
            machine.write(address, data)
        machine.set_psw(*psw)
    except IndexError as error:
        raise UsageError(f"the program does not fit into the guest's storage: {error}; give a larger --ram") from error
    except PagingError as error:
        raise UsageError(f"the program does not fit into the host: {error}") from error


def sanitizer(options: SanitizerOptions, machine: Machine, symbols: Mapping[str, int]) -> Sanitizer | None:
    """Return the sanitizer that the options ask for, watching the machine from now on. symbols: the guest's."""
    options.check()
    if options.sanitize is None:
        return None
    from s390emu.sanitizer.guest import DescriptionError, read_description
    from s390emu.sanitizer.pages import Sanitizer

    try:
        known = read_description(options.sanitize_guest, symbols) if options.sanitize_guest else None
        return Sanitizer(machine, known)
    except DescriptionError as error:
        raise UsageError(str(error)) from error

"""Small guests that are recorded, and their recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Schedule
from s390emu.recording import Recording, RunRecorder, Writer

RAM = 1 << 18
PAGES = """
start:  lghi  %r5,50                # pages touched in turn, hinted volatile, unused, stable
        llilf %r1,0x18000
next:   stg   %r5,0(%r1)
        essa  %r2,%r1,3
        lg    %r3,0(%r1)
        essa  %r2,%r1,2
        essa  %r2,%r1,1
        stg   %r1,8(%r1)
        aghi  %r1,4096
        clgfi %r1,0x30000
        jl    again
        llilf %r1,0x18000
again:  brctg %r5,next
        larl  %r1,end
        lpswe 0(%r1)
        .balign 8
end:    .quad 0x0002000180000000,0
"""
SEVERAL = """
start:  llilf %r1,0x0001            # CPU 1: restart, after its restart new PSW
        sigp  %r0,%r1,6
other:  aghi  %r2,1
        stg   %r2,0x800
        j     other
"""


def make(options: dict[str, Any]) -> Machine:
    """Return a machine of these options: those of `options` below."""
    cpus = options.get("cpus", 1)
    paging = PagingDevice(slots=64) if options.get("frames") else None
    host = Host(options.get("frames", RAM >> 12), paging)
    return Machine(RAM, host=host, cpus=cpus, schedule=Schedule(cpus, 7, options.get("schedule")))


def loaded(source: str = PAGES, **options) -> Machine:
    """Return such a machine with a program in it."""
    from s390emu.assembler.assemble import assemble

    machine = make(options)
    machine.load(assemble(source, origin=0x10000))
    machine.write(0x1A0, (0x180000000).to_bytes(8) + (0x1000A).to_bytes(8))  # restart new PSW: `other`
    return machine


def recorded(path: Path, source: str = PAGES, *, limit: int = 10_000, every: int = 50, last: int | None = None,
             **options) -> Machine:  # fmt: skip
    """Record a run and return the machine as it is at its end."""
    machine = loaded(source, **options)
    with RunRecorder(machine, Writer(path, options=options, last=last), every, per_byte=0) as recorder:
        recorder.run(limit)
    return machine


def opened(path: Path) -> Recording:
    """Return the recording, which can make machines."""
    return Recording.open(path, make)


def start_anew(machine: Machine, recorder: RunRecorder) -> None:
    """Put the guest into another state, as the world can: another program, from its beginning."""
    machine.clear_reset()
    machine.set_psw(0x180000000, 0x10000)
    machine.write(0x10000, bytes.fromhex("a7290001 a7f4fffe"))  # LGHI, J
    recorder.put()

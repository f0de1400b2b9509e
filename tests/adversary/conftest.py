"""A toy kernel so small that every point of its run can be tried, and a host with a frame for every block."""

from __future__ import annotations

import pytest

from s390emu.guests import toy_kernel
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine
from tests.adversary.planted import STORAGE, TINY

# A guest of its own kind: two volatile blocks and one that is unused, a loop, and an instruction that needs both.
SMALL = """
start:  larl  %r1,first
        larl  %r2,second
        larl  %r3,third
        mvghi 0(%r1),5
        mvghi 0(%r2),7
        sske  %r0,%r2
        essa  %r0,%r1,3
        essa  %r0,%r2,4
        essa  %r0,%r3,2
        lghi  %r5,3
1:      aghi  %r6,1
        brctg %r5,1b
        larl  %r4,handler
        stg   %r4,0x1d8
        larl  %r4,mask
        mvc   0x1d0(8),0(%r4)
again:  mvc   0(8,%r1),0(%r2)
        iske  %r7,%r3
        essa  %r0,%r3,1
        lg    %r6,0(%r1)
        larl  %r4,end
        lpswe 0(%r4)
handler:
        lg    %r8,0xa8
        nill  %r8,0xf000
        essa  %r0,%r8,1
        mvghi 0(%r8),7
        lpswe 0x150
        .balign 8
mask:   .quad 0x0000000180000000
end:    .quad 0x0002000180000000,0
        .balign 4096
first:  .skip 4096
second: .skip 4096
third:  .skip 4096
"""


@pytest.fixture
def small():
    """-> a function that makes a machine with a guest of some 30 instructions."""
    return lambda: Machine.from_source(SMALL, 96 << 10, host=Host(24))


@pytest.fixture(scope="session")
def kernel():
    return toy_kernel.build(**TINY)


@pytest.fixture
def tiny(kernel):
    """-> a function that makes a machine with the toy kernel."""

    def make(frames: int = STORAGE // 4096) -> Machine:
        machine = Machine(STORAGE, host=Host(frames, PagingDevice()))
        machine.load(kernel)
        return machine

    return make

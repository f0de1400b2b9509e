"""Guests of two CPUs that do some thirty instructions each, so that all their interleavings can be tried.

Each CPU adds one to a counter, and looks at a volatile block. The first one starts the other, and waits for it at the
end."""

from __future__ import annotations

from s390emu.adversary.search import PATIENCE
from s390emu.host.host import Host
from s390emu.machine import Machine, Schedule

SIZE = 80 << 10
COMPARE_AND_SWAP = """
        lg    %r6,0(%r5)
1:      lgr   %r9,%r6
        aghi  %r9,1
        csg   %r6,%r9,0(%r5)
        jne   1b
"""
LOAD_AND_STORE = """
        lg    %r6,0(%r5)
        aghi  %r6,1
        stg   %r6,0(%r5)
"""
# The block's content is 7. Between ESSA and the store of a repair it is 0, for whoever comes then.
LOOK = """
        lg    %r8,0(%r7)
"""
LOOK_AND_CHECK = """
        lg    %r8,0(%r7)
        cghi  %r8,7
        je    5f
        stg   %r7,0(%r5)        # so that the end is wrong
5:
"""
SOURCE = """
        .equ  other,0x8000      # prefix area
start:  llilf %r2,other
        larl  %r4,constants
        mvc   0x1d0(16),16(%r4)
        mvc   0x1a0(16,%r2),0(%r4)
        mvc   0x1d0(16,%r2),16(%r4)
        larl  %r7,block
        mvghi 0(%r7),7
        sske  %r0,%r7
        essa  %r0,%r7,3
        lghi  %r3,1
        lgr   %r1,%r2
        sigp  %r0,%r3,0x0d      # set prefix
        sigp  %r0,%r3,0x06      # restart
        brasl %r14,work
2:      larl  %r10,done
        cli   0(%r10),0
        jne   3f
        diag  0,0,0x44
        j     2b
3:      larl  %r5,counter
        lg    %r6,0(%r5)
        larl  %r4,ends
        cghi  %r6,2
        je    4f
        lpswe 16(%r4)
4:      lpswe 0(%r4)
begin:  brasl %r14,work
        larl  %r10,done
        mvi   0(%r10),1
        larl  %r4,ends
        lpswe 32(%r4)
work:   larl  %r5,counter
        larl  %r7,block
{add}{look}
        br    %r14
handler:
        lg    %r11,0xa8
        nill  %r11,0xf000
        essa  %r0,%r11,1
        mvghi 0(%r11),7
        lpswe 0x150
        .balign 8
constants:
        .quad 0x0000000180000000,begin,0x0000000180000000,handler
ends:   .quad 0x0002000180000000,0,0x0002000180000000,5,0x0302000180000000,0
counter:.quad 0
done:   .quad 0
        .balign 4096
block:  .skip 4096
"""


def source(add: str = COMPARE_AND_SWAP, look: str = LOOK) -> str:
    return SOURCE.format(add=add, look=look)


def make(add: str = COMPARE_AND_SWAP, look: str = LOOK, *, quantum: int = PATIENCE, tlb: bool = False) -> Machine:
    """Make a machine that is about to start the guest."""
    return Machine.from_source(source(add, look), SIZE, origin=0x10000, host=Host(32), cpus=2,
                               schedule=Schedule(2, quantum), tlb=tlb)  # fmt: skip

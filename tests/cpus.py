"""Assembly that tests of guests of two CPUs begin with."""

from __future__ import annotations

START_OTHERS = """
        llihf   %r7,1                   # restart new PSW: 64-bit mode, at `second`
        iilf    %r7,0x80000000
        stg     %r7,0x1a0
        larl    %r6,second
        stg     %r6,0x1a8
        lghi    %r5,1
1:      sigp    %r8,%r5,6               # restart
        brc     2,1b
"""

"""A flat image that is taken for a Linux kernel: it writes lines on its console and hints, and powers off."""

from __future__ import annotations

from collections.abc import Iterable

from s390emu.assembler.assemble import assemble

POWER_OFF = "lghi %r1,0; sigp %r0,%r1,5"  # stop this CPU: as Linux powers off
PANIC = "larl %r1,panic; lpswe 0(%r1)"


def fake_kernel(lines: Iterable[str], between: str = "", end: str = POWER_OFF) -> bytes:
    """Return the image. between: instructions before each line."""
    said = "".join(f"""
        {between}
        larl    %r6,line{n}
        llilf   %r2,0x00760005          # write event data
        brasl   %r14,service
    """ for n, _ in enumerate(lines))  # fmt: skip
    texts = "".join(f"""
        .balign 8
line{n}: .short 14 + after{n} - text{n},0,0,0   # length, function, mask, response
        .short  6 + after{n} - text{n},0x1A00,0
text{n}: .ascii "{line}\\n"
after{n}:
    """ for n, line in enumerate(lines))  # fmt: skip
    source = f"""
        .org 0x1B0
        .quad 0x0000000180000000,back   # external new PSW
        .org 0x10000
        j begin
        .org 0x10008
        .ascii "S390EP"
        .org 0x10500
begin:  larl    %r1,subclass
        lctlg   %c0,%c0,0(%r1)
        larl    %r6,mask
        llilf   %r2,0x00780005          # write event mask
        brasl   %r14,service
        {said}
        {end}
service:
        servc   %r2,%r6
        larl    %r1,wait
        lpswe   0(%r1)
back:   br      %r14
        .balign 8
subclass: .quad 0x200                   # service signal
wait:   .quad   0x0102000180000000,0
panic:  .quad   0x0002000180000000,0xbad
        .balign 8
mask:   .short  28,0,0,0,0,4
        .long   0,0x40,0,0              # we receive nothing, and send characters
        {texts}
    """
    return assemble(source, origin=0).sections[0].data

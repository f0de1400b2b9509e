# Bytes: clear and copy.
        .include "kernel.inc"

# r2 = address, r3 = length: zeros
        .globl  clear
clear:  lghi    %r0,0
        lghi    %r1,0
        mvcl    %r2,%r0
        br      %r14

# r2 = to, r3 = from, r4 = length.  The condition code of MVCL is of no use here: neither operand wraps.
        .globl  copy
copy:   lgr     %r0,%r3
        lgr     %r1,%r4
        lgr     %r3,%r4
        mvcl    %r2,%r0
        br      %r14

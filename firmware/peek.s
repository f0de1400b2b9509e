# Supervisor call peek: looks at a block of the pool without asking what it is, as /dev/mem does.
#   r2 = block of the pool, by number; r3 = where to put its first cell.  r2 := 1, or 0 if the block is not there.
# The block may be unused (addressing exception once the host has taken it) or volatile (discard fault).  It is the
# kernel's side of the copy, so neither is repaired: the copy is given up (R8, R9; fixups in program.s).
        .include "kernel.inc"

        .globl  svc_peek, peek_copy, peek_copied, peek_absent
svc_peek:
        enter
        lgr     %r6,%r2
        lgr     %r7,%r3
        clgfi   %r6,POOL_BLOCKS
        jnl     peek_absent
        lgr     %r2,%r7
        lghi    %r3,CELL
        lghi    %r4,1
        brasl   %r14,user_may
        ltgr    %r2,%r2
        jz      peek_absent
        sllg    %r4,%r6,12
        algfi   %r4,POOL                # r4: program.s looks here for the kernel's side
peek_copy:
        mvc     0(CELL,%r7),0(%r4)
peek_copied:
        lghi    %r2,1
        leave
peek_absent:
        lghi    %r2,0
        leave

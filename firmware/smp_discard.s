# The discard fault between CPUs: a task has touched a block that the host has thrown away.
        .include "kernel.inc"

# r2 = absolute address of the block.  On return the instruction runs again, and finds no translation:
# translation_fault gets the content from the disk, into whatever frame.  All that is known is an address.  Since it
# was stored another CPU may have found the block discarded too, and freed its frame; it has not been used anew, since
# this CPU has not signed off (R7), but there may be nothing left to take a reference to (R6).
        .globl  discard_fault
discard_fault:
        enter
        clgfi   %r2,POOL                # only blocks of the pool are ever hinted,
        jl      stray
        clgfi   %r2,POOL_END
        jnl     stray
        tm      PROGRAM_PSW+1,0x01      # and the kernel makes those that it uses stable
        jz      stray
        frame_of %r6,%r2
        lgr     %r2,%r6
        brasl   %r14,get_unless_free
        ltgr    %r2,%r2
        jz      3f
        agsi    COUNT_FAULTS,1
        lgr     %r2,%r6
        brasl   %r14,cache_discard
        lghi    %r13,0
1:      chhsi   FRAME_MAPS(%r6),0       # somebody else may still be about to unmap it
        je      2f
        brasl   %r14,relax
        j       1b
2:      lgr     %r2,%r6
        brasl   %r14,cache_put
        j       4f

3:      agsi    COUNT_IGNORED,1
4:      ptlb                            # this CPU would fault once more with the translation that it has
        sign_off
        leave

stray:  lghi    %r2,EXIT_STRAY_DISCARD
        larl    %r3,text_stray
        lghi    %r4,PROGRAM_OLD_PSW
        lghi    %r5,0x1A
        j       panic_interruption

        .balign 2
text_stray:
        .asciz  "discard fault in the kernel"

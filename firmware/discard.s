# The discard fault: the task, or the kernel on the task's behalf, has touched a block that the host has thrown away.
# docs/page-hinting.md section 5: program interruption 001A, nullifying, with the absolute address of the block.
        .include "kernel.inc"

# r2 = absolute address of the block.  On return the interrupted instruction runs again.
        .globl  discard_fault
discard_fault:
        enter
        lgr     %r6,%r2
        clgfi   %r6,POOL                # only blocks of the pool are ever hinted
        jl      stray
        clgfi   %r6,POOL_END
        jnl     stray
        .if     PLANT==PLANT_HANDLER_FAULTS
        ic      %r0,0(%r6)
        .endif
        brasl   %r14,is_discarded
        ltgr    %r2,%r2
        jz      1f                      # R6: the fault is about a block that has since been freed, or used anew; the
        frame_of %r2,%r6                # address is absolute, and no page table tells.  Not our business: try again
        cli     FRAME_OWNER(%r2),OWNER_CACHE
        jne     stray
        .if     PLANT!=PLANT_KERNEL_SIDE_REPAIRED
        chsi    FRAME_MAPS(%r2),0       # the kernel makes what it uses stable, so it must have been for the task
        je      stray
        .endif
        agsi    COUNT_FAULTS,1
        repair_mapped
1:      leave

stray:  lghi    %r2,EXIT_STRAY_DISCARD
        larl    %r3,text_stray
        lghi    %r4,PROGRAM_OLD_PSW
        lghi    %r5,0x1A
        j       panic_interruption

# r2 = frame of a discarded block.  Drops it from the page cache.  If the task has it mapped, the content is read
# again into the same block: with DAT off the address is the mapping.  (With DAT the handler would only invalidate the
# page-table entries, and the retry would page-fault and find the content in another block.)
# r2 := 1 if the block has its content again, and is stable; 0 if it is free.
        .globl  repair
repair: enter
        lgr     %r6,%r2
        chsi    FRAME_MAPS(%r6),0
        .if     PLANT!=PLANT_FREED_MAPPED
        jne     1f
        .endif
        brasl   %r14,cache_drop
        lghi    %r2,0
        leave

1:      brasl   %r14,revive
        ltgr    %r2,%r2
        jz      2f
        .if     PLANT==PLANT_KEY_UNPREDICTABLE
        llgf    %r2,FRAME_FILE(%r6)
        block_of %r3,%r6
        brasl   %r14,disk_read
        .else
        lgr     %r2,%r6
        brasl   %r14,cache_load
        .endif
2:      lghi    %r2,1
        leave

# r2 = frame of a discarded block that the task has mapped.  r2 := 1 if the block is stable, in the page cache again, and
# its content is to be read; 0 if somebody else has been here.
        .globl  revive
revive: enter
        lgr     %r6,%r2
        brasl   %r14,cache_remove       # R3: from here on no lookup finds it
        ltgr    %r2,%r2
        jz      1f
        block_of %r2,%r6
        .if     PLANT==PLANT_REUSED_EARLY
        brasl   %r14,set_unused
        .endif
        brasl   %r14,set_stable         # a stable block of zeros, its key unpredictable
        ni      FRAME_FLAGS(%r6),0xFF-DISCARDED
        lgr     %r2,%r6
        llgf    %r3,FRAME_FILE(%r6)
        .if     PLANT!=PLANT_UNINDEXED_VOLATILE
        brasl   %r14,cache_insert
        .endif
# The block stays stable until the next supervisor call ends (the web server: until the task is done with it).  An
# instruction may need several blocks at once; with this, each fault brings it one block further, however eager the host.
        oi      FRAME_FLAGS(%r6),REPAIRED
        lghi    %r2,1
1:      leave

        .balign 2
text_stray:
        .asciz  "discard fault outside the windows"

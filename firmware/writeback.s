# What is newer than the disk, and how it gets there.
        .include "kernel.inc"

# r2 = frame of a block that the task can store into.  Turns the change bit of its key into DIRTY.
# R1.  The host keeps a potentially volatile block with C = 1 and may discard one with C = 0.  So: see C, make the
# block stable, clear C, set DIRTY.  Clearing C first would open a gap in which the only copy is discardable.
        .globl  save_change
save_change:
        enter
        lgr     %r6,%r2
        block_of %r7,%r6
        iske    %r8,%r7                 # no exception even if the block is discarded; C is zero then
        tmll    %r8,KEY_CHANGE
        jz      1f
        .if     PLANT!=PLANT_CHANGE_CLEARED
        lgr     %r2,%r7
        brasl   %r14,make_stable
        ltgr    %r2,%r2
        jz      2f
        .endif
        nill    %r8,0xFFFF-KEY_CHANGE
        sske    %r8,%r7
        agsi    COUNT_DIRTY,1
        .if     PLANT==PLANT_CHANGE_FORGOTTEN
        leave
        .endif
        lgr     %r2,%r6
        brasl   %r14,set_dirty
1:      leave

2:      lghi    %r2,EXIT_R1
        larl    %r3,text_lost
        j       panic

# r2 = frame of a stable block that is newer than the disk
        .globl  set_dirty
set_dirty:
        oi      FRAME_FLAGS(%r2),DIRTY
        llgf    %r2,FRAME_FILE(%r2)
        j       disk_stale              # what the disk has is out of date

# r2 = frame of a dirty block, so it is stable
        .globl  write_back
write_back:
        enter
        lgr     %r6,%r2
        llgf    %r2,FRAME_FILE(%r6)
        block_of %r3,%r6
        brasl   %r14,disk_write
        ni      FRAME_FLAGS(%r6),0xFF-DIRTY
        leave

        .balign 2
text_lost:
        .asciz  "a changed block was discarded"

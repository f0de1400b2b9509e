# What is newer than the disk, and how it gets there.
        .include "kernel.inc"
        .equ    BURST,4                 # blocks written by one call of write_back_some

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
        lgr     %r2,%r7
        brasl   %r14,make_stable
        ltgr    %r2,%r2
        jz      2f
        nill    %r8,0xFFFF-KEY_CHANGE
        sske    %r8,%r7
        agsi    COUNT_DIRTY,1
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
        j       log_free                # the log's copy is stale

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

# The write-back daemon, run when the task yields: collects the change bits of the windows, then writes some blocks.
        .globl  write_back_some
write_back_some:
        enter
        llilf   %r6,FRAME_TABLE
        lghi    %r7,POOL_BLOCKS
        lghi    %r8,BURST
1:      cli     FRAME_OWNER(%r6),OWNER_CACHE
        jne     3f
        tm      FRAME_FLAGS(%r6),WRITABLE
        jz      2f
        lgr     %r2,%r6
        brasl   %r14,save_change
2:      tm      FRAME_FLAGS(%r6),DIRTY
        jz      3f
        lgr     %r2,%r6
        brasl   %r14,write_back
        lgr     %r2,%r6
        brasl   %r14,make_volatile
        aghi    %r8,-1
        jz      4f
3:      aghi    %r6,FRAME_SIZE
        brctg   %r7,1b
4:      leave

# Gives back one block of the log disk whose content is also in the page cache.
# R10: the cached block may be discarded, and then the log's copy is the only one.  So make it stable first; if that
# fails, keep the copy.
        .globl  trim_log
trim_log:
        enter
        lg      %r6,TRIM_HAND
        lgr     %r1,%r6
        aghi    %r1,1
        cghi    %r1,WRITABLE_BLOCKS
        jl      1f
        lghi    %r1,0
1:      stg     %r1,TRIM_HAND
        index_of %r1,%r6,LOG_INDEX
        lg      %r2,0(%r1)
        ltgr    %r2,%r2
        jz      3f                      # no copy
        index_of %r1,%r6,CACHE_INDEX
        lg      %r7,0(%r1)
        ltgr    %r7,%r7
        jz      3f                      # the only copy
        lgr     %r2,%r7
        brasl   %r14,make_stable
        ltgr    %r2,%r2
        jz      2f
        frame_of %r2,%r7
        brasl   %r14,set_dirty
        j       3f
2:      agsi    COUNT_KEPT,1
3:      leave

        .balign 2
text_lost:
        .asciz  "a changed block was discarded"

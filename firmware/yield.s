# The toy kernel's housekeeping, when the task yields: what is newer than the disk goes there, and the log is trimmed.
        .include "kernel.inc"
        .equ    WRITTEN_AT_ONCE,4       # blocks written by one call of write_back_some

# The write-back daemon, run when the task yields: collects the change bits of the windows, then writes some blocks.
        .globl  write_back_some
write_back_some:
        enter
        llilf   %r6,FRAME_TABLE
        lghi    %r7,POOL_BLOCKS
        lghi    %r8,WRITTEN_AT_ONCE
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
        .if     PLANT!=PLANT_COPY_FREED
        jz      2f
        .endif
        frame_of %r2,%r7
        brasl   %r14,set_dirty
        j       3f
2:      agsi    COUNT_KEPT,1
3:      leave

# The block allocator.  Free blocks wait in a ring.  The toy kernel takes the oldest one: the longer a block is unused,
# the likelier the host takes it, and that costs nobody anything.  NEWEST_FIRST takes the one that became free last, as
# most kernels do: its frame is likely still there.  The ring is a table of its own: a link inside a free block would be
# thrown away with it.
        .include "kernel.inc"

# All of the pool is free, and unused.  The fixed blocks never enter the queue: they are taken by number.
        .globl  blocks_init
blocks_init:
        enter
        llilf   %r2,FRAME_TABLE
        llilf   %r3,TABLES_END-FRAME_TABLE
        brasl   %r14,clear
        llilf   %r6,POOL
        lghi    %r7,POOL_BLOCKS
1:      lgr     %r2,%r6
        brasl   %r14,free_block
        aghi    %r6,BLOCK
        brctg   %r7,1b
        leave

# r2 := a stable block, content unpredictable, key that of the kernel; r3 = the new owner.
        .globl  allocate_block
allocate_block:
        enter
        lgr     %r7,%r3
        lg      %r1,FREE_COUNT
        aghi    %r1,-1
        jl      1f
        stg     %r1,FREE_COUNT
        lg      %r4,FREE_HEAD
        .if     NEWEST_FIRST
        agr     %r4,%r1
        cghi    %r4,POOL_BLOCKS
        jl      2f
        aghi    %r4,-POOL_BLOCKS
2:      index_of %r3,%r4,FREE_RING
        lg      %r6,0(%r3)
        .else
        index_of %r3,%r4,FREE_RING
        lg      %r6,0(%r3)
        aghi    %r4,1
        cghi    %r4,POOL_BLOCKS
        jl      2f
        lghi    %r4,0
2:      stg     %r4,FREE_HEAD
        .endif
        lgr     %r2,%r6
        lgr     %r3,%r7
        brasl   %r14,take_block
        lgr     %r2,%r6
        leave

1:      lghi    %r2,EXIT_NO_BLOCK
        larl    %r3,text_no_block
        j       panic

# r2 = free block, r3 = new owner.  First stable, then touched: to touch an unused block is an error.
        .globl  take_block
take_block:
        enter
        lgr     %r6,%r2
        frame_of %r7,%r6
        xc      0(FRAME_SIZE,%r7),0(%r7)
        stc     %r3,FRAME_OWNER(%r7)
        brasl   %r14,set_stable
        lghi    %r1,KEY_KERNEL          # the key of a discarded block is unpredictable (docs/page-hinting.md section 6)
        sske    %r1,%r6
        leave

# r2 = block that nobody uses any more
        .globl  free_block
free_block:
        enter
        lgr     %r6,%r2
        frame_of %r7,%r6
        xc      0(FRAME_SIZE,%r7),0(%r7)        # OWNER_FREE
        brasl   %r14,set_unused
        clgfi   %r6,FIXED_END
        jl      2f
        lg      %r1,FREE_HEAD
        lg      %r2,FREE_COUNT
        agr     %r1,%r2
        cghi    %r1,POOL_BLOCKS
        jl      1f
        aghi    %r1,-POOL_BLOCKS
1:      index_of %r3,%r1,FREE_RING
        stg     %r6,0(%r3)
        agsi    FREE_COUNT,1
2:      leave

        .balign 2
text_no_block:
        .asciz  "no free block"

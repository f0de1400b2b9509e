# Frames that nobody refers to.  A frame that leaves the page cache is not free at once (R7): another CPU may still
# have a translation to its block, or a discard fault about it that it has not looked at, and both know no more than
# the address.  It waits, with the generation at which it left, until all CPUs have signed that off; then it becomes
# unused, and free.  The latest free frame is used first: its block is likely still in a frame of the host.
        .include "kernel.inc"

# All frames are free, and unused.
        .globl  blocks_init
blocks_init:
        enter
        llilf   %r2,FRAME_TABLE
        llilf   %r3,TABLES_END-FRAME_TABLE
        brasl   %r14,clear
        llilf   %r6,FRAME_TABLE
        lghi    %r7,POOL_BLOCKS
1:      lgr     %r2,%r6
        brasl   %r14,free_frame
        aghi    %r6,FRAME_SIZE
        brctg   %r7,1b
        leave

# r2 = file block.  r2 := a frame for it, its block stable with the kernel's key, content unpredictable.  It is
# locked, since the content is yet to come, and has two references: the cache's and the caller's.
        .globl  allocate_frame
allocate_frame:
        enter
        lgr     %r7,%r2
        lghi    %r13,0
1:      brasl   %r14,take_frame
        ltgr    %r6,%r2
        jnz     3f
        lg      %r1,SIGN_OFF_COUNT      # some will soon be free;
        ltgr    %r1,%r1
        jnz     2f
        brasl   %r14,evict_any          # or else one has to be
2:      brasl   %r14,ask_for_sign_off
        brasl   %r14,relax
        j       1b

3:      block_of %r2,%r6
        brasl   %r14,set_stable
        block_of %r2,%r6
        lghi    %r1,KEY_KERNEL          # the key of a discarded block is unpredictable
        sske    %r1,%r2
        st      %r7,FRAME_FILE(%r6)
        llilh   %r1,OWNER_CACHE*0x100+LOCKED
        st      %r1,0(%r6)
        lgfi    %r1,2*ONE_REF
        st      %r1,FRAME_COUNTS(%r6)   # last: from here on whoever comes across the frame can take a reference
        lgr     %r2,%r6
        leave

# r2 := a free frame, 0 if there is none now
take_frame:
        enter
        brasl   %r14,gather
        llilf   %r2,POOL_LOCK
        brasl   %r14,lock
        lghi    %r6,0
        lg      %r1,FREE_FRAMES
        aghi    %r1,-1
        jl      1f
        stg     %r1,FREE_FRAMES
        sllg    %r1,%r1,3
        algfi   %r1,FREE_STACK
        lg      %r6,0(%r1)
1:      llilf   %r2,POOL_LOCK
        brasl   %r14,unlock
        lgr     %r2,%r6
        leave

# Frames that all CPUs have signed off become free.
        .globl  gather
gather: enter
1:      llilf   %r2,POOL_LOCK
        brasl   %r14,lock
        lg      %r8,SIGN_OFF_COUNT
        aghi    %r8,-1
        jl      3f
        lg      %r7,SIGN_OFF_HEAD
        sllg    %r1,%r7,4
        algfi   %r1,SIGN_OFF_RING
        lg      %r6,0(%r1)
        lg      %r2,8(%r1)
        brasl   %r14,all_signed_off
        ltgr    %r2,%r2
        jz      3f
        stg     %r8,SIGN_OFF_COUNT
        aghi    %r7,1
        cghi    %r7,POOL_BLOCKS
        jl      2f
        lghi    %r7,0
2:      stg     %r7,SIGN_OFF_HEAD
        lgr     %r2,%r6
        brasl   %r14,free_frame
        llilf   %r2,POOL_LOCK
        brasl   %r14,unlock
        .if     PLANT==PLANT_UNUSED_LATE
        block_of %r2,%r6
        brasl   %r14,set_unused
        .endif
        j       1b
3:      llilf   %r2,POOL_LOCK
        brasl   %r14,unlock
        leave

# r2 = frame that nobody knows of.  The caller holds POOL_LOCK, and the block is unused before it is given up: whoever
# takes the frame makes its block stable, and that must come last.
free_frame:
        enter
        lgr     %r6,%r2
        mvi     FRAME_OWNER(%r6),OWNER_FREE
        .if     PLANT!=PLANT_UNUSED_LATE
        block_of %r2,%r6
        brasl   %r14,set_unused
        .endif
        lg      %r1,FREE_FRAMES
        cghi    %r1,POOL_BLOCKS
        jnl     freed_twice
        sllg    %r2,%r1,3
        algfi   %r2,FREE_STACK
        stg     %r6,0(%r2)
        aghi    %r1,1
        stg     %r1,FREE_FRAMES
        leave

# r2 = frame of which the last reference is gone
        .globl  release_frame
release_frame:
        enter
        lgr     %r6,%r2
        llilf   %r2,POOL_LOCK
        brasl   %r14,lock
        .if     PLANT==PLANT_NOT_SIGNED_OFF
        lgr     %r2,%r6
        brasl   %r14,free_frame
        .else
        mvi     FRAME_OWNER(%r6),OWNER_SIGN_OFF
        brasl   %r14,next_generation
        lg      %r1,SIGN_OFF_COUNT
        cghi    %r1,POOL_BLOCKS
        jnl     freed_twice
        lg      %r3,SIGN_OFF_HEAD
        agr     %r3,%r1
        cghi    %r3,POOL_BLOCKS
        jl      1f
        aghi    %r3,-POOL_BLOCKS
1:      sllg    %r3,%r3,4
        algfi   %r3,SIGN_OFF_RING
        stg     %r6,0(%r3)
        stg     %r2,8(%r3)
        aghi    %r1,1
        stg     %r1,SIGN_OFF_COUNT
        .endif
        llilf   %r2,POOL_LOCK
        brasl   %r14,unlock
        leave

        .globl  freed_twice
freed_twice:
        lghi    %r2,EXIT_FREED_TWICE
        larl    %r3,text_freed_twice
        j       panic

        .balign 2
text_freed_twice:
        .asciz  "a frame was freed twice"

# The balloon: blocks that the host has asked for.  The guest takes them from its free blocks, or from its page cache,
# and gives them back with DIAGNOSE X'10': they read as zeros from then on and have no frame.  When the host wants fewer,
# they are free again; who touches one gets a frame for it.  It works with and without ESSA.
        .include "kernel.inc"

# A step towards BALLOON_TARGET, of at most BALLOON_STEP blocks, so that requests are served meanwhile.
# r2 := 1 if there is more to do at once; 0 if not, or if the guest cannot spare more now.
        .globl  balloon_step
balloon_step:
        enter
        lghi    %r1,ACCOUNT_BALLOON
        brasl   %r14,account
        lgr     %r13,%r1
        lghi    %r6,BALLOON_STEP
        lghi    %r9,0                   # first and last of the neighbours that are given back together; none yet
        lghi    %r10,0
1:      lg      %r7,BALLOON_SIZE
        cg      %r7,BALLOON_TARGET
        lghi    %r8,0
        je      4f
        jh      3f
        lg      %r1,FREE_COUNT          # inflate
        ag      %r1,CACHE_COUNT
        cghi    %r1,FLOOR
        jnh     2f
        brasl   %r14,cache_room         # evicts if there are too few free ones
        lg      %r1,FREE_COUNT
        cghi    %r1,LOW_FREE
        jl      2f
        lghi    %r3,OWNER_BALLOON
        brasl   %r14,allocate_block
        index_of %r1,%r7,BALLOON_LIST
        stg     %r2,0(%r1)
        agsi    BALLOON_SIZE,1
        agsi    COUNT_INFLATED,1
        brasl   %r14,give_back
        j       5f
2:      agsi    COUNT_BALLOON_REFUSED,1 # not now
        j       4f

3:      aghi    %r7,-1                  # deflate
        stg     %r7,BALLOON_SIZE
        agsi    COUNT_DEFLATED,1
        index_of %r1,%r7,BALLOON_LIST
        lg      %r2,0(%r1)
        brasl   %r14,free_block
5:      lghi    %r8,1
        brctg   %r6,1b
4:      lghi    %r2,0
        brasl   %r14,give_back
        lgr     %r1,%r13
        brasl   %r14,account
        lgr     %r2,%r8
        leave

# r2 = block to give back, 0 for none.  r9 and r10 = first and last block of those that wait for it: they go if this one
# is not their neighbour, and it waits instead.
give_back:
        ltgr    %r10,%r10
        jz      1f
        lgr     %r1,%r10
        aghi    %r1,BLOCK
        cgr     %r2,%r1
        je      3f
        lgr     %r1,%r9
        aghi    %r1,-BLOCK
        cgr     %r2,%r1
        je      2f
        diag    %r9,%r10,0x10
1:      lgr     %r10,%r2
2:      lgr     %r9,%r2
        br      %r14
3:      lgr     %r10,%r2
        br      %r14

# Files of up to eight blocks in the page cache.  What of a file is missing is read in one operation.
        .include "kernel.inc"

# A block for the page cache: r2 := stable block.  If all that could be evicted is dirty, the writing is waited for.
        .globl  cache_block
cache_block:
        enter
        brasl   %r14,cache_room
        lg      %r1,FREE_COUNT
        ltgr    %r1,%r1
        jnz     1f
        brasl   %r14,write_back_wait
        brasl   %r14,write_back_start
        brasl   %r14,write_back_wait
        brasl   %r14,cache_room
1:      lghi    %r3,OWNER_CACHE
        brasl   %r14,allocate_block
        leave

# r2 = block of the disk that is not cached.  r2 := the block that is to hold it, held; its reading is noted.
miss:   enter
        lgr     %r6,%r2
        agsi    COUNT_MISSES,1
        brasl   %r14,cache_block
        lgr     %r7,%r2
        frame_of %r8,%r7
        lgr     %r2,%r8
        lgr     %r3,%r6
        brasl   %r14,cache_insert
        asi     FRAME_REFS(%r8),1
        lgr     %r2,%r6
        lgr     %r3,%r7
        brasl   %r14,note_read
        lgr     %r2,%r7
        leave

# r2 = first block of the disk, r3 = how many.  r2 := 1 if there are such blocks and the task has none of HELD, else 0.
check_file:
        lghi    %r0,0
        cli     LENT,0
        jne     1f
        clgfi   %r2,DISK_BLOCKS
        jnl     1f
        clgfi   %r3,FILE_MOST
        jh      1f
        ltgr    %r3,%r3
        jz      1f
        agr     %r2,%r3
        clgfi   %r2,DISK_BLOCKS
        jh      1f
        lghi    %r0,1
1:      lgr     %r2,%r0
        br      %r14

# Supervisor call read: r2 = first block, r3 = how many.  Copies them to the task's READ_BUFFER.  r2 := 0, or -1.
# The blocks are stable while the kernel copies.
        .globl  svc_read
svc_read:
        enter
        lgr     %r6,%r2
        lgr     %r7,%r3
        lgr     %r9,%r3
        brasl   %r14,check_file
        ltgr    %r2,%r2
        lghi    %r2,-1
        jz      9f
        lghi    %r8,HELD
1:      lgr     %r2,%r6
        brasl   %r14,cache_find
        ltgr    %r2,%r2
        jz      2f
        agsi    COUNT_HITS,1
        frame_of %r1,%r2
        asi     FRAME_REFS(%r1),1
        j       3f
2:      lgr     %r2,%r6
        brasl   %r14,miss
3:      stg     %r2,0(%r8)
        aghi    %r6,1
        aghi    %r8,8
        brctg   %r7,1b
        brasl   %r14,disk_read_noted

        lghi    %r8,HELD
        llilf   %r10,READ_BUFFER
4:      lgr     %r2,%r10
        lg      %r3,0(%r8)
        lghi    %r4,BLOCK
        brasl   %r14,copy
        lg      %r2,0(%r8)
        brasl   %r14,cache_put
        aghi    %r8,8
        aghi    %r10,BLOCK
        brctg   %r9,4b
        lghi    %r2,0
9:      leave

# Supervisor call lend: r2 = first block, r3 = how many.  The task may fetch from the cached blocks themselves; their
# addresses are in TASK_LENT.  r2 := 0, or -1.
# R12: what is cached is lent as it is, volatile and perhaps discarded.  The task's first access repairs if need be.
        .globl  svc_lend
svc_lend:
        enter
        lgr     %r6,%r2
        lgr     %r7,%r3
        brasl   %r14,check_file
        ltgr    %r2,%r2
        lghi    %r2,-1
        jz      9f
        stg     %r7,HELD_COUNT
        mvi     LENT,1
        lghi    %r8,HELD
1:      index_of %r1,%r6,CACHE_INDEX
        lg      %r9,0(%r1)
        ltgr    %r9,%r9
        jnz     2f
        lgr     %r2,%r6
        brasl   %r14,miss
        lgr     %r9,%r2
        frame_of %r2,%r9
        asi     FRAME_REFS(%r2),-1      # what has just been read stays stable until the task is done with it, like
        oi      FRAME_FLAGS(%r2),REPAIRED       # what has been read again after a discard fault
        asi     FRAME_MAPS(%r2),1
        j       3f
2:      agsi    COUNT_HITS,1
        frame_of %r2,%r9
        asi     FRAME_MAPS(%r2),1
        lghi    %r3,KEY_READ
        brasl   %r14,change_key
3:      stg     %r9,0(%r8)
        aghi    %r6,1
        aghi    %r8,8
        brctg   %r7,1b
        brasl   %r14,disk_read_noted
        llilf   %r1,TASK_LENT
        mvc     0(8*FILE_MOST,%r1),HELD
        lghi    %r2,0
9:      leave

# Supervisor call return: the task is done with what has been lent to it.  r2 := 0, or -1.
        .globl  svc_return
svc_return:
        enter
        lghi    %r2,-1
        cli     LENT,0
        je      9f
        mvi     LENT,0
        lghi    %r8,HELD
        lg      %r7,HELD_COUNT
1:      lg      %r9,0(%r8)
        frame_of %r6,%r9
        asi     FRAME_MAPS(%r6),-1
        lgr     %r2,%r6
        lghi    %r3,KEY_KERNEL
        brasl   %r14,change_key
        tm      FRAME_FLAGS(%r6),REPAIRED
        jz      2f
        lgr     %r2,%r6
        brasl   %r14,make_volatile
2:      aghi    %r8,8
        brctg   %r7,1b
        lghi    %r2,0
9:      leave

# r2 = frame of the mapped block that a discard fault is about.  If the task has borrowed it, the others of that file are
# looked after as well: they would meet the same fate one by one, and cost an operation on the disk each.
        .globl  repair_lent
repair_lent:
        enter
        lgr     %r6,%r2
        brasl   %r14,revive_and_note
        cli     LENT,0
        je      3f                      # the open block of the log
        lghi    %r8,HELD
        lg      %r7,HELD_COUNT
1:      lg      %r9,0(%r8)
        frame_of %r10,%r9
        cgr     %r10,%r6
        je      2f
        lgr     %r2,%r9
        brasl   %r14,is_discarded
        ltgr    %r2,%r2
        jz      2f
        agsi    COUNT_AROUND,1
        lgr     %r2,%r10
        brasl   %r14,revive_and_note
2:      aghi    %r8,8
        brctg   %r7,1b
3:      brasl   %r14,disk_read_noted
        leave

# r2 = frame
revive_and_note:
        enter
        lgr     %r6,%r2
        brasl   %r14,revive
        ltgr    %r2,%r2
        jz      1f
        llgf    %r2,FRAME_FILE(%r6)
        block_of %r3,%r6
        brasl   %r14,note_read
1:      leave

# r2 = frame, r3 = access-control and fetch-protection bits.  R and C stay: whoever evicts wants to know.
change_key:
        block_of %r1,%r2
        iske    %r0,%r1
        nill    %r0,KEY_REFERENCE+KEY_CHANGE
        ogr     %r0,%r3
        sske    %r0,%r1
        br      %r14

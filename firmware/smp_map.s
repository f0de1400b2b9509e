# The file in the tasks' address space, which all CPUs share.  A translation of a CPU may live on after its page-table
# entry has become invalid, until that CPU purges.  (IPTE would purge on all CPUs at once; here the kernel asks for it
# only when it has to, see purge_all, and otherwise just does not use the frame anew before it has happened, see
# smp_blocks.s.)
        .include "kernel.inc"

# Tables in which nothing is valid but the pages of the image.
        .globl  tables_init
tables_init:
        enter
        llilf   %r2,SEGMENT_TABLE
        lghi    %r3,SEGMENT_INVALID
        lghi    %r4,BLOCK/8
        brasl   %r14,repeat
        llilf   %r2,IMAGE_PAGES
        lghi    %r3,PAGE_INVALID
        lghi    %r4,2*PAGE_ENTRIES
        brasl   %r14,repeat
        llilf   %r1,SEGMENT_TABLE
        llilf   %r2,IMAGE_PAGES
        stg     %r2,0(%r1)
        llilf   %r2,FILE_PAGES
        stg     %r2,FILE_BASE/0x100000*8(%r1)
        llilf   %r1,IMAGE_PAGES+IMAGE/BLOCK*8
        llilf   %r2,IMAGE+PAGE_PROTECT
1:      stg     %r2,0(%r1)
        la      %r1,8(%r1)
        aghi    %r2,BLOCK
        clgfi   %r2,FRAME_TABLE
        jl      1b
        leave

# r2 = address, r3 = doubleword, r4 = how many
repeat: stg     %r3,0(%r2)
        la      %r2,8(%r2)
        brctg   %r4,repeat
        br      %r14

# r2 = page that a task has touched and that has no valid entry.  r2 := 1 if the instruction is to run again, 0 if
# there is no such page.  A block that tasks only read from is mapped as it is, volatile or discarded: the first
# access tells (R12).  One that they store into is made stable before they can, and WRITABLE before it becomes
# volatile again: the next make-volatile then makes it potentially volatile.
        .globl  translation_fault
translation_fault:
        enter
        agsi    COUNT_MAPPED,1
        slgfi   %r2,FILE_BASE
        jl      3f
        srlg    %r6,%r2,12
        clgfi   %r6,FILE_BLOCKS
        jnl     3f
        lgr     %r2,%r6
        clgfi   %r6,WRITABLE_BLOCKS
        jl      1f
        lghi    %r8,PAGE_PROTECT
        brasl   %r14,cache_look_up
        ltgr    %r7,%r2
        jnz     2f
        lgr     %r2,%r6
        brasl   %r14,cache_get
        lgr     %r7,%r2
        j       2f

1:      lghi    %r8,0
        .if     PLANT==PLANT_MAP_VOLATILE
        brasl   %r14,cache_look_up
        ltgr    %r7,%r2
        jnz     4f
        lgr     %r2,%r6
        .endif
        brasl   %r14,cache_get
        lgr     %r7,%r2
4:      lgr     %r2,%r7
        lghi    %r3,WRITABLE
        brasl   %r14,test_and_set
2:      lgr     %r2,%r7
        lgr     %r3,%r8
        brasl   %r14,map
        lgr     %r2,%r7
        brasl   %r14,cache_put
        lghi    %r2,1
        leave

3:      lghi    %r2,0
        leave

# r2 = frame, to which the caller has a reference, r3 = 0 or PAGE_PROTECT.  Makes its page-table entry valid, unless
# another CPU has done it, or is about to discard the block (R4): it sets DISCARDED before it takes the lock to unmap,
# so either that is seen here, or what is mapped here is unmapped there.
map:    enter
        lgr     %r6,%r2
        lgr     %r7,%r3
        llilf   %r2,TABLE_LOCK
        brasl   %r14,lock
        .if     PLANT!=PLANT_MAP_UNCHECKED
        tm      FRAME_FLAGS(%r6),DISCARDED
        jnz     1f
        .endif
        llgf    %r8,FRAME_FILE(%r6)
        index_of %r9,%r8,FILE_PAGES
        lg      %r1,0(%r9)
        tmll    %r1,PAGE_INVALID
        jz      1f
        lgr     %r2,%r6
        lgfi    %r3,ONE_REF+ONE_MAP
        brasl   %r14,add_counts
        block_of %r1,%r6
        ogr     %r1,%r7
        stg     %r1,0(%r9)
1:      llilf   %r2,TABLE_LOCK
        brasl   %r14,unlock
        leave

# r2 = frame, to which the caller has a reference.  Makes its page-table entry invalid, if it is valid: r2 := 1, else
# 0.  The lock is taken in any case: another CPU may be about to make it valid (R4).
        .globl  unmap
unmap:  enter
        lgr     %r6,%r2
        lghi    %r9,0
        .if     PLANT==PLANT_UNMAP_UNLOCKED
        llgf    %r8,FRAME_FILE(%r6)
        index_of %r1,%r8,FILE_PAGES
        lg      %r2,0(%r1)
        tmll    %r2,PAGE_INVALID
        jnz     2f
        .endif
        llilf   %r2,TABLE_LOCK
        brasl   %r14,lock
        llgf    %r8,FRAME_FILE(%r6)
        index_of %r1,%r8,FILE_PAGES
        lg      %r2,0(%r1)
        nill    %r2,0xFFFF-PAGE_PROTECT
        block_of %r3,%r6
        cgr     %r2,%r3
        jne     1f
        lghi    %r2,PAGE_INVALID
        stg     %r2,0(%r1)
        lghi    %r9,1
        lgr     %r2,%r6
        lgfi    %r3,-ONE_REF-ONE_MAP
        brasl   %r14,add_counts
1:      llilf   %r2,TABLE_LOCK
        brasl   %r14,unlock
2:      lgr     %r2,%r9
        leave

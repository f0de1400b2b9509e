# The page cache between CPUs: blocks of the file, found, read, written, dropped.
#
# Who uses a block has a reference to its frame; who does not want it to go away meanwhile has it made stable after
# that. Who reads or writes its content as a whole, or takes the block out, has the frame locked too.
        .include "kernel.inc"

# r2 = file block.  r2 := the frame that holds it, with a reference for the caller, or 0.  It may be discarded.
# The reference is taken under the lock: the frame cannot leave the index in between, and so its count is not zero.
        .globl  cache_look_up
cache_look_up:
        enter
        lgr     %r6,%r2
        lghi    %r8,0
        llilf   %r2,INDEX_LOCK
        brasl   %r14,lock
        index_of %r1,%r6,CACHE_INDEX
        lg      %r7,0(%r1)
        ltgr    %r7,%r7
        jz      1f
        frame_of %r8,%r7
        .if     PLANT!=PLANT_LOOKUP_UNLOCKED
        lgr     %r2,%r8
        lgfi    %r3,ONE_REF
        brasl   %r14,add_counts
        .endif
1:      llilf   %r2,INDEX_LOCK
        brasl   %r14,unlock
        ltgr    %r8,%r8
        jz      2f
        .if     PLANT==PLANT_LOOKUP_UNLOCKED
        lgr     %r2,%r8
        lgfi    %r3,ONE_REF
        brasl   %r14,add_counts
        .endif
        lgr     %r2,%r8
        brasl   %r14,wait_unlocked
2:      lgr     %r2,%r8
        leave

# r2 = file block.  r2 := the frame that holds it, with a reference for the caller, its block stable until cache_put,
# or 0.
        .globl  cache_find
cache_find:
        enter
        lgr     %r6,%r2
        lghi    %r13,0
1:      lgr     %r2,%r6
        brasl   %r14,cache_look_up
        ltgr    %r7,%r2
        jz      2f
        brasl   %r14,page_make_stable
        ltgr    %r2,%r2
        jnz     2f
        agsi    COUNT_LOST,1            # this is where the kernel learns it, without a fault
        lgr     %r2,%r7
        brasl   %r14,cache_discard
        lgr     %r2,%r7
        brasl   %r14,cache_put
        brasl   %r14,relax              # if somebody else is discarding it the index may still have it
        j       1b
2:      lgr     %r2,%r7
        leave

# The same, but the block is read if it is not there: r2 is never 0.
        .globl  cache_get
cache_get:
        enter
        lgr     %r6,%r2
1:      lgr     %r2,%r6
        brasl   %r14,cache_find
        ltgr    %r7,%r2
        jnz     3f
        lgr     %r2,%r6
        brasl   %r14,allocate_frame
        lgr     %r7,%r2
        block_of %r8,%r7
        llilf   %r2,INDEX_LOCK
        brasl   %r14,lock
        index_of %r1,%r6,CACHE_INDEX
        lg      %r9,0(%r1)
        ltgr    %r9,%r9
        jnz     2f
        stg     %r8,0(%r1)
2:      llilf   %r2,INDEX_LOCK
        brasl   %r14,unlock
        lgr     %r2,%r7
        ltgr    %r9,%r9
        jnz     4f                      # another CPU was faster
        brasl   %r14,read_block
        lgr     %r2,%r7
        lghi    %r3,LOCKED
        brasl   %r14,clear_flag
3:      lgr     %r2,%r7
        leave

4:      lgfi    %r3,-ONE_REF            # the cache does not want its reference,
        brasl   %r14,add_counts
        lgr     %r2,%r7
        brasl   %r14,drop_reference     # nor does this routine
        j       1b

# r2 = frame, the caller's reference to which ends here.  The block is offered first: with the reference the frame is
# still what it was.  If two CPUs do this at once each sees the other's, and the block stays stable until the next
# time.
        .globl  cache_put
cache_put:
        enter
        lgr     %r6,%r2
        lghi    %r3,1
        brasl   %r14,page_make_volatile
        lgr     %r2,%r6
        brasl   %r14,drop_reference
        leave

# r2 = frame
drop_reference:
        enter
        lgr     %r6,%r2
        lgfi    %r3,-ONE_REF
        brasl   %r14,add_counts
        srlg    %r1,%r2,16
        ltgr    %r1,%r1
        jnz     1f
        lgr     %r2,%r6
        brasl   %r14,release_frame
1:      cghi    %r1,0x7FFF              # there was none
        jh      freed_twice
        leave

# r2 = frame, to which the caller has a reference, of a block that is discarded.  Takes it out of the page table and
# of the index.  r2 := 1, or 0 if another CPU does (R3): a discard fault, a lookup and an eviction all set DISCARDED
# first, the one that finds it off removes the block, and the counts are the less by just one reference of the cache.
        .globl  cache_discard
cache_discard:
        enter
        lgr     %r6,%r2
        lghi    %r3,DISCARDED
        brasl   %r14,test_and_set
        ltgr    %r2,%r2
        jz      1f
        lgr     %r2,%r6
        brasl   %r14,unmap
        llilf   %r2,INDEX_LOCK
        brasl   %r14,lock
        llgf    %r2,FRAME_FILE(%r6)
        index_of %r1,%r2,CACHE_INDEX
        xc      0(8,%r1),0(%r1)
        llilf   %r2,INDEX_LOCK
        brasl   %r14,unlock
        lgr     %r2,%r6
        brasl   %r14,drop_reference     # the cache's; the caller still has one
        lghi    %r2,1
1:      leave

# r2 = frame, perhaps free.  Takes its block out of the page cache, without making it stable if it is clean: what it
# holds, or held, is not needed.  r2 := 1, or 0 if somebody uses it.
        .globl  evict
evict:  enter
        lgr     %r6,%r2
        lghi    %r9,0
        brasl   %r14,get_unless_free
        ltgr    %r2,%r2
        jz      3f
        lgr     %r2,%r6
        lghi    %r3,LOCKED
        brasl   %r14,test_and_set
        ltgr    %r2,%r2
        jz      2f
        lgr     %r2,%r6
        brasl   %r14,clean
        llilf   %r2,INDEX_LOCK
        brasl   %r14,lock
        lg      %r1,0(%r6)              # it goes if it is still clean, if only the cache and this routine have
        srlg    %r2,%r1,48              # references, and if it is not discarded and about to go anyway
        .if     PLANT==PLANT_EVICT_UNCHECKED
        nill    %r2,DISCARDED
        .else
        nill    %r2,DIRTY+DISCARDED
        .endif
        jnz     1f
        llgfr   %r1,%r1
        clgfi   %r1,2*ONE_REF
        jne     1f
        lgr     %r2,%r6
        lghi    %r3,DISCARDED
        brasl   %r14,test_and_set
        lgr     %r9,%r2
        ltgr    %r9,%r9
        jz      1f
        llgf    %r2,FRAME_FILE(%r6)
        index_of %r1,%r2,CACHE_INDEX
        xc      0(8,%r1),0(%r1)
1:      llilf   %r2,INDEX_LOCK
        brasl   %r14,unlock
        lgr     %r2,%r6
        lghi    %r3,LOCKED
        brasl   %r14,clear_flag
        ltgr    %r9,%r9
        jz      2f
        agsi    COUNT_EVICTED,1
        lgr     %r2,%r6
        brasl   %r14,drop_reference
2:      lgr     %r2,%r6
        brasl   %r14,cache_put
3:      lgr     %r2,%r9
        leave

# Evicts one block, in turn.  Two CPUs may choose the same one; it goes once.
        .globl  evict_any
evict_any:
        enter
        lghi    %r6,POOL_BLOCKS
        lg      %r7,EVICT_HAND
1:      aghi    %r7,1
        cghi    %r7,POOL_BLOCKS
        jl      2f
        lghi    %r7,0
2:      stg     %r7,EVICT_HAND
        sllg    %r2,%r7,4
        algfi   %r2,FRAME_TABLE
        brasl   %r14,evict
        ltgr    %r2,%r2
        jnz     3f
        brctg   %r6,1b
3:      leave

# r2 = frame that the caller has locked.  What is newer than the disk is written: what the kernel has stored (DIRTY),
# and what the tasks have (C), once they cannot store any more on any CPU.
        .globl  clean
clean:  enter
        lgr     %r6,%r2
        brasl   %r14,unmap
        ltgr    %r2,%r2
        jz      1f
        tm      FRAME_FLAGS(%r6),WRITABLE
        jz      1f                      # whoever still has a translation can only fetch
        brasl   %r14,purge_all
1:      lgr     %r2,%r6
        brasl   %r14,save_change
        tm      FRAME_FLAGS(%r6),DIRTY
        jz      2f
        lgr     %r2,%r6
        brasl   %r14,write_block
2:      leave

# r2 = frame.  Turns the change bit into DIRTY.
# R1.  The host keeps a potentially volatile block with C = 1 and may discard one with C = 0.  So: see C, make the block
# stable, clear C, set DIRTY.  The reference keeps others from making it volatile meanwhile.
save_change:
        enter
        lgr     %r6,%r2
        block_of %r7,%r6
        iske    %r8,%r7
        tmll    %r8,KEY_CHANGE
        jz      1f
        .if     PLANT==PLANT_CHANGE_CLEARED_FIRST
        nill    %r8,0xFFFF-KEY_CHANGE
        sske    %r8,%r7
        .endif
        lgr     %r2,%r6
        brasl   %r14,page_make_stable
        ltgr    %r2,%r2
        jz      2f
        nill    %r8,0xFFFF-KEY_CHANGE
        sske    %r8,%r7
        lgr     %r2,%r6
        lghi    %r3,DIRTY
        brasl   %r14,test_and_set
1:      leave

2:      lghi    %r2,EXIT_R1
        larl    %r3,text_lost
        j       panic

# r2 = frame of a dirty block, so it is stable, that the caller has locked.  DIRTY goes first: a store that comes
# while the content is copied sets it again, and the block is written once more.
write_block:
        enter
        lgr     %r6,%r2
        agsi    COUNT_WRITES,1
        .if     PLANT!=PLANT_DIRTY_CLEARED_LATE
        lghi    %r3,DIRTY
        brasl   %r14,clear_flag
        .endif
        lgr     %r2,%r6
        brasl   %r14,disk_record
        block_of %r3,%r6
        lghi    %r4,RECORD
        brasl   %r14,copy
        .if     PLANT==PLANT_DIRTY_CLEARED_LATE
        lgr     %r2,%r6
        lghi    %r3,DIRTY
        brasl   %r14,clear_flag
        .endif
        leave

# r2 = frame, new and locked: the content of its file block.  C becomes zero after that: it tells what the disk has not.
read_block:
        enter
        lgr     %r6,%r2
        agsi    COUNT_READS,1
        brasl   %r14,disk_record
        lgr     %r3,%r2
        block_of %r2,%r6
        lghi    %r4,RECORD
        brasl   %r14,copy
        block_of %r2,%r6
        lghi    %r1,KEY_KERNEL
        sske    %r1,%r2
        leave

# r2 = frame.  r2 := address of its file block's record on the disk.
disk_record:
        llgf    %r2,FRAME_FILE(%r2)
        mghi    %r2,RECORD
        algfi   %r2,DISK
        br      %r14

# The disk is made: records of WORDS doublewords, each with a step to the next as in content.s.
        .globl  disk_init
disk_init:
        enter
        lghi    %r6,0
        llilf   %r7,DISK
1:      lgr     %r2,%r6
        brasl   %r14,generated_cell
        lgr     %r3,%r2
        lgr     %r2,%r7
        lghi    %r4,WORDS
        brasl   %r14,fill_words
        aghi    %r7,RECORD
        aghi    %r6,1
        cghi    %r6,FILE_BLOCKS
        jl      1b
        leave

        .balign 2
text_lost:
        .asciz  "a changed block was discarded"

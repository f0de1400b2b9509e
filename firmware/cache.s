# The page cache: blocks of the file that are in storage.
#
# A cached block is volatile whenever nobody in the kernel uses it and it is not newer than the disk: the host may then
# throw it away without a word, and whoever needs it next reads it again.  It is stable from cache_get to cache_put,
# and as long as it is DIRTY.
        .include "kernel.inc"

# r2 = file block.  r2 := the block that holds it, stable until cache_put.
# A look into the index hands out a reference, so it has to make the block stable first (docs/page-hinting.md section 7).
        .globl  cache_get
cache_get:
        enter
        lgr     %r6,%r2
        brasl   %r14,cache_find
        lgr     %r7,%r2
        frame_of %r8,%r7
        ltgr    %r7,%r7
        jnz     1f
        brasl   %r14,cache_room
        lghi    %r3,OWNER_CACHE
        brasl   %r14,allocate_block
        lgr     %r7,%r2
        frame_of %r8,%r7
        lgr     %r2,%r8
        lgr     %r3,%r6
        brasl   %r14,cache_insert
        .if     PLANT==PLANT_EMPTY_VOLATILE
        lgr     %r2,%r8
        brasl   %r14,make_volatile
        .endif
        lgr     %r2,%r8
        brasl   %r14,cache_load
        .if     PLANT==PLANT_EMPTY_VOLATILE
        lgr     %r2,%r7
        brasl   %r14,set_stable
        .endif
1:      asi     FRAME_REFS(%r8),1
        lgr     %r2,%r7
        leave

# r2 = file block.  r2 := the block that holds it, stable, or 0 if its content has to be read first.
        .globl  cache_find
cache_find:
        enter
        index_of %r1,%r2,CACHE_INDEX
        lg      %r7,0(%r1)
        ltgr    %r7,%r7
        jz      9f                      # not cached
        .if     PLANT==PLANT_LOOKUP_VOLATILE
        j       9f
        .endif
        lgr     %r2,%r7
        brasl   %r14,make_stable
        ltgr    %r2,%r2
        jnz     9f
        agsi    COUNT_LOST,1            # cached, but discarded: this is where the kernel learns it, without a fault
        frame_of %r2,%r7
        brasl   %r14,repair
        ltgr    %r2,%r2
        jnz     9f
        lghi    %r7,0
9:      lgr     %r2,%r7
        leave

# Makes room, if need be, for another block in the page cache.
        .globl  cache_room
cache_room:
        enter
1:      cache_may_grow 2f
        brasl   %r14,evict_any
        ltgr    %r2,%r2
        jnz     1b
2:      leave

# r2 = block from cache_get
        .globl  cache_put
cache_put:
        frame_of %r1,%r2
        .if     PLANT==PLANT_REFERENCED_VOLATILE
        enter
        lgr     %r6,%r1
        lgr     %r2,%r1
        brasl   %r14,make_volatile
        asi     FRAME_REFS(%r6),-1
        leave
        .endif
        asi     FRAME_REFS(%r1),-1
        lgr     %r2,%r1
        j       make_volatile

# r2 = frame of a block that belongs to the page cache, r3 = file block that it is to hold
        .globl  cache_insert
cache_insert:
        agsi    CACHE_COUNT,1
        st      %r3,FRAME_FILE(%r2)
        index_of %r1,%r3,CACHE_INDEX
        block_of %r0,%r2
        stg     %r0,0(%r1)
        br      %r14

# r2 = frame of a stable block: reads its file block into it and sets its key
        .globl  cache_load
cache_load:
        enter
        lgr     %r6,%r2
        llgf    %r2,FRAME_FILE(%r6)
        block_of %r3,%r6
        brasl   %r14,disk_read
        lgr     %r2,%r6
        brasl   %r14,set_key
        leave

# r2 = frame.  Access-control and fetch-protection bits by who may use the block.  R and C become zero: C must tell
# from here on whether the content is still that of the disk, and reading it in has set C.
        .globl  set_key
set_key:
        block_of %r1,%r2
        lghi    %r0,KEY_KERNEL
        chsi    FRAME_MAPS(%r2),0
        je      1f
        lghi    %r0,KEY_READ
        tm      FRAME_FLAGS(%r2),WRITABLE
        jz      1f
        lghi    %r0,KEY_TASK
1:      sske    %r0,%r1
        br      %r14

# r2 = frame.  Offers the block to the host if its content can be had again: it is in the page cache, nobody in the
# kernel uses it, and the disk is not older.  (What remains of the eleven checks of docs/page-hinting.md section 7.)
# Potentially volatile if the task can store into it behind our back.
# R2: the checks and the ESSA are one step, since interruptions are disabled and there is one CPU.
        .globl  make_volatile
make_volatile:
        cli     FRAME_OWNER(%r2),OWNER_CACHE
        bner    %r14
        .if     PLANT!=PLANT_REFERENCED_VOLATILE
        chsi    FRAME_REFS(%r2),0
        bner    %r14
        .endif
        .if     PLANT==PLANT_DIRTY_VOLATILE
        tm      FRAME_FLAGS(%r2),DISCARDED
        .else
        tm      FRAME_FLAGS(%r2),DIRTY+DISCARDED
        .endif
        bnzr    %r14
        ni      FRAME_FLAGS(%r2),0xFF-REPAIRED
        llgc    %r3,FRAME_FLAGS(%r2)
        nill    %r3,WRITABLE
        block_of %r1,%r2
        lgr     %r2,%r1
        j       set_volatile

# r2 = frame.  Takes the block out of the index.  r2 := 1, or 0 if that has happened before (R3: a discard fault, a
# lookup that finds the block discarded, and an eviction all come here; test-and-set lets one of them have it.  With
# more than one CPU this has to be COMPARE AND SWAP.)
        .globl  cache_remove
cache_remove:
        lgr     %r1,%r2
        lghi    %r2,0
        tm      FRAME_FLAGS(%r1),DISCARDED
        .if     PLANT!=PLANT_FREED_TWICE
        bnzr    %r14
        .endif
        oi      FRAME_FLAGS(%r1),DISCARDED
        llgf    %r3,FRAME_FILE(%r1)
        index_of %r4,%r3,CACHE_INDEX
        xc      0(8,%r4),0(%r4)
        agsi    CACHE_COUNT,-1
        lghi    %r2,1
        br      %r14

# r2 = frame of a cached block that is not needed any more, or lost.  The content goes, and the block becomes unused.
        .globl  cache_drop
cache_drop:
        enter
        lgr     %r6,%r2
        brasl   %r14,cache_remove
        ltgr    %r2,%r2
        jz      1f
        .if     PLANT==PLANT_DISCARDED_VOLATILE
        block_of %r2,%r6
        lghi    %r3,0
        brasl   %r14,set_volatile
        .endif
        block_of %r2,%r6
        brasl   %r14,free_block
1:      leave

# r2 = frame of a cached block that nobody uses.  No make-stable if it is clean: what it holds, or held, is not needed.
        .globl  evict
evict:  enter
        lgr     %r6,%r2
        tm      FRAME_FLAGS(%r6),DIRTY
        jz      1f
        .if     PLANT!=PLANT_DIRTY_FREED
        brasl   %r14,write_back
        .endif
1:      lgr     %r2,%r6
        brasl   %r14,cache_drop
        .if     PLANT==PLANT_FREED_TWICE
        lgr     %r2,%r6
        brasl   %r14,cache_drop
        .endif
        leave

# Evicts one block that the task has not mapped, by the clock algorithm: who has been referenced since the hand last
# came by is passed over once.  The guest sees its own reference bit, whatever the host does with the frame below it.
# r2 := 1, or 0 if the hand has gone round twice in vain.
        .globl  evict_any
evict_any:
        enter
        lg      %r6,CLOCK_HAND
        lgfi    %r8,2*POOL_BLOCKS
1:      brct    %r8,2f
        lghi    %r2,0
        leave

2:      aghi    %r6,FRAME_SIZE
        clgfi   %r6,FRAME_TABLE+FIXED_BLOCKS*FRAME_SIZE
        jl      3f                      # the first time
        clgfi   %r6,FRAME_END
        jl      4f
3:      llilf   %r6,FRAME_TABLE+FIXED_BLOCKS*FRAME_SIZE
4:      cli     FRAME_OWNER(%r6),OWNER_CACHE
        jne     1b
        tm      FRAME_FLAGS(%r6),EVICT_SPARES
        jnz     1b
        chsi    FRAME_REFS(%r6),0
        jne     1b
        chsi    FRAME_MAPS(%r6),0
        jne     1b
        block_of %r7,%r6
        rrbe    %r0,%r7
        brc     3,1b                    # cc 2, 3: R was one
        stg     %r6,CLOCK_HAND
        lgr     %r2,%r6
        brasl   %r14,evict
        lghi    %r2,1
        leave

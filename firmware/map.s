# Windows: blocks of the page cache that the task uses directly, at fixed addresses.
        .include "kernel.inc"

# Supervisor call map: r2 = first file block, r3 = first window, r4 = how many, r5 = 1 to store into them.
# r2 := address, or -1.
        .globl  svc_map
svc_map:
        enter
        lgr     %r6,%r2
        lgr     %r7,%r3
        lgr     %r8,%r4
        lgr     %r9,%r5
        lgr     %r10,%r3
        lghi    %r1,FILE_BLOCKS         # the file that can be mapped this way
        ltgr    %r9,%r9
        jz      1f
        lghi    %r1,WRITABLE_BLOCKS
1:      clgr    %r6,%r1
        jnl     bad
        sgr     %r1,%r6
        clgr    %r8,%r1
        jh      bad
        brasl   %r14,check_windows
        ltgr    %r2,%r2
        jz      bad
2:      lgr     %r2,%r6
        lgr     %r3,%r7
        lgr     %r4,%r9
        brasl   %r14,map_block
        ltgr    %r2,%r2
        jz      bad
        la      %r6,1(%r6)
        la      %r7,1(%r7)
        brctg   %r8,2b
        sllg    %r2,%r10,12
        algfi   %r2,POOL
        leave
bad:    lghi    %r2,-1
        leave

# Supervisor call unmap: r2 = first window, r3 = how many.  r2 := 0, or -1.
        .globl  svc_unmap
svc_unmap:
        enter
        lgr     %r7,%r2
        lgr     %r8,%r3
        brasl   %r14,check_windows
        ltgr    %r2,%r2
        jz      bad
        sllg    %r6,%r7,4
        algfi   %r6,FRAME_TABLE
1:      chsi    FRAME_MAPS(%r6),0
        je      2f
        tm      FRAME_FLAGS(%r6),WRITABLE
        jz      3f
        .if     PLANT!=PLANT_CHANGE_VOLATILE
        lgr     %r2,%r6
        brasl   %r14,save_change        # the last chance to see what the task has stored
        .endif
3:      ni      FRAME_FLAGS(%r6),0xFF-WRITABLE
        asi     FRAME_MAPS(%r6),-1
        .if     PLANT!=PLANT_CHANGE_VOLATILE
        lgr     %r2,%r6
        brasl   %r14,set_key
        .endif
        lgr     %r2,%r6
        brasl   %r14,make_volatile      # still cached, and volatile unless dirty
2:      aghi    %r6,FRAME_SIZE
        brctg   %r8,1b
        lghi    %r2,0
        leave

# r7 = first window, r8 = how many.  r2 := 1 if there are such windows, else 0.
check_windows:
        lghi    %r2,0
        clgfi   %r7,WINDOW_BLOCKS
        bnlr    %r14
        lghi    %r1,WINDOW_BLOCKS
        sgr     %r1,%r7
        clgr    %r8,%r1
        bhr     %r14
        ltgr    %r8,%r8
        bzr     %r14
        lghi    %r2,1
        br      %r14

# r2 = file block, r3 = window, r4 = 1 if the task is to store into it.  r2 := 1, or 0 if one of them is in use.
# The content moves: a file block is in at most one block of storage, or the two would differ after the first store.
map_block:
        enter
        lgr     %r6,%r2
        lgr     %r9,%r4
        sllg    %r8,%r3,4
        algfi   %r8,FRAME_TABLE         # frame of the window,
        block_of %r7,%r8                # its block
        chsi    FRAME_MAPS(%r8),0
        jne     7f
        cli     FRAME_OWNER(%r8),OWNER_CACHE
        jne     1f
        lgr     %r2,%r8
        brasl   %r14,evict              # what was mapped here before
1:      lgr     %r2,%r6
        brasl   %r14,cache_get
        lgr     %r10,%r2
        frame_of %r11,%r10
        chsi    FRAME_MAPS(%r11),0
        jne     6f                      # in another window
        lgr     %r2,%r7
        lghi    %r3,OWNER_CACHE
        brasl   %r14,take_block
        lgr     %r2,%r7
        lgr     %r3,%r10
        lghi    %r4,BLOCK
        brasl   %r14,copy
        tm      FRAME_FLAGS(%r11),DIRTY
        jz      2f
        oi      FRAME_FLAGS(%r8),DIRTY
2:      lgr     %r2,%r11
        brasl   %r14,cache_drop
        lgr     %r2,%r8
        lgr     %r3,%r6
        brasl   %r14,cache_insert
        asi     FRAME_MAPS(%r8),1
        ltgr    %r9,%r9
        jz      3f
        oi      FRAME_FLAGS(%r8),WRITABLE
3:      lgr     %r2,%r8
        brasl   %r14,set_key
        lgr     %r2,%r8
        brasl   %r14,make_volatile      # no need to wait for the task: its first access repairs (R12)
        lghi    %r2,1
        leave

6:      lgr     %r2,%r10
        brasl   %r14,cache_put
7:      lghi    %r2,0
        leave

# At the end of a supervisor call: what discard faults have left stable may be volatile again.
        .globl  settle
settle: enter
        llilf   %r6,FRAME_TABLE
        lghi    %r7,WINDOW_BLOCKS
1:      tm      FRAME_FLAGS(%r6),REPAIRED
        jz      2f
        lgr     %r2,%r6
        brasl   %r14,make_volatile
2:      aghi    %r6,FRAME_SIZE
        brctg   %r7,1b
        leave

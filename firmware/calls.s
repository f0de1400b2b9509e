# The toy kernel's supervisor calls, but for those of map.s and peek.s.
        .include "kernel.inc"

        .globl  svc_table
        .balign 8
svc_table:
        .quad   svc_exit,svc_log,svc_open,svc_read,svc_write,svc_map,svc_unmap,svc_yield,svc_allocate,svc_free,svc_peek

# exit: r2 = 0 if all went well, r3 = checksum
svc_exit:
        stg     %r3,TASK_SUM
        j       task_ended

# log: r2 = text in the image.  Writes one line on the console.
svc_log:
        clgfi   %r2,IMAGE
        jl      1f
        clgfi   %r2,FRAME_TABLE
        jnl     1f
        enter
        lgr     %r6,%r2
        larl    %r2,text_task
        brasl   %r14,print_text
        lgr     %r2,%r6
        brasl   %r14,print_text
        brasl   %r14,print_line
        lghi    %r2,0
        leave
1:      lghi    %r2,-1
        br      %r14

# open: r2 = name in the image.  r2 := length of the file in blocks, or -1.
svc_open:
        larl    %r1,file_name
        clc     0(5,%r2),0(%r1)
        lghi    %r2,-1
        bner    %r14
        lghi    %r2,FILE_BLOCKS
        br      %r14

# read: r2 = file block, r3 = offset in it, r4 = length, r5 = where to put it.  r2 := 0, or -1.
svc_read:
        enter
        lghi    %r9,1
        lghi    %r10,FILE_BLOCKS
        brasl   %r14,begin_transfer
        .if     PLANT==PLANT_USE_VOLATILE
        lgr     %r2,%r6
        brasl   %r14,cache_put
        .endif
        lgr     %r2,%r8                 # to the task (may meet a discard fault, in a window)
        lgr     %r3,%r11                # from the cached block (stable: will not)
        lgr     %r4,%r7
        brasl   %r14,copy
        .if     PLANT!=PLANT_USE_VOLATILE
        lgr     %r2,%r6
        brasl   %r14,cache_put
        .endif
        lghi    %r2,0
        leave

# write: r2 = file block, r3 = offset in it, r4 = length, r5 = where to take it from.  r2 := 0, or -1.
svc_write:
        enter
        lghi    %r9,0
        lghi    %r10,WRITABLE_BLOCKS
        brasl   %r14,begin_transfer
        .if     PLANT==PLANT_STORE_VOLATILE
        lgr     %r2,%r6
        brasl   %r14,cache_put
        .endif
        lgr     %r2,%r11
        lgr     %r3,%r8
        lgr     %r4,%r7
        brasl   %r14,copy
        .if     PLANT==PLANT_SET_DIRTY_VOLATILE
        lgr     %r2,%r6
        brasl   %r14,cache_put
        .endif
        frame_of %r2,%r6
        brasl   %r14,set_dirty          # while the block is still held, so stable (R10)
        .if     PLANT!=PLANT_STORE_VOLATILE&&PLANT!=PLANT_SET_DIRTY_VOLATILE
        lgr     %r2,%r6
        brasl   %r14,cache_put
        .endif
        lghi    %r2,0
        leave

# Common part of read and write: r2-r5 as above, r9 = 1 if the task's side is stored into, r10 = length of the file.
# r6 := cached block, r7 := length, r8 := the task's side, r11 := the kernel's side.  If anything is wrong, leaves for
# the caller with -1.
begin_transfer:
        lgr     %r13,%r14
        lgr     %r6,%r2
        lgr     %r11,%r3
        lgr     %r7,%r4
        lgr     %r8,%r5
        clgr    %r6,%r10
        jnl     1f
        clgfi   %r7,BLOCK
        jh      1f
        lghi    %r1,BLOCK
        sgr     %r1,%r7
        clgr    %r11,%r1
        jh      1f
        lgr     %r2,%r8
        lgr     %r3,%r7
        lgr     %r4,%r9
        brasl   %r14,user_may
        ltgr    %r2,%r2
        jz      1f
        lgr     %r2,%r6
        brasl   %r14,cache_get
        lgr     %r6,%r2
        agr     %r11,%r6
        br      %r13
1:      lghi    %r2,-1
        leave

# yield: the kernel's housekeeping
svc_yield:
        enter
        brasl   %r14,write_back_some
        brasl   %r14,trim_log
        lghi    %r2,0
        leave

# allocate: r2 := a block for the task
svc_allocate:
        enter
        lghi    %r3,OWNER_TASK
        brasl   %r14,allocate_block
        lghi    %r1,KEY_TASK
        sske    %r1,%r2
        leave

# free: r2 = block from allocate.  r2 := 0, or -1.
svc_free:
        enter
        lgr     %r6,%r2
        nill    %r2,0xF000
        cgr     %r2,%r6
        jne     1f
        clgfi   %r6,POOL
        jl      1f
        clgfi   %r6,POOL_END
        jnl     1f
        frame_of %r1,%r6
        cli     FRAME_OWNER(%r1),OWNER_TASK
        jne     1f
        brasl   %r14,free_block
        .if     PLANT==PLANT_UNUSED_TOUCHED
        ic      %r0,0(%r6)
        .endif
        lghi    %r2,0
        leave
1:      lghi    %r2,-1
        leave

# r2 = address, r3 = length (at most a block), r4 = 1 to store.  r2 := 1 if the task may do that itself, else 0.
# By the frame table and not by the storage key: the key of a discarded block is unpredictable.
        .globl  user_may
user_may:
        lgr     %r0,%r2
        agr     %r0,%r3
        aghi    %r0,-1                  # the last byte
        nill    %r2,0xF000
1:      clgfi   %r2,TASK_DATA
        je      2f
        clgfi   %r2,POOL
        jl      3f
        clgfi   %r2,POOL_END
        jnl     3f
        frame_of %r1,%r2
        cli     FRAME_OWNER(%r1),OWNER_TASK
        je      2f
        chsi    FRAME_MAPS(%r1),0
        je      3f
        ltgr    %r4,%r4
        jz      2f
        tm      FRAME_FLAGS(%r1),WRITABLE
        jz      3f
2:      aghi    %r2,BLOCK
        clgr    %r2,%r0
        jnh     1b
        lghi    %r2,1
        br      %r14
3:      lghi    %r2,0
        br      %r14

        .balign 2
text_task:
        .asciz  "task: "
        .balign 2
file_name:
        .asciz  "file"

# The task: problem state, key 9.  Reads and writes a file, through supervisor calls and directly in windows, at random
# places; folds all that it reads into a checksum.  It never hears of page hinting: that is the point.
#
# r6 = random number, r7 = checksum, r8 = passes left, r9 = steps left, r10 = read-only window, r11 = writable window
# verify.s makes the same draws in the same order and computes the checksum without storage that can be discarded.
        .include "kernel.inc"
        .equ    READ_WINDOW,0           # windows by number
        .equ    WRITE_WINDOW,2
        .equ    PROGRAM_WINDOW,4

# In the kernel: gives the task its block of data and enters problem state.
        .globl  run_task
run_task:
        llilf   %r1,TASK_DATA
        lghi    %r0,KEY_TASK
        sske    %r0,%r1
        larl    %r1,task_psw
        lpswe   0(%r1)

        .balign 8
task_psw:
        .quad   PSW_TASK,task

task:   larl    %r2,name
        svc     SVC_OPEN
        cghi    %r2,FILE_BLOCKS
        lghi    %r2,1
        jne     failed
        lghi    %r2,DATA_BLOCKS
        lghi    %r3,PROGRAM_WINDOW
        lghi    %r4,2
        lghi    %r5,0
        svc     SVC_MAP
        ltgr    %r2,%r2
        lghi    %r2,2
        jl      failed
        lgfi    %r6,SEED
        lghi    %r7,0
        lghi    %r8,PASSES

pass:   lghi    %r2,READ_WINDOW
        lghi    %r3,4
        svc     SVC_UNMAP
        lghi    %r3,DATA_BLOCKS-WRITABLE_BLOCKS-1
        brasl   %r14,draw               # two blocks that nobody writes to,
        aghi    %r2,WRITABLE_BLOCKS
        lghi    %r3,READ_WINDOW
        lghi    %r4,2
        lghi    %r5,0
        svc     SVC_MAP
        lgr     %r10,%r2
        lghi    %r3,WRITABLE_BLOCKS-1
        brasl   %r14,draw               # and two to store into
        lghi    %r3,WRITE_WINDOW
        lghi    %r4,2
        lghi    %r5,1
        svc     SVC_MAP
        lgr     %r11,%r2
        ltgr    %r10,%r10
        lghi    %r2,3
        jl      failed
        ltgr    %r11,%r11
        lghi    %r2,4
        jl      failed
        brasl   %r14,scan
        lghi    %r9,STEPS
step:   lghi    %r3,8
        brasl   %r14,draw
        sllg    %r2,%r2,3
        larl    %r1,operations
        lg      %r1,0(%r1,%r2)
        basr    %r14,%r1
        brctg   %r9,step
        brctg   %r8,pass

# At last all of the file, block by block; then what has lain in windows all the while, data and program.
        larl    %r2,text_last
        svc     SVC_LOG
        lghi    %r8,0
1:      lgr     %r2,%r8
        lghi    %r3,0
        lghi    %r4,BLOCK
        llilf   %r5,TASK_DATA
        svc     SVC_READ
        ltgr    %r2,%r2
        lghi    %r2,5
        jnz     failed
        llilf   %r2,TASK_DATA
        lghi    %r3,BLOCK/8
        brasl   %r14,fold
        aghi    %r8,1
        cghi    %r8,DATA_BLOCKS
        jl      1b
        lgr     %r2,%r11
        lghi    %r3,2*BLOCK/8
        brasl   %r14,fold
        brasl   %r14,call_program
        lghi    %r2,0
        lgr     %r3,%r7
failed: svc     SVC_EXIT

        .balign 8
operations:
        .quad   read_file,read_to_window,write_file,move_from_window,load_from_window,store_to_window
        .quad   move_to_window,other

# A cell from each of many blocks in a row; after the last block comes the first.
scan:   lgr     %r12,%r14
        lghi    %r3,DATA_BLOCKS
        brasl   %r14,draw_cell
        lgr     %r13,%r2                # r4 stays CELL
        lgr     %r1,%r3
        llilf   %r5,TASK_DATA
        lghi    %r9,SCAN
1:      lgr     %r2,%r13
        lgr     %r3,%r1
        svc     SVC_READ
        ltgr    %r2,%r2
        lghi    %r2,6
        jnz     failed
        lgr     %r2,%r5
        lghi    %r3,CELL_WORDS
        brasl   %r14,fold
        aghi    %r13,1
        cghi    %r13,DATA_BLOCKS
        jl      2f
        lghi    %r13,0
2:      brctg   %r9,1b
        br      %r12

# r7 := a function of r7, computed by the program in the file.
call_program:
        lgr     %r12,%r14
        llilf   %r1,POOL+(PROGRAM_WINDOW+1)*BLOCK-PROGRAM_SPLIT
        lgr     %r2,%r7
        basr    %r14,%r1
        lgr     %r7,%r2
        br      %r12

# The operations: r14 = where to return, kept in r12.

# A cell of the file, by supervisor call.
read_file:
        lgr     %r12,%r14
        lghi    %r3,DATA_BLOCKS
        brasl   %r14,draw_cell
        llilf   %r5,TASK_DATA
        svc     SVC_READ
        ltgr    %r2,%r2
        lghi    %r2,7
        jnz     failed
        llilf   %r2,TASK_DATA
        lghi    %r3,CELL_WORDS
        brasl   %r14,fold
        br      %r12

# The same, straight into the writable window: the kernel's copy may meet a discarded block on the task's side.
read_to_window:
        lgr     %r12,%r14
        lghi    %r3,PAIR_CELLS
        brasl   %r14,draw
        sllg    %r13,%r2,7
        agr     %r13,%r11
        lghi    %r3,DATA_BLOCKS
        brasl   %r14,draw_cell
        lgr     %r5,%r13
        svc     SVC_READ
        ltgr    %r2,%r2
        lghi    %r2,8
        jnz     failed
        br      %r12

# A cell of the file := a cell of the read-only window.
write_file:
        lgr     %r12,%r14
        lghi    %r3,PAIR_CELLS
        brasl   %r14,draw
        sllg    %r13,%r2,7
        agr     %r13,%r10
        lghi    %r3,WRITABLE_BLOCKS
        brasl   %r14,draw_cell
        lgr     %r5,%r13
        svc     SVC_WRITE
        ltgr    %r2,%r2
        lghi    %r2,9
        jnz     failed
        br      %r12

# Two cells of the read-only window at once, perhaps across the border of its two blocks.
move_from_window:
        lgr     %r12,%r14
        lghi    %r3,PAIR_CELLS
        brasl   %r14,draw
        sllg    %r1,%r2,7
        agr     %r1,%r10
        llilf   %r2,TASK_DATA
        mvc     0(2*CELL,%r2),0(%r1)
        lghi    %r3,2*CELL_WORDS
        brasl   %r14,fold
        br      %r12

# Two cells of the writable window, doubleword by doubleword.
load_from_window:
        lgr     %r12,%r14
        lghi    %r3,PAIR_CELLS
        brasl   %r14,draw
        sllg    %r2,%r2,7
        agr     %r2,%r11
        lghi    %r3,2*CELL_WORDS
        brasl   %r14,fold
        br      %r12

# New content for two cells of the writable window; only the change bits of the blocks tell the kernel.  First a peek
# at any block of the pool: what it brings, if anything, depends on the host, and is stored over.
store_to_window:
        lgr     %r12,%r14
        lghi    %r3,PAIR_CELLS
        brasl   %r14,draw
        sllg    %r13,%r2,7
        agr     %r13,%r11
        lghi    %r3,POOL_BLOCKS
        brasl   %r14,draw
        lgr     %r3,%r13
        svc     SVC_PEEK
        lgr     %r2,%r13
        lgr     %r3,%r6
        lghi    %r4,2*CELL_WORDS
        brasl   %r14,fill_words
        br      %r12

# Two cells from window to window: up to four blocks in one instruction.
move_to_window:
        lgr     %r12,%r14
        lghi    %r3,PAIR_CELLS
        brasl   %r14,draw
        sllg    %r13,%r2,7
        agr     %r13,%r11
        lghi    %r3,PAIR_CELLS
        brasl   %r14,draw
        sllg    %r1,%r2,7
        agr     %r1,%r10
        mvc     0(2*CELL,%r13),0(%r1)
        br      %r12

# The program in the file, a block of one's own, and a chance for the kernel to write back.
other:  lgr     %r13,%r14
        brasl   %r14,call_program
        svc     SVC_ALLOCATE
        stg     %r7,BLOCK-8(%r2)
        lghi    %r7,0
        ag      %r7,BLOCK-8(%r2)
        svc     SVC_FREE
        ltgr    %r2,%r2
        lghi    %r2,10
        jnz     failed
        svc     SVC_YIELD
        br      %r13

# r3 = number of blocks.  A random cell: r2 := block, r3 := offset, r4 := length.
draw_cell:
        lgr     %r5,%r14
        brasl   %r14,draw
        lgr     %r4,%r2
        lghi    %r3,CELLS
        brasl   %r14,draw
        sllg    %r3,%r2,7
        lgr     %r2,%r4
        lghi    %r4,CELL
        br      %r5

        .balign 2
name:   .asciz  "file"
        .balign 2
text_last:
        .asciz  "reading the whole file"

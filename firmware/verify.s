# The checksum that the task must arrive at, computed without the page cache, the disk, or a single hinted block.
#
# Each cell of the file is 16 doublewords x, x+K, x+2K, ..., so x stands for the cell.  For cells that nobody writes to
# x follows from the cell's number; MODEL has the x of the others.  The task's draws are made again, in the same order,
# and its operations carried out on x.
#
# r6 = random number, r7 = checksum, r8 = passes left, r9 = steps left, r10 = first cell of the read-only window,
# r11 = address in MODEL of the first cell of the writable window
        .include "kernel.inc"

# r2 := the checksum
        .globl  expected_sum
expected_sum:
        enter
        lghi    %r8,0
1:      lgr     %r2,%r8                 # as the generator makes it
        brasl   %r14,generated_cell
        index_of %r1,%r8,MODEL
        stg     %r2,0(%r1)
        aghi    %r8,1
        cghi    %r8,WRITABLE_BLOCKS*CELLS
        jl      1b
        lgfi    %r6,SEED
        lghi    %r7,0
        lghi    %r8,PASSES

pass:   lghi    %r3,DATA_BLOCKS-WRITABLE_BLOCKS-1
        brasl   %r14,draw
        aghi    %r2,WRITABLE_BLOCKS
        sllg    %r10,%r2,5
        lghi    %r3,WRITABLE_BLOCKS-1
        brasl   %r14,draw
        sllg    %r11,%r2,8
        algfi   %r11,MODEL
        lghi    %r3,DATA_BLOCKS         # the scan
        brasl   %r14,draw_cell
        lgr     %r13,%r2
        lghi    %r9,SCAN
1:      lgr     %r2,%r13
        brasl   %r14,fold_cell
        aghi    %r13,CELLS
        cghi    %r13,DATA_BLOCKS*CELLS
        jl      2f
        aghi    %r13,-DATA_BLOCKS*CELLS
2:      brctg   %r9,1b

        lghi    %r9,STEPS
step:   lghi    %r3,8
        brasl   %r14,draw
        sllg    %r2,%r2,3
        larl    %r1,operations
        lg      %r1,0(%r1,%r2)
        basr    %r14,%r1
        brctg   %r9,step
        brctg   %r8,pass

        lghi    %r8,0                   # the whole file
1:      lgr     %r2,%r8
        brasl   %r14,fold_cell
        aghi    %r8,1
        cghi    %r8,DATA_BLOCKS*CELLS
        jl      1b
        lghi    %r8,2*CELLS             # the writable window once more
2:      lg      %r2,0(%r11)
        brasl   %r14,fold_words
        la      %r11,8(%r11)
        brctg   %r8,2b
        lgr     %r2,%r7
        brasl   %r14,program_text
        leave

        .balign 8
operations:
        .quad   read_file,read_to_window,write_file,move_from_window,load_from_window,store_to_window
        .quad   move_to_window,other

read_file:
        lgr     %r12,%r14
        lghi    %r3,DATA_BLOCKS
        brasl   %r14,draw_cell
        brasl   %r14,fold_cell
        br      %r12

read_to_window:
        lgr     %r12,%r14
        brasl   %r14,draw_writable
        lghi    %r3,DATA_BLOCKS
        brasl   %r14,draw_cell
        brasl   %r14,cell
        stg     %r2,0(%r13)
        br      %r12

write_file:
        lgr     %r12,%r14
        lghi    %r3,PAIR_CELLS
        brasl   %r14,draw
        agr     %r2,%r10
        brasl   %r14,generated_cell
        lgr     %r13,%r2
        lghi    %r3,WRITABLE_BLOCKS
        brasl   %r14,draw_cell
        index_of %r1,%r2,MODEL
        stg     %r13,0(%r1)
        br      %r12

move_from_window:
        lgr     %r12,%r14
        lghi    %r3,PAIR_CELLS
        brasl   %r14,draw
        agr     %r2,%r10
        lgr     %r13,%r2
        brasl   %r14,fold_cell
        la      %r2,1(%r13)
        brasl   %r14,fold_cell
        br      %r12

load_from_window:
        lgr     %r12,%r14
        brasl   %r14,draw_writable
        lg      %r2,0(%r13)
        brasl   %r14,fold_words
        lg      %r2,8(%r13)
        brasl   %r14,fold_words
        br      %r12

store_to_window:
        lgr     %r12,%r14
        brasl   %r14,draw_writable
        lghi    %r3,POOL_BLOCKS
        brasl   %r14,draw               # the block to peek at
        lgrl    %r1,word_step
        sllg    %r1,%r1,4               # the second cell goes on where the first ends: 16 steps further
        agr     %r1,%r6
        stg     %r6,0(%r13)
        stg     %r1,8(%r13)
        br      %r12

move_to_window:
        lgr     %r12,%r14
        brasl   %r14,draw_writable
        lghi    %r3,PAIR_CELLS
        brasl   %r14,draw
        agr     %r2,%r10
        lgr     %r5,%r2
        brasl   %r14,generated_cell
        stg     %r2,0(%r13)
        la      %r2,1(%r5)
        brasl   %r14,generated_cell
        stg     %r2,8(%r13)
        br      %r12

other:  lgr     %r12,%r14
        lgr     %r2,%r7
        brasl   %r14,program_text
        lgr     %r7,%r2
        br      %r12

# r3 = number of blocks.  r2 := a random cell in them.
draw_cell:
        lgr     %r5,%r14
        brasl   %r14,draw
        sllg    %r4,%r2,5
        lghi    %r3,CELLS
        brasl   %r14,draw
        agr     %r2,%r4
        br      %r5

# r13 := address in MODEL of a random cell of the writable window
draw_writable:
        lgr     %r5,%r14
        lghi    %r3,PAIR_CELLS
        brasl   %r14,draw
        sllg    %r13,%r2,3
        agr     %r13,%r11
        br      %r5

# r2 = cell.  r2 := its first doubleword.
cell:   cghi    %r2,WRITABLE_BLOCKS*CELLS
        jnl     generated_cell
        index_of %r1,%r2,MODEL
        lg      %r2,0(%r1)
        br      %r14

# r2 = cell: folds it into r7 as the task does
fold_cell:
        lgr     %r5,%r14
        brasl   %r14,cell
        lgr     %r14,%r5
# r2 = first doubleword of a cell
fold_words:
        lgrl    %r1,word_step
        lghi    %r3,CELL_WORDS
1:      rllg    %r7,%r7,1
        agr     %r7,%r2
        agr     %r2,%r1
        brctg   %r3,1b
        br      %r14

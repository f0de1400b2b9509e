# What lies on a disk, what a task draws, how it sums up what it has read: the part that has a twin in Python.
#
# Content as generated: cell n (128 bytes) is the doublewords x, x+K, x+2K ... with x = (n+1)*M.
        .include "kernel.inc"

# r2 = cell.  r2 := its first doubleword.
        .globl  generated_cell
generated_cell:
        aghi    %r2,1
        lgrl    %r1,cell_multiplier
        msgr    %r2,%r1
        br      %r14

# r2 = address, r3 = first doubleword, r4 = number of doublewords
        .globl  fill_words
fill_words:
        lgrl    %r0,word_step
1:      stg     %r3,0(%r2)
        agr     %r3,%r0
        la      %r2,8(%r2)
        brctg   %r4,1b
        br      %r14

# r2 = block, r3 = where to put its content
        .globl  generate_block
generate_block:
        enter
        sllg    %r6,%r2,5               # first cell: 32 in each block
        lgr     %r7,%r3
        lghi    %r8,CELLS
1:      lgr     %r2,%r6
        brasl   %r14,generated_cell
        lgr     %r3,%r2
        lgr     %r2,%r7
        lghi    %r4,CELL_WORDS
        brasl   %r14,fill_words
        la      %r6,1(%r6)
        la      %r7,CELL(%r7)
        brctg   %r8,1b
        leave

# r3 = n.  r2 := the next random number, from 0 to n-1; r6 changes.
        .globl  draw
draw:   lgrl    %r0,draw_multiplier
        msgr    %r6,%r0
        aghi    %r6,12345
        srlg    %r1,%r6,33
        lghi    %r0,0
        dlgr    %r0,%r3
        lgr     %r2,%r0
        br      %r14

# r2 = address, r3 = number of doublewords.  r7 := each in turn added to r7 rotated, so that the order matters.
        .globl  fold
fold:   rllg    %r7,%r7,1
        ag      %r7,0(%r2)
        la      %r2,8(%r2)
        brctg   %r3,fold
        br      %r14

        .balign 8
cell_multiplier:
        .quad   0xD1342543DE82EF95
draw_multiplier:
        .quad   0x5851F42D4C957F2D
        .globl  word_step
word_step:
        .quad   0x2545F4914F6CDD1D

# The disk under the file.  A real one comes with DIAGNOSE X'250'; here a generator can produce every block again, and
# a log keeps what has been written.  The log is made of stable blocks: there is no other copy of it.
#
# Content as generated: cell n of the file (128 bytes) is the doublewords x, x+K, x+2K ... with x = (n+1)*M.  The last
# two blocks of the file hold a program that lies across their border.
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

# r2 = file block, r3 = stable block to read it into
        .globl  disk_read
disk_read:
        enter
        agsi    COUNT_READS,1
        lgr     %r6,%r2
        lgr     %r7,%r3
        index_of %r1,%r6,LOG_INDEX
        lg      %r3,0(%r1)
        ltgr    %r3,%r3
        jz      1f
        lgr     %r2,%r7                 # it has been written: from the log
        lghi    %r4,BLOCK
        brasl   %r14,copy
        j       9f

1:      cghi    %r6,DATA_BLOCKS
        jnl     3f
        sllg    %r6,%r6,5               # first cell: 32 in each block
        lghi    %r8,CELLS
2:      lgr     %r2,%r6
        brasl   %r14,generated_cell
        lgr     %r3,%r2
        lgr     %r2,%r7
        lghi    %r4,CELL_WORDS
        brasl   %r14,fill_words
        la      %r6,1(%r6)
        la      %r7,CELL(%r7)
        brctg   %r8,2b
        j       9f

3:      lgr     %r2,%r7                 # a program block: zeros,
        lghi    %r3,BLOCK
        brasl   %r14,clear
        larl    %r1,program_text
        cghi    %r6,DATA_BLOCKS
        jne     4f
        mvc     BLOCK-PROGRAM_SPLIT(PROGRAM_SPLIT,%r7),0(%r1)   # and the first part at the end,
        j       9f
4:      mvc     0(program_end-program_text-PROGRAM_SPLIT,%r7),PROGRAM_SPLIT(%r1)        # the rest at the start
9:      leave

# r2 = file block, r3 = stable block that holds its newest content
        .globl  disk_write
disk_write:
        enter
        agsi    COUNT_WRITES,1
        lgr     %r6,%r2
        lgr     %r7,%r3
        index_of %r8,%r6,LOG_INDEX
        lg      %r2,0(%r8)
        ltgr    %r2,%r2
        jnz     1f
        lghi    %r3,OWNER_LOG
        brasl   %r14,allocate_block
        stg     %r2,0(%r8)
1:      lgr     %r3,%r7
        lghi    %r4,BLOCK
        brasl   %r14,copy
        leave

# r2 = file block.  Its copy on the log disk, if there is one, is not needed any more.  Who calls this holds the only
# other copy and has made it stable and dirty (R10).
        .globl  log_free
log_free:
        enter
        index_of %r1,%r2,LOG_INDEX
        lg      %r2,0(%r1)
        ltgr    %r2,%r2
        jz      1f
        xc      0(8,%r1),0(%r1)
        brasl   %r14,free_block
1:      leave

# The program in the file's last two blocks: r2 := a function of r2.  Called by the task in the mapped blocks, so that
# instruction fetches meet discarded blocks, and by verify.s here, where it "lies on the disk".  Position-independent.
# The border of the two blocks falls inside the six bytes of AG: that is PROGRAM_SPLIT = 6 + 2.
        .globl  program_text
program_text:
        larl    %r1,program_data
        ag      %r2,0(%r1)
        lg      %r3,8(%r1)
        ex      0,program_target-program_data(%r1)
        br      %r14
program_data:
        .quad   0x243F6A8885A308D3,0x9E3779B97F4A7C15
program_target:
        msgr    %r2,%r3
program_end:

        .balign 8
cell_multiplier:
        .quad   0xD1342543DE82EF95
        .globl  word_step
word_step:
        .quad   0x2545F4914F6CDD1D

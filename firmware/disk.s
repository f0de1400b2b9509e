# The toy kernel's disk: a generator (content.s) can produce every block again, and a log keeps what has been written.
# The log is made of stable blocks: there is no other copy of it.  The last two blocks of the file hold a program that
# lies across their border.
        .include "kernel.inc"

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
        lgr     %r2,%r6
        lgr     %r3,%r7
        brasl   %r14,generate_block
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
        frame_of %r1,%r2
        st      %r6,FRAME_FILE(%r1)
1:      lgr     %r3,%r7
        lghi    %r4,BLOCK
        brasl   %r14,copy
        .if     PLANT==PLANT_ANONYMOUS_VOLATILE
        lg      %r2,0(%r8)
        lghi    %r3,0
        brasl   %r14,set_volatile
        .endif
        leave

# r2 = file block.  Its copy on the log disk, if there is one, is not needed any more.  Who calls this holds the only
# other copy and has made it stable and dirty (R10).
        .globl  disk_stale
disk_stale:
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

# The checksum that all CPUs together must arrive at, computed by one without page cache or disk: the draws of all
# jobs are made again, and MODEL has what has been added to the blocks that the tasks store into.
#
# r6 = random number, r7 = sum of the job, r8 = steps left, r9 = job, r10 = sum of all jobs
        .include "kernel.inc"

# r2 := the checksum
        .globl  expected_sum
expected_sum:
        enter
        lghi    %r9,0
        lghi    %r10,0
1:      lgr     %r2,%r9
        brasl   %r14,begin_job
        lghi    %r8,STEPS
2:      lghi    %r3,8
        brasl   %r14,draw
        sllg    %r2,%r2,3
        larl    %r1,operations
        lg      %r1,0(%r1,%r2)
        basr    %r14,%r1
        brctg   %r8,2b
        agr     %r10,%r7
        aghi    %r9,1
        cghi    %r9,JOBS
        jl      1b

        lgr     %r7,%r10
        lghi    %r8,0                   # the whole file
        llilf   %r10,MODEL
3:      lghi    %r9,0
4:      lgr     %r2,%r8
        lgr     %r3,%r9
        brasl   %r14,generated_word
        cghi    %r8,WRITABLE_BLOCKS
        jnl     5f
        ag      %r2,0(%r10)
        la      %r10,8(%r10)
5:      rllg    %r7,%r7,1
        agr     %r7,%r2
        aghi    %r9,8
        cghi    %r9,RECORD
        jl      4b
        aghi    %r8,1
        cghi    %r8,FILE_BLOCKS
        jl      3b
        lgr     %r2,%r7
        leave

        .balign 8
operations:
        .quad   fetch,fold_all,look,store,store,store,look,drop

fetch:  lgr     %r12,%r14
        brasl   %r14,draw_constant
        brasl   %r14,generated_word
1:      rllg    %r7,%r7,1
        agr     %r7,%r2
        br      %r12

fold_all:
        lgr     %r12,%r14
        lghi    %r3,FILE_BLOCKS
        brasl   %r14,draw
        cghi    %r2,WRITABLE_BLOCKS
        blr     %r12
        brasl   %r14,generated_cell
        lgr     %r4,%r2
        lgrl    %r1,word_step
        lghi    %r3,WORDS
        lghi    %r2,0
2:      rllg    %r2,%r2,1
        agr     %r2,%r4
        agr     %r4,%r1
        brctg   %r3,2b
        j       1b

look:   lgr     %r12,%r14
        brasl   %r14,draw_writable
        br      %r12

store:  lgr     %r12,%r14
        brasl   %r14,draw_writable
        brasl   %r14,addend
        mghi    %r2,RECORD
        agr     %r2,%r3
        algfi   %r2,MODEL
        ag      %r4,0(%r2)
        stg     %r4,0(%r2)
        br      %r12

drop:   lghi    %r3,FILE_BLOCKS
        j       draw

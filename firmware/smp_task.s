# The tasks: one on each CPU, in problem state, all in the same address space.  A task takes a job, draws operations
# at random, and reports the sum of what it has read.  What a job draws depends on its number, and not on who does it
# when; blocks that the tasks store into are only added to: so the end does not depend on the order of anything.
#
# r6 = random number, r7 = sum of the job, r8 = steps left
# smp_verify.s makes the same draws without the page cache.
        .include "kernel.inc"
        .equ    TAG,0xFFFF              # part of a doubleword that is never changed: additions leave it alone
        .equ    FAILED_TAG,1            # exit codes

# In the kernel: enters problem state.
        .globl  run_task
run_task:
        larl    %r1,task_psw
        lpswe   0(%r1)

        .balign 8
task_psw:
        .quad   PSW_TASK,task

task:   svc     SVC_JOB
        ltgr    %r2,%r2
        jl      1f
        brasl   %r14,begin_job
        lghi    %r8,STEPS
2:      lghi    %r3,8
        brasl   %r14,draw
        sllg    %r2,%r2,3
        larl    %r1,operations
        lg      %r1,0(%r1,%r2)
        basr    %r14,%r1
        brctg   %r8,2b
        lgr     %r2,%r7
        svc     SVC_REPORT
        j       task
1:      lghi    %r2,0
        svc     SVC_EXIT

        .balign 8
operations:
        .quad   load,read,load_writable,add,add,call_add,call_clean,call_evict

# r2 = number of a job: the random numbers begin, and the sum
        .globl  begin_job
begin_job:
        lgr     %r0,%r14
        lgfi    %r1,SEED
        sllg    %r1,%r1,16
        agr     %r2,%r1
        brasl   %r14,generated_cell
        lgr     %r6,%r2
        lghi    %r7,0
        lgr     %r14,%r0
        br      %r14

# A doubleword of a block that nobody stores into: r2 := file block, r3 := byte in it
        .globl  draw_constant
draw_constant:
        lgr     %r5,%r14
        lghi    %r3,FILE_BLOCKS-WRITABLE_BLOCKS
        brasl   %r14,draw
        aghi    %r2,WRITABLE_BLOCKS
        j       draw_word

# A doubleword of one of the others
        .globl  draw_writable
draw_writable:
        lgr     %r5,%r14
        lghi    %r3,WRITABLE_BLOCKS
        brasl   %r14,draw
draw_word:
        lgr     %r4,%r2
        lghi    %r3,WORDS
        brasl   %r14,draw
        sllg    %r3,%r2,3
        lgr     %r2,%r4
        br      %r5

# r2 = file block, r3 = byte in it.  r2 := its address.
address:
        sllg    %r2,%r2,12
        agr     %r2,%r3
        algfi   %r2,FILE_BASE
        br      %r14

# Fetches a doubleword, or lets the kernel fetch a whole block, and folds what comes of it into the sum.  What is in a
# block that the tasks store into depends on who comes first: that is not summed up before all have ended.
load:   lgr     %r9,%r14
        brasl   %r14,draw_constant
        brasl   %r14,address
        lg      %r2,0(%r2)
        j       1f
read:   lgr     %r9,%r14
        lghi    %r3,FILE_BLOCKS
        brasl   %r14,draw
        lgr     %r10,%r2
        svc     SVC_READ
        cghi    %r10,WRITABLE_BLOCKS
        blr     %r9
1:      rllg    %r7,%r7,1
        agr     %r7,%r2
        br      %r9

# Is this doubleword at least one that belongs there?
load_writable:
        lgr     %r9,%r14
        brasl   %r14,draw_writable
        lgr     %r10,%r2
        lgr     %r11,%r3
        brasl   %r14,address
        lg      %r12,0(%r2)
        lgr     %r2,%r10
        lgr     %r3,%r11
        brasl   %r14,generated_word
        xgr     %r12,%r2
        tmll    %r12,TAG
        bzr     %r9
        lghi    %r2,FAILED_TAG
        svc     SVC_EXIT

# r2 = file block, r3 = byte in it.  r2 := the doubleword that the disk had there at first.
        .globl  generated_word
generated_word:
        lgr     %r5,%r14
        brasl   %r14,generated_cell
        lgrl    %r1,word_step
        srlg    %r3,%r3,3
        msgr    %r1,%r3
        agr     %r2,%r1
        br      %r5

# Adds to a doubleword, here or in the kernel.
add:    lgr     %r9,%r14
        brasl   %r14,draw_writable
        brasl   %r14,address
        brasl   %r14,addend
        lgr     %r3,%r4
        lgr     %r14,%r9
        j       add_shared              # its COMPARE AND SWAP is what may fault, or be the only trace of a store
call_add:
        lgr     %r9,%r14
        brasl   %r14,draw_writable
        brasl   %r14,addend
        svc     SVC_ADD
        br      %r9

# r4 := what to add
        .globl  addend
addend: lgr     %r4,%r6
        nill    %r4,0xFFFF-TAG
        br      %r14

# Asks the kernel to write a block to the disk, or to drop one.
call_clean:
        lgr     %r9,%r14
        brasl   %r14,draw_writable
        svc     SVC_CLEAN
        br      %r9
call_evict:
        lgr     %r9,%r14
        lghi    %r3,FILE_BLOCKS
        brasl   %r14,draw
        svc     SVC_EVICT
        br      %r9

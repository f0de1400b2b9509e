# What a task can ask the kernel for.
        .include "kernel.inc"

        .balign 8
        .globl  svc_table
svc_table:
        .quad   svc_exit,svc_job,svc_report,svc_read,svc_add,svc_clean,svc_evict

# exit: r2 = code.  This CPU's task has ended.
svc_exit:
        ltgr    %r2,%r2
        jnz     task_failed
        brasl   %r14,work_done
        j       verify                  # only on the first CPU

# job: r2 := number of a job that nobody else does, or -1 if there is none left.  A CPU signs off here even if nobody
# asks.
svc_job:
        enter
        sign_off
        brasl   %r14,gather
        llilf   %r2,NEXT_JOB
        lghi    %r3,1
        brasl   %r14,add_shared
        aghi    %r2,-1
        cghi    %r2,JOBS
        jl      1f
        lghi    %r2,-1
1:      leave

# report: r2 = sum of a job.  Sums are added, so their order does not matter.
svc_report:
        lgr     %r3,%r2
        llilf   %r2,TOTAL
        j       add_shared

# read: r2 = file block.  r2 := all of its doublewords, folded.
svc_read:
        enter
        brasl   %r14,cache_get
        lgr     %r6,%r2
        block_of %r2,%r6
        lghi    %r3,WORDS
        lghi    %r7,0
        brasl   %r14,fold
        lgr     %r2,%r6
        brasl   %r14,cache_put
        lgr     %r2,%r7
        leave

# add: r2 = file block, r3 = byte in it, r4 = what to add to the doubleword there.  First the store, then DIRTY: if
# the block is written in between it is written once too often, and not once too rarely.
svc_add:
        enter
        lgr     %r6,%r3
        lgr     %r8,%r4
        brasl   %r14,cache_get
        lgr     %r7,%r2
        block_of %r2,%r7
        agr     %r2,%r6
        lgr     %r3,%r8
        brasl   %r14,add_shared
        lgr     %r2,%r7
        lghi    %r3,DIRTY
        brasl   %r14,test_and_set
        lgr     %r2,%r7
        brasl   %r14,cache_put
        lghi    %r2,0
        leave

# clean: r2 = file block.  Written to the disk if it is newer; it may be volatile after that.
svc_clean:
        enter
        brasl   %r14,cache_find
        ltgr    %r6,%r2
        jz      2f
        lghi    %r13,0
1:      lgr     %r2,%r6
        lghi    %r3,LOCKED
        brasl   %r14,test_and_set
        ltgr    %r2,%r2
        jnz     3f
        brasl   %r14,relax
        j       1b
3:      lgr     %r2,%r6
        brasl   %r14,clean
        lgr     %r2,%r6
        lghi    %r3,LOCKED
        brasl   %r14,clear_flag
        lgr     %r2,%r6
        brasl   %r14,cache_put
2:      lghi    %r2,0
        leave

# evict: r2 = file block, which leaves the page cache if it is there and nobody uses it
svc_evict:
        enter
        index_of %r1,%r2,CACHE_INDEX
        lg      %r2,0(%r1)              # without a lock or a reference: this is but a guess,
        ltgr    %r2,%r2
        jz      1f
        frame_of %r1,%r2
        lgr     %r2,%r1
        brasl   %r14,evict              # and evict knows what to do with any frame
1:      lghi    %r2,0
        leave

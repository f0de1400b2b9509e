# The web server's supervisor calls, but for those of files.s and log.s.
        .include "kernel.inc"

        .balign 8
        .globl  svc_table
svc_table:
        .quad   svc_exit,svc_read,svc_lend,svc_return,svc_log,svc_allocate,svc_free,svc_done,svc_idle,svc_finish

# exit: r2 = 0 if all went well, r3 = what the log has come to, r4 = the heap
svc_exit:
        stg     %r3,LOG_SUM
        stg     %r4,HEAP_SUM
        j       task_ended

# allocate: r2 := a block for the task, or -1 if that would leave the page cache too little
svc_allocate:
        enter
        brasl   %r14,cache_room
        lg      %r1,FREE_COUNT
        cghi    %r1,LOW_FREE
        jl      1f
        ag      %r1,CACHE_COUNT
        cghi    %r1,RESERVE
        jl      1f
        agsi    COUNT_BUFFERS,1
        lghi    %r3,OWNER_TASK
        brasl   %r14,allocate_block
        lghi    %r1,KEY_TASK
        sske    %r1,%r2
        leave
1:      agsi    COUNT_BUFFERS_REFUSED,1
        lghi    %r2,-1
        leave

# free: r2 = block from allocate.  r2 := 0, or -1.
svc_free:
        enter
        lgr     %r6,%r2
        nill    %r2,0xF000
        cgr     %r2,%r6
        jne     1f
        clgfi   %r6,FIXED_END
        jl      1f
        clgfi   %r6,POOL_END
        jnl     1f
        frame_of %r1,%r6
        cli     FRAME_OWNER(%r1),OWNER_TASK
        jne     1f
        brasl   %r14,free_block
        lghi    %r2,0
        leave
1:      lghi    %r2,-1
        leave

# done: r2 = checksum after this request, r3 = blocks served.  r2 := 1 if it was the last one, else 0.
svc_done:
        enter
        stg     %r2,CHECKSUM
        sllg    %r3,%r3,12
        ag      %r3,COUNT_BYTES
        stg     %r3,COUNT_BYTES
        agsi    REQUESTS_DONE,1
        brasl   %r14,housekeeping
        lghi    %r2,1
        cli     STOPPING,0
        jne     1f
        lgfi    %r1,REQUESTS
        cg      %r1,REQUESTS_DONE
        je      1f
        lghi    %r2,0
1:      leave

# idle: r2 = microseconds.  Nobody asks for anything: what is dirty is written, and the host has the CPU.
svc_idle:
        enter
        lgr     %r7,%r2
        agsi    COUNT_BURSTS,1
        brasl   %r14,write_back_start
        ltgr    %r7,%r7
        jz      2f
        llgfr   %r7,%r7
        sllg    %r7,%r7,12              # a microsecond is bit 51 of the TOD clock
        stck    IDLE_UNTIL
        ag      %r7,IDLE_UNTIL
        stg     %r7,IDLE_UNTIL
        mvi     TIMER_EXPIRED,0
        sckc    IDLE_UNTIL
1:      brasl   %r14,housekeeping
        cli     STOPPING,0
        jne     3f
        cli     TIMER_EXPIRED,0
        jne     3f
        ltgr    %r2,%r2
        jnz     1b
        brasl   %r14,wait
        j       1b
2:      brasl   %r14,housekeeping
3:      sckc    CLOCK_NEVER
        lghi    %r2,0
        leave

# What interruptions have left to do, and a step of the balloon.  Called where the kernel holds nothing.
# r2 := 1 if the balloon has more to do at once, else 0.
housekeeping:
        enter
        cli     WRITE_DONE,0
        je      1f
        brasl   %r14,write_back_finish
1:      cli     EVENT_PENDING,0
        je      2f
        brasl   %r14,read_messages
2:      lghi    %r2,0
        lg      %r1,BALLOON_TARGET
        cg      %r1,BALLOON_SIZE
        je      3f
        brasl   %r14,balloon_step
3:      leave

# Waits for an interruption.  That is idle time.
        .globl  wait
wait:   enter
        lghi    %r1,ACCOUNT_IDLE
        brasl   %r14,account
        lgr     %r6,%r1
        larl    %r1,wait_psw
        lpswe   0(%r1)
1:      lgr     %r1,%r6
        brasl   %r14,account
        leave

        .balign 8
wait_psw:
        .quad   PSW_AWAIT,1b

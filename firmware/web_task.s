# The task: a web server, in problem state, key 9.  In bursts of requests it serves files, keeps sessions and writes a
# log; what it reads goes into a checksum.  All that it does follows from SEED alone: the order of requests does not
# depend on time, on the page cache, or on the host, so web_guest.py can tell what the checksum has to be.
#
# r6 = random number, r7 = checksum, r8 = requests left in the burst
        .include "kernel.inc"

        .globl  task
task:   lghi    %r9,0                   # begin like a server that has run for a while
1:      lgr     %r2,%r9
        aghi    %r9,FILE_MOST
        cgfi    %r9,PRELOAD
        jh      2f
        lghi    %r3,FILE_MOST
        svc     SVC_LEND
        ltgr    %r2,%r2
        lghi    %r2,2
        jnz     failed
        svc     SVC_RETURN
        ltgr    %r2,%r2
        lghi    %r2,3
        jnz     failed
        j       1b
2:      lgrl    %r6,seed
        lghi    %r7,0

burst:  lgfi    %r3,2*BURST-1
        brasl   %r14,draw
        la      %r8,1(%r2)
request:
        lghi    %r11,FILES
        lghi    %r4,FILE_BITS
        brasl   %r14,draw_rank
        agr     %r2,%r11                # popularity drifts: the file with rank r is the one that had rank r - DRIFT a
        llilf   %r1,TASK_DRIFT          # burst ago
        sg      %r2,0(%r1)
        lghi    %r3,FILE_STRIDE
        brasl   %r14,scatter
        lgr     %r9,%r2                 # file
        lghi    %r11,SESSIONS
        lghi    %r4,SESSION_BITS
        brasl   %r14,draw_rank
        lgfi    %r3,SESSION_STRIDE
        brasl   %r14,scatter
        lgr     %r10,%r2                # session
        sllg    %r1,%r9,16
        agr     %r1,%r10
        rllg    %r7,%r7,1
        agr     %r7,%r1

        lgr     %r2,%r9                 # where the file is: its group, its place in the group
        nill    %r2,GROUP_FILES-1
        larl    %r1,lengths
        llgc    %r13,0(%r1,%r2)
        larl    %r1,places
        llgc    %r1,0(%r1,%r2)
        srlg    %r2,%r9,3
        mghi    %r2,GROUP_BLOCKS
        agr     %r2,%r1
        lgr     %r3,%r13
        tmll    %r9,GROUP_FILES         # every second group
        jo      1f
        svc     SVC_READ                # is read into the task's own storage,
        ltgr    %r2,%r2
        lghi    %r2,1
        jnz     failed
        llilf   %r11,READ_BUFFER
        lgr     %r12,%r13
2:      lgr     %r2,%r11
        brasl   %r14,sum_block
        aghi    %r11,BLOCK
        brctg   %r12,2b
        j       4f
1:      svc     SVC_LEND                # the others are used where they are in the page cache
        ltgr    %r2,%r2
        lghi    %r2,2
        jnz     failed
        llilf   %r11,TASK_LENT
        lgr     %r12,%r13
3:      lg      %r2,0(%r11)
        brasl   %r14,sum_block
        aghi    %r11,8
        brctg   %r12,3b
        svc     SVC_RETURN
        ltgr    %r2,%r2
        lghi    %r2,3
        jnz     failed

4:      sllg    %r10,%r10,8             # the session: visits, and the sum of what has been served to it
        algfi   %r10,POOL
        lg      %r1,8(%r10)
        rllg    %r7,%r7,1
        agr     %r7,%r1
        rllg    %r1,%r1,1
        agr     %r1,%r7
        stg     %r1,8(%r10)
        agsi    0(%r10),1

        svc     SVC_LOG                 # the log
        ltgr    %r2,%r2
        jl      log_failed
        lgr     %r3,%r7
        lghi    %r4,RECORD/8
        brasl   %r14,fill_words

        lghi    %r3,BUFFERS_DRAWN       # storage for what is being sent, until the end of the burst
        brasl   %r14,draw
        la      %r9,1(%r2)
        llilf   %r10,TASK_BUFFERS
        lg      %r11,0(%r10)
5:      cghi    %r11,BUFFERS_MOST
        jnl     6f
        svc     SVC_ALLOCATE
        ltgr    %r2,%r2
        jl      6f                      # none to be had
        index_of %r1,%r11,BUFFER_TABLE
        stg     %r2,0(%r1)
        stg     %r7,0(%r2)
        lghi    %r1,-1
        xgr     %r1,%r7
        stg     %r1,BLOCK-8(%r2)
        aghi    %r11,1
        la      %r2,8(%r2)
        lgr     %r3,%r7
        lghi    %r4,64
        brasl   %r14,fill_words
        brctg   %r9,5b
6:      stg     %r11,0(%r10)

        lgr     %r2,%r7
        lgr     %r3,%r13
        svc     SVC_DONE
        ltgr    %r2,%r2
        jnz     last
        brctg   %r8,request

        brasl   %r14,free_buffers
        llilf   %r1,TASK_DRIFT
        lg      %r2,0(%r1)
        aghi    %r2,DRIFT
        cghi    %r2,FILES
        jl      7f
        aghi    %r2,-FILES
7:      stg     %r2,0(%r1)
        lgfi    %r3,2*IDLE_US+1
        brasl   %r14,draw
        svc     SVC_IDLE
        j       burst

# The end: is all of the log on the disk, and all of the heap there?
last:   brasl   %r14,free_buffers
        svc     SVC_FINISH
        lghi    %r7,0
        lgfi    %r8,FILE_BLOCKS
1:      lgr     %r2,%r8
        lghi    %r3,FILE_MOST
        svc     SVC_READ
        ltgr    %r2,%r2
        lghi    %r2,4
        jnz     failed
        llilf   %r2,READ_BUFFER
        lghi    %r3,FILE_MOST*BLOCK/8
        brasl   %r14,fold
        aghi    %r8,FILE_MOST
        cgfi    %r8,DISK_BLOCKS
        jl      1b
        lgr     %r9,%r7
        lghi    %r7,0
        llilf   %r2,POOL
        lgfi    %r3,HEAP_BLOCKS*BLOCK/8
        brasl   %r14,fold
        lghi    %r2,0
        lgr     %r3,%r9
        lgr     %r4,%r7
failed: svc     SVC_EXIT
log_failed:
        lghi    %r2,5
        svc     SVC_EXIT

# Gives back the storage of the burst, and looks whether it is still what it was.
free_buffers:
        lgr     %r12,%r14
        llilf   %r10,TASK_BUFFERS
        lg      %r9,0(%r10)
        xc      0(8,%r10),0(%r10)
1:      aghi    %r9,-1
        jl      2f
        index_of %r1,%r9,BUFFER_TABLE
        lg      %r2,0(%r1)
        lghi    %r1,-1
        xg      %r1,BLOCK-8(%r2)
        cg      %r1,0(%r2)
        lghi    %r1,6
        jne     3f
        svc     SVC_FREE
        ltgr    %r2,%r2
        lghi    %r1,7
        jnz     3f
        j       1b
2:      br      %r12
3:      lgr     %r2,%r1
        j       failed

# r2 = block.  r7 := its sum added to r7 rotated.
sum_block:
        lgr     %r5,%r14
        lgr     %r4,%r7
        lghi    %r7,0
        lghi    %r3,BLOCK/8
        brasl   %r14,fold
        rllg    %r4,%r4,1
        agr     %r7,%r4
        br      %r5

# r11 = n, r4 = bits of n.  r2 := a rank from 0 to n - 1: the number of bits of rank + 1 is drawn first, so that half
# of the draws go to the first few ranks, as in Zipf's law.
draw_rank:
        lgr     %r5,%r14
1:      lgr     %r3,%r4
        brasl   %r14,draw
        lghi    %r3,1
        sllg    %r3,%r3,0(%r2)
        brasl   %r14,draw
        agr     %r2,%r3
        aghi    %r2,-1
        cgr     %r2,%r11
        jnl     1b
        br      %r5

# r2 = number, r11 = n, r3 = a prime greater than n.  r2 := number * prime mod n: neighbours are far apart.
scatter:
        msgr    %r2,%r3
        lgr     %r1,%r2
        lghi    %r0,0
        dlgr    %r0,%r11
        lgr     %r2,%r0
        br      %r14

        .balign 8
        .globl  seed
seed:   .quad   SEED
lengths:
        .byte   3,1,6,2,8,4,7,5         # blocks of the files of a group,
places: .byte   0,3,4,10,12,20,24,31    # and where they begin in it

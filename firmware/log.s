# The log: a record for each request, in blocks of the page cache that the task may store into.  The block that is open
# is potentially volatile once it has been written to the disk; the change bit tells what the task has stored since.
# After the log's last block comes the first again.
        .include "kernel.inc"

# Supervisor call log: r2 := where the task is to put its next record.
        .globl  svc_log
svc_log:
        enter
        lg      %r6,LOG_FRAME
        ltgr    %r6,%r6
        jz      1f
        lg      %r1,LOG_OFFSET
        cghi    %r1,BLOCK
        jl      2f
        brasl   %r14,log_close
        brasl   %r14,write_back_start
1:      brasl   %r14,log_open
        lg      %r6,LOG_FRAME
2:      lg      %r1,LOG_OFFSET
        block_of %r2,%r6
        agr     %r2,%r1
        aghi    %r1,RECORD
        stg     %r1,LOG_OFFSET
        leave

# The next block of the log becomes the open one: zeros, and newer than the disk.  What it held before is not read.
log_open:
        enter
        lg      %r6,LOG_PAGE
        la      %r1,1(%r6)
        cghi    %r1,LOG_BLOCKS
        jl      1f
        lghi    %r1,0
1:      stg     %r1,LOG_PAGE
        aghi    %r6,FILE_BLOCKS
        lgr     %r2,%r6
        brasl   %r14,cache_find
        ltgr    %r7,%r2
        jz      2f
        frame_of %r8,%r7
        chsi    FRAME_REFS(%r8),0
        je      3f
        brasl   %r14,write_back_wait    # still being written, from the last time around
        lgr     %r2,%r7
        brasl   %r14,set_stable         # that has made it volatile; what it holds, or held, is not needed
        j       3f
2:      brasl   %r14,cache_block
        lgr     %r7,%r2
        frame_of %r8,%r7
        lgr     %r2,%r8
        lgr     %r3,%r6
        brasl   %r14,cache_insert
3:      lgr     %r2,%r7
        lghi    %r3,BLOCK
        brasl   %r14,clear
        lgr     %r2,%r8
        brasl   %r14,set_dirty
        oi      FRAME_FLAGS(%r8),WRITABLE
        asi     FRAME_MAPS(%r8),1
        lgr     %r2,%r8
        brasl   %r14,set_key            # from here on C means: stored into by the task
        stg     %r8,LOG_FRAME
        xc      LOG_OFFSET(8),LOG_OFFSET
        leave

# The task does not store into the open block any more.
log_close:
        enter
        lg      %r6,LOG_FRAME
        ltgr    %r6,%r6
        jz      1f
        xc      LOG_FRAME(8),LOG_FRAME
        lgr     %r2,%r6
        brasl   %r14,save_change
        ni      FRAME_FLAGS(%r6),0xFF-WRITABLE
        asi     FRAME_MAPS(%r6),-1
        lgr     %r2,%r6
        brasl   %r14,set_key
        lgr     %r2,%r6
        brasl   %r14,make_volatile
1:      leave

# Supervisor call finish: all of the log goes to the disk and out of the page cache, so that who reads it reads the
# disk.  Without a disk it stays.  r2 := 0.
        .globl  svc_finish
svc_finish:
        enter
        brasl   %r14,log_close
        cli     DISK_ON,0
        je      4f
1:      brasl   %r14,write_back_wait
        brasl   %r14,write_back_start
        cli     WRITE_BUSY,0            # until there is nothing left to write
        jne     1b
        llilf   %r6,CACHE_INDEX+FILE_BLOCKS*8
        lghi    %r7,LOG_BLOCKS
2:      lg      %r1,0(%r6)
        ltgr    %r1,%r1
        jz      3f
        frame_of %r2,%r1
        brasl   %r14,cache_drop
3:      aghi    %r6,8
        brctg   %r7,2b
4:      lghi    %r2,0
        leave

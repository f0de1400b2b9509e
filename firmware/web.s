# The web server's course: sets up disk and heap, runs its task, tells what has become of it.
        .include "kernel.inc"
        .if     HINTS<0||HINTS>2
        .error  "HINTS must be 0, 1 or 2"
        .endif
        .if     FILE_BLOCKS<GROUP_BLOCKS||FILE_BLOCKS>32000
        .error  "FILE_BLOCKS must be at least 36, at most 32000"
        .endif
        .if     LOG_BLOCKS<8||LOG_BLOCKS>512||LOG_BLOCKS%8
        .error  "LOG_BLOCKS must be a multiple of 8, at least 8, at most 512"
        .endif
        .if     HEAP_BLOCKS<1||HEAP_BLOCKS>1024
        .error  "HEAP_BLOCKS must be at least 1, at most 1024"
        .endif
        .if     BURST<1||BURST>10000
        .error  "BURST must be at least 1, at most 10000"
        .endif
        .if     PRELOAD<0||PRELOAD>FILE_BLOCKS
        .error  "PRELOAD must be at least 0, at most FILE_BLOCKS"
        .endif
        .if     IDLE_US<0||IDLE_US>100000000
        .error  "IDLE_US must be at least 0, at most 100000000"
        .endif
        .if     DRIFT<0||DRIFT>=FILES
        .error  "DRIFT must be at least 0, less than the number of files (FILE_BLOCKS / 36 * 8)"
        .endif
        .if     NEWEST_FIRST<0||NEWEST_FIRST>1
        .error  "NEWEST_FIRST must be 0 or 1"
        .endif
        .if     REQUESTS<0||REQUESTS>0x7FFFFFFF
        .error  "REQUESTS must be at least 0, at most 2147483647"
        .endif
        .if     SEED<0||SEED>0x7FFFFFFF
        .error  "SEED must be at least 0, at most 2147483647"
        .endif
        .if     RAM_BLOCKS>32767
        .error  "RAM_BLOCKS must be at most 32767"
        .endif
        .if     POOL_BLOCKS<HEAP_BLOCKS+2*LOG_BLOCKS+128
        .error  "RAM_BLOCKS is too small for HEAP_BLOCKS, LOG_BLOCKS, the tables and 128 blocks"
        .endif

        .globl  main
main:   brasl   %r14,disk_init
        larl    %r2,text_no_disk
        cli     DISK_ON,0
        je      1f
        larl    %r2,text_disk
1:      brasl   %r14,print_text
        brasl   %r14,print_line

        llilf   %r6,POOL                # the heap: zeros, with the task's key
        lghi    %r7,HEAP_BLOCKS
2:      lgr     %r2,%r6
        lghi    %r3,OWNER_TASK
        brasl   %r14,take_block
        lgr     %r2,%r6
        lghi    %r3,BLOCK
        brasl   %r14,clear
        lghi    %r0,KEY_TASK
        sske    %r0,%r6
        aghi    %r6,BLOCK
        brctg   %r7,2b
        llilf   %r6,TASK_DATA           # the same for the task's data
        lghi    %r7,(TASK_DATA_END-TASK_DATA)/BLOCK
3:      lgr     %r2,%r6
        lghi    %r3,BLOCK
        brasl   %r14,clear
        lghi    %r0,KEY_TASK
        sske    %r0,%r6
        aghi    %r6,BLOCK
        brctg   %r7,3b
        lghi    %r1,ACCOUNT_TASK
        brasl   %r14,account
        larl    %r1,task_psw
        lpswe   0(%r1)                  # the task ends with supervisor call exit, which goes to task_ended

# r2 = the code that the task gave to exit
        .globl  task_ended
task_ended:
        ltgr    %r2,%r2
        jnz     task_failed
        lghi    %r2,COUNTS
        larl    %r3,count_names
        lghi    %r4,COUNTERS
        brasl   %r14,print_counts
        lghi    %r2,ACCOUNTS
        larl    %r3,account_names
        lghi    %r4,ACCOUNTED
        brasl   %r14,print_counts
        larl    %r2,text_requests
        brasl   %r14,print_text
        lg      %r2,REQUESTS_DONE
        brasl   %r14,print_decimal
        larl    %r2,text_checksum
        lg      %r3,CHECKSUM
        brasl   %r14,print_field
        larl    %r2,text_log
        lg      %r3,LOG_SUM
        brasl   %r14,print_field
        larl    %r2,text_heap
        lg      %r3,HEAP_SUM
        brasl   %r14,print_field
        brasl   %r14,print_line
        lghi    %r2,0
        j       stop

task_failed:
        aghi    %r2,EXIT_TASK
        larl    %r3,text_failed
        j       panic

        .balign 8
task_psw:
        .quad   PSW_TASK,task
        .balign 2
        .globl  banner
banner: .asciz  "web server: guest page hinting "
        .balign 2
text_disk:
        .asciz  "disk: DIAGNOSE X'250'"
        .balign 2
text_no_disk:
        .asciz  "disk: none, its content is generated and the log stays in storage"
        .balign 2
text_failed:
        .asciz  "the task failed"
        .balign 2
text_requests:
        .asciz  "requests "
        .balign 2
text_checksum:
        .asciz  " checksum "
        .balign 2
text_log:
        .asciz  " log "
        .balign 2
text_heap:
        .asciz  " heap "
        .balign 2
count_names:                            # in the order of COUNTS
        .asciz  " discard faults repaired"
        .asciz  " blocks repaired along with them"
        .asciz  " discarded blocks found by a lookup"
        .asciz  " exceptions answered by a fixup"
        .asciz  " blocks read"
        .asciz  " blocks written"
        .asciz  " change bits saved"
        .asciz  " blocks found in the page cache"
        .asciz  " blocks missed in the page cache"
        .asciz  " bytes served"
        .asciz  " bursts"
        .asciz  " buffer blocks allocated"
        .asciz  " buffer blocks refused"
        .asciz  " blocks given to the balloon"
        .asciz  " blocks taken from the balloon"
        .asciz  " balloon steps refused"
        .asciz  " messages"
        .balign 2
account_names:                          # in the order of ACCOUNTS
        .asciz  " timer units: task"
        .asciz  " timer units: kernel"
        .asciz  " timer units: discard faults"
        .asciz  " timer units: balloon"
        .asciz  " timer units: write-back"
        .asciz  " timer units: idle"

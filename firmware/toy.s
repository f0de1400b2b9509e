# The toy kernel's course: runs its task, and compares what the task has read with what it had to read.
        .include "kernel.inc"
        .if     PASSES<1||SCAN<1||STEPS<1
        .error  "PASSES, SCAN and STEPS must be at least 1"
        .endif
        .if     HINTS<0||HINTS>2
        .error  "HINTS must be 0 (none), 1 (all) or 2 (only unused and stable)"
        .endif
        .if     WRITABLE_BLOCKS<2
        .error  "WRITABLE_BLOCKS must be at least 2: the task maps two"
        .endif
        .if     FILE_BLOCKS<WRITABLE_BLOCKS+4||FILE_BLOCKS>1025
        .error  "FILE_BLOCKS must be at least WRITABLE_BLOCKS + 4, at most 1025"
        .endif
        .if     CACHE_BLOCKS<8
        .error  "CACHE_BLOCKS must be at least 8: six may be in windows, and those are not evicted"
        .endif

        .globl  main
main:   j       run_task                # the task ends with supervisor call exit, which goes to task_ended

# The task has called exit: r2 = its code, TASK_SUM = what it has read, folded.
        .globl  task_ended
task_ended:
        ltgr    %r2,%r2
        jnz     task_failed
        lghi    %r2,COUNTS              # these may differ from run to run: they tell what the host did
        larl    %r3,count_names
        lghi    %r4,COUNTERS
        brasl   %r14,print_counts
        brasl   %r14,expected_sum
        lgr     %r6,%r2
        larl    %r2,text_checksum       # "checksum <what the task read> expected <what it had to read>"
        brasl   %r14,print_text
        lg      %r2,TASK_SUM
        lghi    %r3,16
        brasl   %r14,print_hex
        larl    %r2,text_expected
        brasl   %r14,print_text
        lgr     %r2,%r6
        lghi    %r3,16
        brasl   %r14,print_hex
        brasl   %r14,print_line
        lghi    %r2,0
        cg      %r6,TASK_SUM
        je      stop
        lghi    %r2,EXIT_CHECKSUM
        j       stop

task_failed:
        aghi    %r2,EXIT_TASK
        larl    %r3,text_failed
        j       panic

        .balign 2
        .globl  banner
banner: .asciz  "toy kernel: guest page hinting "
        .balign 2
text_checksum:
        .asciz  "checksum "
        .balign 2
text_expected:
        .asciz  " expected "
        .balign 2
text_failed:
        .asciz  "the task failed"
        .balign 2
count_names:                            # in the order of COUNTS
        .asciz  " discard faults repaired"
        .asciz  " discarded blocks found by a lookup"
        .asciz  " exceptions answered by a fixup"
        .asciz  " blocks read"
        .asciz  " blocks written"
        .asciz  " change bits saved"
        .asciz  " log copies kept"

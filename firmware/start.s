# Entry point and the order of events.
        .include "kernel.inc"
        .if     PASSES<1||SCAN<1||STEPS<1
        .error  "PASSES, SCAN and STEPS must be at least 1"
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

        .globl  start
start:  j       boot
# Loaders made for Linux (QEMU's -kernel among them) put a command line and other parameters at 0x10400-0x10FFF of an
# image that starts at 0x10000.  Nothing of ours may be there.
        .skip   BLOCK-(.-start)

boot:   sam64                           # the contract promises 64-bit mode; rely on nothing
        llilf   %r15,KERNEL_STACK-160
        brasl   %r14,lowcore_init
        brasl   %r14,console_init
        brasl   %r14,storage_init
        brasl   %r14,hints_init
        brasl   %r14,blocks_init

        larl    %r2,banner
        brasl   %r14,print_text
        larl    %r2,banner_on
        cli     HINTS_ON,0
        jne     1f
        larl    %r2,banner_off
1:      brasl   %r14,print_text
        brasl   %r14,print_line
        j       run_task                # the task ends with supervisor call exit, which goes to task_ended

# The task has called exit: r2 = its code, TASK_SUM = what it has read, folded.
        .globl  task_ended
task_ended:
        ltgr    %r2,%r2
        jnz     task_failed
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

# Is all of the memory map in the configuration?  Reads the last byte of the pool; an addressing exception (PoP ch. 6)
# is met by the fixup in program.s.
storage_init:
        llilf   %r1,POOL_END-1
        ic      %r0,0(%r1)
        .globl  storage_tested, storage_missing
storage_tested:
        br      %r14
storage_missing:
        lghi    %r2,EXIT_STORAGE
        larl    %r3,text_storage
        j       panic

# One line for each of the counters.  These may differ from run to run: they tell what the host did.
print_counts:
        enter
        larl    %r7,count_names
        lghi    %r6,COUNTS
        lghi    %r8,COUNTERS
1:      lg      %r2,0(%r6)
        brasl   %r14,print_decimal
        lgr     %r2,%r7
        brasl   %r14,print_text
        brasl   %r14,print_line
        aghi    %r6,8
2:      cli     0(%r7),0                # on to the next name
        la      %r7,1(%r7)
        jne     2b
        brctg   %r8,1b
        leave

        .balign 2
banner: .asciz  "toy kernel: guest page hinting "
        .balign 2
banner_on:
        .asciz  "on (ESSA)"
        .balign 2
banner_off:
        .asciz  "off"
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
text_storage:
        .asciz  "not enough storage"
        .balign 2
count_names:                            # in the order of COUNTS
        .asciz  " discard faults repaired"
        .asciz  " discarded blocks found by a lookup"
        .asciz  " exceptions answered by a fixup"
        .asciz  " blocks read"
        .asciz  " blocks written"
        .asciz  " change bits saved"
        .asciz  " log copies kept"

# The course of the kernel for several CPUs: start them, let them work, compare what the file is with what it has to be.
        .include "kernel.inc"
        .if     CPUS<1||CPUS>MOST_CPUS
        .error  "CPUS must be at least 1, at most 8"
        .endif
        .if     JOBS<1||JOBS>30000||STEPS<1||STEPS>30000
        .error  "JOBS and STEPS must be at least 1, at most 30000"
        .endif
        .if     WRITABLE_BLOCKS<1
        .error  "WRITABLE_BLOCKS must be at least 1"
        .endif
        .if     FILE_BLOCKS<=WRITABLE_BLOCKS||FILE_BLOCKS>PAGE_ENTRIES
        .error  "FILE_BLOCKS must be more than WRITABLE_BLOCKS, at most 256"
        .endif
        .if     CACHE_BLOCKS<2||CACHE_BLOCKS>256
        .error  "CACHE_BLOCKS must be at least 2, at most 256"
        .endif
        .if     WORDS<1||WORDS>512
        .error  "WORDS must be at least 1, at most 512"
        .endif
        .if     HINTS<0||HINTS>2
        .error  "HINTS must be 0 (none), 1 (all) or 2 (only unused and stable)"
        .endif

        .globl  main
main:   brasl   %r14,yield_init
        brasl   %r14,disk_init
        brasl   %r14,tables_init
        brasl   %r14,find_others
        .if     TELL
        lg      %r2,CPU_COUNT
        brasl   %r14,print_decimal
        larl    %r2,text_cpus
        brasl   %r14,print_text
        brasl   %r14,print_line
        .endif
        brasl   %r14,start_others
        j       cpu_works

# No CPU has work left; this is the first one.
        .globl  verify
verify:
        .if     TELL
        brasl   %r14,gather_counts
        lghi    %r2,COUNTS              # these may differ from run to run: they tell what the host did
        larl    %r3,count_names
        lghi    %r4,COUNTERS
        brasl   %r14,print_counts
        .endif
        brasl   %r14,file_sum
        lgr     %r8,%r2
        brasl   %r14,expected_sum
        lgr     %r6,%r2
        larl    %r2,text_checksum       # "checksum <of what was read> expected <of what it had to be>"
        brasl   %r14,print_text
        lgr     %r2,%r8
        lghi    %r3,16
        brasl   %r14,print_hex
        larl    %r2,text_expected
        brasl   %r14,print_text
        lgr     %r2,%r6
        lghi    %r3,16
        brasl   %r14,print_hex
        brasl   %r14,print_line
        lghi    %r2,0
        cgr     %r6,%r8
        je      stop
        lghi    %r2,EXIT_CHECKSUM
        j       stop

# r2 := what the jobs have reported, and then the whole file, through the page cache
file_sum:
        enter
        lg      %r7,TOTAL
        lghi    %r6,0
1:      lgr     %r2,%r6
        brasl   %r14,cache_get
        lgr     %r8,%r2
        block_of %r2,%r8
        lghi    %r3,WORDS
        brasl   %r14,fold
        lgr     %r2,%r8
        brasl   %r14,cache_put
        aghi    %r6,1
        cghi    %r6,FILE_BLOCKS
        jl      1b
        lgr     %r2,%r7
        leave

# The counts of the other CPUs, added to those of this one.
gather_counts:
        enter
        lghi    %r6,1
1:      cg      %r6,CPU_COUNT
        jnl     3f
        lgr     %r2,%r6
        brasl   %r14,prefix_area
        aghi    %r2,COUNTS
        lghi    %r1,COUNTS
        lghi    %r3,COUNTERS
2:      lg      %r4,0(%r2)
        ag      %r4,0(%r1)
        stg     %r4,0(%r1)
        la      %r2,8(%r2)
        la      %r1,8(%r1)
        brctg   %r3,2b
        aghi    %r6,1
        j       1b
3:      leave

        .globl  task_failed
task_failed:
        aghi    %r2,EXIT_TASK
        larl    %r3,text_failed
        j       panic

        .balign 2
        .globl  banner
banner: .asciz  "several CPUs: guest page hinting "
        .balign 2
text_cpus:
        .asciz  " CPUs"
        .balign 2
text_checksum:
        .asciz  "checksum "
        .balign 2
text_expected:
        .asciz  " expected "
        .balign 2
text_failed:
        .asciz  "a task failed"
        .balign 2
count_names:                            # in the order of COUNTS
        .asciz  " discard faults repaired"
        .asciz  " discard faults ignored"
        .asciz  " discarded blocks found by a lookup"
        .asciz  " page-translation exceptions"
        .asciz  " blocks read"
        .asciz  " blocks written"
        .asciz  " blocks evicted"
        .asciz  " times all CPUs had to purge"
        .asciz  " exceptions answered by a fixup"

# Entry point and the order of events, up to what is a kernel's own.
        .include "kernel.inc"
        .equ    SEGMENT_OF_1M,0x400     # PLANT_TABLE_HINTED: a segment-table entry for a frame of 1 MB
        .globl  start
start:  j       boot
# Loaders made for Linux (QEMU's -kernel among them) put a command line and other parameters at 0x10400-0x10FFF of an
# image that starts at 0x10000.  Nothing of ours may be there.
        .skip   BLOCK-(.-start)

boot:   sam64                           # the contract promises 64-bit mode; rely on nothing
        llilf   %r15,KERNEL_STACK-160
        brasl   %r14,lowcore_init
        kernel_begins
        brasl   %r14,console_init
        brasl   %r14,storage_init
        brasl   %r14,hints_init
        brasl   %r14,blocks_init
        .if     PLANT==PLANT_PREFIX_HINTED
        lghi    %r2,0
        lghi    %r3,0
        brasl   %r14,set_volatile
        .endif
        .if     PLANT==PLANT_TABLE_HINTED
        lghi    %r3,OWNER_TASK
        brasl   %r14,allocate_block
        mvghi   0(%r2),SEGMENT_OF_1M
        stg     %r2,NEXT_PSW
        lctlg   %c1,%c1,NEXT_PSW
        lra     %r0,0
        lghi    %r3,0
        brasl   %r14,set_volatile
        .endif
        .if     PLANT==PLANT_RESERVED_HINTED
        llilf   %r2,PROGRAM_STACK-BLOCK
        lghi    %r3,0
        brasl   %r14,set_volatile
        .endif

        larl    %r2,banner
        brasl   %r14,print_text
        larl    %r2,banner_on
        cli     HINTS_ON,0
        jne     1f
        larl    %r2,banner_off
1:      brasl   %r14,print_text
        brasl   %r14,print_line
        j       main                    # toy.s, web.s

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

# r2 = doublewords, r3 = a name for each, r4 = how many.  A line for each of them.
        .globl  print_counts
print_counts:
        enter
        lgr     %r6,%r2
        lgr     %r7,%r3
        lgr     %r8,%r4
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
banner_on:
        .asciz  "on (ESSA)"
        .balign 2
banner_off:
        .asciz  "off"
        .balign 2
text_storage:
        .asciz  "not enough storage"

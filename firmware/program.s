# Program interruptions: a discard fault is repaired, an expected exception goes to its fixup, all others end the run.
        .include "kernel.inc"
        .equ    BLOCK_VOLATILITY,0x001A
        .equ    ADDRESSING,0x0005
        .equ    OPERATION,0x0001
        .equ    SPECIFICATION,0x0006

        .globl  program_interruption
program_interruption:
        stmg    %r0,%r15,PROGRAM_REGISTERS
        mvc     PROGRAM_PSW(16),PROGRAM_OLD_PSW
        llilf   %r15,PROGRAM_STACK-160
        llgh    %r6,PROGRAM_CODE
        lg      %r7,TEID                # bits 0-51: the block, an absolute address (docs/page-hinting.md section 5)
        nill    %r7,0xF000
        cli     IN_PROGRAM,0
        jne     nested
        mvi     IN_PROGRAM,1
        program_begins

        larl    %r1,fixups
        lghi    %r2,FIXUPS
1:      cg      %r6,0(%r1)              # this code ...
        jne     2f
        lg      %r3,PROGRAM_PSW+8
        cg      %r3,8(%r1)              # ... at this address?
        jne     2f
        cghi    %r6,BLOCK_VOLATILITY
        jne     fixup
        .if     PLANT==PLANT_KERNEL_SIDE_REPAIRED
        j       2f
        .endif
        lg      %r3,PROGRAM_REGISTERS+4*8       # R8: is it the kernel's side of the copy that is gone (r4, see
        nill    %r3,0xF000                      # peek.s)?  Then the copy is off.  The task's side is repaired
        cgr     %r3,%r7                         # as if the task itself had touched it.
        je      fixup
2:      aghi    %r1,FIXUP_SIZE
        brctg   %r2,1b

        cghi    %r6,BLOCK_VOLATILITY
        jne     unexpected
        lgr     %r2,%r7
        brasl   %r14,discard_fault
        j       resume                  # nullified: the old PSW designates the instruction itself, which runs again

fixup:  agsi    COUNT_FIXUPS,1
        mvc     PROGRAM_PSW+8(8),16(%r1)
resume: program_ends
        mvi     IN_PROGRAM,0
        lmg     %r0,%r15,PROGRAM_REGISTERS
        lpswe   PROGRAM_PSW

nested: lghi    %r2,EXIT_NESTED
        j       1f
unexpected:
        lghi    %r2,EXIT_PROGRAM
1:      larl    %r3,text_program
        lghi    %r4,PROGRAM_OLD_PSW
        lgr     %r5,%r6
        j       panic_interruption

        .balign 8
# Interruption code, instruction address in the old PSW, where to go instead.  An addressing or operation exception
# suppresses, so the address is that of the instruction *after* the guarded one (R9); 001A nullifies, so it is that
# of the guarded one.
        .equ    FIXUP_SIZE,24
fixups: .quad   OPERATION,essa_tried,essa_missing       # hints.s
        .quad   ADDRESSING,storage_tested,storage_missing       # start.s
        more_fixups
fixups_end:
        .equ    FIXUPS,(fixups_end-fixups)/FIXUP_SIZE
        .balign 2
text_program:
        .asciz  "program interruption"

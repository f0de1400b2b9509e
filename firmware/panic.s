# The end: a message on the console and a disabled wait whose address is the exit code.
        .include "kernel.inc"

# r2 = exit code, r3 = text, r4 = address of the old PSW, r5 = interruption code.  Does not return.
        .globl  panic_interruption
panic_interruption:
        lgr     %r8,%r4
        lgr     %r9,%r5
        brasl   %r14,panic_begin
        larl    %r2,text_code
        lgr     %r3,%r9
        brasl   %r14,print_field
        larl    %r2,text_psw
        lg      %r3,0(%r8)
        brasl   %r14,print_field
        larl    %r2,text_space
        lg      %r3,8(%r8)
        brasl   %r14,print_field
        larl    %r2,text_teid
        lg      %r3,TEID
        brasl   %r14,print_field
        larl    %r2,text_failing
        lg      %r3,FAILING_ADDRESS
        brasl   %r14,print_field
        brasl   %r14,print_line
        lgr     %r2,%r7
        j       stop

# r2 = exit code, r3 = text.  Does not return.
        .globl  panic
panic:  brasl   %r14,panic_begin
        brasl   %r14,print_line
        lgr     %r2,%r7
        j       stop

# Sets r7 = exit code and begins the message; a second panic inside the first one stops without a word.
panic_begin:
        lgr     %r6,%r14
        lgr     %r7,%r2
        cli     IN_PANIC,0
        jne     stop_silently
        mvi     IN_PANIC,1
        llilf   %r15,PROGRAM_STACK-160  # whoever was running does not come back
        xc      LINE_USED(8),LINE_USED  # what was being printed is lost
        lgr     %r10,%r3
        kernel_ends
        larl    %r2,text_panic
        brasl   %r14,print_text
        lgr     %r2,%r10
        brasl   %r14,print_text
        br      %r6

# r2 = exit code.  Does not return.
        .globl  stop
stop:   lgr     %r7,%r2
        kernel_ends
        larl    %r2,text_exit
        brasl   %r14,print_text
        lgr     %r2,%r7
        brasl   %r14,print_decimal
        brasl   %r14,print_line
        lgr     %r2,%r7
stop_silently:
        larl    %r1,stop_psw
        mvc     NEXT_PSW(8),0(%r1)
        stg     %r2,NEXT_PSW+8
        lpswe   NEXT_PSW

        .balign 8
stop_psw:
        .quad   PSW_STOP
        .balign 2
text_panic:
        .asciz  "panic: "
        .balign 2
text_code:
        .asciz  ", code "
        .balign 2
text_psw:
        .asciz  " psw "
        .balign 2
text_space:
        .asciz  " "
        .balign 2
text_teid:
        .asciz  " teid "
        .balign 2
text_failing:
        .asciz  " failing address "
        .balign 2
text_exit:
        .asciz  "exit "

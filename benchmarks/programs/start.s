# Entry of the C program: a stack, and r8 = rounds.
        .globl  _start
_start: larl    %r15,stack_end-160
        lgr     %r2,%r8
        brasl   %r14,work
        .bss
        .balign 8
        .skip   16384
stack_end:

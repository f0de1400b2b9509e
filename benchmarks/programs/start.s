# Entry of a C program: floating-point registers, a stack, and r8 = rounds.
        .globl  _start
_start: larl    %r1,control
        lctlg   %c0,%c0,0(%r1)
        larl    %r15,stack_end-160
        lgr     %r2,%r8
        brasl   %r14,work
        .balign 8
control: .quad  0x40000         # AFP-register control
        .bss
        .balign 8
        .skip   16384
stack_end:

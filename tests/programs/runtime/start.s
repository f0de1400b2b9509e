# The bare machine: start and end, service calls, the second CPU, setjmp. All of it for the first z/Architecture model.
        .equ    EXTERNAL_NEW_PSW,0x1b0
        .equ    PROGRAM_NEW_PSW,0x1d0
        .equ    RESTART_NEW_PSW,0x1a0
        .equ    RUN,0x00000001          # PSW bits 0-31: 64-bit addressing, with the next one
        .equ    RUN_LOW,0x80000000
        .equ    WAIT,0x00020000         # wait state
        .equ    EXTERNAL,0x01000000     # enabled for external interruptions
        .equ    CRASHED,0xbad           # address of the disabled wait after a program interruption
        .equ    CONTROL_0,0x60200       # AFP registers (bit 45), vectors (bit 46), service signal (bit 54)
        .equ    SIGP_STOP,5

        .text
        .globl  _start
_start: larl    %r15,first_stack-160
        xc      0(8,%r15),0(%r15)
        larl    %r1,crash
        mvc     PROGRAM_NEW_PSW(16),0(%r1)
        larl    %r1,controls
        lctlg   %c0,%c0,0(%r1)
        brasl   %r14,start
        larl    %r1,end
        stg     %r2,8(%r1)              # what the programs returned is the address: 0 if all is well
        lpswe   0(%r1)

# void translate(u64 table, int mask): the second word of `controls` becomes control register 1, DAT is switched on.
        .globl  translate
translate:
        larl    %r1,controls
        stg     %r2,8(%r1)
        lctlg   %c0,%c1,0(%r1)
        ptlb
        larl    %r1,system_mask
        mvi     0(%r1),0x04
        ssm     0(%r1)
        br      %r14

# int service_call(u32 command, void *block): waits for the answer; returns the condition code, 3 if nobody is there.
        .globl  service_call
service_call:
        epsw    %r4,%r5
        larl    %r1,resumed
        st      %r4,0(%r1)
        mvc     EXTERNAL_NEW_PSW(16),0(%r1)
        larl    %r1,waiting
        oilh    %r4,(WAIT|EXTERNAL)>>16
        st      %r4,0(%r1)
1:      .insn   rre,0xb2200000,%r2,%r3
        brc     2,1b                    # cc 2: busy
        brc     1,answered              # cc 3: not operational
        lpswe   0(%r1)
answered:
        ipm     %r2
        srl     %r2,28
        lgfr    %r2,%r2
        br      %r14

# int signal(u64 cpu, u64 order, u64 parameter): returns the condition code of SIGNAL PROCESSOR.
        .globl  signal
signal: lghi    %r0,0
        lgr     %r1,%r4
        sigp    %r0,%r2,0(%r3)
        ipm     %r2
        srl     %r2,28
        lgfr    %r2,%r2
        br      %r14

# Where the second CPU begins after SIGP restart, without DAT, and ends, stopped.
second_begins:
        larl    %r15,second_stack-160
        xc      0(8,%r15),0(%r15)
        larl    %r1,controls
        lctlg   %c0,%c1,0(%r1)
        larl    %r1,system_mask
        ssm     0(%r1)
        brasl   %r14,second
        stap    160-8(%r15)
        llgh    %r1,160-8(%r15)
1:      sigp    %r0,%r1,SIGP_STOP
        j       1b

# void on_second_stack(void (*work)(void)): does not return.
        .globl  on_second_stack
on_second_stack:
        larl    %r15,second_stack-160
        xc      0(8,%r15),0(%r15)
        br      %r2

        .globl  setjmp
setjmp: stmg    %r6,%r15,0(%r2)
        .irp    n,8,9,10,11,12,13,14,15
        std     %f\n,80+8*(\n-8)(%r2)
        .endr
        lghi    %r2,0
        br      %r14

        .globl  longjmp
longjmp:
        lgr     %r1,%r2
        lgfr    %r2,%r3
        ltgr    %r2,%r2
        jnz     1f
        lghi    %r2,1
1:      .irp    n,8,9,10,11,12,13,14,15
        ld      %f\n,80+8*(\n-8)(%r1)
        .endr
        lmg     %r6,%r15,0(%r1)
        br      %r14

        .data
        .balign 8192
        .globl  second_prefix
second_prefix:                          # of the second CPU
        .org    second_prefix+RESTART_NEW_PSW
        .long   RUN,RUN_LOW
        .quad   second_begins
        .org    second_prefix+PROGRAM_NEW_PSW
crash:  .long   WAIT|RUN,RUN_LOW
        .quad   CRASHED
        .org    second_prefix+8192
controls:
        .quad   CONTROL_0,0
end:    .long   WAIT|RUN,RUN_LOW
        .quad   0
waiting:
        .long   0,RUN_LOW
        .quad   answered
resumed:
        .long   0,RUN_LOW
        .quad   answered
system_mask:
        .byte   0

        .bss
        .balign 8
        .skip   65536
first_stack:
        .skip   65536
second_stack:

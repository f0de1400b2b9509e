# The prefix area: new PSWs, control register 0, and the interruptions that have no file of their own.
# PoP ch. 4 "Control" and ch. 6 "Interruptions".  The prefix area is never hinted: an interruption that found its own
# storage discarded could not be presented (docs/page-hinting.md section 4, D13).
        .include "kernel.inc"

        .globl  lowcore_init
lowcore_init:
        lgr     %r5,%r14
        larl    %r1,new_psws
        mvc     RESTART_NEW_PSW(NEW_PSWS),0(%r1)
        lghi    %r2,VARIABLES
        lghi    %r3,VARIABLES_END-VARIABLES
        brasl   %r14,clear
        larl    %r1,control_0
        lctlg   %c0,%c0,0(%r1)
        larl    %r1,kernel_psw          # be enabled for machine checks from here on: to a CPU that is not, a
        lpswe   0(%r1)                  # paging error of the host (D20) is a check stop
1:      br      %r5

        .balign 8
kernel_psw:
        .quad   PSW_KERNEL,1b
new_psws:
        .quad   PSW_KERNEL,restart_interruption
        .quad   PSW_KERNEL,external_interruption
        .quad   PSW_KERNEL,svc_interruption
        .if     PLANT==PLANT_HANDLER_ENABLED
        .quad   PSW_KERNEL+PSW_EXTERNAL,program_interruption
        .else
        .quad   PSW_KERNEL,program_interruption
        .endif
        .quad   PSW_MCHECK,machine_check_interruption
        .quad   PSW_KERNEL,io_interruption
control_0:
        .quad   CONTROL_0

# External interruptions come while the kernel waits for them, or in the task if that is enabled.  They only leave a note.
external_interruption:
        stmg    %r0,%r1,EXTERNAL_REGISTERS
        mvc     EXTERNAL_PSW(16),EXTERNAL_OLD_PSW
        llgh    %r1,EXTERNAL_CODE
        cghi    %r1,0x2401
        jne     2f
        l       %r1,EXTERNAL_PARAMETER
        tmll    %r1,3                   # an event of the other side waits to be read,
        jz      1f
        mvi     EVENT_PENDING,1
1:      nill    %r1,0xFFF8              # or the SCCB at this address has been answered, or both
        jz      3f
        mvi     SERVICE_SIGNAL,1
        j       3f
2:      more_interruptions 3f
        lghi    %r2,EXIT_EXTERNAL
        larl    %r3,text_external
        lghi    %r4,EXTERNAL_OLD_PSW
        lgr     %r5,%r1
        j       panic_interruption

3:      tm      EXTERNAL_PSW+1,0x01     # problem state: the task goes on as it was
        jo      4f
        ni      EXTERNAL_PSW,0xFE       # the kernel is disabled again (bit 7),
        ni      EXTERNAL_PSW+1,0xFD     # and no longer waiting (bit 14)
4:      lmg     %r0,%r1,EXTERNAL_REGISTERS
        lpswe   EXTERNAL_PSW

machine_check_interruption:
        lghi    %r2,EXIT_MACHINE_CHECK
        larl    %r3,text_machine_check
        lghi    %r4,MACHINE_CHECK_OLD_PSW
        lg      %r5,MACHINE_CHECK_CODE
        j       panic_interruption

io_interruption:
        lghi    %r2,EXIT_IO
        larl    %r3,text_io
        lghi    %r4,IO_OLD_PSW
        lghi    %r5,0
        j       panic_interruption

restart_interruption:
        lghi    %r2,EXIT_RESTART
        larl    %r3,text_restart
        lghi    %r4,RESTART_OLD_PSW
        lghi    %r5,0
        j       panic_interruption

        .balign 2
text_external:
        .asciz  "external interruption"
        .balign 2
text_machine_check:
        .asciz  "machine check"
        .balign 2
text_io:
        .asciz  "I/O interruption"
        .balign 2
text_restart:
        .asciz  "restart"

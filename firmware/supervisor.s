# Supervisor calls: the task's requests (calls.s, web_calls.s).  r2-r5 = arguments, r2 := result; r0, r1, r3-r15 survive.
        .include "kernel.inc"

        .globl  svc_interruption
svc_interruption:
        stmg    %r0,%r15,SVC_REGISTERS
        llilf   %r15,KERNEL_STACK-160
        supervisor_begins
        llgh    %r1,SVC_CODE
        cghi    %r1,SVC_LAST
        jh      1f
        sllg    %r1,%r1,3
        larl    %r6,svc_table
        lg      %r1,0(%r1,%r6)
        basr    %r14,%r1
        j       2f
1:      lghi    %r2,-1
2:      stg     %r2,SVC_REGISTERS+2*8
        supervisor_ends
        lmg     %r0,%r15,SVC_REGISTERS
        lpswe   SVC_OLD_PSW

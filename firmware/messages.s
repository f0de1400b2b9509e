# Messages to this guest: events of type 1A that the service processor holds until READ EVENT DATA asks for them.
#   CMM SHRINK n    the balloon is to hold n blocks
#   STOP            the request that is being served is the last one
        .include "kernel.inc"
        .equ    READ_EVENT_DATA,0x00770005
        .equ    CONTROL_MASK,3          # offsets in the SCCB: bit 0 of the last byte: the answer tells its own length
        .equ    EVENT,8                 # the first event buffer: its length, its type, ... its text
        .equ    EVENT_TYPE,2
        .equ    EVENT_TEXT,7            # after a byte of zeros
        .equ    ASCII_TYPE,0x1A

        .globl  read_messages
read_messages:
        enter
        llilf   %r6,SCCB
1:      mvi     EVENT_PENDING,0
        xc      0(EVENT,%r6),0(%r6)
        mvhhi   0(%r6),BLOCK
        mvi     CONTROL_MASK+2(%r6),0x80
        llilf   %r2,READ_EVENT_DATA
        brasl   %r14,service_call
        ltgr    %r2,%r2
        jnz     4f                      # there are no more
        lgr     %r7,%r6
        llgh    %r8,0(%r6)
        agr     %r8,%r6                 # the end of the SCCB
        la      %r7,EVENT(%r6)
2:      la      %r1,EVENT_TEXT(%r7)
        clgr    %r1,%r8
        jh      1b
        llgh    %r9,0(%r7)
        cghi    %r9,EVENT_TEXT
        jl      1b
        agr     %r9,%r7                 # the end of the event
        clgr    %r9,%r8
        jh      1b
        cli     EVENT_TYPE(%r7),ASCII_TYPE
        jne     3f
        lgr     %r2,%r1
        lgr     %r3,%r9
        brasl   %r14,message
3:      lgr     %r7,%r9
        j       2b
4:      leave

# r2 = text, r3 = its end.  What is not understood is passed over.
message:
        lgr     %r4,%r3
        sgr     %r4,%r2
        cghi    %r4,4
        blr     %r14
        larl    %r1,stop_text
        clc     0(4,%r2),0(%r1)
        jne     1f
        mvi     STOPPING,1
        agsi    COUNT_MESSAGES,1
        br      %r14
1:      cghi    %r4,12
        blr     %r14
        larl    %r1,shrink_text
        clc     0(11,%r2),0(%r1)
        bner    %r14
        la      %r2,11(%r2)
        lghi    %r4,0                   # the number
        llgc    %r1,0(%r2)
        aghi    %r1,-'0'
        clgfi   %r1,9
        bhr     %r14
2:      mghi    %r4,10
        agr     %r4,%r1
        clgfi   %r4,POOL_BLOCKS
        jnh     3f
        lghi    %r4,POOL_BLOCKS         # more is not there; and a long number does not overflow
3:      la      %r2,1(%r2)
        clgr    %r2,%r3
        jnl     4f
        llgc    %r1,0(%r2)
        aghi    %r1,-'0'
        clgfi   %r1,9
        jnh     2b
4:      stg     %r4,BALLOON_TARGET
        agsi    COUNT_MESSAGES,1
        br      %r14

        .balign 2
stop_text:
        .ascii  "STOP"
        .balign 2
shrink_text:
        .ascii  "CMM SHRINK "

# The console: the service processor's event facility, through SERVICE CALL.
# Not in the PoP.  A command and a service-call control block (SCCB) go out with SERVC; the service signal, external
# interruption 2401, tells that the SCCB has been answered.  The SCCB starts with its length (halfword), a function
# code, a control mask, and the response code (halfword at 6; 0020 = done).
        .include "kernel.inc"
        .equ    WRITE_EVENT_MASK,0x00780005
        .equ    WRITE_EVENT_DATA,0x00760005
        .equ    SCCB_RESPONSE,6
        .equ    MASK_RECEIVE,20         # in the answer: event types that the service processor takes,
        .equ    EVENT,8                 # in event data: the event buffer starts
        .equ    EVENT_TYPE,EVENT+2
        .equ    TYPE_LINES,0x02         # operator messages: EBCDIC, wrapped in a message data block
        .equ    TYPE_ASCII,0x1A         # VT220 console: plain ASCII
        .equ    ASCII_TEXT,EVENT+6

# Which of the two kinds of console is there?  CONSOLE_ON := 1 ASCII, 2 operator messages, 0 none.
        .globl  console_init
console_init:
        enter
        llilf   %r6,SCCB
        larl    %r1,event_mask
        mvc     0(28,%r6),0(%r1)
        llilf   %r2,WRITE_EVENT_MASK
        brasl   %r14,service_call
        ltgr    %r2,%r2
        jnz     1f
        tm      MASK_RECEIVE+3(%r6),0x40        # bit 25: type 1A
        jz      1f
        mvi     CONSOLE_ON,1
1:      leave

# r2 = text, r3 = length, at most 256.  Writes one line.
        .globl  console_write
console_write:
        cli     CONSOLE_ON,0
        ber     %r14
        enter
        llilf   %r6,SCCB
        la      %r4,ASCII_TEXT(%r6)
        lgr     %r5,%r3
        larl    %r1,event_data
        mvc     0(ASCII_TEXT,%r6),0(%r1)
        aghi    %r3,-1
        jl      1f                      # an empty line
        exrl    %r3,copy_text
1:      la      %r4,0(%r4,%r5)
        mvi     0(%r4),'\n'
        la      %r4,1(%r4)
        sgr     %r4,%r6
        sth     %r4,0(%r6)
        aghi    %r4,-EVENT
        sth     %r4,EVENT(%r6)
        llilf   %r2,WRITE_EVENT_DATA
        brasl   %r14,service_call
        leave

copy_text:
        mvc     0(1,%r4),0(%r2)

# r2 = command, for the SCCB as it is.  Waits for the answer; r2 := 0 if it was good.
service_call:
        mvi     SERVICE_SIGNAL,0
        llilf   %r1,SCCB
1:      servc   %r2,%r1
        jo      4f                      # cc 3: no service processor
        jnz     1b                      # cc 2: busy
2:      larl    %r3,wait_psw
        lpswe   0(%r3)                  # the interruption is pending or will come
3:      cli     SERVICE_SIGNAL,0
        je      2b
        lghi    %r2,0
        tm      SCCB_RESPONSE+1(%r1),0x20
        bor     %r14
4:      lghi    %r2,1
        br      %r14

        .balign 8
wait_psw:
        .quad   PSW_AWAIT,3b
event_mask:
        .short  28,0,0,0,0,4            # length, function, control mask, response; reserved, length of each mask
        .long   0                       # we receive nothing
        .long   0x40000040              # we send types 02 and 1A
        .long   0,0                     # answer: what the service processor receives, sends
event_data:
        .short  0,0,0,0                 # as above; the lengths are filled in
        .short  0
        .byte   TYPE_ASCII,0,0,0

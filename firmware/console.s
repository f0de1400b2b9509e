# The console: the service processor's event facility, through SERVICE CALL.
# Not in the PoP.  A command and a service-call control block (SCCB) go out with SERVC; the service signal, external
# interruption 2401, tells that the SCCB has been answered.  The SCCB starts with its length (halfword), a function
# code, a control mask, and the response code (halfword at 6; 0020 = done).
        .include "kernel.inc"
        .equ    WRITE_EVENT_MASK,0x00780005
        .equ    WRITE_EVENT_DATA,0x00760005
        .equ    RESPONSE,6              # offsets in the SCCB:
        .equ    MASK_RECEIVE,20         # in the answer to the first command: event types that the other side takes
        .equ    EVENT,8                 # in the second: the event buffer, which starts with its own length,
        .equ    ASCII_TEXT,EVENT+6      # of type 1A: the text in ASCII
        .equ    MESSAGE,EVENT+6         # of type 02: a message data block, with its length,
        .equ    MESSAGE_TEXT,MESSAGE+12+56      # in it, after a general object: a text object, with its length,
        .equ    LINE_TEXT,MESSAGE_TEXT+10       # in it: the text in EBCDIC
        .equ    ASCII,1                 # values of CONSOLE_ON: a VT220 console (events of type 1A)
        .equ    LINES,2                 # operator messages (type 02)

# Tells the other side what we send, and learns what it takes.
        .globl  console_init
console_init:
        enter
        llilf   %r6,SCCB
        larl    %r1,event_mask
        mvc     0(28,%r6),0(%r1)
        llilf   %r2,WRITE_EVENT_MASK
        brasl   %r14,service_call
        ltgr    %r2,%r2
        jnz     2f                      # nobody there: run without a console
        tm      MASK_RECEIVE+3(%r6),0x40        # bit 25: type 1A
        jz      1f
        mvi     CONSOLE_ON,ASCII
        j       2f
1:      tm      MASK_RECEIVE(%r6),0x40  # bit 1: type 02
        jz      2f
        mvi     CONSOLE_ON,LINES
2:      leave

# r2 = text, r3 = length.  Writes one line; nothing if it is empty.
        .globl  console_write
console_write:
        cli     CONSOLE_ON,0
        ber     %r14
        enter
        llilf   %r6,SCCB
        lgr     %r5,%r3
        aghi    %r5,-1                  # one less than the length, as the length fields of instructions have it
        jl      9f
        cli     CONSOLE_ON,LINES
        je      1f
        larl    %r1,ascii_event
        mvc     0(ASCII_TEXT,%r6),0(%r1)
        la      %r4,ASCII_TEXT(%r6)
        exrl    %r5,move_text
        la      %r4,1(%r4,%r5)
        mvi     0(%r4),'\n'
        la      %r4,1(%r4)              # the end
        j       2f

1:      larl    %r1,line_event
        mvc     0(LINE_TEXT,%r6),0(%r1)
        la      %r4,LINE_TEXT(%r6)
        larl    %r1,ebcdic
        aghi    %r1,-' '                # the table starts with the blank
        exrl    %r5,move_text
        exrl    %r5,translate_text
        la      %r4,1(%r4,%r5)
        lgr     %r1,%r4
        sgr     %r1,%r6
        aghi    %r1,-MESSAGE
        sth     %r1,MESSAGE(%r6)
        aghi    %r1,MESSAGE-MESSAGE_TEXT
        sth     %r1,MESSAGE_TEXT(%r6)

2:      sgr     %r4,%r6
        sth     %r4,0(%r6)
        aghi    %r4,-EVENT
        sth     %r4,EVENT(%r6)
        llilf   %r2,WRITE_EVENT_DATA
        brasl   %r14,service_call
9:      leave

move_text:
        mvc     0(1,%r4),0(%r2)
translate_text:
        tr      0(1,%r4),0(%r1)

# r2 = command, for the SCCB as it is.  Waits for the answer; r2 := 0 if it is "done", else 1.
        .globl  service_call
service_call:
        mvi     SERVICE_SIGNAL,0
        llilf   %r1,SCCB
1:      servc   %r2,%r1
        jo      4f                      # cc 3: no service processor
        jnz     1b                      # cc 2: busy
        .if     PLANT==PLANT_BUSY_HINTED
        cli     HINTS_ON,0
        je      2f
        essa    %r0,%r1,3
        essa    %r0,%r1,1
        .endif
2:      larl    %r3,wait_psw
        lpswe   0(%r3)                  # the interruption is pending or will come
3:      cli     SERVICE_SIGNAL,0
        je      2b
        lghi    %r2,0
        cli     RESPONSE+1(%r1),0x20
        ber     %r14
4:      lghi    %r2,1
        br      %r14

        .balign 8
wait_psw:
        .quad   PSW_AWAIT,3b
event_mask:
        .short  28,0,0,0,0,4            # length, function, control mask, response; reserved, length of each mask
        .long   CONSOLE_RECEIVES        # what we receive
        .long   0x40000040              # we send types 02 and 1A
        .long   0,0                     # answer: what the other side receives, sends

# The two kinds of event data.  Lengths that are zero here depend on the text.
ascii_event:
        .short  0,0,0,0                 # SCCB
        .short  0                       # event buffer: length, type, flags, reserved
        .byte   0x1A,0
        .short  0
        .balign 8
line_event:
        .short  0,0,0,0                 # SCCB
        .short  0                       # event buffer
        .byte   0x02,0
        .short  0
        .short  0,1                     # message data block: length, type, "MDB ", revision
        .long   0xD4C4C240,1
        .short  56,1                    # general object: length, type, no date, no flags, no names
        .skip   52
        .short  0,4,0x1000              # text object: length, type, end of text, no alarm
        .skip   4

ebcdic: .byte   0x40,0x4F,0x7F,0x7B,0x5B,0x6C,0x50,0x7D,0x4D,0x5D,0x5C,0x4E,0x6B,0x60,0x4B,0x61 # blank to /
        .byte   0xF0,0xF1,0xF2,0xF3,0xF4,0xF5,0xF6,0xF7,0xF8,0xF9,0x7A,0x5E,0x4C,0x7E,0x6E,0x6F # 0 to ?
        .byte   0x7C,0xC1,0xC2,0xC3,0xC4,0xC5,0xC6,0xC7,0xC8,0xC9,0xD1,0xD2,0xD3,0xD4,0xD5,0xD6 # @ to O
        .byte   0xD7,0xD8,0xD9,0xE2,0xE3,0xE4,0xE5,0xE6,0xE7,0xE8,0xE9,0x4A,0xE0,0x5A,0x5F,0x6D # P to _
        .byte   0x79,0x81,0x82,0x83,0x84,0x85,0x86,0x87,0x88,0x89,0x91,0x92,0x93,0x94,0x95,0x96 # ` to o
        .byte   0x97,0x98,0x99,0xA2,0xA3,0xA4,0xA5,0xA6,0xA7,0xA8,0xA9,0xC0,0xBB,0xD0,0xA1,0x07 # p to DEL

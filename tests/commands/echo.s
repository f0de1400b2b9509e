# A guest that writes what is typed on it between brackets, by characters (a VT220 console), until a q is.
        .equ    READ,0x00770005         # event data
        .equ    WRITE,0x00760005
        .equ    MASK,0x00780005         # of events
        .equ    BLOCK,0x20000           # what is read
        .equ    ANSWER,0x21000
        .equ    TEXT,15                 # where text begins in what is read: behind header, event and a zero
start:  larl    %r12,data
        mvc     0x1B0(16),0(%r12)       # external new PSW
        lctlg   %c0,%c0,16(%r12)
        larl    %r1,mask
        llilf   %r2,MASK
        brasl   %r14,call
next:   tm      0x83,1                  # the service signal's parameter: there are events
        jnz     read
        brasl   %r14,await
        j       next
read:   llilf   %r1,BLOCK
        mvc     0(8,%r1),header-data(%r12)
        llilf   %r2,READ
        brasl   %r14,call
        cli     7(%r1),0x20
        jne     next
        cli     TEXT(%r1),'q'
        je      done
        lh      %r4,8(%r1)              # the event's length, of which 7 are not text
        aghi    %r4,-7
        llilf   %r5,ANSWER
        xc      0(16,%r5),0(%r5)
        la      %r6,16(%r4)             # with the brackets
        sth     %r6,0(%r5)
        aghi    %r6,-8
        sth     %r6,8(%r5)
        mvi     10(%r5),0x1A
        mvi     14(%r5),'['
        aghi    %r4,-1
        exrl    %r4,text
        la      %r4,16(%r4,%r5)
        mvi     0(%r4),']'
        lgr     %r1,%r5
        llilf   %r2,WRITE
        brasl   %r14,call
        j       next
text:   mvc     15(1,%r5),TEXT(%r1)
call:   servc   %r2,%r1
await:  lpswe   24(%r12)
taken:  br      %r14
done:   lpswe   40(%r12)
        .balign 8
data:   .quad   0x0000000180000000,taken
        .quad   0x200                   # control register 0: the service signal
        .quad   0x0102000180000000,0    # external, wait
        .quad   0x0002000180000000,0
header: .short  256
        .byte   0,0,0,0x80
        .short  0
        .balign 8
mask:   .short  28,0,0,0,0,4
        .long   0x00000040,0x00000040,0,0

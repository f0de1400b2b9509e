# The runner of an exported suite: bare metal, one CPU. docs/export.md
#
# Every trace has absolute storage from 0 on to itself; the runner, its prefix area and what it knows of the traces lie
# above, at ORIGIN. A trace is run with its own prefix, control registers and new PSWs, but that each new PSW leads to a
# recorder here, which notes what was stored for the interruption and then loads the PSW that the trace has for it, or
# ends the trace where that is a wait. The recorder needs HOLE, 256 bytes of the trace's prefix area.
#
# From outside: ORIGIN, HOLE, COMPARED (storage as it should be), CASES and CASE_COUNT, LINES and LINE_COUNT.

# A case
        .equ    NAME,0                  # address and length of a text
        .equ    RAM,16                  # bytes of storage
        .equ    INITIAL,24              # pieces of storage before: address of the list, how many
        .equ    KEYS,40                 # a byte for each block: storage keys before
        .equ    FINAL,48                # pieces of storage afterwards; the rest is zeros
        .equ    OPEN,64                 # ranges that are not compared: address of the list, how many
        .equ    FINAL_KEYS,80           # a byte for each block, and another of which bits count
        .equ    KEY_MASKS,88
        .equ    TAKEN,96                # interruptions that are expected: address of the list, how many
        .equ    PSW,112                 # at the start
        .equ    NEW_PSWS,128            # six: the trace's own
        .equ    FACILITIES,224          # which it needs, as STORE FACILITY LIST EXTENDED has them
        .equ    VECTORS,256             # zero: vector registers are neither set nor compared
        .equ    STATE,264               # registers before ...
        .equ    FINAL_STATE,STATE+STATE_BYTES   # ... and after, ...
        .equ    STATE_MASK,FINAL_STATE+STATE_BYTES      # ... and which of their bits count
# A state
        .equ    GR,0
        .equ    CR,128
        .equ    AR,256
        .equ    FPR,320
        .equ    FPC,448
        .equ    PREFIX,456              # doubleword
        .equ    OLD_PSW,464             # of the interruption that ended the trace
        .equ    VR,480
        .equ    STATE_BYTES,992
# HOLE
        .equ    SAVED,HOLE              # general registers
        .equ    OWN_PSWS,HOLE+128       # six new PSWs
        .equ    NEXT_PSW,HOLE+224
# An entry of the log: class (offset of its PSWs), then the assigned storage locations 080-19F
        .equ    LOG_ENTRY,296
        .equ    LOG_ENTRIES,64
# An interruption that is expected: class, number of checks, six checks (offset in the entry, mask, value)
        .equ    TAKEN_ENTRY,160
        .equ    OWN_WAIT,96             # "class" of a trace that ends in a wait of its own
        .equ    FACILITY_WORDS,4

        .text
        j       start
        .org    8
        j       own_wait                # ORIGIN + 8: a trace's own last PSW leads here
start:  lhi     %r2,0                   # from ESA/390 too, as after IPL
        lhi     %r1,1
        sigp    %r0,%r2,0x12
        sam64
        larl    %r1,runner_prefix
        spx     0(%r1)
        larl    %r1,controls
        lctlg   %c0,%c15,0(%r1)
        larl    %r15,stack
        brasl   %r14,console_init
        lghi    %r0,FACILITY_WORDS-1
        larl    %r1,facilities
        stfle   0(%r1)
        larl    %r2,greeting
        lghi    %r3,greeting_end-greeting
        brasl   %r14,say
        brasl   %r14,write
        lgfi    %r11,CASE_COUNT
        lgfi    %r9,CASES
        lghi    %r10,0                  # failures
        ltgr    %r11,%r11
        jz      2f
1:      lg      %r12,0(%r9)
        aghi    %r9,8
        brasl   %r14,facilities_missing
        jnz     5f
        brasl   %r14,run
        j       6f
5:      larl    %r2,skip
        lghi    %r3,5
        brasl   %r14,say
        lg      %r2,NAME(%r12)
        lg      %r3,NAME+8(%r12)
        brasl   %r14,say
        larl    %r2,no_facility
        lghi    %r3,no_facility_end-no_facility
        brasl   %r14,say
        brasl   %r14,write
6:      brctg   %r11,1b
2:      lgfi    %r11,LINE_COUNT         # what is only to be told
        lgfi    %r9,LINES
        ltgr    %r11,%r11
        jz      4f
3:      lg      %r2,0(%r9)
        lg      %r3,8(%r9)
        aghi    %r9,16
        brasl   %r14,say
        brasl   %r14,write
        brctg   %r11,3b
4:      brasl   %r14,questions
        lgr     %r2,%r10
        brasl   %r14,decimal
        larl    %r2,failed_of
        lghi    %r3,failed_of_end-failed_of
        brasl   %r14,say
        lgfi    %r2,CASE_COUNT
        brasl   %r14,decimal
        brasl   %r14,write
        larl    %r1,end_psw
        stg     %r10,8(%r1)
        lpswe   0(%r1)

# r12 = a case: condition code zero if the machine has all that it needs
facilities_missing:
        larl    %r1,facilities
        la      %r2,FACILITIES(%r12)
        lghi    %r3,FACILITY_WORDS
1:      lg      %r4,0(%r1)
        xihf    %r4,0xffffffff
        xilf    %r4,0xffffffff
        ng      %r4,0(%r2)
        bnzr    %r14
        la      %r1,8(%r1)
        la      %r2,8(%r2)
        brctg   %r3,1b
        br      %r14

# ---- One trace: r12 = its case ------------------------------------------------------------------------------------
run:    stmg    %r6,%r15,48(%r15)
        lay     %r15,-160(%r15)
        larl    %r1,no_prefix           # real is absolute, and no interruption is open
        spx     0(%r1)
        lghi    %r2,0
        lg      %r3,RAM(%r12)
        brasl   %r14,clear
        lg      %r6,INITIAL(%r12)
        lg      %r7,INITIAL+8(%r12)
        lghi    %r8,0
        brasl   %r14,put_pieces
        lg      %r6,KEYS(%r12)
        lg      %r7,RAM(%r12)
        srlg    %r7,%r7,12
        lghi    %r2,0
1:      llgc    %r1,0(%r6)
        sske    %r1,%r2
        la      %r6,1(%r6)
        aghi    %r2,4096
        brctg   %r7,1b
        larl    %r1,log
        stgrl   %r1,log_next
        lg      %r5,STATE+PREFIX(%r12)
        mvc     OWN_PSWS(96,%r5),NEW_PSWS(%r12)
        mvc     NEXT_PSW(16,%r5),PSW(%r12)
        larl    %r1,recorders
        mvc     0x1a0(96,%r5),0(%r1)
        la      %r1,STATE(%r12)
        .irp    n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
        ld      %f\n,FPR+8*\n(%r1)
        .endr
        ltg     %r2,VECTORS(%r12)
        jz      2f
        vlm     %v0,%v15,VR(%r1)
        vlm     %v16,%v31,VR+256(%r1)
2:      lfpc    FPC(%r1)
        lam     %a0,%a15,AR(%r1)
        larl    %r2,context
        stmg    %r0,%r15,0(%r2)
        spx     PREFIX+4(%r1)
        ptlb
        lctlg   %c0,%c15,CR(%r1)
        lmg     %r0,%r15,GR(%r1)
        lpswe   NEXT_PSW

# Interruptions come to these, with everything as the trace has left it but for the PSW.
        .macro  recorder class
        stmg    %r0,%r15,SAVED
        lghi    %r1,\class
        j       record
        .endm
on_restart:     recorder 0
on_external:    recorder 16
on_svc:         recorder 32
on_program:     recorder 48
on_machine_check:       recorder 64
on_io:          recorder 80
own_wait:       stmg    %r0,%r15,SAVED
        lghi    %r1,OWN_WAIT
        j       finished

record: lgrl    %r3,log_next
        larl    %r4,log_end
        clgr    %r3,%r4
        jhe     finished                # more than any trace expects
        stg     %r1,0(%r3)
        mvc     8(256,%r3),0x80
        mvc     264(32,%r3),0x180
        aghi    %r3,LOG_ENTRY
        stgrl   %r3,log_next
        tm      OWN_PSWS+1(%r1),0x02    # a wait: there is no handler
        jnz     finished
        mvc     NEXT_PSW(16),OWN_PSWS(%r1)
        lmg     %r0,%r15,SAVED
        lpswe   NEXT_PSW

finished:
        larl    %r13,state
        mvc     GR(128,%r13),SAVED
        stctg   %c0,%c15,CR(%r13)
        larl    %r2,controls
        lctlg   %c0,%c15,0(%r2)
        stam    %a0,%a15,AR(%r13)
        .irp    n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
        std     %f\n,FPR+8*\n(%r13)
        .endr
        stfpc   FPC(%r13)
        stpx    PREFIX+4(%r13)
        cghi    %r1,OWN_WAIT
        je      1f
        la      %r2,0x120(%r1)
        mvc     OLD_PSW(16,%r13),0(%r2)
1:      larl    %r2,context
        lmg     %r0,%r15,0(%r2)
        ltg     %r2,VECTORS(%r12)
        jz      5f
        larl    %r2,state
        vstm    %v0,%v15,VR(%r2)
        vstm    %v16,%v31,VR+256(%r2)
5:      larl    %r1,no_prefix
        spx     0(%r1)
        ptlb
        lg      %r7,RAM(%r12)           # keys first: comparing is a reference
        srlg    %r7,%r7,12
        larl    %r6,keys_found
        lghi    %r2,0
2:      lghi    %r1,0
        iske    %r1,%r2
        stc     %r1,0(%r6)
        la      %r6,1(%r6)
        aghi    %r2,4096
        brctg   %r7,2b
        brasl   %r14,compare_interruptions
        ltgr    %r2,%r2
        jnz     3f
        brasl   %r14,compare_state
        ltgr    %r2,%r2
        jnz     3f
        brasl   %r14,compare_keys
        ltgr    %r2,%r2
        jnz     3f
        brasl   %r14,compare_storage
        ltgr    %r2,%r2
        jnz     3f
        larl    %r1,runner_prefix
        spx     0(%r1)
        larl    %r2,pass
        lghi    %r3,5
        brasl   %r14,say
        lg      %r2,NAME(%r12)
        lg      %r3,NAME+8(%r12)
        brasl   %r14,say
        j       4f
# r2 = what differs (text of 16 bytes), r3 = which one (negative: the text says it), r4 = as it is, r5 = as it should be
3:      larl    %r1,runner_prefix
        spx     0(%r1)
        aghi    %r10,1
        stg     %r10,208+4*8(%r15)      # the caller's
        lgr     %r6,%r2
        lgr     %r7,%r3
        lgr     %r8,%r4
        lgr     %r9,%r5
        larl    %r2,fail
        lghi    %r3,5
        brasl   %r14,say
        lg      %r2,NAME(%r12)
        lg      %r3,NAME+8(%r12)
        brasl   %r14,say
        lgr     %r2,%r6
        lghi    %r3,16
        brasl   %r14,say
        lgr     %r2,%r7
        ltgr    %r2,%r2                 # the name of a register says which one
        jl      5f
        brasl   %r14,hexadecimal
5:      larl    %r2,is_text
        lghi    %r3,4
        brasl   %r14,say
        lgr     %r2,%r8
        brasl   %r14,hexadecimal
        larl    %r2,expected_text
        lghi    %r3,11
        brasl   %r14,say
        lgr     %r2,%r9
        brasl   %r14,hexadecimal
4:      brasl   %r14,write
        lmg     %r6,%r15,208(%r15)
        br      %r14

# ---- Comparisons: r2 := 0, or what differs. Leaves: nobody is called but by a saved r14 -----------------------------
compare_interruptions:
        larl    %r6,log
        lgrl    %r7,log_next
        lg      %r8,TAKEN(%r12)
        lg      %r9,TAKEN+8(%r12)
        lghi    %r3,0                   # which one
1:      aghi    %r3,1
        ltgr    %r9,%r9
        jz      5f
        clgr    %r6,%r7
        larl    %r2,text_missing
        lghi    %r4,0
        lg      %r5,0(%r8)
        jhe     9f
        lg      %r4,0(%r6)
        cgr     %r4,%r5
        je      6f
        larl    %r2,text_class
        sllg    %r4,%r4,32              # with length and code of a program interruption
        llgf    %r1,0x8c-0x80+8(%r6)
        ogr     %r4,%r1
        j       9f
6:
        lg      %r0,8(%r8)              # checks
        la      %r1,16(%r8)
        larl    %r2,text_interruption
2:      lg      %r13,0(%r1)
        lg      %r4,0(%r13,%r6)
        ng      %r4,8(%r1)
        lg      %r5,16(%r1)
        cgr     %r4,%r5
        jne     9f
        la      %r1,24(%r1)
        aghi    %r0,-1
        jnz     2b
        aghi    %r6,LOG_ENTRY
        aghi    %r8,TAKEN_ENTRY
        aghi    %r9,-1
        j       1b
5:      clgr    %r6,%r7
        larl    %r2,text_unexpected
        lghi    %r5,0
        jhe     8f
        lg      %r4,0x8c-0x80+8(%r6)
        j       9f
8:      lghi    %r2,0
9:      br      %r14

compare_state:
        larl    %r6,state
        la      %r7,FINAL_STATE(%r12)
        lay     %r8,STATE_MASK(%r12)
        larl    %r2,state_names
        lghi    %r9,STATE_BYTES/8
        lghi    %r3,-1
1:      lg      %r4,0(%r6)
        ng      %r4,0(%r8)
        lg      %r5,0(%r7)
        ng      %r5,0(%r8)
        cgr     %r4,%r5
        jne     2f
        aghi    %r6,8
        aghi    %r7,8
        aghi    %r8,8
        aghi    %r2,16
        brctg   %r9,1b
        lghi    %r2,0
2:      br      %r14

compare_keys:
        larl    %r6,keys_found
        lg      %r7,FINAL_KEYS(%r12)
        lg      %r8,KEY_MASKS(%r12)
        lg      %r9,RAM(%r12)
        srlg    %r9,%r9,12
        lghi    %r3,0
        larl    %r2,text_key
1:      llgc    %r4,0(%r6)
        llgc    %r5,0(%r7)
        llgc    %r1,0(%r8)
        ngr     %r4,%r1
        ngr     %r5,%r1
        cgr     %r4,%r5
        jne     2f
        la      %r6,1(%r6)
        la      %r7,1(%r7)
        la      %r8,1(%r8)
        aghi    %r3,4096
        brctg   %r9,1b
        lghi    %r2,0
2:      br      %r14

compare_storage:
        stmg    %r6,%r15,48(%r15)
        lay     %r15,-160(%r15)
        lg      %r5,STATE+PREFIX(%r12)
        mvc     0x1a0(96,%r5),OWN_PSWS(%r5)
        xc      HOLE(256,%r5),HOLE(%r5)
        lgfi    %r2,COMPARED
        lg      %r3,RAM(%r12)
        brasl   %r14,clear
        lg      %r6,FINAL(%r12)
        lg      %r7,FINAL+8(%r12)
        lgfi    %r8,COMPARED
        brasl   %r14,put_pieces
        lg      %r6,OPEN(%r12)
        lg      %r7,OPEN+8(%r12)
1:      aghi    %r7,-1
        jl      3f
        lg      %r4,0(%r6)
        lg      %r5,8(%r6)
        lgr     %r2,%r4
        agfi    %r2,COMPARED
        lgr     %r3,%r5
2:      mvcle   %r2,%r4,0
        jo      2b
        aghi    %r6,16
        j       1b
3:      lghi    %r2,0
        lg      %r3,RAM(%r12)
        lgfi    %r4,COMPARED
        lgr     %r5,%r3
4:      clcle   %r2,%r4,0
        jo      4b
        je      5f
        lgr     %r3,%r2                 # where
        llgc    %r5,0(%r4)
        llgc    %r4,0(%r2)
        larl    %r2,text_storage
        j       6f
5:      lghi    %r2,0
6:      lmg     %r6,%r15,208(%r15)
        br      %r14

# r2 = address, r3 = length
clear:  lghi    %r4,0
        lghi    %r5,0
1:      mvcle   %r2,%r4,0
        jo      1b
        br      %r14

# r6 = list of pieces (address, length, where the bytes are), r7 = how many, r8 = what is added to the addresses
# By bytes: QEMU 7.2 goes on executing what a long move has overwritten, but for its first byte.
put_pieces:
1:      aghi    %r7,-1
        jl      3f
        lg      %r2,0(%r6)
        agr     %r2,%r8
        lg      %r3,8(%r6)
        lg      %r4,16(%r6)
2:      ic      %r5,0(%r4)
        stc     %r5,0(%r2)
        aghi    %r2,1
        aghi    %r4,1
        brctg   %r3,2b
        aghi    %r6,24
        j       1b
3:      br      %r14

# ---- Lines --------------------------------------------------------------------------------------------------------
# r2 = text, r3 = length: appends to the line
say:    lgrl    %r4,line_used
        larl    %r1,line
        lghi    %r5,250
        sgr     %r5,%r4
        cgr     %r3,%r5
        jle     1f
        lgr     %r3,%r5
1:      aghi    %r3,-1
        jl      2f
        la      %r1,0(%r4,%r1)
        exrl    %r3,say_move
        la      %r4,1(%r4,%r3)
        stgrl   %r4,line_used
2:      br      %r14
say_move:
        mvc     0(1,%r1),0(%r2)

# r2: appends it without leading zeros, in hexadecimal
hexadecimal:
        lghi    %r0,16
        lghi    %r5,0
        j       number
decimal:
        lghi    %r0,10
        lghi    %r5,0
number: larl    %r4,digits_end
        larl    %r1,digits
1:      lgr     %r3,%r2
        lghi    %r2,0
        dlgr    %r2,%r0                 # r2 := remainder, r3 := quotient
        aghi    %r4,-1
        ic      %r5,0(%r2,%r1)
        stc     %r5,0(%r4)
        lgr     %r2,%r3
        ltgr    %r2,%r2
        jnz     1b
        larl    %r3,digits_end
        sgr     %r3,%r4
        lgr     %r2,%r4
        j       say

# ---- The console: SERVICE CALL, as firmware/console.s explains it ---------------------------------------------------
        .equ    WRITE_EVENT_MASK,0x00780005
        .equ    WRITE_EVENT_DATA,0x00760005
console_init:
        stmg    %r6,%r15,48(%r15)
        lay     %r15,-160(%r15)
        larl    %r6,sccb
        larl    %r1,event_mask
        mvc     0(28,%r6),0(%r1)
        lgfi    %r2,WRITE_EVENT_MASK
        brasl   %r14,service_call
        larl    %r7,console_kind
        mvi     0(%r7),0
        tm      23(%r6),0x40            # who answers takes events of type 1A: ASCII
        jz      1f
        mvi     0(%r7),1
        j       2f
1:      tm      20(%r6),0x40            # of type 02: messages
        jz      2f
        mvi     0(%r7),2
2:      lmg     %r6,%r15,208(%r15)
        br      %r14

# Writes the line and begins another.
write:  stmg    %r6,%r15,48(%r15)
        lay     %r15,-160(%r15)
        larl    %r6,sccb
        lgrl    %r5,line_used
        larl    %r2,line
        larl    %r7,console_kind
        cli     0(%r7),0
        je      9f
        cli     0(%r7),2
        je      1f
        xc      0(16,%r6),0(%r6)
        mvi     10(%r6),0x1a
        la      %r4,14(%r6)
        aghi    %r5,-1
        exrl    %r5,write_move
        la      %r4,1(%r5,%r4)
        mvi     0(%r4),0x0a
        aghi    %r4,1
        j       2f
1:      larl    %r1,line_event
        mvc     0(92,%r6),0(%r1)
        la      %r4,92(%r6)
        larl    %r1,ebcdic-32
        aghi    %r5,-1
        exrl    %r5,write_move
        exrl    %r5,write_translate
        la      %r4,1(%r5,%r4)
        lgr     %r1,%r4
        sgr     %r1,%r6
        aghi    %r1,-14
        sth     %r1,14(%r6)
        aghi    %r1,-68
        sth     %r1,82(%r6)
2:      sgr     %r4,%r6
        sth     %r4,0(%r6)
        aghi    %r4,-8
        sth     %r4,8(%r6)
        lgfi    %r2,WRITE_EVENT_DATA
        brasl   %r14,service_call
9:      lghi    %r1,0
        stgrl   %r1,line_used
        lmg     %r6,%r15,208(%r15)
        br      %r14
write_move:
        mvc     0(1,%r4),0(%r2)
write_translate:
        tr      0(1,%r4),0(%r1)

service_call:
        larl    %r1,sccb
        larl    %r4,signalled
        mvi     0(%r4),0
1:      servc   %r2,%r1
        jo      3f                      # no service processor
        jnz     1b
awaited:
        cli     0(%r4),0
        jne     3f
        larl    %r3,wait_psw
        lpswe   0(%r3)
3:      br      %r14
# An external interruption of the runner's own.
on_signal:
        stg     %r1,0x200
        larl    %r1,signalled
        mvi     0(%r1),1
        lg      %r1,0x200
        ni      0x131,0xfd              # do not wait any more
        lpswe   0x130

        .balign 16
recorders:
        .quad   0x180000000,on_restart,0x180000000,on_external,0x180000000,on_svc
        .quad   0x180000000,on_program,0x180000000,on_machine_check,0x180000000,on_io
end_psw:        .quad   0x0002000180000000,0
wait_psw:       .quad   0x0102000180000000,awaited
controls:       .quad   0x602e0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0   # AFP and vector registers, service signal
log_next:       .quad   log
line_used:      .quad   0
event_mask:     .short  28,0,0,0,0,4
        .long   0,0x40000040,0,0
line_event:     .short  0,0,0,0,0
        .byte   0x02,0
        .short  0
        .short  0,1
        .long   0xd4c4c240,1
        .short  56,1
        .skip   52
        .short  0,4,0x1000
        .skip   4
        .balign 8
runner_prefix:  .long   prefix_area
no_prefix:      .long   0
console_kind:   .short  0
signalled:      .short  0
        .balign 2
digits: .ascii  "0123456789abcdef"
        .skip   24
digits_end:
        .balign 2
greeting:       .ascii  "s390emu suite"
greeting_end:
        .balign 2
failed_of:      .ascii  " failed of "
failed_of_end:
        .balign 2
pass:   .ascii  "PASS "
        .balign 2
fail:   .ascii  "FAIL "
        .balign 2
skip:   .ascii  "SKIP "
        .balign 2
no_facility:    .ascii  ": this machine lacks a facility"
no_facility_end:
        .balign 2
is_text:        .ascii  " is "
        .balign 2
expected_text:  .ascii  ", expected "
        .balign 2
text_missing:   .ascii  ": missing:      "
        .balign 2
text_class:     .ascii  ": class of int. "
        .balign 2
text_interruption:      .ascii  ": interruption  "
        .balign 2
text_unexpected:        .ascii  ": unexpected i. "
        .balign 2
text_key:       .ascii  ": key           "
        .balign 2
text_storage:   .ascii  ": storage       "
        .balign 2
ebcdic: .byte   0x40,0x4F,0x7F,0x7B,0x5B,0x6C,0x50,0x7D,0x4D,0x5D,0x5C,0x4E,0x6B,0x60,0x4B,0x61
        .byte   0xF0,0xF1,0xF2,0xF3,0xF4,0xF5,0xF6,0xF7,0xF8,0xF9,0x7A,0x5E,0x4C,0x7E,0x6E,0x6F
        .byte   0x7C,0xC1,0xC2,0xC3,0xC4,0xC5,0xC6,0xC7,0xC8,0xC9,0xD1,0xD2,0xD3,0xD4,0xD5,0xD6
        .byte   0xD7,0xD8,0xD9,0xE2,0xE3,0xE4,0xE5,0xE6,0xE7,0xE8,0xE9,0x4A,0xE0,0x5A,0x5F,0x6D
        .byte   0x79,0x81,0x82,0x83,0x84,0x85,0x86,0x87,0x88,0x89,0x91,0x92,0x93,0x94,0x95,0x96
        .byte   0x97,0x98,0x99,0xA2,0xA3,0xA4,0xA5,0xA6,0xA7,0xA8,0xA9,0xC0,0xBB,0xD0,0xA1,0x07
        .balign 8192
prefix_area:
        .org    prefix_area+0x1a0
        .quad   0x2000180000000,0xbad1,0x180000000,on_signal,0x2000180000000,0xbad3
        .quad   0x2000180000000,0xbad4,0x2000180000000,0xbad5,0x2000180000000,0xbad6
        .org    prefix_area+8192
sccb:   .skip   4096
line:   .skip   256
context:        .skip   128
facilities:     .skip   8*FACILITY_WORDS
state:  .skip   STATE_BYTES
keys_found:     .skip   4096
log:    .skip   LOG_ENTRY*LOG_ENTRIES
log_end:
        .skip   4096
stack:  .skip   160

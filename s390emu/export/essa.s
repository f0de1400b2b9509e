# The matrix of ESSA and the questions D1 to D20 of docs/page-hinting.md, for a machine that has it. decisions.py says
# what is asked; each line has what the machine answers, and what was decided here.
        .equ    SUBJECT,0x5000000       # the block that is asked about
        .equ    CONTINUE,0x208          # PSW after a program interruption
        .equ    CODE,0x21c              # word: ILC and code of the last one, zero if there was none

        .text
# An instruction that may be interrupted. r14 is lost.
        .macro  try instruction:vararg
        larl    %r14,try\@
        stg     %r14,CONTINUE+8
        xc      CODE(4),CODE
        \instruction
try\@:
        .endm

# Appends a text to the line.
        .macro  print text:vararg
        .section .rodata
        .balign 2
text\@: .ascii  \text
end\@:
        .text
        larl    %r2,text\@
        lghi    %r3,end\@-text\@
        brasl   %r14,say
        .endm

# A line: the question, the answer in r8, what was decided.
        .macro  answer decided,text:vararg
        print   \text
        lgr     %r2,%r8
        brasl   %r14,hexadecimal
        .ifnc   \decided,any
        print   " (decided: "
        lghi    %r2,\decided
        brasl   %r14,hexadecimal
        print   ")"
        .endif
        brasl   %r14,write
        .endm

        .macro  state
        essa    %r8,%r9,0
        .endm

# r8 := code of the last program interruption
        .macro  code
        llgh    %r8,CODE+2
        .endm

questions:
        stmg    %r6,%r15,48(%r15)
        lay     %r15,-160(%r15)
        larl    %r1,try_psw
        mvc     0x1d0(16),0(%r1)
        mvc     CONTINUE(8),0(%r1)
        lgfi    %r9,SUBJECT
        try     essa %r8,%r9,0
        icm     %r1,15,CODE
        jz      1f
        print   "ESSA: not here, no questions asked"
        brasl   %r14,write
        j       9f

# The matrix: from each usage, by each ORC: result, state afterwards.
1:      lghi    %r10,0                  # all results together
        lghi    %r11,0                  # the last interruption of ORC 0 to 6
        larl    %r6,usages
        lghi    %r12,4
2:      print   "ESSA from "
        lgr     %r2,%r6
        lghi    %r3,1
        brasl   %r14,say
        .irp    orc,0,1,2,3,4,5,6
        lg      %r7,8(%r6)
        basr    %r14,%r7
        lghi    %r8,0
        try     essa %r8,%r9,\orc
        ogr     %r10,%r8
        llgh    %r1,CODE+2
        ogr     %r11,%r1
        brasl   %r14,cell
        .endr
        lg      %r7,8(%r6)
        basr    %r14,%r7
        lghi    %r8,0
        try     essa %r8,%r9,7
        brasl   %r14,cell
        brasl   %r14,write
        aghi    %r6,16
        aghi    %r12,-1
        jnz     2b

        brasl   %r14,to_volatile
        la      %r1,0x123(%r9)
        essa    %r8,%r1,0
        answer  12,"D1  by an address inside the block: "
        lghi    %r1,0
        essa    %r8,%r1,3               # absolute 0, or real 0
        larl    %r2,no_prefix
        spx     0(%r2)
        essa    %r8,%r1,0
        essa    %r2,%r1,1
        larl    %r2,runner_prefix
        spx     0(%r2)
        essa    %r2,%r1,1
        nill    %r8,0x0c
        answer  12,"D1  address 0, with another prefix: "
        brasl   %r14,to_stable
        lghi    %r1,0
        sske    %r1,%r9
        essa    %r8,%r9,3
        lghi    %r8,0
        iske    %r8,%r9
        nill    %r8,0x06
        answer  0,"D2  R and C after ESSA: "
        lgr     %r8,%r10
        nill    %r8,0x10
        answer  0,"D3  exception indication: "
        lgr     %r8,%r11
        answer  0,"D4  interruptions: "
        brasl   %r14,to_zero
        essa    %r8,%r9,5
        state
        answer  0,"D5  ORC 5 on Sz, state: "
        brasl   %r14,to_volatile
        essa    %r8,%r9,6
        state
        answer  0,"D6  ORC 6 on Vr, state: "
        brasl   %r14,to_stable
        xc      0(8,%r9),0(%r9)
        state
        answer  0,"D7  cleared by a store, state: "
        brasl   %r14,to_unused
        lghi    %r7,0
        try     lg %r7,0(%r9)
        code
        answer  any,"D8  fetch from Ur, interruption: "
        lgr     %r8,%r7
        answer  any,"D8  fetch from Ur, data (stored was 5000000): "
        brasl   %r14,to_unused_zero
        try     iske %r1,%r9
        code
        answer  0,"D10 ISKE on Uz, interruption: "
        try     rrbe %r0,%r9
        code
        answer  0,"D10 RRBE on Uz, interruption: "
        lghi    %r1,0
        try     sske %r1,%r9
        code
        answer  0,"D10 SSKE on Uz, interruption: "
        state
        answer  7,"D10 state afterwards: "
        try     tprot 0(%r9),0
        code
        answer  0,"D11 TPROT on Uz, interruption: "
        try     lra %r1,0(%r9)
        code
        answer  0,"D11 LRA on Uz, interruption: "
        state
        answer  7,"D11 state afterwards: "
        brasl   %r14,to_zero
        lghi    %r0,0
        try     tb %r1,%r9
        state
        answer  0,"D12 TEST BLOCK on Sz, state: "
        brasl   %r14,to_zero
        state
        answer  3,"D18 after DIAGNOSE 10, state: "
        lghi    %r8,0
        iske    %r8,%r9
        nill    %r8,0x06
        answer  0,"D18 R and C: "
        lghi    %r8,0
        iske    %r8,%r9
        nill    %r8,0xf8
        answer  0,"D19 ACC and F (were f8): "
        brasl   %r14,to_stable
9:      lmg     %r6,%r15,208(%r15)
        br      %r14

# Appends an answer of the matrix: result, or x and the interruption code; the state afterwards.
cell:   stmg    %r6,%r15,48(%r15)
        lay     %r15,-160(%r15)
        llgh    %r7,CODE+2
        ltgr    %r7,%r7
        jnz     1f
        print   " "
        lgr     %r2,%r8
        j       2f
1:      print   " x"
        lgr     %r2,%r7
2:      brasl   %r14,hexadecimal
        print   ":"
        state
        lgr     %r2,%r8
        brasl   %r14,hexadecimal
        lmg     %r6,%r15,208(%r15)
        br      %r14

# Into a state: r9 = the block. r1, r8 are lost.
to_stable:
        essa    %r8,%r9,1
        stg     %r9,0(%r9)
        br      %r14
to_unused:
        essa    %r8,%r9,1
        stg     %r9,0(%r9)
        essa    %r8,%r9,2
        br      %r14
to_potentially_volatile:
        essa    %r8,%r9,1
        stg     %r9,0(%r9)
        essa    %r8,%r9,4
        br      %r14
to_volatile:
        essa    %r8,%r9,1
        stg     %r9,0(%r9)
        essa    %r8,%r9,3
        br      %r14
to_zero:
        lgr     %r7,%r14
        essa    %r8,%r9,1
        stg     %r9,0(%r9)
        lghi    %r1,0xf8
        sske    %r1,%r9
        try     diag %r9,%r9,0x10
        br      %r7
to_unused_zero:
        lgr     %r7,%r14
        essa    %r8,%r9,1
        stg     %r9,0(%r9)
        try     diag %r9,%r9,0x10
        essa    %r8,%r9,2
        br      %r7

on_try: mvc     CODE(4),0x8c
        lpswe   CONTINUE

        .section .rodata
        .balign 8
try_psw:        .quad   0x180000000,on_try
usages: .ascii  "S       "
        .quad   to_stable
        .ascii  "U       "
        .quad   to_unused
        .ascii  "P       "
        .quad   to_potentially_volatile
        .ascii  "V       "
        .quad   to_volatile

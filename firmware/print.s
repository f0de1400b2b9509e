# Builds a console line piece by piece.
        .include "kernel.inc"

# r2 = character.  What does not fit into the line is dropped.
        .globl  print_character
print_character:
        lg      %r1,LINE_USED
        cghi    %r1,LINE_SIZE
        bnlr    %r14
        stc     %r2,LINE(%r1)
        aghi    %r1,1
        stg     %r1,LINE_USED
        br      %r14

# r2 = text that ends with a zero byte
        .globl  print_text
print_text:
        enter
        lgr     %r6,%r2
1:      llgc    %r2,0(%r6)
        ltgr    %r2,%r2
        jz      2f
        brasl   %r14,print_character
        la      %r6,1(%r6)
        j       1b
2:      leave

# r2 = value, r3 = number of hexadecimal digits, 1 to 16
        .globl  print_hex
print_hex:
        enter
        lgr     %r6,%r2
        lgr     %r7,%r3
        lghi    %r1,64
        sgr     %r1,%r3
        sgr     %r1,%r3
        sgr     %r1,%r3
        sgr     %r1,%r3
        sllg    %r6,%r6,0(%r1)          # the first digit is now in bits 0-3
1:      srlg    %r1,%r6,60
        larl    %r2,digits
        llgc    %r2,0(%r1,%r2)
        brasl   %r14,print_character
        sllg    %r6,%r6,4
        brctg   %r7,1b
        leave

# r2 = text, r3 = value, printed behind it in 16 hexadecimal digits
        .globl  print_field
print_field:
        enter
        lgr     %r6,%r3
        brasl   %r14,print_text
        lgr     %r2,%r6
        lghi    %r3,16
        brasl   %r14,print_hex
        leave

# r2 = unsigned value
        .globl  print_decimal
print_decimal:
        enter
        aghi    %r15,-32
        la      %r6,191(%r15)           # digits come out last first: fill a buffer from its end
        mvi     0(%r6),0
        lgr     %r1,%r2
        lghi    %r3,10
1:      lghi    %r0,0
        dlgr    %r0,%r3                 # r0 = remainder, r1 = quotient
        aghi    %r0,'0'
        aghi    %r6,-1
        stc     %r0,0(%r6)
        ltgr    %r1,%r1
        jnz     1b
        lgr     %r2,%r6
        brasl   %r14,print_text
        aghi    %r15,32
        leave

# Ends the line and hands it to the console.
        .globl  print_line
print_line:
        enter
        lghi    %r2,LINE
        lg      %r3,LINE_USED
        brasl   %r14,console_write
        xc      LINE_USED(8),LINE_USED
        leave

        .balign 2
digits: .ascii  "0123456789ABCDEF"

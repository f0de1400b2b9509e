# (c) Storage to storage: MVC 64, CLC 64, TR 32, XC 16, MVC 8. r8 = times round.
start:  larl    %r5,data
        larl    %r6,table
        lghi    %r1,255
1:      stc     %r1,0(%r1,%r6)
        brct    %r1,1b
loop:   mvc     64(64,%r5),0(%r5)
        clc     64(64,%r5),0(%r5)
        tr      128(32,%r5),0(%r6)
        xc      160(16,%r5),160(%r5)
        mvc     192(8,%r5),0(%r5)
        brctg   %r8,loop
done:   j       done
        .data
        .balign 4096
data:   .skip   256
table:  .skip   256

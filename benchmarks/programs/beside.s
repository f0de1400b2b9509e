# (f) As old code does it: literals and save areas lie in the page of the code, between functions. r8 = times round.
start:  larl    %r5,save
        lghi    %r2,7
        j       loop
        .balign 8
save:   .skip   64
step:   .quad   3
loop:   ag      %r3,step-save(%r5)
        stg     %r3,0(%r5)
        bras    %r14,work
        stmg    %r2,%r4,16(%r5)
        xgr     %r7,%r3
        brctg   %r8,loop
done:   j       done
        .balign 8
link:   .skip   8
work:   larl    %r4,link
        stg     %r14,0(%r4)
        aghi    %r6,3
        agr     %r6,%r2
        lg      %r14,0(%r4)
        br      %r14

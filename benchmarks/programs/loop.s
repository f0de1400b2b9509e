# (a) Eight instructions: integer arithmetic, a load and a store. r8 = times round.
start:  larl    %r5,data
        lghi    %r2,7
loop:   agr     %r1,%r2
        xgr     %r3,%r1
        lg      %r4,16(%r5)
        agr     %r4,%r1
        stg     %r4,24(%r5)
        aghi    %r6,3
        xgr     %r7,%r6
        brctg   %r8,loop
done:   j       done
        .data
        .balign 4096            # code and data in different blocks: both machines watch stores into code
data:   .skip   4096

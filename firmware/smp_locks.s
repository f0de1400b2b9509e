# Locks, and all waiting.  Who waits signs off meanwhile: the one who holds the lock may be waiting for that.  A CPU
# that waits for another lets that one run (DIAGNOSE X'44', if there is such a thing: a spinning CPU of a virtual
# machine otherwise uses up its time slice first).
        .include "kernel.inc"

# DIAGNOSE X'44' has no facility bit either.
        .globl  yield_init, yield_tried, yield_missing
yield_init:
        diag    0,0,0x44
yield_tried:
        mvi     YIELD_ON,1
yield_missing:
        br      %r14

# One round of a wait loop.  r13 = rounds so far, 0 at first; r13 is one more.  r0 and r1 change, nothing else.
        .globl  relax
relax:  aghi    %r13,1
        cgfi    %r13,SPIN_LIMIT
        jh      1f
        sign_off
        cli     YIELD_ON,0
        ber     %r14
        diag    0,0,0x44
        br      %r14

1:      lghi    %r2,EXIT_WAIT
        larl    %r3,text_wait
        j       panic

# r2 = address of a lock (a word): waits until it is free, and takes it.  Nobody who holds one waits for another.
        .globl  lock
lock:   lhi     %r0,0
        lhi     %r1,1
        cs      %r0,%r1,0(%r2)
        ber     %r14
        enter
        lghi    %r13,0
1:      brasl   %r14,relax
        lhi     %r0,0
        lhi     %r1,1
        cs      %r0,%r1,0(%r2)
        jne     1b
        leave

# r2 = address of a lock.  What was stored before is seen by who takes the lock next: stores are seen in order (PoP
# ch. 5 "Storage-Operand Store References").
        .globl  unlock
unlock: mvhi    0(%r2),0
        br      %r14

# r2 = address of a doubleword of all CPUs, r3 = what to add.  r2 := the sum.
        .globl  add_shared
add_shared:
        lg      %r0,0(%r2)
1:      lgr     %r1,%r0
        agr     %r1,%r3
        csg     %r0,%r1,0(%r2)
        jne     1b
        lgr     %r2,%r1
        br      %r14

# r2 := a new generation.  Translations that were invalid before are gone from all CPUs when all have signed it off.
        .globl  next_generation
next_generation:
        llilf   %r2,GENERATION
        lghi    %r3,1
        j       add_shared

# r2 = generation.  r2 := 1 if all CPUs have signed it off, else 0.
        .globl  all_signed_off
all_signed_off:
        lg      %r3,CPU_COUNT
        llilf   %r1,SIGNED
1:      clg     %r2,0(%r1)
        jh      2f
        la      %r1,8(%r1)
        brctg   %r3,1b
        lghi    %r2,1
        br      %r14
2:      lghi    %r2,0
        br      %r14

        .balign 2
text_wait:
        .asciz  "waited too long"

# The frame table between CPUs: whatever more than one CPU may change is changed by COMPARE AND SWAP.
#
# The first doubleword of an entry is the owner, the flags, and the counts of references and of mappings, so that one LG
# sees all of them as they are at one moment.
        .include "kernel.inc"

# r2 = frame, r3 = flag.  r2 := 1 if it was off and is on now, 0 if it was on before: test-and-set.
        .globl  test_and_set
test_and_set:
        .if     PLANT==PLANT_DISCARDED_NOT_SWAPPED
        cghi    %r3,DISCARDED
        jne     1f
        lgr     %r1,%r2
        lghi    %r2,0
        tm      FRAME_FLAGS(%r1),DISCARDED
        bnzr    %r14
        oi      FRAME_FLAGS(%r1),DISCARDED
        lghi    %r2,1
        br      %r14
        .endif
1:      sll     %r3,16                  # the flags are the second byte of the word
        l       %r0,0(%r2)
2:      lr      %r1,%r0
        nr      %r1,%r3
        jnz     3f
        lr      %r1,%r0
        or      %r1,%r3
        cs      %r0,%r1,0(%r2)
        jne     2b
        lghi    %r2,1
        br      %r14
3:      lghi    %r2,0
        br      %r14

# r2 = frame, r3 = flag: off
        .globl  clear_flag
clear_flag:
        sll     %r3,16
        xilf    %r3,0xFFFFFFFF
        l       %r0,0(%r2)
1:      lr      %r1,%r0
        nr      %r1,%r3
        cs      %r0,%r1,0(%r2)
        jne     1b
        br      %r14

# r2 = frame, r3 = what to add.  r2 := the counts after that.
        .globl  add_counts
add_counts:
        l       %r0,FRAME_COUNTS(%r2)
1:      lr      %r1,%r0
        ar      %r1,%r3
        cs      %r0,%r1,FRAME_COUNTS(%r2)
        jne     1b
        llgfr   %r2,%r1
        br      %r14

# r2 = frame, of which the caller knows only the address.  r2 := 1 if it has a reference now, 0 if nobody else has one:
# the frame is free, or on its way there, and not to be touched (R6).
        .globl  get_unless_free
get_unless_free:
        l       %r0,FRAME_COUNTS(%r2)
1:      lr      %r1,%r0
        .if     PLANT!=PLANT_FREE_FRAME_TAKEN
        srl     %r1,16
        ltr     %r1,%r1
        jz      2f
        lr      %r1,%r0
        .endif
        afi     %r1,ONE_REF
        cs      %r0,%r1,FRAME_COUNTS(%r2)
        jne     1b
        lghi    %r2,1
        br      %r14
2:      lghi    %r2,0
        br      %r14

# r2 = frame, locked or to be locked by another CPU.  Waits until it is not.
        .globl  wait_unlocked
wait_unlocked:
        tm      FRAME_FLAGS(%r2),LOCKED
        bzr     %r14
        enter
        lghi    %r13,0
1:      brasl   %r14,relax
        tm      FRAME_FLAGS(%r2),LOCKED
        jnz     1b
        leave

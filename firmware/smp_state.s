# When a block is volatile and when it is stable, if more than one CPU decides it (R2).
#
# Make-volatile takes the state-change bit, or gives up: the block just stays stable, and the next one to try will do.
# Holding it, it sees whether the block may be volatile, and makes it so.  Make-stable comes after a reference has been
# taken, and waits while the bit is on:
#
#   a make-volatile that began after the reference was taken sees it, and leaves the block alone;
#   one that began before may have seen less, but is over when the bit is off, and ESSA of make-stable comes last.
#
# Without the bit the ESSA of a make-volatile whose checks were right could come after that of the make-stable.
        .include "kernel.inc"

# r2 = frame, r3 = references that the caller has and will not use again.  The block is offered to the host if its
# content can be had again: it is in the page cache, not newer than the disk, not being read or written, not
# discarded, and there is no reference but those of the cache and the page table.
        .globl  page_make_volatile
page_make_volatile:
        enter
        lgr     %r6,%r2
        lgr     %r7,%r3
        .if     PLANT!=PLANT_NO_STATE_CHANGE&&PLANT!=PLANT_CHECKED_EARLY
        lghi    %r3,STATE_CHANGE
        brasl   %r14,test_and_set
        ltgr    %r2,%r2
        jz      2f                      # somebody else is at it
        .endif

        lg      %r1,0(%r6)              # owner, flags, counts: as they are at one moment
        srlg    %r2,%r1,48
        nill    %r2,0xFFFF-WRITABLE-STATE_CHANGE
        cghi    %r2,OWNER_CACHE*0x100
        jne     1f
        llghr   %r2,%r1                 # mappings
        srlg    %r3,%r1,16
        llghr   %r3,%r3                 # references
        sgr     %r3,%r2
        sgr     %r3,%r7
        cghi    %r3,1
        jne     1f

        .if     PLANT==PLANT_CHECKED_EARLY
        lgr     %r2,%r6
        lghi    %r3,STATE_CHANGE
        brasl   %r14,test_and_set
        ltgr    %r2,%r2
        jz      2f
        .endif
        .if     PLANT==PLANT_BIT_RELEASED_EARLY
        lgr     %r2,%r6
        lghi    %r3,STATE_CHANGE
        brasl   %r14,clear_flag
        .endif

        block_of %r2,%r6
        llgc    %r3,FRAME_FLAGS(%r6)
        nill    %r3,WRITABLE
        brasl   %r14,set_volatile
        .if     PLANT==PLANT_CHECKED_EARLY
        lgr     %r2,%r6
        lghi    %r3,STATE_CHANGE
        brasl   %r14,clear_flag
        .endif
        .if     PLANT==PLANT_BIT_RELEASED_EARLY
        leave
        .endif
1:
        .if     PLANT!=PLANT_NO_STATE_CHANGE&&PLANT!=PLANT_CHECKED_EARLY
        lgr     %r2,%r6
        lghi    %r3,STATE_CHANGE
        brasl   %r14,clear_flag
        .endif
2:      leave

# r2 = frame, to which the caller has a reference.  r2 := 1 if the content is there and will stay, 0 if it is gone.
        .globl  page_make_stable
page_make_stable:
        enter
        lgr     %r6,%r2
        lghi    %r13,0
        .if     PLANT!=PLANT_STABLE_DOES_NOT_SPIN
1:      tm      FRAME_FLAGS(%r6),STATE_CHANGE
        jz      2f
        brasl   %r14,relax
        j       1b
        .endif
2:      block_of %r2,%r6
        brasl   %r14,make_stable        # hints.s
        leave

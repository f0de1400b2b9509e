# ESSA, EXTRACT AND SET STORAGE ATTRIBUTES: what the kernel tells the host about a block.
#
#   essa R1,R2,M3    R2 = absolute address of the block, M3 = operation-request code, R1 := the state before
#
# Codes used: 0 extract, 1 set stable, 2 set unused, 3 set volatile, 4 set potentially volatile, 6 set stable if not
# discarded (docs/page-hinting.md section 2).  Without ESSA every block is stable and these routines do nothing.
# All are called with interruptions disabled and use r0-r3 only.
        .include "kernel.inc"
        .equ    STATE,0x0F              # usage (bits 60-61) and content (62-63) of the state in R1
        .equ    VOLATILE_ZERO,0x0F      # Vz: discarded

# ESSA has no facility bit: the way to find out is to try (docs/page-hinting.md section 1.2).  Code 0 changes nothing.
        .globl  hints_init, essa_tried, essa_missing
hints_init:
        lghi    %r0,HINTS
        ltgr    %r0,%r0
        bzr     %r14
        llilf   %r2,POOL
        essa    %r0,%r2,0
essa_tried:
        mvi     HINTS_ON,HINTS
essa_missing:
        br      %r14

# r2 = block.  The content is needed from now on.  A discarded block becomes a stable block of zeros.
        .globl  set_stable
set_stable:
        cli     HINTS_ON,0
        ber     %r14
        essa    %r0,%r2,1
        br      %r14

# r2 = block.  The content is not needed any more; the block is not to be touched until it is stable again.
        .globl  set_unused
set_unused:
        cli     HINTS_ON,0
        ber     %r14
        essa    %r0,%r2,2
        br      %r14

# r2 = block, r3 = 0 if nobody can store into it, else not 0.  The content can be read again from the disk.  Volatile:
# the host may throw it away.  Potentially volatile: only if the change bit is zero; else it must keep the content.
# Not with HINTS=2, which is what Linux does today.
        .globl  set_volatile
set_volatile:
        cli     HINTS_ON,1
        bner    %r14
        .if     PLANT==PLANT_VOLATILE_ENABLED
        stosm   PLANT_MASK,0x01
        .endif
        ltgr    %r3,%r3
        .if     PLANT!=PLANT_WRITABLE_VOLATILE
        jnz     1f
        .endif
        essa    %r0,%r2,3
        br      %r14
1:      essa    %r0,%r2,4
        br      %r14

# r2 = block.  Sets it stable unless it has been discarded, in one step that the host cannot come between.
# r2 := 1 if the content is there and will stay, 0 if it is gone.
        .globl  make_stable
make_stable:
        lghi    %r0,0
        cli     HINTS_ON,0
        je      1f
        .if     PLANT==PLANT_LOST_DISCARD
        essa    %r0,%r2,1
        lghi    %r2,1
        br      %r14
        .endif
        essa    %r0,%r2,6
1:      nill    %r0,STATE
        lghi    %r2,0
        cghi    %r0,VOLATILE_ZERO
        ber     %r14
        lghi    %r2,1
        br      %r14

# r2 = block.  r2 := 1 if it is discarded, else 0.
        .globl  is_discarded
is_discarded:
        essa    %r0,%r2,0
        nill    %r0,STATE
        lghi    %r2,1
        cghi    %r0,VOLATILE_ZERO
        ber     %r14
        lghi    %r2,0
        br      %r14

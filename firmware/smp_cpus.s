# The CPUs: found, started, signalled, stopped (SIGNAL PROCESSOR, PoP ch. 4 "CPU Signaling and Response"); the barrier.
        .include "kernel.inc"

# The variables of all CPUs, as long as there is one.
        .globl  cpus_init
cpus_init:
        enter
        llilf   %r2,SHARED
        lghi    %r3,BLOCK
        brasl   %r14,clear
        lghi    %r6,1
        stg     %r6,CPU_COUNT
        llilf   %r1,CPU_ADDRESSES
        stap    0(%r1)
        llilf   %r1,SIGNED
        stg     %r1,OWN_SIGNED
        lghi    %r2,MOST_CPUS
1:      mvghi   0(%r1),NO_TRANSLATIONS
        la      %r1,8(%r1)
        brctg   %r2,1b
        leave

# Who else is there?  A CPU that is not answers nothing: condition code 3.
        .globl  find_others
find_others:
        enter
        llgh    %r8,CPU_ADDRESSES       # the own one
        lghi    %r6,0                   # address
        lg      %r7,CPU_COUNT
1:      cgr     %r6,%r8
        je      3f
2:      sigp    %r0,%r6,SIGP_SENSE
        jo      3f                      # cc 3: not operational
        brc     2,2b                    # cc 2: busy
        sllg    %r1,%r7,1
        sthy    %r6,CPU_ADDRESSES(%r1)
        aghi    %r7,1
        cghi    %r7,CPUS
        jnl     4f
3:      aghi    %r6,1
        cghi    %r6,CPUS
        jl      1b
4:      stg     %r7,CPU_COUNT
        leave

# r2 = CPU number, r3 = order, r4 = parameter.  r2 := status, 0 if there is nothing to tell.
        .globl  signal
signal: enter
        sllg    %r1,%r2,1
        llgh    %r6,CPU_ADDRESSES(%r1)
        lghi    %r13,0
1:      lghi    %r0,0
        lgr     %r1,%r4
        sigp    %r0,%r6,0(%r3)
        lghi    %r2,0
        jz      3f                      # cc 0: accepted
        brc     4,2f                    # cc 1: status stored
        jo      disobedient             # cc 3
        brasl   %r14,relax              # cc 2: busy
        j       1b
2:      llgfr   %r2,%r0
3:      leave

disobedient:
        lghi    %r2,EXIT_CPU
        larl    %r3,text_cpu
        j       panic

# Each of the others gets a prefix area of its own: a copy of ours, for what it has to know of the console and of
# ESSA, with another restart new PSW.  Then it is restarted, and begins at cpu_begins.
        .globl  start_others
start_others:
        enter
        lghi    %r6,1
1:      cg      %r6,CPU_COUNT
        jnl     2f
        lgr     %r2,%r6
        brasl   %r14,prefix_area
        lgr     %r7,%r2
        lghi    %r3,0
        lghi    %r4,PREFIX_SIZE
        brasl   %r14,copy
        larl    %r1,cpu_begins
        stg     %r1,RESTART_NEW_PSW+8(%r7)
        stg     %r6,CPU_NUMBER(%r7)
        sllg    %r1,%r6,3
        aghi    %r1,SIGNED
        stg     %r1,OWN_SIGNED(%r7)
        lgr     %r2,%r6
        lghi    %r3,SIGP_INITIAL_RESET
        brasl   %r14,signal
        lgr     %r2,%r6
        lghi    %r3,SIGP_SET_PREFIX
        lgr     %r4,%r7
        brasl   %r14,signal
        ltgr    %r2,%r2
        jnz     disobedient
        lgr     %r2,%r6
        lghi    %r3,SIGP_RESTART
        brasl   %r14,signal
        aghi    %r6,1
        j       1b
2:      lghi    %r13,0
3:      lg      %r1,STARTED
        aghi    %r1,1
        cg      %r1,CPU_COUNT
        je      4f
        brasl   %r14,relax
        j       3b
4:      leave

# r2 = CPU number.  r2 := absolute address of its prefix area.
        .globl  prefix_area
prefix_area:
        ltgr    %r2,%r2
        bzr     %r14                    # the first one has kept that at 0
        sllg    %r2,%r2,13
        algfi   %r2,PREFIX_AREAS-PREFIX_SIZE
        br      %r14

cpu_begins:
        llilf   %r15,KERNEL_STACK-160
        larl    %r1,control_0_others
        lctlg   %c0,%c0,0(%r1)
        llilf   %r2,STARTED
        lghi    %r3,1
        brasl   %r14,add_shared
# Nobody works before all have begun: an emulator may need all CPUs at rest to start one more (QEMU 7.2 waits for ever
# when others need an exclusive section meanwhile).
        lghi    %r13,0
1:      lg      %r1,STARTED
        aghi    %r1,1
        cg      %r1,CPU_COUNT
        je      cpu_works
        brasl   %r14,relax
        j       1b

# What every CPU does before its first task.  It counts from here on, before it has the first translation.
        .globl  cpu_works
cpu_works:
        larl    %r1,control_1
        lctlg   %c1,%c1,0(%r1)
        lg      %r0,GENERATION
        lg      %r1,OWN_SIGNED
        ptlb
        stg     %r0,0(%r1)
        j       run_task

# All CPUs but this one that have not signed off the generation as it is now are asked to.  They may be in a task; what
# waits in the kernel looks by itself, and what does not wait will wait or be in a task before long.
        .globl  ask_for_sign_off
ask_for_sign_off:
        enter
        lg      %r7,GENERATION
        lghi    %r6,0
        llilf   %r8,SIGNED
1:      cg      %r6,CPU_NUMBER
        je      2f
        clg     %r7,0(%r8)
        jnh     2f
        lgr     %r2,%r6
        lghi    %r3,SIGP_EMERGENCY
        brasl   %r14,signal
2:      la      %r8,8(%r8)
        aghi    %r6,1
        cg      %r6,CPU_COUNT
        jl      1b
        leave

# Waits until no CPU has a translation left that is invalid now.
        .globl  purge_all
purge_all:
        enter
        agsi    COUNT_PURGES,1
        brasl   %r14,next_generation
        lgr     %r6,%r2
        brasl   %r14,ask_for_sign_off
        lghi    %r13,0
1:      brasl   %r14,relax              # signs off itself
        lgr     %r2,%r6
        brasl   %r14,all_signed_off
        ltgr    %r2,%r2
        jz      1b
        leave

# The barrier: this CPU has no work left.  The first one waits for all others, wakes them up, sees that they are
# awake, and goes on to the end; the others do not return.  A CPU that waits is disabled from its look at ALL_DONE to
# LPSWE, which enables it and makes it wait in one step: a signal that comes between the two stays pending, and ends
# the wait at once.
        .globl  work_done
work_done:
        enter
        lg      %r1,OWN_SIGNED
        mvghi   0(%r1),NO_TRANSLATIONS
        lg      %r1,CPU_NUMBER
        ltgr    %r1,%r1
        jz      first
        llilf   %r2,ARRIVED
        lghi    %r3,1
        brasl   %r14,add_shared
look:
        .if     PLANT==PLANT_WAKE_UP_LOST
        stosm   PLANT_MASK,0x01
        .endif
        cliy    ALL_DONE,0
        jne     1f
        larl    %r1,look_again
        lpswe   0(%r1)
1:      llilf   %r2,LEFT
        lghi    %r3,1
        brasl   %r14,add_shared
rest:   larl    %r1,until_stopped
        lpswe   0(%r1)

first:  lg      %r6,CPU_COUNT
        aghi    %r6,-1
1:      lghi    %r13,0                  # work takes as long as it takes
        cg      %r6,ARRIVED
        je      2f
        brasl   %r14,relax
        j       1b
2:      mviy    ALL_DONE,1
        lgr     %r7,%r6
3:      ltgr    %r7,%r7
        jz      4f
        lgr     %r2,%r7
        lghi    %r3,SIGP_EMERGENCY
        brasl   %r14,signal
        aghi    %r7,-1
        j       3b
4:      lghi    %r13,0
5:      cg      %r6,LEFT
        je      6f
        brasl   %r14,relax
        j       5b
6:      leave

# The end, of whichever CPU: all others are stopped, and what the console says comes to this one.  If two CPUs come here
# one of them is stopped by the other.
        .globl  stop_others
stop_others:
        enter
        lg      %r8,CPU_NUMBER
        la      %r1,1(%r8)
        lhi     %r0,0
        csy     %r0,%r1,PANIC_LOCK
        je      1f
        cr      %r0,%r1
        je      4f                      # the stop after a panic
        lghi    %r13,0
0:      brasl   %r14,relax
        j       0b

1:      larl    %r1,control_0_panic
        lctlg   %c0,%c0,0(%r1)
        lghi    %r6,0
2:      cgr     %r6,%r8
        je      3f
        lgr     %r2,%r6
        lghi    %r3,SIGP_STOP
        brasl   %r14,signal
        lghi    %r13,0
5:      lgr     %r2,%r6                 # to be told to stop is not to have stopped
        lghi    %r3,SIGP_SENSE
        brasl   %r14,signal
        tmll    %r2,STATUS_STOPPED
        jnz     3f
        brasl   %r14,relax
        j       5b
3:      aghi    %r6,1
        cg      %r6,CPU_COUNT
        jl      2b
4:      leave

        .balign 8
look_again:
        .quad   PSW_AWAIT,look
until_stopped:
        .quad   PSW_AWAIT,rest
control_1:
        .quad   SEGMENT_TABLE
control_0_others:
        .quad   CONTROL_0_OTHERS
control_0_panic:
        .quad   CONTROL_0_PANIC
        .balign 2
text_cpu:
        .asciz  "a CPU does not obey"

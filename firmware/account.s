# Where CPU time goes, as Linux counts it on this architecture: at each change of context STORE CPU TIMER, and what has
# passed since the last one belongs to the context that ends here.  The CPU timer stands still while the host lets
# nobody of this guest run, so this is what the guest's own instructions have taken, and its waiting.
# (An external interruption in the task counts as the task: a dozen instructions.)
        .include "kernel.inc"

        .globl  account_init
account_init:
        larl    %r1,longest
        spt     0(%r1)
        mvc     ACCOUNT_LAST(8),0(%r1)
        lghi    %r1,ACCOUNT_KERNEL
        stg     %r1,ACCOUNT_CURRENT
        br      %r14

# r1 = the doubleword that time from here on goes to.  r1 := the one that it went to so far; r0 is lost.
        .globl  account
account:
        stpt    ACCOUNT_NOW
        lg      %r0,ACCOUNT_LAST        # the timer counts down
        sg      %r0,ACCOUNT_NOW
        mvc     ACCOUNT_LAST(8),ACCOUNT_NOW
        stg     %r1,ACCOUNT_NOW
        lg      %r1,ACCOUNT_CURRENT
        ag      %r0,0(%r1)
        stg     %r0,0(%r1)
        mvc     ACCOUNT_CURRENT(8),ACCOUNT_NOW
        br      %r14

        .balign 8
longest:
        .quad   0x7FFFFFFFFFFFFFFF

"""Independent judges: Unicorn in lockstep, the host CPU through LLVM IR. What they say is settled by the manual.

S390EMU_PROGRAMS says how many random programs (default 400, half for each judge); S390EMU_SEED (default 1), which the head of the
report shows, makes the same ones again.
"""

"""Independent judges: Unicorn in lockstep, the host CPU through LLVM IR. What they say is settled by the manual.

S390EMU_PROGRAMS says how many random programs (default 400, at most 1,500 of them for Unicorn); S390EMU_SEED
(default 1), which the head of the report shows, makes others.
"""

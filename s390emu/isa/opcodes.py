"""THE table: operation code, mnemonic, format, the manual's name, facility.

One row per instruction and nothing else, in operation-code order within each chapter of the Principles of Operation
(SA22-7832). Whether a row is implemented is not said here: it is when a function of that name (the mnemonic in lower
case; `or_` for OR) exists, see `handlers.py`.
"""

from __future__ import annotations

from s390emu.isa.formats import RI_B, RR, RRE, RRF_C, RX_A, RXY_A, SS_A

# Facilities: the bit number that STORE FACILITY LIST EXTENDED uses; None where the instruction is always there.
BASE = None  # in every z/Architecture machine
N3 = 0  # the instructions marked N3 in the manual
CMM = -1  # collaborative memory management: detected by trying, no facility bit (spec essa.md 1.2)

CHAPTER_7 = (  # General instructions
    ("1A",   "AR",    RR,    "ADD (32)",                             BASE),
    ("58",   "L",     RX_A,  "LOAD (32)",                            BASE),
    ("A77",  "BRCTG", RI_B,  "BRANCH RELATIVE ON COUNT (64)",        BASE),
    ("B908", "AGR",   RRE,   "ADD (64)",                             BASE),
    ("D2",   "MVC",   SS_A,  "MOVE (character)",                     BASE),
    ("E304", "LG",    RXY_A, "LOAD (64)",                            BASE),
)
CHAPTER_10 = (  # Control instructions
    ("B9AB", "ESSA",  RRF_C, "EXTRACT AND SET STORAGE ATTRIBUTES",   CMM),
)

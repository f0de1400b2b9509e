"""Floating-point instructions: Principles of Operation, chapters 9, 18 and 19.

Binary floating point is whole; of hexadecimal floating point there are short and long numbers. Not implemented: what
else chapter 18 has, and what chapter 9 has to convert between radices: PERFORM FLOATING-POINT OPERATION (facility 44),
CONVERT BFP TO HFP and CONVERT HFP TO BFP. What facility 37, floating-point extension, adds to decimal floating point
(`isa/decimal_floating_point`) is there with facility 42 only.
"""

"""Floating-point instructions: Principles of Operation, chapters 9 and 19.

Two is the only radix of this model. So chapters 18 and 20, hexadecimal and decimal floating point, are not implemented,
nor what chapter 9 has to convert between radices: PERFORM FLOATING-POINT OPERATION (facility 44), CONVERT BFP TO HFP and
CONVERT HFP TO BFP. Facility 37, floating-point extension, is indicated: the instructions and fields that it adds to
decimal floating point are there with facility 42 only, which is not.
"""

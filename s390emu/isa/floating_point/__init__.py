"""Floating-point instructions: Principles of Operation, chapters 9 and 19.

The only radix of this model is two. Not implemented: chapters 18 (but LOAD LENGTHENED, which compilers use for other
numbers) and 20, hexadecimal and decimal floating point, and what chapter 9 has to convert between radices: PERFORM
FLOATING-POINT OPERATION (facility 44), CONVERT BFP TO HFP and CONVERT HFP TO BFP. Facility 37, floating-point
extension, is indicated: what it adds to decimal floating point is there with facility 42 only, which is not.
"""

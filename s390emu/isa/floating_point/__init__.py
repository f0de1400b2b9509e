"""Floating-point instructions: Principles of Operation, chapters 9 and 19.

The only radix of this model is two. Not implemented: chapters 18 and 20, hexadecimal and decimal floating point, and of
chapter 9 what converts between radices, PERFORM FLOATING-POINT OPERATION (facility 44), CONVERT BFP TO HFP, CONVERT HFP
TO BFP. Facility 37, floating-point extension, is indicated: what it adds to decimal floating point is there with facility
42 only, which is not.
"""

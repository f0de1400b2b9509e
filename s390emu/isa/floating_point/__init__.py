"""Floating-point instructions: Principles of Operation, chapters 9 and 19.

Binary floating point is the only radix of this model. So chapters 18 and 20, hexadecimal and decimal floating point, are
not implemented, nor what chapter 9 has to convert between radices: PERFORM FLOATING-POINT OPERATION (facility 44) and
CONVERT BFP TO HFP, CONVERT HFP TO BFP. Of the facilities that have a part in several radices, 37 (floating-point
extension) and 41 (FPS sign handling and its kin) are indicated: what they add to decimal floating point is there with
facility 42 only, which is not.
"""

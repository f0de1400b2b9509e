"""Floating-point instructions: Principles of Operation, chapters 9 and 19.

Not implemented: of chapter 9 PERFORM FLOATING-POINT OPERATION and the conversions between BFP and HFP; chapters 18 and
20, hexadecimal and decimal floating point.
"""

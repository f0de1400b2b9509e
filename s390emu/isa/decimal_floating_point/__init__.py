"""Decimal floating point: Principles of Operation, chapter 20.

`digits.py` is arithmetic on integers of 80 decimal digits, enough for the exact product of two significands;
`numbers.py` reads and makes data, `rounding.py` makes a Result of an exact number, `operands.py` finds operands.
"""

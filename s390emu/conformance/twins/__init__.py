"""Twins: a second, naive implementation of each instruction, from the manual's text, which the tests compare ours with.

They know nothing of the emulator but its names of exceptions. What a twin is depends on the instruction: a model of
numbers for all forms of an operation (`forms.py`), one byte after the other, exact fractions, Python's codecs.
"""

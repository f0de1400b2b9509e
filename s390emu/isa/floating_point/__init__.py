"""Floating-point instructions: Principles of Operation, chapters 9, 18, 19 and 20."""

"""Facts of the manual and of page hinting as plain numbers: no state, no Numba, importable by everything."""

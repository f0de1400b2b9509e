"""What the emulator keeps, by owner (a CPU, its port into storage, the guest, its blocks), as NumPy dtypes."""

"""s390emu: a z/Architecture emulator in which guest page hinting (CMMA, ESSA) really happens."""

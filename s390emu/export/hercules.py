"""What machines need that do not load ELF files: for Hercules a script, for an LPAR a list of what to load."""

from __future__ import annotations

from s390emu.export.image import ORIGIN, STORAGE

# The PSW of ESA/390 that initial program loading finds at 0: 31-bit mode, at ORIGIN. There the runner changes the mode.
IPL_PSW = (0x0008_0000_8000_0000 | ORIGIN).to_bytes(8, "big")


def script(flat: str) -> str:
    """Return a script for Hercules (`hercules -r FILE`) that runs the flat image of this name."""
    return f"""\
# s390emu suite for Hercules: docs/export.md. The console's lines appear as messages of the service processor.
archlvl z/Arch
numcpu 1
mainsize {STORAGE >> 20}M
loadcore {flat} {ORIGIN:x}
r 1a0=0000000180000000{ORIGIN:016x}
restart
"""


def load_list(flat: str, psw: str) -> str:
    """Return what the load function of a hardware console (.ins) reads: files, and where they are put."""
    return f"* s390emu suite\n{flat} 0x{ORIGIN:08x}\n{psw} 0x00000000\n"

"""The PSW in words. Imports nothing heavy. PoP ch. 4 "Program-Status-Word Format"."""

from __future__ import annotations

MODES = {0b00: "24-bit", 0b01: "31-bit", 0b11: "64-bit", 0b10: "invalid addressing mode"}
SPACES = ("primary", "access-register", "secondary", "home")
ENABLED = {6: "I/O", 7: "external", 13: "machine check"}
DAT, WAIT, PROBLEM, PER = 5, 14, 15, 1
UNASSIGNED = (0, *range(2, 5), 12, *range(24, 31), *range(33, 64))


def psw_flaws(mask: int, ia: int) -> list[str]:
    """Return why a PSW is not valid: what the early checks find (PoP ch. 6 "Early Exception Recognition"). Empty: it is
    valid."""
    ea, ba = mask >> 32 & 1, mask >> 31 & 1
    flaws = [f"bit {number}" for number in UNASSIGNED if mask >> 63 - number & 1]
    if ea and not ba:
        flaws.append("bits 31-32 are 10")
    width = 64 if ea else 31 if ba else 24
    if ia >> width:
        flaws.append(f"address of more than {width} bits")
    return flaws


def describe_psw(mask: int, ia: int) -> str:
    """Return a PSW in words, as "64-bit, supervisor state, key 0, DAT off, cc 2, disabled, disabled wait, code 0x1"."""

    def bit(number: int) -> int:
        return mask >> 63 - number & 1

    enabled = [name for number, name in ENABLED.items() if bit(number)]
    words = [
        MODES[bit(31) << 1 | bit(32)],
        "problem state" if bit(PROBLEM) else "supervisor state",
        f"key {mask >> 52 & 15:X}",
        f"DAT on, {SPACES[mask >> 46 & 3]} space" if bit(DAT) else "DAT off",
        f"cc {mask >> 44 & 3}",
        "enabled for " + ", ".join(enabled) if enabled else "disabled",
    ]
    if mask >> 40 & 15:
        words.append(f"program mask {mask >> 40 & 15:X}")
    if bit(PER):
        words.append("PER")
    if bit(WAIT):
        words.append(f"wait, address {ia:#x}" if enabled else f"disabled wait, code {ia:#x}")
    if flaws := psw_flaws(mask, ia):
        words.append("NOT VALID: " + ", ".join(flaws))
    return ", ".join(words)

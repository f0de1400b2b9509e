"""Program-interruption codes in words: PoP ch. 6 "Program-Interruption Conditions". Without NumPy, for `explain`."""

PROGRAM_EXCEPTIONS = {
    0x01: "operation", 0x02: "privileged operation", 0x03: "execute", 0x04: "protection", 0x05: "addressing",
    0x06: "specification", 0x07: "data", 0x08: "fixed-point overflow", 0x09: "fixed-point divide",
    0x0A: "decimal overflow", 0x0B: "decimal divide", 0x0C: "HFP exponent overflow", 0x0D: "HFP exponent underflow",
    0x0E: "HFP significance", 0x0F: "HFP divide", 0x10: "segment translation", 0x11: "page translation",
    0x12: "translation specification", 0x13: "special operation", 0x15: "operand", 0x16: "trace table",
    0x1A: "block volatility", 0x1B: "vector processing", 0x1C: "space-switch event", 0x1D: "HFP square root",
    0x1F: "PC translation",
    0x20: "AFX translation", 0x21: "ASX translation", 0x22: "LX translation", 0x23: "EX translation",
    0x24: "primary authority", 0x25: "secondary authority", 0x28: "ALET specification", 0x29: "ALEN translation",
    0x2A: "ALE sequence", 0x2B: "ASTE validity", 0x2C: "ASTE sequence", 0x2D: "extended authority",
    0x30: "stack full", 0x31: "stack empty", 0x32: "stack specification", 0x33: "stack type",
    0x34: "stack operation", 0x38: "ASCE type", 0x39: "region-first translation", 0x3A: "region-second translation",
    0x3B: "region-third translation", 0x40: "monitor event", 0x80: "PER event", 0x119: "crypto operation",
}  # fmt: skip
PER_EVENT = 0x80


def exception_name(code: int) -> str:
    """Return a program-interruption code in words: one condition, and PER events beside it."""
    if code in PROGRAM_EXCEPTIONS or not code & PER_EVENT:
        return PROGRAM_EXCEPTIONS.get(code, "unknown")
    return f"{exception_name(code ^ PER_EVENT)}, {PROGRAM_EXCEPTIONS[PER_EVENT]}"

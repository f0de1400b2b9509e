"""Why rows of the table are not implemented, where that is a decision about this model: what `explain` says of them."""

from __future__ import annotations

from s390emu.isa.opcodes import ROWS, VXPDE2, Row

LINKAGE = (
    "not in this model: calls between address spaces. Linkage and entry tables, the linkage stack, subspace groups and "
    "trap control blocks go together, and with them the ASN-and-LX-reuse facility (6), which changes PROGRAM CALL and "
    "PROGRAM TRANSFER and is not indicated. z/OS and z/VSE call so, Linux and CMS do not. Address spaces are changed "
    "by LASP, SSAR, SAC, LCTLG and access lists."
)
TRACING = "not in this model: tracing. No entry is made in a trace table, and control register 12 has no effect."
TOPOLOGY = (
    "not in this model: the configuration-topology facility (11), which comes with system information 15.1.x, too. "
    "CPUs that execute one at a time have no topology."
)
UNKNOWN = "not in this model: its conditions are not known exactly enough. A program learns by trying what is absent."
VECTOR_DECIMAL = (
    "not in this model: vector-packed-decimal-enhancement facility 2 (192). What its masks do, and how numbers of "
    "chapter 18 are made of decimal ones, is not known exactly enough."
)
TRANSACTIONS = (
    "not in this model: transactional execution (50, 73). To abort every transaction is allowed only where it is not "
    "constrained; whole, it needs to know by cache line what was fetched and stored, and to filter interruptions. The "
    "facilities are off: programs have a path without them."
)
ACCELERATORS = (
    "not in this model: sorting (150), DEFLATE (151), neural networks (165) and digital signatures (155), each with "
    "formats of its own. The facilities are off: programs have libraries instead."
)
PROTECTED_KEYS = "not in this model: protected keys. There is no wrapping key."
EXPANDED_STORAGE = "not in this model: expanded storage. SERVICE CALL says that there is none."
HEXADECIMAL = (
    "not in this model yet: hexadecimal floating point that is extended, square roots, multiply and add (20, 23), and "
    "conversions to binary and decimal floating point."
)
DECIMAL = "not in this model yet: decimal floating point. Facility 42 is off."
UNKNOWN_ROWS = ("ESEA", "LPTEA", "CFC", "UPT", "CMPSC", "TRTE", "TRTRE", "KMA", "LGG", "LLGFSG", "LGSC", "STGSC", "RP",
                "LBEAR", "STBEAR", "LPSWEY", "QPACI", "RDP", "TPEI")  # fmt: skip
REASONS = {
    LINKAGE: ("PC", "PR", "PT", "PTI", "BAKR", "BSA", "BSG", "EREG", "EREGG", "ESTA", "MSTA", "TRAP2", "TRAP4", "EPAIR",
              "ESAIR", "SSAIR"),
    TRACING: ("TRACE", "TRACG"),
    TOPOLOGY: ("PTF",),
    VECTOR_DECIMAL: tuple(row.mnemonic for row in ROWS if row.facility == VXPDE2),
    TRANSACTIONS: ("TBEGIN", "TBEGINC", "TEND", "TABORT", "ETND", "NTSTG"),
    ACCELERATORS: ("SORTL", "DFLTCC", "NNPA", "KDSA"),
    PROTECTED_KEYS: ("PCKMO",),
    EXPANDED_STORAGE: ("PGIN", "PGOUT"),
    HEXADECIMAL: ("PFPO", "TBEDR", "TBDR", "THDER", "THDR"),
    UNKNOWN: UNKNOWN_ROWS,
}  # fmt: skip
CHAPTERS = {18: HEXADECIMAL, 20: DECIMAL}


def reason_of(row: Row) -> str:
    """Return why there is no such instruction, if there is none; nothing if no reason is known."""
    named = (reason for reason, mnemonics in REASONS.items() if row.mnemonic in mnemonics)
    return next(named, CHAPTERS.get(row.chapter, ""))

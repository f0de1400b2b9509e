"""Why rows of the table are not implemented, where that is a decision about this model: what `explain` says of them."""

from __future__ import annotations

from s390emu.isa.opcodes import ROWS, VXPDE2, Row

SUBSPACES = (
    "not in this model: subspace groups, base and reduced authority, trap control blocks. Fields of the "
    "dispatchable-unit control table are not known exactly enough."
)
REUSE = (
    "not in this model: the ASN-and-LX-reuse facility (6), which gives LOAD ADDRESS SPACE PARAMETERS, PROGRAM CALL, "
    "PROGRAM RETURN and others more to check, and is not known exactly enough."
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
UNNORMALIZED = (
    "not in this model: the HFP-unnormalized-extension facility (23). How a sum is cut on its left, and which register "
    "of a pair R1 may designate, is not known exactly enough. The facility is off."
)
SORTING = (
    "not in this model: codewords and trees. Of which operand the codeword is, when it is complemented, and how UPDATE "
    "TREE goes up a tree with 16-byte nodes, is not known exactly enough."
)
COMPRESSION = (
    "not in this model: data compression. Which entries of a dictionary are data exceptions, of its two formats, is "
    "not known exactly enough."
)
PARSING = (
    "not in this model: the parsing-enhancement facility (26). What becomes of the rest of R2 beside a function code, "
    "and of a table's address that is no boundary, is not known exactly enough. The facility is off."
)
GALOIS = (
    "not in this model: authenticated ciphering (146). Where a partial operation ends, and which lengths are "
    "exceptions before the last part, is not known exactly enough. The facility is off."
)
RADICES = "not in this model yet: conversions between the radices of floating point by one instruction."
DECIMAL = (
    "not in this model: conversions of decimal floating point from and to packed operands in storage (80). What of an "
    "operand with more digits than the format has is not known exactly enough."
)
UNKNOWN_ROWS = ("ESEA", "LPTEA", "LGG", "LLGFSG", "LGSC", "STGSC", "RP", "QPACI", "RDP", "TPEI")
REASONS = {
    SUBSPACES: ("BSA", "BSG", "TRAP2", "TRAP4"),
    REUSE: ("PTI", "EPAIR", "ESAIR", "SSAIR"),
    VECTOR_DECIMAL: tuple(row.mnemonic for row in ROWS if row.facility == VXPDE2),
    TRANSACTIONS: ("TBEGIN", "TBEGINC", "TEND", "TABORT", "ETND", "NTSTG"),
    ACCELERATORS: ("SORTL", "DFLTCC", "NNPA", "KDSA"),
    PROTECTED_KEYS: ("PCKMO",),
    EXPANDED_STORAGE: ("PGIN", "PGOUT"),
    RADICES: ("PFPO",),
    SORTING: ("CFC", "UPT"),
    COMPRESSION: ("CMPSC",),
    PARSING: ("TRTE", "TRTRE"),
    GALOIS: ("KMA",),
    UNKNOWN: UNKNOWN_ROWS,
}  # fmt: skip
CHAPTERS = {18: UNNORMALIZED, 20: DECIMAL}


def reason_of(row: Row) -> str:
    """Return why there is no such instruction, if there is none; nothing if no reason is known."""
    named = (reason for reason, mnemonics in REASONS.items() if row.mnemonic in mnemonics)
    return next(named, CHAPTERS.get(row.chapter, ""))

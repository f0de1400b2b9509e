"""Why rows of the table are not implemented, where that is a decision about this model: what `explain` says of them."""

from __future__ import annotations

from s390emu.isa.opcodes import ROWS, VX, VXE, VXE2, VXPD

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
VECTORS = (
    "not in this model: vectors. A machine that is given their facility bits (129, 135 and 148) executes them: "
    "Machine(extra=...), .model of a trace."
)
VECTOR_DECIMAL = "not here yet: vector decimal instructions (facilities 134, 152, 192)."

UNKNOWN_ROWS = ("ESEA", "LPTEA", "CFC", "UPT", "CMPSC", "TRTE", "TRTRE", "VFMIN", "VFMAX")
REASONS = {
    LINKAGE: ("PC", "PR", "PT", "PTI", "BAKR", "BSA", "BSG", "EREG", "EREGG", "ESTA", "MSTA", "TRAP2", "TRAP4", "EPAIR",
              "ESAIR", "SSAIR"),
    TRACING: ("TRACE", "TRACG"),
    TOPOLOGY: ("PTF",),
    VECTORS: tuple(
        row.mnemonic for row in ROWS
        if row.facility in (VX, VXE, VXE2, VXPD) and row.chapter < 25 and row.mnemonic not in UNKNOWN_ROWS
    ),
    VECTOR_DECIMAL: tuple(row.mnemonic for row in ROWS if row.chapter == 25),
    UNKNOWN: UNKNOWN_ROWS,
}  # fmt: skip


def reason_of(mnemonic: str) -> str:
    """Return why there is no such instruction; nothing if no reason is known, or there is one."""
    return next((reason for reason, mnemonics in REASONS.items() if mnemonic in mnemonics), "")

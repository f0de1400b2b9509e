"""Why a row that is executed here has no twin: `s390emu vectors --list` prints it, and a test wants each row named."""

from __future__ import annotations

REASONS = {
    "its interruption is no program interruption": "SVC",
    "clocks and timers go on": "ECTG PTFF SCK SCKC SCKPF SPT STCK STCKC STCKE STCKF STPT",
    "it tells of the machine itself": "ECAG STAP STFL STFLE STIDP STSI",
    "it asks the host, or another machine": "DIAG ESSA IUCV PTF SERVC",
    "it is about several CPUs": "SIGP",
    "a case has no prefix, and no breaking-event address": "LBEAR SPX STBEAR",
    "a case has no subchannel": "CSCH HSCH MSCH RCHP RSCH SAL SCHM SSCH STCPS STCRW STSCH TPI TSCH XSCH",
    "a case has no linkage stack, and no entry and ASN tables": "BAKR EREG EREGG ESTA LASP MSTA PC PR PT",
    "a case has no list of storage keys or of table entries": "CRDTE IDTE IRBM PFMF RRBM",
    "a twin would ask the library that the engine asks": "KIMD KLMD KM KMAC KMC KMCTR KMF KMO PCC PRNO",
}


def reasons() -> dict[str, str]:
    """Return by mnemonic why there is no twin."""
    return {mnemonic: reason for reason, rows in REASONS.items() for mnemonic in rows.split()}

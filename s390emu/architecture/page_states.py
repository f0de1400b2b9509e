"""Page states and their transitions as data: docs/page-hinting.md.

A state is written as ESSA reports it in R1 bits 60-63: usage (2 bits) then content (2 bits). `AFTER` and `ACTION` are
the table; the ESSA instruction, the pager, the runner's `page` lines and the reports all read it.
"""

from __future__ import annotations

import numpy as np

from s390emu.architecture.bits import bit

STABLE, UNUSED, POTENTIALLY_VOLATILE, VOLATILE = range(4)
USAGES = ("stable", "unused", "potentially volatile", "volatile")
RESIDENT, PRESERVED, ZERO = 0, 2, 3
CONTENTS = {RESIDENT: "resident", PRESERVED: "preserved", ZERO: "zero"}

EXCEPTION_INDICATION = bit(59)  # of R1
NO_DAT = bit(58)  # of R1

# Policy `unused_access` (D8): what a reference to an unused block does.
DISCARDED, ALWAYS, ZEROFILL = range(3)
UNUSED_ACCESS = ("discarded", "always", "zerofill")

# Events: operation-request codes 0-7 come first, so that an ORC is the number of its column.
ORCS = 8
RECLAIM, TOUCH, DIAG10, NORMAL_RESET, CLEAR_RESET = range(8, 13)
EVENTS = (*(f"ORC{orc}" for orc in range(8)), "RECLAIM", "TOUCH", "DIAG10", "NRESET", "CRESET")

# What happens besides: (D) discard, R = C = 0; page (out) or (in); (zf) zero frame; (ADR) addressing exception;
# (BV) block-volatility exception; n/a: no frame to take.
NONE, DISCARD, OUT, IN, ZERO_FILL, ADDRESSING_EXCEPTION, BLOCK_VOLATILITY_EXCEPTION, NOT_APPLICABLE = range(8)
ACTIONS = {"": NONE, "(D)": DISCARD, "(out)": OUT, "(in)": IN, "(zf)": ZERO_FILL, "(ADR)": ADDRESSING_EXCEPTION,
           "(BV)": BLOCK_VOLATILITY_EXCEPTION, "n/a": NOT_APPLICABLE}  # fmt: skip

STATES = {"Sr": 0x00, "Sp": 0x02, "Sz": 0x03, "Ur": 0x04, "Uz": 0x07, "Pr": 0x08, "Vr": 0x0C, "Vz": 0x0F}
NAMES = {code: name for name, code in STATES.items()}

# TOUCH on Ur and Uz is the default of the policy `unused_access`; `transitions` and `presence` apply the others.
TABLE = """
before C  ORC0 ORC1 ORC2  ORC3  ORC4  ORC5   ORC6 ORC7 RECLAIM TOUCH   DIAG10 NRESET CRESET
Sr     01 Sr   Sr   Ur    Vr    Pr    Sr     Sr   Sr   Sp(out) Sr      Sz     Sr     Sz
Sp     0  Sp   Sp   Uz(D) Vz(D) Vz(D) Sr(in) Sp   Sp   n/a     Sr(in)  Sz     Sp     Sz
Sp     1  Sp   Sp   Uz(D) Vz(D) Sp    Sr(in) Sp   Sp   n/a     Sr(in)  Sz     Sp     Sz
Sz     01 Sz   Sz   Uz    Vz    Vz    Sr(zf) Sz   Sz   n/a     Sr(zf)  Sz     Sz     Sz
Ur     01 Ur   Sr   Ur    Vr    Pr    Sr     Sr   Sr   Uz(D)   Ur      Sz     Sr     Sz
Uz     01 Uz   Sz   Uz    Vz    Vz    Sr(zf) Uz   Sz   n/a     Uz(ADR) Sz     Sz     Sz
Vr     01 Vr   Sr   Ur    Vr    Pr    Sr     Sr   Sr   Vz(D)   Vr      Sz     Sr     Sz
Vz     01 Vz   Sz   Uz    Vz    Vz    Sr(zf) Vz   Sz   n/a     Vz(BV)  Sz     Sz     Sz
Pr     0  Pr   Sr   Ur    Vr    Pr    Sr     Sr   Sr   Vz(D)   Pr      Sz     Sr     Sz
Pr     1  Pr   Sr   Ur    Vr    Pr    Sr     Sr   Sr   Sp(out) Pr      Sz     Sr     Sz
"""


def _parse(table):
    """Return AFTER and ACTION, each int64[state, change bit, event]; AFTER has -1 for the invalid states."""
    after = np.full((16, 2, len(EVENTS)), -1, np.int64)
    action = np.zeros((16, 2, len(EVENTS)), np.int64)
    header, *rows = table.strip().splitlines()
    if tuple(header.split()[2:]) != EVENTS:
        raise AssertionError("the page-state table's header does not name the events")
    for row in rows:
        before, change_bits, *cells = row.split()
        for event, cell in enumerate(cells):
            name, bracket, rest = (before, "", "n/a") if cell == "n/a" else cell.partition("(")
            for change in change_bits:
                after[STATES[before], int(change), event] = STATES[name]
                action[STATES[before], int(change), event] = ACTIONS[bracket + rest]
    return after, action


AFTER, ACTION = _parse(TABLE)

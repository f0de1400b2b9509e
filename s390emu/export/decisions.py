"""Decisions D1 to D20 of docs/page-hinting.md section 13, as questions to a machine that has ESSA (essa.s asks them).

What a guest cannot bring about by itself, or not without risk to the machine, is not asked.
"""

from __future__ import annotations

from typing import NamedTuple

BY_THE_HOST = "only the host can discard a block, and no guest can have it do so"


class Decision(NamedTuple):
    """question: what the image does, in the words of its lines on the console; "" if it does not ask."""

    name: str
    decided: str
    question: str = ""
    why_not: str = ""


DECISIONS = (
    Decision("D1", "ESSA's R2 is absolute, its low 12 bits are ignored",
             "the state that another prefix shows; the state by an address inside the block"),
    Decision("D2", "ESSA is no storage reference", "R and C after ESSA on a block with R = C = 0"),
    Decision("D3", "the exception indication never comes for ordinary storage", "X'10' in any result of the matrix"),
    Decision("D4", "ESSA never raises 001A", "program interruptions during the matrix, but for ORC 7"),
    Decision("D5", "ORC 5 makes the block resident", "the state after ORC 5 on a block that is logically zero"),
    Decision("D6", "ORC 6 makes stable what is resident", "the state after ORC 6 on a volatile resident block"),
    Decision("D7", "finding zeros is off", "the state of a stable block that was cleared by a store"),
    Decision("D8", "access to an unused block that is still there", "what a fetch gives: interruption code, and data"),
    Decision("D9", "001A nullifies; ILC and probing as for page translation", why_not=BY_THE_HOST),
    Decision("D10", "key instructions never raise 001A", "ISKE, RRBE and SSKE on an unused block that is zero"),
    Decision("D11", "TPROT and LRA are silent about the block", "both on an unused block that is zero"),
    Decision("D12", "TEST BLOCK and MVPG are references", "TEST BLOCK on a stable block that is zero: its state after"),
    Decision("D13", "a discarded prefix area is a check stop", why_not="it would end the machine"),
    Decision("D14", "I/O to Uz or Vz is the operation's error", why_not="there may be no console left to tell it"),
    Decision("D15", "the identification of 001A", why_not=BY_THE_HOST),
    Decision("D16", "001A comes before key protection", why_not=BY_THE_HOST),
    Decision("D17", "PER and transactions treat 001A as a page-translation exception", why_not=BY_THE_HOST),
    Decision("D18", "DIAGNOSE X'10' leaves Sz, R = C = 0", "state and key after it"),
    Decision("D19", "a discard makes ACC = F = 0", "ACC and F after DIAGNOSE X'10' on a block with key X'F8'"),
    Decision("D20", "what cannot be read back is a machine check", why_not="it takes a paging device that fails"),
)  # fmt: skip

"""Program-event recording (PER): PoP ch. 4 "Program-Event Recording". Events are the bits of their masks in control
register 9; the PER code has the same bits, at the left of a halfword."""

from __future__ import annotations

from s390emu.architecture.bits import bit, u64

# Successful branching, instruction fetching, storage alteration; with the latter two, in addition to their bits: its
# nullification, and store using real address.
BRANCHING, FETCHING, ALTERATION = bit(32), bit(33), bit(34)
STORE_REAL, NULLIFICATION = ALTERATION | bit(36), FETCHING | bit(39)
EVENT_MASKS = BRANCHING | FETCHING | ALTERATION  # with none of these on, no event can be recognized
BRANCH_ADDRESS, ALTERATION_SPACE = bit(40), bit(42)  # controls: the branch address is compared; ASCEs have their say
CODE_SHIFT = u64(63 - 47)  # control register 9 to the halfword of the PER code

# the addressing-and-translation-mode identification (ATMID) beside the PER code, and an ASCE identification
ATMID_VALID = bit(48 + 9)
ATMID_EA, ATMID_BA, ATMID_DAT, ATMID_AS_SHIFT = bit(48 + 8), bit(48 + 10), bit(48 + 11), u64(63 - 17 - 2)

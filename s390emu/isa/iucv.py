"""IUCV, by which virtual machines of z/VM talk to each other. Not in the Principles of Operation: docs/diagnose.md."""

from __future__ import annotations

from s390emu._jit import jit
from s390emu.architecture.identities import ZVM
from s390emu.architecture.interruptions import OPERATION, PRIVILEGED_OPERATION
from s390emu.cpu.psw import problem_state
from s390emu.storage.absolute import guest_of

NOBODY_TO_TALK_TO = 3


@jit
def iucv(cpu, storage, insn):
    """INTER-USER COMMUNICATION VEHICLE, S. From public sources, docs/diagnose.md. cc 3 whatever the function: CP cannot
    read in its directory whether the guest may use it."""
    if guest_of(storage).identity != ZVM:
        return OPERATION
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    cpu.cc = NOBODY_TO_TALK_TO
    return 0

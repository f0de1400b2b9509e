"""IUCV, by which virtual machines of z/VM talk to each other. Not in the Principles of Operation: docs/diagnose.md."""

from __future__ import annotations

from s390emu._jit import jit, u64
from s390emu.architecture.bits import LOW32
from s390emu.architecture.identities import ZVM
from s390emu.architecture.interruptions import OPERATION, PRIVILEGED_OPERATION
from s390emu.cpu.psw import problem_state
from s390emu.storage.absolute import guest_of

QUERY = u64(0)
BUFFER_BYTES, MOST_CONNECTIONS = u64(40), u64(64)
DONE, NOT_IN_DIRECTORY = 0, 3


@jit
def iucv(cpu, storage, insn):
    """INTER-USER COMMUNICATION VEHICLE, S. From public sources, docs/diagnose.md. cc 0 sizes
    in general registers 0 and 1, 3 CP cannot read in its directory whether the guest may do what it asks for."""
    if guest_of(storage).identity != ZVM:
        return OPERATION
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    if cpu.gr[0] & LOW32 == QUERY:
        cpu.gr[0] = cpu.gr[0] & ~LOW32 | BUFFER_BYTES
        cpu.gr[1] = cpu.gr[1] & ~LOW32 | MOST_CONNECTIONS
        cpu.cc = DONE
    else:
        cpu.cc = NOT_IN_DIRECTORY
    return 0

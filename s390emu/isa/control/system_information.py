"""STORE SYSTEM INFORMATION: PoP ch. 10. The guest is a virtual machine, level 3.

Provided: 1.1.1 basic machine, 1.2.1 and 1.2.2 its CPUs, 3.2.2 the virtual machine; 2.2.1 and 2.2.2, the partition and
its CPUs, if what the guest is to find itself on has one (`identities.IDENTITIES`); 15.1.2 the topology, with the
configuration-topology facility.

The topology: all CPUs are of one kind, in one container, polarized horizontally; that never changes.
"""

from __future__ import annotations

import numpy as np

from s390emu._jit import fill_bytes, i64, jit, on, store1, store2, store4, store8, u64
from s390emu.architecture.bits import LOW8, LOW16, LOW32, bit, bits
from s390emu.architecture.identities import IDENTITIES
from s390emu.architecture.interruptions import PRIVILEGED_OPERATION, SPECIFICATION
from s390emu.architecture.models import MACHINE_TYPES
from s390emu.architecture.sizes import OFFSET
from s390emu.cpu.psw import problem_state
from s390emu.isa.operands import based, rre
from s390emu.storage.absolute import guest_of
from s390emu.storage.access import probe_store

BLOCK_BYTES = u64(4096)
FUNCTION, FUNCTION_SHIFT = bits(32, 35), u64(63 - 35)
SELECTOR_1_ZERO, SELECTOR_2_ZERO = bits(36, 55), bits(32, 47)
VIRTUAL_MACHINE = u64(3)
CURRENT_LEVEL = VIRTUAL_MACHINE << FUNCTION_SHIFT
CPU_ID_OFFSET = u64(100)  # in 2.2.1: of the logical CPU
CPU_ADDRESS_OFFSET = u64(102)  # in 1.2.1 and 2.2.1
TOTAL_OFFSET, CONFIGURED_OFFSET = u64(36), u64(38)  # numbers of CPUs: in 1.2.2, 2.2.2, 3.2.2 (of one description)
ADJUSTMENT_OFFSET = u64(44)  # in 1.2.2, of the first factor: for two CPUs
DEDICATED_OFFSET = u64(72)  # in 2.2.2: how many of its CPUs nobody else uses
# function code and selectors of what there is: the partition's last
MACHINE_1_1_1, CPU_1_2_1, CPUS_1_2_2, MACHINES_3_2_2, PARTITION_CPU_2_2_1, PARTITION_2_2_2 = ALL = tuple(
    u64(n) for n in (0x1010001, 0x1020001, 0x1020002, 0x3020002, 0x2020001, 0x2020002)
)
WITHOUT_PARTITION = 4
PROVIDED, NOT_AVAILABLE = 0, 3
# the topology: length, how many there may be at levels 2 and 1, nesting, topology-list entries of a container and of
# its CPUs. An entry begins with its nesting level, and a container's ends with its number.
TOPOLOGY_15_1_2, TOPOLOGY_FACILITY = u64(0xF010002), bit(11)
TOPOLOGY_LENGTH_OFFSET, LEVEL_2_OFFSET, LEVEL_1_OFFSET, NESTING_OFFSET = (u64(n) for n in (2, 8, 9, 11))
CONTAINER_OFFSET, CPU_MASK_OFFSET, TOPOLOGY_LENGTH = u64(16), u64(32), u64(40)
ONE_LEVEL, NESTING, FIRST_CONTAINER = u64(1), u64(2), u64(1 << 56 | 1)
ALL_CPUS = ~u64(0)
# PERFORM TOPOLOGY FUNCTION: function codes, the reason for a rejection in bits 48-55, condition codes
TOPOLOGY_FUNCTION = bits(56, 63)
HORIZONTAL, CHECK = u64(0), u64(2)
ALREADY_POLARIZED = u64(1 << 8)
NO_REPORT_PENDING, REJECTED = 0, 2
ALL_OF_THEM = u64(100)  # per cent


def _block(fields):
    """Return the first 128 bytes of a system-information block, the rest of which is zeros, from {offset: text or
    bytes}."""
    data = np.zeros(128, np.uint8)
    for offset, value in fields.items():
        piece = value if isinstance(value, bytes) else value.encode("cp037")
        data[offset : offset + len(piece)] = np.frombuffer(piece, np.uint8)
    return data


def _blocks(of):
    """Return the blocks of an identity, in the order of ALL."""
    sequence = {80: of.sequence.ljust(16), 96: of.plant.ljust(4)}
    model = of.model.ljust(16)
    return [
        _block(sequence | {32: of.manufacturer.ljust(16), 64: model, 100: model}),
        _block(sequence),
        _block({32: (1).to_bytes(4, "big")}),  # capability: 1, the fastest there is
        # One description, of 64 bytes at 32: CPUs, name, adjustment factor, control program.
        _block({31: b"\1", 44: of.name.ljust(8), 52: WHOLE, 56: of.control_program.ljust(16)}),
        _block(sequence),
        _block({35: DEDICATED, 44: of.partition.ljust(8), 52: WHOLE}),
    ]


WHOLE = (1000).to_bytes(4, "big")  # adjustment factor: the capability of the level below
DEDICATED = b"\x80"
TYPE_OFFSET = u64(48)  # in 1.1.1
TYPES = np.array([int.from_bytes(machine.encode("cp037"), "big") for machine in MACHINE_TYPES], np.uint64)  # by model
BLOCKS = np.array([_blocks(of) for of in IDENTITIES.values()])
PARTITIONED = np.array([of.partition != "" for of in IDENTITIES.values()])


@jit
def provided(guest, wanted):
    """Return which of ALL is wanted; -1 if the guest does not have it."""
    for n in range(len(ALL) if PARTITIONED[guest.identity] else WITHOUT_PARTITION):
        if ALL[n] == wanted:
            return n
    return -1


@jit
def has_topology(guest):
    return on(guest.facilities[0], TOPOLOGY_FACILITY)


@jit
def store_topology(start, cpus):
    """Store the topology of so many CPUs, with addresses from 0, into a block of zeros."""
    store2(start + TOPOLOGY_LENGTH_OFFSET, TOPOLOGY_LENGTH)
    store1(start + LEVEL_2_OFFSET, ONE_LEVEL)
    store1(start + LEVEL_1_OFFSET, cpus)
    store1(start + NESTING_OFFSET, NESTING)
    store8(start + CONTAINER_OFFSET, FIRST_CONTAINER)
    store8(start + CPU_MASK_OFFSET, ~(ALL_CPUS >> cpus))


@jit
def store_cpus(start, cpus):
    """Store how many CPUs there are, all of them configured: none is on standby or reserved."""
    store2(start + TOTAL_OFFSET, cpus)
    store2(start + CONFIGURED_OFFSET, cpus)


@jit
def store_adjustments(start, cpus):
    """Store what is left of a CPU's capability where two CPUs are configured, three, and so on. One CPU executes at a
    time, so they share it."""
    for n in range(2, i64(cpus) + 1):
        store2(start + ADJUSTMENT_OFFSET + u64(2 * (n - 2)), ALL_OF_THEM // u64(n))


@jit
def stsi(cpu, storage, insn):
    """STORE SYSTEM INFORMATION, S. PoP ch. 10 "STORE SYSTEM INFORMATION". cc 0 provided, 3 not available."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    if on(cpu.gr[0], SELECTOR_1_ZERO) or on(cpu.gr[1], SELECTOR_2_ZERO):
        return SPECIFICATION
    function = (cpu.gr[0] & FUNCTION) >> FUNCTION_SHIFT
    if function == u64(0):
        cpu.gr[0] = (cpu.gr[0] & ~LOW32) | CURRENT_LEVEL
        cpu.cc = PROVIDED
        return 0
    wanted = function << u64(24) | (cpu.gr[0] & LOW8) << u64(16) | (cpu.gr[1] & LOW16)
    guest = guest_of(storage)
    which, topology = provided(guest, wanted), wanted == TOPOLOGY_15_1_2 and has_topology(guest)
    if which < 0 and not topology:
        cpu.cc = NOT_AVAILABLE
        return 0
    second = based(cpu, insn)
    if on(second, OFFSET):
        return SPECIFICATION
    span, code = probe_store(cpu, storage, second, BLOCK_BYTES)
    if code != 0:
        return code
    fill_bytes(span.first, u64(0), BLOCK_BYTES)
    cpu.cc = PROVIDED
    if topology:
        store_topology(span.first, guest.port_count)
        return 0
    block = BLOCKS[guest.identity, which]
    for i in range(len(block)):
        store1(span.first + u64(i), u64(block[i]))
    if wanted == CPU_1_2_1 or wanted == PARTITION_CPU_2_2_1:
        store2(span.first + CPU_ADDRESS_OFFSET, storage.cpu_address)
    elif wanted == MACHINE_1_1_1:
        store4(span.first + TYPE_OFFSET, TYPES[guest.model])
    else:
        store_cpus(span.first, guest.port_count)
    if wanted == PARTITION_CPU_2_2_1:
        store2(span.first + CPU_ID_OFFSET, storage.cpu_address)
    elif wanted == PARTITION_2_2_2:
        store2(span.first + DEDICATED_OFFSET, guest.port_count)
    elif wanted == CPUS_1_2_2:
        store_adjustments(span.first, guest.port_count)
    return 0


@jit
def ptf(cpu, storage, insn):
    """PERFORM TOPOLOGY FUNCTION, RRE. PoP ch. 10 "PERFORM TOPOLOGY FUNCTION". cc 0 no topology-change report is
    pending; 2 the request for a polarization is rejected: for horizontal polarization there is, for the other no reason
    is given."""
    if problem_state(cpu):
        return PRIVILEGED_OPERATION
    r1, _ = rre(insn)
    function = cpu.gr[r1]
    if on(function, ~TOPOLOGY_FUNCTION) or function > CHECK:
        return SPECIFICATION
    cpu.cc = NO_REPORT_PENDING if function == CHECK else REJECTED
    if function == HORIZONTAL:
        cpu.gr[r1] |= ALREADY_POLARIZED
    return 0

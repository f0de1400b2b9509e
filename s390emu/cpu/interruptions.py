"""Interruptions: PoP ch. 6. What was recognized becomes stored details, an old PSW and a new PSW, in priority order.

Everything is taken here, at the boundary between two units of operation: the synchronous ones (program, supervisor
call) first, then machine check, external, I/O, restart. Presenting one needs both pages of the prefix area: a page that
is out is brought first, and the interruption stays pending meanwhile.
"""

from __future__ import annotations

from s390emu._jit import call2, i64, jit, on, u64
from s390emu.architecture import assigned_storage as at
from s390emu.architecture.bits import LOW16
from s390emu.architecture.interruptions import (
    ADDRESSING,
    ALET_SPECIFICATION,
    ASCE_TYPE,
    BLOCK_IO_64,
    BLOCK_VOLATILITY,
    CODE_BLOCK_IO,
    CODE_CLOCK_COMPARATOR,
    CODE_CPU_TIMER,
    CODE_EMERGENCY,
    CODE_EXTERNAL_CALL,
    CODE_INTERRUPT_KEY,
    CODE_SERVICE,
    CR0_AFP_REGISTER,
    CR0_CLOCK_COMPARATOR,
    CR0_CPU_TIMER,
    CR0_EMERGENCY,
    CR0_EXTERNAL_CALL,
    CR0_INTERRUPT_KEY,
    CR0_SERVICE,
    DATA,
    EXTENDED_AUTHORITY,
    EXTERNAL_BLOCK_IO,
    EXTERNAL_CALL,
    EXTERNAL_CLASS,
    EXTERNAL_EMERGENCY,
    EXTERNAL_INTERRUPT_KEY,
    EXTERNAL_SERVICE,
    FIRST_ASN_EXCEPTION,
    FPC_DXC,
    FPC_DXC_SHIFT,
    IO_CLASS,
    IO_SUBCLASS,
    IO_SUBCLASS_SHIFT,
    LAST_ASN_EXCEPTION,
    MACHINE_CHECK_CLASS,
    MCIC_DAMAGE,
    MCIC_VECTORS,
    MONITOR_EVENT,
    PAGE_TRANSLATION,
    PROGRAM,
    PROGRAM_EVENT,
    PROTECTION,
    REGION_THIRD,
    RESTART,
    SEGMENT_TRANSLATION,
    SPACE_SWITCH_EVENT,
    SPECIFICATION,
    STACK_EMPTY,
    STACK_FULL,
    STACK_OPERATION,
    STACK_SPECIFICATION,
    STACK_TYPE,
    SUPERVISOR_CALL,
    TRACE_TABLE,
    TRANSLATION_SPECIFICATION,
    VECTOR_PROCESSING,
)
from s390emu.architecture.program_events import ALTERATION as PER_ALTERATION
from s390emu.architecture.program_events import CODE_SHIFT as PER_CODE_SHIFT
from s390emu.architecture.psw_bits import EXTERNAL, IO, MACHINE_CHECK, WAIT
from s390emu.cpu.clocks import NEVER, clock_comparator_pending, cpu_timer_pending, elapsed, next_timer_event
from s390emu.cpu.prefix_area import area_code, block_code, get8, lowcore_code, put1, put2, put4, put8
from s390emu.cpu.program_events import arm, nullified, recognize_events
from s390emu.cpu.psw import load_psw, psw_mask_word, records_events
from s390emu.cpu.status import (
    EXTENDED_AREA,
    Z_ARCHITECTURE,
    has_vectors,
    save_registers,
    store_status,
    store_vectors_at,
)
from s390emu.records.cpu import OPERATING, STOPPED_STATE, STOPPING_TO_STORE_STATUS
from s390emu.records.events import EVENT_ILC_SHIFT, EVENT_INTERRUPTION
from s390emu.records.exits import (
    CHECK_STOP,
    CODE_REPEAT,
    CODE_SUPERVISOR_CALL,
    DISABLED_WAIT,
    EXIT_EVENTS,
    EXIT_HOST_EVENT,
    EXIT_HOST_FAULT,
    EXIT_IDLE,
    EXIT_LIMIT,
    EXIT_STOP,
    EXIT_WAIT,
    INTERRUPTION_LOOP,
    STOPPED,
)
from s390emu.records.port import BASE_FIRST, NO_TIME
from s390emu.storage.absolute import guest_of, in_configuration
from s390emu.storage.access_registers import depends_on_text
from s390emu.storage.events import MARGIN as EVENT_MARGIN
from s390emu.storage.events import record_event
from s390emu.storage.references import note_boundary, watching_references

# Program interruptions that nullify and store nothing that identifies them.
UNIDENTIFIED = (TRACE_TABLE, STACK_FULL, STACK_EMPTY, STACK_SPECIFICATION, STACK_TYPE, STACK_OPERATION)
LOOP = 64  # interruptions in a row without an instruction completing


@jit
def data_exception(cpu, dxc):
    """Recognize a data exception and return its code. The DXC goes to the FPC register too if CR0 gives the program
    one."""
    cpu.dxc = dxc
    if on(cpu.cr[0], CR0_AFP_REGISTER):
        cpu.fpc = (cpu.fpc & ~FPC_DXC) | (dxc << FPC_DXC_SHIFT)
    return DATA


@jit
def vector_processing_exception(cpu, vxc):
    """Recognize a vector-processing exception and return its code. The VXC goes where a DXC goes. PoP ch. 6 "Vector-
    Exception Code (VXC)"."""
    data_exception(cpu, vxc)
    return VECTOR_PROCESSING


@jit
def nullifies(code):
    """True if this program interruption nullifies the instruction: PoP ch. 6; for 001A, docs/page-hinting.md D9."""
    if code in (PAGE_TRANSLATION, SEGMENT_TRANSLATION, BLOCK_VOLATILITY):
        return True
    if code == ALET_SPECIFICATION:
        return False
    if code in UNIDENTIFIED:
        return True
    return ASCE_TYPE <= code <= REGION_THIRD or FIRST_ASN_EXCEPTION <= code <= EXTENDED_AUTHORITY


@jit
def access_exception(code):
    """True if this program interruption is for an access exception."""
    return nullifies(code) or code in (PROTECTION, ADDRESSING, TRANSLATION_SPECIFICATION, ALET_SPECIFICATION)


def note_ending(cpu, storage, code, length):
    """Note what to present for the instruction at insn_ia, `length` bytes, that ended with a code above 0; return 0."""
    code = i64(code)
    storage.count += u64(1)
    storage.ended_length = length
    if code == CODE_REPEAT:
        cpu.psw_ia = storage.insn_ia
        return 0
    cpu.ilc = length
    storage.deadline = u64(0)
    if code == CODE_SUPERVISOR_CALL:
        return 0  # the instruction has set svc_code
    cpu.pgm_code = code
    if nullifies(code) or code == PROGRAM_EVENT:
        cpu.psw_ia = storage.insn_ia
    return 0


@jit
def swap_psw(cpu, storage, old, new, interruption_class, code, teid):
    """Store the old PSW, load the new one, count and record. teid: the identification as stored; 0 if none was."""
    mask, ia = psw_mask_word(cpu), cpu.psw_ia
    storage.passing = u64(0)
    put8(cpu, storage, old, mask)
    put8(cpu, storage, old + u64(8), ia)
    storage.interruption_count[interruption_class] += u64(1)
    storage.last_class = interruption_class
    storage.last_code = code
    storage.last_mask, storage.last_ia = mask, ia
    storage.last_ilc = cpu.ilc
    storage.last_teid = teid
    storage.last_count = storage.count
    detail = teid | (cpu.ilc << EVENT_ILC_SHIFT)
    record_event(guest_of(storage), EVENT_INTERRUPTION, u64(interruption_class), code, ia, detail)
    load_psw(cpu, storage, get8(cpu, storage, new), get8(cpu, storage, new + u64(8)))


@jit
def take_program(cpu, storage):
    """Take a program interruption. Locations for the details of other exceptions are left alone: what is there may
    belong to an interruption still being handled."""
    code, teid = cpu.pgm_code, u64(0)
    interruption = u64(code)
    cpu.pgm_code = 0
    if cpu.per_code != u64(0):
        interruption |= u64(PROGRAM_EVENT)
        put2(cpu, storage, at.PER_CODE, cpu.per_code)
        put8(cpu, storage, at.PER_ADDRESS, cpu.per_address)
        if on(cpu.per_code, PER_ALTERATION >> PER_CODE_SHIFT):
            put1(cpu, storage, at.PER_ACCESS_ID, cpu.per_access)
        cpu.per_code = u64(0)
    put2(cpu, storage, at.PGM_ILC, cpu.ilc)
    put2(cpu, storage, at.PGM_CODE, interruption)
    if code == DATA or code == VECTOR_PROCESSING:
        put4(cpu, storage, at.DATA_EXCEPTION_CODE, cpu.dxc)
    elif code == MONITOR_EVENT:
        put2(cpu, storage, at.MONITOR_CLASS, cpu.monitor_class)
        put8(cpu, storage, at.MONITOR_CODE, cpu.monitor_code)
    elif code == SPACE_SWITCH_EVENT or FIRST_ASN_EXCEPTION <= code <= LAST_ASN_EXCEPTION:
        teid = cpu.teid  # with an ASN in its last halfword
        put8(cpu, storage, at.TEID, teid)
    elif ALET_SPECIFICATION <= code <= EXTENDED_AUTHORITY:
        put1(cpu, storage, at.EXCEPTION_ACCESS_ID, cpu.exception_access)
    elif code == PROTECTION or (nullifies(code) and code not in UNIDENTIFIED):
        teid = cpu.teid
        put8(cpu, storage, at.TEID, teid)
        put1(cpu, storage, at.EXCEPTION_ACCESS_ID, cpu.exception_access)
        if code != PROTECTION:
            put1(cpu, storage, at.OPERAND_ACCESS_ID, cpu.operand_access)
    put8(cpu, storage, at.BREAKING_EVENT_ADDRESS, cpu.breaking_event)
    swap_psw(cpu, storage, at.PGM_OLD, at.PGM_NEW, PROGRAM, interruption, teid)


@jit
def take_supervisor_call(cpu, storage):
    code = u64(cpu.svc_code)
    cpu.svc_code = -1
    put2(cpu, storage, at.SVC_ILC, cpu.ilc)
    put2(cpu, storage, at.SVC_CODE, code)
    swap_psw(cpu, storage, at.SVC_OLD, at.SVC_NEW, SUPERVISOR_CALL, code, u64(0))


@jit
def extended_save_area(cpu, storage):
    """Return the absolute address where a machine check saves the vector registers; 0 if it does not."""
    if not has_vectors(storage):
        return u64(0)
    area = get8(cpu, storage, at.MCK_EXTENDED_SAVE_AREA) & EXTENDED_AREA
    return area if in_configuration(guest_of(storage), area) else u64(0)


@jit
def take_machine_check(cpu, storage):
    """Take the machine check and return 1, or an exit for the block of the extended save area to be brought. If that
    block is hinted away the vector registers are not valid."""
    code, area = cpu.mck_code, extended_save_area(cpu, storage)
    if area != u64(0):
        access = block_code(storage, area)
        if access == EXIT_HOST_FAULT:
            return access
        if access == 0:
            store_vectors_at(cpu, storage, area)
            code |= MCIC_VECTORS
    cpu.mck_code = u64(0)
    save_registers(cpu, storage, u64(0))
    put8(cpu, storage, at.MCK_CODE, code)
    put1(cpu, storage, at.ARCHITECTURAL_MODE, Z_ARCHITECTURE)
    put8(cpu, storage, at.FAILING_STORAGE_ADDRESS, cpu.failing_storage)
    swap_psw(cpu, storage, at.MCK_OLD, at.MCK_NEW, MACHINE_CHECK_CLASS, code, u64(0))
    return 1


@jit
def external_code(cpu, storage):
    """Return the code of the pending external interruption of highest priority for which the CPU is enabled; 0 if
    none."""
    if not on(cpu.psw_mask, EXTERNAL):
        return u64(0)
    pending, subclass = cpu.external | guest_of(storage).floating, cpu.cr[0]
    if on(pending, EXTERNAL_INTERRUPT_KEY) and on(subclass, CR0_INTERRUPT_KEY):
        return CODE_INTERRUPT_KEY
    if on(pending, EXTERNAL_EMERGENCY) and on(subclass, CR0_EMERGENCY):
        return CODE_EMERGENCY
    if on(pending, EXTERNAL_CALL) and on(subclass, CR0_EXTERNAL_CALL):
        return CODE_EXTERNAL_CALL
    if on(subclass, CR0_CLOCK_COMPARATOR) and clock_comparator_pending(cpu, storage):
        return CODE_CLOCK_COMPARATOR
    if on(subclass, CR0_CPU_TIMER) and cpu_timer_pending(cpu, storage):
        return CODE_CPU_TIMER
    if on(pending, EXTERNAL_SERVICE) and on(subclass, CR0_SERVICE):
        return CODE_SERVICE
    if on(pending, EXTERNAL_BLOCK_IO) and on(subclass, CR0_SERVICE):
        return CODE_BLOCK_IO
    return u64(0)


@jit
def take_external(cpu, storage, code):
    """Take an external interruption and clear its request; those of the clocks last as long as the condition."""
    guest, cpu_address = guest_of(storage), u64(0)
    if code == CODE_INTERRUPT_KEY:
        guest.floating &= ~EXTERNAL_INTERRUPT_KEY
    elif code == CODE_EMERGENCY:
        cpu.external &= ~EXTERNAL_EMERGENCY
        cpu_address = cpu.emergency_from
    elif code == CODE_EXTERNAL_CALL:
        cpu.external &= ~EXTERNAL_CALL
        cpu_address = cpu.external_call_from
    elif code == CODE_SERVICE:
        guest.floating &= ~EXTERNAL_SERVICE
        put4(cpu, storage, at.EXTERNAL_PARAMETER, guest.service_parameter)
    elif code == CODE_BLOCK_IO:
        guest.floating &= ~EXTERNAL_BLOCK_IO
        cpu_address = guest.block_io_status
        if cpu_address & BLOCK_IO_64 == BLOCK_IO_64:
            put8(cpu, storage, at.EXTERNAL_PARAMETER_64, guest.block_io_parameter)
        else:
            put4(cpu, storage, at.EXTERNAL_PARAMETER, guest.block_io_parameter)
        guest.host_event = u64(0)  # the host may have another one
    put2(cpu, storage, at.CPU_ADDRESS, cpu_address)
    put2(cpu, storage, at.EXTERNAL_CODE, code)
    swap_psw(cpu, storage, at.EXTERNAL_OLD, at.EXTERNAL_NEW, EXTERNAL_CLASS, code, u64(0))


@jit
def io_pending(cpu, storage):
    """True if an I/O interruption is pending whose subclass control register 6 enables."""
    guest = guest_of(storage)
    subclass = (guest.io_word >> IO_SUBCLASS_SHIFT) & IO_SUBCLASS
    return guest.io != u64(0) and (cpu.cr[6] >> (u64(31) - subclass)) & u64(1) != u64(0)


@jit
def io_enabled(cpu, storage):
    return on(cpu.psw_mask, IO) and io_pending(cpu, storage)


@jit
def store_io_code(cpu, storage):
    """Store the I/O-interruption code at its assigned locations, to which `lowcore_code` has allowed access."""
    guest = guest_of(storage)
    put4(cpu, storage, at.IO_SUBSYSTEM_ID, guest.io_id)
    put4(cpu, storage, at.IO_PARAMETER, guest.io_parameter)
    put4(cpu, storage, at.IO_WORD, guest.io_word)


@jit
def take_io(cpu, storage):
    guest = guest_of(storage)
    guest.io = u64(0)
    store_io_code(cpu, storage)
    swap_psw(cpu, storage, at.IO_OLD, at.IO_NEW, IO_CLASS, guest.io_id & LOW16, u64(0))


@jit
def take_restart(cpu, storage):
    cpu.restart = u64(0)
    cpu.stopped = OPERATING
    swap_psw(cpu, storage, at.RESTART_OLD, at.RESTART_NEW, RESTART, u64(0), u64(0))


@jit
def stop(storage, reason):
    storage.stop_reason = reason
    return EXIT_STOP


@jit
def recognize_early(cpu):
    """Recognize the specification exception, with ILC 0, that an invalid PSW causes once loaded: PoP ch. 6 "Early
    Exception Recognition". A space-switch event of the instruction that has loaded it comes first."""
    if cpu.psw_early != u64(0) and cpu.pgm_code == 0:
        cpu.psw_early = u64(0)
        cpu.pgm_code = SPECIFICATION
        cpu.ilc = u64(0)


@jit
def take_synchronous(cpu, storage):
    """Take program and supervisor-call interruptions, and those that an invalid new PSW causes; return 0 or an exit.

    The events of a SUPERVISOR CALL are presented after its own interruption."""
    recognize_events(cpu, storage, not access_exception(cpu.pgm_code))
    recognize_early(cpu)
    while cpu.pgm_code != 0 or cpu.svc_code >= 0 or cpu.per_code != u64(0):
        code = lowcore_code(cpu, storage)
        if code != 0:
            return code
        if cpu.pgm_code == 0 and cpu.svc_code >= 0:
            take_supervisor_call(cpu, storage)
        else:
            storage.lost_steps = storage.lost_steps + u64(1) if storage.count <= storage.last_pgm + u64(1) else u64(0)
            storage.last_pgm = storage.count
            if storage.lost_steps >= u64(LOOP):
                return stop(storage, INTERRUPTION_LOOP)
            take_program(cpu, storage)
        recognize_early(cpu)
    return 0


@jit
def enter_stopped_state(cpu, storage):
    """Perform the stop function, no interruption being pending and enabled; return 0 or an exit. PoP ch. 4."""
    if cpu.stopped == STOPPING_TO_STORE_STATUS:
        code = area_code(storage, u64(0))
        if code != 0:
            return code
        store_status(cpu, storage)
    cpu.stopped = STOPPED_STATE
    return 0


@jit
def take_asynchronous(cpu, storage):
    """Take the first of machine check, external, I/O, restart (in the stopped state, restart only); return 1 if one was
    taken, 0 if not, below 0 an exit. PoP ch. 6 "Priority of Interruptions"."""
    if cpu.stopped == STOPPED_STATE:
        code = lowcore_code(cpu, storage)
        if code != 0:
            return code
        take_restart(cpu, storage)
        return 1
    if cpu.mck_code != u64(0) and not on(cpu.psw_mask, MACHINE_CHECK) and on(cpu.mck_code, MCIC_DAMAGE):
        return stop(storage, CHECK_STOP)
    machine_check = cpu.mck_code != u64(0) and on(cpu.psw_mask, MACHINE_CHECK)
    external = external_code(cpu, storage)
    io = io_enabled(cpu, storage)
    if not (machine_check or external != u64(0) or io or cpu.restart != u64(0)):
        return 0
    code = lowcore_code(cpu, storage)
    if code != 0:
        return code
    if machine_check:
        return take_machine_check(cpu, storage)
    if external != u64(0):
        take_external(cpu, storage, external)
    elif io:
        take_io(cpu, storage)
    else:
        take_restart(cpu, storage)
    return 1


@jit
def keep_text(cpu, storage):
    """Keep the text of the instruction about to be executed, on which the address spaces of its operands depend, and
    come back before the next one. What prevents the fetch is met, or served, by the run loop."""
    storage.by_text, storage.operand_register = u64(1), BASE_FIRST
    storage.deadline = storage.count + u64(1)
    if call2(storage.find_target, cpu, storage, cpu.psw_ia, u64(0)) != 0:
        storage.deadline = u64(0)


@jit
def next_event(cpu, storage):
    """Return the number of instructions from now until a clock interrupts or the host has something; NEVER if neither
    does."""
    event = next_timer_event(cpu, storage)
    guest = guest_of(storage)
    if guest.host_event != NO_TIME:
        event = min(event, guest.host_event - elapsed(storage))
    return event


def attend_boundary(cpu, storage, unused, unused2):
    """Do what is due between two units of operation; return 0 to go on, below 0 to leave the loop."""
    guest, taken = guest_of(storage), 0
    while True:
        code = take_synchronous(cpu, storage)
        if code != 0:
            return code
        if guest.event_pause != u64(0):
            guest.event_pause = u64(0)
            return EXIT_EVENTS
        if guest.event_count + EVENT_MARGIN >= guest.event_capacity and guest.event_count > u64(0):
            return EXIT_EVENTS
        if storage.count >= storage.limit:
            return EXIT_LIMIT
        note_boundary(guest, cpu.psw_mask)
        if guest.host_event != NO_TIME and elapsed(storage) >= guest.host_event:
            return EXIT_HOST_EVENT
        if cpu.stopped == STOPPED_STATE and cpu.restart == u64(0):
            return stop(storage, STOPPED)
        code = take_asynchronous(cpu, storage)
        if code < 0:
            return code
        if code > 0:
            taken += 1
            if taken >= LOOP:
                return stop(storage, INTERRUPTION_LOOP)
            continue
        if cpu.stopped != OPERATING:
            code = enter_stopped_state(cpu, storage)
            if code != 0:
                return code
            continue
        storage.per = storage.by_text = u64(0)
        event = next_event(cpu, storage)
        if not on(cpu.psw_mask, WAIT):
            storage.deadline = min(storage.limit, storage.count + event)
            if watching_references(guest):
                storage.deadline = storage.count + u64(1)  # the inner loop does not note the boundaries within a page
            if depends_on_text(cpu):
                keep_text(cpu, storage)
            if records_events(cpu, cpu.psw_mask):
                arm(cpu, storage)
                if nullified(cpu, storage):
                    continue
            return 0
        if not on(cpu.psw_mask, EXTERNAL | IO | MACHINE_CHECK):
            return stop(storage, DISABLED_WAIT)
        if guest.shared != u64(0) or guest.port_count > u64(1):
            storage.ready_at = elapsed(storage) + event if event < NEVER else NO_TIME
            return EXIT_IDLE
        if event == NEVER:
            return EXIT_WAIT
        storage.idle += event

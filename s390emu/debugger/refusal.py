"""Why a program interruption happened: which table entry, key, state or register did not let the instruction do it.
PoP ch. 6 "Program-Interruption Conditions". The interruption itself tells the guest little of that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from s390emu._jit import plain
from s390emu.architecture import assigned_storage as at
from s390emu.architecture.interruptions import (
    ADDRESSING,
    ALE_SEQUENCE,
    ALEN_TRANSLATION,
    ALET_SPECIFICATION,
    ASCE_TYPE,
    ASTE_SEQUENCE,
    ASTE_VALIDITY,
    BLOCK_VOLATILITY,
    DATA,
    DECIMAL_OVERFLOW,
    DXC_AFP_REGISTER,
    DXC_BFP_INSTRUCTION,
    DXC_COMPARE_AND_TRAP,
    DXC_DECIMAL_OPERAND,
    DXC_DFP_INSTRUCTION,
    DXC_VECTOR_INSTRUCTION,
    EX_TRANSLATION,
    EXECUTE,
    EXTENDED_AUTHORITY,
    FIRST_ASN_EXCEPTION,
    FIXED_POINT_OVERFLOW,
    LAST_ASN_EXCEPTION,
    LX_TRANSLATION,
    MONITOR_EVENT,
    OPERATION,
    PAGE_TRANSLATION,
    PRIVILEGED_OPERATION,
    PROGRAM_EVENT,
    PROTECTION,
    REGION_FIRST,
    REGION_SECOND,
    REGION_THIRD,
    SEGMENT_TRANSLATION,
    SPACE_SWITCH_EVENT,
    SPECIAL_OPERATION,
    SPECIFICATION,
    STACK_FULL,
    STACK_OPERATION,
    TRACE_TABLE,
    TRANSLATION_SPECIFICATION,
    VECTOR_PROCESSING,
)
from s390emu.architecture.psw_bits import AS_SHIFT, DAT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.architecture.storage_key import FETCH_PROTECTION
from s390emu.assembler.disassemble import disassemble
from s390emu.cpu.interruptions import nullifies
from s390emu.debugger.case import TEID_PAGE, Case, kind_of
from s390emu.debugger.operands import Value, values
from s390emu.isa.opcodes import BASE
from s390emu.machine import Block, NotTranslated
from s390emu.machine.view import PAGE_TABLE, TableEntry, prefixed
from s390emu.records.events import EVENT_KEY_SHIFT
from s390emu.reports.psw import SPACES, describe_psw, psw_flaws
from s390emu.storage import dat
from s390emu.storage.access import REAL
from s390emu.storage.presence import INSTRUCTION, STORE, TEID_FETCH, TEID_STORE
from s390emu.storage.protection import LOW_ADDRESS_PROTECTION, PROTECTED_BYTES, SECOND_PAGE

TRANSLATIONS = (SEGMENT_TRANSLATION, PAGE_TRANSLATION, ASCE_TYPE, REGION_FIRST, REGION_SECOND, REGION_THIRD)
BY_ACCESS_REGISTER = (ALET_SPECIFICATION, ALEN_TRANSLATION, ALE_SEQUENCE, ASTE_VALIDITY, ASTE_SEQUENCE,
                      EXTENDED_AUTHORITY)  # fmt: skip
COMPLETE = (FIXED_POINT_OVERFLOW, DECIMAL_OVERFLOW, 0x0C, 0x0D, 0x0E, MONITOR_EVENT, SPACE_SWITCH_EVENT)
TABLES = {3: "region-first", 2: "region-second", 1: "region-third", 0: "segment", PAGE_TABLE: "page"}
ASCE_REGISTERS = (1, None, 7, 13)  # control registers, by address space; an access register's ASCE is elsewhere
KINDS = {STORE: "store", INSTRUCTION: "instruction fetch"}  # else a fetch
AFP_OFF = "control register 0 bit 45, the AFP-register control, is zero"
CODES_OF_DATA = {
    int(DXC_DECIMAL_OPERAND): "a decimal operand has an invalid digit or sign",
    int(DXC_AFP_REGISTER): f"an additional floating-point register; {AFP_OFF}",
    int(DXC_BFP_INSTRUCTION): f"a BFP instruction; {AFP_OFF}",
    int(DXC_DFP_INSTRUCTION): f"a DFP instruction; {AFP_OFF}",
    int(DXC_VECTOR_INSTRUCTION): "a vector instruction; bits 45 and 46 of control register 0 are not both ones",
    int(DXC_COMPARE_AND_TRAP): "compare and trap, or load and trap",
}  # fmt: skip
IEEE = {0x80: "invalid operation", 0x40: "division by zero", 0x20: "overflow", 0x10: "underflow", 0x08: "inexact"}
IEEE_SUPPRESSES = 0xC0  # of these bits; the others complete
QUANTUM, IEEE_SIMULATED = 0x04, 0x03  # the first only without "inexact": beside it, it says that the result is larger
EVENTS_RECORDED = {0x80: "successful branching", 0x40: "instruction fetching", 0x20: "storage alteration",
                   0x08: "by real address", 0x01: "nullified before it was executed"}  # fmt: skip
EXTRACTION_AUTHORITY = 1 << 63 - 36  # control register 0
LARGEST_ALIGNMENT = 16  # bytes


def ending(case: Case) -> str:
    """Return how the instruction ended: PoP ch. 5 "Types of Instruction Ending"."""
    if plain(nullifies)(case.code) or (case.ilc and case.code == 0 and int(case.event.after) == case.ia):
        return "nullified"
    dxc = case.ended.stored(at.DATA_EXCEPTION_CODE, 4)
    if case.code == 0 or case.code in COMPLETE or case.ilc == 0:
        return "completed"
    if case.code == DATA and _completes(dxc):
        return "completed"
    if case.ended.changed:
        what = ", ".join(case.ended.changed)
        return f"terminated, {what} changed" if case.code in (PROTECTION, ADDRESSING, DATA) else "completed"
    return "suppressed"


def _completes(dxc: int) -> bool:
    """True if an instruction with this data-exception code is completed: PoP ch. 6 "Data-Exception Code (DXC)"."""
    if dxc <= DXC_DFP_INSTRUCTION:
        return False
    return dxc == DXC_COMPARE_AND_TRAP or dxc & IEEE_SIMULATED == IEEE_SIMULATED or not dxc & IEEE_SUPPRESSES


def identified(case: Case) -> list[str]:
    """Return the translation-exception identification in words, if it says where the exception was."""
    if not case.teid or case.code not in (PROTECTION, BLOCK_VOLATILITY, *TRANSLATIONS):
        return []
    page = f"page {case.teid & TEID_PAGE:#x} of the {SPACES[case.teid & 3]} space"
    where = f"absolute block {case.teid & TEID_PAGE:#x}" if case.code == BLOCK_VOLATILITY else page
    access = "a store" if case.teid & int(TEID_STORE) else "a fetch" if case.teid & int(TEID_FETCH) else "an access"
    return [f"translation-exception identification {case.teid:#x}: {access} to {where}"]


def reasons(case: Case) -> list[str]:
    """Return what refused, in lines."""
    found = list(_reasons(case))
    if int(case.event.before) & PROGRAM_EVENT:
        found.append(_recorded(case))
    return found


def _reasons(case: Case) -> Iterator[str]:
    code, ended = case.code, case.ended
    if code == PROTECTION:
        yield from _protection(case)
    elif code in (*TRANSLATIONS, TRANSLATION_SPECIFICATION):
        yield from _translation(case)
    elif code == ADDRESSING:
        yield from _addressing(case)
    elif code == BLOCK_VOLATILITY:
        yield _state(case.machine.block(case.teid & TEID_PAGE))
    elif code == OPERATION:
        yield _operation(case)
    elif code == PRIVILEGED_OPERATION:
        cr0, cr3 = int(case.cpu.cr[0]), int(case.cpu.cr[3])
        yield (f"refused in the problem state; PSW-key mask {cr3 >> 16 & 0xFFFF:04X}, extraction authority "
               f"{int(bool(cr0 & EXTRACTION_AUTHORITY))}")  # fmt: skip
    elif code == SPECIFICATION and case.ilc == 0:
        flaws = ", ".join(psw_flaws(ended.old_mask, int(case.event.after))) or "not valid"
        yield f"the PSW that was loaded is not valid: {flaws}; {ended.old_mask:016X} {int(case.event.after):016X}"
    elif code == SPECIFICATION and (case.ia | case.target_ia) & 1:
        yield f"the instruction address {case.ia if case.ia & 1 else case.target_ia:#x} is odd"
    elif code == SPECIAL_OPERATION:
        yield f"refused in the state that the CPU is in: {describe_psw(*case.cpu.psw)}; control register 0 is " \
              f"{int(case.cpu.cr[0]):016X}"  # fmt: skip
    elif code == EXECUTE:
        yield "the target of an EXECUTE is an EXECUTE"
    elif code == DATA:
        yield _data(ended.stored(at.DATA_EXCEPTION_CODE, 4))
    elif code == VECTOR_PROCESSING:
        vxc = ended.stored(at.DATA_EXCEPTION_CODE, 4)
        yield f"vector-exception code {vxc:02X}: element {vxc >> 4}, IEEE {VECTOR_EXCEPTIONS.get(vxc & 15, 'unknown')}"
    elif code == MONITOR_EVENT:
        yield (f"monitor class {ended.stored(at.MONITOR_CLASS, 2) & 0xFF}, code {ended.stored(at.MONITOR_CODE, 8):#x}, "
               f"which control register 8 enables: {int(case.cpu.cr[8]):016X}")  # fmt: skip
    elif code in BY_ACCESS_REGISTER:
        number = ended.stored(at.EXCEPTION_ACCESS_ID, 1) & 15
        yield f"refused for access register {number}: access-list-entry token {int(case.cpu.record.ar[number]):08X}"
    elif code in (LX_TRANSLATION, EX_TRANSLATION):
        yield f"program-call number {case.teid & 0xFFFFF:05X}"
    elif STACK_FULL <= code <= STACK_OPERATION:
        yield f"refused by the linkage stack: control register 15 is {int(case.cpu.cr[15]):016X}, in the home space"
    elif code == TRACE_TABLE:
        yield f"the block of trace entries is full: control register 12 is {int(case.cpu.cr[12]):016X}"
    elif code == SPACE_SWITCH_EVENT or FIRST_ASN_EXCEPTION <= code <= LAST_ASN_EXCEPTION:
        yield f"address-space number {case.teid & 0xFFFF:04X}"
    if code not in (0, BLOCK_VOLATILITY, PROTECTION, *TRANSLATIONS) and case.data and case.ilc:
        yield from _operands(case)


# --- access exceptions -----------------------------------------------------------------------------------------------


def _protection(case: Case) -> Iterator[str]:
    """Yield what protects: the page, the key, or the low addresses."""
    if case.teid & int(dat.TEID_DAT_PROTECTION):
        address, space = case.teid & TEID_PAGE, case.teid & 3
        if case.teid & int(dat.TEID_ACCESS_LIST):
            number = case.ended.stored(at.EXCEPTION_ACCESS_ID, 1) & 15
            yield (f"refused by the access-list entry of access register {number}, which is for fetches only: token "
                   f"{int(case.cpu.record.ar[number]):08X}")  # fmt: skip
            return
        entries, error = _walk(case, address, space)
        if case.teid & int(dat.TEID_NO_EXECUTE):
            yield f"refused by instruction-execution protection: {_entry(entries[-1])}" if entries else error
            return
        found = [entry for entry in entries if entry.value & int(dat.PAGE_PROTECTION)]  # the same bit in each table
        yield "refused by DAT protection: " + "; ".join(map(_entry, found))
        return
    denied = case.ended.denied
    if denied is None or _low_address(case, denied):
        what = _access(denied) if denied is not None else "the store"
        yield f"{what} refused by low-address protection: control register 0 bit 35 is one"
        return
    absolute, error = _absolute(case, denied)
    if absolute is None:
        yield f"{_access(denied)} refused; {error}"
        return
    block, access_key = case.machine.block(absolute), int(denied["detail"]) >> int(EVENT_KEY_SHIFT)
    fetches = "fetch-protected" if block.key & FETCH_PROTECTION else "not fetch-protected"
    yield (f"{_access(denied)} refused by key-controlled protection: access key {access_key:X}, storage key "
           f"{block.key:02X} (access control {block.key >> 4:X}, {fetches}) of absolute block "
           f"{block.number * BLOCK_SIZE:#x}")  # fmt: skip


def _low_address(case: Case, denied: Any) -> bool:
    """True if low-address protection refused a store: PoP ch. 3 "Low-Address Protection"."""
    address = int(denied["before"])
    if kind_of(denied) != STORE or not int(case.cpu.cr[0]) & int(LOW_ADDRESS_PROTECTION):
        return False
    if not int(denied["detail"]) & REAL and case.cpu.psw[0] & int(DAT):
        if _asce(case, int(denied["block"])) & int(dat.ASCE_PRIVATE):
            return False
    return address & TEID_PAGE in (0, int(SECOND_PAGE)) and address % BLOCK_SIZE < int(PROTECTED_BYTES)


def _translation(case: Case) -> Iterator[str]:
    """Yield the table entry that does not translate."""
    denied = case.ended.denied
    if denied is not None:
        yield f"{_access(denied)} refused: {_not_translated(case, int(denied['before']), int(denied['block']))}"
    elif case.code != TRANSLATION_SPECIFICATION:
        yield f"refused: {_not_translated(case, case.teid & TEID_PAGE, case.teid & 3)}"
    else:
        for operand in values(case.cpu, case.data, case.ia):
            space = case.cpu.psw[0] >> int(AS_SHIFT) & 3
            if operand.number is None and (text := _not_translated(case, operand.value, space)):
                yield f"operand {operand.text} refused: {text}"


def _not_translated(case: Case, address: int, space: int) -> str:
    """Return why an address has no translation; empty if it has one."""
    entries, error = _walk(case, address, space)
    if not error:
        return ""
    return f"{error}; {_entry(entries[-1])}" if entries else f"{error}; {_designated(case, space)}"


def _walk(case: Case, address: int, space: int) -> tuple[list[TableEntry], str]:
    """Return the entries of the tables that translate an address in a space, and why it is not translated."""
    entries: list[TableEntry] = []
    try:
        case.machine.view.translate(case.cpu, address, _asce(case, space), entries)
    except (IndexError, NotTranslated) as error:
        return entries, str(error)
    return entries, ""


def _asce(case: Case, space: int) -> int:
    """Return the ASCE of an address space; by access register, of the last one that was translated."""
    number = ASCE_REGISTERS[space]
    return case.ended.asce if number is None else int(case.cpu.cr[number])


def _designated(case: Case, space: int) -> str:
    return f"address-space-control element {_asce(case, space):016X} of the {SPACES[space]} space"


def _addressing(case: Case) -> Iterator[str]:
    """Yield the address that there is not, or whose block is unused."""
    machine, ended = case.machine, case.ended
    if case.refusing_block is not None:
        what = "" if ended.denied is None else f"{_access(ended.denied)} "
        yield what + _state(machine.block(case.refusing_block * BLOCK_SIZE))
        return
    end = f"the guest has {machine.storage.size:#x} bytes"
    if ended.denied is None:
        yield f"an operand is not in storage: {end}"
        return
    absolute, error = _absolute(case, ended.denied)
    yield f"{_access(ended.denied)} refused: " + (error or f"absolute {absolute:#x}, and {end}")


def _absolute(case: Case, denied: Any) -> tuple[int | None, str]:
    """Return the absolute address of a refused access, or why there is none."""
    view, address = case.machine.view, int(denied["before"])
    if int(denied["detail"]) & REAL or not case.cpu.psw[0] & int(DAT):
        return prefixed(case.cpu, address), ""
    try:
        return view.translate(case.cpu, address, _asce(case, int(denied["block"]))), ""
    except (IndexError, NotTranslated) as error:
        return None, str(error)


def _access(denied: Any) -> str:
    """Return what was refused, in words."""
    real, what = "real " if int(denied["detail"]) & REAL else "", KINDS.get(kind_of(denied), "fetch")
    return f"{what} of {int(denied['after'])} bytes at {real}{int(denied['before']):#x}"


def _state(block: Block) -> str:
    where = f"{block.number * BLOCK_SIZE:#x}"
    return f"refused by the state of absolute block {where}: {block.name} ({block.usage}, {block.content})"


def _entry(entry: TableEntry) -> str:
    return f"{TABLES[entry.level]}-table entry at absolute {entry.address:#x}: {entry.value:016X}"


# --- the others ------------------------------------------------------------------------------------------------------


def _operation(case: Case) -> str:
    """Return why there is no such instruction."""
    data = case.target or case.data
    row = disassemble(data, case.ia).row
    if row is None:
        return f"{data.hex()} is no instruction"
    facility = "" if row.facility is BASE or row.facility < 0 else f": facility {row.facility}"
    return f"{row.name} is not installed in this CPU{facility}"


# By vector interruption code, bits 4-7 of the VXC.
VECTOR_EXCEPTIONS = {1: "invalid operation", 2: "division by zero", 3: "overflow", 4: "underflow", 5: "inexact"}


def _data(dxc: int) -> str:
    """Return a data-exception code in words."""
    words = CODES_OF_DATA.get(dxc)
    if words is None:
        names = [name for bit, name in IEEE.items() if dxc & bit] or (["quantum"] if dxc & QUANTUM else [])
        words = "IEEE " + ", ".join(names) + (", simulated" if dxc & IEEE_SIMULATED == IEEE_SIMULATED else "")
    return f"data-exception code {dxc:02X}: {words}"


def _recorded(case: Case) -> str:
    """Return what a program event is about."""
    code, address = case.ended.stored(at.PER_CODE, 2), case.ended.stored(at.PER_ADDRESS, 8)
    names = ", ".join(name for bit, name in EVENTS_RECORDED.items() if code >> 8 & bit)
    return f"program event {code:04X} ({names}) at {address:#x}"


def _operands(case: Case) -> Iterator[str]:
    """Yield the operands; after a specification exception with what of them an instruction may not like."""
    found = values(case.cpu, case.target or case.data, case.target_ia or case.ia)
    if found:
        yield "operands: " + ", ".join(_operand(each, case.code == SPECIFICATION) for each in found)


def _operand(operand: Value, doubtful: bool) -> str:
    """Return an operand and its value, if `doubtful` with how an address is aligned, or that a number is odd."""
    low, remark = operand.value & -operand.value, ""
    if doubtful and operand.number is None and operand.value % LARGEST_ALIGNMENT:
        remark = " (odd)" if low == 1 else f" (aligned to {low} bytes)"
    elif doubtful and operand.number is not None and operand.number & 1:
        remark = " (an odd number)"
    return f"{operand.text} = {operand.value:#x}{remark}"

"""`why`: each class of program interruption explained, with the table entry, key, state or register that refused."""

from __future__ import annotations

import pytest

from s390emu.assembler.assemble import assemble
from s390emu.debugger.story import why
from s390emu.debugger.target import Target
from s390emu.inputs import perform
from s390emu.machine import Machine, Schedule
from tests.lab import BA_EA, CODE, PROBLEM_STATE, PROGRAM_MASK_ALL, SIZE, Lab
from tests.linkage import stack
from tests.machine.test_history import digest
from tests.storage.test_access_registers import ENTRY_FETCH_ONLY, access_list, list_entry, mode
from tests.translation import (
    COMMON,
    ENHANCED,
    INVALID,
    PAGE_INVALID,
    PAGE_PROTECT,
    PRIVATE,
    PROTECT,
    REAL_SPACE,
    REGION_THIRD,
    SEGMENT,
    change,
    entry_address,
    map_page,
    put,
    translated,
)

BLOCK, OTHER = 0x38000, 0x39000
VIRTUAL = 0x0048D15A00138000  # every index of its translation is another one
LOW_ADDRESS_PROTECTION, EXECUTION_PROTECTION = 1 << 63 - 35, 1 << 63 - 20
NO_EXECUTE = 0x100
AFP, PER = 1 << 63 - 45, 1 << 62


@pytest.fixture
def lab() -> Lab:
    return Lab()


def told(lab: Lab, source: str, *, ia: int = CODE) -> str:
    """Execute one instruction, and return what `why` then says."""
    lab.machine.write(ia, assemble(source, origin=ia).sections[0].data)
    lab.machine.set_psw(lab.machine.psw[0], ia)
    return explained(lab)


def explained(lab: Lab) -> str:
    """Execute one instruction of what is there, and return what `why` then says."""
    lab.machine.remember()
    lab.go()
    before = digest(lab.machine)
    text = why(Target(lab.machine))
    assert digest(lab.machine) == before, "to look changes nothing"
    return text


# --- how it ended, and where -----------------------------------------------------------------------------------------


def test_the_first_line_names_code_cpu_moment_length_and_old_psw(lab):
    lab.gr[1] = SIZE
    text = told(lab, "lg %r2,0(%r1)")
    assert text.startswith("program interruption 0005 (addressing) on CPU 0, at instruction 1: ILC 3, suppressed; "
                           f"old PSW address {CODE + 6:#x}\n")  # fmt: skip
    assert f"interrupted: {CODE:#x}  lg %r2,0(%r1)" in text


@pytest.mark.parametrize(
    ("source", "how"),
    [
        ("dr %r2,%r0", "suppressed"),
        ("ahi %r1,1", "completed"),
        ("cgit %r0,0,8", "completed"),
        ("cvb %r2,0(%r5)", "completed"),
        ("mc 0(%r0),3", "completed"),
    ],
)
def test_how_the_instruction_ended(lab, source, how):
    lab.gr[1], lab.gr[5], lab.cr[8] = 0x7FFFFFFF, BLOCK, 0xFFFF
    lab.store(BLOCK, bytes.fromhex("099999999999999c"))
    lab.psw(BA_EA | PROGRAM_MASK_ALL)
    assert f", {how}; old PSW" in told(lab, source)


def test_without_any_there_is_nothing_to_explain(lab):
    assert told(lab, "lr %r1,%r2") == "no program interruption since instruction 0"


def test_one_of_long_ago_is_explained_as_things_stood_then():
    source = """
    start:  larl  %r1,handler
            stg   %r1,0x1d8
            llihl %r0,0
            oilh  %r0,0x8000
            iihl  %r0,1
            stg   %r0,0x1d0
            llill %r5,0x8000
            spka  0x90
            stg   %r5,0(%r5)
    handler: llill %r5,0x8000
            lghi  %r4,0x90
            sske  %r4,%r5
            j     .
    """
    target = Target(Machine.from_source(source, 1 << 18))
    target.machine.run(200)
    text = why(target)
    assert "protection" in text and "access key 9, storage key 00" in text
    assert target.machine.block(0x8000).key == 0x90


# --- protection ------------------------------------------------------------------------------------------------------


def test_key_controlled_protection_names_both_keys_and_the_block(lab):
    lab.set_key(BLOCK, 0x30)
    lab.gr[1] = BLOCK + 8
    lab.psw(key=8)
    assert (f"store of 8 bytes at {BLOCK + 8:#x} refused by key-controlled protection: access key 8, storage key 30 "
            f"(access control 3, not fetch-protected) of absolute block {BLOCK:#x}") in told(lab, "stg %r2,0(%r1)")


def test_fetch_protection_of_the_second_page_of_an_operand(lab):
    lab.set_key(OTHER, 0x38)
    lab.gr[1] = OTHER - 3
    lab.psw(key=8)
    assert f"fetch of 5 bytes at {OTHER:#x} refused by key-controlled protection" in told(lab, "lg %r2,0(%r1)")


def test_the_access_key_may_be_one_that_the_instruction_names(lab):
    lab.set_key(BLOCK, 0x38)
    lab.gr[1], lab.gr[2], lab.gr[3], lab.gr[4] = 8, OTHER, BLOCK, 0x50
    assert "access key 5, storage key 38 (access control 3, fetch-protected)" in told(
        lab, "mvck 0(%r1,%r2),0(%r3),%r4"
    )


def test_an_instruction_that_may_not_be_fetched_for_its_key(lab):
    lab.set_key(CODE, 0x38)
    lab.psw(key=8)
    text = told(lab, "lr %r1,%r2")
    assert f"instruction fetch of 2 bytes at {CODE:#x} refused by key-controlled protection: access key 8" in text


def test_low_address_protection(lab):
    lab.cr[0] |= LOW_ADDRESS_PROTECTION
    lab.gr[1] = 0x1008
    assert "store of 8 bytes at 0x1008 refused by low-address protection" in told(lab, "stg %r2,0(%r1)")


def test_low_address_protection_comes_before_the_key(lab):
    lab.cr[0] |= LOW_ADDRESS_PROTECTION
    lab.psw(key=8)
    assert "at 0x100 refused by low-address protection" in told(lab, "stg %r2,0x100")


def test_dat_protection_names_the_page_table_entry(lab):
    asce = map_page(lab, CODE, CODE)
    map_page(lab, BLOCK, BLOCK)
    change(lab, BLOCK, -1, on=PAGE_PROTECT)
    lab.gr[1] = BLOCK
    translated(lab, asce)
    text = told(lab, "stg %r2,0(%r1)")
    assert (f"refused by DAT protection: page-table entry at absolute {entry_address(BLOCK, -1):#x}: "
            f"{BLOCK | PAGE_PROTECT:016X}") in text
    assert f"page {BLOCK:#x} of the primary space" in text


def test_dat_protection_of_a_segment_names_the_segment_table_entry(lab):
    asce = map_page(lab, CODE, CODE)
    map_page(lab, BLOCK, BLOCK)
    change(lab, BLOCK, SEGMENT, on=PROTECT)
    lab.gr[1] = BLOCK
    translated(lab, asce)
    assert f"refused by DAT protection: segment-table entry at absolute {entry_address(BLOCK, SEGMENT):#x}" in told(
        lab, "stg %r2,0(%r1)"
    )


def test_instruction_execution_protection_names_the_page_table_entry(lab):
    asce = map_page(lab, CODE, CODE)
    change(lab, CODE, -1, on=NO_EXECUTE)
    lab.cr[0] |= ENHANCED | EXECUTION_PROTECTION
    translated(lab, asce)
    assert (f"refused by instruction-execution protection: page-table entry at absolute {entry_address(CODE, -1):#x}"
            ) in told(lab, "lr %r1,%r2")


def test_an_access_list_entry_that_is_for_fetches_only(lab):
    access_list(lab)
    list_entry(lab, 2, ENTRY_FETCH_ONLY)
    lab.gr[5], lab.ar[5] = BLOCK, 2
    mode(lab)
    assert "refused by the access-list entry of access register 5, which is for fetches only: token 00000002" in told(
        lab, "stg %r1,0(%r5)"
    )


# --- translation -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "name"), [(3, "region-first"), (2, "region-second"), (1, "region-third"),
                                             (0, "segment"), (-1, "page")])  # fmt: skip
def test_an_invalid_table_entry_is_named_with_its_value(lab, level, name):
    asce = map_page(lab, VIRTUAL, BLOCK)
    change(lab, VIRTUAL, level, on=PAGE_INVALID if level < 0 else INVALID)
    lab.gr[1] = VIRTUAL
    secondary_space(lab, asce)
    text = told(lab, "lg %r2,0(%r1)")
    address = entry_address(VIRTUAL, level)
    assert f"({name} translation)" in text or f"({name}-" in text or name in text.split(")")[0]
    assert f"{name}-table entry at absolute {address:#x}: {lab.word(address):016X}" in text
    assert "nullified" in text
    assert f"page {VIRTUAL:#x} of the secondary space" in text


def secondary_space(lab: Lab, asce: int) -> None:
    """Operands are in the space of this ASCE, instructions where they are."""
    lab.cr[0] |= 1 << 63 - 37
    translated(lab, REAL_SPACE, secondary=asce, home=REAL_SPACE, mask=BA_EA | 2 << 46)


def test_an_address_beyond_the_space_and_its_asce(lab):
    asce = map_page(lab, BLOCK, BLOCK, level=SEGMENT)
    lab.gr[1] = 1 << 31
    secondary_space(lab, asce)
    text = told(lab, "lg %r2,0(%r1)")
    assert "(ASCE type)" in text
    assert f"beyond the address space; address-space-control element {asce:016X} of the secondary space" in text


def test_an_index_beyond_the_table_and_the_entry_that_designates_it(lab):
    asce = map_page(lab, VIRTUAL, BLOCK)
    change(lab, VIRTUAL, REGION_THIRD, on=3 << 6)  # a segment table without its first three blocks
    lab.gr[1] = VIRTUAL
    secondary_space(lab, asce)
    text = told(lab, "lg %r2,0(%r1)")
    assert "beyond a translation table; region-third-table entry at absolute" in text


@pytest.mark.parametrize(
    ("level", "on", "words"),
    [
        (REGION_THIRD, 0x8, "a table entry of another level; region-third-table entry"),
        (SEGMENT, COMMON, "a common segment or region in a private space; segment-table entry"),
        (-1, 0x800, "a page-table entry with ones where zeros must be; page-table entry"),
    ],
)
def test_translation_specification(lab, level, on, words):
    asce = map_page(lab, VIRTUAL, BLOCK)
    change(lab, VIRTUAL, level, on=on)
    lab.gr[1] = VIRTUAL
    secondary_space(lab, asce | PRIVATE)
    text = told(lab, "lg %r2,0(%r1)")
    assert f"fetch of 8 bytes at {VIRTUAL:#x} refused: {VIRTUAL:#x}: {words}" in text


def test_a_page_of_the_instruction_itself(lab):
    asce = map_page(lab, CODE, CODE)
    change(lab, CODE, -1, on=PAGE_INVALID)
    translated(lab, asce)
    text = told(lab, "lr %r1,%r2")
    assert "which cannot be fetched" in text
    assert f"instruction fetch of 2 bytes at {CODE:#x} refused" in text
    assert f"page-table entry at absolute {entry_address(CODE, -1):#x}" in text


@pytest.mark.parametrize(
    ("alet", "name"),
    [(0x2000002, "ALET specification"), (1000, "ALEN translation"), (0x10002, "ALE sequence")],
)
def test_an_access_register_that_cannot_be_translated(lab, alet, name):
    access_list(lab)
    lab.gr[5], lab.ar[5] = BLOCK, alet
    mode(lab)
    text = told(lab, "lg %r1,0(%r5)")
    assert f"({name})" in text
    assert f"refused for access register 5: access-list-entry token {alet:08X}" in text


def test_a_page_in_the_space_of_an_access_register(lab):
    access_list(lab)
    change(lab, BLOCK, -1, on=PAGE_INVALID)
    lab.gr[5], lab.ar[5] = BLOCK, 2
    mode(lab)
    text = told(lab, "lg %r1,0(%r5)")
    assert f"page-table entry at absolute {entry_address(BLOCK, -1):#x}" in text
    assert "access-register space" in text


# --- addressing and page states --------------------------------------------------------------------------------------


def test_an_address_outside_storage(lab):
    lab.gr[1] = SIZE - 4
    assert f"fetch of 4 bytes at {SIZE:#x} refused: absolute {SIZE:#x}, and the guest has {SIZE:#x} bytes" in told(
        lab, "lg %r2,0(%r1)"
    )


def test_a_frame_outside_storage(lab):
    asce = map_page(lab, VIRTUAL, 2 * SIZE)
    lab.gr[1] = VIRTUAL + 8
    secondary_space(lab, asce)
    assert f"at {VIRTUAL + 8:#x} refused: absolute {2 * SIZE + 8:#x}, and" in told(lab, "lg %r2,0(%r1)")


def test_a_table_outside_storage(lab):
    asce = map_page(lab, VIRTUAL, BLOCK)
    put(lab, entry_address(VIRTUAL, SEGMENT), 2 * SIZE)
    lab.gr[1] = VIRTUAL
    secondary_space(lab, asce)
    assert "refused: " + f"{VIRTUAL:#x}: a translation table is not in storage" in told(lab, "lg %r2,0(%r1)")


def test_an_unused_block_is_named_with_its_state(lab):
    lab.machine.set_block(BLOCK, "Uz")
    lab.gr[1] = BLOCK + 16
    assert f"fetch of 8 bytes at {BLOCK + 16:#x} refused by the state of absolute block {BLOCK:#x}: Uz" in told(
        lab, "lg %r2,0(%r1)"
    )


def test_an_unused_block_that_still_has_its_content_does_not_refuse(lab):
    lab.store(BLOCK, b"A")
    lab.machine.set_block(BLOCK, "Ur")
    lab.gr[1], lab.gr[3] = BLOCK, SIZE
    text = told(lab, "clc 0(8,%r1),0(%r3)")
    assert f"fetch of 8 bytes at {SIZE:#x} refused: absolute {SIZE:#x}" in text
    assert "state of" not in text


def test_an_operand_of_which_the_key_is_wanted_outside_storage(lab):
    lab.gr[2] = SIZE
    text = told(lab, "iske %r1,%r2")
    assert f"an operand is not in storage: the guest has {SIZE:#x} bytes" in text
    assert f"operands: %r1 = 0x0, %r2 = {SIZE:#x}" in text


def test_block_volatility_names_the_block_its_state_and_who_took_it(lab):
    lab.machine.set_block(BLOCK, "Vr")
    lab.gr[1] = BLOCK + 16
    lab.machine.write(CODE, assemble("lg %r2,0(%r1)", origin=CODE).sections[0].data)
    lab.machine.remember()
    perform(lab.machine, "discard", BLOCK)
    lab.go()
    text = why(Target(lab.machine))
    assert "001A (block volatility)" in text and "nullified" in text
    assert f"refused by the state of absolute block {BLOCK:#x}: Vz (volatile, zero)" in text
    assert f"block {BLOCK:#x}: discard {BLOCK:#x}, from outside, at instruction 0" in text


def test_who_took_a_block_that_has_been_repaired_since():
    source = """
    start:  llill %r1,0x8000
            stg   %r1,0(%r1)
            essa  %r3,%r1,3
            aghi  %r2,1
            aghi  %r2,1
            lg    %r4,0(%r1)
    handler: essa %r3,%r1,1
            j     .
    """
    machine = Machine.from_source(source, 1 << 18)
    machine.write(0x1D0, BA_EA.to_bytes(8) + assemble_label(source, "handler").to_bytes(8))
    machine.remember()
    machine.run(4)
    perform(machine, "discard", 0x8000)
    machine.run(4)
    assert machine.block(0x8000).name == "Sz"
    text = why(Target(machine))
    assert "Vz (volatile, zero)" in text and "discard 0x8000, from outside, at instruction 4" in text


def assemble_label(source: str, name: str) -> int:
    """Return the address of a label of a program at 10000."""
    return assemble(source, origin=0x10000).symbols[name]


# --- the others ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param(".short 0", "0000 is no instruction", id="operation"),
        pytest.param("lctlg %c0,%c0,0x300", "refused in the problem state; PSW-key mask 00F0", id="privileged"),
        pytest.param("dr %r3,%r1", "operands: %r3 = 0x0 (an odd number)", id="odd-register"),
        pytest.param("lpsw 0x301", "d1 = 0x301 (odd)", id="odd-operand"),
        pytest.param("cs %r1,%r2,0x302", "d2 = 0x302 (aligned to 2 bytes)", id="alignment"),
        pytest.param("ex %r0,0x300", "it executes: 0x300  ex %r0,0", id="execute"),
        pytest.param("dr %r2,%r0", "operands: %r2 = 0x0, %r0 = 0x0", id="divide"),
        pytest.param("ap 0x308(1),0x308(1)", "data-exception code 00: a decimal operand", id="decimal"),
        pytest.param("adbr %f0,%f2", "data-exception code 02: a BFP instruction", id="bfp"),
        pytest.param("ler %f1,%f0", "data-exception code 01: an additional floating-point register", id="afp"),
        pytest.param("clgit %r0,0,8", "data-exception code FF: compare and trap", id="trap"),
        pytest.param("sacf 0x100", "64-bit, supervisor state, key 0, DAT off", id="special-operation"),
        pytest.param("mc 7(%r0),3", "monitor class 3, code 0x7", id="monitor"),
    ],
)
def test_each_class(lab, source, words):
    lab.store(0x300, bytes.fromhex("44000000"))
    lab.store(0x308, b"\xff")
    lab.cr[3], lab.cr[8] = 0xF0 << 16, 0xFFFF
    lab.psw(PROBLEM_STATE if "lctlg" in source else BA_EA)
    assert words in told(lab, source)


@pytest.mark.parametrize(("source", "words"), [
    pytest.param("bakr %r0,%r0", "refused by the linkage stack: control register 15 is 0000000000048010", id="stack"),
    pytest.param("trace %r1,%r1,0x300", "entries is full: control register 12 is 0000000000060FF1", id="trace"),
    pytest.param("pc 0x105", "program-call number 00105", id="number"),
])  # fmt: skip
def test_what_links_programs(lab, source, words):
    stack(lab, free=0)
    lab.cr[5], lab.cr[12], lab.cr[4] = 0x44000, 0x60FF1, 0x105
    lab.store(0x44000 + 24, bytes.fromhex("80045000"))
    lab.store(0x45004, bytes.fromhex("80000000"))
    assert words in told(lab, source)


def test_an_ieee_exception_by_its_bits(lab):
    lab.cr[0] |= AFP
    lab.cpu.fpc = 0x40000000  # division by zero traps
    lab.fpr[0] = 0x3FF0000000000000
    text = told(lab, "ddbr %f0,%f2")
    assert "suppressed" in text and "data-exception code 40: IEEE division by zero" in text


def test_an_ieee_exception_that_completes(lab):
    lab.cr[0] |= AFP
    lab.cpu.fpc = 0x08000000  # inexact traps
    lab.fpr[0], lab.fpr[2] = 0x3FF0000000000000, 0x4008000000000000  # 1, 3
    text = told(lab, "ddbr %f0,%f2")
    assert "completed" in text and "data-exception code 08: IEEE inexact" in text


def test_an_ieee_exception_that_is_simulated(lab):
    lab.cr[0] |= AFP
    lab.cpu.fpc = 0x00400000  # the flag of a division by zero
    lab.store(BLOCK, bytes.fromhex("40000000"))
    lab.gr[1] = BLOCK
    text = told(lab, "lfas 0(%r1)")
    assert "completed" in text and "data-exception code 43: IEEE division by zero, simulated" in text


def test_the_instruction_that_an_execute_executes(lab):
    lab.gr[1], lab.gr[6], lab.gr[7] = 0x20, BLOCK, SIZE
    lab.store(0x400, assemble("lg %r2,0(%r7)", origin=0x400).sections[0].data)
    text = told(lab, "ex %r0,0x400")
    assert "interrupted: 0x20000  ex %r0,1024" in text
    assert "it executes: 0x400  lg %r2,0(%r7)" in text
    assert f"operands: %r2 = 0x0, d2 = {SIZE:#x}" in text


def test_the_odd_target_of_an_execute(lab):
    assert "the instruction address 0x401 is odd" in told(lab, "ex %r0,0x401")


def test_an_odd_instruction_address(lab):
    lab.machine.set_psw(BA_EA, CODE + 1)
    assert f"the instruction address {CODE + 1:#x} is odd" in explained(lab)


def test_a_psw_that_is_not_valid(lab):
    lab.store(0x300, (BA_EA | 1 << 63).to_bytes(8) + (0x400).to_bytes(8))
    text = told(lab, "lpswe 0x300")
    assert "ILC 0, completed; old PSW address 0x400" in text
    assert f"the PSW that was loaded is not valid: bit 0; {BA_EA | 1 << 63:016X}" in text


def test_a_program_event_beside_another_exception(lab):
    lab.cr[9], lab.cr[10], lab.cr[11] = 1 << 63 - 33, 0, (1 << 64) - 1
    lab.psw(BA_EA | PER)
    lab.gr[1] = SIZE
    text = told(lab, "lg %r2,0(%r1)")
    assert "0085 (addressing, PER event)" in text
    assert f"fetch of 8 bytes at {SIZE:#x} refused" in text
    assert "(instruction fetching) at 0x20000" in text


def test_a_program_event_alone(lab):
    lab.cr[9], lab.cr[10], lab.cr[11] = 1 << 63 - 34, BLOCK, BLOCK + 7
    lab.psw(BA_EA | PER)
    lab.gr[1] = BLOCK
    text = told(lab, "stg %r2,0(%r1)")
    assert "0080 (PER event)" in text and "completed" in text
    assert "program event 20" in text and "(storage alteration)" in text


def test_the_cpu_is_that_of_the_interruption():
    source = """
    start:  larl  %r3,second
            stg   %r3,0x1a8          # restart new PSW
            llihl %r4,1
            oilh  %r4,0x8000
            stg   %r4,0x1a0
            stg   %r4,0x1d0
            larl  %r3,idle
            stg   %r3,0x1d8
            lghi  %r2,1
            sigp  %r0,%r2,6          # restart CPU 1
    idle:   j     idle
    second: llilh %r7,0x100
            lg    %r6,0(%r7)
    """
    machine = Machine.from_source(source, 1 << 18, cpus=2, schedule=Schedule(2, quantum=5))
    machine.remember()
    machine.run(100)
    text = why(Target(machine))
    assert "(addressing) on CPU 1" in text
    assert "fetch of 8 bytes at 0x1000000 refused" in text


def test_an_instruction_in_an_unused_block_and_who_freed_it():
    source = """
    start:  llill %r1,0x8000
            essa  %r3,%r1,2
            br    %r1
    """
    machine = Machine.from_source(source, 1 << 18)
    machine.remember()
    machine.run(2)
    machine.run(2)
    text = why(Target(machine))
    assert "interrupted: 0x8000  which cannot be fetched" in text
    assert "instruction fetch of 2 bytes at 0x8000 refused by the state of absolute block 0x8000: Uz" in text
    assert "Sz -> Uz by guest ORC 2, instruction 1 on CPU 0, at 0x10004" in text


def test_an_interruption_before_the_first_instruction():
    machine = Machine.from_source("start: j start", 1 << 18)
    machine.write(0x1D0, BA_EA.to_bytes(8) + (0x10000).to_bytes(8))
    machine.set_psw(BA_EA | 1 << 63, 0x400)
    machine.remember()
    machine.run(3)
    text = why(Target(machine))
    assert "at instruction 0: ILC 0, completed; old PSW address 0x400" in text
    assert text.endswith("what refused is not known: the history begins after the instruction")

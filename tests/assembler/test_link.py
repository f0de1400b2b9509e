"""Several files, or one, as a program: what symbols mean, what a suffix asks for, where things are put."""

from __future__ import annotations

import pytest

from s390emu.assembler.assemble import AssemblyError, assemble, assemble_files, assemble_texts
from s390emu.assembler.relocations import R_390, NotReached, OffsetTable
from tests.assembler.gnu import ORIGIN, require_gnu, same_as_gnu


def linked(*sources):
    return assemble_texts([(source, f"{number}.s") for number, source in enumerate(sources)], origin=ORIGIN)


def contents(program, name):
    return next(section.data for section in program.sections if section.name == name)


def numbers(program, name, width=8):
    """The numbers that a section consists of."""
    data = contents(program, name)
    return [int.from_bytes(data[at : at + width], "big", signed=True) for at in range(0, len(data), width)]


def message_of(*sources):
    with pytest.raises(AssemblyError) as caught:
        linked(*sources)
    return str(caught.value)


# Suffixes -------------------------------------------------------------------------------------------------------------


def test_plt_on_data_is_a_distance_from_its_place():
    """Not the address: R_390_PLT64 and R_390_PLT32 are relative to the place (s390x ABI)."""
    program = linked("f: br %r14\n.data\n.quad f@PLT, f@PLT+4\n.long f@PLT, f@PLT-2\n")
    f, d = ORIGIN, next(section.address for section in program.sections if section.name == ".data")
    assert numbers(program, ".data")[:2] == [f - d, f - (d + 8) + 4]
    assert numbers(program, ".data", 4)[4:] == [f - (d + 16), f - (d + 20) - 2]


def test_plt_on_data_is_ld_s():
    same_as_gnu(".globl f\nf: br %r14\n.data\n.quad f@PLT, f@PLT+4\n.long f@PLT, f@PLT-2\n")


def test_entries_of_the_global_offset_table():
    """By every operand that asks for one: the same entry for the same symbol, the table behind everything else."""
    program = linked("""
        .quad   a@GOT, b@GOT, a@GOTOFF, _GLOBAL_OFFSET_TABLE_
        .quad   _GLOBAL_OFFSET_TABLE_-., a@GOT+16
        lgrl    %r1,b@GOTENT
        lg      %r1,b@GOT(%r12)
        l       %r1,b@GOT+4(%r12)
        lghi    %r1,a@GOTOFF
        .bss
        .skip   100
a:      .skip   8
b:      .skip   8
    """)
    table = program.sections[-1]
    a, b = program.symbols["a"], program.symbols["b"]
    assert (table.name, table.address % 8, table.address > b) == (".got", 0, True)
    assert numbers(program, ".got") == [a, b]
    assert numbers(program, ".text")[:4] == [0, 8, a - table.address, table.address]
    assert numbers(program, ".text")[4:6] == [table.address - (ORIGIN + 32), 16]
    code = contents(program, ".text")[48:]
    assert int.from_bytes(code[2:6], "big") * 2 == table.address + 8 - (ORIGIN + 48)
    assert code[6:] == bytes.fromhex("e310c0080004" "5810c00c" "a719") + (a - table.address & 0xFFFF).to_bytes(2, "big")


def test_the_global_offset_table_in_a_long_displacement():
    """DL, then DH, which has the bits on the left."""
    put = bytearray(bytes.fromhex("c0000004"))
    R_390[58].put(put, 0, 0x12345)
    assert put.hex() == "c3451204"


def test_thread_local_storage_is_counted_back_from_its_end():
    program = linked("""
        .quad   a@NTPOFF, b@NTPOFF, b@INDNTPOFF
        lgrl    %r1,a@INDNTPOFF
        .section .tdata
a:      .quad   1
        .section .tbss
        .balign 16
b:      .skip   8
    """)
    end = program.symbols["b"] + 16
    a, b = program.symbols["a"] - end, program.symbols["b"] - end
    entries = numbers(program, ".got")
    assert numbers(program, ".text")[:2] == [a, b]
    assert sorted(entries) == sorted([a, b])
    assert numbers(program, ".text")[2] == program.sections[-1].address + 8 * entries.index(b)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (".quad f@PTL\nf:", '0.s:1:7: error: unknown suffix "@PTL": one of GOT, GOTENT, GOTPLT, PLT, '),
        (".short f@PLT\nf:", "0.s:1:8: error: there is no @PLT as a value of 16 bits"),
        (".byte f@GOT\nf:", "0.s:1:7: error: there is no @GOT as a value of 8 bits"),
        (" brc 15,f@GOTENT\nf:", "0.s:1:9: error: there is no @GOTENT as a distance of 16 bits"),
        (" l %r1,f@PLT(%r2)\nf:", "0.s:1:8: error: there is no @PLT as a value of 12 bits"),
        (".quad 5@PLT", "0.s:1:7: error: @PLT is of a symbol, perhaps with a number added: x@PLT+4"),
        (".quad (a-b)@PLT\na: b:", "0.s:1:7: error: @PLT is of a symbol"),
        (".quad a@TLSGD\n.section .tdata\na:", "0.s:1:7: error: R_390_TLS_GD64 is for ld: link the file with it"),
        (" brasl %r14,a@PLT:tls_gdcall:a\na:", "error: R_390_TLS_GDCALL is for ld: link the file with it"),
        (" lhi %r1,a@GOTOFF\na: .data\n.skip 70000", "0.s:1:10: error: R_390_GOTOFF16 does not reach its symbol"),
        (" .long a@PLT\n.balign 2\n.set a,1<<40", "0.s:1:8: error: R_390_PLT32 does not reach its symbol"),
        (" brasl %r14,a@PLT\n a: .byte 1\n.set b,a+1\n brasl %r14,b@PLT", "odd"),
        (".reloc 100, R_390_64, a\na: nop", "0.s:1:13: error: R_390_64 is beyond the end of the section"),
        (".reloc ., R_390_COPY, a\na:", '0.s:1:11: error: unknown relocation "R_390_COPY"'),
    ],
)  # fmt: skip
def test_a_suffix_is_right_or_an_error(source, message):
    assert message in message_of(source)


def test_a_place_in_a_section_that_is_too_short_is_never_written():
    data = bytearray(4)
    with pytest.raises(NotReached):
        R_390[22].put(data, 0, 1)
    assert data == bytes(4)


def test_entries_are_made_once_for_each_value():
    table = OffsetTable(0x1000)
    assert [table.entry(5), table.entry(-1), table.entry(5)] == [0x1000, 0x1008, 0x1000]
    assert table.data == (5).to_bytes(8, "big") + b"\xff" * 8


# Symbols --------------------------------------------------------------------------------------------------------------


def test_a_weak_symbol_that_is_nowhere_is_zero():
    program = linked(".weak w\n.quad w, w+4\n lgrl %r1,w@GOTENT\n larl %r1,w\n")
    assert numbers(program, ".text")[:2] == [0, 4]
    assert numbers(program, ".got") == [0]
    assert int.from_bytes(contents(program, ".text")[24:28], "big", signed=True) * 2 == -(ORIGIN + 22)
    assert "w" not in program.symbols


def test_a_weak_symbol_gives_way_to_another_file_s():
    weak, strong = ".weak f\nf: nop\n.quad f\n brasl %r14,f\n", ".globl f\nf: br %r14\n"
    for sources in ((weak, strong), (strong, weak)):
        program = linked(*sources)
        at = contents(program, ".text").index((program.symbols["f"]).to_bytes(8, "big"))
        assert contents(program, ".text").startswith(bytes.fromhex("07fe"), program.symbols["f"] - ORIGIN)
        distance = int.from_bytes(contents(program, ".text")[at + 10 : at + 14], "big", signed=True) * 2
        assert ORIGIN + at + 8 + distance == program.symbols["f"]


def test_of_two_weak_symbols_the_first_file_s_counts():
    program = linked(".quad f\n", ".weak f\nf: nop\n", ".weak f\nf: nopr\n")
    assert numbers(program, ".text")[0] == program.symbols["f"] == ORIGIN + 8


def test_a_reference_by_weakref_alone_is_weak():
    assert numbers(linked(".weakref a,b\n.quad a\n"), ".text") == [0]
    assert 'undefined symbol "b"' in message_of(".weakref a,b\n.quad a, b\n")


def test_weak_symbols_are_ld_s(tmp_path):
    require_gnu("ld")
    same_as_gnu(".weak w, v\n.quad w, w+4, v\nv: .long v-.\n j v\n")


def test_common_symbols_of_several_files_are_one():
    program = linked(".comm c,8\n.quad c\n", ".comm c,40,64\n.quad c\n")
    c = program.symbols["c"]
    assert (c % 64, numbers(program, ".text")) == (0, [c, c])
    assert sum(len(section.data) for section in program.sections if section.bss) >= 40


def test_a_common_symbol_gives_way_to_a_definition():
    program = linked(".comm c,8\n.quad c\n", ".globl c\n.data\nc: .quad 5\n")
    assert numbers(program, ".text") == [program.symbols["c"]]
    assert not any(section.bss for section in program.sections)


def test_a_common_symbol_of_a_file_that_defines_it_is_an_error():
    assert '0.s:2:7: error: "c" is already defined at 0.s:1' in message_of("c: nop\n.comm c,8\n")
    assert '"c" is already defined' in message_of(".comm c,8\nc: nop\n")


def test_one_of_each_group_is_kept():
    group = '.section .text.f,"axG",@progbits,f,comdat\n.weak f\nf: br %r14\n'
    program = linked(".quad f\n" + group, ".quad f\n" + group)
    assert contents(program, ".text.f") == bytes.fromhex("07fe")
    assert numbers(program, ".text") == [program.symbols["f"]] * 2


def test_a_symbol_that_is_set_again_is_what_it_was_where_it_is_used():
    program = linked(".set x,1\n.quad x+later\n.set x,2\n.quad x+later\n.set later,10\ny=.\n.quad y\ny=.\n.quad y\n")
    assert numbers(program, ".text") == [11, 12, ORIGIN + 16, ORIGIN + 24]


def test_eqv_is_worked_out_at_its_every_use():
    assert contents(linked(".eqv x,y+1\ny=2\n.byte x\ny=3\n.byte x\n"), ".text") == b"\3\4"


# Lengths that depend on what follows ----------------------------------------------------------------------------------


def test_branches_over_a_length_that_is_known_later():
    program = linked("a: j b\n.skip e-d\nb: j a\n larl %r1,a\nd: .skip 6\ne:\n")
    assert program.symbols["b"] == ORIGIN + 10
    assert contents(program, ".text").hex() == "a7f40005" + "00" * 6 + "a7f4fffb" + "c010fffffff9" + "00" * 6


def test_lines_behind_a_length_that_is_known_later():
    program = linked(" nop\n.skip b-a\n nopr\na: .skip 10\nb:\n")
    assert program.lines == [(ORIGIN, "0.s", 1), (ORIGIN + 14, "0.s", 3)]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (".skip a-b\na: .skip 1\nb:", "0.s:1:7: error: -1 bytes is not between 0 and 134217728"),
        (".skip (b-a)&1\na: .skip 1-(d-c)\nb:\nc: .skip b-a\nd:", "this length depends on itself and never settles"),
        (".skip a\na:", "0.s:1:7: error: this must be a number, or the distance of two places in one section"),
        (".skip x", '0.s:1:7: error: undefined symbol "x"'),
        (".skip 1<<40", "0.s:1:7: error: 1099511627776 bytes is not between 0 and 134217728"),
        (".skip a\na=1<<40", "0.s:1:7: error: 1099511627776 bytes is not between 0 and 134217728"),
        (".skip a\n.skip a\na=1<<26\n.skip a", "bytes is not between 0 and 134217728"),
        (".skip a\n nop\na=1", "0.s:2: error: the instruction is at an odd address; put .balign 2 before it"),
        (".skip a\n.org 2\na=3", "0.s:2:6: error: .org goes back, from 0x3 to 0x2"),
        (".uleb128 a\na = a", "a symbol is defined in terms of itself, or"),
    ],
)  # fmt: skip
def test_a_length_that_cannot_be(source, message):
    assert message in message_of(source)


def test_lengths_of_several_sections_depend_on_each_other():
    same_as_gnu("""
        .data
a:      .uleb128 e-s, s2-s
b:      .skip   b-a
        .text
s:      .skip   200
s2:     .skip   b-a
        .uleb128 c-a
e:      .data
        .balign 4
c:      .byte   1
    """)


# Files ----------------------------------------------------------------------------------------------------------------


def test_incbin(tmp_path):
    (tmp_path / "bytes").write_bytes(bytes(range(10)))
    (tmp_path / "a.s").write_text('.incbin "bytes"\n.incbin "bytes",8\n.incbin "bytes",2,3\n.incbin "bytes",,1\n')
    program = assemble_files([tmp_path / "a.s"], origin=ORIGIN)
    assert contents(program, ".text") == bytes(range(10)) + b"\x08\x09" + b"\2\3\4" + b"\0"


@pytest.mark.parametrize(
    ("operands", "message"),
    [
        ('"bytes",11', '1:9: error: "bytes" has 10 bytes: none from 11 to 10'),
        ('"bytes",5,6', '1:9: error: "bytes" has 10 bytes: none from 5 to 11'),
        ('"bytes",-1', "1:9: error"),
        ('"nothing"', '1:9: error: file "nothing" not found; looked in '),
        ('"."', '1:9: error: file "." not found'),
        ('"/dev/zero"', '1:9: error: file "/dev/zero" is not a regular file'),
        ("bytes", "1:9: error: string expected"),
    ],
)  # fmt: skip
def test_incbin_of_what_is_not_there(tmp_path, operands, message):
    (tmp_path / "bytes").write_bytes(bytes(10))
    (tmp_path / "a.s").write_text(f".incbin {operands}\n")
    with pytest.raises(AssemblyError) as caught:
        assemble_files([tmp_path / "a.s"])
    assert message in str(caught.value)


def test_an_included_file_finds_files_beside_itself(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.inc").write_text('.incbin "bytes"\n')
    (tmp_path / "parts" / "bytes").write_bytes(b"abc")
    (tmp_path / "a.s").write_text('.include "parts/a.inc"\n')
    assert contents(assemble_files([tmp_path / "a.s"]), ".text") == b"abc"


def test_messages_of_a_source():
    program = linked('.warning "careful"\n.print "here"\n.warning\n')
    assert program.messages == ("0.s:1: warning: careful", "here", "0.s:3: warning: .warning")


def test_unwind_tables_are_part_of_a_program():
    """They have flags that say so, and end where they begin: no alignment or bytes of another file between them."""
    program = linked(".globl f\nf: .cfi_startproc\n br %r14\n.cfi_endproc\n", ".cfi_startproc\n nop\n.cfi_endproc\n")
    frames = next(section for section in program.sections if section.name == ".eh_frame")
    at = frames.address + 0x18 + 8
    assert int.from_bytes(frames.data[0x20:0x24], "big", signed=True) + at == ORIGIN
    assert len(frames.data) == 2 * 0x30


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (".cfi_def_cfa_offset 8", "1: error: no .cfi_startproc before this"),
        (".cfi_startproc\n.cfi_startproc", "2: error: .cfi_startproc again, without .cfi_endproc"),
        (".cfi_startproc", "1: error: .cfi_startproc without .cfi_endproc"),
        (".cfi_startproc\n.cfi_offset 14,-5\n.cfi_endproc", "2: error: -5 is not a multiple of 8"),
        (".cfi_startproc\n.cfi_restore_state", "2: error: .cfi_restore_state without .cfi_remember_state"),
        (".cfi_startproc\n.cfi_offset 14", '2:15: error: "," expected before the next operand'),
        (".cfi_startproc\n.cfi_offset %x1,8", "2:13: error"),
        (".cfi_startproc\n.cfi_escape 256", "2:13: error: 256 does not fit in 1 byte"),
        (".cfi_startproc\n.cfi_lsda 0x55,x", "2:11: error: 0x55 is no encoding of an address here"),
        (".cfi_startproc\n.data\n.cfi_endproc", "1: error: this must be a number, or the distance"),
        (".subsection 1\nnop\n.cfi_startproc\n.text 0\nnop\n.cfi_restore 14\n.cfi_endproc",
         "3: error: a .cfi directive of this function stands before an earlier one in the section"),
        (".subsection 1\nnop\n.cfi_startproc\n.cfi_restore 14\n.text 0\nnop\n.cfi_endproc",
         "3: error: a .cfi directive of this function stands before an earlier one in the section"),
        (".struct 0\n.cfi_startproc", "2: error: there is no code in a .struct"),
        ('.file 1 "a.c"\n.struct 0\n.loc 1 1\n.loc 1 2', "4: error: there is no code in a .struct"),
        (".cfi_sections .text", '1:15: error: ".text" is neither .eh_frame nor .debug_frame'),
        (".cfi_defcfa 1,2", '1:1: error: unknown directive ".cfi_defcfa"; did you mean ".cfi_def_cfa'),
        (".loc 1 2", "1:6: error: file 1 has no .file"),
        ('.file 1 "a"\n.file 1 "b"', "2:7: error: file 1 has a name already"),
        ('.file 1 "a"\n.loc 1 1 ivew 0', '2:10: error: unknown option "ivew"'),
        ('.file 1 "a"\n.loc 1 1<<33', "2:6: error: line 8589934592 is not between 0 and 4294967295"),
        ('.file 9999999 "a"', "1:7: error: file 9999999 is not between 0 and 1048576"),
        ('.file 1 "a" md5 5', "1:17: error: digest expected"),
    ],
)  # fmt: skip
def test_unwind_and_line_information_that_is_wrong(source, message):
    assert "0.s:" + message in message_of(source)


def test_addresses_of_programs_do_not_change_for_what_is_not_loaded():
    source = "f: br %r14\n.data\n.quad f\n"
    told = '.section .debug_info\n.long f\n.section .comment,"MS",@progbits,1\n.string "x"\n'
    assert assemble(source, origin=ORIGIN).image() == assemble(source + told, origin=ORIGIN).image()

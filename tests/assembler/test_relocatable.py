"""Relocatable objects: GNU as's, part by part, of sources with what a part of the assembler is for."""

from __future__ import annotations

import subprocess

import pytest

from s390emu.assembler.assemble import AssemblyError, assemble_files, assemble_object
from s390emu.assembler.elf_loader import read_elf
from tests.assembler.gnu import PREFIX, require_gnu
from tests.judges.gnu_objects import differences, gnu_object

SOURCES = {
    "relocations by operand": """
        larl    %r1,x
        lg      %r1,x+8(%r2)
        l       %r1,x(%r2,%r3)
        lhi     %r1,x
        mvi     0(%r1),x
        tm      x(%r1),1
        mvc     x(4,%r1),y-1(%r2)
        brc     15,x
        bprp    1,x,y+2
        bprp    1,x@PLT,y@PLT
        crj     %r1,%r2,8,y
        .quad   x, x-., y+4, y-.+4
        .set    number, 0x1234
        .long   number-.
        .long   x, x-.
        .short  x
        .byte   x
    """,
    "suffixes": """
        larl    %r1,x@GOT
        lgrl    %r1,x@GOTENT+4
        larl    %r1,x@GOTPLT
        larl    %r1,x@INDNTPOFF
        brasl   %r14,f@PLT
        brasl   %r14,f@plt+4
        brc     8,f@PLT
        lg      %r1,x@GOT(%r12)
        lg      %r1,x@GOTNTPOFF(%r12)
        l       %r1,x@GOT+4(%r12)
        l       %r1,x@GOTPLT(%r12)
        l       %r1,x@GOTNTPOFF(%r12)
        lhi     %r1,x@GOT
        lhi     %r1,x@GOTOFF
        lhi     %r1,x@GOTPLT
        lhi     %r1,x@PLTOFF
        .quad   x@GOT, x@PLT, x@GOTPLT, x@PLTOFF, x@GOTOFF-4, x+4@GOT
        .quad   t@TLSGD, t@TLSLDM, t@DTPOFF, t@NTPOFF, t@INDNTPOFF, t@GOTNTPOFF
        .long   x@GOT, x@PLT, x@GOTPLT, x@PLTOFF, x@GOTOFF
        .short  x@GOT, x@PLTOFF, x@GOTOFF
        brasl   %r14,__tls_get_offset@PLT:tls_gdcall:t
        brasl   %r14,__tls_get_offset@PLT:tls_ldcall:t
        lg      %r2,0(%r2,%r12):tls_load:t
        larl    %r12,_GLOBAL_OFFSET_TABLE_
        larl    %r12,_GLOBAL_OFFSET_TABLE_+8
        .quad   _GLOBAL_OFFSET_TABLE_, _GLOBAL_OFFSET_TABLE_-.
        .long   _GLOBAL_OFFSET_TABLE_-.
    """,
    "what a relocation names": """
f:      j       f
        .globl  g
g:      j       g
        brasl   %r14,g@PLT
        brasl   %r14,f@PLT
        .weak   w
w:      j       w
        .hidden h
        .globl  h
h:      j       h
        .quad   f, g, w, h, f+4, g-4, .Llocal, 1f
.Llocal:
1:      larl    %r1,.Llocal
        larl    %r1,private
        larl    %r1,.Lmerged
        larl    %r1,merged+1
        .quad   .Lmerged, .Lmerged+1, merged, merged2
        .long   .Lmerged-.
        larl    %r1,thread
        .quad   thread@NTPOFF, thread
        .type   indirect,@gnu_indirect_function
indirect: br    %r14
        .quad   indirect
        brasl   %r14,indirect
        .section .merged,"aMS",@progbits,1
.Lmerged: .string "a"
merged: .string "b"
        .globl  merged2
merged2: .string "c"
        .data
private: .quad  1
        .section .tdata
thread: .quad   1
        .section .text.more,"ax",@progbits
        j       f
        jg      1b
        .long   f-., f-here
here:
    """,
    "symbols": """
        .file   "source.c"
        .globl  unused, q, h2, later
        .weak   unused_weak, defined_weak
q = 5
local = 7
.Lhidden: .byte 1
        .type   f,@function
f:      .byte   2
        .size   f,.-f
        .type   o,%object
o:      .byte   3
        .type   s,"object"
s:      .byte   4
        .type   t,STT_FUNC
t:      .byte   5
        .size   t,4*2
        .type   u,@gnu_unique_object
u:      .byte   6
        .type   undefined_function,@function
        .quad   undefined_function, undefined, undefined_weak, hidden_undefined
        .weak   undefined_weak
        .hidden hidden_undefined, h
        .internal h2
        .protected p
h:
h2:
p:      .byte   7
alias = f
        .set    alias2,alias
        .weak   weak_alias
        .set    weak_alias,f
        .globl  absolute
        .set    absolute,0x123456789
        .set    forward,behind
        .weakref reference,target
        .quad   forward, alias2, weak_alias, absolute, reference, another
        .set    another,elsewhere
defined_weak:
behind: .byte   8
        .comm   common3,3
        .comm   common16,16
        .comm   common32,32,4
        .comm   common0,0
        .common common8,8,2
        .local  private
        .comm   private,3
        .lcomm  room9,9
        .lcomm  room1,1
        .lcomm  room2,2
        .lcomm  room5,5
        .bss
        .byte   0
        .ident  "first"
        .ident  "second"
    """,
    "sections": """
        .section .rodata
        .byte   1
        .section .rodata.x,"a"
        .byte   1,2,3
        .section none
        .byte   1
        .section .init
        .byte   1
        .section .text.a
        .byte   1
        .section .data.x
        .byte   1
        .section .bss.x
        .skip   3
        .section .tdata
        .byte   1
        .section .tbss
        .skip   1
        .section .init_array
        .quad   0
        .section .fini_array.7
        .quad   0
        .section .note.x
        .long   0, 0, 1
        .section .noted,"a"
        .long   0, 0, 1
        .section .debug_x
        .byte   1
        .section .strings,"aMS",@progbits,2
        .string16 "a"
        .section .grouped,"axG",@progbits,signature,comdat
        .byte   1
        .section .grouped,"axG",@progbits,other,comdat
        .quad   elsewhere
        .section .also,"aG",@progbits,signature,comdat
        .quad   signature
        .section .e,"e"
        .section .n,"a",@note
        .section .i,"aw",@init_array
        .section .u,"a",@0x70000001
        .section "quoted name","aw",@nobits
        .skip   4
        .section a-b,"a"
        .balign 16
        .byte   1
        .pushsection .rodata
        .byte   9
        .previous
        .byte   8
        .popsection
        .byte   7
        .version "2"
    """,
    "what is put in": """
        .data
a:      .quad   f@PLT, g@PLT
        .long   f@PLT, g@PLT+4, f@PLT-2
        .uleb128 b-a, e-b, 0, 127, 128, 0xffffffffffffffff, -1
b:      .sleb128 a-b, -1000, 63, 64, -64, -65, 0x8000000000000000
        .skip   e2-e1, 7
        .octa   0x112233445566778899aabbccddeeff, -2, 017, 2+3
        .float  1.5, -0.1, 3e38, 1e-40, inf, nan, 0f2.5, .5, 5., 0
        .double 2.5, 0d-1e-310, 12345678901234567890, -inf
        .single 0.3
        .byte   "text"
        .string16 "hi"
        .string32 "h"
        .string64 "h"
        .balign 2
        .balignw 4,0x1234
e1:     .skip   3
e2:
e:      .ifeqs  "a b","a b"
        .byte   1
        .endif
        .ifnes  "a","b"
        .byte   2
        .endif
        .p2align 3
        .subsection 3
        .byte   3
        .subsection 1
        .byte   1
        .previous
        .data   2
        .byte   2
        .data   0
        .byte   0
        .struct 8
fa:     .skip   4
        .balign 8
fb:     .skip   8
fc:
        .text
f:      lg      %r1,fb(%r2)
        la      %r1,fc
        .skip   h2-h1
        j       f
        .globl  g
g:      nop
        .quad   fb, "fc"
        .reloc  ., R_390_NONE, f
        .reloc  f, R_390_64, g+2
        .fill   h2-h1,2,0x55
        .balign 4
        .p2alignl 4,0x12345678
h1:     .skip   6
h2:
h:      .org    h+32,1
        .machine push
        .machine "z900"
        lg      %r1,x@GOT(%r12)
        .machine pop
        lg      %r1,x@GOT(%r12)
        .text   1
        .balign 8
        nopr
        .print  "this is printed"
        .end
        garbage
    """,
    "alternate macros": r"""
        .altmacro
        .data
        .macro  m a, b
        .ascii  "[\a|\b]"
        .endm
        m       <x,y>,z
        m       %1+2, %(3*4)
        .macro  n a
        LOCAL   here, there
here:   .byte   a, \a
there:  .ascii  "a&b&a"
        .quad   here, there
        .endm
        n       5
        n       6
        .irp    x,<1,2>,3
        .byte   x
        .endr
        .noaltmacro
        m       <x>,%1
    """,
    "unwind information": """
        .cfi_sections .eh_frame, .debug_frame
        .cfi_startproc
        nop
        .cfi_def_cfa_offset 320
        .cfi_offset 14, -48
        .cfi_offset %r15, -40
        .cfi_offset 70, -160
        .cfi_offset 6, 16
        nop
        .cfi_remember_state
        .cfi_restore 14, 15
        .cfi_restore 70
        .cfi_adjust_cfa_offset -160
        .skip   100
        .cfi_restore_state
        .cfi_rel_offset 7, 32
        .cfi_val_offset 15, -160
        .cfi_val_offset 14, 8
        .skip   0x300
        .cfi_def_cfa 11, 400
        .cfi_def_cfa_register 12
        .cfi_register 6, 16
        .skip   0x10000
        .cfi_undefined 1, 2
        .cfi_same_value 3
        .cfi_escape 0x0f, 0x03, 0x7f
        .cfi_def_cfa 15, -160
        .cfi_endproc
        .cfi_startproc simple
        .cfi_def_cfa 15, 160
        .cfi_signal_frame
        nop
        .cfi_endproc
        .cfi_startproc
        .cfi_personality 0x9b, personality
        .cfi_lsda 0x1b, .Lhandlers
        nop
        .cfi_endproc
        .section .text.cold,"ax"
        .cfi_startproc
        .cfi_return_column 15
        .cfi_remember_state
        nop
        .cfi_endproc
        .section .gcc_except_table,"a"
.Lhandlers: .uleb128 2f-1f
1:      .skip   200
2:
    """,
    "line information": """
        .text
        .file   1 "dir/a.c"
        .file   2 "/usr/include/b.h"
        .file   3 "dir/c.c"
        .loc    1 5 3
        nop
        .loc    1 6
        .loc    1 500000 7 is_stmt 0 isa 2 discriminator 9
        nop
        .loc    2 1 1 basic_block prologue_end epilogue_begin is_stmt 1
        .skip   300
        nop
        .loc    1 2 view .LV1
        .loc    1 3 view .LV2
        .skip   100
        nop
        .loc    1 4 view -0
        .balign 32
        .loc    1 5 view -0
        nop
        .loc    1 6 view -0
        .balign 8
        nopr
        .loc    1 7 view -0
        .balign 8
        nopr
        .balign 8
        .loc    1 8 view -0
        .balign 8
        .balign 8
        .loc    1 9 view -0
        nop
        .section .text.b,"ax"
        .loc    3 1 view -0
        nop
        .skip   3f-2f
2:      .skip   6
3:      .loc    3 2 view .LV3
        .loc    3 2 view .LV4
        nop
        .section .debug_info,"",@progbits
        .byte   .LV1, .LV2, .LV3, .LV4
        .section .debug_line,"",@progbits
.Lline:
    """,
    "line information, version 5": """
        .file   0 "/root" "a.c" md5 0x00112233445566778899aabbccddeeff
        .file   1 "b.h" md5 0x10112233445566778899aabbccddeeff
        .file   2 "/usr/include" "c.h" md5 0x20112233445566778899aabbccddeeff
        .loc    1 5 3
        nop
        .loc    2 7
        nop
        .section .debug_info,"",@progbits
        .byte   1
    """,
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_an_object_is_gnus(name, tmp_path):
    require_gnu()
    (tmp_path / "a.s").write_text(SOURCES[name])
    assert differences(assemble_object(SOURCES[name]), gnu_object(tmp_path / "a.s", tmp_path)) == []


def test_gnu_reads_an_object_without_complaint(tmp_path):
    require_gnu()
    for name, source in SOURCES.items():
        (tmp_path / "a.o").write_bytes(assemble_object(source))
        done = subprocess.run(
            [PREFIX + "readelf", "-a", "a.o"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert "arning" not in done.stderr + done.stdout, name


def test_ld_makes_of_objects_what_we_make_of_their_sources(tmp_path):
    """Two files of which each needs the other."""
    require_gnu("ld")
    first = ".globl _start\n_start: brasl %r14,f@PLT\n larl %r1,table\n.weak nowhere\n.data\n.quad f, nowhere, _start\n"
    second = ".globl f, table\nf: br %r14\n.data\ntable: .quad _start\n.long f@PLT\n"
    for name, source in (("a", first), ("b", second)):
        (tmp_path / f"{name}.s").write_text(source)
        (tmp_path / f"{name}.o").write_bytes(assemble_object(source))
    program = assemble_files([tmp_path / "a.s", tmp_path / "b.s"], origin=0x10000)
    starts = [f"--section-start={section.name}={section.address:#x}" for section in program.sections]
    subprocess.run([PREFIX + "ld", "-N", *starts, "-o", "all", "a.o", "b.o"], cwd=tmp_path, check=True)
    linked = read_elf((tmp_path / "all").read_bytes())
    theirs = {address + n: byte for address, data in linked.image() for n, byte in enumerate(data)}
    for address, data in program.image():
        assert bytes(theirs[address + n] for n in range(len(data))) == data


def test_an_object_loads_as_its_source_does():
    """By our own loader: the same program, though its sections may stand elsewhere."""
    source = """
        .globl  _start
_start: lgrl    %r1,room@GOTENT
        brasl   %r14,_start@PLT
        .data
        .quad   room, _start, _start+8
        .bss
room:   .skip   8
    """
    program = read_elf(assemble_object(source), 0x10000)
    room = program.symbols["room"]
    data = next(section.data for section in program.sections if section.name == ".data")
    assert data == b"".join(value.to_bytes(8, "big") for value in (room, 0x10000, 0x10008))
    assert next(section.data for section in program.sections if section.name == ".got") == room.to_bytes(8, "big")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (".quad x*2", "1:7: error: this is more than the distance of a symbol and a number"),
        (".quad x-y", "1:7: error: a distance of two places can be one in this section, or from here"),
        (".quad -x", "1:7: error: this is more than the distance of a symbol and a number"),
        (".quad 5-x", "1:7: error: a distance of two places can be one in this section, or from here"),
        (".byte x-.", "1:7: error: the value must be a number that the assembler knows"),
        (" lhi 1,x-.", "1:8: error: a distance of two places can be one in this section, or from here"),
        (" bc x,0", "1:5: error: the value must be a number that the assembler knows"),
        (" mvc 0(x,1),0", "1:8: error: the value must be a number that the assembler knows"),
        (".data\na: .byte 1\n.text\n.quad x@GOT-a", "4:7: error: @GOT is of a symbol"),
        (" j 1f", '1:4: error: no label "1:" after this'),
        (".globl a\na = b*2", '2: error: "a" is neither a place nor a number'),
        ("a = b\nb = a\n.quad a", "a symbol is defined in terms of itself, or"),
        ("f: .size f, x", '1:13: error: undefined symbol "x"'),
    ],
)  # fmt: skip
def test_what_an_object_cannot_say(source, message):
    with pytest.raises(AssemblyError) as caught:
        assemble_object(source)
    assert message in str(caught.value)

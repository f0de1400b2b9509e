"""Directives, each in sources that GNU as takes too; macros and their arguments."""

from __future__ import annotations

import pytest

from s390emu.assembler.assemble import assemble
from tests.assembler.gnu import ORIGIN, same_as_gnu
from tests.assembler.sources import hex_of, text_of


def test_section_that_is_not_loaded():
    program = assemble('nop\n.section .comment,"MS",@progbits,1\nc: .ascii "gcc"\n.data\n.long c-c\n')
    assert [section.name for section in program.sections] == [".text", ".data"]


def test_common_symbols_are_in_bss_after_the_others():
    program = assemble(".local a\n.comm a,3\n.comm b,8,16\n.lcomm c,1\n.quad a-c,b-a", origin=ORIGIN)
    assert program.sections[0].data.hex() == f"{(1 << 64) - 3:016x}{16:016x}"
    assert (program.sections[1].name, len(program.sections[1].data), program.symbols["b"] % 16) == (".bss", 24, 0)
    assert program.global_symbols == {"b"}


DIRECTIVES = {
    "data": """
        .byte 1,-1,255,'a'
        .short -2,0xffff
        .hword 3
        .2byte 4
        .word 5
        .long -1,0x12345678
        .int 6
        .4byte 7
        .quad -1,0x123456789abcdef0
        .8byte 8
    """,
    "strings": r"""
        .ascii "a" "b", "c\n\t\\\"\101\x41\0"
        .asciz "abc", ""
        .string "d # e ; f /* g */"
    """,
    "space": """
        .skip 3
        .skip 3,0xff
        .space 2
        .zero 4
        .fill 3,2,0x1234
        .fill 2,8,0x123456789
        .fill 4
        .byte 1
    """,
    "alignment of text": """
        .byte 1
        .balign 8
        .byte 2
        .align 4
        .byte 3
        .p2align 3
        .byte 4
        .balign 16,0xaa
        .byte 5
        .balign 8,,2
        .byte 6
        .p2align 2,0,3
        .byte 7
        .align 1
    """,
    "alignment of data": """
        .data
        .byte 1
        .balign 8
        .byte 2
        .p2align 2,0xee
        .byte 3
    """,
    "org": """
        .byte 1
        .org 16
        .byte 2
here:   .byte 3
        .org here+16
        .byte 4
        .org .+3,0xff
        .byte 5
    """,
    "sections": """
        .quad d, b, d2
        .data
d:      .quad t, b+8
        .text
t:      larl %r1,d
        .section .rodata
        .asciz "ro"
        .previous
        lg %r2,0(%r1)
        .pushsection .data
d2:     .long d2-d
        .popsection
        .bss
        .skip 8
b:      .skip 16
    """,
    "macros": r"""
        .macro load reg, value=5, more:vararg
        lghi \reg,\value
        .ifnb \more
        .byte \more
        .balign 2
        .endif
        .endm
        load %r1
        load %r2,6
        load reg=%r3,value=7
        load %r4 8
        load %r5,9,1,2,3
        .macro twice what:req
        .rept 2
l\@_\what: \what
        .endr
        .endm
        .macro label n
name\()_\n: .short \@
        .endm
        label 1
        label 2
        .balign 2
        j name_2
        .macro countdown n
        .if \n
        .byte \n
        countdown "(\n-1)"
        .else
        .exitm
        .endif
        .endm
        countdown 4
        .purgem label
    """,
    "repetition": r"""
        .rept 3
        .byte 1
        .rept 2
        .byte 2
        .endr
        .endr
        .irp x,1,2, 3
        .byte \x
        .endr
        .irp x
        .byte 9\x
        .endr
        .irpc c,456
        .byte \c
        .endr
    """,
    "conditions": """
        .equ two,2
        .if two == 2
        .byte 1
        .if 0
        .byte 99
        .else
        .byte 2
        .endif
        .elseif 1
        .byte 99
        .else
        .byte 99
        .endif
        .ifdef two
        .byte 3
        .endif
        .ifndef two
        .byte 99
        .endif
        .ifdef three
        .byte 99
        .else
        .byte 4
        .endif
        .ifeq 0
        .byte 5
        .endif
        .ifgt -1
        .byte 99
        .elseif two > 1
        .byte 6
        .endif
        .ifc a,a
        .byte 7
        .endif
        .ifb
        .byte 8
        .endif
    """,
    "comments and statements": """
        .byte 1 # a comment, "not a string
        # don't
        .byte 2; .byte 3 ;; .byte 4
        /* a
           .byte 99 */ .byte 5
        .ascii "#;" ; .byte ';', '#'
a: b: c: .byte 6; d: .byte 7
    """,
    "accepted": """
        .file "x.c"
        .machine "z13"
        .globl f
        .type f, @function
f:      .cfi_startproc
        .cfi_def_cfa_offset 160
        br %r14
        .cfi_endproc
        .size f, .-f
        .ident "GCC: (Debian) 12.2.0"
        .section .note.GNU-stack,"",@progbits
    """,
    "relative": """
start:  j end
        jne start
        brasl %r14,end
        larl %r1,data
        lgrl %r2,data
        exrl %r0,start
        cgrje %r1,%r2,end
        cgij %r1,-1,8,start
        brct %r1,start
        brxle %r1,%r2,start
        bprp 1,end,start
        bpp 1,end,0(%r1)
        lghi %r3,end-start
        lay %r3,end-start(%r4)
        mvc end-start(end-end2,%r1),0(%r2)
end2:   nop
end:    .data
data:   .quad end-start, start
        .long start, data-.
    """,
    "more sections": """
        .lcomm  private, 8
        .section more,"ax",@progbits
m:      jg      t
        .section "ro","a"
        .quad   m, -(3-five)
        .text   0
t:      larl    %r1,private
        .equ    five,5
        .globl  t, m
    """,
    "short and byte of an address": """
        .equ low, 0x80
        lhi %r1,low
        mvi low(%r1),low
        .short low
        .byte low
    """,
    "set": """
        .set a,1
        .equ b,a+1
        c = b+1
        .equiv d,c+1
        .byte a,b,c,d
        .set a,9
        .byte a
    """,
}  # fmt: skip


@pytest.mark.parametrize("name", DIRECTIVES)
def test_directives_are_gnus(name):
    same_as_gnu(DIRECTIVES[name])


MACRO_ARGUMENTS = [
    "%r1,0(%r2,%r3)", "0(%r2,%r3),4", "1 2", "1 + 2", "1 -2", "(1 + 2) 3", "(1+2)*3,4", "a,,c", ",b", '"x y",z',
    '"x,y" z', "b=3", "c = 5", "a b, c", "0(4, %r1) , %r2", "8( %r1 )", "a=b=c", "%r1 , %r2", "-1 -2", "1 , -2",
    "lr %r1,%r2", "", '"b=1"', "d=x,b=y", '"",q',
]  # fmt: skip


def test_macro_arguments_are_parted_as_gnu_does():
    macro = '.macro m a=X, b=Y, c=Z, d=W\n.ascii "[\\a|\\b|\\c|\\d]"\n.endm\n'
    rest = '.macro v a, b:vararg\n.ascii "[\\a|\\b]"\n.endm\nv 1, 2 , %r3 %r4\nv\nv 1\n'
    same_as_gnu(macro + "\n".join(f" m {arguments}" for arguments in MACRO_ARGUMENTS) + "\n" + rest)


def test_ebcdic():
    assert hex_of('.ebcdic "Hi 1"') == "c88940f1"


def test_text_of_characters_beyond_ascii_is_utf8():
    assert text_of('.ascii "é"') == "é".encode()

"""What is wrong with a source: messages, their places, and that everything ends."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s390emu.assembler import reader
from s390emu.assembler.assemble import AssemblyError, assemble, assemble_file
from tests.assembler.sources import complaints


@pytest.mark.parametrize("origin", [(1 << 64) - 8, 1 << 64, -8])
def test_a_program_that_no_address_is_left_for(origin):
    assert "the program goes beyond the last address" in str(complaints(".skip 16", origin=origin))


def test_no_instruction_at_an_odd_address():
    assert "2: error: the instruction is at an odd address" in str(complaints(".byte 1\n nopr\n"))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param(" esa 1,2,3", '1:2: error: unknown instruction "esa"; did you mean "es', id="mnemonic"),
        pytest.param('.section a,"a",@1<<32', "1:17: error: the section type 4294967296 does not fit in 4",
                     id="section type"),
        pytest.param('.section a,"aM",@progbits,-1', "1:27: error: the entry size -1 does not fit in 8 bytes",
                     id="entry size"),
        pytest.param(".qaud 1", '1:1: error: unknown directive ".qaud"; did you mean ".quad"?', id="directive"),
        pytest.param(".insn rrg,0", '1:7: error: unknown format "rrg"; did you mean "rr', id="insn format"),
        pytest.param(".insn rr,0x10000,1,2", "1:10: error: the code 0x10000 does not fit in 2 bytes", id="insn code"),
        pytest.param("lop: j loop", '1:8: error: undefined symbol "loop"; did you mean "lop"?', id="symbol"),
        pytest.param(" lghi %r1,x", '1:11: error: undefined symbol "x"', id="symbol as a value"),
        pytest.param(" lgr %r1", "1:9: error: LGR has more operands than 1: R1,R2", id="too few operands"),
        pytest.param(" sske %r1", "1:10: error: SSKE has more operands than 1: R1,R2,[M3]", id="too few before [M3]"),
        pytest.param(" lgr", "1:5: error: LGR has more operands than 0: R1,R2", id="no operands"),
        pytest.param(" lgr %r1,%r2,%r3", '1:13: error: unexpected ",%r3"', id="too many operands"),
        pytest.param(" lgr %r1 %r2", '1:10: error: "," expected between operands', id="no comma"),
        pytest.param(" lgr %r16,%r1", '1:6: error: "%r16" is not a register', id="register number"),
        pytest.param(" lgr 16,1", "1:6: error: register number 16 is not between 0 and 15", id="plain register number"),
        pytest.param(" lgr %f1,%r1", "1:6: error: %f1 is a floating-point register, LGR wants a gen", id="kind"),
        pytest.param(" lgr r1,%r1", '1:6: error: the register number must be known here; a register is written "%r1"',
                     id="register without percent"),
        pytest.param(" lghi %r1,%r2", "1:11: error: LGHI wants a value here, not a register", id="register as value"),
        pytest.param(" lhi 1,32768", "1:8: error: value 32768 is not between -32768 and 32767", id="signed"),
        pytest.param(" nill 1,-1", "1:9: error: value -1 is not between 0 and 65535", id="unsigned"),
        pytest.param(" l 1,4096(2)", "1:6: error: displacement 4096 is not between 0 and 4095", id="displacement"),
        pytest.param(" ly 1,524288(2)", "1:7: error: displacement 524288 is not between -524288 and 524287", id="long"),
        pytest.param(" mvc 0(257,1),0", "1:8: error: length 257 is not between 1 and 256", id="length"),
        pytest.param(" mvc 0(0,1),0", "1:8: error: length 0 is not between 1 and 256", id="length of nothing"),
        pytest.param(" mvc 0,0", "1:7: error: a length in parentheses expected", id="no length"),
        pytest.param(" st 1,0(2,3,4)", '1:12: error: no index register or length here', id="three in parentheses"),
        pytest.param(" stck 0(2,3)", "1:10: error: no index register or length here: D(B) expected", id="index in S"),
        pytest.param(" l 1,8(2", '1:9: error: ")" expected after the base register', id="parenthesis"),
        pytest.param(" bc 16,0", "1:5: error: mask 16 is not between 0 and 15", id="mask"),
        pytest.param(" j .+3", "1:4: error: the target is at an odd distance (3)", id="odd target"),
        pytest.param(" j .+65536", "1:4: error: the target is too far away (65536 bytes)", id="far target"),
        pytest.param("a: .skip 65538\n j a", "2:4: error: the target is too far away (-65538 bytes)", id="far label"),
        pytest.param(" j a\n.skip 65536\na:", "1:4: error: the target is too far away (65540 bytes)", id="far ahead"),
        pytest.param(".byte 256", "1:7: error: 256 does not fit in 1 byte", id="byte"),
        pytest.param(".byte 1,-129", "1:9: error: -129 does not fit in 1 byte", id="signed byte"),
        pytest.param(".short a\na:", "1:8: error: 65538 does not fit in 2 bytes", id="address in two bytes"),
        pytest.param(".byte", None, id="nothing: no error"),
        pytest.param(".byte 1,", None, id="trailing comma: no error"),
        pytest.param(".byte 1 2", '1:9: error: unexpected "2"', id="no comma in a list"),
        pytest.param(".byte )", '1:7: error: expression expected, not ")"', id="expression"),
        pytest.param(".byte 1+", "1:9: error: expression expected", id="half an expression"),
        pytest.param(".byte (1", '1:9: error: ")" expected after the expression', id="open parenthesis"),
        pytest.param(".byte 1/0", "1:8: error: division by zero", id="division"),
        pytest.param(".byte 08", '1:7: error: "08" is not a number', id="octal"),
        pytest.param(' .ascii "abc', "1:9: error: string expected", id="string"),
        pytest.param("a: nop\na: nop", '2:1: error: "a" is already defined at <string>:1', id="label twice"),
        pytest.param("a=1\na: nop", '2:1: error: "a" is already defined at <string>:1', id="label after set"),
        pytest.param(" j 1b", '1:4: error: no label "1:" before this', id="local label back"),
        pytest.param(" j 1f", '1:4: error: no label "1:" after this', id="local label ahead"),
        pytest.param(".org 8\n.org 4", "2:6: error: .org goes back, from 0x8 to 0x4", id="org"),
        pytest.param(".data\nd:\n.text\n.org d", "4:6: error: .org cannot leave the section", id="org elsewhere"),
        pytest.param(".skip x", '1:7: error: undefined symbol "x"', id="skip"),
        pytest.param("a: .skip 8\n.data\n.skip a", "3:7: error: this must be a number, or the distance", id="room"),
        pytest.param(".skip -1", "1:7: error: -1 bytes is not between 0 and", id="negative skip"),
        pytest.param(".balign 3", "1:9: error: the boundary is not a power of two", id="alignment"),
        pytest.param(".if 1", "1: error: .if without .endif", id="endif"),
        pytest.param(".else", "1: error: .else without .if", id="else"),
        pytest.param(".endif", "1: error: .endif without .if", id="stray endif"),
        pytest.param(".endm", "1: error: .endm without its beginning", id="stray endm"),
        pytest.param(".exitm", "1: error: .exitm outside of a macro", id="exitm"),
        pytest.param(".macro m", "1: error: .endm is missing", id="macro without end"),
        pytest.param(".rept 2\n nop", "1: error: .endr is missing", id="rept without end"),
        pytest.param(".if x\n.endif", "1:5: error: the condition must be a number that is known here", id="condition"),
        pytest.param(".macro m a:req\n.endm\n m", '3:3: error: macro m needs a value for "a"', id="required"),
        pytest.param(".macro m a\n.endm\n m 1,2", "3:4: error: macro m has only 1 parameters", id="too many"),
        pytest.param(".macro m\n m\n.endm\n m", "more than 100 macros or files within each other", id="endless macro"),
        pytest.param(".rept 10000000\n nop\n.endr", "repetitions are too many", id="too many repetitions"),
        pytest.param('.include "no.inc"', '1: error: file "no.inc" not found; looked in ', id="include"),
        pytest.param(".bss\n.byte 1", "2: error: .bss holds no data, only room", id="data in bss"),
        pytest.param("a = b\nb = a\n.quad a", "a symbol is defined in terms of itself, or", id="circle"),
        pytest.param('.error "no"', "1: error: no", id="error"),
        pytest.param("1x:", "1:1: error: label, directive or instruction expected", id="no statement"),
        pytest.param(".org later\nlater:", "a value here depends on a symbol that is not known yet", id="org ahead"),
        pytest.param(".text 9999", "1:7: error: subsection 9999 is not between -8192 and 8192", id="subsection"),
        pytest.param(".set ,1", "1:6: error: symbol expected", id="no symbol"),
        pytest.param(".set a 1", '1:8: error: "," expected after the symbol', id="set without comma"),
        pytest.param("a=1\n.equiv a,2", '2:8: error: "a" is already defined at <string>:1', id="equiv twice"),
        pytest.param(".quad -a", '1:8: error: undefined symbol "a"', id="sign of an undefined symbol"),
        pytest.param("a = b", '1:5: error: undefined symbol "b"', id="symbol by an undefined one"),
        pytest.param(".err", "1: error: .err", id="err"),
        pytest.param(".purgem m", "1:10: error: no such macro", id="purgem"),
        pytest.param(".macro m 1", "1:10: error: parameter name expected", id="parameter name"),
        pytest.param(".macro m a:opt", '1:15: error: "opt" is neither req nor vararg', id="parameter kind"),
        pytest.param(".if 1\n.else\n.else\n.endif", "3: error: .else after .else", id="else twice"),
        pytest.param(".quad " + "(" * 2000, "the expression is too deep", id="deep"),
        pytest.param(" lhi 1,a\n.equ a,1/0", "2:9: error: division by zero", id="division in a symbol"),
        pytest.param(" lhi 1,1/a\na=0", "1:9: error: division by zero", id="division by what comes later"),
        pytest.param(" mvck 0,0(2),3", '1:8: error: "(R,B)" expected', id="no register length"),
        pytest.param(" mvck 0(1 2),0,3", '1:11: error: "," expected after the first register', id="R and B"),
        pytest.param(" lgr %x1,%r1", '1:6: error: "%x1" is not a register', id="no such register"),
        pytest.param(" l 1,(%r2)", "1:6: error: a displacement is missing: 0(%r1)", id="no displacement"),
        pytest.param('.section n,"aw",@nobits\n.byte 1', "2: error: n holds no data, only room", id="nobits"),
        pytest.param(" nop 8,1", '1:7: error: unexpected ",1"', id="nop with two operands"),
        pytest.param(".popsection", "1: error: .popsection without .pushsection", id="popsection"),
    ],
)  # fmt: skip
def test_error(source, message):
    if message is None:
        assemble(source)
    else:
        found = str(complaints(source, origin=0x10000))
        assert message in found


DIGITS = "7" * 5000


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param(f".long {DIGITS}", "1:7: error: a number of 5000 digits does not fit in 8 bytes", id="number"),
        pytest.param(f".quad 1+0x{DIGITS}", "1:9: error: a number of 5002 digits does not fit", id="hexadecimal"),
        pytest.param(f".long {DIGITS}b", "1:7: error: a number of 5000 digits", id="backward reference"),
        pytest.param(f"j {DIGITS}f", "1:3: error: a number of 5000 digits", id="forward reference"),
        pytest.param(f"{DIGITS}: nop", "1:1: error: a label of 5000 digits", id="label"),
        pytest.param(f"lr %r{DIGITS},%r1", "is not a register", id="register"),
        pytest.param(".long \N{ARABIC-INDIC DIGIT THREE}", "expression expected", id="another digit"),
        pytest.param(".long \N{SUPERSCRIPT TWO}", "expression expected", id="superscript"),
        pytest.param("lr %r\N{ARABIC-INDIC DIGIT THREE},%r1", "is not a register", id="another register"),
    ],
)
def test_digits_that_are_too_many_or_none(source, message):
    assert message in str(complaints(source))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param('.ascii ' + '"\\' * 100_000, "string expected", id="unfinished string"),
        pytest.param('.macro m a\n.endm\nm ' + '"\\' * 100_000, None, id="unfinished string as an argument"),
        pytest.param(
            "".join(f".set a{n + 1},a{n}+a{n}\n" for n in range(60)) + ".quad a60\n.set a0,end-start\nstart: nop\nend:",
            None, id="symbols that double",
        ),
        pytest.param(
            '.macro n a\n m "\\a\\a"\n.endm\n.macro m a\n n "\\a\\a"\n.endm\n m "xxxxxxxx"', "make the source too long",
            id="arguments that double",
        ),
        pytest.param(".macro m a\n.ascii \"" + "\\a" * 1000 + '"\n.endm\n m "' + "x" * 10_000 + '"',
                     "make the source too long", id="an argument used many times"),
        pytest.param("nop\n" * 2_000_001, "more than 2000000 statements", id="lines"),
        pytest.param("nop;" * 2_000_001, "more than 2000000 statements", id="statements"),
        pytest.param(".rept 1000001\nnop\n.endr", "1000001 repetitions are too many", id="repetitions"),
        pytest.param(".rept 1001\n.rept 1001\n.endr\n.endr", None, id="repetitions of nothing"),
        pytest.param(".skip 0x8000001", "is not between 0 and 134217728", id="room"),
        pytest.param("".join(f".section s{n}\n.skip 0x7000000\n" for n in range(20)), "is not between 0",
                     id="sections"),
        pytest.param(".long " + "-" * 100_000 + "1", "too deep", id="signs"),
        pytest.param(".long " + "x+" * 20_000 + "1", "too deep", id="sums"),
    ],
)  # fmt: skip
def test_what_grows_without_bound_ends_soon(source, message):
    """These took minutes, or gigabytes."""
    started = time.process_time()
    if message is None:
        assemble(source)
    else:
        assert message in str(complaints(source))
    assert time.process_time() - started < 20


def test_error_shows_the_line_and_a_caret():
    error = complaints("start: nop\n\tlghi\t%r1,70000  # much\n", filename="x.s")
    assert str(error) == (
        "x.s:2:11: error: value 70000 is not between -32768 and 32767\n    \tlghi\t%r1,70000  # much\n    \t    \t    ^"
    )
    assert (error.filename, error.line, error.column) == ("x.s", 2, 11)


def test_error_in_a_macro_says_who_used_it():
    source = ".macro inner x\n lgr \\x\n.endm\n.macro outer\n inner %r1\n.endm\n nop\n outer\n"
    error = complaints(source, filename="x.s")
    assert str(error).splitlines() == [
        "x.s:2:9: error: LGR has more operands than 1: R1,R2",
        "     lgr %r1",
        "            ^",
        "  in macro inner, used at x.s:5",
        "  in macro outer, used at x.s:8",
    ]


def test_error_in_an_included_file_says_who_included_it(tmp_path):
    (tmp_path / "a.inc").write_text(" foo\n")
    (tmp_path / "main.s").write_text('\n.include "a.inc"\n')
    with pytest.raises(AssemblyError) as caught:
        assemble_file(tmp_path / "main.s")
    assert str(caught.value).splitlines()[0].startswith(f"{tmp_path / 'a.inc'}:1:2: error")
    assert str(caught.value).splitlines()[-1] == f"  included at {tmp_path / 'main.s'}:2"


def test_all_errors_at_once_but_not_more_than_twenty():
    assert len(complaints(" foo\n nop\n bar\n lgr 1\n j nowhere\n").errors) == 4
    assert len(complaints(" foo\n" * 50).errors) == 20


def test_a_source_that_grows_without_end(monkeypatch):
    monkeypatch.setattr(reader, "LONGEST", 10_000)
    error = complaints(".rept 1000\n.rept 1000\n.byte 1\n.endr\n.endr")
    assert "more than 10000 lines after all expansion" in str(error)


def test_errors_come_in_the_order_of_the_source():
    error = complaints(" j nowhere\n.macro m\n foo\n.endm\n lhi 1,x\n m\n bar\n")
    assert [complaint.position.origin.line for complaint in error.errors] == [1, 5, 6, 7]


def test_macros_are_suggested_too():
    assert 'did you mean "save_registers"?' in str(complaints(".macro save_registers\n.endm\n save_register\n"))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="lgr %1,()+-*'\"\\.:#;\n/&0xbf=jmacroendifspt", max_size=60))
def test_any_text_assembles_or_is_an_assembly_error(source):
    try:
        assemble(source)
    except AssemblyError as error:
        assert 1 <= len(error.errors) <= 20

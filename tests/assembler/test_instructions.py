"""Instructions: every mnemonic and row, their operands, .insn."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s390emu.assembler.disassemble import disassemble
from s390emu.assembler.operands import find, mnemonics
from s390emu.isa.formats import BASED, FR, GR, INDEXED, KEYED, LENGTH, REGISTERS, RELATIVE
from tests.assembler.gnu import require_gnu, same_as_gnu
from tests.assembler.sources import hex_of, text_of
from tests.isa.rows import ALL, build, fields


@pytest.mark.parametrize(
    ("line", "code"),
    [
        pytest.param("essa %r2,%r1,3", "b9ab3021", id="essa"),
        pytest.param("essa 0,1,0", "b9ab0001", id="essa: the check value of docs/page-hinting.md section 1"),
        pytest.param("servc %r1,%r2", "b2200012", id="servc"),
        pytest.param("AGR 3,4", "b9080034", id="upper case and plain numbers"),
        pytest.param("lg %r1,8(%r3,%r2)", "e31320080004", id="index and base"),
        pytest.param("lg %r1,8(%r2)", "e31020080004", id="base alone"),
        pytest.param("lg %r1,8(,%r2)", "e31020080004", id="base after an empty index"),
        pytest.param("lg %r1,8", "e31000080004", id="neither"),
        pytest.param("lg %r1,-1(%r2)", "e3102fffff04", id="negative long displacement"),
        pytest.param("lay %r1,524287(%r2)", "e3102fff7f71", id="largest displacement"),
        pytest.param("lay %r1,-524288(%r2)", "e31020008071", id="smallest displacement"),
        pytest.param("mvc 1(256,%r1),2(%r2)", "d2ff10012002", id="length is one more than L"),
        pytest.param("mvc 1(4),2", "d20300010002", id="length without base"),
        pytest.param("mvck 1(%r2,%r3),4(%r5),%r6", "d92630015004", id="register length"),
        pytest.param("ap 1(16,%r1),2(1,%r2)", "faf010012002", id="two lengths"),
        pytest.param("srp 1(2,%r3),4(%r5),6", "f01630015004", id="SS-c"),
        pytest.param("sske %r1,%r2", "b22b0012", id="mask left out"),
        pytest.param("sske %r1,%r2,8", "b22b8012", id="mask given"),
        pytest.param("ipte %r1,%r2", "b2210012", id="two operands left out"),
        pytest.param("ipte %r1,%r2,%r3", "b2213012", id="one operand left out"),
        pytest.param("risbg %r1,%r2,3,4", "ec1203040055", id="rotate amount left out"),
        pytest.param("risbgz %r1,%r2,3,4,5", "ec1203840555", id="zero remaining bits"),
        pytest.param("lctlg %c0,%c15,0(%r1)", "eb0f1000002f", id="control registers"),
        pytest.param("lam %a0,%a15,0(%r1)", "9a0f1000", id="access registers"),
        pytest.param("iedtr %f1,%f2,%r3", "b3f62013", id="floating and general"),
        pytest.param("j .", "a7f40000", id="here"),
        pytest.param("j .-2", "a7f4ffff", id="back"),
        pytest.param("j 8", "a7f40004", id="a number is a distance, as GNU has it"),
        pytest.param("nop", "47000000", id="nop"),
        pytest.param("nopr", "0700", id="nopr"),
        pytest.param("br %r14", "07fe", id="br"),
        pytest.param("jne .", "a7740000", id="jne"),
        pytest.param("brasl %r14,.+4294967294", "c0e57fffffff", id="as far as it goes"),
        pytest.param("lhi %r1,'a'", "a7180061", id="character"),
        pytest.param(".insn rrf,0xb9ab0000,%r1,%r2,3,4", "b9ab3412", id="insn"),
        pytest.param("fiebra %f1,2,%f3,4", "b3572413", id="second form"),
        pytest.param("bprp 1,.+2,.+4", "c51001000002", id="MII"),
        pytest.param("efpc %r6,%r9", "b38c0069", id="efpc with an operand that is ignored"),
        pytest.param("sfpc %r6,%r9", "b3840069", id="sfpc with an operand that is ignored"),
        pytest.param("efpc %r6", "b38c0060", id="efpc"),
    ],
)
def test_instruction(line, code):
    assert hex_of(line) == code


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False))
def test_one_source_with_many_rows_is_the_sum_of_its_lines(rng):
    rows = rng.choices(ALL, k=20)
    codes = [build(row, [rng.getrandbits(width) for _, width in fields(row)]) for row in rows]
    # Numbers as relative operands are distances, and the text of an instruction at 0 has the distance in it.
    source = "\n".join(disassemble(code).text for code in codes)
    assert text_of(source) == b"".join(codes)


def test_every_row_with_random_operands_is_gnus():
    require_gnu()
    rng = random.Random(20260101)
    lines = []
    for row in ALL:
        for _ in range(6):
            # GNU as wants the first register of a pair where one must be: multiples of 4 always are.
            values = [rng.randrange(0, 16, 4) if width == 4 else rng.getrandbits(width) for _, width in fields(row)]
            lines.append(disassemble(build(row, values)).text)
    same_as_gnu("\n".join(lines))


def _operand(operand):
    if operand.kind in REGISTERS:
        return {GR: "%r4", FR: "%f4"}.get(operand.kind, "4")
    if operand.kind == RELATIVE:
        return ".+16"
    storage = {BASED: "8(%r5)", INDEXED: "8(%r6,%r5)", LENGTH: "8(3,%r5)", KEYED: "8(%r3,%r5)"}
    return storage.get(operand.kind, "7")


def test_every_mnemonic_extended_ones_too_is_gnus():
    require_gnu()
    lines = [f"{name} {','.join(map(_operand, find(name).operands))}" for name in mnemonics()]
    assert len(lines) > 1700
    same_as_gnu("\n".join(lines))


@pytest.mark.parametrize("name", ["jnop", "jgnop", "bru", "brul", "brnel", "jas", "jasl", "jct", "jctg", "jxh", "jxleg",
                                  "cgrjnlh", "clgtnhe", "locghinlh", "selfhrnz", "stocfhp", "risbgnz", "tml", "tmh"])
def test_knows(name):
    assert name in mnemonics()


def test_insn_formats_are_gnus():
    same_as_gnu("""
        .insn e,0x0101
        .insn ri,0xa7080000,%r1,-2
        .insn rie,0xec0000000044,%r1,%r2,1f
        .insn ril,0xc00000000000,%r1,1f
        .insn rilu,0xc00800000000,%r1,0xffffffff
        .insn ris,0xec00000000fe,%r1,-2,3,4(%r5)
        .insn rr,0x1800,%r1,%r2
        .insn rre,0xb9040000,%r1,%r2
        .insn rrf,0xb9ab0000,%r1,%r2,3,4
        .insn rrs,0xec00000000f6,%r1,%r2,3,4(%r5)
        .insn rs,0x98000000,%r1,%r2,4(%r3)
        .insn rse,0xeb0000000004,%r1,%r2,4(%r3)
        .insn rsi,0x84000000,%r1,%r2,1f
        .insn rsy,0xeb0000000004,%r1,%r2,-4(%r3)
        .insn rx,0x58000000,%r1,4(%r2,%r3)
        .insn rxe,0xed0000000004,%f1,4(%r2,%r3)
        .insn rxf,0xed000000000e,%f1,%f2,4(%r5,%r6)
        .insn rxy,0xe30000000004,%r1,-4(%r2,%r3)
        .insn s,0xb2050000,4(%r2)
        .insn si,0x92000000,4(%r2),255
        .insn sil,0xe54c00000000,4(%r2),-1
        .insn siy,0xeb0000000052,-4(%r2),255
        .insn ss,0xd90000000000,1(%r2,%r3),4(%r5),%r6
        .insn sse,0xe50000000000,1(%r2),3(%r4)
        .insn ssf,0xc80000000000,1(%r2),3(%r4),%r5
1:      nop
    """)

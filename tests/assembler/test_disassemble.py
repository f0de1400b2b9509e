"""Disassembler: against objdump and capstone over every row, and back through the assembler."""

from __future__ import annotations

import random
import re
from itertools import product

import pytest
from hypothesis import given, settings

from s390emu.assembler.assemble import assemble
from s390emu.assembler.disassemble import Labels, disassemble, find_row, ignored_bits, instructions, listing, source
from s390emu.isa.opcodes import ROWS
from tests.assembler.gnu import assert_same, objdump, require_gnu
from tests.isa import rows as table_rows
from tests.isa.rows import ALL, anything, build, fields, ignored, samples
from tests.required import lacking

UNKNOWN_TO_OBJDUMP = {"ESSA", "IUCV", "SERVC"}  # binutils 2.40

# What capstone 5.0 does not know, or says otherwise than the manual and objdump.
CAPSTONE_TOO_OLD = {  # facilities of z15 and z16
    "SORTL", "DFLTCC", "KDSA", "NNPA", "NNGRK", "OCGRK", "NOGRK", "NXGRK", "NNRK", "OCRK", "NORK", "NXRK", "SELFHR",
    "SELGR", "NCGRK", "SELR", "NCRK", "MVCRL", "LBEAR", "STBEAR", "QPACI", "RDP", "LPSWEY", "TPEI",
    "VLEBRH", "VLEBRG", "VLEBRF", "VLLEBRZ", "VLBRREP", "VLBR", "VLER", "VSTEBRH", "VSTEBRG", "VSTEBRF", "VSTBR",
    "VSTER", "VSLD", "VSRD", "VSTRS", "VCLZDP", "VUPKZH", "VUPKZL", "VPKZR", "VSRPR", "VSCHP", "VSCSHP", "VCSPH",
}  # fmt: skip
CAPSTONE_NEVER = {"ESSA", "IUCV", "SERVC"}
CAPSTONE_CALLS_A_GENERAL_REGISTER_FLOATING = {  # PoP ch. 20: R1 of EEDTR, ESDTR, R2 of IEDTR, RRDTR are general
    "EEDTR", "EEXTR", "ESDTR", "ESXTR", "IEDTR", "IEXTR", "RRDTR", "RRXTR",
}  # fmt: skip


@pytest.mark.parametrize("rows", [pytest.param(ALL[n::8], id=f"part {n}") for n in range(8)])
def test_text_is_objdumps(rows):
    require_gnu()
    rows = [row for row in rows if row.mnemonic not in UNKNOWN_TO_OBJDUMP]
    cases = [code for row in rows for code in samples(row)]
    address = 0x40000
    wrong = []
    for code, theirs in zip(cases, objdump(cases, address), strict=True):
        ours = disassemble(code, address).text
        if theirs.count("(") > theirs.count(")"):  # objdump loses the end of "nop 0(%r8,%r0)"
            theirs += ",%r0)"
        if ours != theirs:
            wrong.append(f"{code.hex()}: {ours!r}, objdump {theirs!r}")
        address += len(code)
    assert not wrong, "\n".join(wrong)


def _registers(text):
    """An instruction without the kinds of its registers."""
    return re.sub("0x[0-9a-f]+", lambda found: str(int(found[0], 0)), text.replace("%f", "%r").replace(" ", ""))


@pytest.mark.parametrize("rows", [pytest.param(ROWS[n::8], id=f"part {n}") for n in range(8)])
def test_capstone_means_the_same(rows):
    """Its text, which has other spellings (hexadecimal, cgrtlh for cgrtne), assembles to the same bytes. It takes an
    odd register where an even one must be for no instruction at all, hence only one sample has to be decoded."""
    try:
        import capstone
    except ImportError:
        lacking("capstone is not installed")
    decoder = capstone.Cs(capstone.CS_ARCH_SYSZ, capstone.CS_MODE_BIG_ENDIAN)
    for row in rows:
        if row.mnemonic in CAPSTONE_TOO_OLD | CAPSTONE_NEVER:
            continue
        decoded = 0
        for code in samples(row):
            for instruction in decoder.disasm(code, 0):
                decoded += 1
                text = f"{instruction.mnemonic} {instruction.op_str}"
                if row.mnemonic in CAPSTONE_CALLS_A_GENERAL_REGISTER_FLOATING:
                    assert _registers(text) == _registers(disassemble(code).text)
                elif ",%r0)" in (ours := disassemble(code).text):  # it leaves base 0 out: 8(%r4,%r0) becomes 8(%r4)
                    assert assemble(text).sections == assemble(ours.replace(",%r0)", ")")).sections
                else:
                    assert assemble(text).sections[0].data == code, f"{row.mnemonic} {code.hex()}: {text}"
        assert decoded, row.mnemonic


@settings(max_examples=300, deadline=None)
@given(table_rows.instructions())
def test_assembles_back_to_the_same_bytes(case):
    _, code = case
    assert assemble(disassemble(code).text).sections[0].data == code


@pytest.mark.parametrize("chapter", sorted({row.chapter for row in ROWS}))
def test_assembles_back_every_row_at_the_edges(chapter):
    codes = [code for row in ALL if row.chapter == chapter for code in samples(row)]
    for code in codes:
        text = disassemble(code).text
        assert assemble(text).sections[0].data == code, text


def assembled(text) -> bytes:
    return assemble(text).sections[0].data


def test_finds_the_row():
    assert find_row(bytes.fromhex("b9ab3021")).mnemonic == "ESSA"
    assert disassemble(bytes.fromhex("b9ab3021")).row.mnemonic == "ESSA"


def test_one_instruction_of_several():
    instruction = disassemble(bytes.fromhex("b9ab3021a7f40000"))
    assert instruction[:3] == (4, "essa", "essa %r2,%r1,3")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        pytest.param("0000", ".short 0x0000", id="two bytes"),
        pytest.param("b2fe0000", ".long 0xb2fe0000", id="four bytes"),
        pytest.param("e40010000006", ".short 0xe400,0x1000,0x0006", id="six bytes, of a first byte without rows"),
        pytest.param("e30000000001", ".short 0xe300,0x0000,0x0001", id="six bytes, of a first byte with rows"),
        pytest.param("07", ".byte 0x07", id="one byte of two"),
        pytest.param("b2ff", ".short 0xb2ff", id="two bytes of four"),
        pytest.param("b2ffff", ".byte 0xb2,0xff,0xff", id="three bytes of four"),
        pytest.param("c01f0000", ".long 0xc01f0000", id="four bytes of six"),
        pytest.param("c01f000000", ".byte 0xc0,0x1f,0x00,0x00,0x00", id="five bytes of six"),
    ],
)
def test_what_is_no_instruction_has_all_its_bytes_in_one_statement(code, text):
    code = bytes.fromhex(code)
    assert disassemble(code) == (len(code), text.split()[0], text, None, 0)
    assert source(code) == text
    assert assembled(text) == code


@pytest.mark.parametrize("first", range(256))
def test_what_follows_an_unknown_operation_code_is_decoded_from_the_right_place(first):
    unknown = next(code for code in unknown_codes(first))
    found = [(address, text.mnemonic) for address, _, text in instructions(unknown + bytes.fromhex("a7180005"))]
    assert found[1:] == [(len(unknown), "lhi")]
    assert len(unknown) == (2, 4, 4, 6)[first >> 6]


def unknown_codes(first):
    """Instructions with this first byte that are no row's; where there is none, any instruction."""
    length = (2, 4, 4, 6)[first >> 6]
    every = [bytes([first, *rest]) + bytes(length - 2) for rest in product(range(256))] if length < 6 else [
        bytes([first, second, 0, 0, 0, last]) for second, last in product(range(16), range(256))
    ]  # fmt: skip
    return [code for code in every if find_row(code) is None] or every[:1]


@pytest.mark.parametrize(
    ("code", "text", "bits"),
    [
        pytest.param("80ff1000", "ssm 0(%r1)", "8-15", id="SI without I2"),
        pytest.param("82b70eee", "lpsw 3822", "8, 10-11, 13-15", id="LPSW"),
        pytest.param("93551008", "ts 8(%r1)", "9, 11, 13, 15", id="TS"),
        pytest.param("b9f65735", "ork %r3,%r5,%r5", "21-23", id="RRF-a without M4"),
        pytest.param("ec000003c144", "brxhg %r0,%r0,0x6", "32-33, 39", id="RIE-e"),
        pytest.param("b2220051", "ipm %r5", "31", id="RRE without R2"),
        pytest.param("b9081012", "agr %r1,%r2", "19", id="RRE, bits 16-23"),
        pytest.param("b3570f13", "fiebra %f1,0,%f3,15", "", id="a second form says what the first cannot"),
    ],
)
def test_ones_in_ignored_bits_are_told_beside_the_instruction(code, text, bits):
    code = bytes.fromhex(code)
    instruction = disassemble(code)
    assert instruction.text == text
    assert instruction.mnemonic == text.split()[0]
    assert ignored_bits(instruction) == bits
    assert listing(code).endswith(f"\t{text}" + (f"\t# ones in ignored bits {bits}" if bits else ""))


def test_the_source_of_an_instruction_with_ones_in_ignored_bits_is_data():
    assert source(bytes.fromhex("b9f65735")) == ".long 0xb9f65735  # ork %r3,%r5,%r5"
    assert source(bytes.fromhex("ec000003c144")) == ".short 0xec00,0x0003,0xc144  # brxhg %r0,%r0,.+0x6"


@pytest.mark.parametrize(
    ("code", "statement"),
    [("a7f40000", "j ."), ("a7f4fffe", "j .-0x4"), ("c50800000000", "bprp 0,.-0x1000,."), ("1812", "lr %r1,%r2")],
)
def test_a_relative_operand_of_the_source_is_a_distance(code, statement):
    assert source(bytes.fromhex(code)) == statement


STREAMS = [pytest.param(seed, id=f"streams {100 * seed} to {100 * seed + 99}") for seed in range(12)]


@pytest.mark.parametrize("seed", STREAMS)
def test_streams_of_instructions_assemble_from_their_source_to_the_same_bytes(seed):
    """Of rows with anything in their operands, ones in what is ignored or not, and of bytes that may be anything."""
    rng = random.Random(seed)
    for _ in range(100):
        stream = b"".join(_anything(rng) for _ in range(30))
        statements = [source(code) for _, code, _ in instructions(stream, rng.randrange(0, 1 << 32, 2))]
        assert assembled("\n".join(statements)) == stream


def _anything(rng) -> bytes:
    kind = rng.randrange(3)
    if kind == 0:
        return rng.randbytes(rng.choice((2, 4, 6)))
    row = rng.choice(ALL)
    if kind == 1:
        return anything(row, rng)
    return build(row, [rng.getrandbits(width) for _, width in fields(row)])


def test_gnu_makes_the_same_bytes_of_the_source():
    require_gnu()
    rng = random.Random(20260102)
    lines: list[str] = []
    for row in ALL:
        for _ in range(4):
            # GNU as wants the first register of a pair where one must be: multiples of 4 always are.
            values = [rng.randrange(0, 16, 4) if width == 4 else rng.getrandbits(width) for _, width in fields(row)]
            lines.append(source(build(row, values)))
        ones = int.from_bytes(build(row, values), "big") | ignored(row)
        lines.append(source(ones.to_bytes(row.format.length, "big")))
        lines.append(source(rng.choice(unknown_codes(int(row.opcode[:2], 16)))))
    text = "\n".join(lines)
    assert_same(assemble(text), [text])


def test_no_bytes():
    with pytest.raises(ValueError, match="no bytes"):
        disassemble(b"")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("a7f4fffe", "j loop"),
        ("a7f40002", "j loop+0x8"),
        ("a7f40800", "j 0x11004"),
        ("c0e5ffffff00", "brasl %r14,0xfe04"),
    ],
)
def test_symbols(code, text):
    assert disassemble(bytes.fromhex(code), 0x10004, {"loop": 0x10000, "zero": 0}).text == text


def test_listing():
    program = assemble("start: lghi %r2,1\nloop: brct %r2,loop\n .long 0\n", origin=0x10000)
    assert listing(program.sections[0].data, 0x10000, program.symbols).splitlines() == [
        "0000000000010000 <start>:",
        "   10000:\ta7 29 00 01       \tlghi %r2,1",
        "0000000000010004 <loop>:",
        "   10004:\ta7 26 00 00       \tbrct %r2,loop",
        "   10008:\t00 00             \t.short 0x0000",
        "   1000a:\t00 00             \t.short 0x0000",
    ]


def test_an_instruction_does_not_run_over_a_label():
    code = bytes.fromhex("a7180001 c0e50000 07fe")
    labels = Labels([(0x1008, 0x100A, "out")])
    assert [(address, found.text) for address, _, found in instructions(code, 0x1000, labels)] == [
        (0x1000, "lhi %r1,1"),
        (0x1004, ".long 0xc0e50000"),
        (0x1008, "br %r14"),
    ]


def test_a_target_is_called_after_the_nearest_place_up_to_its_end():
    labels = Labels([(0x1000, 0x1008, "f"), (0x1000, 0x1008, "alias"), (0x2000, 0x2010, "g")])
    texts = {address: labels.text(address) for address in (0xFFE, 0x1000, 0x1006, 0x1008, 0x2000, 0x2010)}
    assert texts == {
        0xFFE: "0xffe", 0x1000: "f", 0x1006: "f+0x6", 0x1008: "0x1008", 0x2000: "g", 0x2010: "0x2010",
    }  # fmt: skip
    assert labels.headings(0x1000) == ["0000000000001000 <f>:", "0000000000001000 <alias>:"]

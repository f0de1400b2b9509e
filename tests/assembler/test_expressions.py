"""Expressions and symbols: precedence, 64 bits, what is known when."""

from __future__ import annotations

import random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from s390emu.assembler.assemble import assemble
from tests.assembler.gnu import ORIGIN, gnu_sections, require_gnu, same_as_gnu
from tests.assembler.sources import complaints, hex_of, text_of

EXPRESSIONS = [
    "1|2+4*3", "1<<4+1", "5-3>1", "-8>>1", "7/-2", "-7/2", "-7%3", "7%-3", "1==1", "1!=1", "1<>2", "2>=3", "2<=3",
    "1<2", "3&&0||1", "2||0", "1&&1", "6!3", "6^3", "6&3|1", "~0", "-~5", "!0", "!7", "'a'", "'b", "'\\n'", "'\\''",
    "'a+1", "0x7fffffffffffffff+0", "0b101", "017", "(1+2)*3", "((4))", "- 3", "1 + 2 * 3", "2*3+4", "100-10-1",
    "1<<63", "0xffffffffffffffff", "2-1==1", "1|6&2",
]  # fmt: skip


OVERFLOWING = [
    ("4294967296*8589934592==0", -1), ("4294967296*8589934592||0", 0), ("!(4294967296*4294967296)", 1),
    ("0xffffffffffffffff+1", 0), ("0x7fffffffffffffff+1<0", -1), ("-0x8000000000000000-1>0", -1),
    ("0xffffffffffffffff>0", 0), ("0xffffffffffffffff==-1", -1), ("0xffffffffffffffff/2", 0),
    ("0xffffffffffffffff%2", -1), ("~0xffffffffffffffff", 0), ("-0xffffffffffffffff", 1), ("-1>>1>0", -1),
    ("1<<64", 0), ("1<<-1", 0), ("1>>-1", 0), ("-1>>4294967297", 0), ("1<<(4294967296*4294967296)", 1),
]  # fmt: skip


def test_precedence_is_gnus():
    same_as_gnu("\n".join(f".quad {expression}" for expression in EXPRESSIONS))


@pytest.mark.parametrize(
    ("expression", "value"),
    [("1|2+4*3", 15), ("1<<4+1", 17), ("5-3>1", -1), ("3&&0||1", 1), ("7/-2", -3), ("-7%3", -1), ("6!3", -2)],
)
def test_precedence(expression, value):
    assert int.from_bytes(text_of(f".quad {expression}"), "big", signed=True) == value


def test_64_bits_are_gnus():
    same_as_gnu("\n".join(f".quad {expression}" for expression, _ in OVERFLOWING))
    same_as_gnu("""
start:  .quad start+0xffffffffffffffff, start-0xffffffffffffffff, start+0xffffffffffffffff-start
        .quad start+0xffffffffffffffff<start, end-start-0xffffffffffffffff-2
end:
    """)


@pytest.mark.parametrize(("expression", "value"), OVERFLOWING)
def test_64_bits(expression, value):
    assert int.from_bytes(text_of(f".quad {expression}"), "big", signed=True) == value


@pytest.mark.parametrize("value", ["0x10000000000000000", "18446744073709551617-1", "0x10000000000000001==1"])
def test_a_number_of_more_than_64_bits(value):
    assert "does not fit in 8 bytes" in str(complaints(f".quad {value}"))


_OPERATORS = ["+", "-", "*", "|", "&", "^", "!", "==", "!=", "<", ">", "<=", ">=", "<<", ">>", "&&", "||", "/", "%"]


_EDGES = [0, 1, 2, 63, 64, 1 << 32, 1 << 33, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]


def _random_expression(random):
    text = random.choice(["", "-", "~", "!"])
    for operator in [*random.choices(_OPERATORS, k=random.randint(0, 5)), ""]:
        if text.endswith(("/ ", "% ")):
            # GNU as takes 1 for a divisor of 0, where we complain, and dies of -2**63 / -1.
            number = random.randint(1, 1 << 33)
        else:
            text += random.choice(["", "-", "~", "!"])
            number = random.choice([random.choice(_EDGES), random.getrandbits(33), random.getrandbits(64)])
        text += f"{number} {operator} "
    return text


# Not shrunk: each try is a run of GNU as and ld, hundreds of them for minutes, and the shortest difference is short.
@settings(max_examples=5, deadline=None, phases=set(Phase) - {Phase.shrink, Phase.explain})
@given(st.integers(0, 1 << 64))
def test_random_expressions_are_gnus(seed):
    require_gnu()
    randomly = random.Random(seed)
    expressions = [_random_expression(randomly) for _ in range(400)]
    source = "\n".join(f".quad {expression}" for expression in expressions)
    program = assemble(source, origin=ORIGIN)
    ours, theirs = program.sections[0].data, gnu_sections([source], program)[".text"]
    differences = [
        (expression, ours[at : at + 8].hex(), theirs[at : at + 8].hex())
        for expression, at in zip(expressions, range(0, len(ours), 8), strict=True)
        if ours[at : at + 8] != theirs[at : at + 8]
    ]
    assert not differences, "ours, GNU: {} {} {}".format(*min(differences, key=lambda each: len(each[0])))


def test_symbols_and_here():
    source = """
start:  .quad end-start, . - start, mark, later   # . is where the datum stands
        .equ  mark, 5
        .set  later, end - start
end:
    """
    assert text_of(source, origin=0x100)[:32].hex() == "".join(f"{value:016x}" for value in (32, 8, 5, 32))


def test_set_again_counts_from_there_on():
    assert hex_of(".set x,1\n.byte x\n.set x,x+1\n.byte x\nx=7\n.byte x\n") == "010207"


def test_a_symbol_that_is_defined_by_later_ones():
    assert hex_of(".byte size\n.set size, end-start\nstart: .skip 3\nend:\n") == "03000000"


def test_local_labels():
    source = "1: j 1f\n1: j 1b\n j 1f\n1: nopr\n"
    assert hex_of(source) == "a7f40002" + "a7f40000" + "a7f40002" + "0700"

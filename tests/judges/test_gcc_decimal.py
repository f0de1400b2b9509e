"""Decimal floating point as gcc computes it: while it compiles, by its own library (decNumber), and with instructions
that it emits, here. A program compares the two to the bit, quantum included, and counts what differs."""

from __future__ import annotations

import os
import subprocess
from random import Random

import pytest

from s390emu.assembler.elf_loader import read_elf
from s390emu.conformance.twins.decimal_floating_point import hard, random_datum
from s390emu.conformance.twins.exact_decimal import EXTENDED, LONG, Format
from s390emu.machine import Machine, Reason
from tests.programs.build import BARE, COMPILER, LINK
from tests.required import require

CASES = int(os.environ.get("S390EMU_DFP_PROGRAM", "24"))  # of each operation
TYPES = {LONG: ("_Decimal64", "dd"), EXTENDED: ("_Decimal128", "dl")}
START = r"""
asm(".globl _start\n_start: larl %r15,stack+131072-160\n larl %r1,control\n lctlg %c0,%c0,0(%r1)\n"
    " brasl %r14,differing\n larl %r1,wait\n stg %r2,8(%r1)\n lpswe 0(%r1)\n");
unsigned long control = 0x400E0;                     /* AFP-register control */
unsigned long wait[2] = {0x0002000180000000, 0};
char stack[131072] __attribute__((aligned(8)));
static int same(const void *a, const void *b, int n)
{
    for (const char *p = a, *q = b; n--; p++, q++)
        if (*p != *q)
            return 0;
    return 1;
}
#define CHECK(type, from, a, b, folded, run) \
    { static const type expected = folded; volatile from x = a, y = b; type found = run; (void)y; \
      count += !same(&found, &expected, sizeof found); cases++; }
int cases;
unsigned long differing(void)
{
    unsigned long count = 0;
"""


def literal(form: Format, rng: Random) -> str:
    """A number in C, without its sign."""
    numbers = [datum for datum in hard(form) if datum.kind == "n"]
    datum = rng.choice(numbers) if rng.random() < 0.4 else random_datum(form, rng)
    return f"{datum.digits}.E{datum.exponent}{TYPES[form][1]}"


def source(rng: Random) -> str:
    lines = [START]
    for form, (name, suffix) in TYPES.items():
        other = ("_Decimal32", "_Decimal128") if form is LONG else ("_Decimal64", "_Decimal64")
        for _ in range(CASES):
            a, b = (rng.choice("+-") + literal(form, rng) for _ in "ab")
            zero = b[1:].split(".")[0].strip("0") == ""
            for operator in "+-*" if zero else "+-*/":
                lines.append(f"CHECK({name}, {name}, {a}, {b}, ({a}) {operator} ({b}), x {operator} y)")
            for operator in ("<", "=="):
                lines.append(f"CHECK(int, {name}, {a}, {b}, ({a}) {operator} ({b}), x {operator} y)")
            lines += [f"CHECK({to}, {name}, {a}, 0, ({to})({a}), ({to})x)" for to in other]
            number = rng.randrange(-(1 << 63), 1 << 63) >> rng.randrange(60)
            lines.append(f"CHECK({name}, long, {number}, 0, ({name})({number}), ({name})x)")
            exponent = rng.randint(-12, 2)
            number = f"{rng.choice('+-')}{rng.randrange(10**15)}.E{exponent}{suffix}"
            for to in ("long", "int") if exponent < -6 else ("long",):
                lines.append(f"CHECK({to}, {name}, {number}, 0, ({to})({number}), ({to})x)")
    return "\n".join([*lines, "    return count;\n}\n"])


@pytest.mark.parametrize("machine", ["z10", "z196"])
def test_instructions_give_what_the_compiler_folds(tmp_path, machine):
    """z196 has more instructions: conversions of 32 bits and without a sign."""
    require(COMPILER)
    path, image = tmp_path / "decimal.c", tmp_path / "decimal.elf"
    path.write_text(source(Random(f"decimal {machine}")))
    subprocess.run([COMPILER, "-O1", f"-march={machine}", "-fno-trapping-math", "-w", *BARE, *LINK, path, "-o", image],
                   check=True)  # fmt: skip
    emulated = Machine(1 << 20)
    emulated.load(read_elf(image.read_bytes()))
    stop = emulated.run(limit=5_000_000)
    assert (stop.reason, stop.exit_code) == (Reason.DISABLED_WAIT, 0)

"""Every `gcc -S -g` output assembles to the object that GNU as makes of it: sections, symbols, relocations, bytes."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from s390emu.assembler.assemble import assemble_object
from tests.assembler.gnu import PREFIX, require_gnu
from tests.judges.c_programs import FEATURES, random_program
from tests.judges.gnu_objects import compare, differences
from tests.judges.programs import SEED

LEVELS = ("-O0", "-O1", "-O2", "-O3", "-Os", "-Og")
MACHINES = ("z900", "z990", "z9-109", "z10", "z196", "zEC12")  # those without vectors
PLACES = ("-fno-pic", "-fpic", "-fPIC", "-fpie", "-fPIE")
DEBUG = ("-g", "-g1", "-g3", "-gdwarf-4", "-gdwarf-2")
MORE = (
    "-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables", "-fcommon", "-fexceptions",
    "-fno-jump-tables", "-fno-merge-constants", "-fno-section-anchors", "-mbackchain", "-fstack-protector-all",
    "-fdebug-types-section", "-gno-variable-location-views", "-gno-column-info", "-pg", "-mhotpatch=4,4",
)  # fmt: skip


def options(number: int) -> list[str]:
    """The options of a configuration: every choice comes up within a dozen of them."""
    rng = random.Random(f"{SEED} {number}")
    chosen = [LEVELS[number % 6], "-march=" + MACHINES[number * 5 % 6 - number // 6 % 6], PLACES[number % 5]]
    return [*chosen, DEBUG[number // 2 % 5], *rng.sample(MORE, 3)]


def compiled(folder, source: str, flags: list[str]):
    (folder / "a.c").write_text(source)
    subprocess.run([PREFIX + "gcc", *flags, "-w", "-std=gnu11", "-S", "a.c"], cwd=folder, check=True)
    return folder / "a.s"


@pytest.mark.parametrize("number", range(12))
def test_what_gcc_has_directives_for(number, tmp_path):
    require_gnu("gcc")
    flags = options(number)
    assert compare(compiled(tmp_path, FEATURES, flags), tmp_path) == [], flags


@pytest.mark.parametrize("number", range(24))
def test_random_programs(number, tmp_path):
    require_gnu("gcc")
    flags, seed = options(number + 100), SEED * 1000 + number
    assert compare(compiled(tmp_path, random_program(seed), flags), tmp_path) == [], (flags, seed)


def test_differences_are_seen(tmp_path):
    """The judge itself: a byte, a symbol, a relocation and a section's header that are not the same."""
    sources = [".globl f\nf: nop\n.quad g\n", ".globl f\nf: nopr\nnopr\n.quad g\n", "f: nop\n.quad g\n",
               ".globl f\nf: nop\n.quad g+1\n", ".globl f\nf: nop\n.quad g\n.balign 16\n"]  # fmt: skip
    first, *others = map(assemble_object, sources)
    assert differences(first, first) == []
    told = ["".join(differences(first, other)) for other in others]
    for text, what in zip(told, (".text+0x0", "symbols", "relocations of .text", "header of .text"), strict=True):
        assert what in text


def test_the_judge_by_hand(tmp_path):
    require_gnu()
    (tmp_path / "a.s").write_text("f: nop\n.quad g\n")
    run = subprocess.run(
        [sys.executable, "-m", "tests.judges.gnu_objects", tmp_path], capture_output=True, text=True, check=True
    )
    assert run.stdout.startswith("1 the same in ")

"""Facilities by generation: the table against the assembler that compilers for these machines use, and itself."""

from __future__ import annotations

import re
import subprocess
from itertools import pairwise

import pytest

from s390emu.architecture import models
from s390emu.architecture.models import MAX, MODELS, has, since
from s390emu.engine.handlers import ARCHITECTURE_FACILITIES
from s390emu.isa.opcodes import DFP, ENHANCEMENTS, EXTENSIONS, FPX, ROWS
from tests.assembler.gnu import PREFIX, require_gnu

MARCH = {model.name: "z9-ec" if model.name == "z9" else model.name for model in MODELS}
# Where GNU as says something else than the table, and why the table is right.
DEVIATIONS = {
    "CLCLU": "the manual's extended-translation facility 2 has it, with the others of bit 16",
    "CU21": "an alias from the time when they were CUUTF and CUTFU; those are z900's",
    "CU12": "as CU21",
    **dict.fromkeys(("VCLFP", "VCFPL", "VCSFP", "VCFPS", "VFLL", "VFLR"), "named anew after z13: VCLGD and its like"),
    "SERVC": "not in the manual", "IUCV": "not in the manual", "ESSA": "not in the manual",
}  # fmt: skip


def test_no_facility_comes_with_two_generations():
    listed = [bit for model in MODELS for bit in model.facilities]
    assert len(listed) == len({*listed})


def test_a_model_has_what_those_before_it_had():
    for earlier, model in pairwise(MODELS):
        assert all(has(model.name, bit) for bit in earlier.facilities)
        assert not any(has(earlier.name, bit) for bit in model.facilities)
    assert has("z900", None) and not has("z15", 9999) and has(MAX, 9999)


@pytest.mark.parametrize("facility, model", [(None, "z900"), (0, "z900"), (18, "z990"), (21, "z9"), (-1, "z9"),
                                             (34, "z10"), (45, "z196"), (73, "zEC12"), (129, "z13"), (147, "z14"),
                                             (61, "z15"), (193, "")])  # fmt: skip
def test_since_when_there_is_a_facility(facility, model):
    assert since(facility) == model


def test_every_facility_that_the_emulator_knows_has_its_generation_or_is_later_than_all():
    known = {row.facility for row in ROWS} | {*ENHANCEMENTS} | ARCHITECTURE_FACILITIES | {f for f, _, _ in EXTENSIONS}
    assert {bit for bit in known if not since(bit)} == {165, 192, 193, 194, 196}


def test_gnu_as_begins_to_accept_each_instruction_with_its_generation(tmp_path):
    require_gnu()
    source, known = tmp_path / "all.s", [row for row in ROWS if row.mnemonic not in DEVIATIONS]
    source.write_text("\n".join(row.mnemonic.lower() for row in known) + "\n")
    accepted: dict[str, str] = {}
    for model in models.NAMES[:-1]:
        said = subprocess.run([f"{PREFIX}as", "-m64", f"-march={MARCH[model]}", "-o", tmp_path / "all.o", source],
                              capture_output=True, text=True).stderr  # fmt: skip
        refused = {int(line) for line in re.findall(r":(\d+): Error: Unrecognized opcode", said)}
        assert refused  # each of these lines lacks its operands, so there are other errors too
        for number, row in enumerate(known, 1):
            if number not in refused:
                accepted.setdefault(row.mnemonic, model)
    for row in known:
        # DFP instructions of the floating-point extension facility need both bits, and have the first in the table.
        expected = max(since(row.facility), "z900", key=lambda name: models.NAMES.index(name) if name else -1)
        if row.facility == DFP and accepted.get(row.mnemonic) == since(FPX):
            continue
        assert accepted.get(row.mnemonic, "") == (expected if since(row.facility) else ""), row.mnemonic

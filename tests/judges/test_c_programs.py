"""C programs of our own (tests/programs/) print the same here, on this computer and in QEMU: what their text files say.

gcc compiles them at three levels for four models: S390EMU_TARGETS says for how many of these twelve targets,
S390EMU_SEED for which first; any four have every level and every model. Half as many, of six others, have vector
registers. Each runs with DAT and without it, on one CPU and on two. Python is a second judge of decimal numbers,
digests and integers.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import os
import shutil
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from s390emu._jit import JIT
from s390emu.assembler.elf_loader import read_elf
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason
from s390emu.machine.schedule import Schedule
from tests.judges.programs import SEED
from tests.judges.qemu_boot import QEMU
from tests.programs import build
from tests.required import require

FIRST, COUNT = SEED * 4, int(os.environ.get("S390EMU_TARGETS", "4"))
TARGETS = [build.TARGETS[(FIRST + n) % len(build.TARGETS)] for n in range(COUNT if JIT else 1)]
PROGRAMS = build.PROGRAMS if JIT else ["quad"]  # as plain Python the shortest: 50,000 instructions
SETTINGS = [(translation, cpus) for translation in (False, True) for cpus in (1, 2)]
LIMIT = 2_000_000_000  # instructions
VECTOR_TARGETS = [build.VECTOR_TARGETS[(SEED - 1 + n) % len(build.VECTOR_TARGETS)] for n in range(max(1, COUNT // 2))]
FRAMES = 32  # fewer than the pages that the programs use
STORAGE = 16 << 20

compiled_only = pytest.mark.skipif(not JIT, reason="millions of instructions: only compiled")


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> dict[tuple[build.Target, bool], Path]:
    """Images of all programs, by target and whether with DAT; compiled on all cores."""
    require(build.COMPILER)

    def of(target: build.Target, folder: Path) -> dict:
        objects = build.for_the_bare_machine(folder, target, PROGRAMS)
        return {(target, translation): objects.image(translation=translation) for translation in (False, True)}

    folders = [tmp_path_factory.mktemp(str(target)) for target in TARGETS]  # pytest makes them in one thread only
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return {key: path for found in pool.map(of, TARGETS, folders) for key, path in found.items()}


@pytest.fixture(scope="module")
def objects(tmp_path_factory) -> build.Objects:
    """The programs, compiled for the first target."""
    require(build.COMPILER)
    return build.for_the_bare_machine(tmp_path_factory.mktemp("programs"), TARGETS[0], PROGRAMS)


def run(image: Path, cpus: int = 1, **options) -> Machine:
    machine = Machine(STORAGE, cpus=cpus, **options)
    machine.load(read_elf(image.read_bytes()))
    stop = machine.run(limit=LIMIT)
    assert (stop.reason, stop.exit_code) == (Reason.DISABLED_WAIT, 0), machine.console
    return machine


@pytest.mark.parametrize("translation, cpus", SETTINGS, ids=lambda it: str(it))
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_prints_what_is_expected(images, target, translation, cpus):
    assert run(images[target, translation], cpus).console == build.expected(PROGRAMS)


@compiled_only
@pytest.mark.parametrize("target", VECTOR_TARGETS, ids=str)
def test_prints_what_is_expected_with_vectors(tmp_path, target):
    require(build.COMPILER)
    image = build.for_the_bare_machine(tmp_path, target, PROGRAMS).image(translation=True)
    assert run(image, 2).console == build.expected(PROGRAMS)


@pytest.mark.parametrize("cpus", [1, 2])
@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_prints_the_same_in_qemu(images, target, cpus):
    require(QEMU)
    command = [QEMU, "-machine", "s390-ccw-virtio", "-accel", "tcg", "-cpu", "max", "-m", f"{STORAGE >> 20}M"]
    command += ["-smp", str(cpus), "-display", "none", "-nodefaults"]
    command += ["-chardev", "stdio,id=c", "-device", "sclpconsole,chardev=c", "-kernel", str(images[target, cpus == 2])]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)
    assert done.stdout == build.expected(PROGRAMS), done.stderr


def test_prints_the_same_on_this_computer_and_when_it_runs_again(tmp_path):
    if shutil.which(build.HOST_COMPILER) is None:
        pytest.skip(f"{build.HOST_COMPILER} is not installed")
    objects = build.for_this_host(tmp_path)
    for rounds in (1, 2):
        done = subprocess.run([objects.image(rounds=rounds)], capture_output=True, text=True, check=True, timeout=60)
        assert done.stdout == build.expected()


def test_translation_costs_no_instruction_but_for_its_tables(images):
    without, with_it = (run(images[TARGETS[0], translation]).count for translation in (False, True))
    assert 0 < with_it - without < 100_000


@compiled_only
def test_neither_a_host_that_pages_nor_the_tlb_is_noticed(images):
    image = images[TARGETS[0], True]
    plain, paged, slow = run(image), run(image, host=Host(FRAMES, PagingDevice())), run(image, tlb=False)
    assert paged.host.guests[paged.guest_number].statistics.read_back > 0
    assert (plain.console, plain.count) == (paged.console, paged.count) == (slow.console, slow.count)


@compiled_only
@pytest.mark.parametrize("quantum, seed", [(1, None), (7, None), (3, 1), (20, 2), (20, 3), (500, 4)])
def test_threads_in_any_interleaving(objects, quantum, seed):
    image = objects.image(["threads"], translation=quantum > 1)
    assert run(image, 2, schedule=Schedule(2, quantum, seed)).console == build.expected(["threads"])


def test_runs_from_the_command_line(objects):
    command = [sys.executable, "-m", "s390emu", "run", objects.image(["quad"]), "--cpus", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, build.expected(["quad"]))
    assert done.stderr.splitlines()[-1].startswith("s390emu: disabled wait, code 0x0")  # "compiling" may come before


# --- Python as the judge ----------------------------------------------------------------------------------------------


def lines_of(program: str) -> list[str]:
    return (build.FOLDER / f"{program}.txt").read_text().splitlines()


@pytest.mark.parametrize("line", [line for line in lines_of("doubles") if "[" not in line], ids=lambda line: line[:16])
def test_doubles_are_printed_as_by_python(line):
    bits, texts = line.split()
    (value,) = struct.unpack(">d", bytes.fromhex(bits))
    assert texts == "%.0f|%.3f|%.0e|%.16e|%g|%.17g" % ((value,) * 6)


@pytest.mark.parametrize("line", [line for line in lines_of("strtod") if "wrong" not in line], ids=lambda it: it[17:50])
def test_doubles_are_read_as_by_python(line):
    bits, length, text = line.split()
    assert struct.pack(">d", float(text[: int(length)])).hex() == bits


def test_digests_are_those_of_python():
    texts = [b"", b"abc", b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", b"a" * 5000]
    found = [hashlib.sha256(text).hexdigest() for text in texts]
    found.append(hmac.digest(b"key", b"The quick brown fox jumps over the lazy dog", "sha256").hex())
    assert [line.split()[0] for line in lines_of("sha256")] == found


def test_big_numbers_are_those_of_python():
    fibonacci = [0, 1]
    while len(fibonacci) < 502:
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    values = {"100!": math.factorial(100), "0!": 1, "F(501)": fibonacci[501], "3**256": 3**256}
    assert lines_of("bignum")[:4] == [f"{name} = {value}" for name, value in values.items()]

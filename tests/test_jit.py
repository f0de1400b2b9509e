"""What `_jit` assumes of Numba beyond its documented interface, one test each: a new Numba fails with a sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from s390emu._jit import JIT, address_of, cache, call1, entry_point, jit, record_in, u64
from s390emu.records.cpu import CPU_T
from s390emu.records.port import PORT_T
from s390emu.storage.guest import GuestStorage

jitted = pytest.mark.skipif(not JIT, reason="about compiled code")


@jit
def half(value):
    return value >> u64(1)


def half_and_one(value):
    return half(value) + u64(1)


def count_up(storage):
    storage.count += u64(1)


def add_to_count(cpu, storage, amount):
    return storage.count + amount


def called(cpu, storage, address, amount):
    return call1(address, cpu, storage, amount)


def test_a_function_is_called_from_python_in_numbas_own_calling_convention():
    """int32 status (int64 *result, exception **, arguments...): the result comes back, whole."""
    entry = entry_point(half_and_one, integers=1)
    assert entry(1 << 63) == (1 << 62) + 1


def test_a_record_is_passed_as_its_address_and_a_procedure_returns_nothing():
    storage = GuestStorage(1 << 16)
    entry = entry_point(count_up, PORT_T, integers=0, returns=False)
    assert (entry(storage.ports[0]), entry(storage.port_addresses[0])) == (0, 0)
    assert storage.ports[0].count == 2


def test_compiled_code_calls_a_function_by_its_address():
    storage, cpus = GuestStorage(1 << 16), np.zeros(1, CPU_T)
    storage.ports[0].count = 40
    address = address_of(add_to_count, CPU_T, PORT_T, integers=1)
    entry = entry_point(called, CPU_T, PORT_T, integers=2)
    assert entry(record_in(cpus), storage.ports[0], address, 2) == 42


@jitted
def test_a_kernel_has_no_wrappers_until_python_calls_it():
    @jit
    def third(value):
        return value // u64(3)

    assert third.targetoptions["no_cpython_wrapper"]
    assert third.targetoptions["no_cfunc_wrapper"]
    assert third(u64(9)) == 3


def test_the_digest_is_of_every_source_of_the_package(tmp_path, monkeypatch):
    """A function's object code has that of its callees in it: an edit of one elsewhere must be another cache."""
    package = tmp_path / "s390emu"
    shutil.copytree(cache.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cache, "PACKAGE", package)
    seen = {cache.source_digest()}
    for source in sorted(package.rglob("*.py")):
        source.write_bytes(source.read_bytes() + b"\n# another one\n")
        seen.add(cache.source_digest())
    (package / "isa" / "new.py").write_text("")
    seen.add(cache.source_digest())
    assert len(seen) == 2 + len(list(package.rglob("*.py"))) - 1


ASK = """
from s390emu._jit import address_of
from s390emu._jit.compiler import Proper
from s390emu.records.port import PORT_T
from s390emu.storage.tlb import flush, purge
compiled, compile_it = [], Proper._compile_uncached
Proper._compile_uncached = lambda self: compiled.append(self) or compile_it(self)
for function in (flush, purge):
    print(address_of(function, PORT_T, integers=0, returns=False))
print(len(compiled))
"""


def ask(cache_folder, **environment) -> tuple[list[int], int]:
    """Return the addresses of two functions in a process with this cache, and how many of them it had to compile."""
    environment = os.environ | {"S390EMU_CACHE": str(cache_folder)} | environment
    done = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True)
    *addresses, compiled = map(int, done.stdout.split())
    return addresses, compiled


@pytest.fixture(scope="module")
def full_cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    assert ask(folder)[1] == 2
    return folder


@jitted
def test_a_second_process_finds_the_code_of_the_first(full_cache):
    assert ask(full_cache)[1] == 0


@jitted
def test_what_is_found_lies_close_together(full_cache):
    """Functions that all begin on pages of their own have the same places in the processor's instruction cache."""
    (first, second), _ = ask(full_cache)
    assert 0 < abs(first - second) < 4096


@jitted
@pytest.mark.parametrize("kept", [slice(0), slice(20), slice(-1), slice(1, None)])
def test_damaged_code_is_compiled_anew(full_cache, tmp_path, kept):
    shutil.copytree(full_cache, tmp_path / "cache")
    [file] = (tmp_path / "cache").rglob("*.flush.o")
    file.write_bytes(file.read_bytes()[kept])
    assert [ask(tmp_path / "cache")[1] for _ in range(2)] == [1, 0]


@jitted
def test_code_with_checks_of_bounds_is_kept_apart(full_cache, tmp_path):
    shutil.copytree(full_cache, tmp_path / "cache")
    assert [ask(tmp_path / "cache", NUMBA_BOUNDSCHECK="1")[1] for _ in range(2)] == [2, 0]
    assert ask(tmp_path / "cache")[1] == 0

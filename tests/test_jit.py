"""What `_jit` assumes of Numba beyond its documented interface, one test each: a new Numba fails with a sentence."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from llvmlite import binding as llvm

from s390emu._jit import (
    JIT,
    address_of,
    bitcode_of,
    cache,
    call1,
    entry_point,
    function_of,
    jit,
    leading_zeros,
    parallel,
    prebuilt,
    record_in,
    u64,
)  # fmt: skip
from s390emu._jit.objects import Kept
from s390emu.engine import entries
from s390emu.records.cpu import CPU_T
from s390emu.records.port import PORT_T
from s390emu.storage.guest import GuestStorage
from s390emu.storage.tlb import flush, purge

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
def test_python_may_call_a_kernel():
    @jit
    def third(value):
        return value // u64(3)

    assert third(u64(9)) == 3


def test_the_digest_is_of_every_source_that_compiled_code_may_depend_on(tmp_path, monkeypatch):
    """A function's object code has that of its callees in it: an edit of one elsewhere must be another cache."""
    package = tmp_path / "s390emu"
    shutil.copytree(cache.PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cache, "PACKAGE", package)
    seen = {cache.source_digest()}
    edited = 0
    for source in sorted(package.rglob("*.py")):
        source.write_bytes(source.read_bytes() + b"\n# another one\n")
        edited += source.relative_to(package).parts[0] not in cache.ABOVE
        seen.add(cache.source_digest())
    (package / "isa" / "new.py").write_text("")
    seen.add(cache.source_digest())
    assert len(seen) == 2 + edited


def test_the_digest_is_taken_anew_when_a_source_has_been_written(tmp_path, monkeypatch):
    package, kept = tmp_path / "s390emu", tmp_path / "cache" / "sources"
    package.mkdir()
    source = package / "one.py"
    source.write_text("one = 1\n")
    monkeypatch.setattr(cache, "PACKAGE", package)
    first = cache.known_digest(kept)
    assert first == cache.source_digest()
    with monkeypatch.context() as unread:
        unread.setattr(cache, "source_digest", lambda: pytest.fail("it is known"))
        assert cache.known_digest(kept) == first
    times = source.stat()
    source.write_text("one = 2\n")  # as long, and told to be as old
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    second = cache.known_digest(kept)
    assert second == cache.source_digest() != first
    kept.write_bytes(kept.read_bytes()[5:])  # damaged
    assert cache.known_digest(kept) == second
    assert cache.known_digest(tmp_path / "cache" / "sources" / "nowhere") == second


def test_nothing_that_is_compiled_comes_from_above():
    """What stands in `cache.ABOVE` is in no digest: it imports the compiled rooms, and they must not import it."""
    import s390emu.machine  # noqa: F401 (declares procedures)

    folders = {function.name.split(".")[1] for function in entries.DECLARED}
    assert folders and folders.isdisjoint(cache.ABOVE)
    for source in cache.PACKAGE.rglob("*.py"):
        if source.relative_to(cache.PACKAGE).parts[0] in cache.ABOVE:
            assert "\n@jit" not in source.read_text(), source
    settings = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["tool"]
    layers = settings["importlinter"]["contracts"][0]["layers"]
    rooms = [re.findall(r"s390emu\.(\w+)", layer) for layer in layers]
    above = [all({room, f"{room}.py"} & cache.ABOVE for room in layer) for layer in rooms]
    assert above == sorted(above, reverse=True)  # no layer of it lies below another
    assert sum(above) == above.index(False)


ASK = """
import sys
from s390emu._jit import function_of, load, prebuilt
prebuilt.ARCHIVE = prebuilt.ARCHIVE.with_name("absent")
from s390emu._jit.calls import _addresses
from s390emu.records.port import PORT_T
names = "s390emu.storage.tlb.flush", "s390emu.storage.tlb.purge"
functions = [function_of(name, PORT_T, integers=0, returns=False) for name in names]
load(functions)
print(*(_addresses[f.name] for f in functions), "numba" in sys.modules)
"""


def ask(cache_folder, **environment) -> tuple[list[int], bool]:
    """Return the addresses of two functions in a process with this cache, and whether it had to compile them."""
    environment = os.environ | {"S390EMU_CACHE": str(cache_folder)} | environment
    done = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True)
    *addresses, compiled = done.stdout.split()
    return [int(address) for address in addresses], compiled == "True"


@pytest.fixture(scope="module")
def full_cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    assert ask(folder)[1]
    return folder


@pytest.fixture
def cache_copy(full_cache, tmp_path):
    return Path(shutil.copytree(full_cache, tmp_path / "cache"))


def kept(folder, pattern) -> list[Path]:
    return sorted(folder.rglob(pattern))


@jitted
def test_a_second_process_does_without_numba(full_cache):
    assert not ask(full_cache)[1]


GUEST = "start: lghi %r2,6\n larl %r1,end\n lpswe 0(%r1)\n .balign 8\nend: .quad 0x0002000180000000,0\n"
TRACE = ".text\n lghi %r2,6\n lg %r1,0(%r2)\n.expect\n r2 = 6\n"
WITHOUT_NUMBA = "import sys; sys.modules['numba'] = None; from s390emu.cli import main; main(sys.argv[1:])"


@jitted
@pytest.mark.parametrize("words", [("run", "g.s"), ("run", "g.s", "--trace", "insn,storage"), ("test", "t.trace")])
def test_a_command_that_was_run_before_does_without_numba(tmp_path, words):
    (tmp_path / "g.s").write_text(GUEST)
    (tmp_path / "t.trace").write_text(TRACE)
    first = subprocess.run([sys.executable, "-m", "s390emu", *words], cwd=tmp_path, capture_output=True, text=True)
    again = subprocess.run(
        [sys.executable, "-c", WITHOUT_NUMBA, *words], cwd=tmp_path, capture_output=True, text=True
    )  # fmt: skip
    assert (again.returncode, again.stdout) == (first.returncode, first.stdout)
    assert "numba" not in again.stderr


@jitted
def test_what_is_loaded_at_once_lies_close_together(full_cache):
    """Functions that all begin on pages of their own have the same places in the processor's instruction cache."""
    (first, second), _ = ask(full_cache)
    assert 0 < abs(first - second) < 4096


@jitted
@pytest.mark.parametrize("part", [slice(0), slice(20), slice(-1), slice(1, None)])
def test_damaged_object_code_is_made_anew_of_bitcode(cache_copy, part):
    [file] = kept(cache_copy, "*.flush.o")
    whole = file.read_bytes()
    file.write_bytes(whole[part])
    assert not ask(cache_copy)[1]
    assert file.read_bytes() == whole


@jitted
@pytest.mark.parametrize("part", [slice(0), slice(20), slice(-1), slice(1, None)])
def test_damaged_bitcode_is_compiled_anew(cache_copy, part):
    [file], [code] = kept(cache_copy, "*.flush.bc"), kept(cache_copy, "*.flush.o")
    code.unlink()
    file.write_bytes(file.read_bytes()[part])
    assert [ask(cache_copy)[1] for _ in range(2)] == [True, False]


@jitted
def test_another_processor_has_code_of_its_own_made_of_the_same_bitcode(cache_copy):
    [folder] = kept(cache_copy, "objects-*")
    folder.rename(folder.with_name("objects-of-another-processor"))
    assert not ask(cache_copy)[1]
    assert len(kept(cache_copy, "*.flush.o")) == 2


@jitted
def test_code_with_checks_of_bounds_is_kept_apart(cache_copy):
    assert ask(cache_copy, NUMBA_BOUNDSCHECK="1")[1]
    assert not ask(cache_copy)[1]
    assert len(kept(cache_copy, "bitcode-*")) == 2


@jitted
def test_where_nothing_can_be_written_all_is_compiled(tmp_path):
    (tmp_path / "file").write_text("")
    assert ask(tmp_path / "file" / "cache")[1]


def test_what_cannot_be_written_is_kept_for_this_process(tmp_path, monkeypatch):
    kept = Kept(tmp_path, ".o")

    def full(*arguments):
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        kept.keep("function", b"code")
    assert (kept.get("function"), list(tmp_path.iterdir())) == (b"code", [])
    kept.keep("another", b"code")
    assert Kept(tmp_path, ".o").get("another") == b"code"
    assert Kept(tmp_path, ".o").get("function") is None


def test_when_there_is_too_much_the_oldest_go(tmp_path):
    kept = Kept(tmp_path, ".o")
    for n in range(6):
        kept.keep(str(n), bytes(92))  # 100 bytes with the checksum
        os.utime(tmp_path / f"{n}.o", (n, n))
    kept.bound(600)
    assert len(kept.names()) == 6
    kept.bound(599)
    assert sorted(kept.names()) == ["4", "5"]
    Kept(tmp_path / "absent", ".o").bound(1)


def test_only_the_latest_folders_of_a_cache_are_kept(tmp_path):
    folders = [tmp_path / str(n) for n in range(6)]
    for age, folder in enumerate(folders):
        folder.mkdir()
        os.utime(folder, (1000 - age, 1000 - age))
    cache._claim(tmp_path / "5", 3)
    assert {folder.name for folder in tmp_path.iterdir()} == {"5", "0", "1"}


@jitted
def test_bitcode_is_a_module_with_the_function_and_all_that_it_calls():
    function = function_of(flush, PORT_T, integers=0, returns=False)
    module = llvm.parse_bitcode(bitcode_of(function))
    assert module.get_function(function.name).linkage == llvm.Linkage.external
    assert {f.name for f in module.functions if f.is_declaration} <= {"memset", "memcpy", "memmove"} | {
        f.name for f in module.functions if f.name.startswith("llvm.")
    }


@jitted
def test_many_functions_are_compiled_by_several_processes(tmp_path, monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    kept = {name: Kept(tmp_path, f".{name}") for name in ("bc", "o")}
    monkeypatch.setattr(parallel, "bitcodes", lambda: kept["bc"])
    monkeypatch.setattr(parallel, "objects", lambda: kept["o"])
    functions = [function_of(f, PORT_T, integers=0, returns=False) for f in (flush, purge)]
    assert sorted(f.name for f in parallel.make(functions)) == sorted(f.name for f in functions)
    assert all(kept[kind].get(f.name) for f in functions for kind in kept)


def test_neighbours_are_for_one_process_and_who_has_done_its_own_takes_the_last_of_others():
    mine, its = shares = parallel._neighbours("abcde", 2)  # type: ignore[arg-type]
    assert list(map(list, shares)) == [["a", "b", "c"], ["d", "e"]]
    taken = [parallel._next(own, shares) for own in (mine, its, its, its, mine)]
    assert taken == ["a", "d", "e", "c", "b"]
    with pytest.raises(IndexError):
        parallel._next(mine, shares)
    assert len(parallel._neighbours("abc", 8)) == 3  # type: ignore[arg-type]


@jitted
def test_what_a_worker_fails_at_is_left_and_the_others_are_made(tmp_path, monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    monkeypatch.setattr(parallel, "bitcodes", lambda: Kept(tmp_path, ".bc"))
    monkeypatch.setattr(parallel, "objects", lambda: Kept(tmp_path, ".o"))
    absent = function_of("s390emu.storage.tlb.absent", PORT_T, integers=0)
    function = function_of(flush, PORT_T, integers=0, returns=False)
    assert list(parallel.make([absent, function])) == [function]


@jitted
@pytest.mark.skipif(sys.platform != "linux", reason="copies of a process")
def test_copies_of_this_process_make_the_object_code_of_bitcode(tmp_path, monkeypatch):
    functions = [function_of(f, PORT_T, integers=0, returns=False) for f in (flush, purge)]
    for function in functions:
        bitcode_of(function)
    made = Kept(tmp_path, ".o")
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    monkeypatch.setattr(parallel, "CACHEABLE", True)
    monkeypatch.setattr(parallel, "active_count", lambda: 1)
    monkeypatch.setattr(parallel, "object_of", lambda function: made.keep(function.name, bitcode_of(function)))
    parallel.generate(functions)
    assert sorted(made.names()) == sorted(f.name for f in functions)

    def fails(function):
        made.keep(f"{os.getpid()}", b"")
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(parallel, "object_of", fails)
    with pytest.raises(OSError, match="full"):  # here; its copy has ended with it, silently
        parallel.generate(functions)
    assert len(made.names()) == 4

    monkeypatch.setattr(parallel, "active_count", lambda: 2)
    parallel.generate(functions)  # not by copies of a process with threads
    assert len(made.names()) == 4


def test_bitcode_of_a_wheel_is_used_if_it_was_made_of_these_sources(tmp_path, monkeypatch):
    monkeypatch.setattr(prebuilt, "ARCHIVE", tmp_path / "prebuilt.zip")
    prebuilt._archive.cache_clear()
    try:
        assert prebuilt.get("a.function") is None
        prebuilt.write(prebuilt.ARCHIVE, {"a.function": b"bitcode"})
        prebuilt._archive.cache_clear()
        assert prebuilt.names() == ["a.function"]
        assert (prebuilt.get("a.function"), prebuilt.get("another")) == (b"bitcode", None)
        monkeypatch.setattr(prebuilt, "CACHE", Path("other-sources"))
        prebuilt._archive.cache_clear()
        assert prebuilt.get("a.function") is None
        prebuilt.ARCHIVE.write_bytes(b"no archive")
        prebuilt._archive.cache_clear()
        assert prebuilt.names() == []
    finally:
        prebuilt._archive.cache_clear()


@jitted
def test_what_only_compiled_code_can_do_says_so():
    with pytest.raises(TypeError, match="leading_zeros: only compiled code"):
        leading_zeros(u64(1))

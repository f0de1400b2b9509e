"""Descriptions of guests: what they mean, and what is wrong with them in one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from s390emu.guests import toy_kernel
from s390emu.input_files import FileError
from s390emu.sanitizer.guest import DescriptionError, Frame, read_description

SYMBOLS = {"TABLE": 0x20000, "POOL": 0x30000, "OWNER": 0, "LOOK": 0x10010}
TABLE = '[frames]\ntable = "TABLE"\nentry = 16\ncount = 4\nfirst = "POOL"\nowner = ["OWNER", 1]\nflags = [1, 1]\n'


@pytest.fixture
def read(tmp_path):
    def read(text: str, name: str = "guest.toml"):
        path = tmp_path / name
        path.write_text(text)
        return read_description(path, SYMBOLS)

    return read


def test_everything_is_optional(read):
    known = read("")
    assert known.frames is None and not known.has("flags") and known.mask("dirty") == 0 and not known.is_reserved(0)


def test_symbols_stand_for_numbers(read):
    known = read(TABLE + '[reserved]\nranges = [[0, 0x2000], ["TABLE", "POOL"]]\n[fixups]\nat = [["LOOK", 4]]\n')
    assert known.frames and (known.frames.address, known.frames.end, known.frames.first) == (0x20000, 0x20040, 0x30)
    assert known.frames.parse(bytes([7, 3]) + bytes(14)) == Frame(owner=7, flags=3)
    assert [known.is_reserved(block) for block in (0, 1, 2, 0x20, 0x30)] == [True, True, False, True, False]
    assert known.fixups == {0x10010: 4}


@pytest.mark.parametrize("first, end, reserved", [
    (0x2000, 0x3000, [2]), (0x2FFF, 0x3001, [2, 3]), (0x3000, 0x3001, [3]), (0x2800, 0x2800, []),
])  # fmt: skip
def test_a_range_is_reserved_from_its_first_byte_to_before_its_end(read, first, end, reserved):
    known = read(f"[reserved]\nranges = [[{first}, {end}]]\n")
    assert [block for block in range(8) if known.is_reserved(block)] == reserved


@pytest.mark.parametrize("counted, discarded, users", [
    ("", 0, 5), ('"cache"', 0, 4), ('"maps"', 0, 3), ('"cache", "maps"', 0, 2), ('"cache", "maps"', 4, 3),
])  # fmt: skip
def test_references_of_users_are_those_that_nobody_else_has(read, counted, discarded, users):
    known = read(TABLE + f"counted = [{counted}]\n[owners]\ncache = [1]\n[flags]\ndiscarded = 4\n")
    assert known.users(Frame(owner=1, flags=discarded, references=5, maps=2)) == users
    assert known.users(Frame(owner=1)) == 0


def test_what_a_guest_of_several_cpus_tells(read):
    known = read("[cpu]\ndisabled = true\ninterlocked = true\n[locks]\nfree = 'TABLE'\n")
    assert known.disabled and known.interlocked and known.locks == {"free": 0x20000}


def test_json_is_as_good(read):
    assert read(json.dumps({"flags": {"dirty": 1}}), "guest.json").mask("dirty") == 1


@pytest.mark.parametrize("text, complaint", [
    pytest.param("[frame]\n", r"\[frame\]: the sections are frames, flags", id="section"),
    pytest.param("[flags]\ndirt = 1\n", r"flags\.dirt: known are dirty, writable, discarded", id="key"),
    pytest.param('[flags]\ndirty = "TABEL"\n', "the guest has no symbol TABEL; did you mean TABLE", id="symbol"),
    pytest.param("[flags]\ndirty = true\n", "True is neither a number nor a symbol", id="not a number"),
    pytest.param('[frames]\ntable = "TABLE"\n', "frames.entry is missing", id="missing"),
    pytest.param(TABLE.replace("16", "0"), "entry and count are above zero", id="entry of nothing"),
    pytest.param(TABLE + "maps = 4\n", r"frames\.maps: write \[offset, bytes\]", id="field"),
    pytest.param(TABLE + "maps = [4, 3]\n", "bytes one of 1, 2, 4, 8", id="field of three bytes"),
    pytest.param("[owners]\ncache = 1\n", "owners.cache: write a list", id="list"),
    pytest.param("[reserved]\nranges = [1, 2]\n", "list of lists of 2", id="range"),
    pytest.param("[fixups]\nat = [[0, 16]]\n", "a register from 0 to 15", id="register"),
    pytest.param("[cpu]\ndisabled = 1\n", "write true or false", id="truth"),
    pytest.param("[cpu]\ninterlocked = 1\n", "cpu.interlocked: write true or false", id="another truth"),
    pytest.param(TABLE + 'counted = "cache"\n', "frames.counted: write a list of cache, maps", id="no list of names"),
    pytest.param(TABLE + 'counted = ["tasks"]\n', "frames.counted: write a list of cache, maps", id="names"),
    pytest.param("[locks]\nfree = true\n", "locks.free: True is neither a number nor a symbol", id="lock"),
    pytest.param("[frames\n", "guest.toml: ", id="syntax"),
    pytest.param("x = " + "[" * 99999, "brackets within brackets", id="brackets"),
    pytest.param("[flags]\ndirty = " + "9" * 5000, "guest.toml: Exceeds the limit", id="digits"),
    pytest.param("[flags]\ndirty = 0x" + "f" * 5000, "a number of 20000 bits is not a whole number", id="large"),
    pytest.param("[flags]\ndirty = -1\n", "-1 is not a whole number from 0", id="negative"),
    pytest.param("[flags]\ndirty = 1.0\n", "1.0 is neither a number nor a symbol", id="fraction"),
    pytest.param(TABLE + "maps = [12, 8]\n", r"frames\.maps: it ends behind the entry of 16 bytes",
                 id="behind the entry"),
    pytest.param(TABLE + "maps = [4, 4.0]\n", "bytes one of 1, 2, 4, 8", id="fraction of bytes"),
    pytest.param(TABLE + "maps = [4, true]\n", "bytes one of 1, 2, 4, 8", id="true bytes"),
])  # fmt: skip
def test_what_is_wrong_is_told_in_one_line(read, text, complaint):
    with pytest.raises(DescriptionError, match=complaint) as error:
        read(text)
    assert "\n" not in str(error.value)


def test_toy_kernel_is_described():
    program = toy_kernel.build()
    known = read_description(toy_kernel.description(), program.symbols)
    assert known.frames and known.frames.address == program.symbols["FRAME_TABLE"]
    assert known.is_reserved(program.symbols["CACHE_INDEX"] // 4096)
    assert not known.is_reserved(program.symbols["POOL"] // 4096)


@pytest.mark.parametrize("name", ["guest.toml", "guest.json"])
def test_what_is_not_text_in_utf_8(tmp_path, name):
    (tmp_path / name).write_bytes(b"\xff\xfe")
    with pytest.raises(FileError, match=f"{name}: not text in UTF-8"):
        read_description(tmp_path / name, SYMBOLS)


def test_a_device(tmp_path):
    with pytest.raises(FileError, match="/dev/zero: a device, not a file"):
        read_description(Path("/dev/zero"), SYMBOLS)


@pytest.mark.parametrize("text, table, end", [
    (TABLE.replace("count = 4", "count = 0x1000"), "frames", "0x30000"),
    ("[index]\ncache = 0x20000\nentries = 0x4000\n", "index", "0x40000"),
    ("[locks]\nfree = 0x3fffc\n", "locks", "0x40000"),
])  # fmt: skip
def test_tables_lie_in_the_guests_storage(read, text, table, end):
    known = read(text)
    known.fit_into(0x40000)
    message = rf"\[{table}\]: the table ends at {end}, the guest's storage at 0x2f000"
    with pytest.raises(DescriptionError, match=message):
        known.fit_into(0x2F000)

"""Symbols by address, and files of them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from s390emu.assembler.assemble import assemble, assemble_object
from s390emu.assembler.elf import ElfError
from s390emu.assembler.symbols import Symbols, as_symbols, of_text, read_symbols
from s390emu.input_files import FileError

SYSTEM_MAP = """\
0000000000000000 A _ignored_number
0000000000100000 T _text
0000000000100000 T startup
0000000000100040 t helper
0000000000200000 t helper
0000000000300000 D jiffies
                 U nowhere
0000000000400000 t in_module\t[zram]
0000000000400010 t .Llocal
"""


# --- by address ------------------------------------------------------------------------------------------------------


def test_an_address_is_named_by_the_nearest_symbol_before_it():
    symbols = Symbols({"a": 0x1000, "b": 0x1010})
    assert [symbols.labels.name(at) for at in (0xFFF, 0x1000, 0x100F, 0x1012, 0x200F, 0x2010)] == [
        "", "a", "a+0xf", "b+0x2", "b+0xfff", "",
    ]  # fmt: skip


def test_where_all_functions_have_names_a_large_one_has_its_name_to_its_end():
    symbols = Symbols({"a": 0x1000}).with_all([("large", 0x2000), ("b", 0x8000)])
    assert [symbols.labels.name(at) for at in (0x1FFF, 0x7FFF, 0x8000, 0x18000)] == ["a+0xfff", "large+0x5fff", "b", ""]
    assert symbols == {"a": 0x1000, "large": 0x2000, "b": 0x8000}


def test_of_several_at_an_address_that_with_the_fewest_underscores_names_it():
    assert Symbols({"__a": 8, "_b": 8, "c": 8, "d": 8}).labels.name(8) == "c"


def test_a_name_of_two_places_names_both_and_stands_for_the_first():
    symbols = Symbols([("f", 0x1000), ("g", 0x2000), ("f", 0x3000)])
    assert symbols == {"f": 0x1000, "g": 0x2000}
    assert [symbols.labels.name(at) for at in (0x1000, 0x2000, 0x3000)] == ["f", "g", "f"]


def test_symbols_stay_what_they_are():
    symbols = Symbols({"a": 1})
    assert as_symbols(symbols) is symbols
    assert as_symbols({"a": 1}).labels.name(1) == "a"


# --- text ------------------------------------------------------------------------------------------------------------


def test_a_system_map():
    symbols = of_text(SYSTEM_MAP, "System.map")
    assert symbols == {"_text": 0x100000, "startup": 0x100000, "helper": 0x100040, "jiffies": 0x300000,
                       "in_module": 0x400000}  # fmt: skip
    assert symbols.labels.name(0x200008) == "helper+0x8"


@pytest.mark.parametrize(("line", "told"), [
    ("100000 T", "map:2: 100000 T: write ADDRESS TYPE NAME, as nm does"),
    ("100000 T a b", "map:2: 100000 T a b: write"),
    ("T 100000 a", "map:2: T 100000 a: no address"),
    ("0x100000 T a", "map:2: 0x100000 T a: no address"),
    ("10000000000000000 T a", "map:2: 10000000000000000 T a: no address"),
    ("-1 T a", "map:2: -1 T a: no address"),
    ("1_0 T a", "map:2: 1_0 T a: no address"),
    ("100000 TT a", "map:2: 100000 TT a: no type of symbol"),
])  # fmt: skip
def test_a_line_that_is_no_symbol(line, told):
    with pytest.raises(FileError) as error:
        of_text(f"100000 T start\n{line}\n", "map")
    assert str(error.value).startswith(told)


def test_the_note_that_debian_has_in_place_of_the_symbols():
    note = "ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package\n"
    with pytest.raises(FileError, match=r"^map:1: a note in place of the symbols \(f+ B The real .*-dbg"):
        of_text(note, "map")


@pytest.mark.parametrize(("text", "told"), [
    ("", "map: has no symbols; give System.map or vmlinux"), ("\n\n", "map: has no symbols"),
    ("0 A number\n", "map: has no symbols"),
    ("0000000000000000 T _text\n0000000000000000 t f\n", "map: all addresses are 0: /proc/kallsyms tells them to root"),
])  # fmt: skip
def test_a_text_without_addresses(text, told):
    with pytest.raises(FileError) as error:
        of_text(text, "map")
    assert str(error.value).startswith(told)


def test_a_name_that_would_confuse_a_terminal():
    assert of_text("1 T \x1b[2Jclear\n", "map") == {"\\x1b[2Jclear": 1}
    with pytest.raises(FileError, match=r"map:1: \\x1b\[2J: write"):
        of_text("\x1b[2J\n", "map")


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_file_of_text(tmp_path):
    (tmp_path / "map").write_bytes(SYSTEM_MAP.encode().replace(b"\n", b"\r\n"))
    assert read_symbols(tmp_path / "map")["jiffies"] == 0x300000


def test_an_elf_file(tmp_path):
    program = assemble("start: nopr\nnext: nopr\n number=7\n .globl start,number", origin=0x10000)
    (tmp_path / "vmlinux").write_bytes(program.to_elf())
    assert read_symbols(tmp_path / "vmlinux") == {"start": 0x10000, "next": 0x10002}


def test_what_is_not_linked(tmp_path):
    (tmp_path / "x.o").write_bytes(assemble_object("start: nopr"))
    with pytest.raises(ElfError, match=r"x\.o: not linked"):
        read_symbols(tmp_path / "x.o")


def test_what_is_neither(tmp_path):
    (tmp_path / "vmlinuz").write_bytes(bytes(100))
    with pytest.raises(FileError, match=r"vmlinuz: neither ELF nor text.*; give System\.map or vmlinux"):
        read_symbols(tmp_path / "vmlinuz")


# There need not be a C library for it.
COMPILER = ("s390x-linux-gnu-gcc", "-static", "-nostdlib", "-Wl,-e,main")
needs_gcc = pytest.mark.skipif(not shutil.which("s390x-linux-gnu-gcc"), reason="s390x-linux-gnu-gcc is missing")


@needs_gcc
def test_an_elf_file_has_what_nm_writes_of_it(tmp_path):
    """But for thread-local variables, whose numbers are no addresses: nm does not tell them from others."""
    path = tmp_path / "x"
    (tmp_path / "x.c").write_text("static int hidden; int shared = 1; int main(void) { return hidden + shared; }\n")
    subprocess.run([*COMPILER, "-o", path, tmp_path / "x.c"], check=True)
    listed = subprocess.run(["s390x-linux-gnu-nm", path], check=True, capture_output=True, text=True).stdout
    assert {"hidden", "shared", "main"} <= read_symbols(path).keys()
    places = of_text(listed, "nm").places
    assert sorted(read_symbols(path).places) == sorted((name, at) for name, at in places if at > 0x1000)


@needs_gcc
def test_an_elf_file_that_was_stripped(tmp_path):
    path = tmp_path / "x"
    (tmp_path / "x.c").write_text("int main(void) { return 0; }\n")
    subprocess.run([*COMPILER, "-s", "-o", path, tmp_path / "x.c"], check=True)
    with pytest.raises(ElfError, match=r"has no symbol table \(it was stripped\); give System\.map"):
        read_symbols(path)

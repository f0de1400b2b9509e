"""Sections, names of places and relocations of ELF files of any type, as binutils says they are."""

from __future__ import annotations

import re

import pytest

from s390emu.assembler.elf import ElfError
from s390emu.assembler.object_file import ObjectFile
from s390emu.assembler.relocations import NAMES
from tests.assembler.test_elf import gnu_object, tool

RELOCATABLE = """
        .globl  f
f:      larl    %r1,table
        brasl   %r14,elsewhere@PLT
local:  br      %r14
        .type   alias,@function
alias:  nopr
        .data
table:  .quad   f, elsewhere-8
        .section .text.hot,"ax"
hot:    jg      f
        jg      local
"""
PROGRAM = """
        .globl  _start, f
_start: brasl   %r14,f@PLT
        larl    %r1,table
        j       .
        .type   f,@function
f:      br      %r14
        .data
        .globl  table
table:  .quad   1
        .section .tbss,"awT",@nobits
        .skip   8
        .bss
        .skip   8
        .globl  room
room:   .skip   8
"""


@pytest.fixture
def relocatable(tmp_path):
    return ObjectFile(gnu_object(tmp_path, RELOCATABLE), "a.o")


@pytest.fixture
def linked(tmp_path):
    """Return a function that links PROGRAM with these options of ld, and reads what comes of it."""

    def link(*options, base=0):
        gnu_object(tmp_path, PROGRAM)
        tool("ld", *options, "-o", "out", "a.o", cwd=tmp_path)
        return ObjectFile((tmp_path / "out").read_bytes(), "out", base)

    return link


def section(file, name):
    return next(section for section in file.sections if section.name == name)


def test_sections_with_a_content_and_which_of_them_is_code(relocatable):
    sections = {each.name: each.code for each in relocatable.sections}
    assert sections[".text"] and sections[".text.hot"]
    assert not sections[".data"] and not sections[".symtab"]
    assert section(relocatable, ".text.hot").content == bytes.fromhex("c0f400000000c0f400000000")


def test_places_of_a_relocatable_file_are_those_of_the_section(relocatable):
    assert relocatable.labels(section(relocatable, ".text")).at == {0: ["f"], 12: ["local"], 14: ["alias"]}
    assert relocatable.labels(section(relocatable, ".text.hot")).at == {0: ["hot"]}
    assert relocatable.labels(section(relocatable, ".data")).at == {0: ["table"]}


def test_relocations(relocatable):
    found = {each.name: [(r.address, str(r)) for r in relocatable.relocations(each)] for each in relocatable.sections}
    assert found[".text"] == [(2, "R_390_PC32DBL\t.data+0x2"), (8, "R_390_PLT32DBL\telsewhere+0x2")]
    assert found[".text.hot"] == [(2, "R_390_PC32DBL\tf+0x2"), (8, "R_390_PC32DBL\t.text+0xe")]
    assert found[".data"] == [(0, "R_390_64\tf"), (8, "R_390_64\telsewhere-0x8")]


def test_the_base_is_added_to_every_address_of_a_relocatable_file(tmp_path):
    file = ObjectFile(gnu_object(tmp_path, RELOCATABLE), "a.o", 0x1000)
    text = section(file, ".text")
    assert text.address == 0x1000
    assert file.labels(text).addresses == [0x1000, 0x100C, 0x100E]
    assert [relocation.address for relocation in file.relocations(text)] == [0x1002, 0x1008]


@pytest.mark.parametrize("options", [(), ("-pie", "--no-dynamic-linker"), ("-shared",)], ids=["exec", "pie", "shared"])
@pytest.mark.parametrize("stripped", [False, True], ids=["", "stripped"])
def test_places_of_a_linked_file_are_those_of_all_its_sections(linked, tmp_path, options, stripped):
    file = linked(*options, *(["-s"] if stripped else []))
    text = section(file, ".text")
    names = {name for names in file.labels(text).at.values() for name in names}
    dynamic = options == ("-shared",)
    assert {"_start", "f", "table"} <= names or (stripped and not dynamic and {".text", ".data"} <= names)
    assert file.labels(text).text(text.address + 2) == (".text+0x2" if stripped and not dynamic else "_start+0x2")
    last = max(file.labels(text).addresses)
    assert file.labels(text).text(last) == (".bss" if stripped and not dynamic else "room")


def test_the_base_is_added_to_every_address_of_a_linked_file(linked):
    file, moved = linked(), linked(base=0x1000)
    text = section(file, ".text")
    assert section(moved, ".text").address == text.address + 0x1000
    expected = {address + 0x1000: names for address, names in file.labels(text).at.items()}
    assert moved.labels(section(moved, ".text")).at == expected


def test_relocations_that_a_linker_left_in_a_linked_file(linked):
    file = linked("--emit-relocs")
    text = section(file, ".text")
    assert [(relocation.address - text.address, relocation.kind) for relocation in file.relocations(text)] == [
        (2, "R_390_PLT32DBL"),
        (8, "R_390_PC32DBL"),
    ]


def test_entries_of_the_procedure_linkage_table_are_called_after_their_functions(linked):
    file = linked("-shared")
    plt = section(file, ".plt")
    assert file.labels(plt).at[plt.address + 32] == ["f@plt"]
    text = section(file, ".text")
    assert "f@plt" in [file.labels(text).text(plt.address + 32)]


def test_of_names_of_one_address_a_function_and_a_global_symbol_come_first(tmp_path):
    source = "a:\nb:\n.globl c\nc:\n.type d,@function\nd:\n.type e,@function\n.globl e\ne: br %r14\n"
    file = ObjectFile(gnu_object(tmp_path, source), "a.o")
    assert file.labels(section(file, ".text")).at == {0: ["e", "d", "c", "a", "b"]}


def test_of_a_file_without_section_headers_the_segments_that_are_executed_without_its_headers(linked, tmp_path):
    text = section(linked("-z", "noseparate-code"), ".text")
    data = bytearray((tmp_path / "out").read_bytes())
    data[0x28:0x30] = bytes(8)  # e_shoff
    (segment,) = ObjectFile(bytes(data), "out").sections
    headers = 64 + 56 * int.from_bytes(data[0x38:0x3A], "big")
    assert segment.code
    assert segment.address % 4096 == headers
    assert bytes(segment.content).endswith(bytes(text.content))
    assert segment.address + segment.size == text.address + text.size


def test_more_sections_than_a_halfword_counts(tmp_path):
    count = 65_300
    source = "\n".join(f'.section .text.f{n},"ax"\nf{n}: br %r14' for n in range(count))
    file = ObjectFile(gnu_object(tmp_path, source), "many.o")
    last = [each for each in file.sections if each.code][-1]
    assert last.name == f".text.f{count - 1}"
    assert file.labels(last).at == {0: [f"f{count - 1}"]}


def test_names_of_relocations_are_those_of_binutils(tmp_path):
    """All but those of thread-local storage with addresses of 32 bits, which GNU as for 64 bits does not have."""
    known = {n: name for n, name in NAMES.items() if not re.fullmatch("R_390_TLS_.*32", name)}
    data = gnu_object(tmp_path, " .byte 0\n" * 80 + "".join(f" .reloc {n},{known[n]},s\n" for n in known))
    file = ObjectFile(data, "a.o")
    found = {relocation.address: relocation.kind for relocation in file.relocations(section(file, ".text"))}
    assert found == known
    told = tool("readelf", "-rW", "a.o", cwd=tmp_path)
    types = re.findall("^[0-9a-f]{16} +[0-9a-f]{8}([0-9a-f]{8}) (\\w+)", told, re.MULTILINE)
    assert {int(number, 16): name for number, name in types} == known


def test_a_name_that_is_no_text_is_escaped(tmp_path):
    data = gnu_object(tmp_path, '"bad": br %r14\n').replace(b"\0bad\0", b"\0\x1b\xff\n\0")
    file = ObjectFile(data, "a.o")
    assert file.labels(section(file, ".text")).at == {0: [r"\x1b\xff\n"]}


# --- damaged files ---------------------------------------------------------------------------------------------------


def header(data: bytes, **fields: int) -> bytes:
    """The file with these fields of its header."""
    places = {"e_shoff": (0x28, 8), "e_shentsize": (0x3A, 2), "e_shnum": (0x3C, 2), "e_shstrndx": (0x3E, 2)}
    changed = bytearray(data)
    for name, value in fields.items():
        offset, size = places[name]
        changed[offset : offset + size] = value.to_bytes(size, "big")
    return bytes(changed)


def section_header(data: bytes, number: int, **fields: int) -> bytes:
    """The file with these fields of a section header."""
    places = {"sh_name": (0, 4), "sh_type": (4, 4), "sh_addr": (16, 8), "sh_offset": (24, 8), "sh_size": (32, 8),
              "sh_link": (40, 4), "sh_entsize": (56, 8)}  # fmt: skip
    changed, table = bytearray(data), int.from_bytes(data[0x28:0x30], "big") + 64 * number
    for name, value in fields.items():
        offset, size = places[name]
        changed[table + offset : table + offset + size] = value.to_bytes(size, "big")
    return bytes(changed)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"e_shoff": 1 << 63}, "beyond the end"),
        ({"e_shnum": 0xFEFF}, "beyond the end"),
        ({"e_shentsize": 40}, "section headers of 40 bytes instead of 64"),
        ({"e_shstrndx": 99}, "there is no section 99"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_a_damaged_header(tmp_path, fields, message):
    with pytest.raises(ElfError, match=f"^a.o: damaged: .*{message}"):
        ObjectFile(header(gnu_object(tmp_path, RELOCATABLE), **fields), "a.o")


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        (".text", {"sh_name": 1 << 31}, "a name is beyond the end"),
        (".text", {"sh_size": 1 << 40}, "beyond the end"),
        (".text", {"sh_offset": 1 << 63}, "beyond the end"),
        (".text", {"sh_addr": (1 << 64) - 2}, ".text goes beyond the last address"),
        (".symtab", {"sh_entsize": 0}, "entries of 0 bytes instead of 24"),
        (".symtab", {"sh_size": 25}, "entries of 24 bytes instead of 24"),
        (".symtab", {"sh_link": 77}, "there is no section 77"),
        (".symtab", {"sh_link": 0}, "a name is beyond the end"),
        (".rela.text", {"sh_link": 1 << 31}, "there is no section"),
        (".rela.text", {"sh_entsize": 16}, "entries of 16 bytes"),
        (".symtab", {"sh_size": 24}, "a relocation is for symbol"),
        (".strtab", {"sh_type": 8}, "a table has no content"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_a_damaged_section_header(tmp_path, name, fields, message):
    data = gnu_object(tmp_path, RELOCATABLE)
    names = re.findall(r"^ *\[ *\d+\] (\S*) ", tool("readelf", "-SW", "a.o", cwd=tmp_path), re.MULTILINE)
    with pytest.raises(ElfError, match=f"^a.o: damaged: .*{message}"):
        file = ObjectFile(section_header(data, names.index(name), **fields), "a.o")
        for each in file.sections:
            file.labels(each)
            file.relocations(each)


def test_names_that_are_longer_than_any_file_could_say(tmp_path, monkeypatch):
    """Every symbol may bear the same long name."""
    monkeypatch.setattr("s390emu.assembler.elf.MOST_STORAGE", 0)
    data = gnu_object(tmp_path, "\n".join([f"{'x' * 5000}:", *(f"y{n}:" for n in range(20)), " nopr"]))
    symbols = bytes(section(ObjectFile(data, "a.o"), ".symtab").content)
    long = next(symbols[at : at + 4] for at in range(0, len(symbols), 24) if symbols[at + 4 : at + 8] == b"\0\0\0\1")
    same = b"".join(long + symbols[at + 4 : at + 24] for at in range(0, len(symbols), 24))
    file = ObjectFile(data.replace(symbols, same), "a.o")
    with pytest.raises(ElfError, match="longer than the file"):
        file.labels(section(file, ".text"))

"""ar archives: what `ar` writes is read, and nothing else."""

from __future__ import annotations

import pytest

from s390emu.assembler.archive import MAGIC, THIN_MAGIC, is_archive, members
from s390emu.assembler.elf import ElfError
from tests.assembler.gnu import require_gnu
from tests.assembler.test_elf import tool

LONG = "a_name_of_more_than_sixteen_characters.o"


def member(name: bytes, content: bytes, size: bytes | None = None) -> bytes:
    header = name.ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2 + b"644".ljust(8)
    header += (b"%d" % len(content) if size is None else size).ljust(10) + b"`\n"
    return header + content + b"\n" * (len(content) % 2)


def read(data: bytes) -> list[tuple[str, bytes]]:
    return [(name, bytes(content)) for name, content in members(data, "lib.a")]


def test_what_ar_writes(tmp_path):
    require_gnu("ar")
    contents = {"a.o": b"odd", "b b.o": b"", LONG: b"even", "fifteen_chars.o": b"\n" * 61}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    tool("ar", "rc", "lib.a", *contents, cwd=tmp_path)
    data = (tmp_path / "lib.a").read_bytes()
    assert is_archive(data)
    assert dict(read(data)) == contents


def test_the_index_and_the_long_names_are_no_members(tmp_path):
    require_gnu("ar")
    (tmp_path / "a.s").write_text("\t.globl f\nf:\tbr %r14\n")
    tool("as", "-o", LONG, "a.s", cwd=tmp_path)
    tool("ar", "rcs", "lib.a", LONG, cwd=tmp_path)
    assert read((tmp_path / "lib.a").read_bytes()) == [(LONG, (tmp_path / LONG).read_bytes())]


def test_names_as_bsd_writes_them():
    data = MAGIC + member(b"__.SYMDEF", b"index") + member(b"#1/20", b"a name with spaces\0\0content")
    assert read(data) == [("a name with spaces", b"content")]


def test_an_archive_without_members():
    assert read(MAGIC) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(THIN_MAGIC, "a thin archive", id="thin"),
        pytest.param(MAGIC + b"\0" * 60, "no member's header at 0x8", id="no header"),
        pytest.param(MAGIC + member(b"a/", b"x")[:59], "no member's header at 0x8", id="half a header"),
        pytest.param(MAGIC + member(b"a/", b"x", b"-1"), "no member's header at 0x8", id="negative size"),
        pytest.param(MAGIC + member(b"a/", b"x", b"\xb2"), "no member's header at 0x8", id="superscript two"),
        pytest.param(MAGIC + member(b"a/", b"xx", b"3"), "the member at 0x8 is longer than the file", id="too long"),
        pytest.param(MAGIC + member(b"/7", b"x"), "a member's name is not where", id="no long names"),
        pytest.param(MAGIC + member(b"/x", b"x"), "a member's name is not where", id="an odd reference"),
        pytest.param(MAGIC + member(b"#1/9", b"x"), "a member's name is not where", id="a name longer than its member"),
    ],
)
def test_what_is_refused(data, message):
    with pytest.raises(ElfError, match=f"lib.a: .*{message}"):
        read(data)


def test_cut_anywhere_it_is_refused_or_ends_with_a_member():
    whole = MAGIC + member(b"//", b"a long name, is it not/\n") + member(b"/0", b"xyz") + member(b"b/", b"xy")
    found = read(whole)
    assert found == [("a long name, is it not", b"xyz"), ("b", b"xy")]
    for length in range(len(MAGIC), len(whole)):
        try:
            assert read(whole[:length]) in (found[:0], found[:1])
        except ElfError as error:
            assert str(error).startswith("lib.a: damaged: ")

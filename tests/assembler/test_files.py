"""What a source names: files below the folder of a source that the user has named, or of -I; nothing else is opened."""

from __future__ import annotations

import os

import pytest

from s390emu.assembler.assemble import AssemblyError, assemble_file

SECRET = "hunter2 9\n"


@pytest.fixture
def tree(tmp_path):
    """source/a.s, source/sub/, and secret beside them."""
    (tmp_path / "source" / "sub").mkdir(parents=True)
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "source" / "common.inc").write_text(".byte 1\n")
    return tmp_path


def assembled(tree, line, main="source/a.s", **options):
    path = tree / main
    path.write_text(line + "\n")
    return b"".join(section.data for section in assemble_file(path, **options).sections)


def refused(tree, line, *words, **options):
    with pytest.raises(AssemblyError) as error:
        assembled(tree, line, **options)
    assert "hunter2" not in str(error.value)
    for word in words:
        assert word in str(error.value)


def test_beside_the_source_and_below(tree):
    (tree / "source" / "sub" / "b.inc").write_text('.byte 2\n.include "../common.inc"\n')
    assert assembled(tree, '.include "common.inc"\n.include "sub/b.inc"') == b"\1\2\1"


def test_by_its_whole_name(tree):
    assert assembled(tree, f'.include "{tree}/source/common.inc"') == b"\1"


@pytest.mark.parametrize("name", ["{tree}/secret", "../secret", "sub/../../secret", "./.././source/../secret"])
def test_outside(tree, name):
    refused(tree, f'.include "{name.format(tree=tree)}"', "is not below the folder of a source", f"give -I {tree}")


def test_of_an_included_file_the_folder_of_the_source_counts(tree):
    """Not its own: it would lead one folder further each time."""
    (tree / "source" / "sub" / "b.inc").write_text('.include "../../secret"\n')
    refused(tree, '.include "sub/b.inc"', "is not below", "included at")


def test_a_link_counts_as_what_it_leads_to(tree):
    (tree / "source" / "link").symlink_to(tree / "secret")
    (tree / "source" / "folder").symlink_to(tree)
    (tree / "source" / "inside").symlink_to("common.inc")
    refused(tree, '.include "link"', "is not below")
    refused(tree, '.include "folder/secret"', "is not below")
    assert assembled(tree, '.include "inside"') == b"\1"


def test_a_source_that_is_a_link_has_both_folders(tree):
    (tree / "elsewhere").mkdir()
    (tree / "elsewhere" / "a.s").symlink_to(tree / "source" / "a.s")
    (tree / "elsewhere" / "common.inc").symlink_to(tree / "source" / "common.inc")
    (tree / "source" / "a.s").touch()
    assert assembled(tree, '.include "common.inc"', "elsewhere/a.s") == b"\1"


def test_a_folder_of_i_is_the_users_wish(tree):
    (tree / "more").mkdir()
    (tree / "more" / "c.inc").write_text(".byte 3\n")
    assert assembled(tree, '.include "c.inc"', include_paths=[tree / "more"]) == b"\3"
    assert assembled(tree, '.include "../more/c.inc"', include_paths=[tree / "more"]) == b"\3"
    refused(tree, '.include "../secret"', "is not below", include_paths=[tree / "more"])


@pytest.mark.parametrize("name", ["pipe", "/dev/zero"])
def test_what_is_no_regular_file(tree, name):
    os.mkfifo(tree / "source" / "pipe")
    refused(tree, f'.include "{name}"', "is not a regular file")


@pytest.mark.parametrize("name", ["", ".", "sub", "n" * 5000, "a\\0b", "/", "common.inc/x"])
def test_what_is_no_name_of_a_file(tree, name):
    refused(tree, f'.include "{name}"', "not found")


def test_a_file_that_includes_itself_ends(tree):
    refused(tree, '.include "a.s"', "within each other")


def test_more_than_a_source_can_have_is_not_read(tree):
    with open(tree / "source" / "huge.inc", "wb") as file:
        file.truncate(1 << 40)  # it takes no room
    refused(tree, '.include "huge.inc"', "huge.inc: more than")

"""The door for files of others."""

from __future__ import annotations

import os
import threading

import pytest

from s390emu import input_files
from s390emu.input_files import FileError, json_value, lies_below, read, read_text, recording, replace_file


def test_a_regular_file(tmp_path):
    (tmp_path / "x").write_bytes(b"\0\xff")
    assert read(tmp_path / "x") == b"\0\xff"
    assert read(tmp_path / "x", 2) == b"\0\xff"


@pytest.mark.parametrize("name, told", [("pipe", "a pipe, not a file"), ("/dev/zero", "a device, not a file"),
                                        ("/dev/null", "a device, not a file")])  # fmt: skip
def test_what_is_no_file_is_refused_at_once(tmp_path, name, told):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileError, match=told):
        read(tmp_path / name)


def test_a_pipe_that_the_user_names_is_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_text("late"))
    writer.start()
    assert read(tmp_path / "pipe", pipe=True) == b"late"
    writer.join()


def test_an_error_of_the_system_has_the_name(tmp_path):
    for path, kind in ((tmp_path, IsADirectoryError), (tmp_path / "none", FileNotFoundError)):
        with pytest.raises(kind) as error:
            read(path)
        assert str(error.value.filename) == str(path)


def test_too_large(tmp_path):
    (tmp_path / "x").write_bytes(bytes(3 << 20))
    with pytest.raises(FileError, match="more than 2 MB"):
        read(tmp_path / "x", 2 << 20)
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(FileError, match="more than 64 MB"):
        read_text(tmp_path / "sparse")


def test_text(tmp_path):
    (tmp_path / "x").write_bytes(b"a\r\nb\rc\xff")
    with pytest.raises(FileError, match=r"not text in UTF-8 \(byte 0xff at 6\); save it as UTF-8"):
        read_text(tmp_path / "x")
    assert read_text(tmp_path / "x", "replace") == "a\nb\nc\N{REPLACEMENT CHARACTER}"


def test_what_was_read_is_recorded_by_its_whole_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").touch()
    read("x")
    with recording() as found:
        read("x")
        with recording() as inner:
            pass
        with pytest.raises(FileNotFoundError):
            read("y")
    assert (found, inner) == ([tmp_path / "x"], [])
    read("x")
    assert len(found) == 1


def test_below_a_folder_and_not_just_beside_it(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "ab").mkdir()
    (tmp_path / "a" / "out").symlink_to(tmp_path / "ab")
    assert lies_below(tmp_path / "a" / "x", [tmp_path / "a"])
    assert lies_below(tmp_path / "a", [tmp_path / "ab", tmp_path / "a"])
    assert not lies_below(tmp_path / "ab" / "x", [tmp_path / "a"])
    assert not lies_below(tmp_path / "a" / ".." / "x", [tmp_path / "a"])
    assert not lies_below(tmp_path / "a" / "out" / "x", [tmp_path / "a"])


def test_a_link_is_replaced_and_what_it_led_to_left_alone(tmp_path):
    (tmp_path / "victim").write_text("before")
    (tmp_path / "out").symlink_to(tmp_path / "victim")
    replace_file(tmp_path / "out", "after")
    assert not (tmp_path / "out").is_symlink()
    assert ((tmp_path / "out").read_text(), (tmp_path / "victim").read_text()) == ("after", "before")


def test_what_cannot_be_written_leaves_what_was(tmp_path, monkeypatch):
    (tmp_path / "out").write_text("before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(input_files.os, "replace", full)
    with pytest.raises(OSError) as error:
        replace_file(tmp_path / "out", b"after")
    assert error.value.filename == str(tmp_path / "out")
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("text, told", [
    ("{", "x: not JSON: Expecting property name"),
    ("[NaN]", "x: not JSON: NaN is no number"),
    ("[-Infinity]", "x: not JSON: -Infinity is no number"),
    ("1e999", "x: not JSON: 1e999 is too large"),
    ("9" * 5000, "x: not JSON: Exceeds the limit"),
    ("[" * 100_000, "x: brackets within brackets"),
    ('{"": ' * 101 + "1" + "}" * 101, "x: brackets within brackets"),
    ('["\\"", ' + "[" * 100 + "]" * 100 + "]", "x: brackets within brackets"),
    (r'{"\ud800": 1}', "x: not JSON of ours: half of a character"),
    (r'["\udfff"]', "x: not JSON of ours: half of a character"),
])  # fmt: skip
def test_json_that_is_none_of_ours(text, told):
    with pytest.raises(FileError) as error:
        json_value(text, "x")
    assert str(error.value).startswith(told)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("text", ["[" * 100 + "]" * 100, "[" + "[], " * 200 + "[]]", '["' + "[" * 200 + '"]',
                                  r'["\"[' + "[" * 200 + '"]'], ids=["nested", "listed", "string", "escaped"])
def test_brackets_that_are_not_deep(text):
    assert json_value(text, "x")


def test_no_name_of_a_file():
    with pytest.raises(IsADirectoryError) as error:
        replace_file(".", b"")
    assert error.value.filename == "."


def test_json():
    assert json_value(r'{"a": [1, 2.5, "\ud83d\ude00", null, true]}', "x") == {"a": [1, 2.5, "\U0001f600", None, True]}

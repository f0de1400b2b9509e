"""Where templates come from: the cache, the wheel, or a handler's bitcode."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from s390emu._jit import prebuilt
from s390emu._jit.objects import Kept
from s390emu.engine import ahead
from s390emu.regions import library
from s390emu.regions.templates import Template

MADE = Template("", "text", ("declare void @f()",), False, True)


@pytest.fixture
def made(monkeypatch, tmp_path) -> Iterator[list[str]]:
    """Yield the mnemonics of templates made, with nothing kept and no wheel."""
    asked: list[str] = []
    folder = Kept(tmp_path / "templates-1", ".json")
    monkeypatch.setattr(library, "templates", lambda: folder)
    monkeypatch.setattr(prebuilt, "ARCHIVE", tmp_path / "prebuilt.zip")
    monkeypatch.setattr(
        library, "_made", lambda name: asked.append(name) or json.dumps(MADE._replace(mnemonic=name)._asdict()).encode()
    )
    forget()
    yield asked
    forget()


def forget() -> None:
    """Be as a process that has just started."""
    library.template.cache_clear()
    prebuilt._archive.cache_clear()


def test_a_template_is_made_once_on_this_computer(made):
    for _ in range(2):
        assert library.template("LG") == MADE._replace(mnemonic="LG")
        forget()
    assert made == ["LG"]


def test_a_wheel_brings_all_and_only_to_the_same_version(made, monkeypatch):
    monkeypatch.setattr(ahead, "everything", lambda: {"a.function": b"bitcode"})
    library.write_archive(prebuilt.ARCHIVE)
    assert {"LG", "MVC", "IPTE"} < set(made) and len(made) == len(set(made))
    made.clear()
    forget()
    assert library.template("LG").mnemonic == "LG" and made == []
    assert prebuilt.names() == ["a.function"] and prebuilt.get("a.function") == b"bitcode"
    other = Kept(library.templates().folder.with_name("templates-2"), ".json")
    monkeypatch.setattr(library, "templates", lambda: other)
    forget()
    library.template("LG")
    assert made == ["LG"]


def test_what_is_there_is_not_made_one_by_one(made, monkeypatch):
    monkeypatch.setattr(ahead, "used_before", lambda: ["ST", "LG", "L"])
    library.template("LG")
    forget()
    asked = library.made_one_by_one()
    assert next(asked) == "ST" and made == ["LG", "ST"]
    assert [*asked] == ["L"]

"""The dialogues of docs/debugger.md, played again: a planted bug found backwards, at the prompt and in gdb."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

from s390emu import cli
from s390emu.assembler.symbols import as_symbols
from s390emu.debugger.target import Target
from s390emu.debugger.words import Words
from s390emu.guests import toy_kernel
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine
from tests.debugger.test_gdb import gdb
from tests.required import require

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/debugger.md").read_text()
PLANT = {"PASSES": 1, "PLANT": 23}  # as the dialogue begins


def dialogue(prompt: str) -> list[tuple[str, list[str]]]:
    """Return (command, answer in lines) of what the document has behind this prompt."""
    found: list[tuple[str, list[str]]] = []
    answered = False
    for line in DOCUMENT.splitlines():
        if line.startswith(f"    {prompt}"):
            found.append((line.removeprefix(f"    {prompt}"), []))
            answered = True
        elif answered := answered and line.startswith("    "):
            found[-1][1].append(line[4:])
    return found


def test_the_dialogue_at_the_prompt(monkeypatch, capsys):
    commands = dialogue("(s390emu) ")
    assert len(commands) == 11
    invocation = re.search(r"\$ s390emu (debug .*)", DOCUMENT)[1]
    monkeypatch.chdir(ROOT / "firmware")
    files = Path("kernel.list").read_text().split()
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{command}\n" for command, _ in commands)))
    with pytest.raises(SystemExit) as end:
        cli.main(invocation.replace("$(cat kernel.list)", " ".join(files)).split())
    assert end.value.code in (None, 0)
    said = capsys.readouterr().out
    expected = "".join(f"(s390emu) {command}\n" + "".join(f"{line}\n" for line in answer)
                       for command, answer in commands)  # fmt: skip
    assert said == f"=> 0x10000 <IMAGE>          a7f40800      j boot\n{expected}(s390emu) \n"


def test_the_dialogue_in_gdb():
    require("gdb-multiarch")
    commands = dialogue("(gdb) ")
    assert len(commands) == 10
    image = toy_kernel.build(**PLANT)
    machine = Machine(1 << 20, host=Host(40, PagingDevice()))
    machine.load(image)
    told = gdb(Target(machine, as_symbols(image.symbols)), *(command for command, _ in commands))
    assert [line for _, answer in commands for line in answer if line not in told] == []
    assert "ERROR" not in told


def test_every_word_is_in_the_document():
    words = Words(Target(Machine(1 << 18))).commands
    named = set(re.findall(r"[`, ]([a-z-]+)", " ".join(re.findall(r"^\| (.*?) \|", DOCUMENT, re.MULTILINE))))
    assert set(words) - named == set()

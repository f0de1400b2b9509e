"""s390emu export: what is written, what is told, what is refused."""

from __future__ import annotations

import json

import pytest

from s390emu.export.image import ORIGIN
from tests.export.test_cases import PLAIN


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "plain.trace").write_text(PLAIN)
    other = PLAIN.replace(".trace plain", ".trace other")
    event = ".host\n when pc == start interrupt-key\n.expect"
    (tmp_path / "host.trace").write_text(other.replace(".expect", event))
    return tmp_path


def test_the_image_and_what_stands_beside_it(s390emu, folder):
    image = folder / "suite.elf"
    code, out, _ = s390emu("export", folder, "-o", image)
    assert code == 0
    assert out.splitlines() == ["skipped  other: has host events", f"{image}: 1 traces, 1 skipped"]
    flat = (folder / "suite.bin").read_bytes()
    assert image.read_bytes().startswith(b"\x7fELF") and len(flat) > 0x10000
    assert (folder / "suite.psw").read_bytes() == bytes.fromhex("0008000081000000")
    assert (folder / "suite.ins").read_text().splitlines()[1:] == ["suite.bin 0x01000000", "suite.psw 0x00000000"]
    script = (folder / "suite.hercules").read_text().splitlines()
    assert f"loadcore suite.bin {ORIGIN:x}" in script
    assert f"r 1a0=0000000180000000{ORIGIN:016x}" in script and script[-1] == "restart"


def test_json_and_what_is_left_out(s390emu, folder):
    code, out, _ = s390emu("export", folder, "--without", "plain", "--json", "-o", folder / "a.elf")
    told = json.loads(out)
    assert code == 0 and told["schema"] == "s390emu.export/1" and told["traces"] == []
    assert {skip["name"]: skip["reason"] for skip in told["skipped"]} == {
        "plain": "left out (--without)", "other": "has host events",
    }  # fmt: skip


def test_decisions_are_listed(s390emu):
    code, out, _ = s390emu("export", "--list-decisions")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines() if line.startswith("D")] == [f"D{n}" for n in range(1, 21)]
    _, out, _ = s390emu("export", "--list-decisions", "--json")
    assert len(json.loads(out)["decisions"]) == 20


def test_what_is_refused(s390emu, folder):
    for arguments, told in (((), "export what?"), ((folder / "none.trace",), "none.trace"),
                            ((folder, "-k", "nothing"), "no *.trace in")):  # fmt: skip
        code, _, error = s390emu("export", *arguments)
        assert code == 2 and told in error
    (folder / "bad.trace").write_text(".trace bad\n.text 0x1000\nstart: nonsense\n.expect\n")
    code, _, error = s390emu("export", folder, "-o", folder / "suite.elf")
    assert code == 2 and "bad.trace:3" in error and not (folder / "suite.elf").exists()

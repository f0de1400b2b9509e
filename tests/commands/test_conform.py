"""s390emu conform: another emulator driven through the vectors."""

from __future__ import annotations

import json

import pytest

from s390emu.conformance import qemu_peer
from tests.required import require


@pytest.fixture(params=["qemu", "unicorn"])
def on(request):
    if request.param == "qemu":
        require(qemu_peer.QEMU)
    else:
        pytest.importorskip("unicorn")
    return request.param


def test_a_row_that_is_the_same_there(s390emu, on):
    code, out, _ = s390emu("conform", "--on", on, "--rows", "ngr", "mvi", "--count", 10)
    assert code == 0
    assert out.lower().startswith(on)
    assert "0 of 20 cases deviate, in 0 of 2 rows" in out


def test_a_row_that_is_not(s390emu, on):
    code, out, _ = s390emu("conform", "--on", on, "--rows", "ar", "--count", 60, "--json")
    said = json.loads(out)
    assert code == 1
    assert (said["schema"], said["seed"], said["count"]) == ("s390emu.conformance/1", "1", 60)
    assert said["rows"]["AR"]["clause"] == 'PoP ch. 7 "ADD (32)"'
    assert said["rows"]["AR"]["deviations"][0]["smallest"]["name"].startswith("ar %r")


def test_what_is_missing_is_told_with_its_remedy(s390emu, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    code, out, err = s390emu("conform", "--on", "qemu", "--rows", "ar")
    assert (code, out) == (2, "")
    assert "apt-get install qemu-system-misc" in err


def test_what_cannot_be_is_one_line(s390emu):
    assert "required" in s390emu("conform")[2]
    assert s390emu("conform", "--on", "hercules")[0] == 2
    assert "STCK has no twin" in s390emu("conform", "--on", "qemu", "--rows", "stck")[2]

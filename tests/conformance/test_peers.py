"""The machines that can be driven: what is known of them is seen, and what ends them is told."""

from __future__ import annotations

import pytest

from s390emu.conformance import qemu_peer, unicorn_peer
from s390emu.conformance.case import Case, State
from s390emu.conformance.deviations import report
from s390emu.conformance.peers import PeerMissing
from s390emu.conformance.vectors import cases, whole
from tests.required import require

SAME = ("LGR", "MVC", "BRC", "BXH", "CLST", "MVCL", "AEBR", "LE", "TM", "CDS", "STG", "DLGR", "BASR", "MVHI", "LGRL",
        "VA", "VCEQ", "VTM")  # fmt: skip
PEERS = {"qemu": qemu_peer.Qemu, "unicorn": unicorn_peer.Unicorn}


@pytest.fixture(params=PEERS)
def peer(request):
    if request.param == "qemu":
        require(qemu_peer.QEMU)
    else:
        pytest.importorskip("unicorn")
    peer = PEERS[request.param]()
    yield peer
    peer.close()


def test_plain_rows_are_as_the_vectors_have_them(peer):
    """Data exceptions aside: of BFP only cases without one."""
    suites = {row: [case for case in cases(row, 25, "1") if not case.code and not case.before.fpc] for row in SAME}
    found = report(peer, suites)
    assert found.cases > 200
    assert {name: row.deviations for name, row in found.rows.items() if row.deviating} == {}


def test_a_fixed_point_overflow_does_not_interrupt_there(peer):
    """PoP ch. 6 "Fixed-Point-Overflow Exception". So a deviation is seen."""
    suite = [case for case in cases("AGR", 60, "1") if case.code]
    row = report(peer, {"AGR": suite}).rows["AGR"]
    assert (row.deviating, row.deviations[0].kind) == (len(suite), "no interruption instead of interruption 0008")


def test_a_change_of_a_register_that_has_no_part_is_seen(peer):
    """Every register comes there and back."""
    case = next(cases("LGR", 1, "1"))
    for n in range(16):
        case.after.gr[n] ^= 1
    row = report(peer, {"LGR": [case]}).rows["LGR"]
    assert set(row.deviations[0].different) == {f"r{n}" for n in range(16)}


def test_a_change_of_a_vector_register_is_seen(peer):
    """All 32, both halves of each, come there and back."""
    case = next(cases("VTM", 1, "1"))
    for n in range(32):
        case.after.vr[n] ^= 1 << 127 | 1
    row = report(peer, {"VTM": [case]}).rows["VTM"]
    assert set(row.deviations[0].different) == {f"v{n}" for n in range(32)}


def looping(line: str) -> Case:
    """A case that never ends, or that the peer never ends."""
    before = State()
    after = before.copy()
    after.psw_ia = 0x30000
    return whole(Case(line, before, after))


def test_what_does_not_end_is_told_and_the_next_case_is_run(monkeypatch):
    require(qemu_peer.QEMU)
    monkeypatch.setattr(qemu_peer, "PATIENCE", 3)
    good = next(cases("LGR", 1, "1"))
    rows = report(qemu_peer.Qemu(), {"LGR": [good], "BRC": [looping("j .")], "MVC": list(cases("MVC", 2, "1"))}).rows
    assert [deviation.kind for deviation in rows["BRC"].deviations] == ["does not end"]
    assert (rows["LGR"].deviating, rows["MVC"].deviating) == (0, 0)


def test_what_ends_the_process_is_told_and_the_next_case_is_run():
    """ROTATE THEN AND SELECTED BITS ends Unicorn 2.1.4."""
    pytest.importorskip("unicorn")
    peer = unicorn_peer.Unicorn()
    try:
        rows = report(peer, {"RNSBG": list(cases("RNSBG", 30, "1")), "LGR": list(cases("LGR", 5, "1"))}).rows
    finally:
        peer.close()
    kinds = {deviation.kind: deviation.cases for deviation in rows["RNSBG"].deviations}
    assert kinds["ends the process"] == 3
    assert "not asked, after 3 that it came to no end of" in kinds
    assert rows["LGR"].deviating == 0


def test_a_peer_that_is_missing_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PeerMissing, match="apt-get install"):
        qemu_peer.Qemu()
    monkeypatch.setattr(unicorn_peer, "version", lambda _: (_ for _ in ()).throw(unicorn_peer.PackageNotFoundError))
    with pytest.raises(PeerMissing, match="pip install"):
        unicorn_peer.Unicorn()

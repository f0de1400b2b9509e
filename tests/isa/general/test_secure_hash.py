"""The constants of SHA-2, which are computed, against FIPS 180-4, 4.2.2 and 4.2.3."""

from __future__ import annotations

from s390emu.isa.general.secure_hash import K256, K512


def test_constants():
    assert len(K512) == 80
    assert [f"{int(k):016x}" for k in (K512[0], K512[1], K512[79])] == [
        "428a2f98d728ae22", "7137449123ef65cd", "6c44198c4a475817"]  # fmt: skip
    assert [f"{int(k):08x}" for k in (K256[0], K256[63])] == ["428a2f98", "c67178f2"]

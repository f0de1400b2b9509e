"""`lab` is a machine with vectors here, enabled for them."""

from __future__ import annotations

import pytest

from tests.isa.vector.vectors import ENABLED
from tests.lab import Lab


class VectorLab(Lab):
    """A Lab whose CPU has its vector registers enabled, and in them what no instruction expects."""

    def reset(self) -> None:
        super().reset()
        self.cr[0] = ENABLED
        for n in range(16):
            self.fpr[n], self.cpu.vr_left[n] = 0xF0F1F2F3F4F5F600 + n, 0xE0E1E2E3E4E5E600 + n
        for n in range(32):
            self.cpu.vr_right[n] = 0xD0D1D2D3D4D5D600 + n


@pytest.fixture(scope="session")
def _vector_lab():
    return VectorLab()


@pytest.fixture
def lab(_vector_lab):
    _vector_lab.reset()
    return _vector_lab

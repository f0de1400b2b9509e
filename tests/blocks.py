"""What the host asks of a block's storage key, for tests."""

from __future__ import annotations

from s390emu.engine.entries import procedure
from s390emu.records.guest import GUEST_T
from s390emu.storage import keys

reset_host_reference = procedure(keys.reset_host_reference, GUEST_T, integers=1)
host_changed = procedure(keys.host_changed, GUEST_T, integers=1)

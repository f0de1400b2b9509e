"""The compiled functions that the host calls, each made on its first call (design.md, section 3)."""

from __future__ import annotations

import numpy as np

from s390emu._jit import JIT, entry_point
from s390emu.host import pager
from s390emu.isa import essa
from s390emu.records.cpu import CPU_T
from s390emu.storage import access, keys, transitions
from s390emu.storage.state import STORAGE_T


def _on_first_call(function, *records, integers):
    entry = None

    def call(*arguments) -> int:
        nonlocal entry
        if entry is None:
            entry = entry_point(function, *records, integers=integers)
        if JIT:
            return entry(*arguments)
        with np.errstate(over="ignore"):  # addresses and random numbers wrap
            return entry(*arguments)

    return call


# (storage, block): what RECLAIM would do, with every way to the block closed
withdraw = _on_first_call(transitions.withdraw, STORAGE_T, integers=1)
# (storage, block, event): what the event would do
action_of = _on_first_call(transitions.action_of, STORAGE_T, integers=2)
# (storage, block, event, frame): it happens
transition = _on_first_call(transitions.transition, STORAGE_T, integers=3)
# (cpu, storage, insn, frame): it happens, as ESSA
perform_essa = _on_first_call(essa.perform, CPU_T, STORAGE_T, integers=2)
# (storage, block, offset, length): after a store that is not the guest's
overlaid = _on_first_call(transitions.overlaid, STORAGE_T, integers=3)
# (storage, absolute, length, kind): an access by the machine, within a resident block
touch = _on_first_call(access.touch, STORAGE_T, integers=3)
mark_zero = _on_first_call(transitions.mark_zero, STORAGE_T, integers=1)
# (storage, block, offset, length): no decoded instruction of these bytes is right any more
drop_decoded = _on_first_call(transitions.forget_decoded, STORAGE_T, integers=3)
# (storage): no translation is right any more
flush = _on_first_call(transitions.forget_translations, STORAGE_T, integers=0)
host_referenced = _on_first_call(keys.host_referenced, STORAGE_T, integers=1)
host_changed = _on_first_call(keys.host_changed, STORAGE_T, integers=1)
# (pool, frame, guest that asks, address of what to keep, writable): is it a candidate?
candidate = _on_first_call(pager.candidate, pager.POOL_T, integers=4)
# (pool, hand, guest that asks, address of what to keep, writable): the victim
oldest = _on_first_call(pager.oldest, pager.POOL_T, integers=4)
# (pool, the oldest): the victim, if it may be a little younger
cheaper = _on_first_call(pager.cheaper, pager.POOL_T, integers=1)
# (pool, first frame, how many): how many of their blocks have to be written
weigh = _on_first_call(pager.weigh, pager.POOL_T, integers=2)
# (pool, first frame, from, to): these of them lose their frames
publish = _on_first_call(pager.publish, pager.POOL_T, integers=3)
# (pool, guest, block, frame, event): it gets the frame
arrive = _on_first_call(pager.arrive, pager.POOL_T, integers=4)
# (storage, first block, stride): how many of every stride-th block were referenced since last asked
sample_references = _on_first_call(keys.sample_references, STORAGE_T, integers=2)

"""This repository's guests, translated and not, in lockstep: stopped anywhere, by a host that discards what it may."""

from __future__ import annotations

from contextlib import suppress
from random import Random

import numpy as np
import pytest

from s390emu._jit import JIT
from s390emu.guests import toy_kernel, web_server
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine, Reason
from s390emu.regions import translator
from s390emu.regions.modes import AUTO, NEVER, SYNC
from s390emu.regions.request import Translation
from tests.guest import test_firmware as toy
from tests.guest import test_web_guest as web
from tests.regions.same import Same

pytestmark = pytest.mark.skipif(not JIT, reason="only compiled code is translated")
GUESTS = {
    "toy": (toy.STORAGE, 40, lambda: toy_kernel.build(**toy.SMALL)),
    "web": (web.STORAGE, 60, lambda: web_server.build(**web.SMALL | {"REQUESTS": 10})),
}
LENGTHS = (1, 7, 100, 1000, 5000, 20_000)
STABLE = 0


def discard(machine: Machine) -> None:
    """Take what the host may take."""
    blocks = machine.storage.blocks
    for number in np.flatnonzero((blocks.usage != STABLE) & (blocks.invalid == 0)):
        with suppress(ValueError):  # potentially volatile and changed
            machine.host.discard(0, int(number))


@pytest.mark.parametrize("guest", GUESTS)
def test_a_translated_guest_is_the_same_at_every_stop(guest, monkeypatch):
    """Translated by itself, and with what was made for that one put in place when a page is first seen."""
    monkeypatch.setattr(translator, "INTERVAL", 1000)
    size, frames, build = GUESTS[guest]
    program, machines = build(), []
    made: dict[tuple[int, int], list[Translation]] = {}
    for mode in (NEVER, SYNC, AUTO):
        machines.append(Machine(size, host=Host(frames, PagingDevice()), translate=mode))
        machines[-1].load(program)
    plain, translated, again = machines
    again.translator = again._translator()  # from the first instruction on
    monkeypatch.setattr(translator, "of_page", lambda *page: made.get(page, []))
    monkeypatch.setattr(again.translator.worker, "submit", lambda request, take: None)
    same = [Same(plain, other) for other in (translated, again)]
    random = Random(1)
    while True:
        length, takes = random.choice(LENGTHS), random.randrange(4) == 0
        stops = [machine.run(length) for machine in machines]
        assert stops[0] == stops[1] == stops[2]
        for each in same:
            each.check()
        for region in translated.translator.installed.values():
            made[region.page.logical, int(plain.cpus[0].record.amode)] = [region.translation]
        again.translator._known.clear()
        if stops[0].reason is not Reason.LIMIT:
            break
        if takes:
            for machine in machines:
                discard(machine)
    assert stops[0].exit_code == 0 and translated.translator.serial and again.translator.serial
    for each in same:
        each.check_all()

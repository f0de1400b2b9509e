"""Many short runs from one snapshot, taken where /init waits."""

from __future__ import annotations

from tests.linux import guest

TURNS = 4


def test_every_run_from_a_snapshot_is_the_run_without(waiting, straight):
    """Whatever ran before: part of another script, on a smaller host."""
    for _ in range(TURNS):
        machine = waiting.again()
        assert guest.run(machine, "short") == straight.stop
        assert machine.console == straight.console
        machine = waiting.again(32 * guest.MB)
        machine.host.type(0, "many 3\n")
        machine.run(10_000_000)

"""What a region's own code looks at and keeps, by guests that tell whether it does."""

from __future__ import annotations

import pytest

from s390emu._jit import JIT
from s390emu.machine import Machine, Reason
from s390emu.regions import translator
from s390emu.regions.modes import ALWAYS, NEVER
from tests.regions.same import Same

pytestmark = pytest.mark.skipif(not JIT, reason="only compiled code is translated")

RAM, CODE, DATA, OTHER, SAVED, PAGE_TABLE, SEGMENTS = 1 << 17, *range(0x10000, 0x16000, 0x1000)
ROUNDS = 300
START = f"""
start: larl  %r1,new
       mvc   0x1d0(16),0(%r1)
       llilf %r5,{DATA:#x}
       llilf %r6,{SAVED:#x}
       lghi  %r1,{ROUNDS}
"""
END = """
back:  brctg %r1,loop
       larl  %r1,end
       lpswe 0(%r1)
lost:  aghi  %r9,1
       j     back
t:     ahi   %r2,1
u:     ni    0(%r5),0x0f
       .balign 8
new:   .quad 0x0000000180000000,lost
end:   .quad 0x0002000180000000,0
"""
# DAT is off and on again: the same logical page is one block and another.
SPACES = """
loop:  stnsm 0(%r6),0xfb
       ag    %r3,0(%r5)
       stg   %r3,8(%r5)
       stosm 0(%r6),0x04
       ag    %r4,0(%r5)
       stg   %r4,8(%r5)
"""
# The data's key is 1: PSW key 0 may store there, key 8 may not.
KEYS = """
loop:  spka  0
       stg   %r1,8(%r5)
       spka  0x80
       stg   %r1,16(%r5)
       aghi  %r8,1
"""
TARGETS = """
loop:  exrl  %r0,t
       aghi  %r3,1
       aghi  %r3,2
       exrl  %r0,u
       aghi  %r3,3
       aghi  %r3,4
"""
# Each mask, after a sign, a carry, and bits under a mask: a bit of %r7 for each that does not branch.
SET_CC = "ltgr %r10,%r10", "algr %r11,%r10", "tmll %r1,3"
MASKS = "loop: lgr %r10,%r1\n aghi %r10,-150\n" + "".join(
    f" {source}\n brc {mask},yes.{n}.{mask}\n aghi %r7,1\nyes.{n}.{mask}: rllg %r7,%r7,1\n"
    for n, source in enumerate(SET_CC) for mask in range(16)
)  # fmt: skip


@pytest.fixture
def both(monkeypatch):
    """Make a loop's guest twice, interpreted and entered at every instruction."""
    monkeypatch.setattr(translator, "ALWAYS_INTERVAL", 100)

    def make(loop: str) -> Same:
        machines = [Machine.from_source(START + loop + END, RAM, origin=CODE, translate=m) for m in (NEVER, ALWAYS)]
        for machine in machines:
            machine.write(DATA, (3).to_bytes(8, "big"))
            machine.write(OTHER, (5).to_bytes(8, "big"))
            machine.write(SEGMENTS, PAGE_TABLE.to_bytes(8, "big"))
            pages = [OTHER if page == DATA else page for page in range(0, RAM, 0x1000)]
            machine.write(PAGE_TABLE, b"".join(page.to_bytes(8, "big") for page in pages))
            machine.cpus[0].cr[1] = SEGMENTS
            machine.set_block(DATA, key=0x10)
        return Same(*machines)

    return make


def run(same: Same, limit: int | None = None) -> Machine:
    """Run both and compare them; return the one that is translated."""
    stops = [machine.run(limit) for machine in same.machines]
    assert stops[0] == stops[1] and stops[0].reason is (Reason.DISABLED_WAIT if limit is None else Reason.LIMIT)
    same.check()
    assert same.machines[1].translator and same.machines[1].translator.serial
    return same.machines[1]


def test_a_region_finds_no_block_of_another_address_space_in_the_tlb(both):
    machine = run(both(SPACES))
    assert (machine.gr[3], machine.gr[4]) == (3 * ROUNDS, 5 * ROUNDS)
    assert [int.from_bytes(machine.read(at + 8, 8), "big") for at in (DATA, OTHER)] == [3 * ROUNDS, 5 * ROUNDS]


def test_a_region_finds_no_block_that_another_key_may_store_into_in_the_tlb(both):
    machine = run(both(KEYS))
    assert (machine.gr[8], machine.gr[9]) == (0, ROUNDS)


def test_the_target_of_an_execute_is_known_wherever_a_region_ends(both):
    """Of program-event recording it is the address."""
    same = both(TARGETS)
    run(same, 400)
    for length in range(1, 12):
        run(same, length)


def test_a_branch_on_each_mask_is_taken_as_the_condition_code_says(both):
    """At the end of many rounds: each code has been there, and its bits are in all that is compared."""
    same = both(MASKS)
    for _ in range(50):
        run(same, 1000)
    assert run(same).gr[7]

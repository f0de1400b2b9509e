"""The words of gdb's `monitor` and of the prompt: what each says, and what it says to nonsense."""

from __future__ import annotations

import random

import pytest

from s390emu.debugger.target import Target
from s390emu.debugger.words import Words
from s390emu.host.host import Host
from s390emu.host.paging_device import PagingDevice
from s390emu.machine import Machine

SOURCE = """
start:  llill %r1,0x8000
        stg   %r1,8(%r1)
        essa  %r3,%r1,3             # volatile
        lghi  %r4,0x30
        sske  %r4,%r1
loop:   aghi  %r2,1
        j     loop
"""
STG, ESSA, LOOP = 0x10004, 0x1000A, 0x10016


def words(*, steps: int = 6) -> Words:
    """Return the words of a guest that has executed so many instructions."""
    machine = Machine.from_source(SOURCE, 1 << 18, host=Host(64, PagingDevice()))
    target = Target(machine, {"start": 0x10000, "loop": LOOP})
    machine.run(steps)
    return Words(target, [].append)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("", "back [N]: go back by N instructions"),
        ("help", "why: the last program interruption"),
        ("help key", "key ADDRESS [VALUE]: the storage key of a block"),
        ("help nothing", "nothing: no such command; help lists them"),
        ("nothing at all", "nothing: no such command; help lists them"),
        ("regs", "r0  0000000000000000 0000000000008000 0000000000000001"),
        ("regs", "CPU 0, instruction 6"),
        ("psw", "0000200180000000 000000000001001A  0x1001a <loop+0x4>"),
        ("pages", "0x00008000-0x00008fff Vr (volatile, resident), key 30"),
        ("pages 0x8123", "block 0x8000: Vr (volatile, resident), key 30"),
        ("pages 0x8123", "Sr -> Vr by guest ORC 3, instruction 2 on CPU 0, at 0x1000a <start+0xa>; goto 2 is"),
        ("pages 0x9000", "nobody has changed its state since instruction 0"),
        ("pages 0x40000", "pages: 0x40000 to 0x40001: the guest has 0x40000 bytes"),
        ("key 0x8000", "block 0x8000: key 30"),
        ("key r1 0x52", "block 0x8000: key 52"),
        ("key 0x8000 0xFF", "key 0xff: it is 0 to FE, and even"),
        ("key 0x8000 0x31", "key 0x31: it is 0 to FE, and even"),
        ("key", "key: a number, a register or a symbol is missing"),
        ("x start 6", "0x00010000  a51f8000 e310"),
        ("x r1 + 8", "x: 8: too much; x ADDRESS [LENGTH]: storage"),
        ("pages r1 + 8", "block 0x8000: Vr"),
        ("why not", "why: not: too much; why: the last"),
        ("x 0x8008", "0x00008008  00000000 00008000"),
        ("x 0 0", "x: 0 bytes: 1 to 3200 can be shown"),
        ("x 0x3fff0 32", "the guest has 0x40000 bytes"),
        ("dis", "=> 0x1001a <loop+0x4>"),
        ("dis start 2", "   0x10004 <start+0x4>      e31010080024  stg %r1,8(%r1)"),
        ("dis 0x10001", "0x10001: an instruction address is even"),
        ("dis start 0", "dis: 0 instructions: 1 to 200 can be shown"),
        ("pager", "64 frames in use"),
        ("why", "no program interruption since instruction 0"),
        ("when", "instruction 6; the history is from 0 to 6"),
        ("back", "instruction 5; the history is from 0 to 6"),
        ("back 4", "=> 0x1000a <start+0xa>"),
        ("back 7", "back: instruction -1: the history is from 0 to 6"),
        ("back -1", "back: instruction 7: the history is from 0 to 6"),
        ("goto 2", "instruction 2; the history"),
        ("goto 1,000", "goto: instruction 1,000: the history is from 0 to 6"),
        ("goto", "goto: a number, a register or a symbol is missing"),
        ("last-write 0x8008", "0x8008: instruction 1 on CPU 0, at 0x10004 <start+0x4>; goto 1 is before it"),
        ("last-write 0x8000 8", "nobody has stored there since instruction 0"),
        ("last-write 0x8000 9", "instruction 1 on CPU 0"),
        ("last-write 0x8000 0", "last-write: 0 bytes: 1 to 4096 can be asked for"),
        ("last-write", "last-write: a number, a register or a symbol is missing"),
        ("last-change-of-state 0x8000", "Sr -> Vr by guest ORC 3"),
        ("last-change-of-state 1 << 40", "last-change-of-state: "),
        ("discard 0x8000", "block 0x8000: Vr -> Vz"),
        ("discard 0x9000", "discard: block 0x9000 is Sz: only resident blocks"),
        ("discard", "discard: a number, a register or a symbol is missing"),
        ("reclaim 0x10000", "block 0x10000: Sr -> Sp"),
        ("reclaim 0x40000", "reclaim: "),
        ("pressure 1", "1 of 64 frames in use"),
        ("pressure", "pressure: a number, a register or a symbol is missing"),
        ("pressure -1", "pressure: "),
        ("snapshot", "snapshot: save or load?"),
        ("snapshot load", "snapshot: nothing was saved as ''"),
        ("trace", "trace: on or off?"),
        ("trace on everything", "trace: everything: interruption, page, key is what can be told"),
        ("trace off", "trace off"),
    ],
)
def test_each_answer(line, answer):
    assert answer in words().execute(line)


def test_why_explains():
    assert "no such command" not in words().execute("why")


def test_a_key_that_was_set_is_the_users_input():
    told = words()
    told.execute("key 0x8000 0x52")
    told.target.step()
    told.execute("back 2")
    assert told.execute("key 0x8000") == "block 0x8000: key 30"
    told.execute("goto 7")
    assert told.execute("key 0x8000") == "block 0x8000: key 52"


def test_who_changed_a_block_may_be_the_host():
    told = words()
    told.execute("discard 0x8000")
    assert "discard 0x8000, from outside, at instruction 6" in told.execute("pages 0x8000")


def test_a_snapshot_is_gone_back_to_by_its_name():
    told = words()
    assert told.execute("snapshot save here") == "saved: instruction 6"
    told.target.step()
    told.execute("snapshot save")
    told.target.step()
    assert told.execute("snapshot load here").startswith("instruction 6;")
    assert told.execute("snapshot load").startswith("instruction 7;")


def test_a_snapshot_of_a_future_that_was_given_up_is_no_more():
    told = words()
    told.execute("snapshot save late")
    told.execute("goto 3")
    told.execute("key 0x8000 0")
    assert "the history is from 0 to 3" in told.execute("snapshot load late")


def test_trace_tells_what_happens_until_it_is_off():
    lines: list[str] = []
    told = words(steps=0)
    told.say = lines.append
    told.target.step()
    told.target.step()
    told.execute("trace on page key")
    for _ in range(3):
        told.target.step()
    assert [line.split()[1:] for line in lines] == [
        ["page", "block", "0x8000", "Sr", "->", "Vr", "guest", "ORC", "3"],
        ["key", "block", "0x8000", "06", "->", "30"],
    ]
    told.execute("discard 0x8000")
    assert lines[-1].endswith("Vr -> Vz  host reclaim, discarded")
    told.execute("trace off")
    told.execute("back 5")
    told.target.step()
    told.target.step()
    assert len(lines) == 3


def test_what_is_looked_at_in_the_past_is_not_told():
    lines: list[str] = []
    told = words()
    told.say = lines.append
    told.execute("trace on")
    told.execute("last-write 0x8008")
    told.execute("goto 5")
    assert lines == []


def test_whatever_is_said_is_answered_in_words():
    told, draw = words(), random.Random(1)
    pieces = ["", "0", "-1", "0x8000", "r1", "loop", "nowhere", "1 << 70", "(", "9" * 500, "1//0", "u64(-8)",
              "save", "on", "~0", "\0", "é", "0x40000", "pc"]  # fmt: skip
    for _ in range(1500):
        name = draw.choice([*told.commands, "", "?"])
        said = told.execute(" ".join([name, *(draw.choice(pieces) for _ in range(draw.randrange(4)))]))
        assert isinstance(said, str) and said
        assert len(said) < 20_000

"""The remote stub, packet by packet, and with whatever else a client may send."""

from __future__ import annotations

import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from s390emu.debugger.packets import LONGEST, Packets, Sign, packet
from s390emu.debugger.stub import LOOPBACK, PortInUse, Session, Stub
from s390emu.debugger.target import Target
from s390emu.machine import Machine, Schedule
from tests.interruptible import start
from tests.machine.test_history import BA_EA, HINTS, WALK

STG, AGHI8 = 0x10008, 0x1000E


@pytest.fixture
def session():
    sent = []
    made = Session(Target(Machine.from_source(WALK, 1 << 18), {"start": 0x10000}), sent.append)
    made.sent = sent
    return made


def ask(session: Session, text: str) -> str:
    answer = session.answer(text.encode("latin-1"))
    return "" if answer is None else answer.decode("latin-1")


def monitor(session: Session, line: str) -> str:
    session.sent.clear()
    assert ask(session, "qRcmd," + line.encode().hex()) == "OK"
    found = [part for data in session.sent for part in Packets().feed(data)]
    return b"".join(bytes.fromhex(part[1:].decode()) for part in found).decode()


# --- packets ---------------------------------------------------------------------------------------------------------


def test_packets_are_found_between_garbage_and_in_pieces():
    data = b"\xffxx+" + packet(b"g") + b"-" + packet(b"m0,8") + b"\x03"
    parser, found = Packets(), []
    for n in range(len(data)):
        found += parser.feed(data[n : n + 1])
    assert found == [Sign.ACKNOWLEDGED, b"g", Sign.REFUSED, b"m0,8", Sign.BREAK]


def test_escapes_are_undone():
    data = bytes(range(256))
    assert list(Packets().feed(packet(data))) == [data]


@pytest.mark.parametrize("data", [b"$g#00", b"$g#zz", b"$m0,8$"])
def test_a_damaged_packet_is_said_to_be_one(data):
    assert Sign.DAMAGED in list(Packets().feed(data))


def test_a_packet_without_an_end_is_given_up():
    parser = Packets()
    found = [each for _ in range(40) for each in parser.feed(b"$" if _ == 0 else b"x" * 1000)]
    assert found == [Sign.DAMAGED]
    assert list(parser.feed(packet(b"g"))) == [b"g"]


# --- what the client asks --------------------------------------------------------------------------------------------


def test_the_description_names_what_gdb_requires(session):
    supported = ask(session, "qSupported:swbreak+;xmlRegisters=i386")
    for feature in ("swbreak+", "hwbreak+", "QStartNoAckMode+", "ReverseStep+", "ReverseContinue+"):
        assert feature in supported
    whole, offset, part = "", 0, ""
    while not whole or part[0] == "m":
        part = ask(session, f"qXfer:features:read:target.xml:{offset:x},400")
        whole, offset = whole + part[1:], offset + 0x400
    for name in ("s390.core", "s390.acr", "s390.fpr", "s390.cr", 'name="icount"', 'name="pgm_code"', 'name="teid"'):
        assert name in whole
    assert 'length="0x40000"' in ask(session, "qXfer:memory-map:read::0,400")


def test_registers_are_read_and_written(session):
    machine = session.target.machine
    assert ask(session, "g")[:32] == f"{BA_EA:016x}{0x10000:016x}"
    assert ask(session, "P4=00000000000000ff") == "OK"
    assert (machine.gr[2], ask(session, "p4")) == (0xFF, "00000000000000ff")
    assert ask(session, f"P0={BA_EA | 2 << 44:016x}") == "OK"
    assert machine.psw[0] == BA_EA | 2 << 44
    assert ask(session, "G" + ask(session, "g")) == "OK"


def test_vector_registers_are_there_if_the_machine_has_them():
    earlier = Session(Target(Machine(1 << 18, model="zEC12"), {}), [].append)
    assert "s390.vx" not in ask(earlier, "qXfer:features:read:target.xml:0,4000")
    machine = Machine(1 << 18)
    machine.cpu.fpr[3], machine.cpu.vr_right[3], machine.cpu.vr_left[4], machine.cpu.vr_right[20] = 1, 2, 3, 4
    there = Session(Target(machine, {}), [].append)
    description = ask(there, "qXfer:features:read:target.xml:0,4000")
    for part in ("org.gnu.gdb.s390.vx", 'name="v15l"', 'name="v31" bitsize="128" type="vec128"'):
        assert part in description
    assert [ask(there, f"p{n:x}") for n in (35 + 3, 51 + 3, 67 + 4)] == [  # gdb's numbers, in the features' order
        f"{1:016x}", f"{2:016x}", f"{3:016x}{4:016x}"]  # fmt: skip
    assert ask(there, f"P{67 + 4:x}={5:016x}{6:016x}") == "OK"
    assert (machine.cpu.vr_left[4], machine.cpu.vr_right[20]) == (5, 6)


def test_own_registers_tell_the_emulators_side(session):
    session.target.machine.run(limit=77)
    assert int(ask(session, f"p{ICOUNT:x}"), 16) == 77
    assert ask(session, f"P{ICOUNT:x}={0:016x}").startswith("E")


def test_storage_is_read_and_written_and_history_has_it(session):
    assert ask(session, "m10000,2") == "a51f"
    assert ask(session, "M9000,2:abcd") == "OK"
    assert ask(session, "X9002,2:#}") == "OK"
    assert ask(session, "m9000,4") == "abcd237d"
    assert ask(session, "m40000,8").startswith("E")
    assert ask(session, "m3fffc,8") == "00" * 4
    assert len(session.target.history.inputs) == 2


def test_errors_are_in_words_only_if_the_client_knows_them(session):
    assert ask(session, "m90000,8") == "E14"
    ask(session, "qSupported:error-message+")
    assert ask(session, "m90000,8").startswith("E.0x90000")


def test_breakpoints_stop_and_are_told_apart_from_hardware_ones(session):
    assert ask(session, f"Z0,{STG:x},2") == ask(session, f"Z1,{AGHI8:x},2") == "OK"
    assert ask(session, "vCont;c") == "T05thread:1;swbreak:;"
    assert ask(session, "vCont;c:-1") == "T05thread:1;hwbreak:;"
    assert ask(session, f"z0,{STG:x},2") == "OK"
    assert ask(session, "c") == "T05thread:1;hwbreak:;"


@pytest.mark.parametrize(("kind", "name"), [("2", "watch"), ("4", "awatch")])
def test_watchpoints_name_their_address(session, kind, name):
    assert ask(session, f"Z{kind},8010,8") == "OK"
    assert ask(session, "vCont;c") == f"T05thread:1;{name}:8010;"
    assert session.target.machine.psw[1] == AGHI8


def test_steps_forward_and_back_to_the_beginning(session):
    assert ask(session, "vCont;s:1;c") == "T05thread:1;"
    assert ask(session, "vCont;r10000,10008:1") == "T05thread:1;"
    assert session.target.machine.psw[1] == STG
    assert ask(session, "bs") == "T05thread:1;"
    assert ask(session, "bc") == "T05thread:1;replaylog:begin;"
    assert session.target.machine.count == 0


def test_cpus_are_threads():
    source = "start: llilf %r1,1\n sigp %r0,%r1,6\nother: aghi %r2,1\n j other"
    machine = Machine.from_source(source, 1 << 18, cpus=2, schedule=Schedule(2, quantum=5))
    machine.write(0x1A0, BA_EA.to_bytes(8) + machine.psw[1].to_bytes(8))
    session = Session(Target(machine), lambda data: None)
    assert ask(session, "qfThreadInfo") == "m1,2"
    assert "stopped" in bytes.fromhex(ask(session, "qThreadExtraInfo,2")).decode()
    machine.run(limit=50)
    assert ask(session, "Hg2") == "OK"
    assert ask(session, "p1") == f"{machine.cpus[1].psw[1]:016x}"
    before = machine.cpus[1].count
    assert ask(session, "vCont;s:2") == "T05thread:2;"
    assert machine.cpus[1].count == before + 1
    assert ask(session, "T3").startswith("E")


def test_the_guests_end_is_a_stop_and_not_the_end(session):
    session.target.set_register(session.target.machine.running, "psw.mask", 0x0002000180000000)
    assert ask(session, "vCont;c") == "T05thread:1;"
    assert ask(session, "bs").startswith("T05")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("help", "last-write ADDRESS"), ("regs", "CPU 0"), ("pages", "stable"), ("pages 0x9000", "nobody has changed"),
        ("key 0x8000", "key 0"), ("key 0x8000 0x30", "key 30"), ("pager", "frames in use"), ("why", "no program"),
        ("when", "instruction 400"), ("last-write 0x8010", "at 0x10008 <start+0x8>"), ("goto 100", "instruction 100"),
        ("back 3", "instruction 397"), ("dis", "=>"), ("x 0x8000 16", "00000000 00000001"), ("psw", "64-bit"),
        ("nonsense", "no such command"), ("goto 4000", "the history is from"), ("discard 0x8000", "is Sr"),
        ("goto", "is missing"), ("x 0x8000 0x99999", "can be shown"), ("snapshot load x", "nothing was saved"),
    ],
)  # fmt: skip
def test_monitor(session, line, expected):
    session.target.machine.run(limit=400)
    assert expected in monitor(session, line)


def test_monitor_saves_and_loads_a_moment(session):
    session.target.machine.run(limit=40)
    monitor(session, "snapshot save here")
    session.target.machine.run(limit=40)
    assert "instruction 40" in monitor(session, "snapshot load here")


def test_monitor_why_tells_who_hinted_and_who_took():
    source = HINTS.replace("stg   %r1,0(%r1)", "lg %r2,0(%r1)") + "\nnow: lg %r4,0(%r1)\n j now"
    machine = Machine.from_source(source, 1 << 18)
    machine.write(0x1D0, (0x0002000180000000).to_bytes(8) + (0xDEAD).to_bytes(8))
    sent = []
    session = Session(Target(machine, {"start": 0x10000}), sent.append)
    session.sent = sent
    machine.run(limit=10)
    assert "Pr -> Vz" in monitor(session, "discard 0x8000")
    machine.run(limit=2)
    session.target.set_register(machine.running, "psw.ia", 0x10016)
    assert ask(session, "vCont;c") == "T05thread:1;"
    told = monitor(session, "why")
    for words in ("001A", "block volatility", "nullified", "lg %r4,0(%r1)", "Vz",
                  "discard 0x8000, from outside, at instruction 10"):  # fmt: skip
        assert words in told


def test_the_end_of_the_past_is_said(session):
    session.target.machine.run(limit=40)
    assert ask(session, "bc") == "T05thread:1;replaylog:begin;"
    assert ask(session, "vCont;c") == "T05thread:1;replaylog:end;"
    assert session.target.machine.count == 40


def test_a_page_that_the_host_throws_away_is_said():
    machine = Machine.from_source(HINTS.replace("stg   %r1,0(%r1)", "lg %r2,0(%r1)"), 1 << 18)
    sent = []
    session = Session(Target(machine), sent.append)
    session.sent = sent
    machine.run(limit=100)
    assert ask(session, "Z2,8000,8") == "OK"
    monitor(session, "discard 0x8000")
    machine.run(limit=100)
    sent.clear()
    assert ask(session, "bc") == ask(session, "vCont;c") == "T05thread:1;watch:8000;"
    told = [part for data in sent for part in Packets().feed(data)]
    assert [bytes.fromhex(part[1:].decode()) for part in told] == [b"the host has thrown the watched page away\n"] * 2


def test_gdb_is_told_that_a_long_answer_is_on_its_way(monkeypatch):
    said = threading.Event()
    session = Session(Target(Machine.from_source(HINTS, 1 << 18)), lambda data: data == packet(b"O") and said.set())
    monkeypatch.setattr("s390emu.debugger.stub.ALIVE", 0.01)
    monkeypatch.setattr(session.words, "execute", lambda line: f"{line} {said.wait(60)}")
    assert session.answer(b"qRcmd," + b"why".hex().encode()) == b"OK"
    assert said.is_set()


ICOUNT = 35 + 16 + 16 + 16 + 16  # gdb's number of it: behind 32 parts of vectors and the control registers
REQUIRED = [
    "?", "g", "G" + "00" * 144, "p0", "P2=0000000000000001", "m10000,2", "M9000,1:00", "X9000,1:a", "Hg1", "Hc-1", "qC",
    "qfThreadInfo", "qsThreadInfo", "qThreadExtraInfo,1", "qAttached", "qSupported:swbreak+", "QStartNoAckMode", "D",
    "qXfer:memory-map:read::0,10", "qXfer:features:read:target.xml:0,10", "qRcmd,68656c70", "vCont?", "vCont;s", "T1",
    "vCont;S05", "vCont;s:1;c", "Z0,10004,2", "z0,10004,2", "Z1,10004,2", "z1,10004,2", "Z2,8000,8", "z2,8000,8", "bc",
    "Z3,8000,8", "z3,8000,8", "Z4,8000,8", "z4,8000,8", "bs",
]  # fmt: skip


@pytest.mark.parametrize("text", REQUIRED)
def test_what_gdb_may_ask_is_answered(session, text):
    answer = ask(session, text)
    assert answer and answer[0] != "E"


@pytest.mark.parametrize("text", ["vCont;c", "vCont;C05", "c", "C05"])
def test_the_guest_goes_on_until_it_is_stopped(session, text):
    ask(session, f"Z0,{STG:x},2")
    assert ask(session, text) == "T05thread:1;swbreak:;"


@pytest.mark.parametrize(("text", "answer"), [("k", None), ("vKill;1", b"OK")])
def test_kill_ends_the_session(session, text, answer):
    assert session.answer(text.encode()) == answer
    assert session.killed


def test_what_is_not_known_is_answered_with_nothing(session):
    for unknown in ("", "vMustReplyEmpty", "qTStatus", "!", "QNonStop:1", "vFile:setfs:0", "bx"):
        assert ask(session, unknown) == ""


# --- a client that sends garbage -------------------------------------------------------------------------------------

PACKETS = int(os.environ.get("S390EMU_PACKETS", "20_000"))
TEMPLATES = [
    "g", "p4", "m10000,40", "M9000,2:abcd", "X9000,2:ab", "Z0,10008,2", "z0,10008,2", "Z2,8010,8", "Hg1", "T1",
    "bs", "bc", "qXfer:features:read:target.xml:0,400", "qRcmd,68656c70", "vCont;s:1", "vCont;c",
    "vCont;r10000,10008:1", "vCont?", "qThreadExtraInfo,1", "qSupported:swbreak+", "P4=00000000000000ff", "?",
    "qfThreadInfo", "P1=0000000000010004", "G" + "00" * 144, "qAttached", "D;1", "vKill;1",
]  # fmt: skip
MONITOR = [
    "pages", "pages 0x8000", "key 0x8000 0x30", "discard 0x8000", "x 0x8000 16", "dis", "back 3", "goto 5", "when",
    "why", "last-write 0x8010", "last-change-of-state 0x8000", "snapshot save a", "snapshot load a",
]  # fmt: skip


def mangled(rng: random.Random) -> bytes:
    """Return a packet's data that is nearly right, or not at all."""
    if rng.randrange(8):
        return spoilt(rng, rng.choice(TEMPLATES).encode())
    return b"qRcmd," + spoilt(rng, rng.choice(MONITOR).encode()).hex().encode()


def spoilt(rng: random.Random, text: bytes) -> bytes:
    """Return a text with some of its characters changed, or as it is."""
    data = bytearray(text)
    for _ in range(rng.randrange(4)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(3):
            case 0:
                data[at:at] = bytes([rng.choice(b"0123456789abcdef,;:#$}-=.?\x00\xff")])
            case 1 if data:
                del data[min(at, len(data) - 1)]
            case _ if data:
                data[min(at, len(data) - 1)] = rng.randrange(256)
    return bytes(data)


def test_mangled_packets_leave_the_stub_alive(session, monkeypatch):
    """A guest that they let run goes on a little, and is stopped as by Ctrl-C."""
    rng, target = random.Random(9), session.target
    monkeypatch.setattr("s390emu.debugger.target.SLICE", 5)
    polls = itertools.cycle([False, True])
    target.poll = lambda: next(polls)
    kinds, beginning = Counter(), target.machine.snapshot()
    for n in range(PACKETS):
        answer = session.answer(mangled(rng))
        assert answer is None or len(answer) <= 2 * LONGEST
        kinds[(answer or b"")[:1]] += 1
        if n % 500 == 0:
            session.close()
            session.sent.clear()
            target.machine.restore(beginning)
            target.history = target.machine.remember(interval=100)
    assert kinds.keys() >= {b"", b"O", b"E", b"T", b"m"}
    assert kinds[b"T"] > PACKETS // 100


def test_a_stream_of_noise_leaves_the_parser_alive():
    rng, parser = random.Random(4), Packets()
    for _ in range(20_000):
        noise = rng.randbytes(rng.randrange(1, 12))
        list(parser.feed(noise if rng.randrange(2) else packet(noise)[: rng.randrange(1, 12)]))
    list(parser.feed(b"#00"))
    assert list(parser.feed(packet(b"g")))[-1] == b"g"


# --- a socket --------------------------------------------------------------------------------------------------------


class Client:
    """A client at a socket."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._packets, self._found = Packets(), []

    def ask(self, text: bytes) -> bytes:
        self.socket.sendall(packet(text))
        return self.next()

    def next(self) -> bytes:
        while True:
            for n, each in enumerate(self._found):
                if isinstance(each, bytes):
                    del self._found[: n + 1]
                    return each
            data = self.socket.recv(4096)
            assert data
            self._found += self._packets.feed(data)


@pytest.fixture
def stub():
    made = Stub(Target(Machine.from_source("start: j start", 1 << 18)))
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    yield made
    client = Client(made.port)
    client.socket.sendall(packet(b"k"))
    thread.join(20)
    made.close()
    assert not thread.is_alive()


@pytest.fixture
def port(stub):
    return stub.port


def test_a_running_guest_is_stopped_by_ctrl_c(port):
    client = Client(port)
    client.socket.sendall(packet(b"vCont;c") + b"\x03")
    assert client.next() == b"T02thread:1;"
    client.socket.close()


def test_a_client_that_disappears_leaves_the_guest_for_the_next_one(stub):
    machine, first = stub.target.machine, Client(stub.port)
    assert first.ask(b"QStartNoAckMode") == b"OK"
    first.socket.sendall(packet(b"Z0,0,2") + packet(b"vCont;c"))
    deadline = time.monotonic() + 20
    while not machine.count and time.monotonic() < deadline:
        time.sleep(0.01)
    first.socket.close()
    second = Client(stub.port)
    assert int(second.ask(b"p%x" % ICOUNT), 16) == machine.count > 0
    assert not stub.target.breakpoints
    second.socket.close()


def test_a_client_that_sends_garbage_is_answered_when_it_stops(port):
    client = Client(port)
    client.socket.sendall(random.Random(3).randbytes(100_000).replace(b"\x03", b"") + b"#00")
    assert client.ask(b"qC") == b"QC1"
    client.socket.close()


@pytest.mark.parametrize("tail", [b"", b"$", b"$vCont;c", b"$m0,8#", b"+", b"}"])
def test_a_client_that_disappears_within_a_packet(port, tail):
    first = Client(port)
    first.socket.sendall(tail)
    first.socket.close()
    second = Client(port)
    assert second.ask(b"qC") == b"QC1"
    second.socket.close()


def test_ctrl_c_ends_the_waiting_for_a_client():
    code = ("from s390emu.debugger.stub import Stub; from s390emu.debugger.target import Target\n"
            "from s390emu.machine import Machine\nstub = Stub(Target(Machine(1 << 18)))\n"
            "try:\n print(flush=True)\n stub.serve()\nexcept KeyboardInterrupt: print('left', flush=True)\n")
    with start([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0] == "left\n"


def test_nobody_is_waited_for_who_will_not_come():
    stub = Stub(Target(Machine(1 << 18)))
    assert stub.serve(once=True, comes=lambda: False) is False
    stub.close()


def test_it_listens_on_this_computer_only(port):
    """Unless it is told otherwise."""
    assert socket.create_connection((LOOPBACK, port)).getsockname()[0] == "127.0.0.1"
    others = {found[4][0] for found in socket.getaddrinfo(socket.gethostname(), port, socket.AF_INET)} - {LOOPBACK}
    for address in others:
        with pytest.raises(OSError):
            socket.create_connection((address, port), timeout=5)


def test_a_second_client_is_turned_away(port):
    first = Client(port)
    first.ask(b"?")
    second = socket.create_connection(("127.0.0.1", port), timeout=20)
    assert second.recv(10) == b""
    assert first.ask(b"qC") == b"QC1"
    first.socket.close()


def test_a_damaged_packet_is_asked_for_again(port):
    client = Client(port)
    client.socket.sendall(b"$qC#00")
    assert client.socket.recv(10) == b"-"
    client.socket.close()


def test_a_port_in_use_is_said(port):
    with pytest.raises(PortInUse, match=f"port {port} of 127.0.0.1: Address already in use"):
        Stub(Target(Machine(1 << 18)), port)


@pytest.mark.parametrize(("host", "port"), [("nowhere.invalid", 0), ("x" * 300, 0), ("127.0.0.1", 70_000)])
def test_where_nobody_can_listen(host, port):
    with pytest.raises(PortInUse, match="of " + host):
        Stub(Target(Machine(1 << 18)), port, host)

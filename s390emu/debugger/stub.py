"""A gdb remote stub: GDB's remote serial protocol over a `Target`, on a socket, with nothing but the standard library.

GDB manual, appendix "GDB Remote Serial Protocol". What is not known is answered with an empty packet, as it wants.
A client may send anything: what is malformed is an error answer, and a client that disappears leaves the guest as it
stands, for the next one.
"""

from __future__ import annotations

import re
import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import ClassVar

from s390emu.debugger.description import CORE, Register, memory_map, registers_of, target_xml, value
from s390emu.debugger.packets import LONGEST, Packets, Sign, packet
from s390emu.debugger.target import Breakpoint, Halt, Target, Watchpoint, Why
from s390emu.debugger.words import ERRORS, MOVES, Words
from s390emu.input_files import FileError
from s390emu.machine import CPU
from s390emu.machine.view import registers

LOOPBACK = "127.0.0.1"
SIGINT, SIGTRAP = 2, 5
LOOK = 0.5  # seconds between two looks whether a client may still come
ALIVE = 1  # seconds between two signs that the answer to `monitor` is on its way
WATCHES = {"2": "write", "3": "read", "4": "access"}
NAMES_OF_WATCHES = {"write": "watch", "read": "rwatch", "access": "awatch"}
ENDS = {Why.BEGIN: "replaylog:begin;", Why.END: "replaylog:end;"}
NUMBER = re.compile(r"[0-9a-fA-F]{1,16}")
STALE = "(gdb) maintenance flush register-cache    # the guest has moved in time"
FEATURES = ("swbreak+", "hwbreak+", "QStartNoAckMode+", "qXfer:features:read+", "qXfer:memory-map:read+",
            "ReverseStep+", "ReverseContinue+", "vContSupported+", "error-message+")  # fmt: skip


class PortInUse(Exception):
    """The stub cannot listen; the message says where and why."""


class Malformed(ValueError):
    """A packet that does not say what its kind has to say."""


def number(text: str) -> int:
    """Return a number as gdb writes it: hexadecimal digits. Malformed for anything else."""
    if not NUMBER.fullmatch(text):
        raise Malformed(f"{text!r} is no number")
    return int(text, 16)


def hexadecimal(text: str) -> bytes:
    """Return bytes that are written as digits."""
    if len(text) % 2 or not all(digit in "0123456789abcdefABCDEF" for digit in text):
        raise Malformed("no bytes")
    return bytes.fromhex(text)


class Session:
    """One client's packets, answered. send: called with whole packets, beside the answers (`monitor`'s text)."""

    def __init__(self, target: Target, send: Callable[[bytes], None]):
        self.target, self.send = target, send
        self.words = Words(target)
        self.acknowledges = True
        self.textual_errors = False
        self.ended = self.killed = False
        self._cpu = target.machine.running  # whose registers and storage are looked at
        self._points: dict[tuple[str, int, int], Breakpoint | Watchpoint] = {}

    def close(self) -> None:
        """Take the client's breakpoints away."""
        for point in self._points.values():
            with suppress(ValueError):
                self.target.remove(point.number)
        self._points.clear()

    def answer(self, data: bytes) -> bytes | None:
        """Return the answer to a packet; None if it gets none."""
        text = data.decode("latin-1")
        try:
            return self._dispatch(text)
        except Malformed as error:
            return self._error(1, str(error))
        except (*ERRORS, KeyError, FileError) as error:
            return self._error(0x14, str(error))

    def _error(self, code: int, text: str) -> bytes:
        return f"E.{text}".encode("latin-1", "replace") if self.textual_errors else b"E%02x" % code

    def _dispatch(self, text: str) -> bytes | None:
        """Answer by the packet's name."""
        for name, named in self.NAMED.items():
            if text.startswith(name):
                return named(self, text[len(name) :])
        handler = self.LETTERS.get(text[:1])
        return handler(self, text[1:]) if handler else b""

    # --- registers and storage ---------------------------------------------------------------------------------------

    @property
    def _registers(self) -> list[Register]:
        return registers_of(self.target.machine)

    def _read_registers(self, rest: str) -> bytes:
        del rest
        machine = self.target.machine
        return b"".join(value(machine, self._cpu, register) for register in self._registers[:CORE]).hex().encode()

    def _write_registers(self, rest: str) -> bytes:
        data = hexadecimal(rest)
        sizes = [register.bits // 8 for register in self._registers]
        if len(data) < sum(sizes[:CORE]) or len(data) > sum(sizes):
            raise Malformed(f"{len(data)} bytes of registers")
        for n in range(CORE):
            self._set(n, int.from_bytes(data[8 * n : 8 * n + 8]))
        return b"OK"

    def _read_register(self, rest: str) -> bytes:
        n = number(rest)
        if n >= len(self._registers):
            raise Malformed(f"there is no register {n}")
        return value(self.target.machine, self._cpu, self._registers[n]).hex().encode()

    def _write_register(self, rest: str) -> bytes:
        which, _, digits = rest.partition("=")
        n, data = number(which), hexadecimal(digits)
        if n >= len(self._registers) or len(data) != self._registers[n].bits // 8:
            raise Malformed(f"register {which} in {len(data)} bytes")
        self._set(n, int.from_bytes(data))
        return b"OK"

    def _set(self, n: int, new: int) -> None:
        """Give a register a value, unless it has it; the PSW mask with its condition code."""
        register = self._registers[n]
        if not register.own:
            raise ValueError(f"{register.name} cannot be set")
        if int.from_bytes(value(self.target.machine, self._cpu, register)) == new:
            return
        if register.own == "psw.mask":
            cc, has = new >> 44 & 3, registers(self._cpu)["cc"]
            if cc != has:
                self.target.set_register(self._cpu, "cc", cc)
            new &= ~(3 << 44)
        self.target.set_register(self._cpu, register.own, new)

    def _range(self, rest: str) -> tuple[int, int]:
        """Return address and length of a storage packet."""
        address, comma, length = rest.partition(",")
        if not comma or number(length) > LONGEST:
            raise Malformed("no range")
        return number(address), number(length)

    def _read_storage(self, rest: str) -> bytes:
        address, length = self._range(rest)
        view = self.target.machine.view
        try:
            return view.read_logical(self._cpu, address, length).hex().encode()
        except ERRORS:
            first = min(length, -address % 4096)  # what there is in the first page
            if not 0 < first < length:
                raise
            return view.read_logical(self._cpu, address, first).hex().encode()

    def _write_storage(self, rest: str) -> bytes:
        place, _, digits = rest.partition(":")
        return self._store(place, hexadecimal(digits))

    def _write_binary(self, rest: str) -> bytes:
        place, _, data = rest.partition(":")
        return self._store(place, data.encode("latin-1"))

    def _store(self, place: str, data: bytes) -> bytes:
        address, length = self._range(place)
        if length != len(data):
            raise Malformed(f"{len(data)} bytes instead of {length}")
        if data:
            self.target.write(self._cpu, address, data)
        return b"OK"

    # --- threads: the CPUs -------------------------------------------------------------------------------------------

    def _thread(self, text: str) -> CPU | None:
        """Return the CPU of a thread id, from 1 on; None for any, or all."""
        if text in ("", "0", "-1"):
            return None
        n = number(text) - 1
        if not 0 <= n < len(self.target.machine.cpus):
            raise Malformed(f"there is no thread {text}")
        return self.target.machine.cpus[n]

    def _select(self, rest: str) -> bytes:
        if rest[:1] not in ("g", "c"):
            raise Malformed("neither Hg nor Hc")
        cpu = self._thread(rest[1:])
        if rest[0] == "g":
            self._cpu = cpu or self.target.machine.running
        return b"OK"

    def _alive(self, rest: str) -> bytes:
        self._thread(rest)
        return b"OK"

    def _current(self, rest: str) -> bytes:
        del rest
        return b"QC%x" % (self._cpu.number + 1)

    def _threads(self, rest: str) -> bytes:
        del rest
        return b"m" + b",".join(b"%x" % (cpu.number + 1) for cpu in self.target.machine.cpus)

    def _thread_text(self, rest: str) -> bytes:
        cpu = self._thread(rest)
        if cpu is None:
            raise Malformed("which thread?")
        state = "stopped" if cpu.record.stopped else "operating"
        return f"CPU {cpu.number}: {state}, {cpu.count:,} instructions".encode().hex().encode()

    # --- what the stub can do ----------------------------------------------------------------------------------------

    def _supported(self, rest: str) -> bytes:
        self.textual_errors = "error-message+" in rest.lstrip(":").split(";")
        return ";".join((f"PacketSize={LONGEST:x}", *FEATURES)).encode()

    def _transfer(self, rest: str) -> bytes:
        what, operation, annex, span = [*rest.split(":", 3), "", "", ""][:4]
        if operation != "read":
            return b""
        if what == "features":
            if annex != "target.xml":
                return b"E00"
            data = target_xml(self.target.machine)
        elif what == "memory-map":
            data = memory_map(self.target.machine)
        else:
            return b""
        offset, length = self._range(span)
        part = data[offset : offset + length]
        return (b"m" if offset + length < len(data) else b"l") + part

    def _no_acknowledgments(self, rest: str) -> bytes:
        del rest
        self.acknowledges = False
        return b"OK"

    def _monitor(self, rest: str) -> bytes:
        line = hexadecimal(rest).decode("utf-8", "replace").strip()
        with self._patience():
            text = self.words.execute(line)
        self._tell(text + "\n")
        if line.split(" ")[0] in MOVES:
            self._cpu = self.target.machine.running
            self._tell(STALE + "\n")
        return b"OK"

    @contextmanager
    def _patience(self) -> Iterator[None]:
        """Say now and then that the answer is on its way: gdb waits for one for two seconds only."""
        answered = threading.Event()

        def say() -> None:
            while not answered.wait(ALIVE):
                self.send(packet(b"O"))

        thread = threading.Thread(target=say, daemon=True)
        thread.start()
        try:
            yield
        finally:
            answered.set()
            thread.join()

    def _tell(self, text: str) -> None:
        """Let gdb show some text."""
        data = text.encode()
        for at in range(0, len(data), LONGEST // 4):
            self.send(packet(b"O" + data[at : at + LONGEST // 4].hex().encode()))

    # --- breakpoints and watchpoints ---------------------------------------------------------------------------------

    def _point(self, rest: str) -> tuple[str, int, int]:
        kind, address, length = [*rest.split(";")[0].split(","), "", ""][:3]
        if kind not in ("0", "1", *WATCHES):
            raise Malformed(f"Z{kind}")
        return kind, number(address), number(length)

    def _insert(self, rest: str) -> bytes:
        key = kind, address, length = self._point(rest)
        if key not in self._points:
            if kind in WATCHES:
                self._points[key] = self.target.add_watchpoint(WATCHES[kind], address, length)
            else:
                self._points[key] = self.target.add_breakpoint(address)
        return b"OK"

    def _take_out(self, rest: str) -> bytes:
        point = self._points.pop(self._point(rest), None)
        if point is not None:
            with suppress(ValueError):
                self.target.remove(point.number)
        return b"OK"

    # --- going on ----------------------------------------------------------------------------------------------------

    def _status(self, rest: str) -> bytes:
        del rest
        return self._stop(self.target.halt or Halt(Why.STEPPED, self.target.machine.running.number))

    def _resume(self, rest: str) -> bytes:
        """c, C: let the guest run; gdb uses vCont instead."""
        del rest
        return self._stop(self.target.resume())

    def _step(self, rest: str) -> bytes:
        del rest
        return self._stop(self.target.step())

    def _continue_as(self, rest: str) -> bytes:
        """vCont: the first action that names a thread, or is for all of them, says what to do."""
        if rest == "?":
            return b"vCont;c;C;s;S;r"
        actions = [part.partition(":") for part in rest.lstrip(";").split(";")]
        for action, _, thread in actions:
            cpu = self._thread(thread)
            if action[:1] in ("s", "S"):
                return self._stop(self.target.step(cpu.number if cpu else None))
            if action[:1] == "r":
                first, comma, end = action[1:].partition(",")
                if not comma:
                    raise Malformed("no range")
                return self._stop(self._step_range(number(first), number(end), cpu))
            if action[:1] not in ("c", "C"):
                raise Malformed(f"vCont;{action}")
        return self._stop(self.target.resume())

    def _step_range(self, first: int, end: int, cpu: CPU | None) -> Halt:
        """Step until the CPU is outside a range of addresses."""
        while True:
            halt = self.target.step(cpu.number if cpu else None)
            at = (cpu or self.target.machine.running).psw[1]
            if halt.why is not Why.STEPPED or not first <= at < end:
                return halt
            if self.target.poll and self.target.poll():
                return Halt(Why.INTERRUPTED, halt.cpu)

    def _back(self, rest: str) -> bytes:
        if rest == "s":
            return self._stop(self.target.step_back())
        if rest == "c":
            return self._stop(self.target.resume_back())
        return b""

    def _stop(self, halt: Halt) -> bytes:
        """Return a stop reply."""
        self.target.halt = halt
        self._cpu = self.target.machine.cpus[halt.cpu]
        why = ""
        if halt.why is Why.BREAKPOINT and halt.breakpoint:
            hard = any(key[0] == "1" for key, point in self._points.items() if point is halt.breakpoint)
            why = "hwbreak:;" if hard else "swbreak:;"
        elif halt.watchpoint:
            why = f"{NAMES_OF_WATCHES[halt.watchpoint.kind]}:{halt.watchpoint.address:x};"
            if halt.by_host:
                self._tell("the host has thrown the watched page away\n")
        elif halt.why in ENDS:
            why = ENDS[halt.why]
        elif halt.stop:
            self._tell(f"s390emu: {halt.stop.reason}, address {halt.stop.psw_ia:#x}\n")
        signal = SIGINT if halt.why is Why.INTERRUPTED else SIGTRAP
        return f"T{signal:02x}thread:{halt.cpu + 1:x};{why}".encode()

    # --- leaving -----------------------------------------------------------------------------------------------------

    def _detach(self, rest: str) -> bytes:
        del rest
        self.ended = True
        return b"OK"

    def _kill(self, rest: str) -> bytes | None:
        self.ended = self.killed = True
        return b"OK" if rest else None

    NAMED: ClassVar[dict[str, Callable[[Session, str], bytes | None]]] = {
        "qSupported": _supported, "qXfer:": _transfer, "qRcmd,": _monitor, "QStartNoAckMode": _no_acknowledgments,
        "qfThreadInfo": _threads, "qsThreadInfo": lambda self, rest: b"l", "qThreadExtraInfo,": _thread_text,
        "qAttached": lambda self, rest: b"1", "vCont": _continue_as,
        "vKill": lambda self, rest: self._kill("v"), "qC": _current,
    }  # fmt: skip
    LETTERS: ClassVar[dict[str, Callable[[Session, str], bytes | None]]] = {
        "?": _status, "g": _read_registers, "G": _write_registers, "p": _read_register, "P": _write_register,
        "m": _read_storage, "M": _write_storage, "X": _write_binary, "H": _select, "T": _alive, "Z": _insert,
        "z": _take_out, "c": _resume, "C": _resume, "s": _step, "S": _step, "b": _back, "D": _detach, "k": _kill,
    }  # fmt: skip


class Stub:
    """Listens on a port, and serves one client after the other. A second one at the same time is turned away."""

    def __init__(self, target: Target, port: int = 0, host: str = LOOPBACK):
        self.target = target
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind((host, port))
        except (OSError, OverflowError, UnicodeError) as error:
            self._listener.close()
            reason = error.strerror if isinstance(error, OSError) else "there is no such address"
            raise PortInUse(f"port {port} of {host}: {reason}") from error
        self._listener.listen()
        self.port: int = self._listener.getsockname()[1]

    def close(self) -> None:
        """Listen no longer."""
        self._listener.close()

    def serve(self, once: bool = False, comes: Callable[[], bool] = lambda: True) -> bool:
        """Serve clients until one ends it (`kill`), or with `once` until the first one leaves. False if no client has
        come and there will be none, as `comes` says, which is asked now and then."""
        while True:
            while not select.select([self._listener], [], [], LOOK)[0]:
                if not comes():
                    return False
            connection, _ = self._listener.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                session = _Connection(self.target, connection, self._listener).serve()
            if once or session.killed:
                return True


class _Connection:
    """One client at a socket."""

    def __init__(self, target: Target, connection: socket.socket, listener: socket.socket):
        self._socket, self._listener, self._target = connection, listener, target
        self._packets = Packets()
        self._waiting: list[bytes | Sign] = []
        self._gone = False
        self._last = b""
        self._session = Session(target, self._send)

    def serve(self) -> Session:
        """Answer until the client leaves."""
        session, self._target.poll = self._session, self._interrupted
        try:
            while not (session.ended or self._gone):
                if not self._waiting:
                    self._listen(None)
                    continue
                each = self._waiting.pop(0)
                if each is Sign.DAMAGED and session.acknowledges:
                    self._send(b"-")
                elif each is Sign.REFUSED and session.acknowledges:
                    self._send(self._last)
                elif isinstance(each, bytes):
                    if session.acknowledges:
                        self._send(b"+")
                    answer = session.answer(each)
                    if answer is not None:
                        self._last = packet(answer)
                        self._send(self._last)
        finally:
            self._target.poll, self._target.interrupted = None, False
            session.close()
        return session

    def _send(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError:
            self._gone = True

    def _listen(self, timeout: float | None) -> None:
        """Take what the client has sent, and turn another one away."""
        ready, _, _ = select.select([self._socket, self._listener], [], [], timeout)
        while not self._gone and select.select([self._socket], [], [], 0)[0]:
            try:
                data = self._socket.recv(1 << 16)
            except OSError:
                data = b""
            self._gone = not data
            self._waiting += self._packets.feed(data)
        if self._listener in ready and not self._gone:  # else it is the next client
            second, _ = self._listener.accept()
            second.close()

    def _interrupted(self) -> bool:
        """True if the client wants the guest to stand still, or has disappeared."""
        self._listen(0)
        if Sign.BREAK in self._waiting:
            self._waiting.remove(Sign.BREAK)
            return True
        return self._gone

"""A machine's past: checkpoints by instruction count, and what the world outside did to it, each at its moment.

    history = machine.remember()
    machine.run()
    change = history.last_write(0x8000)        # who stored there last, and when
    history.goto(change.count)                 # the moment before that instruction
    history.back()                             # ... and one instruction earlier

A moment is a number of instructions that have ended. To be at one is to be where `Machine.run` stops at its limit:
program and supervisor-call interruptions of the instruction before were taken, others that are pending were not, and
nothing that happened from outside at this moment has happened yet. The present is the exception: it is as it was left.

To go on in the past is to execute the same again, with the same inputs at the same moments (`inputs.perform` notes them
here); to do something else to the guest there gives up the future that was. Observers, but for the machine's own record
of events, see nothing of what is executed for a search or to get to a moment; nor does the console show it again.

A past that is known already (`recording.replayer.past`) comes with its inputs and checkpoints, and the machine is at
its beginning; to go on behind its end is to do what the guest would have done then, if it had been left alone.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from s390emu._jit import JIT
from s390emu.architecture.sizes import BLOCK_SIZE
from s390emu.machine.observe import kinds_of
from s390emu.machine.page_pool import PagePool
from s390emu.machine.snapshot import Snapshot, restore, take
from s390emu.machine.stop import Reason
from s390emu.records.blocks import WATCH_STORE
from s390emu.records.events import EVENT_ESSA, EVENT_HOST, EVENT_TOUCH
from s390emu.storage.presence import STORE

if TYPE_CHECKING:
    from s390emu.machine.machine import Machine

INTERVAL = 50_000_000 if JIT else 2_000  # instructions between two checkpoints where the machine has been last
CHECKPOINTS = 64  # the most that are kept in storage: the farther away from the machine, the farther apart
NEAR = 16  # a journey leaves a checkpoint this part of its way before its end, for the next one
Found = TypeVar("Found")


class Lost(Exception):
    """There is no such moment in the history."""


class Diverged(Lost):
    """The guest does not do again what it did; the message says where."""


@dataclass(frozen=True)
class Input:
    """What was done to the guest from outside. act does it again; text: in words. refused: it raised something.
    waiting: it was done when the guest had come to wait, and not before."""

    count: int
    text: str
    act: Callable[[Machine], Any]
    refused: bool = False
    waiting: bool = False


@dataclass(frozen=True)
class Checkpoint:
    """count, done: the moment, and how many inputs had happened. exact: it is where a run to `count` stops, and not
    only between two instructions somewhere after that. state: a snapshot, or what brings a machine there."""

    count: int
    done: int
    exact: bool
    state: Snapshot | Callable[[Machine], object]

    @property
    def order(self) -> tuple[int, int]:
        """Return its place among others."""
        return self.count, self.done


@dataclass(frozen=True)
class Change:
    """Who changed something: the instruction that is next at the moment `count`, while which `event` (an EVENT record)
    was recorded; or this input, which was done at that moment."""

    count: int
    event: Any = None
    input: Input | None = None


class History:
    """The past of a machine from now on. interval, most: see INTERVAL and CHECKPOINTS.

    inputs, checkpoints, end: of a past that is known already, in their order, the first checkpoint at the first moment
    that there is, `end` the last one.
    """

    def __init__(
        self, machine: Machine, interval: int = INTERVAL, most: int = CHECKPOINTS, *,
        inputs: Iterable[Input] = (), checkpoints: Iterable[Checkpoint] = (), end: int = 0,
    ):  # fmt: skip
        if interval < 1 or most < 3:
            raise ValueError(f"checkpoints every {interval} instructions, {most} at most: 1 and 3 are the least")
        self.machine, self.interval, self.most = machine, interval, most
        self.inputs = list(inputs)
        self.checkpoints = list(checkpoints)
        self.exact = True  # the machine is at a moment, and not somewhere behind it
        self.done = 0  # inputs of `inputs` that have happened
        self._due = 0  # instruction count at which there is something to attend to
        self._waits = max((n for n, each in enumerate(self.inputs, 1) if each.waiting), default=0)
        self._pool = PagePool()
        self._performing = False
        self._probe: Callable[[], Any] | None = None  # what of the guest a search wants to see changed by an input
        self._changed: list[Change] = []  # ... and what did
        self._near: Checkpoint | None = None
        self._present: Checkpoint | None = None  # if the machine has left it
        if not self.checkpoints:
            self._keep(exact=True)
            return
        last = self.checkpoints[-1]
        if last.order != (end, len(self.inputs)):  # what follows the last checkpoint is executed when it is asked for
            before = sum(each.count < end for each in self.inputs)
            last = Checkpoint(end, before, True, lambda _: self.goto_moment(end))
        self._present = last
        self.return_to(self.checkpoints[0])

    # --- where it is -------------------------------------------------------------------------------------------------

    @property
    def start(self) -> int:
        """The first moment."""
        return self.checkpoints[0].count

    @property
    def end(self) -> int:
        """The last moment that has been, from which the guest goes on into the unknown."""
        return max(self.machine.count, self._present.count if self._present else 0)

    @property
    def in_the_past(self) -> bool:
        """True if what follows is known: it has been executed before."""
        present = self._present
        return present is not None and (self.machine.count, self.done) < (present.count, present.done)

    # --- called by the machine as it runs ----------------------------------------------------------------------------

    def attend(self) -> int:
        """Do what is due before the next instruction; return how many may be executed until something is due again."""
        count = self.machine.count
        if count >= self._due:
            while (each := self._next) and each.count <= self.machine.count and not each.waiting:
                self._perform(each)
            count = self.machine.count
            if each and each.count < count:
                raise Diverged(f"instruction {each.count:,}: the guest waited there, and now it does not")
            last = self.checkpoints[bisect_right(self.checkpoints, count, key=lambda each: each.count) - 1].count
            if count >= last + self.interval:
                self._keep(exact=False)
                last = count
            self._due = min(last + self.interval, each.count if each else last + self.interval)
        return max(1, self._due - count)

    def wakes(self, reason: Reason) -> bool:
        """True if the guest did not end its run here when it came to wait, as something was done to it then, and is
        done now."""
        each = self._next
        if reason is not Reason.WAITING or not each or not each.waiting or each.count != self.machine.count:
            return False
        self._perform(each)
        return True

    @property
    def _next(self) -> Input | None:
        """The next input of those that are known, if there is one."""
        return self.inputs[self.done] if self.done < len(self.inputs) else None

    def stopped(self, reason: Reason) -> None:
        """Note that a run has ended: only its limit ends it at a moment."""
        self.exact = reason is Reason.LIMIT

    # --- inputs ------------------------------------------------------------------------------------------------------

    def do(self, text: str, act: Callable[[Machine], Any]) -> Any:
        """Do something to the guest from outside, now, and remember it; return what that returns. In the past the
        future that was is given up."""
        if self._performing:  # part of an input
            return act(self.machine)
        self._give_up_the_future()
        at, exact = self.machine.count, self.exact
        self._performing, refused = True, True
        try:
            result = act(self.machine)
            refused = False
            return result
        finally:
            self._performing = False
            if not exact:  # to run to this moment does not lead here, so what follows begins at what there is now
                state, refused = self._take(), False
                act = lambda machine: restore(machine, state)  # noqa: E731
            self.inputs.append(Input(at, text, act, refused))
            self.done = len(self.inputs)

    def _perform(self, each: Input) -> None:
        """Let an input happen again. What was refused is refused again."""
        before = self._probe() if self._probe else None
        self._performing = True
        try:
            each.act(self.machine)
        except Exception as error:
            if not each.refused:
                raise Diverged(f"instruction {each.count:,}: {each.text} was done there, and now: {error}") from error
        finally:
            self._performing = False
            self.done += 1
        self._look_anew()
        if self._probe and self._probe() != before:
            self._changed.append(Change(each.count, input=each))

    def _look_anew(self) -> None:
        """Let the next run look at everything anew; while there are waits ahead that were ended from outside, every
        wait comes to `wakes`."""
        self._due = 0
        self.machine.turns.waiting.clear()
        if self._waits:
            self.machine.shared = self.done < self._waits

    def _give_up_the_future(self) -> None:
        """Forget what followed this moment, as something else will."""
        here, first = self.machine.count, self.checkpoints[0]
        del self.inputs[self.done :]
        self._waits = min(self._waits, self.done)
        self.checkpoints = [first] + [
            each for each in self.checkpoints[1:]
            if each.done <= self.done and (each.count < here or (each.count == here and each.exact))
        ]  # fmt: skip
        self._near = self._present = None
        self._look_anew()

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def _take(self) -> Snapshot:
        return take(self.machine, self._pool.keep)

    def here(self, exact: bool) -> Checkpoint:
        """Return a checkpoint of where the machine is."""
        return Checkpoint(self.machine.count, self.done, exact, self._take())

    def _keep(self, exact: bool) -> None:
        """Keep a checkpoint of here. If there are too many, drop the one whose neighbours are nearest to each other,
        for the way that it is from here."""
        here, kept = self.here(exact), self.checkpoints
        insort(kept, here, key=lambda each: each.order)
        own = [n for n, each in enumerate(kept) if isinstance(each.state, Snapshot) and 0 < n < len(kept) - 1]
        if len(own) > self.most - 2:
            del kept[min(own, key=lambda n: (kept[n + 1].count - kept[n - 1].count)
                                            / (1 + abs(here.count - kept[n].count)))]  # fmt: skip

    def return_to(self, checkpoint: Checkpoint) -> None:
        """Bring the machine to a checkpoint."""
        if isinstance(checkpoint.state, Snapshot):
            restore(self.machine, checkpoint.state)
        else:
            checkpoint.state(self.machine)
        self.done, self.exact = checkpoint.done, checkpoint.exact
        self._look_anew()

    def _before(self, count: int) -> Checkpoint:
        """Return the last checkpoint that leads to a moment."""
        leads = [
            each for each in [*self.checkpoints, *([self._near] if self._near else [])]
            if each.count < count or (each.count == count and each.exact and not self._happened(each))
        ]  # fmt: skip
        if not leads:
            raise Lost(f"instruction {count:,}: the history begins at {self.start:,}")
        return max(leads, key=lambda each: each.order)

    def _happened(self, checkpoint: Checkpoint) -> bool:
        """True if an input of the checkpoint's own moment has happened already, other than at the first."""
        done = checkpoint.done
        return done > 0 and self.inputs[done - 1].count == checkpoint.count and checkpoint is not self.checkpoints[0]

    # --- going somewhere ---------------------------------------------------------------------------------------------

    def goto(self, count: int) -> None:
        """Go to the moment at which so many instructions had ended; the last one is the present as it was left. Lost,
        and nothing has changed, if there is no such moment."""
        if not self.start <= count <= self.end:
            raise Lost(f"instruction {count:,}: the history is from {self.start:,} to {self.end:,}")
        present = self._leave_the_present()
        if count == present.count:
            self.return_to(present)
        else:
            self.goto_moment(count)

    def goto_moment(self, count: int) -> None:
        """Go to a moment, as `goto`, but of the present one too to what it was before anything that happened at it."""
        self._leave_the_present()
        with self._unseen():
            self._travel(count)

    def _leave_the_present(self) -> Checkpoint:
        """Keep the present, if the machine is there; return it."""
        if self._present is None or not self.in_the_past:
            self._present = self.here(self.exact)
        return self._present

    def back(self, instructions: int = 1) -> None:
        """Go back by so many instructions. Lost, and nothing has changed, where the history begins later."""
        self.goto(self.machine.count - instructions)

    def _travel(self, count: int) -> None:
        """Go to a moment; leave a checkpoint a little before it if the way is long."""
        start = self._before(count)
        if not start.count <= self.machine.count < count:
            self.return_to(start)
        way = count - self.machine.count
        if way > 2 * NEAR:
            self._run_to(count - way // NEAR)
            self._near = self.here(exact=True)
        self._run_to(count)

    def _run_to(self, count: int) -> None:
        """Execute again, up to a moment."""
        while (here := self.machine.count) < count:
            done = self.done
            stop = self.machine.run(count - here)
            if (self.machine.count, self.done) == (here, done):
                raise Lost(f"instruction {count:,}: the guest ended at {here:,} ({stop.reason})")

    @contextmanager
    def _unseen(self) -> Iterator[None]:
        """Show nobody what is executed meanwhile."""
        console = self.machine.host.guests[self.machine.guest_number].console
        live, console.live = console.live, None
        try:
            with self.machine.observers.only(self.machine.own_recorder):
                yield
        finally:
            console.live = live

    # --- searching ---------------------------------------------------------------------------------------------------

    def search(self, run: Callable[[int], Found | None]) -> Found | None:
        """Let `run` execute the past again, from checkpoint to checkpoint, the last part first, until it returns
        something, which is then returned; the machine is where it was. Each time it is given the moment to run to; what
        it finds there or later does not count."""
        here = self.here(self.exact)
        parts = [each for each in self.checkpoints if (each.count, each.done) < (here.count, here.done)]
        with self._unseen():
            try:
                for start, end in zip(parts[::-1], [here, *parts[::-1]], strict=False):
                    self.return_to(start)
                    # What the host does for an instruction that is retried may lie before a checkpoint of its moment.
                    found = run(end.count if end is here or end.exact else end.count + 1)
                    if found is not None:
                        return found
                return None
            finally:
                self.return_to(here)

    @contextmanager
    def visit(self, count: int) -> Iterator[None]:
        """Be at a moment meanwhile, unseen. Lost, if there is no such moment."""
        here, present = self.here(self.exact), self._present
        with self._unseen():
            try:
                self.goto(count)
                yield
            finally:
                self.return_to(here)
                self._present = present

    def last_event(self, wanted: Callable[[np.ndarray], np.ndarray], *kinds: int) -> Change | None:
        """Return the last event before now, of these kinds (EVENT_* of records.events), that is wanted: a function that
        tells of a table of events which ones are. None if there was none since the history began."""
        return self._last(_Seen(wanted, *kinds), (), lambda: None)

    def last_write(self, address: int, length: int = 1) -> Change | None:
        """Return who last stored into these bytes of absolute storage before now, the same value perhaps; None if
        nobody has since the history began. IndexError outside storage."""
        self.machine.read(address, length)  # IndexError

        def wanted(events: np.ndarray) -> np.ndarray:
            first, size = (events[name].astype(np.int64) for name in ("before", "after"))
            stores = (events["kind"] == EVENT_TOUCH) & (events["detail"] == STORE)
            return stores & (first < address + length) & (first + size > address)

        blocks = range(address // BLOCK_SIZE, (address + length - 1) // BLOCK_SIZE + 1)
        seen = _Seen(wanted, EVENT_TOUCH)
        return self._last(seen, blocks, lambda: self.machine.read(address, length))

    def last_state_change(self, block: int) -> Change | None:
        """Return who last changed the usage or the content state of this block of absolute storage before now; None if
        nobody has since the history began. IndexError outside storage."""
        self.machine.block(block * BLOCK_SIZE)  # IndexError

        def wanted(events: np.ndarray) -> np.ndarray:
            page = (events["kind"] == EVENT_ESSA) | (events["kind"] == EVENT_HOST)
            return page & (events["block"] == block) & (events["before"] != events["after"])

        seen = _Seen(wanted, EVENT_ESSA, EVENT_HOST)
        return self._last(seen, (), lambda: self.machine.block(block * BLOCK_SIZE).name)

    def _last(self, seen: _Seen, stored: Iterable[int], probe: Callable[[], Any]) -> Change | None:
        """Return the last change before now: of an event that `seen` wants, stores into the blocks `stored` among them,
        or by an input, of what `probe` returns."""
        observers, inputs = self.machine.observers, self.done

        def run(end: int) -> Change | None:
            self._probe, self._changed = probe, []
            observers.add(seen)
            try:
                for block in stored:
                    observers.watch(seen, block, WATCH_STORE)
                try:
                    self._run_to(end)
                except Diverged:
                    raise
                except Lost:  # it has ended there
                    pass
                while self.done < inputs and self.inputs[self.done].count <= self.machine.count:
                    self._perform(self.inputs[self.done])
            finally:
                observers.remove(seen)
                self._probe = None
            last, seen.last = seen.last, None
            by_guest = [] if last is None else [Change(int(last["count"]), event=last)]
            return max(self._changed + by_guest, key=lambda change: change.count, default=None)

        return self.search(run)


class _Seen:
    """An observer that keeps the last event which is `wanted`: a function that says of each of a table whether it is.
    """

    pauses = 0

    def __init__(self, wanted: Callable[[np.ndarray], np.ndarray], *kinds: int):
        self.wanted, self.kinds = wanted, kinds_of(*kinds)
        self.last: np.record | None = None

    def receive(self, events: np.ndarray) -> None:
        """Keep the last one."""
        numbers = np.flatnonzero(self.wanted(events))
        if len(numbers):
            self.last = events[numbers[-1]]

    def look(self) -> None:
        """Do nothing."""

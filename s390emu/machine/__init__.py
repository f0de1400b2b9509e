"""One guest: CPUs and absolute storage on a host. `Machine` runs, steps, and says why it stopped."""

from s390emu.machine.cpu import CPU, START_MASK
from s390emu.machine.machine import NO_TRANSLATE, Machine
from s390emu.machine.observe import Observer, Recorder
from s390emu.machine.schedule import Schedule
from s390emu.machine.snapshot import Snapshot
from s390emu.machine.stop import Interruption, Reason, Stop
from s390emu.machine.view import NotTranslated
from s390emu.storage.blocks import Block

__all__ = ["CPU", "NO_TRANSLATE", "START_MASK", "Block", "Interruption", "Machine", "NotTranslated",
           "Observer", "Reason", "Recorder", "Schedule", "Snapshot", "Stop"]  # fmt: skip

"""One guest: CPUs and absolute storage on a host. `Machine` runs, steps, and says why it stopped."""

from s390emu.machine.cpu import CPU, START_MASK
from s390emu.machine.machine import NO_TRANSLATE, Block, Machine, Observer
from s390emu.machine.schedule import Schedule
from s390emu.machine.stop import Interruption, Reason, Stop

__all__ = ["CPU", "NO_TRANSLATE", "START_MASK", "Block", "Interruption", "Machine",
           "Observer", "Reason", "Schedule", "Stop"]  # fmt: skip

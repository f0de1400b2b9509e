"""What the world outside does to a guest between two instructions: one vocabulary for all who do something to it."""

from s390emu.inputs.actions import Refused, perform
from s390emu.inputs.verbs import VERBS

__all__ = ["VERBS", "Refused", "perform"]

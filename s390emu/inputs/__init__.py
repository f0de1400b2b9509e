"""What the world outside does to a guest between two instructions: one vocabulary for all who do something to it."""

from s390emu.inputs.actions import VERBS, Refused, perform

__all__ = ["VERBS", "Refused", "perform"]

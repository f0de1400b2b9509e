"""A block of absolute storage as it is at one moment, for whoever looks at a guest from outside."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """A 4 KB block: its number, usage, content (docs/page-hinting.md, section 3), the guest's storage key."""

    number: int
    usage: str
    content: str
    no_dat: bool
    key: int

    @property
    def name(self) -> str:
        """Return usage and content as the table of states writes them, for example Vz."""
        return self.usage[0].upper() + self.content[0]

    @property
    def state(self) -> str:
        """Return the name, and whether the block is no-DAT, for example Vz+no-DAT."""
        return self.name + ("+no-DAT" if self.no_dat else "")

"""The options of the commands in groups: each a named tuple, beside the function that adds its arguments.

A command's `execute` makes its groups of what argparse has (`taken`); nothing below it sees a namespace. Combinations
that cannot be are refused where the options are (`reject_...`). Nothing here imports Numba.
"""

from __future__ import annotations

import argparse
from typing import TypeVar

Group = TypeVar("Group")


def taken(group: type[Group], args: argparse.Namespace) -> Group:
    """Return a group of options, each field from the argument of its name."""
    values = {name: getattr(args, name) for name in group._fields}  # type: ignore[attr-defined]
    return group(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})

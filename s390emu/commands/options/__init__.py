"""The options of the commands in groups: each a frozen dataclass, beside the function that adds its arguments.

A command's `execute` makes its groups of what argparse has (`taken`); nothing below it sees a namespace. Combinations
that cannot be are refused where the options are (`reject_...`). Nothing here imports Numba.
"""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import TypeVar

Group = TypeVar("Group")


def taken(group: type[Group], args: argparse.Namespace) -> Group:
    """Return a group of options, each field from the argument of its name."""
    values = {field.name: getattr(args, field.name) for field in fields(group)}  # type: ignore[arg-type]
    return group(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})

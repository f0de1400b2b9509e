"""Which facilities came with which generation of machines: the bits of STORE FACILITY LIST EXTENDED (PoP ch. 4
"Facility Indications"), and the machine type that STORE CPU ID and STORE SYSTEM INFORMATION tell (PoP ch. 10).

A model has its own facilities and those of all models before it. The model `max` has all that is implemented. What is
in no list, or not implemented, is not indicated by any other. The manual does not say which machine a facility came
with: the generations are those at which GNU as, `-march=`, begins to accept its instructions
(tests/architecture/test_models.py), for z9 those of its last machine, z9-ec; of facilities without instructions, those
at which Linux may be compiled to rely on them (arch/s390/include/asm/facilities_src.h), or the edition of the manual
that describes them. Where these leave it open, a facility is given to the later model: 9, 10, 14 and 75.
"""

from __future__ import annotations

from typing import NamedTuple

# What no bit tells has a negative number here.
CMM, DE2, ES = -1, -2, -3  # collaborative memory management, DAT-enhancement facility 2, expanded storage

NO_TRANSLATE = 147  # ESSA operation-request code 7, and the no-DAT attribute


class Model(NamedTuple):
    """machine_type: as it is printed. facilities: those that are new in this generation."""

    name: str
    machine_type: str
    facilities: tuple[int, ...]


MODELS = (
    Model("z900",  "2064", (ES, 0, 1, 2, 16)),
    Model("z990",  "2084", (3, 6, 17, 18, 20)),
    Model("z9",    "2094", (CMM, DE2, 7, 21, 22, 23, 24, 25, 27, 28, 30, 31, 32, 41, 42, 44)),
    Model("z10",   "2097", (8, 9, 10, 11, 26, 33, 34, 35, 40)),
    Model("z196",  "2817", (13, 14, 37, 45, 66, 75, 76, 77)),
    Model("zEC12", "2827", (48, 49, 50, 51, 52, 73, 78)),
    Model("z13",   "2964", (53, 80, 129)),
    Model("z14",   "3906", (57, 58, 130, 133, 134, 135, 138, 144, 145, 146, 147)),
    Model("z15",   "8561", (61, 148, 150, 151, 152, 155)),
)  # fmt: skip
MAX = "max"
NAMES = (*(model.name for model in MODELS), MAX)
# By the number of a model in NAMES. `max` calls itself the first machine with ESSA: programs choose instructions by the
# type, and some of those that a newer one has are not there.
MACHINE_TYPES = (*(model.machine_type for model in MODELS), "2094")


def has(model: str, facility: int | None) -> bool:
    """True if a machine of this model may have the facility; None is what every z/Architecture machine has. ValueError
    for no model's name."""
    if facility is None or model == MAX:
        return True
    here = MODELS[: NAMES.index(model) + 1]
    return any(facility in each.facilities for each in here)


def since(facility: int | None) -> str:
    """Return the first model with the facility; nothing if only `max` may have it."""
    return next((name for name in NAMES[:-1] if has(name, facility)), "")

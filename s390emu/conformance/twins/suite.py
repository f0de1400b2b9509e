"""The rows that have a twin, and cases of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from random import Random

from s390emu.conformance.case import Case
from s390emu.conformance.twins import (
    arithmetic,
    binary_floating_point,
    bits,
    branch,
    compare,
    control,
    decimal_floating_point,
    forms,
    hexadecimal_floating_point,
    load_store,
    locked_operation,
    logical,
    logical_arithmetic,
    multiple,
    multiply_divide,
    packed_decimal,
    program,
    shift,
    storage_to_storage,
    strings,
    strings_of_characters,
    translation,
    vector_decimal,
    vector_floating_point,
    vector_integer,
    vector_load_store,
    vector_strings,
    vector_support,
)

Recipe = Callable[[Random], Iterator[Case]]
OF_FORMS = (arithmetic, logical_arithmetic, compare, multiply_divide, logical, shift, load_store, bits)
WITH_RECIPES = (branch, program, multiple, control, translation, storage_to_storage, packed_decimal, strings,
                locked_operation, strings_of_characters, binary_floating_point, hexadecimal_floating_point,
                decimal_floating_point, vector_decimal, vector_integer, vector_floating_point, vector_load_store,
                vector_strings, vector_support)  # fmt: skip


def _of_form(form: forms.Form, model: forms.Model, rng: Random) -> Iterator[Case]:
    return forms.cases(form, model, rng)


@cache
def recipes() -> dict[str, Recipe]:
    """Return what yields cases of a row without end, by its mnemonic."""
    found: dict[str, Recipe] = {}
    for module in OF_FORMS:
        for rows, model in module.MODELS.items():
            found |= {form.mnemonic.upper(): partial(_of_form, form, model) for form in rows}
    for module in WITH_RECIPES:
        found |= {name.upper(): recipe for name, recipe in module.RECIPES.items()}
    return found

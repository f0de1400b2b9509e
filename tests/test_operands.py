"""The helper for storage operands, on the two instructions that the engine began with."""

from __future__ import annotations

from tests.operands import FETCH, STORE, Operand, operand_checks


@operand_checks(Operand("lg %r1,0(%r5)", 8, FETCH), Operand("stg %r1,0(%r5)", 8, STORE))
def test_doubleword(lab, check, operand):
    check(lab, operand)

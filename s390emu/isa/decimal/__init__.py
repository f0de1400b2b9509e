"""Decimal instructions: PoP ch. 8."""

"""Vector instructions: PoP chapters 21 to 25, of facility 129 and its enhancements."""

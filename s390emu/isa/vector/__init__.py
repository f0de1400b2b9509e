"""Vector instructions: PoP chapters 21 to 25, which a machine has if it is given facility 129 and its enhancements."""

"""I/O instructions: PoP ch. 14."""

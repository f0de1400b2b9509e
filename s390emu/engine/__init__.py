"""What runs instructions: the loop, what it keeps decoded, handlers, and the one way from Python to compiled code."""

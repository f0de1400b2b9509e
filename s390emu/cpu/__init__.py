"""The CPU: Principles of Operation, chapters 4 to 6."""

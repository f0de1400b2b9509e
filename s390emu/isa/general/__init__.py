"""General instructions: Principles of Operation, chapter 7."""

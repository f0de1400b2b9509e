"""Control instructions: Principles of Operation, chapter 10."""

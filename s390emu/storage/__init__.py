"""Storage: Principles of Operation, chapter 3, from the bottom up; `access` is what instructions use."""

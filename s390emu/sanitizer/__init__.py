"""The page-state sanitizer: watches a guest from outside and reports where it breaks the hinting protocol
(docs/page-hinting.md 7). docs/sanitizer.md tells how to use it."""

"""Assembly traces (`*.trace`, docs/traces.md) and what comes of running them."""

"""Assembly traces (`*.trace`, docs/traces.md), Hercules test scripts (`*.tst`, docs/tst.md), what comes of them."""

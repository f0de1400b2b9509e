"""The conformance suite: cases from the twins, on our engine and on others."""

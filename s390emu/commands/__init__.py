"""The sub-commands, one module each: EXAMPLE, arguments(parser), execute(args) -> exit code."""

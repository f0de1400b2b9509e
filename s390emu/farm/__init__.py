"""Many guests on one host: their dispatching in virtual time, the experiments with them, and what is measured."""

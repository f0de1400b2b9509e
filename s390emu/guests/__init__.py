"""The guests in firmware/: each with its sources, its tunables, and what a correct run of it computes."""

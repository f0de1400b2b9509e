"""C programs of our own, for the bare machine and for a host: see build.py."""

"""A conformance suite for any machine: cases of single instructions, whose results twins compute (docs/vectors.md).

`twins/` has a second, naive implementation of each instruction, typed from the manual for the tests: it knows nothing
of the emulator. `vectors.py` draws cases and writes files, `here.py` runs them on our engine, `unicorn_peer.py` and
`qemu_peer.py` on others, and `deviations.py` sorts what differs.
"""

"""Instructions from the first PSW to the end of the script `short`, by the packages' versions: the same everywhere.

They are others whenever the emulator is another machine to Linux (a facility, an answer of STSI): then it is the change
that decides whether they should be.
"""

COUNTS = {
    "busybox-static 1:1.37.0-6+b9, linux-image-6.12.107+deb13-s390x 6.12.107-1": 1_025_951_651,
    "busybox-static 1:1.35.0-4+deb12u1+b1, linux-image-6.1.0-50-s390x 6.1.176-1": 2_247_561_729,
}


def versions(text: str) -> str:
    """Return what COUNTS has of a file `packages` of tools/fetch-linux: name and version of each."""
    return ", ".join(sorted(" ".join(line.split()[:2]) for line in text.splitlines()))

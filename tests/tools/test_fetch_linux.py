"""tools/fetch-linux, without the network: what it refuses."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "fetch-linux"
needs_apt = pytest.mark.skipif(
    not all(map(shutil.which, ("apt-get", "apt-cache", "dpkg-deb"))), reason="apt is missing: not a Debian system"
)


def fetch(*arguments, **variables):
    return subprocess.run(
        [SCRIPT, *map(str, arguments)], capture_output=True, text=True, timeout=60, env=os.environ | variables
    )


@pytest.mark.parametrize("arguments", [[], ["--help"], ["a", "b", "c"]])
def test_usage(arguments):
    done = fetch(*arguments)
    assert done.returncode == 2
    assert "tools/fetch-linux DIR [SUITE]" in done.stderr


@needs_apt
def test_keys_that_are_not_there(tmp_path):
    done = fetch(tmp_path, DEBIAN_KEYS=str(tmp_path / "none.gpg"))
    assert done.returncode == 1
    assert "install debian-archive-keyring" in done.stderr


@needs_apt
def test_a_mirror_that_cannot_be_reached_is_named(tmp_path):
    mirror = f"file:{tmp_path}/none"
    (tmp_path / "keys.gpg").touch()
    done = fetch(tmp_path / "linux", DEBIAN_MIRROR=mirror, DEBIAN_KEYS=str(tmp_path / "keys.gpg"))
    assert done.returncode == 1
    assert f"fetch-linux: {mirror} trixie cannot be had from here for s390x" in done.stderr


@needs_apt
def test_a_mirror_without_a_signature_is_refused(tmp_path):
    lists = tmp_path / "mirror" / "dists" / "trixie" / "main" / "binary-s390x"
    lists.mkdir(parents=True)
    (lists / "Packages").touch()
    (lists.parents[1] / "Release").write_text("Suite: trixie\nArchitectures: s390x\nComponents: main\n")
    (tmp_path / "keys.gpg").touch()
    mirror = f"file:{tmp_path}/mirror"
    done = fetch(tmp_path / "linux", DEBIAN_MIRROR=mirror, DEBIAN_KEYS=str(tmp_path / "keys.gpg"))
    assert done.returncode == 1
    assert "not signed" in done.stderr

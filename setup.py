"""What pyproject.toml cannot say: firmware/ is installed as the data package s390emu._firmware; and a wheel that is
built where Numba is (`python -m build --no-isolation`) has the bitcode of all that is compiled, for this kind of
computer, and what regions are made of."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

ARCHIVE = "s390emu/_jit/prebuilt.zip"
NEEDED = "numba", "numpy", "construct", "tqdm"
WRITE = """
import sys
from pathlib import Path

import s390emu.machine
from s390emu.regions.library import write_archive

write_archive(Path(sys.argv[1]))
"""


def with_bitcode() -> bool:
    """True if the wheel is to have bitcode: what compiles it is installed."""
    return all(map(find_spec, NEEDED))


class BuildWithBitcode(build_py):
    def run(self):
        super().run()
        if with_bitcode() and not self.editable_mode:
            archive = (Path(self.build_lib) / ARCHIVE).resolve()
            plain = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
            subprocess.run([sys.executable, "-c", WRITE, archive], cwd=Path(__file__).parent, check=True, env=plain)


class WheelForThisComputer(bdist_wheel):
    """Bitcode is for one kind of processor, and for every Python."""

    def finalize_options(self):
        super().finalize_options()
        self.root_is_pure = not with_bitcode()

    def get_tag(self):
        return "py3", "none", "any" if self.root_is_pure else super().get_tag()[2]


setup(
    packages=[*find_packages(include=["s390emu", "s390emu.*"]), "s390emu._firmware"],
    package_dir={"s390emu._firmware": "firmware"},
    package_data={
        "s390emu": ["py.typed"],
        "s390emu.reports": ["page/*"],
        "s390emu.export": ["*.s"],
        "s390emu._firmware": ["*.s", "*.inc", "*.list", "*.md", "*.toml", "*.sh"],
    },
    cmdclass={"build_py": BuildWithBitcode, "bdist_wheel": WheelForThisComputer},
)

"""Only what pyproject.toml cannot say: firmware/ is installed as the data package s390emu._firmware."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["s390emu", "s390emu.*"]), "s390emu._firmware"],
    package_dir={"s390emu._firmware": "firmware"},
    package_data={
        "s390emu": ["py.typed"],
        "s390emu.reports": ["page/*"],
        "s390emu.export": ["*.s"],
        "s390emu._firmware": ["*.s", "*.inc", "*.list", "*.md", "*.toml", "*.sh"],
    },
)

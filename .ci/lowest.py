"""Print pip's constraints for the lowest version of everything that pyproject.toml names."""

import re
import tomllib
from itertools import chain
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
for wanted in chain(project["dependencies"], *project["optional-dependencies"].values()):
    if lowest := re.match(r"([\w.-]+)>=([\w.]+)", wanted):
        print("==".join(lowest.groups()))

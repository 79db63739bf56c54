"""Print the bytes that an installed package occupies with all it needs. Run by that environment's Python."""

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path


def needed(name: str, seen: dict[str, Distribution]) -> None:
    """Collect a distribution and, through its requirements, those installed for it; no extras."""
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in seen:
        return
    try:
        seen[key] = distribution(name)
    except PackageNotFoundError:
        return  # a requirement of another platform or Python version
    for requirement in seen[key].requires or ():
        if "extra ==" not in requirement:
            needed(re.split(r"[^\w.-]", requirement, maxsplit=1)[0], seen)


def installed_bytes(name: str) -> int:
    """The size of all files, each counted once, compiled bytecode not at all."""
    seen: dict[str, Distribution] = {}
    needed(name, seen)
    files = {Path(str(file.locate())).resolve() for dist in seen.values() for file in dist.files or ()}
    return sum(file.stat().st_size for file in files if file.suffix != ".pyc" and file.is_file())


if __name__ == "__main__":
    print(installed_bytes(sys.argv[1]))

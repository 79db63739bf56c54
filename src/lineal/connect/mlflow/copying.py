"""Writing artifacts below a folder of this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lineal.connect.mlflow.files import Tree, is_plain
from lineal.graph.errors import Invalid


def sizes(root: Path | None, inner: str) -> dict[str, int]:
    """The files below a folder in the root, with their sizes."""
    return dict(Tree(root).files(*inner.split("/"))) if root is not None else {}


def put_file(root: Path | None, path: str, file: Path) -> None:
    """Copy a file below the root, whole or not at all; Invalid when the path leads elsewhere."""
    if root is None or not is_plain(path):
        raise Invalid(f"{path} leads out of the folder")
    place = Path(root, *path.split("/"))
    place.parent.mkdir(parents=True, exist_ok=True)
    if not Path(os.path.realpath(place.parent)).is_relative_to(os.path.realpath(root)):
        raise Invalid(f"{path} leads out of the folder")
    part = place.with_name(f".{place.name[:200]}.part")
    shutil.copyfile(file, part)
    part.replace(place)

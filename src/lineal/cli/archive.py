"""A backup as one file: a tar archive of the store's copy and of the files."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from lineal import __version__
from lineal.cli.failure import UserError
from lineal.cli.output import Progress

_ABOUT = "lineal.json"
_STORE = "store"
_FILES = "files/"


def pack(target: Path, store: Path, files: Path | None, progress: Progress) -> dict[str, Any]:
    """Write an archive, which appears under its name only when it is complete.

    Args:
        target: the archive.
        store: copy of the database, as the store's own backup wrote it.
        files: folder of the files; None leaves them out.
        progress: called with bytes done and in all.

    Returns:
        What the archive says about itself.
    """
    members = [(store, _STORE), *_walk(files)] if files else [(store, _STORE)]
    total = sum(path.stat().st_size for path, _ in members)
    about = {
        "lineal": __version__,
        "created": int(time.time() * 1000),
        "files": len(members) - 1,
        "bytes": total,
    }
    part = target.with_name(target.name + ".part")
    with tarfile.open(part, "w") as archive:
        _add_text(archive, _ABOUT, json.dumps(about))
        for path, name in members:
            archive.add(path, name, recursive=False)
            progress(archive.offset, total)
    part.replace(target)
    return about


def unpack_store(source: Path, target: Path) -> dict[str, Any]:
    """Take the database's copy out of an archive; answers what the archive says about itself.

    Raises:
        UserError: it is not an archive that `pack` wrote.
    """
    try:
        with tarfile.open(source, "r:") as archive:
            about: dict[str, Any] = json.load(_open(archive, _ABOUT))
            with _open(archive, _STORE) as copy, target.open("wb") as file:
                shutil.copyfileobj(copy, file, 1 << 20)
    except (tarfile.TarError, KeyError, ValueError) as error:
        raise UserError(f"{source} is not a backup that `lineal backup` wrote: {error}") from error
    return about


def unpack_files(source: Path, folder: Path, total: int, progress: Progress) -> None:
    """Write an archive's files into a folder, each whole or not at all; others in the folder stay."""
    with tarfile.open(source, "r:") as archive:
        done = 0
        for member, path in _members(archive):
            _write(archive, member, folder / path)
            done += member.size
            progress(done, total)


def _walk(folder: Path) -> list[tuple[Path, str]]:
    """Files with their names in the archive; what is just arriving, in hidden folders, is not yet one."""
    found = [(path, path.relative_to(folder)) for path in sorted(folder.rglob("*")) if path.is_file()]
    return [(path, _FILES + name.as_posix()) for path, name in found if not name.parts[0].startswith(".")]


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(text.encode())
    archive.addfile(member, io.BytesIO(text.encode()))


def _open(archive: tarfile.TarFile, name: str) -> Any:
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(f"{name} is not a file")
    return file


def _members(archive: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, PurePosixPath]]:
    for member in archive:
        if member.isfile() and member.name.startswith(_FILES):
            path = PurePosixPath(member.name.removeprefix(_FILES))
            if path.is_absolute() or ".." in path.parts:
                raise UserError(f"the backup holds a file outside its folder: {member.name}")
            yield member, path


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with _open(archive, member.name) as source, part.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    part.replace(path)

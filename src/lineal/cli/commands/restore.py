"""`lineal restore`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from lineal.cli import archive
from lineal.cli.failure import UserError
from lineal.cli.options import DEFAULT_DATA, AsJson, BlobsUrl, DataFolder, StoreUrl
from lineal.cli.output import progress_bar, show
from lineal.cli.store import Place, place
from lineal.graph.errors import Invalid


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What `lineal backup` wrote.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Replace a store that is there unasked.")] = False,
    data: DataFolder = DEFAULT_DATA,
    store: StoreUrl = None,
    blobs: BlobsUrl = None,
    as_json: AsJson = False,
) -> None:
    """Replace everything by what a backup holds. The server may be serving meanwhile."""
    if store is None:
        data.mkdir(parents=True, exist_ok=True)
    where = place(data, store, blobs)
    with tempfile.TemporaryDirectory(dir=data if data.is_dir() else None, prefix=".restore-") as folder:
        copy = Path(folder, "store")
        about = archive.unpack_store(file, copy)
        if where.is_there and not yes:
            typer.confirm(f"Replace all that is in {where.url}?", abort=True)
        _restore(where, file, copy, about["bytes"])
    show(about, as_json, f"restored {file}: the store and {about['files']} files")


def _restore(where: Place, file: Path, copy: Path, total: int) -> None:
    """Files first: what the store speaks of is then there when it appears."""
    _check(file, copy)
    if where.files:
        with progress_bar("Files") as bar:
            archive.unpack_files(file, where.files, total, bar)
    with progress_bar("Store") as bar:
        where.driver().restore(str(copy), bar)


def _check(file: Path, copy: Path) -> None:
    """Refuse a backup that the store would refuse, before a file is written."""
    from lineal.store import backup

    try:
        with backup.opened(str(copy)):
            pass
    except Invalid as error:
        raise UserError("nothing was changed: " + str(error).replace(str(copy), str(file))) from error

"""`lineal backup`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from lineal.cli import archive
from lineal.cli.failure import UserError
from lineal.cli.options import DEFAULT_DATA, AsJson, BlobsUrl, DataFolder, StoreUrl
from lineal.cli.output import progress_bar, show
from lineal.cli.store import place


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    with_files: Annotated[
        bool, typer.Option("--files/--no-files", help="Whether artifacts and other files are in it, too.")
    ] = True,
    data: DataFolder = DEFAULT_DATA,
    store: StoreUrl = None,
    blobs: BlobsUrl = None,
    as_json: AsJson = False,
) -> None:
    """Write everything to one file. The server may be serving meanwhile."""
    where = place(data, store, blobs)
    if file.exists():
        raise UserError(f"{file} exists; choose a new name, or remove it first")
    files = where.files if with_files and where.files and where.files.is_dir() else None
    with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".lineal-") as folder:
        copy = Path(folder, "store")
        with progress_bar("Store") as bar:
            where.driver().backup(str(copy), bar)
        with progress_bar("Archive") as bar:
            about = archive.pack(file, copy, files, bar)
    show(about, as_json, f"wrote {file}: the store and {about['files']} files, {about['bytes']:,} bytes")

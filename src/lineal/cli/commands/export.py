"""`lineal export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from lineal.cli.moving import open_client, tell
from lineal.cli.options import AsJson, BlobsUrl, Credential, Data, Server, StoreUrl
from lineal.cli.output import progress_bar

app = typer.Typer(help="Hand what is here to another tool.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Hand what is here to another tool."""


@app.command()
def mlflow(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET",
            help="A server (http://…), a database that MLflow has set up (sqlite:///…, postgresql://…, mysql://…)"
            " or a folder mlruns.",
        ),
    ],
    artifacts: Annotated[
        Literal["copy", "pointer", "none"],
        typer.Option(help="Copy those that are kept here, or only tell where they are, or forget them."),
    ] = "copy",
    artifact_root: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="For a database: the folder in which the MLflow server keeps artifacts."
        ),
    ] = None,
    artifact_location: Annotated[
        str,
        typer.Option(metavar="URI", help="For a database: what it is to say of where that folder is."),
    ] = "mlflow-artifacts:",
    data: Data = None,
    server: Server = None,
    credential: Credential = None,
    store: StoreUrl = None,
    blobs: BlobsUrl = None,
    as_json: AsJson = False,
) -> None:
    """Write everything that MLflow knows into an MLflow store, ids included where it lets one choose them."""
    from lineal.connect.mlflow.files import Roots
    from lineal.connect.mlflow.lineal_source import LinealSource
    from lineal.connect.mlflow.move import Mover
    from lineal.connect.mlflow.places import open_target

    there = open_target(target, artifact_root, artifact_location)
    try:
        origin = LinealSource(open_client(server, data, credential, store, blobs))
        try:
            Mover(origin, there, progress_bar, artifacts, Roots([])).run()
        finally:
            origin.close()
    finally:
        there.close()
    tell(there.report, origin.title, there.title, as_json)


@app.command()
def mlmd(
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="A new SQLite file: sqlite:///PATH, or its path.")
    ],
    namespace: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only what is in this workspace.")
    ] = None,
    data: Data = None,
    server: Server = None,
    credential: Credential = None,
    store: StoreUrl = None,
    blobs: BlobsUrl = None,
    as_json: AsJson = False,
) -> None:
    """Write what ML Metadata's clients see here, whoever wrote it, into a file that its own library opens."""
    from lineal.connect.mlmd.lineal_source import LinealSource
    from lineal.connect.mlmd.move import move
    from lineal.connect.mlmd.places import need_messages
    from lineal.connect.mlmd.sqlite_target import new_file

    need_messages()
    with new_file(target) as there:
        origin = LinealSource(open_client(server, data, credential, store, blobs), namespace)
        try:
            move(origin, there, progress_bar)
        finally:
            origin.close()
    tell(there.report, origin.title, there.title, as_json)

"""`lineal import`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from lineal.cli.moving import open_client
from lineal.cli.options import AsJson, BlobsUrl, Credential, Data, Server, StoreUrl
from lineal.cli.output import progress_bar, show

app = typer.Typer(help="Take over what another tool keeps.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Take over what another tool keeps."""


@app.command()
def mlflow(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A server (http://…), a database (sqlite:///…, postgresql://…, mysql://…) or a folder mlruns.",
        ),
    ],
    artifacts: Annotated[
        Literal["copy", "pointer", "none"],
        typer.Option(help="Copy those that are reached, or only tell where they are, or forget them."),
    ] = "copy",
    artifact_root: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PLACE",
            help="A folder or object store from which artifacts may be copied; PREFIX=PLACE when what locations"
            " begin with has moved; may be repeated.",
        ),
    ] = None,
    data: Data = None,
    server: Server = None,
    credential: Credential = None,
    store: StoreUrl = None,
    blobs: BlobsUrl = None,
    as_json: AsJson = False,
) -> None:
    """Move an MLflow store here, with the ids of everything. Run again, it goes on, or brings what is new."""
    from lineal.cli.moving import drawing, value
    from lineal.connect.mlflow.files import Roots
    from lineal.connect.mlflow.lineal_target import LinealTarget
    from lineal.connect.mlflow.move import Mover
    from lineal.connect.mlflow.places import open_source

    roots = Roots(artifact_root or [])
    origin = open_source(source)
    try:
        target = LinealTarget(open_client(server, data, credential, store, blobs, make=True), origin.title)
        try:
            Mover(origin, target, progress_bar, artifacts, roots).run()
        finally:
            target.close()
    finally:
        origin.close()
    show(value(target.report), as_json, lambda: drawing(target.report, origin.title, target.title))
    if not target.report.complete:
        raise typer.Exit(1)

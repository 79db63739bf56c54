"""`lineal import`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from lineal.cli.moving import open_client, tell
from lineal.cli.options import AsJson, BlobsUrl, Credential, Data, Server, StoreUrl
from lineal.cli.output import progress_bar
from lineal.graph.model import DEFAULT_NAMESPACE

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
    tell(target.report, origin.title, target.title, as_json)


@app.command()
def mlmd(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A database (sqlite:///…, mysql://…, postgresql://…) or a service (grpc://HOST:PORT, grpcs://…).",
        ),
    ],
    name: Annotated[
        str,
        typer.Option(metavar="NAME", help="Tells the ids of this store from those of another one."),
    ] = "",
    namespace: Annotated[
        str, typer.Option(metavar="NAME", help="The workspace that it goes to.")
    ] = DEFAULT_NAMESPACE,
    ca: Annotated[
        Path | None, typer.Option("--ca", metavar="FILE", help="For grpcs://: whom to trust.")
    ] = None,
    cert: Annotated[
        Path | None, typer.Option("--cert", metavar="FILE", help="For grpcs://: your certificate.")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help="For grpcs://: its key.")] = None,
    data: Data = None,
    server: Server = None,
    credential: Credential = None,
    store: StoreUrl = None,
    blobs: BlobsUrl = None,
    as_json: AsJson = False,
) -> None:
    """Move a store of ML Metadata here, lineage included. Run again, it goes on, or brings what is new."""
    from lineal.connect.mlmd.lineal_target import LinealTarget
    from lineal.connect.mlmd.move import move
    from lineal.connect.mlmd.places import open_source
    from lineal.connect.mlmd.service import Secrets

    origin = open_source(source, Secrets(ca, cert, key, os.environ.get("LINEAL_SOURCE_TOKEN")))
    try:
        client = open_client(server, data, credential, store, blobs, make=True)
        target = LinealTarget(client, origin.title, name, namespace)
        try:
            move(origin, target, progress_bar)
        finally:
            target.close()
    finally:
        origin.close()
    tell(target.report, origin.title, target.title, as_json)

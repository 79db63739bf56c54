"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lineal.catalog.values import Role

DEFAULT_DATA = Path(".lineal")

Server = Annotated[
    str | None,
    typer.Option(
        "--server",
        envvar="LINEAL_URL",
        metavar="URL",
        help="A running server; the one on port 5000 here if nothing is said.",
    ),
]
Data = Annotated[
    Path | None,
    typer.Option("--data", envvar="LINEAL_DATA", metavar="DIR", help="A data folder, opened in-process."),
]
Credential = Annotated[
    str | None,
    typer.Option("--token", envvar="LINEAL_TOKEN", metavar="SECRET", help="Who asks, for the server."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
StoreUrl = Annotated[
    str | None,
    typer.Option(
        "--store",
        envvar="LINEAL_STORE",
        metavar="URL",
        help="sqlite:///PATH or postgresql://…; lineal.db in the data folder if not given.",
    ),
]
BlobsUrl = Annotated[
    str | None,
    typer.Option(
        "--blobs",
        envvar="LINEAL_BLOBS",
        metavar="URL",
        help="Where files are kept: a path or s3://…; in the data folder if not given.",
    ),
]
Reference = Annotated[
    str,
    typer.Argument(
        metavar="REF", help="An entity: its name, uuid, id, PROTOCOL:ID, or name:KIND:NAMESPACE/NAME."
    ),
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, metavar="N", help="How many at most.")]
Most = Annotated[
    int, typer.Option("--most", min=1, max=20_000, metavar="N", help="Stop the walk after so many entities.")
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The account or group.")]
RoleOption = Annotated[Role, typer.Option(help="In which role.")]
DataFolder = Annotated[
    Path,
    typer.Option("--data", envvar="LINEAL_DATA", metavar="DIR", help="The data folder."),
]

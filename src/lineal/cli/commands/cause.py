"""`lineal cause`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Reference
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.client import Client


@on_store
def cause(
    client: Client,
    ref: Reference,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=100, metavar="N", help="Suspects at most.")
    ] = 20,
) -> Answer:
    """Show what changed upstream before something failed: the likely reasons first, in the order in which they came.

    REF is a run, a job (its last failed run is meant), or data that is not as it should be. Looked for are failed runs,
    other columns, other code, data that was dropped or not written when it was due, and failed tests of data.
    """
    from lineal.cli import answers

    found = client.cause(find_one(client, ref), limit=limit)
    return Answer(found, lambda: answers.cause(found))

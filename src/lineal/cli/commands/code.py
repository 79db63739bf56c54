"""`lineal code`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Reference
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.client import Client


@on_store
def code(
    client: Client,
    ref: Reference,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=100, metavar="N", help="Runs at most.")
    ] = 10,
) -> Answer:
    """Show which code made an entity, and who ran it: git commit, file, SQL, newest first."""
    from lineal.cli import answers

    found = client.code(find_one(client, ref), limit=limit)
    return Answer(found, lambda: answers.code(found))

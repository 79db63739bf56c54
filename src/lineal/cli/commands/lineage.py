"""`lineal lineage`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Limit, Reference
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.client import Client


@on_store
def lineage(
    client: Client,
    ref: Reference,
    direction: Annotated[
        Literal["up", "down", "both"], typer.Option(help="Up to what it came from, down to what it led to.")
    ] = "both",
    depth: Annotated[int | None, typer.Option(min=1, help="Steps at most; all if not given.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Show only this kind; may be repeated.")] = None,
    limit: Limit = 300,
) -> Answer:
    """Draw what an entity came from and what was made of it."""
    from lineal.cli.tree import Drawing

    start = find_one(client, ref)
    found = client.lineage(start, direction=direction, depth=depth, kinds=kind or [], limit=limit)
    return Answer(found, lambda: Drawing(found, start).draw(direction))

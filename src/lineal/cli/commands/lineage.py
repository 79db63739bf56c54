"""`lineal lineage`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Limit, Reference
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.client import Client
    from lineal.graph.query import Lineage


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
    _add_labels(client, found)
    return Answer(found, lambda: Drawing(found, start).draw(direction))


def _add_labels(client: Client, found: Lineage) -> None:
    """Lineage comes without labels; how they flow along it is worth seeing."""
    from lineal.graph.query import Query, attribute

    ids = [node.id for node in found.nodes]
    query = Query(where=attribute("id", "in", ids), parts=["labels"], state="all", limit=1000)
    labels = {each.id: each.labels for each in client.find_all(query)}
    for node in found.nodes:
        node.labels = labels.get(node.id, [])

"""`lineal same-as`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Limit
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from rich.console import RenderableType

    from lineal.client import Client
    from lineal.insight.values import SameAs

app = typer.Typer(help="Data sets that are one under two names.", no_args_is_help=True)
First = Annotated[str, typer.Argument(metavar="REF", help="One of the two: an id, an address or a name.")]
Second = Annotated[str, typer.Argument(metavar="OTHER", help="The other one.")]


@app.command("list")
@on_store
def list_(
    client: Client,
    state: Annotated[str, typer.Option(help="proposed, accepted or refused.")] = "proposed",
    limit: Limit = 100,
) -> Answer:
    """List pairs that are probably one, with what they have in common; or those that were decided about.

    Say which are: lineal same-as accept 12 34
    """
    found = client.same_as(state, limit=limit)  # type: ignore[arg-type]
    return Answer(found, lambda: _table(found))


@app.command()
@on_store
def accept(client: Client, first: First, second: Second) -> Answer:
    """Say that two are one. Lineage and classifications then cross from either to the other."""
    return _told(client.accept_same_as(find_one(client, first), find_one(client, second)), "they are one now")


@app.command()
@on_store
def refuse(client: Client, first: First, second: Second) -> Answer:
    """Say that two are not one, so that they are no longer proposed."""
    return _told(client.refuse_same_as(find_one(client, first), find_one(client, second)), "they are two")


@app.command()
@on_store
def undo(client: Client, first: First, second: Second) -> Answer:
    """Take back what was decided about two."""
    return _told(client.undo_same_as(find_one(client, first), find_one(client, second)), "undecided again")


def _told(commit: object, words: str) -> Answer:
    return Answer(commit, words)


def _table(found: SameAs) -> RenderableType:
    from lineal.cli import draw

    names = {each.id: f"{each.namespace} {each.name}" for each in found.nodes}
    rows = [
        [
            str(each.first),
            names.get(each.first, ""),
            str(each.second),
            names.get(each.second, ""),
            ", ".join(f"{known.kind}: {known.value}" for known in each.evidence),
            each.by,
        ]
        for each in found.pairs
    ]
    return draw.table(["id", "one", "id", "other", "in common", "by"], rows)

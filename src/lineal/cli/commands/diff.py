"""`lineal diff`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.target import find_one
from lineal.graph.errors import NotFound

if TYPE_CHECKING:
    from lineal.client import Client
    from lineal.graph.model import Entity


@on_store
def diff(
    client: Client,
    before: Annotated[
        str, typer.Argument(metavar="BEFORE", help="A run, model or data set, or DATA@VERSION.")
    ],
    after: Annotated[str, typer.Argument(metavar="AFTER", help="What to compare it with.")],
) -> Answer:
    """Show what differs between two runs, models, data sets or versions of a data set, also upstream of them.

    Of runs: parameters, code, environment, the data that they read and the runs that wrote it. Of data: columns that
    were added, dropped, retyped or perhaps renamed, figures, and how it was made. lineal versions DATA names versions.
    """
    from lineal.cli import answers

    old, new = _find(client, before), _find(client, after)
    found = client.diff(old[0], new[0], before_version=old[1], after_version=new[1])
    return Answer(found, lambda: answers.difference(found))


def _find(client: Client, text: str) -> tuple[Entity, str]:
    """An entity, and the name of its version when `REF@VERSION` is given and nothing is called so."""
    try:
        return find_one(client, text), ""
    except NotFound:
        name, sign, version = text.rpartition("@")
        if not sign or not name:
            raise
    return find_one(client, name), version

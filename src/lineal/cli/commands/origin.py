"""`lineal origin`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Reference
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.client import Client


@on_store
def origin(
    client: Client,
    ref: Reference,
    metric: Annotated[str, typer.Option(help="One of its metrics.")] = "",
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=100, metavar="N", help="Ways at most.")
    ] = 5,
) -> Answer:
    """Show where a value came from: from a model, a column or a metric back to each source, with runs and code.

    Of several runs that wrote a data set, the one is shown that did so last before it was read.
    """
    from lineal.cli import answers

    found = client.origin(find_one(client, ref), metric, limit=limit)
    return Answer(found, lambda: answers.origin(found))

"""`lineal search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Limit

if TYPE_CHECKING:
    from lineal.client import Client


@on_store
def search(
    client: Client,
    words: Annotated[list[str] | None, typer.Argument(help="What to look for; everything if empty.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind; may be repeated.")] = None,
    namespace: Annotated[str | None, typer.Option(help="Only in this namespace.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only what this person owns.")] = None,
    label: Annotated[str | None, typer.Option(help="Only what bears this label.")] = None,
    limit: Limit = 20,
) -> Answer:
    """Find entities by words."""
    from lineal.cli import draw

    text = " ".join(words or [])
    page = client.search(text, kinds=kind or [], namespace=namespace, owner=owner, label=label, limit=limit)
    return Answer(page, lambda: draw.page(page))

"""`lineal impact`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Limit, Most, Reference
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.client import Client


@on_store
def impact(
    client: Client,
    ref: Reference,
    production: Annotated[
        list[str] | None,
        typer.Option(
            "--alias",
            help="An alias or stage by which models serve; may be repeated. Default: champion, production.",
        ),
    ] = None,
    limit: Limit = 100,
    most: Most = 2000,
) -> Answer:
    """Show what breaks when a column or a table is dropped or changed, the worst first, and whom to tell.

    A column is named with its table: lineal impact shop.orders#mail
    """
    from lineal.cli import answers
    from lineal.insight.values import PRODUCTION

    entity = find_one(client, ref)
    found = client.impact(entity, production=production or PRODUCTION, limit=limit, most=most)
    return Answer(found, lambda: answers.impact(found))

"""`lineal models`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.client import Client


@on_store
def models(
    client: Client,
    label: Annotated[
        str, typer.Option("--trained-on", metavar="LABEL", help="Only on data with this classification.")
    ] = "",
    source: Annotated[
        str | None, typer.Option("--from", metavar="REF", help="Only on this data set or column.")
    ] = None,
    alias: Annotated[
        list[str] | None,
        typer.Option(
            help="An alias or stage by which models serve; * for any; may be repeated. "
            "Default: champion, production."
        ),
    ] = None,
) -> Answer:
    """List models that serve, with what they were trained on: run, code, who, data, columns, and why.

    For example all that serve and saw personal data: lineal models --trained-on "personal data"
    """
    from lineal.cli import answers
    from lineal.insight.values import PRODUCTION

    data = find_one(client, source) if source else None
    found = client.trained_models(label, data=data, aliases=alias or PRODUCTION)
    return Answer(found, lambda: answers.models(found))

"""`lineal runs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Limit
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.client import Client
    from lineal.graph.query import Field

_OWN = {"name", "owner", "state", "created", "updated", "started", "ended"}


@on_store
def runs(
    client: Client,
    experiment: Annotated[str | None, typer.Argument(help="Only runs of this one: name, uuid or id.")] = None,
    sort: Annotated[
        str, typer.Option(help="A metric, param.NAME, or: name, started, ended, owner.")
    ] = "started",
    ascending: Annotated[bool, typer.Option("--asc", help="Least first.")] = False,
    metric: Annotated[list[str] | None, typer.Option(help="Show this metric; all if none is named.")] = None,
    param: Annotated[
        list[str] | None, typer.Option(help="Show this parameter; all if none is named.")
    ] = None,
    limit: Limit = 20,
) -> Answer:
    """List runs with their metrics and parameters."""
    from lineal.cli import draw
    from lineal.graph.query import Order, Query, attribute

    query = Query(
        kinds=["run"],
        where=attribute("home", "=", find_one(client, experiment).id) if experiment else None,
        order=[Order(_field(sort), descending=not ascending)],
        parts=["properties", "metrics"],
        limit=limit,
    )
    found = client.find(query).entities
    return Answer(found, lambda: draw.runs(found, metric or [], param or []))


def _field(sort: str) -> Field:
    from lineal.graph.query import Attribute, Metric, Property

    if sort in _OWN:
        return Attribute(sort)
    return Property(sort) if sort.startswith("param.") else Metric(sort.removeprefix("metric."))

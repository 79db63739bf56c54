"""`lineal runs`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from lineal.cli.command import Answer, on_store
from lineal.cli.options import Limit
from lineal.cli.target import find_one

if TYPE_CHECKING:
    from lineal.client import Client
    from lineal.graph.model import Entity
    from lineal.graph.query import Field

_OWN = {"name", "owner", "state", "created", "updated", "started", "ended"}


@on_store
def runs(
    client: Client,
    experiment: Annotated[str | None, typer.Argument(help="Only runs of this one: name, uuid or id.")] = None,
    sort: Annotated[
        str, typer.Option(help="A metric, params.NAME, or: name, started, ended, owner.")
    ] = "started",
    ascending: Annotated[bool, typer.Option("--asc", help="Least first.")] = False,
    metric: Annotated[
        list[str] | None, typer.Option(help="Show this metric; those that most runs have if none is named.")
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(help="Show this parameter; those of most runs that differ if none is named."),
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
    metrics, params = metric or _common_metrics(found), param or _differing_params(found)
    return Answer(found, lambda: draw.runs(found, metrics, params))


def _field(sort: str) -> Field:
    """What to sort by; `metrics.` and `params.` may be written as MLflow does."""
    from lineal.cli.draw import PARAM
    from lineal.graph.query import Attribute, Metric, Property

    if sort in _OWN:
        return Attribute(sort)
    group, _, key = sort.partition(".")
    if group in ("param", "params"):
        return Property(PARAM + key)
    return Metric(key if group in ("metric", "metrics") and key else sort)


def _common_metrics(found: Sequence[Entity]) -> list[str]:
    return _in_most([list(run.metrics) for run in found])


def _differing_params(found: Sequence[Entity]) -> list[str]:
    """Parameters that most runs have, and not all with one value."""
    from lineal.cli.draw import PARAM

    keys = _in_most([[key for key in run.properties if key.startswith(PARAM)] for run in found])
    differing = [key for key in keys if len({str(run.properties.get(key)) for run in found}) > 1]
    return [key.removeprefix(PARAM) for key in differing]


def _in_most(keys: Sequence[Sequence[str]]) -> list[str]:
    """Keys that more than half of these lists have, in order."""
    counted = Counter(key for each in keys for key in each)
    return sorted(key for key, count in counted.items() if count * 2 > len(keys))

"""Search of traces, in the two shapes that MLflow's clients know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from lineal.catalog.session import Session
from lineal.graph.mlflow.traces import METADATA, SESSION
from lineal.graph.model import Entity
from lineal.graph.query import Compare, Expr, Part, Property, Query, all_of
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import experiments, validate
from lineal.protocols.mlflow import filters as language
from lineal.protocols.mlflow.errors import Refused, invalid
from lineal.protocols.mlflow.requests import Body
from lineal.protocols.mlflow.runs import at_home, find_run
from lineal.protocols.mlflow.traces import filters, lookup, wire
from lineal.protocols.mlflow.translate import text

_MOST = 500
_MOST_SESSIONS = 10_000

State = Literal["active", "deleted", "all"]

_search = Body(wire.SearchTracesV3)


class Asked(NamedTuple):
    """A search, whichever shape it came in."""

    experiments: Sequence[str]
    filter: str
    order_by: Sequence[str]
    max_results: int
    page_token: str


def search(call: Call) -> Reply:
    """POST traces/search."""
    message = _search(call)
    places = [each.mlflow_experiment for each in message.locations]
    numbers = [place.experiment_id for place in places if place is not None]
    asked = Asked(numbers, message.filter, message.order_by, message.max_results, message.page_token)
    found = find(call.session, asked, ["external"])
    shown = lookup.messages(call.session, found.traces, found.homes)
    return json_reply(wire.Traces(shown, found.token))


class Found(NamedTuple):
    """One page of traces, their experiments, and the token of the next page."""

    traces: list[Entity]
    homes: Mapping[int, Entity]
    token: str


def find(session: Session, asked: Asked, parts: list[Part]) -> Found:
    """One page of traces."""
    limit = validate.page(asked.max_results)
    if limit > _MOST:
        raise invalid(
            f"Invalid value {limit} for parameter 'max_results' supplied. It must be at most {_MOST}"
        )
    homes = experiments.find_experiments(session, asked.experiments)
    orders = language.orders(asked.order_by, filters.order_columns, filters.ORDER)
    where = conditions(session, homes, asked.filter)
    if not homes:
        return Found([], homes, "")
    query = Query(
        kinds=["trace"],
        where=all_of(*where),
        order=orders,
        limit=limit,
        cursor=asked.page_token or None,
        state=state_in(homes.values()),
        parts=parts,
    )
    page = session.find(query)
    return Found(page.entities, homes, page.cursor or "")


def conditions(session: Session, homes: Mapping[int, Entity], filter_string: str) -> list[Expr]:
    """What traces of these experiments must fulfil to match a filter."""
    expected = [Compare(Property("status"), "is not null")] if state_in(homes.values()) != "active" else []
    return [at_home(list(homes)), *expected, *filters.parse(filter_string, Around(session, homes))]


def state_in(homes: Iterable[Entity]) -> State:
    """Traces share the state of their experiment; what is only expected is deleted, too, but has no status."""
    states = {home.state for home in homes}
    if states == {"deleted"}:
        return "deleted"
    return "all" if "deleted" in states else "active"


class Around(NamedTuple):
    """What a filter needs to know about the experiments that are searched: `filters.Surroundings`."""

    session: Session
    homes: Mapping[int, Entity]

    def run(self, number: str) -> int | None:
        """The graph's number of a run; None when there is none to see."""
        try:
            return find_run(self.session, number, ()).id
        except Refused:
            return None

    def sessions(self, judged: Expr) -> list[str]:
        """Sessions in which a trace has an assessment of the whole session that matches."""
        query = Query(kinds=["assessment"], where=judged, limit=_MOST_SESSIONS, parts=[])
        bearers = {each.home for each in self.session.find(query).entities if each.home is not None}
        found = self.session.get_many(sorted(bearers)) if bearers else []
        key = METADATA + SESSION
        return sorted(
            {
                text(each.properties[key])
                for each in found
                if each.home in self.homes and key in each.properties
            }
        )

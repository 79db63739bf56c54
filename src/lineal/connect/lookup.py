"""Looking up what is in Lineal already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from lineal.client import Client
from lineal.graph.model import Entity
from lineal.graph.query import Attribute, Compare, Expr, ExternalId, Order, Part, Query

_PAGE = 1000
PROPERTIES: tuple[Part, ...] = ("properties",)


def find_all(
    client: Client,
    kind: str,
    where: Expr | None,
    parts: Sequence[Part],
    state: Literal["active", "deleted", "all"] = "all",
) -> list[Entity]:
    """All of a kind that fulfil a condition, the older first."""
    query = Query(
        kinds=[kind], where=where, state=state, parts=list(parts), limit=_PAGE, order=[Order(Attribute("id"))]
    )
    return list(client.find_all(query))


def there_by_id(
    client: Client, kind: str, protocol: str, ids: Iterable[str], parts: Sequence[Part] = PROPERTIES
) -> dict[str, Entity]:
    """Those of the entities with these outside ids that are there, by id."""
    ids = set(ids)
    wanted = sorted(ids)
    found: dict[str, Entity] = {}
    for start in range(0, len(wanted), _PAGE):
        among = Compare(ExternalId(protocol), "in", list(wanted[start : start + _PAGE]))
        for each in find_all(client, kind, among, (*parts, "external")):
            found |= {own.id: each for own in each.external if own.protocol == protocol and own.id in ids}
    return found

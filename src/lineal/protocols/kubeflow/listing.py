"""Lists of resources: order, pages, filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from lineal.catalog.session import Session
from lineal.graph.errors import Invalid
from lineal.graph.model import Entity
from lineal.graph.query import Attribute, Expr, Order, Query, all_of
from lineal.protocols import page_tokens
from lineal.protocols.kubeflow import filters, store, values
from lineal.protocols.kubeflow.resources import Resource
from lineal.protocols.kubeflow.store import PARTS
from lineal.protocols.tenants import namespace_of

_ORDERS = {"": "id", "ID": "id", "CREATE_TIME": "created", "LAST_UPDATE_TIME": "updated"}
_UNASKED, _MOST = 5000, 1000
"""Clients that ask for no size do not read on, so they get as much as there is, within reason."""


class Token(msgspec.Struct, array_like=True):
    """Where a list goes on, and the order for which that is true."""

    order: str
    descending: bool
    cursor: str


class Listed(NamedTuple):
    """One page."""

    entities: list[Entity]
    token: str
    size: int


def find(
    session: Session, resources: tuple[Resource, ...], asked: Mapping[str, str], where: Expr | None
) -> Listed:
    """Resources of some sorts.

    Args:
        session: of who asks.
        resources: which sorts.
        asked: parameters of the request.
        where: what else must hold.

    Raises:
        Invalid: a parameter makes no sense.
    """
    by, descending = order(asked)
    limit = size(asked)
    token = _read(asked.get("nextPageToken", ""), by, descending)
    query = Query(
        kinds=store.kinds(resources),
        where=all_of(where, store.shown(resources), parse(session, asked, resources)),
        order=[Order(Attribute(by), descending), Order(Attribute("id"), descending)],
        limit=limit,
        cursor=token.cursor or None,
        parts=list(PARTS),
    )
    page = session.find(query)
    following = page_tokens.write(Token(by, descending, page.cursor)) if page.cursor else ""
    return Listed(page.entities, following, limit)


def parse(session: Session, asked: Mapping[str, str], resources: tuple[Resource, ...]) -> Expr | None:
    """The condition that the request's filter stands for."""
    return filters.parse(asked.get("filterQuery", ""), resources, namespace_of(session))


def order(asked: Mapping[str, str]) -> tuple[str, bool]:
    """By what to order, and whether the last comes first."""
    return _order(asked), _descending(asked)


def _order(asked: Mapping[str, str]) -> str:
    named = asked.get("orderBy", "")
    if named not in _ORDERS:
        raise Invalid(f"orderBy must be one of {', '.join(list(_ORDERS)[1:])}, not {named!r}")
    return _ORDERS[named]


def _descending(asked: Mapping[str, str]) -> bool:
    named = asked.get("sortOrder", "")
    if named not in ("", "ASC", "DESC"):
        raise Invalid(f"sortOrder must be ASC or DESC, not {named!r}")
    return named == "DESC"


def size(asked: Mapping[str, str]) -> int:
    """How many go on a page."""
    text = asked.get("pageSize", "")
    if not text:
        return _UNASKED
    found = values.whole_number(text, "pageSize")
    if found < 1:
        raise Invalid(f"pageSize must be a positive number, not {text!r}")
    return min(found, _MOST)


def _read(text: str, order: str, descending: bool) -> Token:
    if not text:
        return Token(order, descending, "")
    token = page_tokens.read(text, Token)
    if (token.order, token.descending) != (order, descending):
        raise Invalid("nextPageToken belongs to another order")
    return token

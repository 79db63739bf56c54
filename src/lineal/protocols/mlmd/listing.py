"""Lists of nodes: order, pages, filters."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from lineal.catalog.session import Session
from lineal.graph.model import Entity
from lineal.graph.query import Attribute, Compare, Expr, Order, Property, Query, all_of
from lineal.protocols.mlmd import nodes
from lineal.protocols.mlmd.categories import Category
from lineal.protocols.mlmd.errors import invalid
from lineal.protocols.mlmd.filters import filter
from lineal.protocols.mlmd.messages import Message, enum_name

_ORDERS = {"ID": "id", "CREATE_TIME": "created", "LAST_UPDATE_TIME": "updated"}
_MOST, _PAGE = 100, 5000


class Token(msgspec.Struct, array_like=True):
    """Where a list goes on, and the order for which that is true."""

    field: str
    ascending: bool
    cursor: str
    skipped: int = 0


class Listed(NamedTuple):
    """One page; `token` is empty on the last one."""

    entities: list[Entity]
    token: str = ""


def find(
    session: Session,
    category: Category,
    options: Message | None,
    where: Expr | None = None,
    kinds: list[str] | None = None,
) -> Listed:
    """Nodes of a category, all of them without options.

    Args:
        session: of who calls.
        category: which nodes.
        options: page, order and filter.
        where: what else must hold.
        kinds: only of these types; None for all.
    """
    if kinds is None:
        kinds = [each.kind for each in nodes.table(session).of(category)]
    hidden = Compare(Property(nodes.LOCATION), "is null") if category.name == "artifact" else None
    if not kinds:
        return Listed([])
    if options is None:
        query = Query(
            kinds=kinds, where=all_of(where, hidden), order=[Order(Attribute("id"))], parts=list(nodes.PARTS)
        )
        return Listed(list(_every(session, query)))
    return _page(session, category, options, kinds, all_of(where, hidden))


def _every(session: Session, query: Query) -> Iterator[Entity]:
    query = msgspec.structs.replace(query, limit=_PAGE)
    while True:
        page = session.find(query)
        yield from page.entities
        if page.cursor is None:
            return
        query = msgspec.structs.replace(query, cursor=page.cursor)


def _page(
    session: Session, category: Category, options: Message, kinds: list[str], where: Expr | None
) -> Listed:
    if options.max_result_size <= 0:
        raise invalid(f"max_result_size must be positive, not {options.max_result_size}")
    limit = min(options.max_result_size, _MOST)
    field = enum_name("ListOperationOptions.OrderByField", "field", options.order_by_field.field)
    if field not in _ORDERS:
        raise invalid("order_by_field needs a field")
    ascending = options.order_by_field.is_asc
    token = _read(options.next_page_token, field, ascending)
    wanted = filter.parse(session, category, options.filter_query)
    query = Query(
        kinds=kinds,
        where=all_of(where, wanted.where),
        order=[Order(Attribute(_ORDERS[field]), not ascending), Order(Attribute("id"), not ascending)],
        cursor=token.cursor or None,
        parts=list(nodes.PARTS),
    )
    if wanted.holds is None:
        page = session.find(msgspec.structs.replace(query, limit=limit))
        return Listed(page.entities, _token(field, ascending, page.cursor))
    return _filtered(session, wanted, query, token, limit)


def _filtered(session: Session, wanted: filter.Filter, query: Query, token: Token, limit: int) -> Listed:
    """A page of what a filter lets through that the store cannot answer by itself."""
    found: list[Entity] = []
    skipped, cursor = token.skipped, token.cursor
    while True:
        page = session.find(msgspec.structs.replace(query, limit=_MOST, cursor=cursor or None))
        for number, entity in enumerate(page.entities[skipped:], skipped):
            if wanted.holds is None or not wanted.holds(entity):
                continue
            if len(found) == limit:
                return Listed(found, _token(token.field, token.ascending, cursor, number))
            found.append(entity)
        skipped = 0
        if page.cursor is None:
            return Listed(found)
        cursor = page.cursor


def _token(field: str, ascending: bool, cursor: str | None, skipped: int = 0) -> str:
    if cursor is None:
        return ""
    return urlsafe_b64encode(msgspec.json.encode(Token(field, ascending, cursor, skipped))).decode()


def _read(text: str, field: str, ascending: bool) -> Token:
    if not text:
        return Token(field, ascending, "")
    try:
        token = msgspec.json.decode(urlsafe_b64decode(text), type=Token)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise invalid("the page token is not one of ours") from None
    if (token.field, token.ascending) != (field, ascending):
        raise invalid("the page token belongs to another order")
    return token

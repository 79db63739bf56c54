"""Lists of nodes: order, pages, filters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from lineal.catalog.session import Session
from lineal.graph.mlmd.categories import Category
from lineal.graph.mlmd.messages import Message, enum_name
from lineal.graph.mlmd.nodes import LOCATION, PARTS
from lineal.graph.mlmd.types import TypeTable
from lineal.graph.model import Entity, Scalar
from lineal.graph.query import Attribute, Compare, Expr, Or, Order, Property, Query, all_of
from lineal.protocols import page_tokens
from lineal.protocols.mlmd import nodes
from lineal.protocols.mlmd.errors import invalid
from lineal.protocols.mlmd.filters import filter

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
    types = nodes.table(session)
    if kinds is None:
        kinds = [each.kind for each in types.of(category)]
    hidden = _hidden(types, kinds) if category.name == "artifact" else None
    if not kinds:
        return Listed([])
    if options is None:
        query = Query(
            kinds=kinds, where=all_of(where, hidden), order=[Order(Attribute("id"))], parts=list(PARTS)
        )
        return Listed(list(_every(session, query)))
    return _page(session, category, options, kinds, all_of(where, hidden))


def _hidden(types: TypeTable, kinds: list[str]) -> Expr:
    """That a node is no data set that stands for a place; only those of other tools' kinds can be."""
    own: list[Scalar] = [kind for kind in kinds if types.by_kind[kind].prefix]
    return Or([Compare(Attribute("kind"), "in", own), Compare(Property(LOCATION), "is null")])


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
        parts=list(PARTS),
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
    return page_tokens.write(Token(field, ascending, cursor, skipped))


def _read(text: str, field: str, ascending: bool) -> Token:
    if not text:
        return Token(field, ascending, "")
    token = page_tokens.read(text, Token)
    if (token.field, token.ascending) != (field, ascending):
        raise invalid("the page token belongs to another order")
    return token

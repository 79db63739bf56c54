"""Finding: the one query type, run under the scope, with ranked text, facet counts and pages."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, NamedTuple

from lineal.catalog import reading
from lineal.graph.errors import Invalid
from lineal.graph.model import Entity
from lineal.graph.query import Attribute, Compare, Metric, Page, Query
from lineal.store.base import Connection, Row
from lineal.store.sql import entities, text
from lineal.store.sql.find import STATES, TRUE, Compiler, Names, Sql, parts_of, valid_at

if TYPE_CHECKING:
    from lineal.catalog.session import Session

MOST = 50_000
FARTHEST = 1_000_000_000
_SIMILAR = 20
_MOST_KINDS = 30
_FACETS = {"kind": "e.kind", "namespace": "e.namespace", "owner": "e.owner"}


class Prepared(NamedTuple):
    """A query in SQL: FROM clause and condition, shared by pages, totals and facets."""

    source: str
    where: Sql
    compiler: Compiler
    terms: list[list[str]]
    corrected: str | None


def find(session: Session, query: Query) -> Page:
    """One page of what matches.

    Raises:
        Invalid: the query is ill-formed or its cursor is not one of ours.
    """
    if not 1 <= query.limit <= MOST:
        raise Invalid(f"a page has 1 to {MOST} entities, not {query.limit}")
    offset = _offset(query.cursor, query.offset)
    prepared = prepare(session, query)
    if prepared is None:
        return Page([], total=0 if query.count or query.facets else None)
    rows = _rows(session, query, prepared, offset)
    catalog = session.catalog
    cx = catalog.store.reader()
    found = [reading.entity_of_row(cx, catalog.symbols, row) for row in rows[: query.limit]]
    reading.hydrate(session, found, query.parts)
    following = cursor(offset + query.limit) if len(rows) > query.limit else None
    total = _count(cx, prepared) if query.count or query.facets else None
    facets = {name: _facet(session, prepared, name) for name in query.facets}
    return Page(found, following, total, facets, prepared.corrected)


def suggest(session: Session, typed: str, limit: int) -> list[Entity]:
    """Entities whose name has words that begin so."""
    cx = session.catalog.store.reader()
    if not 1 <= limit <= MOST:
        raise Invalid(f"there are 1 to {MOST} suggestions, not {limit}")
    found = text.words(typed)
    if not found:
        return []
    condition = reading.predicate(session)
    expression = text.expression(cx, [[word] for word in found], prefix=True, names=True)
    where = f"{text.match(cx)} AND e.state = 0 AND ({condition.text})"
    sql = f"SELECT {entities.ALIASED} FROM {_document(cx)} WHERE {where} LIMIT ?"
    rows = cx.execute(sql, (expression, *condition.params, limit))
    return [reading.entity_of_row(cx, session.catalog.symbols, row) for row in rows]


def counts(session: Session) -> dict[str, int]:
    """Active entities by kind."""
    cx = session.catalog.store.reader()
    condition = reading.predicate(session)
    sql = f"SELECT e.kind, COUNT(*) FROM entity e WHERE e.state = 0 AND ({condition.text}) GROUP BY e.kind"
    found = {
        session.catalog.symbols.text(cx, kind): count for kind, count in cx.execute(sql, condition.params)
    }
    return dict(sorted(found.items()))


def prepare(session: Session, query: Query) -> Prepared | None:
    """The query in SQL; None when its text cannot match anything."""
    catalog = session.catalog
    cx = catalog.store.reader()
    types = session.types()
    names = Names(lambda name: catalog.symbols.find(cx, name), types.subkinds, types.sublabels)
    now = catalog.writing.now()
    compiler = Compiler(cx, names, now, lambda alias: reading.predicate(session, alias), catalog.frequencies)
    kinds = _kinds(session, query, names)
    source, condition = _source(query, compiler, kinds)
    conditions = [condition, *_narrow(query, kinds), reading.predicate(session)]
    corrected = None
    terms: list[list[str]] = []
    if query.text.strip():
        terms, corrected = _terms(session, query.text)
        if not terms:
            return None
        source = _document(cx)
        conditions.insert(0, Sql(text.match(cx), (text.expression(cx, terms, prefix=corrected is None),)))
    where = Sql(
        " AND ".join(f"({each.text})" for each in conditions if each != TRUE) or "1=1",
        tuple(param for each in conditions for param in each.params),
    )
    return Prepared(source, where, compiler, terms, corrected)


def _source(query: Query, compiler: Compiler, kinds: list[int]) -> tuple[str, Sql]:
    """Where to look for what fulfils the query's condition, and what must hold there."""
    if query.text.strip() or _walked_home(query) is not None:
        return "entity e", compiler.condition(query.where)
    home = _home(query)
    if home is None and _is_by_id(query):
        return compiler.in_order(parts_of(query.where), kinds)
    return compiler.source(parts_of(query.where), home)


def _is_by_id(query: Query) -> bool:
    return bool(query.order) and query.order[0].field == Attribute("id")


def _home(query: Query) -> int | None:
    """The one home whose entities are asked for."""
    for part in parts_of(query.where):
        if isinstance(part, Compare) and part.field == Attribute("home") and part.op == "=":
            return part.value if isinstance(part.value, int) else None
    return None


def _kinds(session: Session, query: Query, names: Names) -> list[int]:
    """The kinds that are asked for; none when all are."""
    if not query.kinds:
        return []
    wanted = frozenset().union(*(session.types().subkinds(kind) for kind in query.kinds))
    numbers = sorted(names.symbol(kind) for kind in wanted)
    if 1 < len(numbers) <= _MOST_KINDS:
        # Of one kind, entities of a home lie in order in an index; of several they would all be sorted.
        numbers = entities.occurring(session.catalog.store.reader(), numbers, _home(query))
    return numbers or [-1]


def _narrow(query: Query, kinds: list[int]) -> list[Sql]:
    """Kinds and state."""
    found = []
    if query.kinds:
        found.append(Sql(f"e.kind IN ({', '.join(map(str, kinds))})"))
    if query.state != "all":
        found.append(Sql(f"e.state = {STATES[query.state]}"))
    return found


def _document(cx: Connection) -> str:
    identity = "d.rowid" if cx.dialect.name == "sqlite" else "d.entity"
    return f"document d JOIN entity e ON e.id = {identity}"


def _terms(session: Session, typed: str) -> tuple[list[list[str]], str | None]:
    """Words to look for, each with its alternatives when nothing to be seen has it as it was typed."""
    words = text.words(typed)[:20]
    terms, corrected = [], False
    for number, word in enumerate(words):
        alternatives = [word]
        if not _known(session, word, prefix=number == len(words) - 1):
            similar = _similar(session, word)
            alternatives, corrected = similar or [word], corrected or bool(similar)
        terms.append(alternatives)
    return terms, " ".join(term[0] for term in terms) if corrected else None


def _known(session: Session, word: str, *, prefix: bool) -> bool:
    """Whether anything that the caller may see has the word."""
    cx = session.catalog.store.reader()
    if session.scope.everything:
        return text.known(cx, word, prefix=prefix)
    condition = reading.predicate(session)
    sql = f"SELECT 1 FROM {_document(cx)} WHERE {text.match(cx)} AND ({condition.text}) LIMIT 1"
    return bool(cx.execute(sql, (text.expression(cx, [[word]], prefix=prefix), *condition.params)))


def _similar(session: Session, word: str) -> list[str]:
    """Words one edit away; only such as the caller may see, for a correction shows them."""
    found = text.similar(session.catalog.store.reader(), word, _SIMILAR)
    if not session.scope.everything:
        found = [each for each in found if _known(session, each, prefix=False)]
    return found[:3]


def _rows(session: Session, query: Query, prepared: Prepared, offset: int) -> list[Row]:
    """The page's rows and one more."""
    cx = session.catalog.store.reader()
    wanted = query.limit + 1
    home = _walked_home(query)
    if home is not None:
        rows = _walk(session, query, prepared, home, offset)
        if len(rows) == wanted:
            return rows
    source, where, compiler, terms, _ = prepared
    if terms and not query.order:
        return _ranked(cx, prepared, wanted, offset)
    joins, order = compiler.order(query.order)
    sql = f"SELECT {entities.ALIASED} FROM {source}{joins.text} WHERE {where.text} ORDER BY {order} LIMIT ? OFFSET ?"
    return cx.execute(sql, (*joins.params, *where.params, wanted, offset))


def _walked_home(query: Query) -> int | None:
    """The one home whose entities are asked for in the order of a metric: then its index is walked in order."""
    ordered = not query.text and query.order and isinstance(query.order[0].field, Metric)
    return _home(query) if ordered else None


def _walk(session: Session, query: Query, prepared: Prepared, home: int, offset: int) -> list[Row]:
    cx = session.catalog.store.reader()
    first = query.order[0]
    assert isinstance(first.field, Metric)
    key = session.catalog.symbols.find(cx, first.field.key)
    joins, order = prepared.compiler.order(query.order[1:])
    direction = "DESC" if first.descending else "ASC"
    sql = (
        f"SELECT {entities.ALIASED} FROM latest w JOIN entity e ON e.id = w.entity{joins.text}"
        f" WHERE w.home = ? AND w.key = ? AND w.value IS NOT NULL AND {prepared.where.text}"
        f" ORDER BY w.value {direction}, {order} LIMIT ? OFFSET ?"
    )
    return cx.execute(sql, (*joins.params, home, key, *prepared.where.params, query.limit + 1, offset))


def _ranked(cx: Connection, prepared: Prepared, limit: int, offset: int) -> list[Row]:
    found = f"SELECT {entities.ALIASED} FROM {prepared.source} WHERE {prepared.where.text}"
    if cx.dialect.name == "sqlite":
        sql = f"{found} AND d.rank MATCH 'bm25(10.0, 2.0, 4.0, 1.5)' ORDER BY d.rank LIMIT ? OFFSET ?"
        return cx.execute(sql, (*prepared.where.params, limit, offset))
    expression = text.expression(cx, prepared.terms, prefix=prepared.corrected is None)
    rank = "ts_rank_cd('{0.15, 0.2, 0.4, 1.0}', d.vector, ?::tsquery) DESC"
    sql = f"{found} ORDER BY {rank}, e.id LIMIT ? OFFSET ?"
    return cx.execute(sql, (*prepared.where.params, expression, limit, offset))


def _count(cx: Connection, prepared: Prepared) -> int:
    sql = f"SELECT COUNT(*) FROM {prepared.source} WHERE {prepared.where.text}"
    return int(cx.execute(sql, prepared.where.params)[0][0])


def _facet(session: Session, prepared: Prepared, name: str) -> dict[str, int]:
    """Counts over all matches, the most frequent first."""
    if name != "label" and name not in _FACETS:
        raise Invalid(f"facets are kind, namespace, owner and label, not {name!r}")
    cx = session.catalog.store.reader()
    source, where = prepared.source, prepared.where
    column, join, valid = _FACETS.get(name, "l.name"), "", TRUE
    if name == "label":
        join, valid = " JOIN label l ON l.entity = e.id", valid_at(session.catalog.writing.now())
    sql = (
        f"SELECT {column}, COUNT(DISTINCT e.id) AS n FROM {source}{join} WHERE {where.text}"
        f" AND {column} IS NOT NULL AND {valid.text} GROUP BY {column} ORDER BY n DESC LIMIT 50"
    )
    rows = cx.execute(sql, (*where.params, *valid.params))
    text_of = session.catalog.symbols.text
    return {value if name == "owner" else text_of(cx, value): count for value, count in rows}


def cursor(offset: int) -> str:
    """Where the page begins that passes over so many entities."""
    return base64.urlsafe_b64encode(b"o%d" % offset).decode()


def _offset(cursor: str | None, skipped: int) -> int:
    if cursor is None:
        if not 0 <= skipped < FARTHEST:
            raise Invalid(f"offset must be from 0 to {FARTHEST - 1}")
        return skipped
    try:
        raw = base64.urlsafe_b64decode(cursor.encode())
        if raw[:1] != b"o" or not raw[1:].isdigit() or len(raw) > 12:
            raise ValueError
        return int(raw[1:])
    except (ValueError, binascii.Error, UnicodeEncodeError):
        raise Invalid("the page token is not one of ours") from None

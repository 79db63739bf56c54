"""The one query type as SQL."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from lineal.graph.errors import Invalid
from lineal.graph.query import (
    And,
    Attribute,
    Compare,
    EdgeDetail,
    Expr,
    ExternalId,
    Field,
    Labelled,
    Metric,
    Not,
    Operator,
    Or,
    Order,
    Property,
    Related,
)
from lineal.store.base import Connection

_NUMBERS = {"id", "home", "revision", "created", "updated", "started", "ended"}
_TEXTS = {"uuid", "name", "owner"}
_SYMBOLS = {"kind", "namespace"}
STATES = {"active": 0, "deleted": 1}
_DEPTH = 50
_PATTERN = 10_000
_RARE = 2000
# The index of texts holds their first 64 characters: all of a shorter one, which can be only itself.
_INDEXED = 64
_SAME_START = f"FROM property p WHERE p.type = 4 AND p.key = ? AND substr(p.text, 1, {_INDEXED}) = ?"


class Sql(NamedTuple):
    """A piece of SQL and its parameters."""

    text: str
    params: tuple[Any, ...] = ()


TRUE, FALSE = Sql("1=1"), Sql("1=0")


def valid_at(now: int) -> Sql:
    """The condition that a row of `label l` counts at a moment."""
    return Sql(
        "(l.valid_from IS NULL OR l.valid_from <= ?) AND (l.valid_until IS NULL OR l.valid_until > ?)",
        (now, now),
    )


class Names(NamedTuple):
    """What the compiler must look up: interned text, and the closure of kinds and labels."""

    symbol: Callable[[str], int]
    kinds: Callable[[str], frozenset[str]]
    labels: Callable[[str], frozenset[str]]


class Compiler:
    """Turns expressions into conditions on an entity's alias."""

    def __init__(
        self, cx: Connection, names: Names, now: int, seen: Callable[[str], Sql] = lambda alias: TRUE
    ) -> None:
        self._cx = cx
        self._dialect = cx.dialect
        self._names = names
        self._now = now
        self._seen = seen
        self._depth = 0

    def condition(self, expr: Expr | None, alias: str = "e") -> Sql:
        """The condition for an expression.

        Raises:
            Invalid: it is nested too deeply, or compares what cannot be compared.
        """
        if self._depth > _DEPTH:
            raise Invalid(f"a filter may be nested {_DEPTH} deep")
        self._depth += 1
        try:
            return self._condition(expr, alias)
        finally:
            self._depth -= 1

    def _condition(self, expr: Expr | None, alias: str) -> Sql:
        match expr:
            case None:
                return TRUE
            case And(parts):
                return self._join(parts, " AND ", TRUE, alias)
            case Or(parts):
                return self._join(parts, " OR ", FALSE, alias)
            case Not(part):
                inner = self.condition(part, alias)
                # A comparison with a missing attribute is NULL in SQL, and does not hold here.
                return Sql(f"({inner.text}) IS NOT TRUE", inner.params)
            case Labelled():
                return self._labelled(expr, alias)
            case Related():
                return self._related(expr, alias)
            case Compare():
                return self._compare(expr, alias)

    def _join(self, parts: Sequence[Expr], glue: str, empty: Sql, alias: str) -> Sql:
        if not parts:
            return empty
        return self._glued([self.condition(part, alias) for part in parts], glue)

    def _glued(self, found: Sequence[Sql], glue: str) -> Sql:
        text = glue.join(f"({each.text})" for each in found)
        return Sql(text, tuple(param for each in found for param in each.params))

    def _labelled(self, expr: Labelled, alias: str) -> Sql:
        numbers = [self._names.symbol(name) for name in self._names.labels(expr.name)]
        direct = " AND l.root = l.entity" if expr.direct else ""
        valid = valid_at(self._now)
        return Sql(
            f"EXISTS (SELECT 1 FROM label l WHERE l.entity = {alias}.id AND l.name IN ({_list(numbers)}){direct}"
            f" AND {valid.text})",
            valid.params,
        )

    def _related(self, expr: Related, alias: str) -> Sql:
        near, far = ("target", "source") if expr.direction == "in" else ("source", "target")
        other, edge = f"{alias}n", f"{alias}g"
        inner = self._glued([self.condition(expr.where, other), self._seen(other)], " AND ")
        kind = self._names.symbol(expr.kind)
        return Sql(
            f"EXISTS (SELECT 1 FROM edge {edge} JOIN entity {other} ON {other}.id = {edge}.{far}"
            f" WHERE {edge}.{near} = {alias}.id AND {edge}.kind = {kind} AND ({inner.text}))",
            inner.params,
        )

    def _compare(self, expr: Compare, alias: str) -> Sql:
        match expr.field:
            case Attribute(name):
                return self._attribute(name, expr, alias)
            case Property(key):
                return self._property(self._names.symbol(key), expr, alias)
            case Metric(key):
                return self._metric(key, expr, alias)
            case ExternalId(protocol):
                source = (
                    f"external p WHERE p.entity = {alias}.id AND p.protocol = {self._names.symbol(protocol)}"
                )
                return self._exists(source, expr, "p.id")
            case EdgeDetail(key):
                return self._detail(key, expr, alias)

    def _attribute(self, name: str, expr: Compare, alias: str) -> Sql:
        if name == "state":
            return self.operation(
                f"{alias}.state", expr.op, _map(expr.value, lambda text: STATES.get(str(text), -1))
            )
        if name in _SYMBOLS:
            return self._symbol(name, expr, alias)
        if name in _NUMBERS:
            return self.operation(f"{alias}.{name}", expr.op, _map(expr.value, _number))
        if name in _TEXTS:
            return self.operation(f"{alias}.{name}", expr.op, _map(expr.value, str))
        raise Invalid(f"an entity has no attribute {name!r}")

    def _symbol(self, name: str, expr: Compare, alias: str) -> Sql:
        if expr.op in ("=", "!=", "in", "not in"):
            return self.operation(
                f"{alias}.{name}", expr.op, _map(expr.value, lambda text: self._names.symbol(str(text)))
            )
        inner = self.operation("s.text", expr.op, _map(expr.value, str))
        return Sql(
            f"EXISTS (SELECT 1 FROM symbol s WHERE s.id = {alias}.{name} AND {inner.text})", inner.params
        )

    def _property(self, key: int, expr: Compare, alias: str) -> Sql:
        if expr.op == "=" and isinstance(expr.value, str) and self._rare(key, expr.value):
            more = Sql(" AND p.text = ?", (expr.value,)) if len(expr.value) >= _INDEXED else Sql("")
            params = (key, expr.value[:_INDEXED], *more.params)
            return Sql(f"{alias}.id IN (SELECT p.entity {_SAME_START}{more.text})", params)
        return self._row(f"property p WHERE p.entity = {alias}.id AND p.key = {key}", expr)

    def _rare(self, key: int, value: str) -> bool:
        """Whether so few entities have this value that it pays to begin with them."""
        sql = f"SELECT COUNT(*) FROM (SELECT 1 {_SAME_START} LIMIT {_RARE + 1}) AS few"
        return bool(self._cx.execute(sql, (key, value[:_INDEXED]))[0][0] <= _RARE)

    def _row(self, source: str, expr: Compare) -> Sql:
        sample = expr.value[0] if isinstance(expr.value, list) and expr.value else expr.value
        if isinstance(sample, bool | int | float):
            return self._exists(source, expr, "p.num", _double)
        return self._exists(
            f"{source} AND p.type = 4" if expr.value is not None else source, expr, "p.text", str
        )

    def _metric(self, key: str, expr: Compare, alias: str) -> Sql:
        source = f"latest p WHERE p.entity = {alias}.id AND p.key = {self._names.symbol(key)}"
        return self._exists(source, expr, "p.value", _number)

    def _exists(self, source: str, expr: Compare, column: str, to: Callable[[Any], Any] = str) -> Sql:
        if expr.op == "is null":
            return Sql(f"NOT EXISTS (SELECT 1 FROM {source})")
        if expr.op == "is not null":
            return Sql(f"EXISTS (SELECT 1 FROM {source})")
        inner = self.operation(column, expr.op, _map(expr.value, to))
        return Sql(f"EXISTS (SELECT 1 FROM {source} AND {inner.text})", inner.params)

    def _detail(self, key: str, expr: Compare, alias: str) -> Sql:
        if not alias.endswith("n"):
            raise Invalid("an edge's detail can be compared only inside `related`")
        column = self._dialect.json_text(f"{alias[:-1]}g.detail")
        inner = self.operation(column, expr.op, _map(expr.value, str))
        keys = [key] * inner.text.count(column)
        return Sql(inner.text, (*keys, *inner.params))

    def operation(self, column: str, op: Operator, value: Any) -> Sql:
        """One comparison of a column with a parameter."""
        if op in ("is null", "is not null"):
            return Sql(f"{column} {op.upper()}")
        if op in ("in", "not in"):
            return self._among(column, op, value)
        if value is None or isinstance(value, list):
            raise Invalid(f"`{op}` needs one value")
        if op in ("like", "ilike"):
            if not isinstance(value, str) or len(value) > _PATTERN:
                raise Invalid(f"`{op}` needs text of at most {_PATTERN} characters")
            return Sql(self._dialect.like(column, op == "ilike"), (value,))
        if op not in ("=", "!=", "<", "<=", ">", ">="):
            raise Invalid(f"unknown operator {op!r}")
        return Sql(f"{column} {'<>' if op == '!=' else op} ?", (value,))

    def _among(self, column: str, op: Operator, value: Any) -> Sql:
        if not isinstance(value, list):
            raise Invalid(f"`{op}` needs a list")
        text = self._dialect.among(column)
        # Of an empty list SQL says that even NULL is not in it.
        shape = text if op == "in" else f"{column} IS NOT NULL AND NOT ({text})"
        return Sql(shape, (self._dialect.pack(value),))

    def order(self, orders: Sequence[Order]) -> tuple[str, str]:
        """Joins and the ORDER BY list; values first, then NaN, then what is missing."""
        joins, terms = "", []
        for number, each in enumerate(orders):
            join, present, columns = self._order_columns(each.field, f"o{number}")
            direction = "DESC NULLS LAST" if each.descending else "ASC NULLS LAST"
            joins += join
            terms += [f"({column} IS NULL)" for column in present]
            terms += [f"{column} {direction}" for column in columns]
        return joins, ", ".join([*terms, "e.id"])

    def _order_columns(self, field: Field, alias: str) -> tuple[str, list[str], list[str]]:
        """Join, columns that tell whether there is a value at all, and columns to sort by."""
        symbol = self._names.symbol
        match field:
            case Attribute(name) if name in _SYMBOLS:
                return f" JOIN symbol {alias} ON {alias}.id = e.{name}", [], [f"{alias}.text"]
            case Attribute(name) if name in _NUMBERS | _TEXTS | {"state"}:
                return "", [], [f"e.{name}"]
            case Property(key):
                join = f" LEFT JOIN property {alias} ON {alias}.entity = e.id AND {alias}.key = {symbol(key)}"
                return join, [], [f"{alias}.num", f"{alias}.text"]
            case Metric(key):
                join = f" LEFT JOIN latest {alias} ON {alias}.entity = e.id AND {alias}.key = {symbol(key)}"
                return join, [f"{alias}.entity"], [f"{alias}.value"]
            case ExternalId(protocol):
                return (
                    "",
                    [],
                    [
                        f"(SELECT MIN(x.id) FROM external x WHERE x.entity = e.id AND x.protocol = {symbol(protocol)})"
                    ],
                )
            case _:
                raise Invalid(f"cannot order by {field}")


def _list(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers) or "-1"


def _map(value: Any, to: Callable[[Any], Any]) -> Any:
    if isinstance(value, list):
        return [to(item) for item in value]
    return None if value is None else to(value)


def _number(value: Any) -> float | int:
    if isinstance(value, bool):
        return int(value)
    if not isinstance(value, int | float):
        raise Invalid(f"{value!r} is not a number")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise Invalid(f"{value} does not fit in 64 bits")
    if math.isnan(value):
        raise Invalid("nothing compares with NaN")
    return value


def _double(value: Any) -> float:
    """As properties are kept for comparison."""
    return float(_number(value))

"""The one query type as SQL."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from lineal.graph.errors import Invalid
from lineal.graph.query import (
    And,
    Attribute,
    Compare,
    Contains,
    EdgeDetail,
    Expr,
    ExternalId,
    Field,
    HasSpan,
    Labelled,
    Metric,
    Not,
    OfHome,
    Operator,
    Or,
    Order,
    Property,
    Related,
    SpanAttribute,
    SpanField,
)
from lineal.store.base import Connection
from lineal.store.sql import spans

_NUMBERS = {"id", "home", "revision", "created", "updated", "started", "ended", "duration"}
_TEXTS = {"uuid", "name", "owner"}
_SYMBOLS = {"kind", "namespace"}
STATES = {"active": 0, "deleted": 1}
_DEPTH = 50
_PATTERN = 10_000
_EXPRESSION = 1000
_REPEATS = 1000
_BACK = re.compile(r"\\[1-9]")
_REPEATED = re.compile(r"\{\d*,?(\d{1,9})")
_FEW = 2000
_MANY = 50_000
_COUNTED_FOR = 10.0
_MOST_COUNTS = 10_000
# Looking an entity up takes as long as walking past so many in the order of an index.
_LOOK_UP = 25
# So many entities at the other end of an edge are named one by one.
_ENDS = 20
# Of fewer than one in so many entities, those wanted are sorted sooner than met.
_SPARSE = 50
# The index of texts holds their first 64 characters: all of a shorter one, which can be only itself.
_INDEXED = 64
_RANGES = frozenset({"=", "<", "<=", ">", ">="})


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


class Few(NamedTuple):
    """What an index tells of a condition: in which rows those that fulfil it are named, and in which column.

    Attributes:
        once: whether each of them is named in one row only; else there are no `params`.
        exact: whether all that are named fulfil the condition.
    """

    part: Expr
    table: str
    condition: str
    params: tuple[Any, ...]
    size: int = 0
    column: str = "entity"
    once: bool = True
    exact: bool = True

    def rows(self, alias: str) -> Sql:
        """The condition on the rows of the table."""
        return Sql(self.condition.format(r=alias), self.params)

    def among(self, column: str) -> Sql:
        """The condition that a column is one of the entities."""
        rows = self.rows("w").text
        return Sql(f"{column} IN (SELECT w.{self.column} FROM {self.table} w WHERE {rows})", self.params)

    def source(self) -> tuple[str, Sql]:
        """What to join as `r`, and the condition on it, so that it has each of the entities once."""
        if self.once:
            return f"{self.table} r", self.rows("r")
        rows = self.rows("w").text
        named = f"(SELECT DISTINCT w.{self.column} FROM {self.table} w WHERE {rows}) r"
        return named, TRUE


class Frequencies:
    """How many rows fulfil a condition, up to a limit. Remembered for some seconds.

    They decide in which order a query looks at things and never what it finds, so an old one does no harm.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, tuple[Any, ...]], tuple[int, float]] = {}

    def of(self, cx: Connection, table: str, condition: Sql, limit: int) -> int:
        """The number of rows of `table r`; one more than the limit when it is beyond that."""
        sql = (
            f"SELECT COUNT(*) FROM (SELECT 1 FROM {table} r WHERE {condition.text} LIMIT {limit + 1}) AS few"
        )
        count, until = self._known.get((sql, condition.params), (0, 0.0))
        if until <= self._clock():
            count = int(cx.execute(sql, condition.params)[0][0])
            if len(self._known) >= _MOST_COUNTS:
                self._known.clear()
            self._known[sql, condition.params] = count, self._clock() + _COUNTED_FOR
        return count


class Compiler:
    """Turns expressions into conditions on an entity's alias."""

    def __init__(
        self,
        cx: Connection,
        names: Names,
        now: int,
        seen: Callable[[str], Sql] = lambda alias: TRUE,
        frequencies: Frequencies | None = None,
    ) -> None:
        self._cx = cx
        self._dialect = cx.dialect
        self._names = names
        self._now = now
        self._seen = seen
        self._frequencies = frequencies or Frequencies()
        self._depth = 0
        self._number = "e.id"
        self._known_ends: dict[int, list[int] | None] = {}

    def condition(self, expr: Expr | None, alias: str = "e") -> Sql:
        """The condition for an expression.

        Raises:
            Invalid: it is nested too deeply, or compares what cannot be compared.
        """
        with self._deeper():
            return self._condition(expr, alias)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        if self._depth > _DEPTH:
            raise Invalid(f"a filter may be nested {_DEPTH} deep")
        self._depth += 1
        try:
            yield
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
            case Compare():
                return self._compare(expr, alias)
            case Labelled() | Related() | Contains() | HasSpan():
                return self._about(expr, alias)

    def _about(self, expr: Labelled | Related | Contains | HasSpan, alias: str) -> Sql:
        """What is asked about something else that goes with the entity."""
        if alias.endswith("s"):
            raise Invalid("inside `has_span` only parts of spans are compared")
        match expr:
            case Labelled():
                return self._labelled(expr, alias)
            case Related():
                return self._related(expr, alias)
            case Contains():
                return self._contains(expr, alias)
            case HasSpan(where):
                inner = self.condition(where, f"{alias}s")
                return Sql(spans.having(alias, inner.text), inner.params)

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
        near, far = _ends_of(expr)
        other, edge = f"{alias}n", f"{alias}g"
        kind = self._names.symbol(expr.kind)
        ends = self._ends(expr)
        if ends is not None and _is_about_ends(expr):
            at = f"{edge}.{far} IN ({_list(ends)}) AND {edge}.{near} = {alias}.id AND {edge}.kind = {kind}"
            return Sql(f"EXISTS (SELECT 1 FROM edge {edge} WHERE {at})")
        inner = self._glued([self.condition(expr.where, other), self._seen(other)], " AND ")
        return Sql(
            f"EXISTS (SELECT 1 FROM edge {edge} JOIN entity {other} ON {other}.id = {edge}.{far}"
            f" WHERE {edge}.{near} = {alias}.id AND {edge}.kind = {kind} AND ({inner.text}))",
            inner.params,
        )

    def _contains(self, expr: Contains, alias: str) -> Sql:
        inside = f"{alias}c"
        inner = self._glued([self.condition(expr.where, inside), self._seen(inside)], " AND ")
        kinds = [self._names.symbol(each) for kind in expr.kinds for each in self._names.kinds(kind)]
        return Sql(
            f"EXISTS (SELECT 1 FROM entity {inside} WHERE {inside}.home = {alias}.id AND {inside}.state = 0"
            f" AND {inside}.kind IN ({_list(kinds)}) AND {inner.text})",
            inner.params,
        )

    def _compare(self, expr: Compare, alias: str) -> Sql:
        if alias.endswith("s") != isinstance(expr.field, SpanField | SpanAttribute):
            raise Invalid("parts of spans are compared inside `has_span`, and nothing else is there")
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
            case SpanField(name):
                return self._span(name, expr, alias)
            case SpanAttribute(key):
                return self._span_attribute(key, expr, alias)
            case OfHome(field):
                return self._of_home(Compare(field, expr.op, expr.value), alias)

    def _of_home(self, expr: Compare, alias: str) -> Sql:
        if expr.op == "is null":
            there = self._of_home(Compare(expr.field, "is not null"), alias)
            return Sql(f"NOT {there.text}", there.params)
        home = f"{alias}h"
        seen, few = self._seen(home), self._few(expr)
        if few is not None and seen == TRUE:
            return few.among(f"{alias}.home")
        inner = self._glued([self._compare(expr, home), seen], " AND ")
        return Sql(
            f"EXISTS (SELECT 1 FROM entity {home} WHERE {home}.id = {alias}.home AND {inner.text})",
            inner.params,
        )

    def _attribute(self, name: str, expr: Compare, alias: str) -> Sql:
        if name == "state":
            return self.operation(
                f"{alias}.state", expr.op, _map(expr.value, lambda text: STATES.get(str(text), -1))
            )
        if name in _SYMBOLS:
            return self._symbol(name, expr, alias)
        if name in _NUMBERS:
            return self.operation(_column(name, alias), expr.op, _map(expr.value, _number))
        if name in _TEXTS:
            return self.operation(f"{alias}.{name}", expr.op, _map(expr.value, str))
        raise Invalid(f"an entity has no attribute {name!r}")

    def _symbol(self, name: str, expr: Compare, alias: str) -> Sql:
        if expr.op == "in" and isinstance(expr.value, list):
            return Sql(f"{alias}.{name} IN ({_list([self._names.symbol(str(each)) for each in expr.value])})")
        if expr.op in ("=", "!=", "in", "not in"):
            return self.operation(
                f"{alias}.{name}", expr.op, _map(expr.value, lambda text: self._names.symbol(str(text)))
            )
        inner = self.operation("s.text", expr.op, _map(expr.value, str))
        return Sql(
            f"EXISTS (SELECT 1 FROM symbol s WHERE s.id = {alias}.{name} AND {inner.text})", inner.params
        )

    def _property(self, key: int, expr: Compare, alias: str) -> Sql:
        few = self._few(expr)
        if few is not None:
            return few.among(f"{alias}.id")
        return self._row(f"property p WHERE p.entity = {alias}.id AND p.key = {key}", expr)

    def source(self, parts: Sequence[Expr], home: int | None) -> tuple[str, Sql]:
        """Where to look for the entities that fulfil all of the conditions, and what must hold there.

        Args:
            parts: the conditions.
            home: where all of the entities are, if that is one of the conditions.
        """
        found = [few for part in parts if (few := self._few(part, home)) is not None]
        if not self._pays(found, home):
            return "entity e", self.condition(And(list(parts)))
        first, *others = sorted(found, key=lambda few: few.size)
        return self._beginning_with(first, others, parts)

    def in_order(self, parts: Sequence[Expr], kinds: Sequence[int]) -> tuple[str, Sql]:
        """The same for a page in the order of ids: unless there are few, they are passed in this order.

        Args:
            parts: the conditions.
            kinds: of what is wanted; empty for all.
        """
        source, condition = self.source(parts, None)
        if source != "entity e":
            return source, condition
        related = (self._indexed(part, None) for part in parts if isinstance(part, Related))
        alone = next((few for few in related if few is not None and few.once), None)
        if alone is None:
            walks = (
                self._dialect.name == "sqlite" and self._is_many(kinds) and not any(map(self._tells, parts))
            )
            return "entity e NOT INDEXED" if walks else source, condition
        # What is related to one entity lies in the order of its ids in the table of edges.
        self._number = f"r.{alone.column}"
        return self._beginning_with(alone, [], parts)

    def _beginning_with(self, first: Few, others: Sequence[Few], parts: Sequence[Expr]) -> tuple[str, Sql]:
        told = [few.part for few in (first, *others) if few.exact]
        left = [part for part in parts if all(part is not each for each in told)]
        number = f"r.{first.column}"
        table, rows = first.source()
        conditions = [rows, Sql(f"e.id = {number}"), *(few.among(number) for few in others)]
        # SQLite never reorders a CROSS JOIN.
        return f"{table} CROSS JOIN entity e", self._glued([*conditions, *map(self.condition, left)], " AND ")

    def _tells(self, part: Expr) -> bool:
        """Whether an index of the entities' own table names few who fulfil a condition."""
        match part:
            case Compare(Attribute("uuid" | "home")):
                return True
            case Compare(Attribute("kind"), "=" | "in", value):
                kinds = value if isinstance(value, list) else [value]
                return not self._is_many([self._names.symbol(str(kind)) for kind in kinds] or [-1])
        return False

    def _is_many(self, kinds: Sequence[int]) -> bool:
        """Whether entities of these kinds are met again and again on the way past all."""
        if not kinds:
            return True
        condition = Sql(f"r.kind IN ({_list(kinds)})")
        count = self._frequencies.of(self._cx, "entity", condition, _MANY)
        if count > _MANY:
            return True
        newest = Sql("r.id > ?", (count * _SPARSE,))
        return count > _FEW and not self._frequencies.of(self._cx, "entity", newest, 0)

    def _pays(self, found: Sequence[Few], home: int | None) -> bool:
        """Whether to begin with the few, and not to walk through entities in order until a page is full."""
        if len(found) != 1:
            return bool(found)
        walked = _MANY
        if home is not None:
            walked = self._frequencies.of(self._cx, "entity", Sql("r.home = ?", (home,)), _MANY)
        return found[0].size * _LOOK_UP <= walked

    def _few(self, part: Expr, home: int | None = None) -> Few | None:
        """Who fulfils a condition, if an index tells and they are few."""
        few = self._indexed(part, home)
        if few is None:
            return None
        count = self._frequencies.of(self._cx, few.table, few.rows("r"), _FEW)
        return few._replace(size=count) if count <= _FEW else None

    def _indexed(self, part: Expr, home: int | None) -> Few | None:
        match part:
            case Compare(Attribute("name"), "=", str(text)):
                condition = f"substr({{r}}.name, 1, {_INDEXED}) = ? AND {{r}}.name = ?"
                return Few(part, "entity", condition, (text[:_INDEXED], text), column="id")
            case Related():
                return self._at_ends(part)
            case Or(parts) if parts and all(isinstance(each, Related) for each in parts):
                return self._at_any(part, [self._indexed(each, home) for each in parts])
        return self._by_value(part, home)

    def _by_value(self, part: Expr, home: int | None) -> Few | None:
        match part:
            case Compare(Property(key), "=", str(text)):
                number = self._names.symbol(key)
                start = f"{{r}}.type = 4 AND {{r}}.key = ? AND substr({{r}}.text, 1, {_INDEXED}) = ?"
                if len(text) < _INDEXED:
                    return Few(part, "property", start, (number, text))
                return Few(part, "property", f"{start} AND {{r}}.text = ?", (number, text[:_INDEXED], text))
            case Compare(Property(key), "like", str(text)) if len(text) <= _PATTERN:
                return self._beginning(part, self._names.symbol(key), text)
            case Compare(Metric(key), op, int() | float() as value) if home is not None and op in _RANGES:
                condition = f"{{r}}.home = ? AND {{r}}.key = ? AND {{r}}.value {op} ?"
                return Few(part, "latest", condition, (home, self._names.symbol(key), _number(value)))
            case Compare(Property(key), op, int() | float() as value) if op in _RANGES:
                condition = f"{{r}}.key = ? AND {{r}}.num {op} ?"
                return Few(part, "property", condition, (self._names.symbol(key), _double(value)))
            case _:
                return None

    def _at_ends(self, part: Related) -> Few | None:
        """Who is related to some entities, if these are so few that they are looked up first."""
        ends = self._ends(part)
        if ends is None:
            return None
        near, far = _ends_of(part)
        condition = f"{{r}}.{far} IN ({_list(ends)}) AND {{r}}.kind = {self._names.symbol(part.kind)}"
        exact = _is_about_ends(part)
        return Few(part, "edge", condition, (), column=near, once=len(ends) == 1, exact=exact)

    def _at_any(self, part: Expr, found: Sequence[Few | None]) -> Few | None:
        each = [few for few in found if few is not None]
        if len(each) < len(found):
            return None
        rows = " UNION ".join(
            f"SELECT w.{few.column} AS entity FROM {few.table} w WHERE {few.rows('w').text}" for few in each
        )
        return Few(part, f"({rows})", "1=1", (), exact=all(few.exact for few in each))

    def _ends(self, part: Related) -> list[int] | None:
        """The entities that can be at the other end, if they are quickly told and no more than some."""
        if id(part) not in self._known_ends:
            with self._deeper():
                about = [each for each in parts_of(part.where) if not _has_detail(each)]
                self._known_ends[id(part)] = self._some(about) if self._is_quick(about) else None
        return self._known_ends[id(part)]

    def _some(self, about: Sequence[Expr]) -> list[int] | None:
        source, where = self.source(about, None)
        condition = self._glued([where, self._seen("e")], " AND ")
        sql = f"SELECT e.id FROM {source} WHERE {condition.text} LIMIT {_ENDS + 1}"
        rows = self._cx.execute(sql, condition.params)
        return [row[0] for row in rows] if len(rows) <= _ENDS else None

    def _is_quick(self, parts: Sequence[Expr]) -> bool:
        return any(self._is_narrow(part) or self._few(part) is not None for part in parts)

    def _is_narrow(self, part: Expr) -> bool:
        """Whether a condition on the entity's own row leaves few, and its index is used anyway."""
        match part:
            case Compare(Attribute("id"), "="):
                return True
            case Compare(Attribute("kind"), "in", list(kinds)):
                numbers = _list([self._names.symbol(str(kind)) for kind in kinds])
                condition = Sql(f"r.kind IN ({numbers})")
                return self._frequencies.of(self._cx, "entity", condition, _FEW) <= _FEW
        return False

    def _beginning(self, part: Expr, key: int, pattern: str) -> Few | None:
        """Who has text of this pattern, if it tells how that begins."""
        first = re.split("[%_]", pattern, maxsplit=1)[0][:_INDEXED]
        after = _after(first)
        if after is None:
            return None
        column = f"substr({{r}}.text, 1, {_INDEXED})"
        start = f"{{r}}.type = 4 AND {{r}}.key = ? AND {column} >= ? AND {column} < ?"
        like = self._dialect.like("{r}.text", ignore_case=False)
        return Few(part, "property", f"{start} AND {like}", (key, first, after, pattern))

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

    def _span(self, name: str, expr: Compare, alias: str) -> Sql:
        if name == "content":
            found = [self.operation(each, expr.op, _map(expr.value, str)) for each in spans.content(alias)]
            inner = self._glued(found, " OR ")
            return Sql(spans.with_body(alias, inner.text), inner.params)
        column = spans.column(name, alias)
        if column is None:
            raise Invalid(f"a span has no part {name!r}")
        return self.operation(column, expr.op, _map(expr.value, str if name in spans.TEXTS else _number))

    def _span_attribute(self, key: str, expr: Compare, alias: str) -> Sql:
        column = self._dialect.json_text("b.attributes")
        inner = self.operation(column, expr.op, _map(expr.value, str))
        keys = [key] * inner.text.count(column)
        text, likely = spans.with_attribute(alias, key, inner.text, missing=expr.op == "is null")
        return Sql(text, (likely, *keys, *inner.params))

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
        if op == "matches":
            return self._matching(column, value)
        if op not in ("=", "!=", "<", "<=", ">", ">="):
            raise Invalid(f"unknown operator {op!r}")
        return Sql(f"{column} {'<>' if op == '!=' else op} ?", (value,))

    def _matching(self, column: str, pattern: Any) -> Sql:
        if not isinstance(pattern, str) or len(pattern) > _EXPRESSION:
            raise Invalid(f"`matches` needs text of at most {_EXPRESSION} characters")
        repeats = [int(count) for count in _REPEATED.findall(pattern)]
        if math.prod(max(count, 1) for count in repeats) > _REPEATS:
            raise Invalid(f"a regular expression may repeat things {_REPEATS} times")
        if _BACK.search(pattern.replace("\\\\", "")):
            # What goes back may take exponential time, in the database that has it.
            raise Invalid("a regular expression may not refer back to a group")
        text = self._cx.matching("CAST(? AS TEXT)")
        try:
            self._cx.execute(f"SELECT {text}", ("", pattern))
        except Exception as error:
            raise Invalid(f"this is no regular expression: {pattern[:100]!r}") from error
        return Sql(self._cx.matching(column), (pattern,))

    def _among(self, column: str, op: Operator, value: Any) -> Sql:
        if not isinstance(value, list):
            raise Invalid(f"`{op}` needs a list")
        text = self._dialect.among(column)
        # Of an empty list SQL says that even NULL is not in it.
        shape = text if op == "in" else f"{column} IS NOT NULL AND NOT ({text})"
        return Sql(shape, (self._dialect.pack(value),))

    def order(self, orders: Sequence[Order]) -> tuple[Sql, str]:
        """Joins and the ORDER BY list; values first, then NaN, then what is missing."""
        joins, terms = Sql(""), list[str]()
        for number, each in enumerate(orders):
            if each.field == Attribute("id"):
                terms.append(f"{self._number} {'DESC' if each.descending else 'ASC'}")
                return joins, ", ".join(terms)
            home, entity = self._joined_home(each.field, f"h{number}")
            field = each.field.of if isinstance(each.field, OfHome) else each.field
            join, present, columns = self._order_columns(field, f"o{number}", entity)
            direction = "DESC NULLS LAST" if each.descending else "ASC NULLS LAST"
            joins = Sql(joins.text + home.text + join, joins.params + home.params)
            terms += [f"({column} IS NULL)" for column in present]
            terms += [f"{column} {direction}" for column in columns]
        return joins, ", ".join([*terms, "e.id"])

    def value(self, field: Field, alias: str, *, numeric: bool) -> tuple[str, str]:
        """A join, and the column of what a field is worth, as a number or as text; of spans those of `es`.

        Raises:
            Invalid: the field does not have one value.
        """
        if isinstance(field, SpanField):
            column = spans.column(field.name, "es")
            if column is None:
                raise Invalid(f"a span has no part {field.name!r}")
            return "", column
        if isinstance(field, OfHome):
            raise Invalid("only an entity's own fields are measured")
        join, _, columns = self._order_columns(field, alias, "e")
        if isinstance(field, Property) and not numeric:
            return join, f"COALESCE({alias}.text, CAST({alias}.num AS TEXT))"
        return join, columns[0]

    def _joined_home(self, field: Field, alias: str) -> tuple[Sql, str]:
        """A join with the home, if the field is one of it; and the alias of the entity whose field it is."""
        if not isinstance(field, OfHome):
            return Sql(""), "e"
        seen = self._seen(alias)
        return Sql(f" LEFT JOIN entity {alias} ON {alias}.id = e.home AND ({seen.text})", seen.params), alias

    def _order_columns(self, field: Field, alias: str, entity: str) -> tuple[str, list[str], list[str]]:
        """Join, columns that tell whether there is a value at all, and columns to sort by."""
        symbol = self._names.symbol
        match field:
            case Attribute(name) if name in _SYMBOLS:
                return f" LEFT JOIN symbol {alias} ON {alias}.id = {entity}.{name}", [], [f"{alias}.text"]
            case Attribute(name) if name in _NUMBERS | _TEXTS | {"state"}:
                return "", [], [_column(name, entity)]
            case Property(key):
                on = f"{alias}.entity = {entity}.id AND {alias}.key = {symbol(key)}"
                return f" LEFT JOIN property {alias} ON {on}", [], [f"{alias}.num", f"{alias}.text"]
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


def _column(name: str, alias: str) -> str:
    """An attribute that is a number or text, in SQL."""
    return f"({alias}.ended - {alias}.started)" if name == "duration" else f"{alias}.{name}"


def parts_of(where: Expr | None) -> list[Expr]:
    """What must hold, all of it."""
    found, left = list[Expr](), [where] if where is not None else []
    while left:
        part = left.pop()
        if isinstance(part, And):
            left += reversed(part.parts)
        else:
            found.append(part)
    return found


def _ends_of(related: Related) -> tuple[str, str]:
    """The columns of an edge for the entity itself, and for what it is related to."""
    return ("target", "source") if related.direction == "in" else ("source", "target")


def _is_about_ends(related: Related) -> bool:
    """Whether nothing is asked about the edge itself."""
    return not any(map(_has_detail, parts_of(related.where)))


def _has_detail(part: Expr) -> bool:
    match part:
        case And(parts) | Or(parts):
            return any(map(_has_detail, parts))
        case Not(inner):
            return _has_detail(inner)
        case Compare(field):
            return isinstance(field, EdgeDetail)
    return False


def _after(first: str) -> str | None:
    """The least text that is greater than all that begin so; None for what ends in no plain character."""
    return first[:-1] + chr(ord(first[-1]) + 1) if first and " " <= first[-1] <= "}" else None


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

"""Which columns a query's answer is made of, read out of its text by sqlglot. Pure.

Every step is followed through subqueries, common table expressions and unions down to tables. A column that could be
of several tables counts for each of them and is not certain; what cannot be followed makes the whole incomplete.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope, walk_in_scope
from sqlglot.schema import MappingSchema

_ORDER = ("IDENTITY", "TRANSFORMATION", "AGGREGATION")
_HASHES = (
    "MD5",
    "MD5Digest",
    "SHA",
    "SHA2",
    "SHA1Digest",
    "SHA2Digest",
    "FarmFingerprint",
    "StandardHash",
    "Count",
)
_MASKING = tuple(getattr(exp, name) for name in _HASHES if hasattr(exp, name))
_MASKING_NAMES = frozenset(
    {"hash", "mask", "sha1", "sha256", "sha512", "md5_hex", "hmac", "xxhash64", "murmur3", "crc32"}
)
_PLAIN = (exp.Alias, exp.Paren)
_DEEPEST = 60
_BARE = "bare"
"""Marks a column that the query names without its table."""


class Way(NamedTuple):
    """How a column came into another one."""

    type: str = "DIRECT"
    subtype: str = "IDENTITY"
    masking: bool = False


class Origin(NamedTuple):
    """A column of a table."""

    table: int
    column: str
    way: Way
    certain: bool


class Answer(NamedTuple):
    """What a query answers.

    Attributes:
        columns: name of each, None where it has none, with what it is made of.
        rows: what decides which rows there are.
        complete: whether everything could be followed.
        names: of the columns that are written, as the statement lists them; empty when it lists none.
    """

    columns: list[tuple[str | None, list[Origin]]]
    rows: list[Origin]
    complete: bool
    names: list[str]


def read(
    query: str, dialect: str | None, tables: Sequence[tuple[str, ...]], columns: Mapping[int, Sequence[str]]
) -> Answer | None:
    """What a statement answers or writes; None when it is of another sort, or cannot be read.

    Args:
        query: its text.
        dialect: as sqlglot names it.
        tables: names of those it may be about, each in parts.
        columns: of those tables whose columns are known, by position in `tables`.
    """
    try:
        select, names = _select_of(query, dialect)
        if select is None:
            return None
        known = _put_numbers(select, tables)
        schema = MappingSchema(dialect=dialect)
        for number in {each for each in known.values() if each in columns}:
            schema.add_table(f"t{number}", {name: "unknown" for name in columns[number]}, dialect=dialect)
        options: dict[str, Any] = {
            "validate_qualify_columns": False,
            "identify": False,
            "quote_identifiers": False,
        }
        scope = build_scope(qualify(select, schema=schema, dialect=dialect, **options))
        return _Reader(columns).answer(scope, names) if scope is not None else None
    except (SqlglotError, RecursionError, ValueError, KeyError, AttributeError, TypeError):
        # Parsers of this many dialects fail in many ways; a statement that cannot be read tells nothing.
        return None


def _select_of(query: str, dialect: str | None) -> tuple[Any, list[str]]:
    """The query whose answer is written, and the columns that it is written to."""
    statements = [each for each in parse(query, read=dialect) if each is not None]
    if len(statements) != 1:
        return None, []
    (statement,) = statements
    found, names = statement, []
    if isinstance(statement, exp.Insert | exp.Create):
        found = statement.expression
        target = statement.this
        if isinstance(target, exp.Schema):
            names = [each.name for each in target.expressions if each.name]
        outer = statement.args.get("with_") or statement.args.get("with")
        if outer is not None and isinstance(found, exp.Query):
            found = found.copy()
            found.set("with_" if "with_" in found.arg_types else "with", outer.copy())
    if isinstance(found, exp.Subquery):
        found = found.unnest()
    return (found, names) if isinstance(found, exp.Query) else (None, [])


def _put_numbers(select: Any, tables: Sequence[tuple[str, ...]]) -> dict[str, int]:
    """Call each table by its number, so that names of any depth are alike; the names given."""
    ctes = {each.alias.lower() for each in select.find_all(exp.CTE)}
    given: dict[str, int] = {}
    for table in list(select.find_all(exp.Table)):
        parts = tuple(part.name.lower() for part in table.parts)
        if not all(parts) or (len(parts) == 1 and parts[0] in ctes):
            continue
        number = _match(parts, tables)
        alias = table.alias or table.name
        table.set("alias", table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(alias)))
        table.set("this", exp.to_identifier(f"t{number}" if number is not None else "unknown_table"))
        table.set("db", None)
        table.set("catalog", None)
        if number is not None:
            given[f"t{number}"] = number
    for column in select.find_all(exp.Column):
        column.meta[_BARE] = not column.table
        column.set("db", None)
        column.set("catalog", None)
    return given


def _match(parts: tuple[str, ...], tables: Sequence[tuple[str, ...]]) -> int | None:
    """The one table whose name ends so."""
    found = [number for number, each in enumerate(tables) if each[-len(parts) :] == parts]
    return found[0] if len(found) == 1 else None


class _Reader:
    """Follows the columns of one statement."""

    def __init__(self, columns: Mapping[int, Sequence[str]]) -> None:
        self._columns = {number: {each.lower() for each in names} for number, names in columns.items()}
        self._complete = True

    def answer(self, scope: Any, names: list[str]) -> Answer:
        """Everything about the outermost query."""
        width = len(scope.expression.selects)
        columns = [
            (self._name(scope, place), self._merged(self._column(scope, place, 0))) for place in range(width)
        ]
        complete = self._complete
        rows = self._merged(each for one in scope.traverse() for each in self._rows(one))
        return Answer(columns, rows, complete, names)

    def _name(self, scope: Any, place: int) -> str | None:
        name = scope.expression.selects[place].alias_or_name
        return None if not name or name == "*" or name.startswith("_col_") else name

    def _column(self, scope: Any, place: int, depth: int) -> Iterator[Origin]:
        """What the column at a place in a query's answer is made of."""
        expression = scope.expression
        if depth > _DEEPEST:
            self._complete = False
        elif isinstance(expression, exp.SetOperation):
            for side in scope.set_operation_scopes:
                yield from self._column(side, place, depth + 1)
        elif place < len(expression.selects):
            yield from self._expression(scope, expression.selects[place], depth)
        else:
            self._complete = False

    def _expression(self, scope: Any, expression: Any, depth: int) -> Iterator[Origin]:
        if expression.is_star:
            self._complete = False
        for part in walk_in_scope(expression):
            if isinstance(part, exp.Column) and not isinstance(part.this, exp.Star):
                way = _way(part, expression)
                for origin in self._source(scope, part, depth):
                    yield origin._replace(way=_together(origin.way, way))
        for inner in scope.subquery_scopes:
            if _is_within(inner.expression, expression):
                way = _way(inner.expression, expression)
                for origin in self._column(inner, 0, depth + 1):
                    yield origin._replace(way=_together(origin.way, way))

    def _source(self, scope: Any, column: exp.Column, depth: int) -> Iterator[Origin]:
        """What a column that is spoken of is made of."""
        if column.table and not (column.meta.get(_BARE) and len(scope.selected_sources) > 1):
            yield from self._of_source(scope.sources.get(column.table), column.name, depth, True)
            return
        candidates = [
            source for _, (_, source) in scope.selected_sources.items() if self._may_have(source, column)
        ]
        self._complete = self._complete and len(candidates) == 1
        for source in candidates:
            yield from self._of_source(source, column.name, depth, len(candidates) == 1)

    def _may_have(self, source: Any, column: exp.Column) -> bool:
        if isinstance(source, Scope):
            names = {each.lower() for each in _names(source)}
            return column.name.lower() in names or "*" in names
        known = self._columns.get(_number(source))
        return known is None or column.name.lower() in known

    def _of_source(self, source: Any, name: str, depth: int, certain: bool) -> Iterator[Origin]:
        if isinstance(source, exp.Table) and _number(source) >= 0:
            yield Origin(_number(source), name, Way(), certain)
        elif isinstance(source, Scope) and name in (names := _names(source)):
            for origin in self._column(source, names.index(name), depth + 1):
                yield origin._replace(certain=origin.certain and certain)
        else:
            self._complete = False

    def _rows(self, scope: Any) -> Iterator[Origin]:
        """Columns that decide which rows a query answers, or which belong together."""
        if not isinstance(scope.expression, exp.Select):
            return
        clauses = [("FILTER", scope.expression.args.get(part)) for part in ("where", "having", "qualify")]
        clauses += [("JOIN", join.args.get("on")) for join in scope.expression.args.get("joins") or ()]
        clauses.append(("GROUP_BY", scope.expression.args.get("group")))
        for subtype, clause in clauses:
            for column in walk_in_scope(clause) if clause is not None else ():
                if isinstance(column, exp.Column):
                    for origin in self._source(scope, column, 0):
                        yield origin._replace(way=Way("INDIRECT", subtype))

    def _merged(self, origins: Iterator[Origin] | Any) -> list[Origin]:
        """Each once; one that is certain beats the same one that is not."""
        found: dict[tuple[int, str, Way], Origin] = {}
        for each in origins:
            key = (each.table, each.column, each.way)
            if key not in found or each.certain:
                found[key] = each
        return list(found.values())


def _names(scope: Any) -> list[str]:
    """Of what a subquery answers."""
    found: list[str] = scope.expression.named_selects
    return found


def _number(table: Any) -> int:
    name = table.name if isinstance(table, exp.Table) else ""
    return int(name[1:]) if name[1:].isdigit() and name[:1].lower() == "t" else -1


def _is_within(inner: Any, outer: Any) -> bool:
    while inner is not None and inner is not outer:
        inner = inner.parent
    return inner is not None


def _way(part: Any, whole: Any) -> Way:
    """How a part of an expression goes into it."""
    kind, step, masking = "DIRECT", 0, False
    subtype = ""
    child, node = part, part.parent
    while child is not whole and node is not None:
        if (isinstance(node, exp.If) and child.arg_key == "this") or (
            isinstance(node, exp.Case) and child.arg_key == "this"
        ):
            kind, subtype = "INDIRECT", "CONDITIONAL"
        elif isinstance(node, exp.Window) and child.arg_key != "this":
            kind, subtype = "INDIRECT", "WINDOW"
        elif isinstance(node, exp.AggFunc):
            step = 2
        elif not isinstance(node, _PLAIN):
            step = max(step, 1)
        masking = masking or isinstance(node, _MASKING) or _is_named_masking(node)
        child, node = node, node.parent
    return Way(kind, subtype or _ORDER[step], masking)


def _is_named_masking(node: Any) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this).lower() in _MASKING_NAMES


def _together(inner: Way, outer: Way) -> Way:
    """One way after another."""
    for each in (outer, inner):
        if each.type == "INDIRECT":
            return Way("INDIRECT", each.subtype, inner.masking or outer.masking)
    step = max(_ORDER.index(inner.subtype), _ORDER.index(outer.subtype))
    return Way("DIRECT", _ORDER[step], inner.masking or outer.masking)

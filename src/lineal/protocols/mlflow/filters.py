"""MLflow's search languages, read into the one query.

A filter is clauses joined by AND: metrics.loss < 0.1 AND params.`learning rate` = '0.01' AND tags.team IS NULL.
Which names a clause may use, and how they compare, is a table for each kind of search.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from lineal.graph.model import Scalar
from lineal.graph.query import (
    And,
    Attribute,
    Compare,
    EdgeDetail,
    Expr,
    ExternalId,
    Field,
    Metric,
    Not,
    Operator,
    Order,
    Property,
    Related,
)
from lineal.protocols.mlflow.errors import invalid

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:[^']|'')*')
    | (?P<number>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w.]))
    | (?P<operator><=|>=|!=|<>|==|=|<|>)
    | (?P<mark>[(),])
    | (?P<name>(?:\w+|`[^`]*`|"[^"]*")(?:\.(?:\w+|`[^`]*`|"[^"]*"|'[^']*'))*)
    )""",
    re.VERBOSE,
)

_LONGEST = 100_000
_MOST_CLAUSES = 200

EQUAL: frozenset[Operator] = frozenset({"=", "!="})
TEXT: frozenset[Operator] = EQUAL | {"like", "ilike"}
LISTS: frozenset[Operator] = frozenset({"in", "not in"})
NULLS: frozenset[Operator] = frozenset({"is null", "is not null"})
_WORDS: tuple[Operator, ...] = ("like", "ilike", "in")
NUMBER: frozenset[Operator] = EQUAL | {"<", "<=", ">", ">="}


class Token(NamedTuple):
    """A word of the language: its kind, and its text as written."""

    kind: str
    text: str


class Column(NamedTuple):
    """What a name of the language stands for.

    Attributes:
        operators: those that it understands.
        numeric: whether it is compared with numbers, not with text.
        edge: kind of an incoming edge whose detail the field belongs to.
        words: what the language calls its values → what is stored.
    """

    field: Field
    operators: frozenset[Operator]
    numeric: bool = False
    edge: str = ""
    words: Mapping[str, str] | None = None


Columns = Callable[[str, str], Column]
"""From the type and key of a name (`metrics`, `loss`) to its column; Refused when there is none."""


class Clause(NamedTuple):
    """One comparison, before it is translated."""

    group: str
    key: str
    op: Operator
    value: Scalar | list[Scalar]


def parse(text: str, columns: Columns) -> list[Expr]:
    """The clauses of a filter as expressions, all of which must hold.

    Raises:
        Refused: the text is not of the language, or compares what cannot be compared.
    """
    return [expression(clause, columns) for clause in clauses(text)]


def clauses(text: str) -> list[Clause]:
    """The clauses of a filter; Refused when the text is not of the language."""
    if len(text) > _LONGEST:
        raise invalid(f"A filter may have at most {_LONGEST} characters.")
    words = _Words(text)
    found: list[Clause] = []
    while not words.ended():
        if found:
            words.keyword("AND")
        found.append(_clause(words))
    if len(found) > _MOST_CLAUSES:
        raise invalid(f"A filter may have at most {_MOST_CLAUSES} clauses.")
    return found


def expression(clause: Clause, columns: Columns) -> Expr:
    """What a clause asks for, in the graph's terms."""
    column = columns(clause.group, clause.key)
    value = _checked(clause, column)
    if column.edge:
        return Related(column.edge, "in", Compare(column.field, clause.op, value))
    if isinstance(column.field, Metric) and clause.op == "!=":
        # NaN equals nothing, so it differs from every number.
        return And([Compare(column.field, "is not null"), Not(Compare(column.field, "=", value))])
    return Compare(column.field, clause.op, value)


def order(text: str, columns: Columns) -> Order:
    """One entry of order_by, such as `metrics.loss DESC`.

    Raises:
        Refused: it is not of that form, or its name cannot be ordered by.
    """
    words = _Words(text)
    group, key = _split(words.take("name", "a name to order by").text)
    descending = False
    if not words.ended():
        direction = words.take("name", "ASC or DESC").text.upper()
        if direction not in ("ASC", "DESC") or not words.ended():
            raise invalid(f"Invalid order_by clause '{text[:500]}'. Could not be parsed.")
        descending = direction == "DESC"
    column = columns(group, key)
    if column.edge:
        raise invalid(f"Invalid order_by entity type '{group}'")
    return Order(column.field, descending)


def orders(texts: Sequence[str], columns: Columns, default: Sequence[Order]) -> list[Order]:
    """The order asked for, completed by what MLflow sorts by otherwise; Refused when a name comes twice."""
    found = [order(text, columns) for text in texts]
    fields = [each.field for each in found]
    if len(set(fields)) < len(fields):
        raise invalid(f"`order_by` contains duplicate fields: {list(texts)}")
    return found + [each for each in default if each.field not in fields]


class _Words:
    """The tokens of a text, taken one by one."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0

    def ended(self) -> bool:
        return self._next == len(self._tokens)

    def peek(self) -> Token:
        return Token("end", "the end") if self.ended() else self._tokens[self._next]

    def take(self, kind: str, wanted: str) -> Token:
        token = self.peek()
        if token.kind != kind:
            raise invalid(
                f"Invalid clause(s) in filter string: expected {wanted}, found '{token.text[:100]}'"
            )
        self._next += 1
        return token

    def keyword(self, *words: str) -> None:
        for word in words:
            if not self.accept(word):
                raise invalid(
                    f"Invalid clause(s) in filter string: expected {word}, found '{self.peek().text[:100]}'"
                )

    def accept(self, word: str) -> bool:
        token = self.peek()
        found = token.kind == "name" and token.text.upper() == word
        self._next += found
        return found

    def accept_mark(self, mark: str) -> bool:
        found = self.peek() == ("mark", mark)
        self._next += found
        return found


def _tokens(text: str) -> Iterator[Token]:
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise invalid(
                f"Error on parsing filter '{text[:500]}' at '{text[position : position + 20].strip()}'"
            )
        yield Token(match.lastgroup, match[match.lastgroup])
        position = match.end()


def _clause(words: _Words) -> Clause:
    group, key = _split(words.take("name", "a name").text)
    op = _operator(words)
    if op in NULLS:
        return Clause(group, key, op, None)
    return Clause(group, key, op, _list(words) if words.accept_mark("(") else _value(words))


def _operator(words: _Words) -> Operator:
    token = words.peek()
    if token.kind == "operator":
        words.take("operator", "an operator")
        for known in NUMBER:
            if known == token.text:
                return known
        raise invalid(f"Invalid comparator '{token.text}'")
    if words.accept("IS"):
        negated = words.accept("NOT")
        words.keyword("NULL")
        return "is not null" if negated else "is null"
    if words.accept("NOT"):
        words.keyword("IN")
        return "not in"
    if words.accept("RLIKE"):
        return "matches"
    for known in _WORDS:
        if words.accept(known.upper()):
            return known
    raise invalid(f"Invalid clause(s) in filter string: expected an operator, found '{token.text[:100]}'")


def _value(words: _Words) -> Scalar:
    token = words.peek()
    if token.kind == "number":
        words.take("number", "a number")
        return float(token.text) if re.search(r"[.eE]", token.text) else int(token.text)
    if token.kind == "name" and _quoted(token.text, '"'):
        words.take("name", "a value")
        return token.text[1:-1]
    if token.kind == "name":
        raise invalid(
            "Parameter value is either not quoted or unidentified quote types used for string value"
            f" {token.text[:100]}. Use either single or double quotes."
        )
    if token.kind != "string":
        raise invalid(
            f"Expected a quoted string value or a number. Found '{token.text[:100]}'."
            " Use either single or double quotes."
        )
    words.take("string", "a value")
    return token.text[1:-1].replace("''", "'")


def _list(words: _Words) -> list[Scalar]:
    if words.accept_mark(")"):
        raise invalid(
            "While parsing a list in the query, expected a non-empty list of string values, but got empty list"
        )
    found: list[Scalar] = [_value(words)]
    while words.accept_mark(","):
        if words.accept_mark(")"):
            return found
        found.append(_value(words))
    words.take("mark", "a closing parenthesis")
    return found


def _split(name: str) -> tuple[str, str]:
    """`metrics.a` as its two parts; a name without a group is an attribute's."""
    parts = re.findall(r"`[^`]*`|\"[^\"]*\"|'[^']*'|\w+", name)
    if len(parts) == 1:
        return "attribute", _plain(parts[0])
    rest = name[len(parts[0]) + 1 :]
    return _plain(parts[0]), _plain(rest)


def _plain(name: str) -> str:
    return name[1:-1] if any(_quoted(name, quote) for quote in "`\"'") else name


def _quoted(text: str, quote: str) -> bool:
    return len(text) >= 2 and text[0] == quote and text.find(quote, 1) == len(text) - 1


def _spelt(op: Operator) -> str:
    """An operator as a client writes it."""
    return "RLIKE" if op == "matches" else op.upper()


def _checked(clause: Clause, column: Column) -> Scalar | list[Scalar]:
    """The value of a clause, if the column can be compared with it so."""
    name, value = f"{clause.group}.{clause.key}", clause.value
    if clause.op not in column.operators:
        allowed = sorted(map(_spelt, column.operators))
        raise invalid(f"Invalid comparator '{_spelt(clause.op)}' for '{name}', not one of {allowed}")
    if (clause.op in LISTS) != isinstance(value, list):
        raise invalid(
            f"'{clause.op.upper()}' on '{name}' needs {'a list' if clause.op in LISTS else 'one value'}"
        )
    items = value if isinstance(value, list) else [value]
    if clause.op not in NULLS:
        for item in items:
            check_item(name, item, column.numeric)
    if column.words is not None:
        items = [_word(name, item, column.words) for item in items]
    return items if isinstance(value, list) else items[0]


def check_item(name: str, item: Scalar, numeric: bool) -> None:
    """Refuse text where a number is wanted, and the other way round."""
    if numeric and not isinstance(item, int | float):
        raise invalid(f"Expected numeric value type for {name}. Found {item!r}")
    if not numeric and not isinstance(item, str):
        raise invalid(f"Expected a quoted string value for {name}. Found {item!r}")


def _word(name: str, item: Scalar, words: Mapping[str, str]) -> str:
    if item not in words:
        raise invalid(f"Unknown value {item!r} for {name}. Valid values are {sorted(words)}")
    return words[str(item)]


# What the names of each search stand for.

_METRICS = {"metric", "metrics"}
_PARAMS = {"param", "params", "parameter", "parameters"}
_TAGS = {"tag", "tags"}
_ATTRIBUTES = {"attribute", "attributes", "attr", "run"}
_DATASETS = {"dataset", "datasets"}

RUN_NAME_TAG = "mlflow.runName"
RUN_ID = ExternalId("mlflow.run")
EXPERIMENT_ID = ExternalId("mlflow.experiment")
MODEL_ID = ExternalId("mlflow.logged_model")

_START = Column(Attribute("started"), NUMBER, numeric=True)
_RUN_NAME = Column(Attribute("name"), TEXT)
_RUN_ATTRIBUTES = {
    "run_id": Column(RUN_ID, TEXT | LISTS),
    "run_name": _RUN_NAME,
    "run name": _RUN_NAME,
    "Run name": _RUN_NAME,
    "Run Name": _RUN_NAME,
    "status": Column(Property("status"), TEXT),
    "user_id": Column(Attribute("owner"), TEXT),
    "artifact_uri": Column(Property("artifact_uri"), TEXT),
    "start_time": _START,
    "created": _START,
    "Created": _START,
    "end_time": Column(Attribute("ended"), NUMBER, numeric=True),
}
_DATASET_ATTRIBUTES = ("name", "digest", "context")

RUN_ORDER = (Order(Attribute("started"), descending=True), Order(RUN_ID))


def run_columns(group: str, key: str) -> Column:
    """Names in a search of runs."""
    if group in _METRICS:
        return Column(Metric(key), NUMBER, numeric=True)
    if group in _PARAMS:
        return Column(Property(f"param.{key}"), TEXT | NULLS)
    if group in _TAGS:
        field = Attribute("name") if key == RUN_NAME_TAG else Property(f"tag.{key}")
        return Column(field, TEXT | NULLS)
    if group in _DATASETS:
        if key not in _DATASET_ATTRIBUTES:
            raise invalid(f"Invalid dataset key '{key}' specified. Valid keys are {_DATASET_ATTRIBUTES}")
        return Column(EdgeDetail(key), TEXT | LISTS, edge="input")
    return _attribute(group, key, _RUN_ATTRIBUTES, _ATTRIBUTES)


_EXPERIMENT_ATTRIBUTES = {
    "name": Column(Attribute("name"), TEXT),
    "experiment_id": Column(EXPERIMENT_ID, EQUAL | LISTS),
    "creation_time": Column(Attribute("created"), NUMBER, numeric=True),
    "last_update_time": Column(Attribute("updated"), NUMBER, numeric=True),
}
EXPERIMENT_ORDER = (Order(Attribute("created"), descending=True), Order(EXPERIMENT_ID))
EXPERIMENT_TIE = (Order(EXPERIMENT_ID, descending=True),)


def experiment_columns(group: str, key: str) -> Column:
    """Names in a search of experiments."""
    if group in _TAGS:
        return Column(Property(f"tag.{key}"), TEXT | NULLS)
    return _attribute(group, key, _EXPERIMENT_ATTRIBUTES, {"attribute", "attributes"})


_CREATED = Column(Attribute("created"), NUMBER, numeric=True)
_UPDATED = Column(Attribute("updated"), NUMBER, numeric=True)
MODEL_STATUS = {
    "UNSPECIFIED": "LOGGED_MODEL_STATUS_UNSPECIFIED",
    "PENDING": "LOGGED_MODEL_PENDING",
    "READY": "LOGGED_MODEL_READY",
    "FAILED": "LOGGED_MODEL_UPLOAD_FAILED",
}
_MODEL_ATTRIBUTES = {
    "name": Column(Attribute("name"), TEXT | LISTS),
    "model_id": Column(MODEL_ID, TEXT | LISTS),
    "model_type": Column(Property("model_type"), TEXT | LISTS),
    "source_run_id": Column(Property("source_run_id"), TEXT | LISTS),
    "status": Column(Property("status"), EQUAL | LISTS, words=MODEL_STATUS),
    "creation_time": _CREATED,
    "creation_timestamp": _CREATED,
    "creation_timestamp_ms": _CREATED,
    "last_updated_timestamp": _UPDATED,
    "last_updated_timestamp_ms": _UPDATED,
}
MODEL_ORDER = (Order(Attribute("created"), descending=True), Order(MODEL_ID))


def model_columns(group: str, key: str) -> Column:
    """Names in a search of logged models."""
    if group == "metrics":
        return Column(Metric(key), NUMBER, numeric=True)
    if group == "params":
        return Column(Property(f"param.{key}"), TEXT | LISTS)
    if group == "tags":
        return Column(Property(f"tag.{key}"), TEXT | LISTS)
    return _attribute(group, key, _MODEL_ATTRIBUTES, {"attribute", "attributes"})


def _attribute(group: str, key: str, known: Mapping[str, Column], groups: set[str]) -> Column:
    if group not in groups:
        raise invalid(f"Invalid entity type '{group}'.")
    if key not in known:
        raise invalid(f"Invalid attribute key '{key}' specified. Valid keys are {sorted(known)}")
    return known[key]

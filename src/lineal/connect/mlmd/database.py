"""The database of an MLMD store: SQLite, MySQL or PostgreSQL, whatever version of its schema.

Names of tables are written without quotes, since PostgreSQL has them in small letters and MySQL minds.
"""

from __future__ import annotations

from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from lineal.connect import sql
from lineal.connect.mlmd import schema
from lineal.connect.mlmd.mended import mended
from lineal.connect.mlmd.store import BATCH, Member, Parent
from lineal.connect.report import LeftOut
from lineal.graph.errors import Invalid
from lineal.graph.mlmd.categories import ARTIFACT, EXECUTION, Category
from lineal.graph.mlmd.messages import Message, enum_numbers, message
from lineal.graph.mlmd.types import SIMPLE

_TYPE = ("id", "name", "version", "description", "input_type", "output_type", "external_id")
_TIMES = ("create_time_since_epoch", "last_update_time_since_epoch")
_VALUES = ("int_value", "double_value", "string_value", "proto_value", "bool_value")
_COUNTED = {"artifacts": "Artifact", "executions": "Execution", "contexts": "Context", "events": "Event"}


class DatabaseSource:
    """An MLMD store read from its database; all that is read comes from one moment.

    Raises:
        Invalid: there is no such database, its driver is not installed, or it is none of MLMD's.
        Outside: it does not answer.
    """

    def __init__(self, where: str) -> None:
        self.title = sql.title(where)
        self._db = sql.connect(where)
        self._columns = {table.lower(): {*columns} for table, columns in self._db.columns.items()}
        if not {"type", "artifact", "execution", "context", "event"} <= self._columns.keys():
            self._db.close()
            raise Invalid(f"{self.title} is no database of ML Metadata")
        self._odd = 0
        self._is_mysql = where.startswith(("mysql", "mariadb"))

    def close(self) -> None:
        self._db.close()

    def counts(self) -> dict[str, int]:
        found = {what: self._count(table) for what, table in _COUNTED.items()}
        return found | {"members": self._count("Association") + self._count("Attribution")}

    def _rows(self, asked: str, params: Sequence[Any] = ()) -> Iterator[sql.Row]:
        rows = self._db.rows(asked, params)
        return (tuple(map(mended, row)) for row in rows) if self._is_mysql else rows

    def _count(self, table: str) -> int:
        ((count,),) = self._rows(f"SELECT COUNT(*) FROM {table}")
        return int(count)

    def left_out(self) -> list[LeftOut]:
        return [LeftOut("properties", self._odd, "they hold no value")] if self._odd else []

    def _select(self, table: str, names: tuple[str, ...]) -> str:
        """The columns that are asked for; NULL for those that this version of the schema has not."""
        there = self._columns[table.lower()]
        return ", ".join(name if name in there else f"NULL AS {name}" for name in names)

    # Types

    def types(self, category: Category) -> list[Message]:
        bases = self._bases()
        properties = defaultdict[int, dict[str, int]](dict)
        for number, name, kind in self._rows("SELECT type_id, name, data_type FROM TypeProperty"):
            properties[number][name] = kind
        asked = f"SELECT {self._select('Type', _TYPE)} FROM Type WHERE type_kind = ? ORDER BY id"
        found = []
        for row in list(self._rows(asked, (schema.KINDS[category.name],))):
            made = _type(category, dict(zip(_TYPE, row, strict=True)))
            made.properties.update(properties[made.id])
            if made.id in bases:
                made.base_type = enum_numbers(category.type_message, "base_type")[bases[made.id]]
            found.append(made)
        return found

    def _bases(self) -> dict[int, str]:
        """The base type of each type that has one."""
        if "parenttype" not in self._columns:
            return {}
        rows = self._rows("SELECT p.type_id, t.name FROM ParentType p JOIN Type t ON t.id = p.parent_type_id")
        return {number: SIMPLE[name][2] for number, name in rows if name in SIMPLE}

    # Nodes

    def nodes(self, category: Category) -> Iterator[list[Message]]:
        state = (category.state,) if category.state else ()
        own = ("uri",) if category is ARTIFACT else ()
        names = ("id", "type_id", "name", "external_id", *_TIMES, *state, *own)
        table, last = category.message, 0
        asked = f"SELECT {self._select(table, names)} FROM {table} WHERE id > ? ORDER BY id LIMIT {BATCH}"
        while rows := list(self._rows(asked, (last,))):
            found = {row[0]: _node(category, dict(zip(names, row, strict=True))) for row in rows}
            self._add_properties(category, found)
            yield [*found.values()]
            last = rows[-1][0]

    def _add_properties(self, category: Category, found: dict[int, Message]) -> None:
        table, own = f"{category.message}Property", f"{category.name}_id"
        asked = (
            f"SELECT {own}, name, is_custom_property, {self._select(table, _VALUES)} FROM {table}"
            f" WHERE {own} BETWEEN ? AND ?"
        )
        for number, name, custom, *values in self._rows(asked, (min(found), max(found))):
            node = found.get(number)
            if node is None:
                continue
            value = _value(*values)
            if value is None:
                self._odd += 1
            else:
                (node.custom_properties if custom else node.properties)[name].CopyFrom(value)

    # What relates them

    def _ranges(self, table: str, column: str) -> Iterator[tuple[int, int]]:
        """Bounds that divide the rows, never within those of one value."""
        last = -1
        asked = f"SELECT DISTINCT {column} FROM {table} WHERE {column} > ? ORDER BY {column} LIMIT {BATCH}"
        while values := [value for (value,) in self._rows(asked, (last,))]:
            yield values[0], values[-1]
            last = values[-1]

    def events(self) -> Iterator[list[Message]]:
        names = "id, artifact_id, execution_id, type, milliseconds_since_epoch"
        within = "execution_id BETWEEN ? AND ?"
        steps = (
            "SELECT p.event_id, p.is_index_step, p.step_index, p.step_key FROM EventPath p"
            f" JOIN Event e ON e.id = p.event_id WHERE e.{within}"
        )
        for bounds in self._ranges("Event", "execution_id"):
            asked = f"SELECT {names} FROM Event WHERE {within} ORDER BY execution_id, id"
            found = {row[0]: _event(row) for row in self._rows(asked, bounds)}
            for number, is_index, index, key in self._rows(steps, bounds):
                step = found[number].path.steps.add()
                if is_index:
                    step.index = index
                else:
                    step.key = key or ""
            yield [*found.values()]

    def members(self) -> Iterator[list[Member]]:
        for table, category in (("Association", EXECUTION), ("Attribution", ARTIFACT)):
            asked = (
                f"SELECT context_id, {category.name}_id FROM {table} WHERE context_id BETWEEN ? AND ?"
                " ORDER BY context_id, id"
            )
            for bounds in self._ranges(table, "context_id"):
                yield [Member(context, category, node) for context, node in self._rows(asked, bounds)]

    def parents(self) -> Iterator[list[Parent]]:
        if "parentcontext" in self._columns:
            rows = self._rows("SELECT parent_context_id, context_id FROM ParentContext")
            yield [Parent(*row) for row in rows]


def _type(category: Category, row: dict[str, Any]) -> Message:
    from google.protobuf import json_format

    made = message(category.type_message)(id=row["id"], name=row["name"])
    for name in ("version", "description", "external_id"):
        if row[name] is not None:
            setattr(made, name, row[name])
    for name in ("input_type", "output_type") if category is EXECUTION else ():
        if row[name]:
            json_format.Parse(row[name], getattr(made, name), ignore_unknown_fields=True)
    return made


def _node(category: Category, row: dict[str, Any]) -> Message:
    made = message(category.message)()
    for name, value in row.items():
        if value is not None:
            setattr(made, name, value)
    return made


def _event(row: sql.Row) -> Message:
    _, artifact, execution, kind, at = row
    made = message("Event")(artifact_id=artifact, execution_id=execution, type=kind)
    if at is not None:
        made.milliseconds_since_epoch = at
    return made


def _value(
    whole: int | None, double: float | None, text: str | None, proto: Any, boolean: Any
) -> Message | None:
    """The value that a row holds; None when it holds none."""
    made = message("Value")()
    if whole is not None:
        made.int_value = whole
    elif double is not None:
        made.double_value = double
    elif text is not None and text.startswith(schema.STRUCT):
        made.struct_value.ParseFromString(b64decode(text.removeprefix(schema.STRUCT)))
        made.struct_value.SetInParent()
    elif text is not None:
        made.string_value = text
    elif proto is not None:
        made.proto_value.ParseFromString(b64decode(proto))
    elif boolean is not None:
        made.bool_value = bool(boolean)
    else:
        return None
    return made

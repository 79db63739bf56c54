"""Nodes into an SQLite file that MLMD's own library opens, made whole or not at all."""

from __future__ import annotations

import contextlib
import sqlite3
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lineal.connect.mlmd import schema
from lineal.connect.mlmd.store import Member, Parent
from lineal.connect.report import Report
from lineal.graph.errors import Invalid
from lineal.graph.mlmd.categories import ARTIFACT, EXECUTION, Category
from lineal.graph.mlmd.messages import Message, enum_name
from lineal.graph.mlmd.types import SIMPLE

_LONGEST = 255
_FIRST = 10
Value = tuple[Any, Any, Any, Any, Any]


class SqliteTarget:
    """A new file; what is written into it until `close` is lost when `finish` was not called.

    Args:
        where: `sqlite:///PATH`, as SQLAlchemy has it, or a path.

    Raises:
        Invalid: there is a file already, or it cannot be made.
    """

    def __init__(self, where: str) -> None:
        self._path = Path(where.removeprefix("sqlite:///"))
        self.title = str(self._path)
        self.report = Report()
        if "://" in where and not where.startswith("sqlite:///"):
            raise Invalid("an export is a new SQLite file: sqlite:///PATH")
        if self._path.exists():
            raise Invalid(f"there is a file {self._path} already; an export makes a new one")
        self._part = self._path.with_name(f".{self._path.name}.part")
        self._part.unlink(missing_ok=True)
        try:
            self._cx = sqlite3.connect(self._part, isolation_level=None)
        except sqlite3.Error as error:
            raise Invalid(f"{self._path} cannot be made: {error}") from None
        self._types: dict[int, int] = {}
        self._taken: set[tuple[Any, ...]] = set()
        self._start()

    def _start(self) -> None:
        self._cx.execute("PRAGMA synchronous = OFF")
        self._cx.execute("BEGIN")
        for statement in schema.statements():
            self._cx.execute(statement)
        self._insert("MLMDEnv", schema_version=schema.VERSION)
        for name, (number, category, _) in SIMPLE.items():
            self._insert("Type", id=number, name=name, type_kind=schema.KINDS[category.name])

    def finish(self) -> None:
        """Let the file appear, complete."""
        self._cx.execute("COMMIT")
        self._cx.close()
        self._part.replace(self._path)

    def flush(self) -> None:
        return

    def close(self) -> None:
        self._cx.close()
        self._part.unlink(missing_ok=True)

    def _insert(self, table: str, **row: Any) -> int:
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        done = self._cx.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", [*row.values()])
        return done.lastrowid or 0

    # Types

    def put_types(self, category: Category, types: Sequence[Message]) -> None:
        for each in types:
            if each.name in SIMPLE and not each.version:
                self._types[each.id] = SIMPLE[each.name][0]
                continue
            self._types[each.id] = _FIRST + len(self._types)
            self._put_type(category, each)
            self.report.add("types", "new")

    def _put_type(self, category: Category, kind: Message) -> None:
        number = self._types[kind.id]
        own = {name: getattr(kind, name) or None for name in ("version", "description")}
        outside = self._unique("types", kind.name, kind.external_id or None)
        structures = dict(_structures(kind)) if category is EXECUTION else {}
        kinds = schema.KINDS[category.name]
        self._insert(
            "Type", id=number, name=kind.name, type_kind=kinds, external_id=outside, **own, **structures
        )
        for name, type_ in kind.properties.items():
            self._insert("TypeProperty", type_id=number, name=name, data_type=type_)
        if kind.base_type:
            base = enum_name(category.type_message, "base_type", kind.base_type)
            for simple, owner, name in SIMPLE.values():
                if owner is category and name == base:
                    self._insert("ParentType", type_id=number, parent_type_id=simple)

    def _unique(self, what: str, name: str, outside: str | None) -> str | None:
        """An outside id; None when two tenants have the same one, since MLMD knows no tenants."""
        if outside is None or (what, outside) not in self._taken:
            self._taken.add((what, outside))
            return outside
        self.report.problem(
            what, name, f"its external id {outside!r} is that of another one, so it is left out"
        )
        return None

    # Nodes

    def put_nodes(self, category: Category, nodes: Sequence[Message]) -> None:
        for node in nodes:
            self._put_node(category, node)
            self.report.add(f"{category.name}s", "new")

    def _put_node(self, category: Category, node: Message) -> None:
        what = f"{category.name}s"
        row: dict[str, Any] = {"id": node.id, "type_id": self._types[node.type_id]}
        row["name"] = self._name(what, row["type_id"], node)
        row["external_id"] = self._unique(what, str(node.id), node.external_id or None)
        for name in ("create_time_since_epoch", "last_update_time_since_epoch"):
            row[name] = getattr(node, name)
        if category.state and node.HasField(category.state):
            row[category.state] = getattr(node, category.state)
        if category is ARTIFACT:
            row["uri"] = node.uri
        self._insert(category.message, **row)
        for custom, properties in ((0, node.properties), (1, node.custom_properties)):
            for name, value in properties.items():
                self._put_property(category, node.id, name, custom, value)

    def _name(self, what: str, kind: int, node: Message) -> str | None:
        """A node's name, told apart from its namesakes of other tenants and too long ones cut."""
        if not node.HasField("name"):
            return None
        name: str = node.name
        if len(name) > _LONGEST or (what, kind, name) in self._taken:
            name = f"{node.name[: _LONGEST - 30]} ({node.id})"
            self.report.problem(
                what, str(node.id), f"its name is taken or too long, so it has become {name!r}"
            )
        self._taken.add((what, kind, name))
        return name

    def _put_property(self, category: Category, node: int, name: str, custom: int, value: Message) -> None:
        if len(name) > _LONGEST:
            self.report.problem(
                f"{category.name}s", str(node), f"the name of its property {name[:40]!r}… is too long"
            )
            return
        self._cx.execute(
            f"INSERT INTO {category.message}Property ({category.name}_id, name, is_custom_property, int_value,"
            " double_value, string_value, proto_value, bool_value) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (node, name, custom, *_columns(value)),
        )

    # What relates them

    def put_events(self, events: Sequence[Message]) -> None:
        for each in events:
            number = self._insert(
                "Event",
                artifact_id=each.artifact_id,
                execution_id=each.execution_id,
                type=each.type,
                milliseconds_since_epoch=each.milliseconds_since_epoch,
            )
            for step in each.path.steps:
                is_index = step.WhichOneof("value") == "index"
                value = {"step_index": step.index} if is_index else {"step_key": step.key}
                self._insert("EventPath", event_id=number, is_index_step=int(is_index), **value)
            self.report.add("events", "new")

    def put_members(self, members: Sequence[Member]) -> None:
        for context, category, node in members:
            table = "Attribution" if category is ARTIFACT else "Association"
            self._insert(table, context_id=context, **{f"{category.name}_id": node})
            self.report.add("members", "new")

    def put_parents(self, parents: Sequence[Parent]) -> None:
        for parent, child in parents:
            self._insert("ParentContext", context_id=child, parent_context_id=parent)
            self.report.add("parents", "new")


@contextlib.contextmanager
def new_file(where: str) -> Iterator[SqliteTarget]:
    """A target whose file appears when the block ends well."""
    target = SqliteTarget(where)
    try:
        yield target
        target.finish()
    finally:
        target.close()


def _structures(kind: Message) -> Iterator[tuple[str, str]]:
    from google.protobuf import json_format

    for name in ("input_type", "output_type"):
        if kind.HasField(name):
            yield name, json_format.MessageToJson(getattr(kind, name), indent=None)


def _columns(value: Message) -> Value:
    """The value's columns: whole number, double, text, message, boolean."""
    held = value.WhichOneof("value")
    match held:
        case "int_value":
            return value.int_value, None, None, None, None
        case "double_value":
            return None, value.double_value, None, None, None
        case "string_value":
            return None, None, value.string_value, None, None
        case "struct_value":
            text = schema.STRUCT + b64encode(value.struct_value.SerializeToString()).decode()
            return None, None, text, None, None
        case "proto_value":
            text = b64encode(value.proto_value.SerializeToString()).decode()
            return None, None, None, text, None
        case _:
            return None, None, None, None, int(value.bool_value)

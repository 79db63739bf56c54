"""Types: an ML Metadata type is a kind of the graph, and a kind that another tool made is a type.

| ML Metadata | the graph |
|---|---|
| artifact type `Model`, version `2` | kind `artifact.Model@2` below `artifact`; below `dataset` if it says so |
| declared property | attribute of the kind; values are properties of that name |
| what only ML Metadata knows of a type | the kind's option `mlmd` |

A type's id follows from its place among all definitions of the store, which are never taken away; the id of a kind
that is built in follows from its name. Both fit into the numbers of JavaScript.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote

from lineal.graph.errors import Invalid
from lineal.graph.mlmd.categories import ARTIFACT, CATEGORIES, EXECUTION, Category
from lineal.graph.mlmd.messages import Message, enum_name, enum_numbers, message, property_types
from lineal.graph.types import BUILT_IN, AnyDef, AttributeDef, KindDef, Types

OPTION = "mlmd"
CUSTOM = "custom."
"""Prefix of custom properties in the graph."""
_ID_BITS, _FIRST = 52, 10
_ATTRIBUTES = {
    "INT": "int",
    "DOUBLE": "double",
    "STRING": "string",
    "BOOLEAN": "boolean",
    "STRUCT": "json",
    "PROTO": "json",
}
URI = "uri"
"""Where an artifact is, under the name that other tools use; a declared property may be called so as well."""
_OWN = (CUSTOM, "mlmd.", "prop.")
STRUCTURES = ("input_type", "output_type")

SIMPLE: Mapping[str, tuple[int, Category, str]] = {
    "mlmd.Dataset": (1, ARTIFACT, "DATASET"),
    "mlmd.Model": (2, ARTIFACT, "MODEL"),
    "mlmd.Metrics": (3, ARTIFACT, "METRICS"),
    "mlmd.Statistics": (4, ARTIFACT, "STATISTICS"),
    "mlmd.Train": (5, EXECUTION, "TRAIN"),
    "mlmd.Transform": (6, EXECUTION, "TRANSFORM"),
    "mlmd.Process": (7, EXECUTION, "PROCESS"),
    "mlmd.Evaluate": (8, EXECUTION, "EVALUATE"),
    "mlmd.Deploy": (9, EXECUTION, "DEPLOY"),
}
"""Types that every store has: id, category, base type."""


@dataclass(frozen=True)
class NodeType:
    """A type as this door sees it.

    Attributes:
        kind: its name in the graph.
        id: 0 as long as it is not stored.
        properties: declared properties, name → name of their type.
        listed: whether it appears among all types; those of the system and of other tools are found by name only.
        prefix: of custom properties in the graph; another tool's properties have none.
    """

    category: Category
    kind: str
    name: str
    version: str = ""
    id: int = 0
    description: str = ""
    external_id: str = ""
    base: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    structures: Mapping[str, str] = field(default_factory=dict)
    listed: bool = True
    prefix: str = CUSTOM

    @cached_property
    def declared(self) -> Mapping[str, str]:
        """Declared properties by their names in the graph."""
        return {property_key(name): name for name in self.properties}

    def message(self) -> Message:
        """The type as clients read it."""
        found = message(self.category.type_message)(id=self.id, name=self.name)
        for name in ("version", "description", "external_id"):
            if getattr(self, name):
                setattr(found, name, getattr(self, name))
        for name, kind in self.properties.items():
            found.properties[name] = property_types()[kind]
        if self.base:
            found.base_type = enum_numbers(self.category.type_message, "base_type")[self.base]
        for name, encoded in self.structures.items():
            getattr(found, name).ParseFromString(b64decode(encoded))
        return found

    def definition(self) -> KindDef:
        """The type as the graph keeps it."""
        own = {"name": self.name, "version": self.version, "properties": dict(self.properties)}
        more = {"external_id": self.external_id, "base": self.base, "structures": dict(self.structures)}
        hidden = {} if self.listed else {"listed": False}
        attributes = [
            AttributeDef(property_key(name), _ATTRIBUTES[kind]) for name, kind in self.properties.items()
        ]
        return KindDef(
            self.kind,
            self.description,
            origin=OPTION,
            supertypes=[self.category.parent, *self.category.bases.get(self.base, ())],
            attributes=attributes,
            identity=self.kind,
            options={
                OPTION: {
                    "category": self.category.name,
                    **own,
                    **{k: v for k, v in more.items() if v},
                    **hidden,
                }
            },
        )


class TypeTable:
    """Every type, by all that it may be asked for by."""

    def __init__(self, definitions: Iterable[AnyDef]) -> None:
        read = (_read(each, at - len(BUILT_IN)) for at, each in enumerate(definitions))
        self.all = [each for each in read if each is not None]
        self.by_id = {each.id: each for each in self.all}
        self.by_kind = {each.kind: each for each in self.all}
        self._by_name = {(each.category.name, each.name, each.version): each for each in self.all}

    def find(self, category: Category, name: str, version: str = "") -> NodeType | None:
        """The type of this name and version."""
        return self._by_name.get((category.name, name, version))

    def of(self, category: Category) -> list[NodeType]:
        """All types of a category, in the order in which they came."""
        return [each for each in self.all if each.category is category]

    def with_external_ids(self, category: Category, wanted: Iterable[str]) -> list[NodeType]:
        """Types that have one of these external ids."""
        return [each for each in self.of(category) if each.external_id in set(wanted)]


@lru_cache(4)
def table_of(types: Types) -> TypeTable:
    """The table, made once for each state of the definitions."""
    return TypeTable(types.all())


def property_key(name: str) -> str:
    """The name in the graph of a declared property."""
    return f"prop.{name}" if name == URI or name.startswith(_OWN) else name


def kind_of(category: Category, name: str, version: str) -> str:
    """The kind that a type is."""
    own = f"{category.name}.{quote(name, safe='/:. -')}"
    return f"{own}@{quote(version, safe='. -')}" if version else own


def _read(definition: AnyDef, position: int) -> NodeType | None:
    if not isinstance(definition, KindDef):
        return None
    if OPTION in definition.options:
        return _own_type(definition, definition.options[OPTION], position)
    for category in CATEGORIES:
        if not definition.abstract and definition.name in category.others:
            name, number = definition.name, _hashed(definition.name)
            return NodeType(category, name, name, id=number, listed=False, prefix="")
    return None


def _own_type(definition: KindDef, own: Mapping[str, Any], position: int) -> NodeType:
    (category,) = (each for each in CATEGORIES if each.name == own["category"])
    simple = SIMPLE.get(own["name"])
    is_simple = simple is not None and simple[1] is category and not own["version"]
    return NodeType(
        category,
        definition.name,
        own["name"],
        own["version"],
        simple[0] if simple is not None and is_simple else _FIRST + position,
        definition.description,
        own.get("external_id", ""),
        own.get("base", ""),
        own["properties"],
        own.get("structures", {}),
        own.get("listed", True),
    )


def _hashed(kind: str) -> int:
    """An id for a kind that is built in, which no store counts."""
    digest = hashlib.blake2b(kind.encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> (64 - _ID_BITS)


def asked_for(category: Category, asked: Message) -> NodeType:
    """The type that a message describes.

    Raises:
        Invalid: it has no name, or a property of no type.
    """
    if not asked.name:
        raise Invalid("a type needs a name")
    names = {number: name for name, number in property_types().items()}
    properties = {name: names.get(kind, "UNKNOWN") for name, kind in asked.properties.items()}
    unknown = [name for name, kind in properties.items() if kind == "UNKNOWN"]
    if unknown:
        raise Invalid(f"the property {unknown[0]!r} of type {asked.name!r} is of no type")
    kind = kind_of(category, asked.name, asked.version)
    base = ""
    if asked.HasField("base_type"):
        base = enum_name(category.type_message, "base_type", asked.base_type)
    structures = {
        name: b64encode(getattr(asked, name).SerializeToString()).decode()
        for name in STRUCTURES
        if category is EXECUTION and asked.HasField(name)
    }
    return NodeType(
        category, kind, asked.name, asked.version, 0, asked.description, asked.external_id,
        base, properties, structures,
    )  # fmt: skip

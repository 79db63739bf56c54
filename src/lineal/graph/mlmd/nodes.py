"""Between artifacts, executions and contexts and the entities that they are.

| ML Metadata | the graph |
|---|---|
| id | the entity's own number |
| name | name, unique within the kind; a node without one is marked `mlmd.unnamed` and shown by what it is |
| external id | outside address `mlmd.artifact`, `mlmd.execution`, `mlmd.context` |
| uri, state | properties `uri`, which other tools have as well, and `mlmd.state` |
| property, custom property | property of the same name, property `custom.NAME` |
| system metadata | property `mlmd.system` |
"""

from __future__ import annotations

import posixpath
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping

from lineal.graph.addresses import outside_id
from lineal.graph.errors import Invalid
from lineal.graph.mlmd import values
from lineal.graph.mlmd.categories import Category
from lineal.graph.mlmd.messages import Message, enum_name, enum_numbers, message
from lineal.graph.mlmd.types import URI, NodeType, property_key
from lineal.graph.model import Entity, Properties, Value
from lineal.graph.query import Part

STATE, UNNAMED, SYSTEM = "mlmd.state", "mlmd.unnamed", "mlmd.system"
LOCATION = "mlmd.location"
"""Marks a data set that stands for the place of artifacts; ML Metadata's clients see the artifacts instead."""
_HIDDEN = frozenset({URI, STATE, UNNAMED, SYSTEM, LOCATION})
PARTS: tuple[Part, ...] = ("properties", "external")
_ENDED = {"COMPLETE", "FAILED", "CACHED", "CANCELED"}
_LONGEST_NAME = 200


def to_message(kind: NodeType, entity: Entity) -> Message:
    """An entity as a node."""
    category = kind.category
    found = message(category.message)(id=entity.id, type_id=kind.id, type=kind.name)
    properties = entity.properties
    if UNNAMED not in properties:
        found.name = entity.name
    external = outside_id(entity, category.external) if entity.external else None
    if external is not None:
        found.external_id = external
    if category.message == "Artifact":
        found.uri = str(properties.get(URI, ""))
    if category.state and STATE in properties:
        setattr(found, category.state, _states(category)[str(properties[STATE])])
    if SYSTEM in properties:
        found.system_metadata.ParseFromString(b64decode(str(properties[SYSTEM])))
    found.create_time_since_epoch, found.last_update_time_since_epoch = entity.created, entity.updated
    _fill_properties(found, kind, properties)
    return found


def _fill_properties(found: Message, kind: NodeType, properties: Properties) -> None:
    declared, own, others = kind.declared, found.properties, found.custom_properties
    for key, value in properties.items():
        if key in _HIDDEN:
            continue
        if key in declared:
            values.fill(own[declared[key]], value)
        else:
            values.fill(others[key.removeprefix(kind.prefix)], value)


def _states(category: Category) -> Mapping[str, int]:
    return enum_numbers(category.message, category.state or "")


def state_of(category: Category, node: Message) -> str | None:
    """The name of a node's state; None when it has none."""
    if category.state is None or not node.HasField(category.state):
        return None
    return enum_name(category.message, category.state, getattr(node, category.state))


def has_ended(category: Category, node: Message) -> bool:
    """Whether an execution is over."""
    return category.message == "Execution" and state_of(category, node) in _ENDED


def properties_of(kind: NodeType, node: Message) -> Properties:
    """All that a node says, as properties.

    Raises:
        Invalid: a property is not declared, or of another type than it is declared to be.
    """
    found: Properties = dict(_declared(kind, node, node.properties))
    found.update(_custom(kind, node, node.custom_properties))
    found.update(fields_of(kind.category, node))
    return found


def fields_of(category: Category, node: Message) -> Properties:
    """The node's own fields, without those that it leaves out."""
    found: Properties = {}
    if (state := state_of(category, node)) is not None:
        found[STATE] = state
    if category.message == "Artifact" and node.HasField("uri"):
        found[URI] = node.uri
    if node.HasField("system_metadata"):
        found[SYSTEM] = b64encode(node.system_metadata.SerializeToString()).decode()
    return found


def _declared(kind: NodeType, node: Message, names: Iterable[str]) -> Iterable[tuple[str, Value]]:
    held, declared = node.properties, kind.properties
    for name in names:
        value, wanted = held[name], declared.get(name)
        if wanted is None:
            raise Invalid(f"type {kind.name!r} has no property {name!r}")
        if values.type_of(value) != wanted:
            raise Invalid(
                f"Found unmatched property type: {name} is {wanted}, not {values.type_of(value) or 'empty'}"
            )
        yield property_key(name), values.to_graph(value)


def _custom(kind: NodeType, node: Message, names: Iterable[str]) -> Iterable[tuple[str, Value]]:
    """Custom properties; one without a value, which some clients send, is none."""
    held = node.custom_properties
    for name in names:
        value = held[name]
        if values.type_of(value):
            yield kind.prefix + name, values.to_graph(value)


def masked(kind: NodeType, node: Message, paths: Iterable[str], stored: Properties) -> Properties:
    """The changes that an update mask lets through, None for what is taken away."""
    own = {"uri": URI, kind.category.state or "": STATE, "system_metadata": SYSTEM}
    fields = fields_of(kind.category, node)
    found: Properties = {own[path]: fields.get(own[path]) for path in paths if path in own}
    for area in ("properties", "custom_properties"):
        names = [path.removeprefix(f"{area}.") for path in paths if path.startswith(f"{area}.")]
        if area in paths:
            found |= dict.fromkeys(_keys(kind, area, stored)) | dict(
                _read(kind, area, node, getattr(node, area))
            )
        elif names:
            given = [name for name in names if name in getattr(node, area)]
            found |= {_key(kind, area, name): None for name in names} | dict(_read(kind, area, node, given))
    return found


def _read(kind: NodeType, area: str, node: Message, names: Iterable[str]) -> Iterable[tuple[str, Value]]:
    return (_declared if area == "properties" else _custom)(kind, node, names)


def _key(kind: NodeType, area: str, name: str) -> str:
    return property_key(name) if area == "properties" else kind.prefix + name


def _keys(kind: NodeType, area: str, stored: Properties) -> set[str]:
    """What is stored of one of the two maps."""
    return {key for key in stored if key not in _HIDDEN and (key in kind.declared) == (area == "properties")}


def shown_name(kind: NodeType, node: Message) -> str:
    """What to call a node that has no name: the last part of its place, or its type."""
    place = posixpath.basename(node.uri.rstrip("/")) if kind.category.message == "Artifact" else ""
    return (place or kind.name)[:_LONGEST_NAME]

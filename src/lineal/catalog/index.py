"""Stage index: the full text of what changed, written in the transaction of the change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec

from lineal.catalog.nodes import Node
from lineal.catalog.work import Work
from lineal.graph.change import PutFacet, PutLabel
from lineal.store.sql import entities, labels, text

_DESCRIPTIONS = ("description", "tag.mlflow.note.content")
_TAG = "tag."
_SPOKEN = 200
SCHEMA = "schema"
"""The facet whose fields are part of the text."""


def index(work: Work) -> None:
    """Index anew every entity whose text may have changed."""
    if not work.reindex:
        return
    nodes = list(work.reindex.values())
    spoken = [text.parts(document) for document in documents_of(work, nodes)]
    for node, parts in zip(nodes, spoken, strict=True):
        text.put(work.cx, node.id, parts, new=node.id in work.new)
    work.state.learn(work.cx, {word for parts in spoken for part in parts for word in part})


def documents_of(work: Work, nodes: Sequence[Node]) -> list[text.Document]:
    """The text of each entity: name, description, labels and owner and readable tags, columns."""
    properties = _properties(work, [node.id for node in nodes])
    labelled = _labels(work, _asked(work, nodes, PutLabel))
    columns = _columns(work, _asked(work, nodes, PutFacet))
    return [_document(node, properties[node.id], labelled[node.id], columns[node.id]) for node in nodes]


def _asked(work: Work, nodes: Sequence[Node], put: type[PutLabel | PutFacet]) -> list[int]:
    """Those of the entities that may have such a thing: new ones only if the change puts it."""
    puts = (each for each in work.change.operations if isinstance(each, put))
    bearing = {node.id for each in puts if (node := work.at(each.ref)) is not None}
    return [node.id for node in nodes if node.id not in work.new or node.id in bearing]


def _document(
    node: Node, properties: dict[str, Any], labelled: list[str], columns: list[str]
) -> text.Document:
    description = " ".join([str(properties[key]) for key in _DESCRIPTIONS if properties.get(key) is not None])
    tags = [*labelled, node.owner or "", node.namespace if node.namespace != "default" else ""]
    tags += [value for key, value in properties.items() if key.startswith(_TAG) and _is_spoken(key, value)]
    return text.Document(node.name, description, " ".join(tags), " ".join(columns))


def speaks(after: dict[str, Any]) -> bool:
    """Whether new values of an entity's fields and properties can alter its text."""
    keys = after.get("properties", {})
    return not after.keys().isdisjoint({"name", "owner"}) or any(map(_is_text, keys))


def _is_text(key: str) -> bool:
    return key in _DESCRIPTIONS or (key.startswith(_TAG) and not key.startswith("tag.mlflow."))


def _is_spoken(key: str, value: Any) -> bool:
    return key not in _DESCRIPTIONS and _is_text(key) and isinstance(value, str) and len(value) < _SPOKEN


def _properties(work: Work, ids: Sequence[int]) -> defaultdict[int, dict[str, Any]]:
    """Properties of each entity. Those of a new one are in the change itself."""
    found: defaultdict[int, dict[str, Any]] = defaultdict(dict)
    for put, node in zip(work.puts(), work.targets, strict=True):
        if node.id in work.new:
            found[node.id] = found[node.id] | put.properties if node.id in found else put.properties
    stored = [number for number in ids if number not in work.new]
    for entity, key, *value in entities.properties(work.cx, stored) if stored else ():
        found[entity][work.state.symbols.text(work.cx, key)] = entities.unpack_value(*value)
    return found


def _labels(work: Work, ids: Sequence[int]) -> defaultdict[int, list[str]]:
    """Names of the labels that were put on each entity itself."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for entity, name, root, *_ in labels.of(work.cx, ids) if ids else ():
        if root == entity:
            found[entity].append(work.state.symbols.text(work.cx, name))
    return found


def _columns(work: Work, ids: Sequence[int]) -> defaultdict[int, list[str]]:
    found: defaultdict[int, list[str]] = defaultdict(list)
    schema = work.state.symbols.find(work.cx, SCHEMA) if ids else -1
    for entity, document in entities.facets_named(work.cx, ids, schema) if schema > 0 else ():
        found[entity] = _names(msgspec.json.decode(document))
    return found


def _names(schema: Any) -> list[str]:
    fields = schema.get("fields") if isinstance(schema, dict) else None
    found = fields if isinstance(fields, list) else []
    return [str(field.get("name", "")) for field in found if isinstance(field, dict)]

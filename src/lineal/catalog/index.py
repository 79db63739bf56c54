"""Stage index: the full text of what changed, written in the transaction of the change."""

from __future__ import annotations

from typing import Any

import msgspec

from lineal.catalog.nodes import Node
from lineal.catalog.work import Work
from lineal.store.base import Connection
from lineal.store.sql import entities, labels, text
from lineal.store.sql.symbols import Symbols

_DESCRIPTIONS = ("description", "tag.mlflow.note.content")
_SPOKEN = 200


def index(work: Work) -> None:
    """Index anew every entity whose text may have changed."""
    for node in work.reindex.values():
        document = document_of(work.cx, work.state.symbols, node)
        text.put(work.cx, node.id, document, new=node.id in work.new)
        work.state.learn(work.cx, {word for part in document for word in text.words(part)})


def document_of(cx: Connection, symbols: Symbols, node: Node) -> text.Document:
    """The text of an entity: name, description, labels and owner and readable tags, columns."""
    found = entities.texts((symbols.text(cx, row[1]), *row[2:]) for row in entities.properties(cx, [node.id]))
    description = " ".join(str(found[key]) for key in _DESCRIPTIONS if key in found)
    tags = [symbols.text(cx, row[1]) for row in labels.of(cx, [node.id]) if row[2] == node.id]
    tags += [node.owner or "", node.namespace if node.namespace != "default" else ""]
    tags += [str(value) for key, value in found.items() if _is_spoken(key, value)]
    return text.Document(node.name, description, " ".join(tags), " ".join(_columns(cx, symbols, node)))


def _is_spoken(key: str, value: Any) -> bool:
    return (
        key.startswith("tag.")
        and not key.startswith("tag.mlflow.")
        and isinstance(value, str)
        and len(value) < _SPOKEN
    )


def _columns(cx: Connection, symbols: Symbols, node: Node) -> list[str]:
    document = entities.facet(cx, node.id, symbols.find(cx, "schema"))
    if document is None:
        return []
    fields = msgspec.json.decode(document)
    fields = fields.get("fields", []) if isinstance(fields, dict) else []
    return [str(field.get("name", "")) for field in fields if isinstance(field, dict)]

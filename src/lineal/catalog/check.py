"""Stage check: values against their types, text against what both databases can hold."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import msgspec

from lineal.catalog.nodes import Node
from lineal.catalog.work import Work, to_json
from lineal.graph.change import (
    AppendPoints,
    PutEdge,
    PutEntity,
    PutFacet,
    PutLabel,
    PutRecords,
    PutSpans,
    PutType,
)
from lineal.graph.errors import Invalid
from lineal.graph.facets import check_facet
from lineal.graph.model import ByExternal, Span
from lineal.graph.types import WORKSPACE, EdgeDef

KEY_BYTES = 2000
DOCUMENT_BYTES = 64 * 1024 * 1024
DEPTH = 200
_LONG = 2**63
_UUID = re.compile(r"[0-9a-f]{32}")
_SPAN = re.compile(r"[0-9a-f]{16}")
# An escaped NUL: `\u0000` after an even number of backslashes.
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def check(work: Work) -> None:
    """Hold every operation against the definitions.

    Raises:
        Invalid: a kind is unknown or abstract, a value has the wrong type, an end of an edge is of the wrong
            kind, a text is too long for a key or holds characters that cannot be stored.
    """
    targets = iter(work.targets)
    for operation in work.change.operations:
        if isinstance(operation, PutEntity):
            _entity(work, operation, next(targets))
        elif type(operation) in _WAYS:
            _WAYS[type(operation)](work, operation)


def _entity(work: Work, put: PutEntity, node: Node) -> None:
    types = work.state.types(work.cx)
    if put.kind is not None:
        if node.fresh and types.kind(put.kind).abstract:
            raise Invalid(f"{put.kind} is abstract; choose a kind below it")
        if types.identity(put.kind) != types.identity(node.kind):
            raise Invalid(f"{node.name!r} is a {node.kind} and cannot become a {put.kind}")
    if node.fresh and not _UUID.fullmatch(node.uuid):
        raise Invalid(f"a uuid has 32 hexadecimal digits in lower case, unlike {node.uuid!r}")
    _names(put, node)
    _workspace(put, node)
    for moment in (put.created, put.updated, put.started, put.ended):
        if moment is not None and not -_LONG <= moment < _LONG:
            raise Invalid(f"the time {moment} does not fit in 64 bits")
    _properties(put.properties)
    kind = types.refine(node.kind, put.kind) if put.kind is not None else node.kind
    types.check_properties(kind, put.properties, node.fresh)


def _names(put: PutEntity, node: Node) -> None:
    _key(node.namespace)
    for external in (*put.external, *([put.ref] if isinstance(put.ref, ByExternal) else ())):
        _key(external.protocol)
        _key(external.id)
    if node.key is not None or put.unique:
        _key(put.name if put.name is not None else node.name)
    for each in (put.name, put.owner):
        if each is not None:
            text(each)


def _workspace(put: PutEntity, node: Node) -> None:
    """A workspace stands in the namespace that it is, so that who may see the one sees the other."""
    if node.kind == WORKSPACE and (put.name or node.name) != node.namespace:
        raise Invalid("a workspace has the name of its namespace")


def _properties(values: dict[str, Any]) -> None:
    for key, value in values.items():
        _key(key)
        if isinstance(value, str):
            text(value)
        elif isinstance(value, int):
            if not -_LONG <= value < _LONG:
                raise Invalid(f"{key}: {value} does not fit in 64 bits")
        elif isinstance(value, list | dict):
            _document(value)
        elif value is not None and not isinstance(value, float):
            raise Invalid(f"{key}: {type(value).__name__} is no kind of value")


def _edge(work: Work, put: PutEdge) -> None:
    types = work.state.types(work.cx)
    definition: EdgeDef = types.edge(put.kind)
    source, target = work.node(put.source), work.node(put.target)
    if not types.is_a(source.kind, definition.source) or not types.is_a(target.kind, definition.target):
        raise Invalid(
            f"{put.kind} leads from {definition.source} to {definition.target}, not from {source.kind} to {target.kind}"
        )
    if source is target:
        raise Invalid(f"{source.name!r} cannot be related to itself")
    if put.detail:
        _document(put.detail)
    types.check_detail(put.kind, put.detail, whole=False)


def _label(work: Work, put: PutLabel) -> None:
    _key(put.name)
    _document(put.attributes)
    types, node = work.state.types(work.cx), work.node(put.ref)
    if put.category != "classification" or types.label(put.name) is None:
        return
    kinds = types.label_kinds(put.name)
    if kinds and not any(types.is_a(node.kind, kind) for kind in kinds):
        raise Invalid(f"{put.name} is for {', '.join(kinds)}, not for {node.kind}")
    types.check_attributes(put.name, types.label_attributes(put.name), put.attributes, whole=True)


def _points(work: Work, append: AppendPoints) -> None:
    for key in {point.key for point in append.points} - work.state.metric_keys.keys():
        _key(key)


def _span(span: Span) -> None:
    for digits in (span.id, span.parent or span.id):
        if not _SPAN.fullmatch(digits):
            raise Invalid(f"a span's id has 16 hexadecimal digits in lower case, unlike {digits[:40]!r}")
    for each in (span.name, span.type, span.model or "", span.provider or ""):
        text(each)
    for moment in (span.started, span.ended or 0):
        if not -_LONG <= moment < _LONG:
            raise Invalid(f"the time {moment} does not fit in 64 bits")
    for cost in (span.input_cost, span.output_cost, span.total_cost):
        if cost is not None and not math.isfinite(cost):
            raise Invalid(f"a cost is a finite number, not {cost}")
    for document in filter(None, (span.attributes, span.detail)):
        _document(document)


def _document(value: Any) -> None:
    encoded = _encoded(value)
    if encoded.count("[") + encoded.count("{") > DEPTH and _is_deep(value):
        raise Invalid(f"a document may be nested {DEPTH} deep")
    if "\\u0000" in encoded and _NUL.search(encoded):
        raise Invalid("text may not hold the character NUL")
    if len(encoded) > DOCUMENT_BYTES:
        raise Invalid(f"a document may have {DOCUMENT_BYTES} bytes")


def _encoded(value: Any) -> str:
    try:
        return to_json(value)
    except RecursionError:
        raise Invalid(f"a document may be nested {DEPTH} deep") from None
    except UnicodeEncodeError:
        raise Invalid("text may not hold half of a surrogate pair") from None
    except (TypeError, ValueError, OverflowError) as error:
        raise Invalid(f"this is no document: {error}") from None


def _is_deep(value: Any) -> bool:
    level = [msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value]
    for _ in range(DEPTH):
        items = (each.values() if isinstance(each, dict) else each for each in level)
        level = [item for each in items for item in each if isinstance(item, list | dict)]
        if not level:
            return False
    return True


def _key(value: str) -> None:
    text(value)
    if not value:
        raise Invalid("a key may not be empty")
    if len(value) * 4 > KEY_BYTES and len(value.encode()) > KEY_BYTES:
        raise Invalid(f"a key may have {KEY_BYTES} bytes; {value[:40]!r}… has {len(value.encode())}")


def text(value: str) -> None:
    """Refuse what cannot be stored as UTF-8 text in both databases."""
    if "\x00" in value:
        raise Invalid("text may not hold the character NUL")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Invalid("text may not hold half of a surrogate pair") from None


def _facet(_: Work, put: PutFacet) -> None:
    _key(put.name)
    _document(put.document)
    check_facet(put.name, put.document)


def _type(_: Work, put: PutType) -> None:
    _key(put.definition.name)
    _document(msgspec.to_builtins(put.definition))


def _spans(work: Work, put: PutSpans) -> None:
    node = work.node(put.ref)
    if not work.state.types(work.cx).is_a(node.kind, "trace"):
        raise Invalid(f"spans belong to a trace, not to {node.kind} {node.name!r}")
    for span in put.spans:
        _span(span)


def _records(_: Work, put: PutRecords) -> None:
    for key, document in put.records.items():
        _key(key)
        _document(document)


_WAYS: dict[type[Any], Callable[[Work, Any], None]] = {
    AppendPoints: _points,
    PutEdge: _edge,
    PutFacet: _facet,
    PutLabel: _label,
    PutRecords: _records,
    PutSpans: _spans,
    PutType: _type,
}

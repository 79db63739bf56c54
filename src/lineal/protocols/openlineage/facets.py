"""Facets: each is kept under its own name, the newest one wins, and what a known one means is carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from lineal.graph.openlineage import facet_name, names_of
from lineal.protocols.openlineage import events
from lineal.protocols.openlineage.events import Event, Facets
from lineal.protocols.openlineage.nodes import Node
from lineal.protocols.openlineage.sheet import Sheet

LIFECYCLE = "lifecycleStateChange"
_NULL = b"null"
_SAME = object()


class Telling(NamedTuple):
    """An event and what it is about.

    Attributes:
        job_key: of the job, as details of edges name it; empty when there is none.
        writes: whether the data set spoken of is written, or told of for its own sake, and not just read.
    """

    sheet: Sheet
    event: Event
    job: Node | None = None
    run: Node | None = None
    job_key: str = ""
    writes: bool = True

    @property
    def order(self) -> int:
        """Of the event."""
        return self.event.order


Meaning = Callable[[Telling, Node, Any], None]
"""Carries out what a facet's document means for a node; the document is None when the facet was taken away."""


_NONE: Mapping[str, Meaning] = MappingProxyType({})


def tell(
    at: Telling,
    node: Node,
    facets: Facets,
    meanings: Mapping[str, Meaning],
    gaps: Mapping[str, Meaning] = _NONE,
) -> None:
    """Give a node its facets.

    Args:
        at: the event.
        node: what the facets are about.
        facets: as the event has them.
        meanings: of those facets that have one.
        gaps: what is to be done about those of an event that is older than what is known.
    """
    for name, raw in facets.items():
        text = bytes(raw)
        if name and text != _NULL:
            is_late = at.order < node.times.get(name, 0)
            document = _news(at, node, name, raw, text)
            if document is not _SAME and name in meanings:
                meanings[name](at, node, document)
            elif is_late and name in gaps:
                gaps[name](at, node, events.document(raw))


def _news(at: Telling, node: Node, name: str, raw: msgspec.Raw, text: bytes) -> Any:
    """The document if it is new, None if the facet is to be gone, and _SAME if nothing is to be done."""
    known, last = node.digests.get(name), node.times.get(name, 0)
    digest = hash(text)
    if at.order < last and known is not None:
        return _SAME
    if known is not None and digest in known and name != LIFECYCLE:
        node.retime(name, at.order)
        return _SAME
    document = events.document(raw)
    kept = hash(msgspec.json.encode(document))
    is_same = known is not None and kept in known
    if at.order == last and known is not None and not is_same and _is_less(at, node, name, document):
        return _SAME
    node.digests[name] = (digest, kept)
    node.retime(name, at.order)
    if is_same:
        return document if name == LIFECYCLE else _SAME
    return _put(at, node, name, document)


def _is_less(at: Telling, node: Node, name: str, document: Any) -> bool:
    """Which of two facets of one moment counts must not depend on which comes first."""
    old = next(filter(None, (at.sheet.old(node, each) for each in names_of(name))), None)
    return old is not None and msgspec.json.encode(document) < msgspec.json.encode(old)


def _put(at: Telling, node: Node, name: str, document: Any) -> Any:
    told = document if isinstance(document, dict) else {}
    if told.get("_deleted") is True:
        for each in names_of(name):
            at.sheet.facet(node, each, None, "")
        return None
    producer = told.get("_producer")
    at.sheet.facet(
        node,
        facet_name(name, document),
        document,
        producer if isinstance(producer, str) else at.event.producer,
    )
    return document

"""Addresses, entities, edges, labels and points: the nouns of the graph."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import msgspec

Scalar = None | bool | int | float | str
Value = Scalar | list[Any] | dict[str, Any]
Properties = dict[str, Value]
SpanStatus = Literal["unset", "ok", "error"]

ACTIVE = "active"
DELETED = "deleted"
DEFAULT_NAMESPACE = "default"


class Ref(msgspec.Struct, frozen=True, tag_field="by", forbid_unknown_fields=True):
    """Base of the addresses of an entity."""


class ById(Ref, frozen=True, tag="id"):
    """The store's own integer."""

    id: int

    def __str__(self) -> str:
        return str(self.id)


class ByUuid(Ref, frozen=True, tag="uuid"):
    """32 hexadecimal digits, stable across export and import."""

    uuid: str

    def __str__(self) -> str:
        return self.uuid


class ByExternal(Ref, frozen=True, tag="external"):
    """The id that another protocol gave the entity, such as `mlflow.run` and a run's hex id."""

    protocol: str
    id: str

    def __str__(self) -> str:
        return f"{self.protocol}:{self.id}"


class ByName(Ref, frozen=True, tag="name"):
    """The identity by name: unique within the kind's identity scope and a namespace."""

    kind: str
    name: str
    namespace: str = DEFAULT_NAMESPACE

    def __str__(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}"


class Local(Ref, frozen=True, tag="local"):
    """An entity put earlier in the same change, by its handle."""

    handle: str

    def __str__(self) -> str:
        return f"${self.handle}"


AnyRef = ById | ByUuid | ByExternal | ByName | Local


class External(msgspec.Struct, frozen=True):
    """One outside address of an entity."""

    protocol: str
    id: str


class Label(msgspec.Struct, frozen=True, omit_defaults=True):
    """A classification, tag or term on an entity.

    Attributes:
        name: the classification's name, or the tag or term itself.
        category: `classification` (flows along edges), `tag` or `term` (never flows).
        root: id of the entity on which it was put; another than the bearer when inherited.
        via: id of the neighbour through which it arrived, when inherited.
        valid_until: milliseconds since the epoch after which it no longer counts.
    """

    name: str
    category: str = "classification"
    root: int = 0
    via: int | None = None
    attributes: dict[str, Any] = {}
    valid_from: int | None = None
    valid_until: int | None = None


class Point(NamedTuple):
    """One value of a metric. `time` is in milliseconds since the epoch; `value` may be NaN or infinite."""

    key: str
    value: float
    time: int
    step: int


class Record(msgspec.Struct, frozen=True):
    """One row of a data set, kept beside it and not as a node.

    Attributes:
        id: grows in the order in which records came.
        key: tells the records of one entity apart.
        document: any JSON value.
        created, updated: milliseconds since the epoch.
    """

    id: int
    key: str
    document: Any
    created: int
    updated: int


class Span(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a trace. Spans hang off their trace and are no nodes.

    Attributes:
        id: 16 hexadecimal digits, which tell the spans of one trace apart.
        started, ended: nanoseconds since the epoch; `ended` is None as long as the step goes on.
        parent: id of the step that this one is part of, whether or not that one is known.
        type: what sort of step, such as `LLM` or `TOOL`.
        model, provider: the language model that was called, and by whom it is served.
        input_cost, output_cost, total_cost: of that call, in US dollars.
        attributes: what the application told, JSON in which numbers may also be NaN and infinite.
        detail: what else there is, such as events and links; never searched by its keys.
    """

    id: str
    name: str
    started: int
    ended: int | None = None
    parent: str | None = None
    type: str = ""
    status: SpanStatus = "unset"
    model: str | None = None
    provider: str | None = None
    input_cost: float | None = None
    output_cost: float | None = None
    total_cost: float | None = None
    attributes: dict[str, Any] = {}
    detail: dict[str, Any] = {}


class Edge(msgspec.Struct, frozen=True, omit_defaults=True):
    """A typed relation. For lineage kinds `source` is upstream of `target`."""

    id: int
    kind: str
    source: int
    target: int
    detail: dict[str, Any] = {}
    created: int = 0


class Entity(msgspec.Struct, omit_defaults=True):
    """A node as a caller sees it.

    Attributes:
        home: id of the entity that contains it (a run's experiment, a column's data set); grants on the
            home cover what it contains.
        revision: 1 when created, one more with every commit that changes it.
        created, updated, started, ended: milliseconds since the epoch.
        metrics: the latest point of each series.
    """

    id: int
    uuid: str
    kind: str
    namespace: str
    name: str
    state: str = ACTIVE
    home: int | None = None
    owner: str | None = None
    revision: int = 1
    created: int = 0
    updated: int = 0
    started: int | None = None
    ended: int | None = None
    properties: Properties = {}
    metrics: dict[str, Point] = {}
    facets: dict[str, Any] = {}
    labels: list[Label] = []
    external: list[External] = []

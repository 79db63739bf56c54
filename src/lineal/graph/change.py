"""A change: the short closed list of operations that every protocol's writes are made of.

The shape follows Iceberg's table updates and requirements: what to do, and what must hold for it to be done.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from lineal.graph.model import (
    DEFAULT_NAMESPACE,
    AnyRef,
    External,
    Point,
    Properties,
    Span,
    Value,
)
from lineal.graph.types import AnyDef


class Operation(msgspec.Struct, frozen=True, tag_field="op", omit_defaults=True, forbid_unknown_fields=True):
    """Base of the operations."""


class PutType(Operation, frozen=True, tag="put_type"):
    """Add or evolve a kind, edge kind, struct, enum or classification."""

    definition: AnyDef


class PutEntity(Operation, frozen=True, tag="put_entity"):
    """Create an entity or change the named parts of one.

    Attributes:
        ref: where it stands already, or should; None makes a new one.
        kind: needed to create; an existing entity's kind is only ever refined to a subkind.
        name: the display name; with `unique` it is also the identity within kind and namespace.
        properties: merged into what is there; a value of None removes the key.
        state: `active` restores, `deleted` is the soft delete; with `cascade` also for all it contains.
        updated: when it changed, if not now; a new value is a change by itself.
        handle: lets later operations of the same change address it as `Local(handle)`.
    """

    ref: AnyRef | None = None
    kind: str | None = None
    namespace: str = DEFAULT_NAMESPACE
    name: str | None = None
    unique: bool = False
    home: AnyRef | None = None
    owner: str | None = None
    state: Literal["active", "deleted"] | None = None
    cascade: bool = False
    created: int | None = None
    updated: int | None = None
    started: int | None = None
    ended: int | None = None
    properties: Properties = {}
    external: list[External] = []
    handle: str | None = None


class PutEdge(Operation, frozen=True, tag="put_edge"):
    """Relate two entities. An edge is identified by source, target and kind; `detail` is merged."""

    kind: str
    source: AnyRef
    target: AnyRef
    detail: dict[str, Any] = {}


class PutFacet(Operation, frozen=True, tag="put_facet"):
    """Set the named document of an entity; None removes it."""

    ref: AnyRef
    name: str
    document: Any
    producer: str = ""


class PutLabel(Operation, frozen=True, tag="put_label"):
    """Put a classification, tag or term on an entity. Only classifications flow."""

    ref: AnyRef
    name: str
    category: Literal["classification", "tag", "term"] = "classification"
    attributes: dict[str, Any] = {}
    valid_from: int | None = None
    valid_until: int | None = None


class AppendPoints(Operation, frozen=True, tag="append_points"):
    """Add values of metrics. Repeating a point changes nothing."""

    ref: AnyRef
    points: list[Point]


class PutSpans(Operation, frozen=True, tag="put_spans"):
    """Put steps of a trace, each in place of the one that has its id already."""

    ref: AnyRef
    spans: list[Span]


class PutRecords(Operation, frozen=True, tag="put_records"):
    """Put rows of a data set by key, each in place of the one that has the key already.

    A record may be given as `msgspec.Raw`, which is JSON text already.
    """

    ref: AnyRef
    records: dict[str, Any]


class TheEntity(msgspec.Struct, frozen=True, tag="entity", tag_field="what", forbid_unknown_fields=True):
    """Remove the entity itself; softly unless `hard`."""


class TheEdge(msgspec.Struct, frozen=True, tag="edge", tag_field="what", forbid_unknown_fields=True):
    """Remove the edge of this kind to `target`."""

    kind: str
    target: AnyRef


class TheLabel(msgspec.Struct, frozen=True, tag="label", tag_field="what", forbid_unknown_fields=True):
    """Remove a label that was put on this entity, and everywhere it flowed from here."""

    name: str


class TheExternal(msgspec.Struct, frozen=True, tag="external", tag_field="what", forbid_unknown_fields=True):
    """Remove one outside address."""

    protocol: str
    id: str


class ThePoints(msgspec.Struct, frozen=True, tag="points", tag_field="what", forbid_unknown_fields=True):
    """Remove one series."""

    key: str


class TheRecords(msgspec.Struct, frozen=True, tag="records", tag_field="what", forbid_unknown_fields=True):
    """Remove the records of these keys; all of them when None."""

    keys: list[str] | None = None


Removable = TheEntity | TheEdge | TheLabel | TheExternal | ThePoints | TheRecords


class Remove(Operation, frozen=True, tag="remove"):
    """Take something of an entity away. Only whole entities know a soft removal; `cascade` takes all it contains."""

    ref: AnyRef
    what: Removable = msgspec.field(default_factory=TheEntity)
    hard: bool = False
    cascade: bool = False


class Absent(msgspec.Struct, frozen=True, tag="absent", tag_field="is", forbid_unknown_fields=True):
    """Nothing stands at the address, not even softly deleted."""


class Present(msgspec.Struct, frozen=True, tag="present", tag_field="is", forbid_unknown_fields=True):
    """Something stands at the address, in one of these states and (if given) of this kind."""

    states: list[str] = msgspec.field(default_factory=lambda: ["active"])
    kind: str | None = None


class AtRevision(msgspec.Struct, frozen=True, tag="at_revision", tag_field="is", forbid_unknown_fields=True):
    """The entity has not changed since it was read."""

    revision: int


class UnsetOrEqual(
    msgspec.Struct, frozen=True, tag="unset_or_equal", tag_field="is", forbid_unknown_fields=True
):
    """Each property has this value already or none."""

    properties: Properties


class PropertyIn(msgspec.Struct, frozen=True, tag="property_in", tag_field="is", forbid_unknown_fields=True):
    """The property has one of these values."""

    key: str
    values: list[Value]


Condition = Absent | Present | AtRevision | UnsetOrEqual | PropertyIn


class Expect(Operation, frozen=True, tag="expect"):
    """A precondition, checked inside the transaction before anything is applied.

    Attributes:
        code: chosen by the door, to know its own rule again when the expectation fails.
    """

    ref: AnyRef
    that: Condition
    code: str = ""


AnyOperation = (
    PutType
    | PutEntity
    | PutEdge
    | PutFacet
    | PutLabel
    | AppendPoints
    | PutSpans
    | PutRecords
    | Remove
    | Expect
)


class Change(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Operations applied together or not at all, in order."""

    operations: list[AnyOperation]
    note: str = ""


class Commit(msgspec.Struct, frozen=True):
    """A change that was applied and is durable.

    Attributes:
        id: position in the store's one history; 0 when the change altered nothing.
        at: milliseconds since the epoch.
        entities: for each PutEntity, in order, the id of its entity.
        uuids: the same, as uuids.
        created: for each PutEntity, in order, whether it is new.
    """

    id: int
    at: int
    entities: list[int] = []
    uuids: list[str] = []
    created: list[bool] = []

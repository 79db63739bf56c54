"""Putting nodes and what relates them: every call is one change, applied whole or not at all.

A call is prepared from what is stored, and states what it took for granted as expectations. When another client
changed that in the meantime, it is prepared again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from lineal.catalog.session import Session
from lineal.graph.addresses import outside_id
from lineal.graph.change import (
    Absent,
    AnyOperation,
    AtRevision,
    Change,
    Expect,
    PutEdge,
    PutEntity,
    Remove,
    TheExternal,
)
from lineal.graph.mlmd.categories import ARTIFACT, CONTEXT, EXECUTION, Category
from lineal.graph.mlmd.messages import Message
from lineal.graph.mlmd.nodes import LOCATION, UNNAMED, has_ended, masked, properties_of, shown_name
from lineal.graph.mlmd.types import URI, NodeType
from lineal.graph.model import ACTIVE, AnyRef, ByExternal, ById, ByName, Entity, External, Local, Properties
from lineal.graph.names import locate
from lineal.protocols.addresses import CHANGED, make_way
from lineal.protocols.mlmd import nodes
from lineal.protocols.mlmd.errors import TAKEN, Code, Refused, invalid, missing, taken
from lineal.protocols.tenants import namespace_of

_MEMBER, _PARENT = "member", "parent"


class Written(NamedTuple):
    """A node of a call: where it stands, and the URI of the data that it is."""

    ref: AnyRef
    uri: str = ""


class Options(NamedTuple):
    """How nodes that are there already are treated.

    Attributes:
        reuse_context: a context of the same type and name is taken as it is.
        only_reuse_context: one that has an id, too.
        reuse_artifact: an artifact with the same external id is updated.
        touch: executions count as changed even when they are not.
        mask: paths to update; None for everything.
        check_time: an artifact must not have changed since it was read.
    """

    reuse_context: bool = False
    only_reuse_context: bool = False
    reuse_artifact: bool = False
    touch: bool = False
    mask: tuple[str, ...] | None = None
    check_time: bool = False


PLAIN = Options()


class Call:
    """The change that one call becomes.

    Args:
        session: of who calls.
        options: how nodes that are there are treated.
        placed: whether artifacts are related to the data sets at their places.
    """

    def __init__(self, session: Session, options: Options = PLAIN, placed: bool = True) -> None:
        self.session = session
        self.namespace = namespace_of(session)
        self.options = options
        self.placed = placed
        self.types = nodes.table(session)
        self.operations: list[AnyOperation] = []
        self._named: set[AnyRef] = set()
        self._stored: dict[int, Entity] = {}
        self._places: dict[ByName, list[PutEdge]] = {}

    def load(self, ids: Iterable[int]) -> None:
        """Read the nodes that the call is about, all at once."""
        wanted = [number for number in dict.fromkeys(ids) if number not in self._stored]
        if wanted:
            found = nodes.with_ids(self.session, wanted)
            self._stored |= {entity.id: entity for entity in found}

    def stored(self, category: Category, number: int) -> Entity | None:
        """A stored node of a category, among those that were read."""
        entity = self._stored.get(number)
        if entity is None or nodes.category_of(self.types, entity) is not category:
            return None
        return entity

    # Nodes

    def put(self, category: Category, node: Message) -> Written:
        """Insert or update a node."""
        if category is CONTEXT and not node.name:
            raise invalid("a context needs a name")
        if node.HasField("id"):
            return self._update(category, node, node.id)
        return self._insert(category, node)

    def _insert(self, category: Category, node: Message, code: str = TAKEN) -> Written:
        kind = self._type(category, node)
        handle = f"node{len(self.operations)}"
        properties = properties_of(kind, node)
        if node.name:
            self._claim(ByName(kind.kind, node.name, self.namespace), code=code)
        else:
            properties[UNNAMED] = True
        self.operations.append(
            PutEntity(
                kind=kind.kind,
                namespace=self.namespace,
                name=node.name or shown_name(kind, node),
                unique=bool(node.name),
                properties=properties,
                external=self._external(category, node),
                started=_now() if category is EXECUTION else None,
                ended=_now() if has_ended(category, node) else None,
                handle=handle,
            )
        )
        return Written(Local(handle), node.uri if category is ARTIFACT else "")

    def _type(self, category: Category, node: Message) -> NodeType:
        if not node.HasField("type_id"):
            raise invalid(f"the {category.name} has no type_id")
        kind = self.types.by_id.get(node.type_id)
        if kind is None or kind.category is not category:
            raise missing(f"there is no {category.name} type with id {node.type_id}")
        return kind

    def _claim(self, address: AnyRef, bearer: int | None = None, code: str = TAKEN) -> None:
        """Nobody may have this address, in the store or in this call; its new bearer may be stored already."""
        if address in self._named:
            raise taken(f"{address} appears twice")
        self._named.add(address)
        if bearer is None:
            self.operations.append(Expect(address, Absent(), code))
        elif nodes.look_up(self.session, address) is not None:
            raise taken(f"there is something at {address} already")
        else:
            make_way(self.session, address)

    def _external(self, category: Category, node: Message, entity: Entity | None = None) -> list[External]:
        former = _external_id(category, entity)
        if not node.HasField("external_id") or node.external_id in ("", former):
            return []
        protocol = category.external_in(self.namespace)
        self._claim(ByExternal(protocol, node.external_id), entity.id if entity else None)
        return [External(protocol, node.external_id)]

    def _update(self, category: Category, node: Message, number: int) -> Written:
        self.load([number])
        entity = self.stored(category, number)
        if entity is None:
            raise invalid(f"there is no {category.name} with id {number}")
        kind = self.types.by_kind[entity.kind]
        if node.HasField("type_id") and node.type_id != kind.id:
            raise invalid(f"{category.name} {number} is of type {kind.id}, not of type {node.type_id}")
        if self.options.check_time and node.last_update_time_since_epoch != entity.updated:
            raise Refused(Code.FAILED_PRECONDITION, f"{category.name} {number} changed at {entity.updated}")
        ref, mask = ById(number), self.options.mask
        changed = self._changes(kind, node, entity)
        self.operations.append(Expect(ref, AtRevision(entity.revision), CHANGED))
        external = self._new_external(category, node, entity) if mask is None or "external_id" in mask else []
        renamed = category is CONTEXT and node.name != entity.name and (mask is None or "name" in mask)
        if renamed:
            self._claim(ByName(kind.kind, node.name, entity.namespace), number)
        later = self.options.check_time or (self.options.touch and category is EXECUTION)
        self.operations.append(
            PutEntity(
                ref,
                kind=kind.kind,
                name=node.name if renamed else None,
                unique=renamed,
                properties=changed,
                external=external,
                updated=max(_now(), entity.updated + 1) if later else None,
                ended=_now() if has_ended(category, node) and entity.ended is None else None,
            )
        )
        uri = changed.get(URI, entity.properties.get(URI))
        return Written(ref, str(uri or ""))

    def _changes(self, kind: NodeType, node: Message, entity: Entity) -> Properties:
        if self.options.mask is not None:
            return masked(kind, node, self.options.mask, entity.properties)
        new = properties_of(kind, node)
        kept = {UNNAMED, LOCATION}
        return {**{key: None for key in entity.properties if key not in kept}, **new}

    def _new_external(self, category: Category, node: Message, entity: Entity) -> list[External]:
        former = _external_id(category, entity)
        if former is not None and (not node.HasField("external_id") or node.external_id != former):
            protocol = category.external_in(entity.namespace)
            self.operations.append(Remove(ById(entity.id), TheExternal(protocol, former)))
        return self._external(category, node, entity)

    # Contexts and artifacts that may be there already

    def put_context(self, node: Message) -> Written:
        """A context of a call that lets contexts be used again."""
        if not node.HasField("type_id") or not node.name:
            raise invalid("a context needs a type_id and a name")
        kind = self._type(CONTEXT, node)
        if node.HasField("id") and not self.options.only_reuse_context:
            return self._update(CONTEXT, node, node.id)
        if node.HasField("id"):
            self.load([node.id])
            if self.stored(CONTEXT, node.id) is None:
                raise missing(f"there is no context with id {node.id}")
            return Written(ById(node.id))
        address = ByName(kind.kind, node.name, self.namespace)
        if not (self.options.reuse_context or self.options.only_reuse_context):
            return self._insert(CONTEXT, node)
        found = nodes.look_up(self.session, address)
        if found is None and address in self._named:
            return Written(address)
        return Written(ById(found.id)) if found else self._insert(CONTEXT, node, CHANGED)

    def put_artifact(self, node: Message) -> Written:
        """An artifact of a call that lets artifacts be used again."""
        if self.options.reuse_artifact and not node.HasField("id") and node.external_id:
            found = nodes.look_up(
                self.session, ByExternal(ARTIFACT.external_in(self.namespace), node.external_id)
            )
            if found is not None:
                self._stored[found.id] = found
                return self._update(ARTIFACT, node, found.id)
        return self.put(ARTIFACT, node)

    # What relates them

    def contain(self, context: AnyRef, node: AnyRef) -> None:
        """Attribute an artifact to a context, or associate an execution with it."""
        self.operations.append(PutEdge(_MEMBER, context, node))

    def put_parent(self, parent: int, child: int) -> None:
        """Put a context above another."""
        self.operations.append(PutEdge(_PARENT, ById(parent), ById(child)))

    def relate(self, execution: Written, artifact: Written, event: Mapping[str, object], reads: bool) -> None:
        """Let an execution read or write an artifact, and the data at its place."""
        self.operations.append(_event(execution.ref, artifact.ref, reads, event))
        place = locate(artifact.uri) if artifact.uri and self.placed else None
        if place is not None:
            address = ByName("dataset", place.name, place.namespace)
            self._places.setdefault(address, []).append(_event(execution.ref, address, reads, {}))

    def _put_places(self) -> None:
        """The data sets at the places of artifacts, by the names that every tool gives them."""
        stored = self.session.get_named(self._places) if self._places else {}
        for address, edges in self._places.items():
            if address not in stored or stored[address].state != ACTIVE:
                put = PutEntity(address, kind="dataset", state="active", properties={LOCATION: True})
                self.operations.append(put)
            self.operations += edges
        self._places.clear()

    def written(self, entity: Entity) -> Written:
        """A stored node as an end of an event."""
        return Written(ById(entity.id), str(entity.properties.get(URI, "")))

    def commit(self) -> list[int]:
        """Apply everything; the ids of the entities that were put, in order."""
        if not self.operations:
            return []
        self._put_places()
        return self.session.commit(Change(self.operations)).entities


def _external_id(category: Category, entity: Entity | None) -> str | None:
    return outside_id(entity, category.external) if entity else None


def _event(execution: AnyRef, data: AnyRef, reads: bool, detail: Mapping[str, object]) -> PutEdge:
    if reads:
        return PutEdge("input", data, execution, dict(detail))
    return PutEdge("output", execution, data, dict(detail))


def _now() -> int:
    return int(time.time() * 1000)


def ids_of(call: Call, written: Sequence[Written], committed: Sequence[int]) -> list[int]:
    """The ids of nodes, now that they have some."""
    positions = {
        Local(each.handle): number
        for number, each in enumerate(each for each in call.operations if isinstance(each, PutEntity))
        if each.handle
    }
    found = []
    for each in written:
        if isinstance(each.ref, ById):
            found.append(each.ref.id)
        elif isinstance(each.ref, Local):
            found.append(committed[positions[each.ref]])
        else:
            found.append(call.session.get(each.ref, ()).id)
    return found

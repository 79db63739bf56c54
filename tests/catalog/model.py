"""The graph once more, as naively as possible: plain dictionaries, whole copies, loops over everything."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from lineal.graph.change import (
    AnyOperation,
    AppendPoints,
    Change,
    Expect,
    PutEdge,
    PutEntity,
    PutFacet,
    PutLabel,
    PutType,
    Remove,
    TheEdge,
    TheEntity,
    TheExternal,
    TheLabel,
    ThePoints,
)
from lineal.graph.errors import Conflict, Invalid, NotFound
from lineal.graph.model import AnyRef, ByExternal, ById, ByName, ByUuid, External, Local
from lineal.graph.types import Types

Stamp = tuple[int, int, float]
"""(time, step, value) of a point."""
EdgeKey = tuple[int, int, str]
"""(source, target, kind)."""
Bearer = tuple[str, int]
"""(label, root)."""


def same(left: Any, right: Any) -> bool:
    """Equal and of one type, where NaN equals itself and a zero has a sign."""
    if isinstance(left, float) and isinstance(right, float):
        return repr(left) == repr(right)
    return type(left) is type(right) and bool(left == right)


@dataclass
class Thing:
    """An entity with all that hangs off it."""

    id: int
    uuid: str
    kind: str
    namespace: str
    name: str
    created: int
    updated: int
    key: str | None = None
    home: int | None = None
    state: str = "active"
    owner: str | None = None
    started: int | None = None
    ended: int | None = None
    revision: int = 1
    properties: dict[str, Any] = field(default_factory=dict)
    facets: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, PutLabel] = field(default_factory=dict)
    external: set[tuple[str, str]] = field(default_factory=set)
    points: dict[str, set[Stamp]] = field(default_factory=dict)

    def latest(self, key: str) -> Stamp | None:
        """The point of the last step, then time, then the greatest value with NaN on top."""
        found = self.points.get(key)
        if not found:
            return None
        return max(found, key=lambda point: (point[1], point[0], math.isnan(point[2]), point[2]))


@dataclass
class Graph:
    """What is stored at one moment."""

    things: dict[int, Thing] = field(default_factory=dict)
    edges: dict[EdgeKey, dict[str, Any]] = field(default_factory=dict)

    def contained(self, number: int) -> set[int]:
        """Everything below an entity, at any depth."""
        below = {each.id for each in self.things.values() if each.home == number}
        return below.union(*(self.contained(each) for each in below)) if below else below

    def flows(self, types: Types) -> set[tuple[int, int]]:
        """Pairs along which classifications travel."""
        pairs = set()
        for source, target, kind in self.edges:
            flow = types.edge(kind).flow
            if flow:
                pairs.add((source, target) if flow == "forward" else (target, source))
        return pairs

    def bearers(self, types: Types) -> dict[int, set[Bearer]]:
        """Who bears which label because of whom, inherited ones included."""
        flows = self.flows(types)
        found: dict[int, set[Bearer]] = {number: set() for number in self.things}
        for root in self.things.values():
            for name, put in root.labels.items():
                definition = types.label(name)
                travels = put.category == "classification" and (definition is None or definition.propagates)
                for number in closure(flows, root.id) if travels else {root.id}:
                    found[number].add((name, root.id))
        return found


def closure(pairs: Iterable[tuple[int, int]], start: int, depth: int | None = None) -> set[int]:
    """What can be reached from `start`, itself included."""
    found, frontier, left = {start}, {start}, depth
    while frontier and left != 0:
        frontier = {target for source, target in pairs if source in frontier} - found
        found |= frontier
        left = None if left is None else left - 1
    return found


class Model:
    """Applies changes to a graph: all of a change or nothing."""

    def __init__(self, types: Types) -> None:
        self.types = types
        self.graph = Graph()

    def commit(self, change: Change, now: int, numbers: list[tuple[int, str]]) -> bool:
        """Apply a change; whether it altered anything.

        Args:
            change: what to apply.
            now: milliseconds since the epoch.
            numbers: id and uuid that the store gave the entity of each PutEntity.
        """
        attempt = Attempt(self.types, copy.deepcopy(self.graph), now, numbers)
        for operation in change.operations:
            attempt.apply(operation)
        altered = attempt.finish()
        self.graph = attempt.graph
        return altered


class Attempt:
    """One change being applied to a copy."""

    def __init__(self, types: Types, graph: Graph, now: int, numbers: list[tuple[int, str]]) -> None:
        self.types = types
        self.graph = graph
        self.now = now
        self.numbers = iter(numbers)
        self.fresh_number = -1
        self.handles: dict[str, int] = {}
        self.touched: dict[int, int] = {}
        self.new: set[int] = set()
        self.altered = False
        self.before = copy.deepcopy(graph.things)

    def apply(self, operation: AnyOperation) -> None:
        match operation:
            case PutEntity():
                self.put_entity(operation)
            case PutEdge():
                self.put_edge(operation)
            case PutFacet():
                self.put_facet(operation)
            case PutLabel():
                self.put_label(operation)
            case AppendPoints():
                self.append(operation)
            case Remove():
                self.remove(operation)
            case PutType() | Expect():
                raise NotImplementedError

    def finish(self) -> bool:
        for number, moment in self.touched.items():
            thing = self.graph.things.get(number)
            if thing is not None and number not in self.new:
                thing.revision += 1
                thing.updated = moment
        return self.altered

    def touch(self, thing: Thing, moment: int | None = None) -> None:
        self.altered = True
        self.touched[thing.id] = moment or self.touched.get(thing.id, self.now)

    def find(self, ref: AnyRef) -> Thing | None:
        """What an address meant when the change began, or means by now if it meant nothing then."""
        before = self.stands(ref, self.before)
        return self.stands(ref, self.graph.things) if before is None else self.graph.things.get(before.id)

    def stands(self, ref: AnyRef, things: dict[int, Thing]) -> Thing | None:
        match ref:
            case Local(handle):
                return things.get(self.handles.get(handle, 0))
            case ById(number):
                return things.get(number)
            case ByUuid(uuid):
                return _first(things, lambda each: each.uuid == uuid)
            case ByExternal(protocol, outside):
                return _first(things, lambda each: (protocol, outside) in each.external)
            case ByName(kind, name, namespace):
                address = (self.types.identity(kind), namespace, name)
                return _first(things, lambda each: self.address(each) == address)

    def address(self, thing: Thing) -> tuple[str, str, str | None]:
        return self.types.identity(thing.kind), thing.namespace, thing.key

    def get(self, ref: AnyRef) -> Thing:
        found = self.find(ref)
        if found is None:
            raise NotFound(str(ref))
        return found

    def put_entity(self, put: PutEntity) -> None:
        number, uuid = next(self.numbers, (self.fresh_number, f"fresh{self.fresh_number}"))
        self.fresh_number -= 1
        address: AnyRef | None = put.ref
        if address is None and put.unique and put.kind and put.name:
            address = ByName(put.kind, put.name, put.namespace)
        thing = self.find(address) if address is not None else None
        if thing is None and address is not None and self.stands(address, self.before):
            raise NotFound("removed by this very change")
        if thing is None:
            thing = self.create(put, address, number, uuid)
        else:
            self.change(thing, put)
        if put.handle:
            self.handles[put.handle] = thing.id
        outside = [*put.external]
        if isinstance(put.ref, ByExternal):
            outside.append(External(put.ref.protocol, put.ref.id))
        for external in outside:
            holder = self.stands(ByExternal(external.protocol, external.id), self.graph.things)
            if holder is not None and holder is not thing:
                raise Conflict("external")
            thing.external.add((external.protocol, external.id))

    def create(self, put: PutEntity, address: AnyRef | None, number: int, uuid: str) -> Thing:
        if put.kind is None or isinstance(address, ById | Local):
            raise NotFound(str(address))
        if self.types.kind(put.kind).abstract:
            raise Invalid("abstract")
        at = address if isinstance(address, ByName) else ByName(put.kind, uuid, put.namespace)
        name = put.name if put.name is not None else at.name
        thing = Thing(number, uuid, put.kind, at.namespace, name, self.now, self.now)
        thing.key = name if put.unique else at.name if at is address else None
        if thing.key is not None and self.stands(
            ByName(put.kind, thing.key, thing.namespace), self.graph.things
        ):
            raise Conflict("name")
        thing.home = self.get(put.home).id if put.home is not None else None
        thing.state, thing.owner = put.state or "active", put.owner
        thing.started, thing.ended = put.started, put.ended
        thing.created = self.now if put.created is None else put.created
        thing.updated = self.now if put.updated is None else put.updated
        thing.properties = {key: value for key, value in put.properties.items() if value is not None}
        self.graph.things[number] = thing
        self.new.add(number)
        self.altered = True
        return thing

    def change(self, thing: Thing, put: PutEntity) -> None:
        before = copy.deepcopy(thing)
        home = self.get(put.home) if put.home is not None else None
        if put.kind is not None:
            if self.types.identity(put.kind) != self.types.identity(thing.kind):
                raise Invalid("identity")
            thing.kind = put.kind if self.types.is_a(put.kind, thing.kind) else thing.kind
        if home is not None:
            self.move(thing, home)
        if put.name is not None and (put.unique or thing.key is None):
            self.rename(thing, put.name, put.unique)
        self.set_fields(thing, put)
        told = put.updated is not None and put.updated != thing.updated and thing.id not in self.new
        if told or not _equal(thing, before):
            self.touch(thing, put.updated)
        if put.state is not None:
            self.set_state(thing, put.state, put.cascade)

    def set_fields(self, thing: Thing, put: PutEntity) -> None:
        for name in ("owner", "started", "ended"):
            if getattr(put, name) is not None:
                setattr(thing, name, getattr(put, name))
        for key, value in put.properties.items():
            if value is None:
                thing.properties.pop(key, None)
            elif not same(thing.properties.get(key), value):
                thing.properties[key] = value

    def rename(self, thing: Thing, name: str, unique: bool) -> None:
        if unique:
            holder = self.stands(ByName(thing.kind, name, thing.namespace), self.graph.things)
            if holder is not None and holder is not thing:
                raise Conflict("name")
            thing.key = name
        thing.name = name

    def move(self, thing: Thing, home: Thing) -> None:
        if home is thing or home.id in self.graph.contained(thing.id):
            raise Invalid("inside itself")
        thing.home = home.id

    def set_state(self, thing: Thing, state: str, cascade: bool) -> None:
        below = self.graph.contained(thing.id) if cascade else set()
        for number in {thing.id, *below}:
            each = self.graph.things[number]
            if each.state != state:
                each.state = state
                self.touch(each)

    def put_edge(self, put: PutEdge) -> None:
        source, target = self.get(put.source), self.get(put.target)
        definition = self.types.edge(put.kind)
        fits = self.types.is_a(source.kind, definition.source) and self.types.is_a(
            target.kind, definition.target
        )
        if not fits or source is target:
            raise Invalid("ends")
        key = (source.id, target.id, put.kind)
        detail = self.graph.edges.get(key, {}) | put.detail
        if key not in self.graph.edges or detail != self.graph.edges[key]:
            self.graph.edges[key] = detail
            self.altered = True

    def put_facet(self, put: PutFacet) -> None:
        thing = self.get(put.ref)
        if put.document == thing.facets.get(put.name):
            return
        thing.facets[put.name] = put.document
        if put.document is None:
            del thing.facets[put.name]
        self.touch(thing)

    def put_label(self, put: PutLabel) -> None:
        thing = self.get(put.ref)
        kept = PutLabel(
            ById(thing.id), put.name, put.category, put.attributes, put.valid_from, put.valid_until
        )  # fmt: skip
        if thing.labels.get(put.name) != kept:
            thing.labels[put.name] = kept
            self.touch(thing)

    def append(self, append: AppendPoints) -> None:
        thing = self.get(append.ref)
        for point in append.points:
            thing.points.setdefault(point.key, set()).add((point.time, point.step, point.value))
            self.altered = True

    def remove(self, remove: Remove) -> None:
        thing = self.get(remove.ref)
        match remove.what:
            case TheEntity():
                self.remove_entity(thing, remove)
            case TheEdge(kind, target):
                gone = self.graph.edges.pop((thing.id, self.get(target).id, kind), None)
                self.altered = self.altered or gone is not None
            case TheLabel(name):
                if thing.labels.pop(name, None):
                    self.touch(thing)
            case TheExternal(protocol, outside):
                thing.external.discard((protocol, outside))
            case ThePoints(key):
                self.altered = bool(thing.points.pop(key, None)) or self.altered

    def remove_entity(self, thing: Thing, remove: Remove) -> None:
        if not remove.hard:
            self.set_state(thing, "deleted", remove.cascade)
            return
        below = self.graph.contained(thing.id)
        if below and not remove.cascade:
            raise Invalid("contains")
        gone = {thing.id, *below}
        for number in gone:
            del self.graph.things[number]
        self.graph.edges = {
            key: detail for key, detail in self.graph.edges.items() if not gone & set(key[:2])
        }
        self.altered = True


def _first(things: dict[int, Thing], holds: Callable[[Thing], bool]) -> Thing | None:
    return next((each for each in things.values() if holds(each)), None)


def _equal(left: Thing, right: Thing) -> bool:
    """Whether nothing that a PutEntity may change differs."""
    names = ("kind", "name", "key", "home", "owner", "started", "ended")
    if any(getattr(left, name) != getattr(right, name) for name in names):
        return False
    ours, theirs = left.properties, right.properties
    return ours.keys() == theirs.keys() and all(same(value, theirs[key]) for key, value in ours.items())

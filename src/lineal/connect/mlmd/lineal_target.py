"""Nodes into Lineal, as native changes: names, times and outside ids stay what they were.

What is there already is looked up first, so that a second import sends only what is new. Nothing else is kept of an
import: one that was killed goes on where the store shows that it ended.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

from lineal.client import Client
from lineal.connect.conflicts import NOTE, is_own
from lineal.connect.difference import difference
from lineal.connect.lookup import find_all, there_by_id
from lineal.connect.mlmd.addresses import Addresses
from lineal.connect.mlmd.known import Known
from lineal.connect.mlmd.placing import Placing
from lineal.connect.mlmd.store import Member, Parent
from lineal.connect.report import Outcome, Report
from lineal.connect.sql import title as shown
from lineal.connect.writing import Writing
from lineal.graph.change import AnyOperation, Change, PutEdge, PutEntity, PutType
from lineal.graph.errors import Invalid, LinealError
from lineal.graph.mlmd import events as lying
from lineal.graph.mlmd import nodes as lies
from lineal.graph.mlmd.categories import ARTIFACT, CONTEXT, EXECUTION, Category
from lineal.graph.mlmd.messages import Message
from lineal.graph.mlmd.nodes import has_ended, properties_of, shown_name
from lineal.graph.mlmd.types import SIMPLE, NodeType, TypeTable, asked_for
from lineal.graph.model import AnyRef, ById, Entity, External
from lineal.graph.query import Attribute, Compare


class LinealTarget:
    """A store that a client reaches.

    Args:
        client: closed with the target.
        source: title of where the nodes come from, for the history.
        store: a name that tells ids of this source from those of others.
        namespace: where nodes go.
    """

    def __init__(self, client: Client, source: str, store: str, namespace: str) -> None:
        self.title = shown(client.target)
        self.report = Report()
        self._client = client
        self._namespace = namespace
        self._writing = Writing(client, self.report, NOTE + source)
        self._addresses = Addresses(store, namespace)
        self._known = Known(client, self._addresses)
        self._placing = Placing(client)
        self._types: dict[int, NodeType] = {}

    def flush(self) -> None:
        self._writing.flush()

    def close(self) -> None:
        self._client.close()

    # Types

    def put_types(self, category: Category, types: Sequence[Message]) -> None:
        table = TypeTable(self._client.types())
        changed: list[AnyOperation] = []
        for each in types:
            new = _read_type(category, each)
            old = table.find(category, new.name, new.version)
            if old is not None and not old.prefix and new.properties:
                old = None  # another tool's kind of the same name, which declares nothing
            found = self._merged(old, new, table) if old else new
            self._types[each.id] = found
            self.report.add("types", "new" if old is None else "changed" if found != old else "same")
            if found != old:
                changed.append(PutType(found.definition()))
        if changed:
            self._client.commit(Change(changed))

    def _merged(self, old: NodeType, new: NodeType, table: TypeTable) -> NodeType:
        """A type that is here and there: it has the properties of both."""
        for name, kind in new.properties.items():
            if old.properties.get(name, kind) != kind:
                why = f"its property {name!r} is {old.properties[name]} here and {kind} there"
                self.report.problem("types", new.name, why)
        taken = table.with_external_ids(new.category, [new.external_id] if new.external_id else [])
        return replace(
            old,
            properties={**new.properties, **old.properties},
            base=old.base or new.base,
            external_id=old.external_id or ("" if taken else new.external_id),
        )

    # Nodes

    def put_nodes(self, category: Category, nodes: Sequence[Message]) -> None:
        there = self._known.load(category, [each.id for each in nodes])
        new = [each for each in nodes if each.id not in there]
        twins = self._twins(category, new)
        for node in nodes:
            try:
                self._put(category, node, there.get(node.id), twins.get(node.id))
            except Invalid as error:
                self.report.failed(f"{category.name}s", str(node.id), str(error))
        if category is ARTIFACT:
            self._placing.note({each.id: each.uri for each in nodes})
        # Twins of the next batch must see what this one wrote.
        self.flush()

    def _put(self, category: Category, node: Message, there: Entity | None, twin: Entity | None) -> None:
        put = self._entity(category, node)
        what, number = f"{category.name}s", str(node.id)
        if twin is not None:
            self.report.add(what, "kept")
            self.report.problem(
                what, number, f"there is a {twin.name!r} of its type already, which stays as it is"
            )
            ref = PutEntity(ById(twin.id), external=[self._addresses.external(category, node.id)])
            self._writing.add(what, number, [ref])
            return
        self._check_origin(put, node, there)
        change: PutEntity | None = put if there is None else difference(put, there, _goes)
        outcome = self._outcome(node, there, change)
        self.report.add(what, outcome)
        if outcome == "kept" and there is not None and there.created == node.create_time_since_epoch:
            self.report.problem(what, number, "it was changed here since, and stays as it is")
        if change is not None and outcome in ("new", "changed"):
            self._writing.add(what, number, [change])

    def _outcome(self, node: Message, there: Entity | None, change: PutEntity | None) -> Outcome:
        if there is None:
            return "new"
        if change is None:
            return "same"
        made_here = there.created != node.create_time_since_epoch
        return "kept" if made_here or not is_own(self._client, there) else "changed"

    def _check_origin(self, put: PutEntity, node: Message, there: Entity | None) -> None:
        """A number must not stand for a node of another store."""
        if there is None or there.created == node.create_time_since_epoch:
            return
        same_outside = any(each in there.external for each in put.external[1:])
        if there.kind != put.kind or not (there.name == put.name or same_outside):
            raise Elsewhere(
                f"the {put.kind} {node.id} that is here comes from another store; import this one with --name NAME"
            )

    def _entity(self, category: Category, node: Message) -> PutEntity:
        """A node as what is put.

        Raises:
            Invalid: it is of no known type, or has a property that its type does not declare.
        """
        kind = self._types.get(node.type_id)
        if kind is None or kind.category is not category:
            raise Invalid(f"there is no type {node.type_id}")
        properties = properties_of(kind, node)
        if not node.name:
            properties[lies.UNNAMED] = True
        made, changed = node.create_time_since_epoch, node.last_update_time_since_epoch
        is_execution = category is EXECUTION
        return PutEntity(
            self._addresses.ref(category, node.id),
            kind=kind.kind,
            namespace=self._namespace,
            name=node.name or shown_name(kind, node),
            unique=bool(node.name),
            properties=properties,
            external=self._externals(category, node),
            created=made,
            updated=changed,
            started=made if is_execution else None,
            ended=changed if is_execution and has_ended(category, node) else None,
        )

    def _externals(self, category: Category, node: Message) -> list[External]:
        own = [self._addresses.external(category, node.id)]
        if node.external_id:
            own.append(External(category.external_in(self._namespace), node.external_id))
        return own

    def _twins(self, category: Category, nodes: Sequence[Message]) -> dict[int, Entity]:
        """Nodes of the same type and name, or the same external id, that are here for another reason."""
        names = defaultdict[str, dict[str, int]](dict)
        for node in nodes:
            if node.name and node.type_id in self._types:
                names[self._types[node.type_id].kind][node.name] = node.id
        found: dict[int, Entity] = {}
        for kind, wanted in names.items():
            where = Compare(Attribute("name"), "in", list(wanted))
            same = find_all(self._client, kind, where, ())
            found |= {
                wanted[each.name]: each
                for each in same
                if each.namespace == self._namespace and each.kind == kind
            }
        outside = {each.external_id: each.id for each in nodes if each.external_id}
        protocol = category.external_in(self._namespace)
        by_id = there_by_id(self._client, category.parent, protocol, outside) if outside else {}
        return found | {outside[each]: entity for each, entity in by_id.items() if outside[each] not in found}

    # What relates them

    def put_events(self, events: Sequence[Message]) -> None:
        self._placing.make(each.artifact_id for each in events)
        for number, some in groupby(events, attrgetter("execution_id")):
            there = self._known.events(number)
            for event in some:
                self._put_event(event, there)

    def _put_event(self, event: Message, there: set[tuple[int, str]]) -> None:
        name = f"{event.artifact_id} of {event.execution_id}"
        try:
            what = (event.artifact_id, lying.name_of(event))
        except Invalid as error:
            self.report.failed("events", name, str(error))
            return
        if what in there:
            self.report.add("events", "same")
            return
        there.add(what)
        self.report.add("events", "new")
        self._writing.add("events", name, self._relate(event, what[1] in lying.READS))

    def _relate(self, event: Message, reads: bool) -> list[AnyOperation]:
        """The edge that an event is, and that of the data at the artifact's place."""
        execution = self._addresses.ref(EXECUTION, event.execution_id)
        artifact = self._addresses.ref(ARTIFACT, event.artifact_id)
        put = [_edge(reads, execution, artifact, lying.detail(event))]
        place = self._placing.ref(event.artifact_id)
        return [*put, _edge(reads, execution, place, {})] if place else [*put]

    def put_members(self, members: Sequence[Member]) -> None:
        for (context, category), some in groupby(members, lambda each: (each.context, each.category)):
            there = self._known.members(context, category)
            ref = self._addresses.ref(CONTEXT, context)
            for each in some:
                member = PutEdge("member", ref, self._addresses.ref(category, each.node))
                self._put_relation("members", f"{each.node} of {context}", each.node in there, member)

    def put_parents(self, parents: Sequence[Parent]) -> None:
        for child, some in groupby(sorted(parents, key=lambda each: each.child), attrgetter("child")):
            there = self._known.parents(child)
            for each in some:
                above, below = (self._addresses.ref(CONTEXT, number) for number in each)
                edge = PutEdge("parent", above, below)
                self._put_relation("parents", f"{each.parent} of {child}", each.parent in there, edge)

    def _put_relation(self, what: str, name: str, is_there: bool, put: PutEdge) -> None:
        self.report.add(what, "same" if is_there else "new")
        if not is_there:
            self._writing.add(what, name, [put])


class Elsewhere(LinealError):
    """Two stores are about to be mixed up."""


def _read_type(category: Category, asked: Message) -> NodeType:
    found = asked_for(category, asked)
    simple = SIMPLE.get(found.name)
    if simple is not None and simple[1] is category and not found.version:
        return replace(found, base=simple[2], listed=False)
    return replace(found, base="" if found.base == "UNSET" else found.base)


def _edge(reads: bool, execution: AnyRef, other: AnyRef, detail: dict[str, object]) -> PutEdge:
    return (
        PutEdge("input", other, execution, detail) if reads else PutEdge("output", execution, other, detail)
    )


def _goes(key: str) -> bool:
    """Whether a property of a stored node goes when the source has it no longer."""
    return key != lies.LOCATION

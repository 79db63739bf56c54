"""What some events together alter, gathered before it becomes one change; what several alter is altered once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import msgspec

from lineal.catalog.session import Session
from lineal.graph import openlineage as names
from lineal.graph.change import (
    Absent,
    AnyOperation,
    AtRevision,
    Change,
    Commit,
    Expect,
    PutEdge,
    PutEntity,
    PutFacet,
    PutLabel,
    PutRecords,
    Remove,
    TheEdge,
    TheLabel,
)
from lineal.graph.model import AnyRef, ByExternal, ById, ByName, External, Local
from lineal.protocols.openlineage.events import Data, Job
from lineal.protocols.openlineage.nodes import Node, load, load_columns, load_written

MOST = 20_000
"""Nodes that are remembered."""
_STALE = "stale"
_REMEMBERED = 1000
"""Events of one entity that are known again without a look."""
Edge = tuple[str, AnyRef, AnyRef]


class Memory:
    """Nodes as they were when they were last committed or read, by address; the least used are forgotten."""

    def __init__(self) -> None:
        self._nodes: OrderedDict[AnyRef, Node] = OrderedDict()

    def get(self, address: AnyRef) -> Node | None:
        """What is known at an address."""
        node = self._nodes.get(address)
        if node is not None:
            self._nodes.move_to_end(address)
        return node

    def keep(self, address: AnyRef, node: Node) -> None:
        """Remember a node."""
        self._nodes[address] = node
        self._nodes.move_to_end(address)
        node.held.add(address)
        while len(self._nodes) > MOST:
            self._nodes.popitem(last=False)

    def forget(self, node: Node) -> None:
        """Know a node no longer."""
        for address in node.held:
            if self._nodes.get(address) is node:
                del self._nodes[address]


class Sheet:
    """A change in the making.

    Args:
        session: of whoever sent the events.
        memory: what is known from before.
        sure: whether a run that begins is looked up, too, instead of being taken for new.
        modest: leave out what else is told of data sets that were only read, and of people.
    """

    def __init__(self, session: Session, memory: Memory, *, sure: bool = False, modest: bool = False) -> None:
        self.session = session
        self.modest = modest
        self._sure = sure
        self._memory = memory
        self._nodes: dict[AnyRef, Node] = {}
        self._order: list[Node] = []
        self._entered: set[int] = set()
        self._puts: list[PutEntity] = []
        self._made: list[tuple[Node, str]] = []
        self._people: dict[ByName, AnyRef] = {}
        self._edges: dict[Edge, dict[str, Any]] = {}
        self._unlinked: dict[Edge, None] = {}
        self._facets: dict[tuple[AnyRef, str], PutFacet] = {}
        self._labels: dict[tuple[AnyRef, str], AnyOperation] = {}
        self._records: dict[AnyRef, dict[str, Any]] = {}
        self._handles = 0

    # Entities

    def job(self, job: Job) -> Node:
        """The node of a job."""
        return self.named("job", job.namespace, job.name)

    def named(self, kind: str, namespace: str, name: str) -> Node:
        """The node with an identity by name."""
        address = ByName(kind, name, namespace)
        return self._at(address) or self._new(address, kind, namespace, name)

    def run(self, number: str, job: Node, begins: bool = False) -> Node:
        """The node of a run; a job's run that begins is taken for new."""
        address = ByExternal(names.RUN, number)
        node = self._nodes.get(address) or self._memory.get(address)
        if node is None and (self._sure or not begins):
            node = load(self.session, address)
        if node is None:
            node = self._new(address, "run", job.namespace, number)
            node.home = job
            self.link("run_of", node.ref, job.ref)
        return self._enter(address, node)

    def dataset(self, data: Data) -> Node:
        """The node of a data set, under whatever name it is known."""
        node = self.find_dataset(data.namespace, data.name)
        if node is None:
            node = self._new(
                ByName("dataset", data.name, data.namespace), "dataset", data.namespace, data.name
            )
        if data.alias is not None:
            self.alias(node, *data.alias)
        return node

    def find_dataset(self, namespace: str, name: str) -> Node | None:
        """The node of a data set that there is, by its own or another name."""
        address = ByName("dataset", name, namespace)
        return self._at(address) or self._at(names.alias_ref(namespace, name), address)

    def alias(self, node: Node, namespace: str, name: str) -> Node | None:
        """Give a data set another name; the data set that has it already, if there is one."""
        address = names.alias_ref(namespace, name)
        other = self._at(address)
        if other is None:
            node.externals.append(External(address.protocol, address.id))
            self._enter(address, node)
        return None if other is node else other

    def version(self, number: str, of: Node) -> Node:
        """The node of a data set's version, taken for new unless it was made lately."""
        address = ByExternal(names.VERSION, number)
        node = self._nodes.get(address) or self._memory.get(address)
        if node is None and self._sure:
            node = load(self.session, address)
        if node is None:
            node = self._new(address, "dataset_version", of.namespace, of.name)
            node.home = of
            self.link("version", of.ref, node.ref)
        return self._enter(address, node)

    def column(
        self, dataset: Node, path: str, properties: dict[str, Any] | None = None, state: Any = None
    ) -> AnyRef:
        """The column of a data set, with these properties if any are given."""
        columns = self.columns(dataset)
        known = columns.get(path)
        if known is not None and properties is None and state is None:
            return known
        name = names.column_name(dataset.name, path)
        handle = self._handle()
        address: AnyRef = ByName("column", name, dataset.namespace) if known is None else known
        put = PutEntity(
            address,
            kind="column" if known is None else None,
            namespace=dataset.namespace,
            home=dataset.ref if known is None else None,
            properties=properties or {},
            state=state if known is not None else None,
            handle=handle,
        )
        self._puts.append(put)
        self._made.append((dataset, path))
        if known is None:
            columns[path] = known = Local(handle)
            self.link("member", dataset.ref, known)
        return known

    def columns(self, dataset: Node) -> dict[str, AnyRef]:
        """The columns of a data set by path."""
        if dataset.columns is None:
            dataset.columns = load_columns(self.session, dataset)
        return dataset.columns

    def written(self, run: Node) -> dict[tuple[str, str], None]:
        """Namespaces and names of the data sets that a run wrote."""
        if run.written is None:
            found = load_written(self.session, run)
            run.written = dict.fromkeys((each.namespace, each.name) for each in found)
        return run.written

    def person(self, name: str) -> AnyRef:
        """Somebody, or several people, by the name that a facet gives."""
        kind = "group" if name.startswith(("team:", "group:")) else "person"
        address = ByName(kind, name)
        if address not in self._people:
            self._people[address] = address
            self._puts.append(PutEntity(address, kind=kind))
            self._made.append((_NOBODY, name))
        return address

    def claim(self, node: Node) -> None:
        """Speak of an entity as one that is changed, so that it is asked whether the caller may."""
        node.claimed = True

    def record(self, node: Node, key: str, event: msgspec.Raw) -> bool:
        """Keep an event; False when it was kept before."""
        if key in node.seen:
            return False
        if len(node.seen) >= _REMEMBERED:
            node.seen.clear()
        node.seen.add(key)
        node.touched = True
        self._records.setdefault(node.ref, {})[key] = event
        return True

    # What hangs off them

    def link(self, kind: str, source: AnyRef, target: AnyRef, detail: dict[str, Any] | None = None) -> None:
        """Relate two entities, unless they are one."""
        if source != target:
            edge = (kind, source, target)
            self._edges[edge] = self._edges.get(edge, {}) | (detail or {})
            self._unlinked.pop(edge, None)

    def unlink(self, kind: str, source: AnyRef, target: AnyRef) -> None:
        """Take away an edge, if it is there."""
        edge = (kind, source, target)
        self._edges.pop(edge, None)
        if not isinstance(source, Local) and not isinstance(target, Local):
            self._unlinked[edge] = None

    def facet(self, node: Node, name: str, document: Any, producer: str) -> None:
        """Give an entity a document; None takes it away."""
        node.touched = True
        self._facets[node.ref, name] = PutFacet(node.ref, name, document, producer)

    def old(self, node: Node, name: str) -> Any:
        """A facet as it is stored or was put by an event before; None when there is none."""
        put = self._facets.get((node.ref, name))
        if put is not None:
            return put.document
        return None if node.is_new else self.session.get(node.ref, ("facets",)).facets.get(name)

    def label(self, node: Node, ref: AnyRef, name: str) -> None:
        """Put a tag on an entity or on a column of it."""
        if ref is node.ref:
            if name in node.labels:
                return
            node.labels.add(name)
            node.touched = True
        self._labels[ref, name] = PutLabel(ref, name, "tag")

    def unlabel(self, node: Node, ref: AnyRef, name: str) -> None:
        """Take a tag away."""
        if ref is node.ref:
            node.labels.discard(name)
            node.touched = True
        self._labels.pop((ref, name), None)
        if not isinstance(ref, Local):
            self._labels[ref, name] = Remove(ref, TheLabel(name))

    # The change

    def commit(self) -> None:
        """Write it all, and remember it once it is durable; raises what the commit raises, and forgets it then."""
        try:
            change = Change([*self._operations()])
            answer = self.session.commit(change) if change.operations else None
        except BaseException:
            self.discard()
            raise
        self._remember(answer)

    def discard(self) -> None:
        """Forget what is known of all that this speaks of."""
        for node in self._order:
            self._memory.forget(node)

    def _operations(self) -> Iterator[AnyOperation]:
        for node in self._order:
            node.settle_times()
        for node in self._order:
            yield (
                Expect(node.address, Absent(), _STALE)
                if node.is_new
                else Expect(node.ref, AtRevision(node.revision), _STALE)
            )
        yield from (self._put(node) for node in self._written())
        yield from self._puts
        yield from (Remove(source, TheEdge(kind, target)) for kind, source, target in self._unlinked)
        yield from (PutEdge(*edge, detail) for edge, detail in self._edges.items())
        yield from self._facets.values()
        yield from self._labels.values()
        yield from (PutRecords(ref, records) for ref, records in self._records.items())

    def _written(self) -> list[Node]:
        return [
            each for each in self._order if each.is_new or each.claimed or each.is_changed or each.externals
        ]

    def _put(self, node: Node) -> PutEntity:
        if not node.is_new:
            return PutEntity(node.ref, properties=node.told, external=node.externals, **node.changes)
        told = {key: value for key, value in node.told.items() if value is not None}
        handle = node.ref.handle if isinstance(node.ref, Local) else None
        return PutEntity(
            node.address,
            kind=node.kind,
            namespace=node.namespace,
            name=node.name,
            unique=isinstance(node.address, ByName),
            home=node.home.ref if node.home else None,
            properties=told,
            external=node.externals,
            handle=handle,
            **node.changes,
        )

    def _remember(self, answer: Commit | None) -> None:
        ids = answer.entities if answer else []
        written = self._written()
        for node, number in zip(written, ids, strict=False):
            node.settled(number)
        for (dataset, path), number in zip(self._made, ids[len(written) :], strict=True):
            if dataset.columns is not None:
                dataset.columns[path] = ById(number)
        for address, node in self._nodes.items():
            self._memory.keep(address, node)

    def _at(self, *addresses: AnyRef) -> Node | None:
        """What is at the first address; it is remembered at all of them."""
        node = next(filter(None, (self._nodes.get(address) for address in addresses)), None)
        node = node or next(filter(None, (self._memory.get(address) for address in addresses)), None)
        node = node or load(self.session, addresses[0])
        if node is not None:
            for address in addresses:
                self._enter(address, node)
        return node

    def _enter(self, address: AnyRef, node: Node) -> Node:
        if address not in self._nodes:
            self._nodes[address] = node
            if id(node) not in self._entered:
                self._entered.add(id(node))
                self._order.append(node)
        return node

    def _new(self, address: AnyRef, kind: str, namespace: str, name: str) -> Node:
        node = Node(address, kind, namespace, name)
        node.ref = Local(self._handle())
        return self._enter(address, node)

    def _handle(self) -> str:
        self._handles += 1
        return f"n{self._handles}"


_NOBODY = Node(ById(0), "person", "", "")

"""Stage apply: the operations, one function each. Each notes how to undo it, and alters nothing when replayed."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import msgspec

from lineal.catalog import index, spans
from lineal.catalog.access import rank
from lineal.catalog.expect import properties, same
from lineal.catalog.nodes import STATES, Node, contained, insert_row, update_row
from lineal.catalog.work import Flow, Work, to_json
from lineal.graph.change import (
    AppendPoints,
    PutEdge,
    PutEntity,
    PutFacet,
    PutLabel,
    PutRecords,
    PutSpans,
    PutType,
    Remove,
    TheEdge,
    TheEntity,
    TheExternal,
    TheLabel,
    ThePoints,
    TheRecords,
)
from lineal.graph.errors import Conflict, Invalid
from lineal.graph.model import ByExternal, ByName, External, Point
from lineal.graph.types import WORKSPACE, EdgeDef, LabelDef
from lineal.store.sql import accounts, edges, entities, labels, points, records, remains, text

_ROOT = Node(0, "", "entity", "", "")
_FIELDS = ("owner", "started", "ended")


def apply(work: Work) -> None:
    """Carry out every operation, in order."""
    targets = iter(work.targets)
    for operation in work.change.operations:
        if isinstance(operation, PutEntity):
            _put_entity(work, operation, next(targets))
        elif type(operation) in _WAYS:
            _WAYS[type(operation)](work, operation)


def _put_type(work: Work, put: PutType) -> None:
    definition = put.definition
    number = work.state.symbols.intern(work.cx, definition.name)
    before = work.state.types(work.cx)
    if not work.state.put_type(work.cx, definition):
        return
    work.log(_ROOT, "typed", after={"definition": definition.name})
    work.access_changed = True
    after = work.state.types(work.cx)
    match definition:
        case LabelDef(name=name) if before.travels(name) != after.travels(name):
            work.causes.update(labels.causes(work.cx, number))
        case EdgeDef(name=name) if before.has(EdgeDef, name) and before.edge(name).flow != definition.flow:
            work.causes.update(labels.causes(work.cx))


def _put_entity(work: Work, put: PutEntity, node: Node) -> None:
    if put.properties:
        _refuse_repeated(work, put, node)
    if node.fresh:
        _create(work, put, node)
    else:
        work.require_there(node)
        _change(work, put, node)
    _put_externals(work, _addresses(put), node)


def _create(work: Work, put: PutEntity, node: Node) -> None:
    address = ByName(node.kind, node.key or "", node.namespace)
    if work.renamed or work.found.get(address, node) is not None:
        _refuse_taken(work, node, node.key)
    node.home = work.stored(put.home).id if put.home is not None else None
    node.id = work.state.take(work.cx, "entity")
    node.state = STATES.index(put.state or "active")
    node.owner, node.started, node.ended = put.owner, put.started, put.ended
    node.created = work.now if put.created is None else put.created
    node.updated = work.now if put.updated is None else put.updated
    entities.insert(work.cx, insert_row(work.cx, work.state.symbols, work.state.types(work.cx), node))
    node.fresh = False
    work.access_changed = work.access_changed or node.kind == WORKSPACE
    if node in work.owned:
        _give_to_maker(work, node)
    work.state.nodes.keep(node)
    work.properties[node.id] = {}
    _set_properties(work, node, {key: value for key, value in put.properties.items() if value is not None})
    work.reindex[node.id] = node
    work.new.add(node.id)
    work.log(node, "created", after={} if put.updated is None else {"updated": put.updated})


def _give_to_maker(work: Work, node: Node) -> None:
    grant = (work.scope.principal.id, rank("owner"), "entity", node.uuid, "", 0, None, None, "")
    accounts.add_grant(work.cx, grant)
    work.access_changed = True


def _change(work: Work, put: PutEntity, node: Node) -> None:
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for field, value in _wanted(work, put, node).items():
        if getattr(node, field) != value:
            before[field], after[field] = getattr(node, field), value
            setattr(node, field, value)
    if "home" in after:
        points.move(work.cx, node.id, node.home or 0)
    work.access_changed = work.access_changed or not after.keys().isdisjoint({"home", "kind"})
    _change_properties(work, put, node, before, after)
    if put.updated is not None and node.id not in work.new and (after or put.updated != node.updated):
        before["updated"], after["updated"] = node.updated, put.updated
        work.updated[node.id] = put.updated
    if after:
        work.rewrite(node)
        if index.speaks(after):
            work.reindex[node.id] = node
        work.log(node, "updated", before, after)
    if put.state is not None:
        _set_state(work, node, put.state, put.cascade)


def _wanted(work: Work, put: PutEntity, node: Node) -> dict[str, Any]:
    """Fields of the row that the operation names, with their values."""
    wanted = {field: getattr(put, field) for field in _FIELDS if getattr(put, field) is not None}
    if put.home is not None:
        wanted["home"] = _new_home(work, node, work.stored(put.home)).id
    if put.kind is not None:
        wanted["kind"] = work.state.types(work.cx).refine(node.kind, put.kind)
    if put.name is not None and (put.unique or node.key is None):
        wanted["name"] = put.name
        if put.unique:
            if put.name != node.key:
                _refuse_taken(work, node, put.name)
                work.renamed = True
            wanted["key"] = put.name
    return wanted


def _new_home(work: Work, node: Node, home: Node) -> Node:
    """The home, unless the entity would then contain itself."""
    if node.home != home.id:
        _settle(work)
        if home.id == node.id or home.id in entities.contained(work.cx, node.id):
            raise Invalid(f"{node.name!r} cannot be inside itself")
    return home


def _settle(work: Work) -> None:
    """Write the rows changed so far, for a statement that looks for them."""
    for node in work.unsettled:
        if node.id not in work.gone:
            row = update_row(work.cx, work.state.symbols, work.state.types(work.cx), node)
            entities.update(work.cx, [row])
    work.unsettled.clear()


def _refuse_taken(work: Work, node: Node, key: str | None) -> None:
    """A clear error instead of the database's constraint."""
    if key is None:
        return
    _settle(work)
    scope = work.state.symbols.find(work.cx, work.state.types(work.cx).identity(node.kind))
    row = entities.by_key(work.cx, scope, work.state.symbols.find(work.cx, node.namespace), key)
    if row is not None and row[0] != node.id:
        raise Conflict(f"{node.kind} {key!r} exists already in {node.namespace}")


def _refuse_repeated(work: Work, put: PutEntity, node: Node) -> None:
    """Conflict when another entity of the kind has the value of a unique attribute."""
    types, symbols = work.state.types(work.cx), work.state.symbols
    kind = types.refine(node.kind, put.kind) if put.kind is not None else node.kind
    for key in types.unique(kind) & put.properties.keys():
        declarers = [each for each in types.ancestors(kind) if key in types.unique(each)]
        kinds = {symbols.find(work.cx, below) for each in declarers for below in types.subkinds(each)}
        found = entities.having(work.cx, symbols.find(work.cx, key), put.properties[key], sorted(kinds))
        if found - {node.id}:
            raise Conflict(f"{kind} with {key} {put.properties[key]!r} exists already")


def _change_properties(
    work: Work, put: PutEntity, node: Node, before: dict[str, Any], after: dict[str, Any]
) -> None:
    if not put.properties:
        return
    stored = properties(work, node, list(put.properties))
    changed = {key: value for key, value in put.properties.items() if not same(stored.get(key), value)}
    if changed:
        before["properties"] = {key: stored.get(key) for key in changed}
        after["properties"] = changed
        _set_properties(work, node, {key: value for key, value in changed.items() if value is not None})
        gone = [work.state.symbols.find(work.cx, key) for key, value in changed.items() if value is None]
        if gone:
            entities.drop_properties(work.cx, node.id, gone)
            for key in gone:
                work.properties.get(node.id, {}).pop(key, None)


def _set_properties(work: Work, node: Node, values: dict[str, Any]) -> None:
    if values:
        intern = work.state.symbols.intern
        numbered = {intern(work.cx, key): value for key, value in values.items()}
        entities.put_properties(work.cx, node.id, numbered.items())
        if node.id in work.properties:
            work.properties[node.id] |= numbered


def _addresses(put: PutEntity) -> list[External]:
    """Outside addresses to give; the one at which the entity was put is one of them."""
    at = put.ref
    return [*put.external, External(at.protocol, at.id)] if isinstance(at, ByExternal) else put.external


def _put_externals(work: Work, externals: list[External], node: Node) -> None:
    for external in externals:
        protocol = work.state.symbols.intern(work.cx, external.protocol)
        is_free = _is_free(work, ByExternal(external.protocol, external.id), node)
        row = None if is_free else entities.by_external(work.cx, protocol, external.id)
        if row is None:
            entities.put_external(work.cx, protocol, external.id, node.id)
        elif row[0] != node.id:
            raise Conflict(f"{external.protocol} {external.id!r} is another entity already")


def _is_free(work: Work, address: ByExternal, node: Node) -> bool:
    """Whether it is known already that nothing is stored at the address of a new entity."""
    is_absent = work.found.get(address, node) is None and work.refs.get(address) is node
    return is_absent and work.is_first(("external", address.protocol, address.id), node)


def _set_state(work: Work, node: Node, state: str, cascade: bool) -> None:
    """The soft delete and its opposite, for one entity or all that it contains."""
    number = STATES.index(state)
    action = "restored" if state == "active" else "deleted"
    if node.state != number:
        work.log(node, action, {"state": STATES[node.state]}, {"state": state})
        node.state = number
        work.rewrite(node)
        work.access_changed = work.access_changed or node.kind == WORKSPACE
    if cascade:
        _set_states_below(work, node, number, action)


def _set_states_below(work: Work, node: Node, number: int, action: str) -> None:
    _settle(work)
    ids = contained(work.cx, work.state.symbols, node)
    held = {each.id: each for each in work.held()}
    for each in held.keys() & set(ids):
        _set_state(work, held[each], STATES[number], cascade=False)
    others = entities.in_state(work.cx, [each for each in ids if each not in held], 1 - number)
    entities.set_state(work.cx, others, number, work.now)
    for each in others:
        work.state.nodes.drop(each)
        below = Node(each, "", "entity", "", "")
        work.log(below, action, {"state": STATES[1 - number]}, {"state": STATES[number]})


def _put_edge(work: Work, put: PutEdge) -> None:
    source, target = work.stored(put.source), work.stored(put.target)
    kind = work.state.symbols.intern(work.cx, put.kind)
    is_first = work.is_first(("edge", source.id, target.id, kind), source, target)
    stored = None if is_first else edges.find(work.cx, source.id, target.id, kind)
    about = {"kind": put.kind, "source": source.id, "target": target.id}
    if stored is None:
        _check_new_edge(work, put, source, kind)
        number = work.state.take(work.cx, "edge")
        detail = to_json(put.detail) if put.detail else None
        edges.insert(work.cx, (source.id, target.id, kind, number, detail, work.now))
        _log_edge(work, source, target, "linked", {}, {**about, "detail": put.detail})
        work.flows_added += _flow(work, put.kind, source, target)
        return
    old = msgspec.json.decode(stored[1] or "{}")
    new = old | put.detail
    if new != old:
        edges.set_detail(work.cx, source.id, target.id, kind, to_json(new))
        _log_edge(work, source, target, "linked", {**about, "detail": old}, {**about, "detail": new})


def _check_new_edge(work: Work, put: PutEdge, source: Node, kind: int) -> None:
    types = work.state.types(work.cx)
    types.check_detail(put.kind, put.detail, whole=True)
    if types.edge(put.kind).cardinality == "one" and edges.at(work.cx, [source.id], [kind], "source", 1):
        raise Conflict(f"{source.name!r} has an edge of kind {put.kind} already, and may have one")


def _log_edge(
    work: Work, source: Node, target: Node, action: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    work.log(source, action, before, after)
    work.log(target, action, before, after)


def _flow(work: Work, kind: str, source: Node, target: Node) -> list[Flow]:
    """The way, if any, on which an edge carries classifications."""
    flow = work.state.types(work.cx).edge(kind).flow
    if flow is None:
        return []
    ends = (source.id, target.id) if flow == "forward" else (target.id, source.id)
    return [Flow(*ends, kind)]


def _put_facet(work: Work, put: PutFacet) -> None:
    node = work.stored(put.ref)
    name = work.state.symbols.intern(work.cx, put.name)
    is_first = work.is_first(("facet", node.id, name), node)
    stored = None if is_first else entities.facet(work.cx, node.id, name)
    document = None if put.document is None else to_json(put.document)
    if document == stored:
        return
    if document is None:
        entities.drop_facet(work.cx, node.id, name)
    else:
        entities.put_facet(work.cx, node.id, name, put.producer, document, work.now)
    work.touch(node)
    if put.name == index.SCHEMA:
        work.reindex[node.id] = node
    before = None if stored is None else msgspec.json.decode(stored)
    work.log(node, "updated", {"facets": {put.name: before}}, {"facets": {put.name: put.document}})


def _put_label(work: Work, put: PutLabel) -> None:
    node = work.stored(put.ref)
    name = work.state.symbols.intern(work.cx, put.name)
    attributes = to_json(put.attributes) if put.attributes else None
    row = (node.id, name, node.id, None, put.category, attributes, put.valid_from, put.valid_until)
    stored = labels.one(work.cx, node.id, name, node.id)
    if stored is not None and stored == row:
        return
    labels.put(work.cx, [row])
    work.touch(node)
    work.access_changed = True
    work.reindex[node.id] = node
    before = _label_of(stored[4:]) if stored else None
    work.log(node, "labelled", {"labels": {put.name: before}}, {"labels": {put.name: _label_of(row[4:])}})
    if "classification" in (put.category, stored[4] if stored else None):
        work.causes.add((node.id, name))


def _label_of(row: tuple[Any, ...]) -> dict[str, Any]:
    category, attributes, valid_from, valid_until = row
    found = {"category": category, "attributes": msgspec.json.decode(attributes) if attributes else {}}
    times = {"valid_from": valid_from, "valid_until": valid_until}
    return found | {key: value for key, value in times.items() if value is not None}


def _append_points(work: Work, append: AppendPoints) -> None:
    node = work.stored(append.ref)
    if not append.points:
        return
    series: dict[str, list[Point]] = defaultdict(list)
    for point in append.points:
        series[point.key].append(point)
    keyed = {work.state.metric_key(work.cx, key): found for key, found in series.items()}
    work.batches += 1
    points.append(work.cx, node.id, node.home or 0, (work.number() << 10) + work.batches, keyed)
    work.log(node, "points", None, {"points": len(append.points)})


def _put_spans(work: Work, put: PutSpans) -> None:
    spans.put(work, put.ref, list(map(spans.row_of, put.spans)))


def _put_records(work: Work, put: PutRecords) -> None:
    node = work.stored(put.ref)
    given = {key: _with_nan(document) for key, document in put.records.items()}
    stored = _stored_records(work, node, list(given))
    new = {key: each for key, each in given.items() if key not in stored}
    changed = {key: each for key, each in given.items() if stored.get(key, each) != each}
    if not new and not changed:
        return
    if new:
        records.insert(work.cx, node.id, new, work.now)
    if changed:
        records.update(work.cx, node.id, changed, work.now)
    work.touch(node)
    work.log(node, "records", None, {"records": {"added": len(new), "changed": len(changed)}})


def _stored_records(work: Work, node: Node, keys: list[str]) -> dict[str, str]:
    if work.is_first(("records", node.id), node):
        return {}
    known = work.records.pop(node.id, None)
    return records.documents(work.cx, node.id, keys) if known is None else known


def _with_nan(document: Any) -> str:
    """JSON text that keeps NaN and Infinity, as those of properties does; what is JSON text already stays as it is."""
    if isinstance(document, msgspec.Raw):
        return bytes(document).decode()
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def _remove_records(work: Work, node: Node, keys: list[str] | None) -> None:
    removed = records.delete(work.cx, node.id, keys)
    if removed:
        work.touch(node)
        work.log(node, "records", None, {"records": {"removed": removed}})


def _remove(work: Work, remove: Remove) -> None:
    node = work.stored(remove.ref)
    match remove.what:
        case TheEntity():
            _remove_entity(work, remove, node)
        case TheEdge(kind=kind, target=target):
            _remove_edge(work, kind, node, work.stored(target))
        case TheLabel(name=name):
            _remove_label(work, node, name)
        case TheExternal(protocol=protocol, id=external):
            _remove_external(work, node, protocol, external)
        case ThePoints(key=key):
            if points.delete(work.cx, node.id, work.state.symbols.find(work.cx, key)):
                work.log(node, "points", None, {"points": {key: None}})
        case TheRecords(keys=keys):
            _remove_records(work, node, keys)


def _remove_entity(work: Work, remove: Remove, node: Node) -> None:
    if not remove.hard:
        _set_state(work, node, "deleted", remove.cascade)
        return
    _settle(work)
    below = contained(work.cx, work.state.symbols, node)
    if below and not remove.cascade:
        raise Invalid(f"{node.name!r} contains {len(below)} entities; remove them too with cascade")
    if node.kind == WORKSPACE:
        # Whoever makes one of this name again does not let the members of the former one in.
        accounts.drop_namespace(work.cx, node.name)
        work.access_changed = True
    for number in (*below, node.id):
        _lose_flows(work, number)
        accounts.drop_grants_on(work.cx, number)
        remains.add(work.cx, number, work.now)
        entities.erase(work.cx, number)
        text.delete(work.cx, number)
        work.state.nodes.drop(number)
        work.reindex.pop(number, None)
        work.log(Node(number, "", "entity", "", ""), "removed")
    work.state.nodes.forget()
    for each in work.held():
        each.dirty = each.dirty and each.id not in work.gone


def _lose_flows(work: Work, number: int) -> None:
    """What an entity handed on, or put on others, is reconsidered once it is gone."""
    work.gone.add(number)
    work.causes.update(labels.handed_on(work.cx, number))
    work.flows_added = [flow for flow in work.flows_added if number not in (flow.origin, flow.target)]


def _remove_external(work: Work, node: Node, protocol: str, external: str) -> None:
    number = work.state.symbols.find(work.cx, protocol)
    row = entities.by_external(work.cx, number, external)
    if row is not None and row[0] == node.id:
        entities.drop_external(work.cx, number, external)
        work.state.nodes.drop_external(protocol, external)


def _remove_edge(work: Work, kind: str, source: Node, target: Node) -> None:
    number = work.state.symbols.find(work.cx, kind)
    stored = edges.find(work.cx, source.id, target.id, number)
    if stored is None:
        return
    edges.delete(work.cx, source.id, target.id, number)
    before = {
        "kind": kind,
        "source": source.id,
        "target": target.id,
        "detail": msgspec.json.decode(stored[1] or "{}"),
    }
    _log_edge(work, source, target, "unlinked", before, {})
    lost = _flow(work, kind, source, target)
    for flow in lost:
        work.causes.update(labels.handed_on(work.cx, flow.target))
    work.flows_added = [flow for flow in work.flows_added if flow not in lost]


def _remove_label(work: Work, node: Node, name: str) -> None:
    number = work.state.symbols.find(work.cx, name)
    stored = labels.one(work.cx, node.id, number, node.id)
    if stored is None:
        return
    labels.delete(work.cx, [(node.id, number, node.id)])
    work.touch(node)
    work.access_changed = True
    work.reindex[node.id] = node
    work.log(node, "unlabelled", {"labels": {name: _label_of(stored[4:])}}, {"labels": {name: None}})
    work.causes.add((node.id, number))


_WAYS: dict[type[Any], Callable[[Work, Any], None]] = {
    AppendPoints: _append_points,
    PutEdge: _put_edge,
    PutFacet: _put_facet,
    PutLabel: _put_label,
    PutRecords: _put_records,
    PutSpans: _put_spans,
    PutType: _put_type,
    Remove: _remove,
}

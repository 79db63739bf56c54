"""The service `ml_metadata.MetadataStoreService`: every operation, a function each.

Operations that are alike for artifacts, executions and contexts are written once and made for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from lineal.catalog.session import Session
from lineal.graph.change import Change, PutType
from lineal.graph.errors import Conflict
from lineal.graph.mlmd.categories import ARTIFACT, CATEGORIES, CONTEXT, EXECUTION, Category
from lineal.graph.mlmd.messages import Message, message
from lineal.graph.mlmd.nodes import to_message
from lineal.graph.mlmd.types import URI, NodeType, asked_for
from lineal.graph.model import ByExternal, ById, ByName, Entity
from lineal.graph.query import Attribute, Compare, Property, Related, all_of
from lineal.protocols.attempts import attempt
from lineal.protocols.base import Rpc, RpcCall
from lineal.protocols.mlmd import events, lineage, listing, nodes
from lineal.protocols.mlmd.errors import Code, Refused, invalid, missing, taken
from lineal.protocols.mlmd.types import Evolution, evolved
from lineal.protocols.mlmd.writes import Call, Options, Written, ids_of
from lineal.protocols.tenants import namespace_of

SERVICE = "ml_metadata.MetadataStoreService"
_EVERY = 10_000_000
Handler = Callable[[RpcCall, Message, Message], None]
"""Reads the request, fills in the answer."""


# Types


def put_type(category: Category, call: RpcCall, request: Message, answer: Message) -> None:
    """Get or create a type, or let it grow."""
    answer.type_id = _put_types(
        call.session, [(category, getattr(request, f"{category.name}_type"))], request
    )[0]


def put_types(call: RpcCall, request: Message, answer: Message) -> None:
    """Several types at once, all or none."""
    asked = [(each, one) for each in CATEGORIES for one in getattr(request, f"{each.name}_types")]
    ids = iter(_put_types(call.session, asked, request))
    for category in CATEGORIES:
        many = len(getattr(request, f"{category.name}_types"))
        getattr(answer, f"{category.name}_type_ids").extend(next(ids) for _ in range(many))


def _put_types(session: Session, asked: Sequence[tuple[Category, Message]], request: Message) -> list[int]:
    rules = Evolution(
        request.can_add_fields,
        request.can_omit_fields,
        request.all_fields_match or not request.HasField("all_fields_match"),
    )
    pending: dict[str, NodeType] = {}
    found: list[NodeType] = []
    table = nodes.table(session)
    for category, one in asked:
        new = asked_for(category, one)
        old = pending.get(new.kind) or table.find(category, new.name, new.version)
        found.append(evolved(old, new, rules))
        _check_external_id(table.of(category), [*pending.values()], found[-1])
        if found[-1] != old:
            pending[new.kind] = found[-1]
    if pending:
        try:
            session.commit(Change([PutType(each.definition()) for each in pending.values()]))
        except Conflict as error:
            raise Refused(Code.ABORTED, str(error)) from None
    stored = nodes.table(session).by_kind
    return [stored[each.kind].id for each in found]


def _check_external_id(stored: Iterable[NodeType], pending: Iterable[NodeType], new: NodeType) -> None:
    others = [each for each in (*stored, *pending) if each.category is new.category and each.kind != new.kind]
    if new.external_id and new.external_id in {each.external_id for each in others}:
        raise taken(f"another type has the external id {new.external_id!r}")


def get_type(category: Category, call: RpcCall, request: Message, answer: Message) -> None:
    """A type by name and version."""
    found = nodes.table(call.session).find(category, request.type_name, request.type_version)
    if found is None:
        raise missing(f"there is no {category.name} type {request.type_name!r}")
    getattr(answer, f"{category.name}_type").CopyFrom(found.message())


def get_types(category: Category, call: RpcCall, request: Message, answer: Message) -> None:
    """All types but those of the system."""
    _add_types(answer, category, [each for each in nodes.table(call.session).of(category) if each.listed])


def get_types_by_id(category: Category, call: RpcCall, request: Message, answer: Message) -> None:
    """Those of the types that there are."""
    by_id = nodes.table(call.session).by_id
    found = (by_id[number] for number in request.type_ids if number in by_id)
    _add_types(answer, category, [each for each in found if each.category is category])


def get_types_by_external_ids(category: Category, call: RpcCall, request: Message, answer: Message) -> None:
    """Types by their external ids."""
    found = nodes.table(call.session).with_external_ids(category, _external_ids(request))
    if request.external_ids and not found:
        raise missing("no type has one of these external ids")
    _add_types(answer, category, found)


def _add_types(answer: Message, category: Category, found: Iterable[NodeType]) -> None:
    getattr(answer, f"{category.name}_types").extend(each.message() for each in found)


def _external_ids(request: Message) -> Sequence[str]:
    if "" in request.external_ids:
        raise invalid("an external id must not be empty")
    found: Sequence[str] = request.external_ids
    return found


# Nodes


def put_nodes(category: Category, call: RpcCall, request: Message, answer: Message) -> None:
    """Insert and update nodes, all or none."""
    asked = getattr(request, f"{category.name}s")
    mask = tuple(request.update_mask.paths) if request.HasField("update_mask") else None
    check = category is ARTIFACT and request.options.abort_if_latest_updated_time_changed

    def put(placed: bool) -> list[int]:
        change = Call(call.session, Options(mask=mask or None, check_time=check), placed)
        change.load(each.id for each in asked if each.HasField("id"))
        written = [change.put(category, each) for each in asked]
        return ids_of(change, written, change.commit())

    getattr(answer, f"{category.name}_ids").extend(attempt(call.session, put))


def get_nodes(category: Category, call: RpcCall, request: Message, answer: Message) -> None:
    """All nodes, or a page of them."""
    _add_page(call.session, category, answer, listing.find(call.session, category, _options(request)))


def get_nodes_by_id(category: Category, call: RpcCall, request: Message, answer: Message) -> None:
    """Those of the nodes that there are."""
    ids = getattr(request, f"{category.name}_ids")
    found = _of(call.session, category, nodes.with_ids(call.session, ids))
    _add(call.session, category, answer, found)
    if category is ARTIFACT and request.populate_artifact_types:
        table = nodes.table(call.session)
        _add_types(
            answer, category, [table.by_kind[kind] for kind in dict.fromkeys(each.kind for each in found)]
        )


def get_nodes_by_type(category: Category, call: RpcCall, request: Message, answer: Message) -> None:
    """Nodes of one type; none when there is no such type."""
    found = nodes.table(call.session).find(category, request.type_name, request.type_version)
    kinds = [found.kind] if found else []
    _add_page(
        call.session, category, answer, listing.find(call.session, category, _options(request), kinds=kinds)
    )


def get_node_by_name(category: Category, call: RpcCall, request: Message, answer: Message) -> None:
    """A node by type and name; an empty answer when there is none."""
    found = nodes.table(call.session).find(category, request.type_name, request.type_version)
    name = getattr(request, f"{category.name}_name")
    if found is None or not name:
        return
    entity = nodes.look_up(call.session, ByName(found.kind, name, namespace_of(call.session)))
    if entity is not None:
        getattr(answer, category.name).CopyFrom(to_message(found, entity))


def get_nodes_by_external_ids(category: Category, call: RpcCall, request: Message, answer: Message) -> None:
    """Nodes by their external ids."""
    wanted = dict.fromkeys(_external_ids(request))
    protocol = category.external_in(namespace_of(call.session))
    refs = (ByExternal(protocol, each) for each in wanted)
    found = [entity for ref in refs if (entity := nodes.look_up(call.session, ref)) is not None]
    if wanted and not found:
        raise missing("no node has one of these external ids")
    _add(call.session, category, answer, found)


def get_artifacts_by_uri(call: RpcCall, request: Message, answer: Message) -> None:
    """Artifacts at exactly these places."""
    uris = list(dict.fromkeys(request.uris))
    if uris:
        where = Compare(Property(URI), "in", list(uris))
        _add(call.session, ARTIFACT, answer, listing.find(call.session, ARTIFACT, None, where).entities)


def _options(request: Message) -> Message | None:
    return request.options if request.HasField("options") else None


def _of(session: Session, category: Category, found: Iterable[Entity]) -> list[Entity]:
    table = nodes.table(session)
    return [each for each in found if nodes.category_of(table, each) is category]


def _add(session: Session, category: Category, answer: Message, found: Iterable[Entity]) -> None:
    getattr(answer, f"{category.name}s").extend(nodes.to_messages(session, found))


def _add_page(session: Session, category: Category, answer: Message, page: listing.Listed) -> None:
    _add(session, category, answer, page.entities)
    if page.token:
        answer.next_page_token = page.token


# Events, and steps of a pipeline


def put_events(call: RpcCall, request: Message, answer: Message) -> None:
    """Events between stored nodes, all or none."""

    def put(placed: bool) -> None:
        change = Call(call.session, placed=placed)
        events.put(change, request.events)
        change.commit()

    attempt(call.session, put)


def put_execution(call: RpcCall, request: Message, answer: Message) -> None:
    """One step: an execution with its artifacts, events and contexts, all or nothing."""
    if not request.HasField("execution"):
        raise invalid("there is no execution")
    asked = request.options
    options = Options(
        asked.reuse_context_if_already_exist,
        asked.force_reuse_context,
        asked.reuse_artifact_if_already_exist_by_external_id,
        asked.force_update_time,
    )

    def put(placed: bool) -> tuple[int, list[int], list[int]]:
        change = Call(call.session, options, placed)
        change.load(
            _ids_in(
                [
                    request.execution,
                    *(pair.artifact for pair in request.artifact_event_pairs),
                    *request.contexts,
                ]
            )
        )
        execution = change.put(EXECUTION, request.execution)
        artifacts = [
            _put_pair(change, request.execution, execution, pair) for pair in request.artifact_event_pairs
        ]
        contexts = _put_contexts(change, request.contexts, [execution, *(each for each in artifacts if each)])
        found = iter(
            ids_of(change, [execution, *(each for each in artifacts if each), *contexts], change.commit())
        )
        return next(found), [next(found) if each else -1 for each in artifacts], [*found]

    answer.execution_id, artifacts, contexts = attempt(call.session, put)
    answer.artifact_ids.extend(artifacts)
    answer.context_ids.extend(contexts)


def _ids_in(found: Iterable[Message]) -> Iterable[int]:
    return (each.id for each in found if each.HasField("id"))


def _put_pair(change: Call, node: Message, execution: Written, pair: Message) -> Written | None:
    """An artifact, and what the execution has to do with it; either may be left out."""
    event = pair.event if pair.HasField("event") else None
    if pair.HasField("artifact"):
        artifact = change.put_artifact(pair.artifact)
    elif event is not None and event.HasField("artifact_id"):
        change.load([event.artifact_id])
        stored = change.stored(ARTIFACT, event.artifact_id)
        if stored is None:
            raise invalid(f"there is no artifact with id {event.artifact_id}")
        artifact = change.written(stored)
    else:
        return None
    if event is not None:
        _check_ends(event, node, pair.artifact if pair.HasField("artifact") else None)
        events.relate(change, execution, artifact, event)
    return artifact


def _check_ends(event: Message, execution: Message | None, artifact: Message | None) -> None:
    """An event may name its ends, but no others than those of the call."""
    for node, field in ((execution, "execution_id"), (artifact, "artifact_id")):
        if (
            node is not None
            and event.HasField(field)
            and (not node.HasField("id") or node.id != getattr(event, field))
        ):
            raise invalid(f"the event's {field} is not that of the call")


def _put_contexts(change: Call, asked: Iterable[Message], inside: Sequence[Written]) -> list[Written]:
    contexts = [change.put_context(each) for each in asked]
    for context in contexts:
        for node in inside:
            change.contain(context.ref, node.ref)
    return contexts


def put_lineage_subgraph(call: RpcCall, request: Message, answer: Message) -> None:
    """Many steps at once, related by their places in the request, all or nothing."""
    asked = request.options
    options = Options(
        reuse_context=asked.reuse_context_if_already_exist,
        reuse_artifact=asked.reuse_artifact_if_already_exist_by_external_id,
    )
    for node in (*request.executions, *request.artifacts):
        if not node.HasField("type_id"):
            raise invalid("every node needs a type_id")

    def put(placed: bool) -> tuple[list[int], list[int], list[int]]:
        change = Call(call.session, options, placed)
        change.load(_ids_in([*request.executions, *request.artifacts, *request.contexts]))
        executions = [change.put(EXECUTION, each) for each in request.executions]
        artifacts = [change.put_artifact(each) for each in request.artifacts]
        contexts = _put_contexts(change, request.contexts, [*executions, *artifacts])
        for edge in request.event_edges:
            _put_edge(change, request, edge, executions, artifacts)
        found = ids_of(change, [*executions, *artifacts, *contexts], change.commit())
        first, second = len(executions), len(executions) + len(artifacts)
        return found[:first], found[first:second], found[second:]

    executions, artifacts, contexts = attempt(call.session, put)
    answer.execution_ids.extend(executions)
    answer.artifact_ids.extend(artifacts)
    answer.context_ids.extend(contexts)


def _put_edge(
    change: Call, request: Message, edge: Message, executions: Sequence[Written], artifacts: Sequence[Written]
) -> None:
    if not edge.HasField("event"):
        raise invalid("an event edge needs an event")
    execution, given = _end(change, EXECUTION, edge, executions, request.executions)
    artifact, other = _end(change, ARTIFACT, edge, artifacts, request.artifacts)
    _check_ends(edge.event, given, other)
    events.relate(change, execution, artifact, edge.event)


def _end(
    change: Call, category: Category, edge: Message, written: Sequence[Written], given: Sequence[Message]
) -> tuple[Written, Message | None]:
    """One end of an edge, by its place in the request or by its id in the event."""
    index, number = f"{category.name}_index", f"{category.name}_id"
    if edge.HasField(index):
        place = getattr(edge, index)
        if not 0 <= place < len(written):
            raise Refused(Code.OUT_OF_RANGE, f"{index} {place} is not within the request")
        return written[place], given[place]
    if not edge.event.HasField(number):
        raise invalid(f"an event edge needs {index} or {number}")
    change.load([getattr(edge.event, number)])
    stored = change.stored(category, getattr(edge.event, number))
    if stored is None:
        raise invalid(f"there is no {category.name} with id {getattr(edge.event, number)}")
    return (change.written(stored) if category is ARTIFACT else Written(ById(stored.id))), None


def get_events(category: Category, call: RpcCall, request: Message, answer: Message) -> None:
    """The events of executions or artifacts."""
    ids = list(dict.fromkeys(getattr(request, f"{category.name}_ids")))
    shown = [each.id for each in _of(call.session, category, events.shown_nodes(call.session, ids))]
    if shown:
        answer.events.extend(events.of(call.session, shown, category.name))


# Contexts and what is in them


def put_memberships(call: RpcCall, request: Message, answer: Message) -> None:
    """Attributions and associations; those that are there stay."""

    def put(placed: bool) -> None:
        change = Call(call.session, placed=placed)
        pairs = [(ARTIFACT, each.artifact_id, each.context_id) for each in request.attributions]
        pairs += [(EXECUTION, each.execution_id, each.context_id) for each in request.associations]
        change.load(number for _, *both in pairs for number in both)
        for category, node, context in pairs:
            if change.stored(CONTEXT, context) is None or change.stored(category, node) is None:
                raise invalid(f"there is no context {context} or no {category.name} {node}")
            change.contain(ById(context), ById(node))
        change.commit()

    attempt(call.session, put)


def put_parent_contexts(call: RpcCall, request: Message, answer: Message) -> None:
    """Put contexts above others, without going round in circles."""
    session = call.session
    change = Call(session)
    asked = [(each.parent_id, each.child_id) for each in request.parent_contexts]
    change.load(number for pair in asked for number in pair)
    for parent, child in asked:
        if change.stored(CONTEXT, parent) is None or change.stored(CONTEXT, child) is None or parent == child:
            raise invalid(f"context {parent} cannot be the parent of context {child}")
    there = {
        (edge.source, edge.target)
        for edge in session.edges([child for _, child in asked], ["parent"], "in", _EVERY)
    }
    for pair in asked:
        if pair in there:
            raise taken(f"context {pair[0]} is the parent of context {pair[1]} already")
        there.add(pair)
        change.put_parent(*pair)
    _refuse_circles(session, asked)
    change.commit()


def _refuse_circles(session: Session, asked: Sequence[tuple[int, int]]) -> None:
    above: dict[int, set[int]] = {}
    for parent, child in asked:
        above.setdefault(child, set()).add(parent)
    for start, parents in above.items():
        seen: set[int] = set()
        frontier = set(parents)
        while frontier:
            seen |= frontier
            stored = session.edges(sorted(frontier), ["parent"], "in", _EVERY)
            reached = {edge.source for edge in stored}.union(*(above.get(each, set()) for each in frontier))
            frontier = reached - seen
        if start in seen:
            raise invalid(f"context {start} would be above itself")


def get_contexts_of(category: Category, call: RpcCall, request: Message, answer: Message) -> None:
    """The contexts that an artifact or an execution is in."""
    found = _related(call.session, getattr(request, f"{category.name}_id"), "member", "in")
    if not found:
        raise missing(f"{category.name} {getattr(request, f'{category.name}_id')} is in no context")
    _add(call.session, CONTEXT, answer, found)


def get_members(category: Category, call: RpcCall, request: Message, answer: Message) -> None:
    """Artifacts or executions in a context."""
    where = Related("member", "in", Compare(Attribute("id"), "=", request.context_id))
    page = listing.find(call.session, category, _options(request), all_of(where))
    _add_page(call.session, category, answer, page)


def get_family(direction: str, call: RpcCall, request: Message, answer: Message) -> None:
    """The contexts above a context, or below it."""
    _add(call.session, CONTEXT, answer, _related(call.session, request.context_id, "parent", direction))


def get_families(direction: str, call: RpcCall, request: Message, answer: Message) -> None:
    """The same of several contexts; only those that have any appear."""
    field = "parent_contexts" if direction == "in" else "children_contexts"
    for number in dict.fromkeys(request.context_ids):
        found = _related(call.session, number, "parent", direction)
        if found:
            getattr(answer.contexts[number], field).extend(nodes.to_messages(call.session, found))


def _related(session: Session, number: int, kind: str, direction: str) -> list[Entity]:
    edges = session.edges([number], [kind], direction, _EVERY)
    ids = [edge.source if direction == "in" else edge.target for edge in edges]
    return _of(session, CONTEXT, nodes.with_ids(session, ids))


# Lineage


def get_lineage_graph(call: RpcCall, request: Message, answer: Message) -> None:
    """Given up by ML Metadata itself."""
    raise Refused(Code.UNIMPLEMENTED, "use GetLineageSubgraph")


def get_lineage_subgraph(call: RpcCall, request: Message, answer: Message) -> None:
    """A piece of the lineage around some nodes."""
    found = lineage.subgraph(call.session, request.lineage_subgraph_query_options, request.read_mask.paths)
    answer.lineage_subgraph.CopyFrom(found)


def _for_each() -> dict[str, Handler]:
    """Operations that there are for every category."""
    found: dict[str, Handler] = {}
    for category in CATEGORIES:
        name = category.message
        found |= {
            f"Put{name}Type": partial(put_type, category),
            f"Get{name}Type": partial(get_type, category),
            f"Get{name}Types": partial(get_types, category),
            f"Get{name}TypesByID": partial(get_types_by_id, category),
            f"Get{name}TypesByExternalIds": partial(get_types_by_external_ids, category),
            f"Put{name}s": partial(put_nodes, category),
            f"Get{name}s": partial(get_nodes, category),
            f"Get{name}sByID": partial(get_nodes_by_id, category),
            f"Get{name}sByType": partial(get_nodes_by_type, category),
            f"Get{name}ByTypeAndName": partial(get_node_by_name, category),
            f"Get{name}sByExternalIds": partial(get_nodes_by_external_ids, category),
        }
    return found


OPERATIONS: Mapping[str, Handler] = {
    **_for_each(),
    "PutTypes": put_types,
    "GetArtifactsByURI": get_artifacts_by_uri,
    "PutEvents": put_events,
    "PutExecution": put_execution,
    "PutLineageSubgraph": put_lineage_subgraph,
    "GetEventsByExecutionIDs": partial(get_events, EXECUTION),
    "GetEventsByArtifactIDs": partial(get_events, ARTIFACT),
    "PutAttributionsAndAssociations": put_memberships,
    "PutParentContexts": put_parent_contexts,
    "GetContextsByArtifact": partial(get_contexts_of, ARTIFACT),
    "GetContextsByExecution": partial(get_contexts_of, EXECUTION),
    "GetArtifactsByContext": partial(get_members, ARTIFACT),
    "GetExecutionsByContext": partial(get_members, EXECUTION),
    "GetParentContextsByContext": partial(get_family, "in"),
    "GetChildrenContextsByContext": partial(get_family, "out"),
    "GetParentContextsByContexts": partial(get_families, "in"),
    "GetChildrenContextsByContexts": partial(get_families, "out"),
    "GetLineageGraph": get_lineage_graph,
    "GetLineageSubgraph": get_lineage_subgraph,
}


def rpcs() -> list[Rpc]:
    """Every operation, from bytes to bytes."""
    return [
        Rpc(f"/{SERVICE}/{name}", partial(_served, name, handler)) for name, handler in OPERATIONS.items()
    ]


def _served(name: str, handler: Handler, call: RpcCall) -> bytes:
    from google.protobuf.message import DecodeError

    try:
        request = message(f"{name}Request").FromString(call.body)
    except DecodeError:
        raise invalid("the request is no message of this operation") from None
    answer = message(f"{name}Response")()
    handler(call, request, answer)
    encoded: bytes = answer.SerializeToString()
    return encoded

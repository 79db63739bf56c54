"""The items of review queues: traces that wait, each with what became of it. An item is an edge to the trace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from lineal.catalog.session import Session
from lineal.graph.change import AnyOperation, PutEdge, PutEntity, Remove, TheEdge
from lineal.graph.mlflow.traces import TRACE
from lineal.graph.model import ByExternal, ById, Edge, Entity
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import translate
from lineal.protocols.mlflow.errors import MISSING, Refused, invalid
from lineal.protocols.mlflow.evaluation import paging, wire
from lineal.protocols.mlflow.evaluation.addresses import REVIEW_QUEUE
from lineal.protocols.mlflow.evaluation.homes import now_ms, number_of, page_size
from lineal.protocols.mlflow.evaluation.review_queues import LONGEST_USER, checked, find_queue, plain_user
from lineal.protocols.mlflow.evaluation.settle import settled, unchanged
from lineal.protocols.mlflow.experiments import DONE
from lineal.protocols.mlflow.requests import Body, Parameters

_LONGEST_ID = 50
_MOST = 1_000_000
_PENDING = "PENDING"
_STATUS = {1: _PENDING, 2: "COMPLETE", 3: "DECLINED"}
_CHANGES = "item_changes"
"""A property that counts changes of items, so that the queue's revision tells of them."""

_items = Body(wire.QueueItems)
_list = Parameters(wire.ListQueueItems)
_set_status = Body(wire.SetItemStatus)


class Item(NamedTuple):
    """A trace in a queue: its id, and the edge that leads to it."""

    trace: str
    edge: Edge


def add(call: Call) -> Reply:
    """POST review-queues/items/add: traces of the queue's experiment; what is in it already stays as it is."""
    message = _items(call)
    ids = _ids_of(message.item_ids)

    def decide() -> tuple[list[AnyOperation], Entity]:
        queue = find_queue(call.session, message.queue_id)
        traces = _traces(call.session, queue, ids)
        there = {item.trace for item in _items_of(call.session, queue)}
        new = [
            PutEdge("member", ById(queue.id), ById(traces[each]), {"status": _PENDING})
            for each in ids
            if each not in there
        ]
        return [*_changing(queue), *new] if new else [], queue

    queue = settled(call.session, decide)
    found = {item.trace: item for item in _items_of(call.session, queue)}
    return json_reply({"items": [_message(queue, found[each]) for each in ids if each in found]})


def _ids_of(given: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(checked("item_id", each.strip(), _LONGEST_ID) for each in given))
    if not found:
        raise invalid("`item_ids` must be a non-empty list; got [].")
    return found


def _traces(session: Session, queue: Entity, ids: Iterable[str]) -> dict[str, int]:
    """The graph's numbers of traces of the queue's experiment; Refused when one is none."""
    found = {each: _trace(session, queue, each) for each in ids}
    unknown = [each for each, number in found.items() if number is None]
    if unknown:
        queue_id = translate.outside_id(queue, REVIEW_QUEUE)
        raise Refused(
            MISSING,
            f"Cannot attach trace(s) {unknown} to review queue '{queue_id}': they do not exist in experiment"
            f" '{number_of(session, queue)}'.",
        )
    return {each: number for each, number in found.items() if number is not None}


def _trace(session: Session, queue: Entity, trace: str) -> int | None:
    found = session.look_up(ByExternal(TRACE, trace), (), active=True)
    return found.id if found is not None and found.home == queue.home else None


def _items_of(session: Session, queue: Entity) -> list[Item]:
    """Every item, the newest first."""
    edges = session.edges([queue.id], ("member",), "out", _MOST)
    traces = {each.id: each for each in session.get_many([edge.target for edge in edges], ("external",))}
    known = ((edge, traces[edge.target]) for edge in edges if edge.target in traces)
    found = [
        Item(translate.outside_id(trace, TRACE) or trace.uuid, edge)
        for edge, trace in known
        if trace.state == "active"
    ]
    return sorted(found, key=lambda item: (-item.edge.created, item.trace))


def _changing(queue: Entity) -> list[AnyOperation]:
    """That items of a queue change, as it was read; the queue itself is not thereby updated."""
    before = queue.properties.get(_CHANGES)
    count = before + 1 if isinstance(before, int) else 1
    return [unchanged(queue), PutEntity(ById(queue.id), properties={_CHANGES: count}, updated=queue.updated)]


def _message(queue: Entity, item: Item) -> wire.QueueItem:
    detail = item.edge.detail
    return wire.QueueItem(
        translate.outside_id(queue, REVIEW_QUEUE) or "",
        "TRACE",
        item.trace,
        str(detail.get("status") or _PENDING),
        item.edge.created,
        detail.get("updated") or item.edge.created,
        detail.get("completed_by"),
        detail.get("completed"),
    )


def remove(call: Call) -> Reply:
    """POST review-queues/items/remove, whether or not they are in it."""
    message = _items(call)
    ids = set(_ids_of(message.item_ids))

    def decide() -> tuple[list[AnyOperation], None]:
        queue = find_queue(call.session, message.queue_id)
        gone = [
            Remove(ById(queue.id), TheEdge("member", ById(item.edge.target)))
            for item in _items_of(call.session, queue)
            if item.trace in ids
        ]
        return [*_changing(queue), *gone] if gone else [], None

    settled(call.session, decide)
    return DONE


def list_all(call: Call) -> Reply:
    """GET review-queues/items/list: the newest first, of one status or of all."""
    message = _list(call)
    limit = page_size(message.max_results)
    status = _status_of(message.status)
    about = [message.queue_id, status]
    offset = paging.offset_of(message.page_token, about)
    queue = find_queue(call.session, message.queue_id)
    found = [_message(queue, item) for item in _items_of(call.session, queue)]
    wanted = [each for each in found if status in (None, each.status)]
    page = wanted[offset : offset + limit]
    token = paging.token(str(offset + limit), about) if len(wanted) > offset + limit else ""
    return json_reply(wire.Items(token, page or wire.UNSET))


def _status_of(given: int | str) -> str | None:
    number = int(given) if str(given).isdigit() else None
    return _STATUS.get(number) if number is not None else next(filter(given.__eq__, _STATUS.values()), None)


def set_status(call: Call) -> Reply:
    """POST review-queues/items/set-status: done, declined, or waiting again. Who said so first is kept."""
    message = _set_status(call)
    status = _status_of(message.status)
    if status is None:
        raise invalid("`status` must be one of PENDING, COMPLETE, or DECLINED.")
    trace, user = message.item_id.strip(), _completed_by(call, message, status)

    def decide() -> tuple[list[AnyOperation], Entity]:
        queue = find_queue(call.session, message.queue_id)
        item = _find_item(call.session, queue, trace)
        if item.edge.detail.get("status") == status:
            return [], queue
        put = PutEdge("member", ById(queue.id), ById(item.edge.target), _detail(status, user))
        return [*_changing(queue), put], queue

    queue = settled(call.session, decide)
    return json_reply({"item": _message(queue, _find_item(call.session, queue, trace))})


def _completed_by(call: Call, message: wire.SetItemStatus, status: str) -> str | None:
    """Who has completed or declined an item: on a server with accounts whoever says it."""
    principal = call.session.principal
    given = message.completed_by
    if principal.id > 0:
        given = principal.name if status != _PENDING else None
    if status == _PENDING:
        if given is not None:
            raise invalid("`completed_by` must not be set when reopening an item to `pending`.")
        return None
    user = plain_user(given or "")
    if not user:
        raise invalid(f"`completed_by` is required when setting status to `{status.lower()}`.")
    return checked("completed_by", user, LONGEST_USER)


def _detail(status: str, user: str | None) -> dict[str, Any]:
    now = now_ms()
    completed = now if user is not None else None
    return {"status": status, "completed_by": user, "completed": completed, "updated": now}


def _find_item(session: Session, queue: Entity, trace: str) -> Item:
    number = _trace(session, queue, trace)
    edges = session.edges([number], ("member",), "in", _MOST) if number is not None else []
    found = next((edge for edge in edges if edge.source == queue.id), None)
    if found is None:
        queue_id = translate.outside_id(queue, REVIEW_QUEUE)
        raise Refused(MISSING, f"Item '{trace}' is not attached to review queue '{queue_id}'.")
    return Item(trace, found)

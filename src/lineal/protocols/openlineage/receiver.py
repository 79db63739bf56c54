"""What is sent: one event, or many."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from lineal.graph.errors import Invalid, LinealError, Unavailable
from lineal.protocols.base import Call, Reply, TooLarge, json_reply
from lineal.protocols.openlineage import errors
from lineal.protocols.openlineage.events import Event, read, read_batch
from lineal.protocols.openlineage.intake import intake_of

LARGEST = 256 << 20
"""Bytes of a body when it is unpacked."""
_SMALL = 128 << 10

Outcome = Exception | None


async def post_event(call: Call) -> Reply:
    """Take in one event; it is durable and seen by every reader when this is answered."""
    body = await _body(call)
    event = read(body) if len(body) < _SMALL else await asyncio.to_thread(read, body)
    (outcome,) = await intake_of(call.session.catalog).take(call.session, [event])
    if outcome is not None:
        raise outcome
    return Reply(201)


async def post_batch(call: Call) -> Reply:
    """Take in events, one by one or together: what is wrong with one does not keep out the others."""
    found = await asyncio.to_thread(_read_all, await _body(call))
    events = [each for each in found if isinstance(each, Event)]
    taken = iter(await intake_of(call.session.catalog).take(call.session, events) if events else ())
    outcomes = [next(taken) if isinstance(each, Event) else each for each in found]
    return _answer(outcomes)


def _read_all(body: bytes) -> list[Event | Exception]:
    return [_event_or_error(each) for each in read_batch(body)]


def _event_or_error(body: bytes) -> Event | Exception:
    try:
        return read(body)
    except LinealError as error:
        return error


def _answer(outcomes: Sequence[Outcome]) -> Reply:
    failed = [(index, each) for index, each in enumerate(outcomes) if each is not None]
    if not failed:
        return Reply(204)
    retriable = sum(_may_succeed(each) for _, each in failed)
    summary = {
        "received": len(outcomes),
        "successful": len(outcomes) - len(failed),
        "failed": len(failed),
        "retriable": retriable,
        "non_retriable": len(failed) - retriable,
    }
    told = [_failure(index, each) for index, each in failed]
    return json_reply({"status": "partial_success", "summary": summary, "failed_events": told})


def _failure(index: int, error: Exception) -> dict[str, Any]:
    return {"index": index, "reason": errors.words_of(error), "retriable": _may_succeed(error)}


def _may_succeed(error: Exception) -> bool:
    """Whether the same event may be taken in later."""
    return isinstance(error, Unavailable) or not isinstance(error, LinealError)


async def _body(call: Call) -> bytes:
    """The request's body, unpacked; TooLarge when that is too large, Invalid when there is none."""
    media = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in ("", "application/json"):
        raise errors.WrongMedia(f"An event is sent as application/json, not as {media}")
    assert call.stream is not None
    pieces: list[bytes] = []
    size = 0
    async for piece in call.stream:
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST:
            raise TooLarge(f"A body may have {LARGEST} bytes when it is unpacked")
    if not size:
        raise Invalid("The body is empty")
    return b"".join(pieces)

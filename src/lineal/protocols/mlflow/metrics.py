"""Histories of metrics: whole, in pages, of many runs, and sampled."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import msgspec

from lineal.catalog.session import Session
from lineal.graph.errors import NotFound
from lineal.graph.model import ById, Point
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import runs, translate, wire
from lineal.protocols.mlflow.errors import Refused, invalid
from lineal.protocols.mlflow.requests import Parameters, query_of

MOST_RUNS = 100
MOST_POINTS = 25_000
MOST_SAMPLED = 2500

_history = Parameters(wire.GetHistory)
_interval = Parameters(wire.GetHistoryInterval)


def get_history(call: Call) -> Reply:
    """GET metrics/get-history; of an unknown run or metric it is empty."""
    message = _history(call)
    size, offset = message.max_results, read_token(message.page_token)
    if size is not None and size <= 0:
        raise invalid(
            f"Invalid value {size} for parameter 'max_results' supplied. It must be a positive integer."
        )
    points = _series(
        call.session, message.run_id, message.metric_key, None if size is None else size + 1, offset
    )
    more = size is not None and len(points) > size
    token = make_token(offset + (size or 0)) if more else ""
    return json_reply(wire.Metrics(translate.metrics_of(points[:size]), token))


def get_history_bulk(call: Call) -> Reply:
    """GET metrics/get-history-bulk: one metric of many runs, ordered by run."""
    given = query_of(call)
    numbers, key = given.get("run_id", []), given.get("metric_key", [None])[0]
    if not numbers:
        raise invalid("GetMetricHistoryBulk request must specify at least one run_id.")
    if len(numbers) > MOST_RUNS:
        raise invalid(
            f"GetMetricHistoryBulk request cannot specify more than {MOST_RUNS} run_ids."
            f" Received {len(numbers)} run_ids."
        )
    if key is None:
        raise invalid("GetMetricHistoryBulk request must specify a metric_key.")
    left = _limit(given.get("max_results", [str(MOST_POINTS)])[0])
    found: list[wire.Metric] = []
    for number in sorted(set(numbers)):
        points = _series(call.session, number, key, left - len(found), 0)
        found += translate.metrics_of(points, number)
    return json_reply({"metrics": found})


def _limit(text: str) -> int:
    if not text.isdigit() or len(text) > 9:
        raise invalid(
            f"Invalid value {text[:100]!r} for parameter 'max_results' supplied. It must be a positive integer"
        )
    return min(int(text), MOST_POINTS)


def get_history_bulk_interval(call: Call) -> Reply:
    """GET metrics/get-history-bulk-interval: an even sample of one metric of each of many runs."""
    message = _interval(call)
    if len(message.run_ids) > MOST_RUNS:
        raise invalid(
            f"GetMetricHistoryBulkInterval request must specify at most {MOST_RUNS} run_ids."
            f" Received {len(message.run_ids)} run_ids."
        )
    if not 1 <= message.max_results <= MOST_SAMPLED:
        raise invalid(f"max_results must be between 1 and {MOST_SAMPLED}.")
    steps = _steps(message)
    found: list[wire.Metric] = []
    for number in message.run_ids:
        points = _series(call.session, number, message.metric_key, None, 0, steps)
        found += translate.metrics_of(sample(points, message.max_results), number)
    return json_reply(wire.Metrics(found))


def _steps(message: wire.GetHistoryInterval) -> tuple[int, int] | None:
    start, end = message.start_step, message.end_step
    if (start is None) != (end is None):
        raise invalid("If either start step or end step are specified, both must be specified.")
    if start is None or end is None:
        return None
    if start > end:
        raise invalid(
            f"end_step must be greater than start_step. Found start_step={start} and end_step={end}."
        )
    return start, end


def sample(points: Sequence[Point], size: int) -> list[Point]:
    """At most `size` points spread evenly over all in the order of steps; the last one is always among them."""
    ordered = sorted(points, key=lambda point: (point.step, point.time, point.value))
    if len(ordered) <= size:
        return ordered
    short, longer = divmod(len(ordered), size)
    starts = [number * short + min(number, longer) for number in range(size)]
    kept = [ordered[start] for start in starts]
    if kept[-1] != ordered[-1]:
        kept[-1] = ordered[-1]
    return kept


def _series(
    session: Session,
    number: str,
    key: str,
    limit: int | None,
    offset: int,
    steps: tuple[int, int] | None = None,
) -> list[Point]:
    try:
        run = runs.find_run(session, number, ())
    except Refused:
        return []
    try:
        return session.series(ById(run.id), key, limit=limit, offset=offset, steps=steps)
    except NotFound:
        return []


def make_token(offset: int) -> str:
    """A page token that stands for the number of results that came before."""
    return base64.urlsafe_b64encode(msgspec.json.encode({"offset": offset})).decode()


def read_token(token: str) -> int:
    """The number of results before the page that a token stands for; Refused for anything but a token."""
    if not token:
        return 0
    try:
        offset = msgspec.json.decode(base64.urlsafe_b64decode(token), type=dict[str, int])["offset"]
    except (ValueError, binascii.Error, KeyError, msgspec.DecodeError):
        raise invalid("Invalid page token, could not base64-decode") from None
    if not 0 <= offset < 2**53:
        raise invalid("Invalid page token")
    return offset

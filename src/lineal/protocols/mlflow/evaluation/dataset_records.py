"""The rows of evaluation data sets: put, read page by page, delete."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable

from lineal.catalog.session import Session
from lineal.graph.change import (
    AnyOperation,
    PutEdge,
    PutEntity,
    PutFacet,
    PutRecords,
    Remove,
    TheRecords,
)
from lineal.graph.mlflow.evaluation import facet_of, record_key, schema_of
from lineal.graph.mlflow.traces import TRACE
from lineal.graph.model import ByExternal, ById, Entity
from lineal.protocols.base import Call, Reply, json_reply
from lineal.protocols.mlflow import validate
from lineal.protocols.mlflow.errors import invalid
from lineal.protocols.mlflow.evaluation import fields, records, wire
from lineal.protocols.mlflow.evaluation.datasets import find_dataset, look_up, state_of
from lineal.protocols.mlflow.evaluation.homes import now_ms
from lineal.protocols.mlflow.evaluation.settle import settled, unchanged
from lineal.protocols.mlflow.requests import Body, Parameters

_DEFAULT_PAGE = 1000
_LONGEST_TOKEN = 100

_upsert = Body(wire.PutRecords)
_get = Parameters(wire.GetRecords)
_delete = Body(wire.DeleteRecords)


def upsert(call: Call) -> Reply:
    """POST datasets/{dataset_id}/records: new rows, and more about rows of the same inputs."""
    number = call.path_params["dataset_id"]
    batch = records.read_batch(_upsert(call).records)
    keys = list(dict.fromkeys(record_key(number, row.get("inputs", {})) for row in batch))

    def decide() -> tuple[list[AnyOperation], wire.Put]:
        dataset = find_dataset(call.session, number)
        stored = call.session.records(ById(dataset.id), keys=keys)
        merged = records.merge(number, {each.key: each.document for each in stored}, batch)
        told = wire.Put(merged.inserted, merged.updated)
        return _put(call.session, dataset, merged, batch, len(keys) - len(stored)), told

    return json_reply(settled(call.session, decide))


def _put(
    session: Session,
    dataset: Entity,
    merged: records.Merged,
    batch: list[records.Document],
    added: int,
) -> list[AnyOperation]:
    """The rows, what the data set tells of them, and the traces that new ones were made from."""
    ref = ById(dataset.id)
    state = PutEntity(ref, kind="dataset", properties=state_of(dataset.name, now_ms(), merged.user))
    found: list[AnyOperation] = [unchanged(dataset), PutRecords(ref, merged.documents), state]
    schema = fields.grown(schema_of(dataset.facets.get("schema")), batch)
    if schema is not None:
        found.append(PutFacet(ref, "schema", facet_of(schema), "mlflow"))
    count = session.count_records(ref) + added
    if count:
        found.append(PutFacet(ref, "statistics", {"row_count": count}, "mlflow"))
    traces = _there(session, records.traces_of(merged.documents.values()))
    return [*found, *(PutEdge("derived", ById(trace), ref) for trace in traces)]


def _there(session: Session, traces: Iterable[str]) -> list[int]:
    """The graph's numbers of those of the traces that the caller may see."""
    found = (session.look_up(ByExternal(TRACE, trace), ()) for trace in traces)
    return [each.id for each in found if each is not None]


def get(call: Call) -> Reply:
    """GET datasets/{dataset_id}/records; of what is not there, none."""
    message, number = _get(call), call.path_params["dataset_id"]
    limit = validate.page(message.max_results or _DEFAULT_PAGE)
    after = _after(message.page_token) if message.page_token else 0
    dataset = look_up(call.session, number)
    if dataset is None:
        return json_reply(wire.Records("[]"))
    found = call.session.records(ById(dataset.id), after=after, limit=limit + 1)
    page = found[:limit]
    token = _token(page[-1].id) if len(found) > limit else ""
    return json_reply(wire.Records(json.dumps([records.told(number, each) for each in page]), token))


def _token(last: int) -> str:
    return base64.urlsafe_b64encode(b"r%d" % last).decode()


def _after(token: str) -> int:
    try:
        raw = base64.urlsafe_b64decode(token[:_LONGEST_TOKEN].encode())
        if raw[:1] != b"r" or not raw[1:].isdigit() or len(raw) > 19:
            raise ValueError
        return int(raw[1:])
    except (ValueError, binascii.Error, UnicodeEncodeError):
        raise invalid("Invalid page token, could not base64-decode") from None


def delete(call: Call) -> Reply:
    """DELETE datasets/{dataset_id}/records: those of some ids."""
    number, keys = call.path_params["dataset_id"], records.keys_among(_delete(call).dataset_record_ids)

    def decide() -> tuple[list[AnyOperation], int]:
        dataset = look_up(call.session, number)
        there = call.session.records(ById(dataset.id), keys=keys) if dataset is not None else []
        if dataset is None or not there:
            return [], 0
        ref = ById(dataset.id)
        left = call.session.count_records(ref) - len(there)
        count = PutFacet(ref, "statistics", {"row_count": left}, "mlflow")
        return [unchanged(dataset), Remove(ref, TheRecords(keys)), count], len(there)

    return json_reply({"deleted_count": settled(call.session, decide)})

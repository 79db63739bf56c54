"""Traces, evaluation data sets and scorers as rows of MLflow's tables."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from lineal.connect.mlflow.records import Assessment, EvaluationDataset, Record, Scorer, Trace
from lineal.connect.mlflow.spans import read
from lineal.graph.mlflow import traces


class Rows(NamedTuple):
    """Rows of one table; where one of these keys is there, it is written anew."""

    table: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    rows: list[tuple[Any, ...]]


_TRACE = (
    "request_id", "experiment_id", "timestamp_ms", "execution_time_ms", "status", "client_request_id",
    "request_preview", "response_preview", "trace_name", "session_id", *traces.TOKEN_KEYS, *traces.COST_KEYS,
)  # fmt: skip
_SPAN = (
    "trace_id", "experiment_id", "span_id", "parent_span_id", "name", "type", "status",
    "start_time_unix_nano", "end_time_unix_nano", "content", "input_cost", "output_cost", "total_cost",
    "model_name", "model_provider",
)  # fmt: skip
_ASSESSMENT = (
    "assessment_id", "trace_id", "name", "assessment_type", "value", "error", "created_timestamp",
    "last_updated_timestamp", "source_type", "source_id", "run_id", "span_id", "rationale", "overrides",
    "valid", "assessment_metadata", "experiment_id", "trace_timestamp_ms", "aggregate_value",
    "is_numeric_value",
)  # fmt: skip
_LINK = (
    "association_id", "source_type", "source_id", "destination_type", "destination_id", "created_time",
)  # fmt: skip
_DATASET = (
    "dataset_id", "name", "schema", "profile", "digest", "created_time", "last_update_time", "created_by",
    "last_updated_by",
)  # fmt: skip
_RECORD = (
    "dataset_record_id", "dataset_id", "inputs", "outputs", "expectations", "tags", "source", "source_id",
    "source_type", "created_time", "last_update_time", "created_by", "last_updated_by", "input_hash",
)  # fmt: skip


_COLUMNED = frozenset({traces.NAME_TAG, traces.SESSION, traces.TOKEN_USAGE, traces.COSTS})


def trace_rows(found: Sequence[Trace], columned: bool) -> Iterator[Rows]:
    """Rows of traces with all that belongs to them.

    Args:
        found: the traces.
        columned: whether the table has columns of their own for some tags and metadata.
    """
    hidden = _COLUMNED if columned else frozenset()
    yield Rows("trace_info", _TRACE, ("request_id",), [_trace(each) for each in found])
    pair, key = ("key", "value", "request_id"), ("key", "request_id")
    tags = [(name, text, each.id) for each in found for name, text in each.tags.items() if name not in hidden]
    yield Rows("trace_tags", pair, key, tags)
    metadata = [
        (name, text, each.id) for each in found for name, text in each.metadata.items() if name not in hidden
    ]
    yield Rows("trace_request_metadata", pair, key, metadata)
    spans = [_span(each, document) for each in found for document in each.spans]
    yield Rows("spans", _SPAN, ("trace_id", "span_id"), spans)
    judged = [_assessment(each, given) for each in found for given in each.assessments]
    yield Rows("assessments", _ASSESSMENT, ("assessment_id",), judged)
    links = [_link("trace", each.id, "run", run, each.time) for each in found for run in each.runs]
    links += [
        _link("trace", each.id, "prompt_version", prompt, each.time)
        for each in found
        for prompt in each.prompts
    ]
    yield Rows("entity_associations", _LINK, (), links)


def _trace(trace: Trace) -> tuple[Any, ...]:
    numbers = traces.metadata_properties(trace.metadata)
    tokens = (numbers.get(traces.TOKENS + key) for key in traces.TOKEN_KEYS)
    costs = (numbers.get(traces.COST + key) for key in traces.COST_KEYS)
    return (
        trace.id, int(trace.experiment), trace.time, trace.duration, trace.status,
        trace.client_request or None, trace.request_preview or None, trace.response_preview or None,
        trace.tags.get(traces.NAME_TAG), trace.metadata.get(traces.SESSION), *tokens, *costs,
    )  # fmt: skip


def _span(trace: Trace, document: dict[str, Any]) -> tuple[Any, ...]:
    span = read(document)
    return (
        trace.id, int(trace.experiment), span.id, span.parent, span.name, span.type or None,
        span.status.upper(), span.started, span.ended, json.dumps(document, ensure_ascii=False),
        span.input_cost, span.output_cost, span.total_cost, span.model, span.provider,
    )  # fmt: skip


def _assessment(trace: Trace, given: Assessment) -> tuple[Any, ...]:
    number, numeric = traces.judged(given.value) if given.kind != "issue" else (None, False)
    return (
        given.id, trace.id, given.name, given.kind, json.dumps(given.value), _json(given.error),
        given.created, given.updated, given.source_type, given.source_id or None, given.run or None,
        given.span or None, given.rationale or None, given.overrides or None, given.valid,
        _json(given.metadata or None), int(trace.experiment), trace.time,
        number if number is not None and math.isfinite(number) else None, numeric,
    )  # fmt: skip


def dataset_rows(dataset: EvaluationDataset) -> Iterator[Rows]:
    """Rows of an evaluation data set with its records."""
    row = (
        dataset.id, dataset.name, dataset.schema or None, dataset.profile or None, dataset.digest or None,
        dataset.created, dataset.updated, dataset.created_by or None, dataset.updated_by or None,
    )  # fmt: skip
    yield Rows("evaluation_datasets", _DATASET, ("dataset_id",), [row])
    tags = [(dataset.id, key, value) for key, value in dataset.tags.items()]
    yield Rows("evaluation_dataset_tags", ("dataset_id", "key", "value"), ("dataset_id", "key"), tags)
    links = [
        _link("evaluation_dataset", dataset.id, "experiment", each, dataset.created)
        for each in dataset.experiments
    ]
    yield Rows("entity_associations", _LINK, (), links)
    rows = [_record(dataset.id, each) for each in dataset.records]
    yield Rows("evaluation_dataset_records", _RECORD, (), rows)


def _record(dataset: str, record: Record) -> tuple[Any, ...]:
    source = record.source if isinstance(record.source, dict) else {}
    kind, data = source.get("source_type"), source.get("source_data") or {}
    told = data.get("trace_id" if kind == "TRACE" else "source_id")
    hashed = hashlib.sha256(json.dumps(record.inputs, sort_keys=True).encode()).hexdigest()
    outputs = {"mlflow_wrapped": {} if record.outputs is None else record.outputs}
    return (
        record.id, dataset, json.dumps(record.inputs), json.dumps(outputs), json.dumps(record.expectations),
        json.dumps(record.tags), json.dumps(record.source), told, kind, record.created, record.updated,
        record.created_by or None, record.updated_by or None, hashed,
    )  # fmt: skip


def scorer_rows(scorer: Scorer) -> Iterator[Rows]:
    """Rows of a scorer with its versions."""
    columns = ("experiment_id", "scorer_name", "scorer_id")
    yield Rows("scorers", columns, ("scorer_id",), [(int(scorer.experiment), scorer.name, scorer.id)])
    rows = [(scorer.id, number, text, created) for number, text, created in scorer.versions]
    columns_of_version = ("scorer_id", "scorer_version", "serialized_scorer", "creation_time")
    yield Rows("scorer_versions", columns_of_version, ("scorer_id", "scorer_version"), rows)


def _link(kind: str, number: str, to: str, other: str, at: int) -> tuple[Any, ...]:
    made = hashlib.md5(f"{kind}\n{number}\n{to}\n{other}".encode(), usedforsecurity=False).hexdigest()
    return f"a-{made}", kind, number, to, other, at


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value)

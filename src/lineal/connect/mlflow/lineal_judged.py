"""Traces, evaluation data sets and scorers of Lineal's as records."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from lineal.client import Client
from lineal.connect.lookup import find_all
from lineal.connect.mlflow import spans
from lineal.connect.mlflow.records import Assessment, EvaluationDataset, Record, Scorer, Trace
from lineal.graph.mlflow import evaluation, names, traces
from lineal.graph.model import ById, Entity, Properties
from lineal.graph.query import Compare, ExternalId, attribute

Home = Callable[[Entity], str]
"""Answers the id of the experiment in which an entity is at home."""


def traces_of(client: Client, page: Sequence[Entity], home: Home) -> list[Trace]:
    """Traces with spans, assessments and the runs that they were linked to."""
    there = [each for each in page if "status" in each.properties]
    inside = attribute("home", "in", [each.id for each in there])
    judged: defaultdict[int | None, list[Assessment]] = defaultdict(list)
    found = find_all(client, "assessment", inside, ("properties", "external"), "active") if there else []
    for each in found:
        judged[each.home].append(_assessment(each))
    return [_trace(client, each, home(each), judged[each.id]) for each in there]


def _trace(client: Client, entity: Entity, experiment: str, judged: list[Assessment]) -> Trace:
    own, number = entity.properties, names.outside_id(entity, traces.TRACE) or f"tr-{entity.uuid}"
    begun = entity.created if entity.started is None else entity.started
    metadata = traces.metadata_of(own)
    return Trace(
        number,
        experiment,
        begun,
        None if entity.ended is None else entity.ended - begun,
        _text(own, "status"),
        _text(own, "client_request_id"),
        _text(own, "request_preview"),
        _text(own, "response_preview"),
        traces.tags_of(own),
        metadata,
        sorted(judged, key=lambda each: (each.created, each.id)),
        [spans.write(each, number) for each in client.spans(ById(entity.id))],
        _runs(client, entity, metadata.get(traces.SOURCE_RUN)),
        sorted(key.removeprefix(traces.PROMPT) for key in own if key.startswith(traces.PROMPT)),
    )


def _runs(client: Client, trace: Entity, maker: str | None) -> list[str]:
    """Runs that a trace was linked to, beside the one that made it."""
    around = client.around(ById(trace.id))
    runs = {each.id: each.uuid for each in around.neighbours if each.kind == "run"}
    linked = [edge.source for edge in around.edges if edge.kind == "output" and edge.source in runs]
    found = (names.run_id(client.get(ById(each), ("external",))) for each in linked)
    return sorted(each for each in found if each != maker)


def _assessment(entity: Entity) -> Assessment:
    own = entity.properties
    return Assessment(
        names.outside_id(entity, traces.ASSESSMENT) or f"a-{entity.uuid}",
        entity.name,
        _text(own, "type") or "feedback",
        json.loads(_text(own, "value") or "null"),
        own.get("error"),
        entity.created,
        entity.updated,
        _text(own, "source_type"),
        _text(own, "source_id"),
        _text(own, "run_id"),
        _text(own, "span_id"),
        _text(own, "rationale"),
        _text(own, "overrides"),
        own.get("valid") is not False,
        {
            key.removeprefix(traces.METADATA): _text(own, key)
            for key in own
            if key.startswith(traces.METADATA)
        },
    )


def datasets_of(client: Client) -> Iterator[EvaluationDataset]:
    """Evaluation data sets with their records."""
    known = Compare(ExternalId(evaluation.DATASET), "is not null")
    for each in find_all(client, "dataset", known, ("properties", "facets", "external"), "active"):
        yield _dataset(client, each)


def _dataset(client: Client, entity: Entity) -> EvaluationDataset:
    own, around = entity.properties, client.around(ById(entity.id))
    homes = {each.id for each in around.neighbours if each.kind == "experiment"}
    members = [edge.source for edge in around.edges if edge.kind == "member" and edge.source in homes]
    experiments = (names.experiment_id(client.get(ById(each), ("external",))) for each in members)
    schema = evaluation.schema_of(entity.facets.get("schema"))
    rows = [_record(each.key, each.created, each.updated, each.document) for each in client.records(entity)]
    updated = own.get(evaluation.UPDATED)
    return EvaluationDataset(
        names.outside_id(entity, evaluation.DATASET) or "",
        entity.name,
        entity.created,
        updated if isinstance(updated, int) else entity.updated,
        entity.owner or "",
        _text(own, evaluation.UPDATED_BY),
        _text(own, evaluation.DIGEST),
        json.dumps({**schema, "version": "1.0"}) if schema is not None else "",
        json.dumps({"num_records": len(rows)}) if rows else "",
        traces.tags_of(own),
        sorted(experiments),
        rows,
    )


def _record(key: str, created: int, updated: int, document: dict[str, Any]) -> Record:
    outputs = document.get("outputs")
    return Record(
        key,
        document.get("inputs") or {},
        None if outputs == {} else outputs,
        document.get("expectations"),
        document.get("tags") or {},
        document.get("source"),
        created,
        updated,
        document.get("created_by") or "",
        document.get("last_updated_by") or "",
    )


def scorers_of(client: Client, home: Home) -> Iterator[Scorer]:
    """Scorers with their versions."""
    for entity in find_all(client, "scorer", None, ("external",), "active"):
        inside = attribute("home", "=", entity.id)
        found = find_all(client, "scorer_version", inside, ("properties", "facets"), "active")
        versions = [
            (
                number,
                str(each.facets.get(evaluation.SCORER_FACET, {}).get(evaluation.SCORER_TEXT, "")),
                each.created,
            )
            for each in found
            if isinstance(number := each.properties.get(evaluation.NUMBER), int)
        ]
        number = names.outside_id(entity, evaluation.SCORER) or entity.uuid
        yield Scorer(number, home(entity), entity.name, sorted(versions))


def _text(properties: Properties, key: str) -> str:
    value = properties.get(key)
    return "" if value is None else str(value)

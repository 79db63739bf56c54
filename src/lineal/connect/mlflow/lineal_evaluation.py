"""Evaluation data sets and scorers into Lineal."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from lineal.client import Client
from lineal.connect.conflicts import is_own
from lineal.connect.difference import difference
from lineal.connect.lookup import PROPERTIES, find_all, there_by_id
from lineal.connect.mlflow.records import EvaluationDataset, Record, Scorer
from lineal.connect.mlflow.translate import Home
from lineal.connect.report import Report
from lineal.connect.writing import Writing
from lineal.graph.change import AnyOperation, PutEdge, PutEntity, PutFacet, PutRecords
from lineal.graph.errors import NotFound
from lineal.graph.mlflow import evaluation, names
from lineal.graph.model import AnyRef, ByExternal, External, Properties
from lineal.graph.query import attribute

_PRODUCER = "mlflow"
_PAGE = 500
_STATE = (evaluation.DIGEST, evaluation.UPDATED)
_CODE = "call_source"
_ADAPTED = "third_party_scorer_data"


class EvaluationWriter:
    """Writes evaluation data sets and scorers.

    Args:
        client, writing, report: of the target.
        home: answers where an experiment of the source is.
    """

    def __init__(
        self, client: Client, writing: Writing, report: Report, home: Callable[[str], Home | None]
    ) -> None:
        self._client, self._writing, self._report, self._home = client, writing, report, home

    def put_dataset(self, dataset: EvaluationDataset) -> None:
        """Write a data set with its records."""
        what, ref = "evaluation data sets", ByExternal(evaluation.DATASET, dataset.id)
        homes = [home for each in dataset.experiments if (home := self._home(each))]
        there = there_by_id(self._client, "dataset", evaluation.DATASET, [dataset.id]).get(dataset.id)
        put = _dataset(dataset, ref, homes[0].namespace if homes else "default")
        change: PutEntity | None = put if there is None else difference(put, there, _is_own)
        if there is not None and change is not None and not is_own(self._client, there):
            self._report.add(what, "kept")
            return
        self._report.add(what, "new" if there is None else "changed" if change else "same")
        if change is None:
            return
        # What tells the state of the rows comes after them, so that an import that was cut off is seen to be so.
        first = {key: value for key, value in change.properties.items() if key not in _STATE}
        operations: list[AnyOperation] = [msgspec.structs.replace(change, properties=first)]
        operations += [PutEdge("member", home.ref, ref) for home in homes]
        self._writing.add(what, dataset.id, [*operations, *_facets(dataset, ref)])
        for start in range(0, len(dataset.records), _PAGE):
            rows = dataset.records[start : start + _PAGE]
            documents = {evaluation.record_key(dataset.id, row.inputs): _document(row) for row in rows}
            self._writing.add(what, dataset.id, [PutRecords(ref, documents)])
        self._writing.add(what, dataset.id, [change])

    def put_scorer(self, scorer: Scorer) -> None:
        """Write a scorer with its versions, but for those that bring code along."""
        home = self._home(scorer.experiment)
        if home is None:
            self._report.failed("scorers", scorer.name, f"its experiment {scorer.experiment} is gone")
            return
        kept = [each for each in scorer.versions if _is_harmless(each[1])]
        if len(kept) < len(scorer.versions):
            why = "it holds code, or says where requests go; whoever loads it would run that"
            self._report.problem("scorers", scorer.name, why)
        if not kept:
            self._report.add("scorers", "failed")
            return
        ref = self._scorer_ref(scorer, home)
        known = self._versions(ref)
        fresh = [each for each in kept if each[0] not in known]
        self._report.add("scorers", "same" if not fresh else "changed" if known else "new")
        if fresh:
            self._writing.add("scorers", scorer.name, list(_scorer(scorer, ref, home, fresh)))

    def _scorer_ref(self, scorer: Scorer, home: Home) -> ByExternal:
        """The address of a scorer, which of servers is told without its id."""
        assert isinstance(home.ref, ByExternal)
        by_name = ByExternal(evaluation.SCORER_NAME, f"{home.ref.id}/{scorer.name}")
        return ByExternal(evaluation.SCORER, scorer.id) if scorer.id else by_name

    def _versions(self, ref: AnyRef) -> set[Any]:
        """Numbers of the versions that are there."""
        try:
            scorer = self._client.get(ref, ())
        except NotFound:
            return set()
        inside = attribute("home", "=", scorer.id)
        found = find_all(self._client, "scorer_version", inside, PROPERTIES)
        return {each.properties.get(evaluation.NUMBER) for each in found}


def _is_own(key: str) -> bool:
    return key in (evaluation.DIGEST, evaluation.UPDATED_BY) or key.startswith(names.TAG)


def _dataset(dataset: EvaluationDataset, ref: AnyRef, namespace: str) -> PutEntity:
    own = {
        evaluation.DIGEST: dataset.digest,
        evaluation.UPDATED: dataset.updated,
        evaluation.UPDATED_BY: dataset.updated_by,
    }
    given = _given(own)
    return PutEntity(
        ref,
        kind="dataset",
        namespace=namespace,
        name=dataset.name,
        owner=dataset.created_by or None,
        created=dataset.created,
        updated=dataset.updated,
        properties=given | names.prefixed(names.TAG, dataset.tags),
    )


def _given(values: dict[str, Any]) -> Properties:
    return {key: value for key, value in values.items() if value}


def _facets(dataset: EvaluationDataset, ref: AnyRef) -> Iterator[PutFacet]:
    if dataset.schema:
        schema = msgspec.json.decode(dataset.schema)
        yield PutFacet(ref, "schema", evaluation.facet_of(schema), _PRODUCER)
    if dataset.records:
        yield PutFacet(ref, "statistics", {"row_count": len(dataset.records)}, _PRODUCER)


def _document(row: Record) -> dict[str, Any]:
    source = row.source if isinstance(row.source, dict) else None
    data = (source or {}).get("source_data") or {}
    key = "trace_id" if (source or {}).get("source_type") == "TRACE" else "source_id"
    told = {
        "inputs": row.inputs,
        "outputs": {} if row.outputs is None else row.outputs,
        "expectations": row.expectations,
        "tags": row.tags,
        "source": source,
        "source_id": data.get(key),
        "created_by": row.created_by or None,
        "last_updated_by": row.updated_by or None,
    }
    return {part: value for part, value in told.items() if value is not None}


def _scorer(
    scorer: Scorer, ref: ByExternal, home: Home, versions: list[tuple[int, str, int]]
) -> Iterator[AnyOperation]:
    assert isinstance(home.ref, ByExternal)
    by_name = External(evaluation.SCORER_NAME, f"{home.ref.id}/{scorer.name}")
    yield PutEntity(
        ref,
        kind="scorer",
        namespace=home.namespace,
        name=scorer.name,
        home=home.ref,
        created=versions[0][2],
        external=[by_name],
    )
    for number, text, created in versions:
        version = ByExternal(evaluation.SCORER_VERSION, f"{scorer.id or ref.id}/{number}")
        yield PutEntity(
            version,
            kind="scorer_version",
            namespace=home.namespace,
            name=scorer.name,
            home=ref,
            created=created,
            properties={evaluation.NUMBER: number},
        )
        yield PutEdge("version", ref, version)
        yield PutFacet(version, evaluation.SCORER_FACET, {evaluation.SCORER_TEXT: text}, _PRODUCER)


def _is_harmless(text: str) -> bool:
    """Whether a serialized scorer is plain data: what would run code, or send requests where it says, is not."""
    try:
        waiting: list[Any] = [json.loads(text)]
    except (ValueError, RecursionError):
        return False
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if each.get(_CODE) is not None or (each.get(_ADAPTED) or {}).get("kwargs"):
                return False
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
    return True

"""Traces into Lineal, each with its spans and assessments in one commit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from lineal.client import Client
from lineal.connect.conflicts import is_own
from lineal.connect.difference import difference
from lineal.connect.lookup import there_by_id
from lineal.connect.mlflow import spans
from lineal.connect.mlflow.records import Assessment, Trace
from lineal.connect.mlflow.translate import Home
from lineal.connect.report import Report
from lineal.connect.writing import Writing
from lineal.graph.change import AnyOperation, PutEdge, PutEntity, PutSpans
from lineal.graph.errors import Invalid
from lineal.graph.mlflow import names, traces
from lineal.graph.model import AnyRef, ByUuid, Entity, Properties

_SYSTEM_TAGS = frozenset({
    traces.LOCATION_TAG, traces.SPANS_TAG, "mlflow.trace.archiveLocation", "mlflow.trace.archivalFailure",
})  # fmt: skip
_OWN = frozenset({"status", "client_request_id", "request_preview", "response_preview"})
_PREFIXES = (names.TAG, traces.METADATA, traces.TOKENS, traces.COST)


class TraceWriter:
    """Writes traces.

    Args:
        client, writing, report: of the target.
        home: answers where an experiment of the source is.
    """

    def __init__(
        self, client: Client, writing: Writing, report: Report, home: Callable[[str], Home | None]
    ) -> None:
        self._client, self._writing, self._report, self._home = client, writing, report, home

    def put(self, found: Sequence[Trace]) -> None:
        """Write some traces."""
        stored = there_by_id(self._client, "trace", traces.TRACE, {each.id for each in found})
        judged = {each.id for trace in found for each in trace.assessments}
        assessments = there_by_id(self._client, "assessment", traces.ASSESSMENT, judged)
        runs = there_by_id(self._client, "run", names.RUN, {run for each in found for run in _runs_of(each)})
        logged = {each.metadata.get(traces.MODEL_ID, "") for each in found} - {""}
        models = there_by_id(self._client, "logged_model", names.MODEL, logged)
        for trace in found:
            home = self._home(trace.experiment)
            if home is None:
                self._report.failed("traces", trace.id, f"its experiment {trace.experiment} is gone")
                continue
            try:
                made = [each for run in _runs_of(trace) if (each := runs.get(run))]
                edges = [PutEdge("output", ByUuid(run.uuid), traces.trace_ref(trace.id)) for run in made]
                model = models.get(trace.metadata.get(traces.MODEL_ID, ""))
                if model is not None:
                    edges.append(PutEdge("derived", ByUuid(model.uuid), traces.trace_ref(trace.id)))
                self._put(trace, home, stored.get(trace.id), assessments, edges)
            except Invalid as error:
                self._report.failed("traces", trace.id, str(error))

    def _put(
        self,
        trace: Trace,
        home: Home,
        there: Entity | None,
        assessments: Mapping[str, Entity],
        edges: Sequence[PutEdge],
    ) -> None:
        put, ref = _trace(trace, home), traces.trace_ref(trace.id)
        steps = [spans.read(each) for each in trace.spans]
        change: PutEntity | None = put if there is None else difference(put, there, _is_own)
        operations: list[AnyOperation] = []
        if there is not None and change is not None and not is_own(self._client, there):
            self._report.add("traces", "kept")
        else:
            self._report.add("traces", "new" if there is None else "changed" if change else "same")
            operations += [change] if change else []
            if steps and change is not None:
                operations.append(PutSpans(ref, steps))
        for each in trace.assessments:
            operations += self._judge(each, trace, home, assessments.get(each.id))
        self._writing.add("traces", trace.id, [*operations, *edges])

    def _judge(
        self, given: Assessment, trace: Trace, home: Home, there: Entity | None
    ) -> Iterator[AnyOperation]:
        put = _assessment(given, trace, home)
        change = put if there is None else difference(put, there, lambda key: True)
        if there is not None and change is not None and not is_own(self._client, there):
            self._report.add("assessments", "kept")
            return
        self._report.add("assessments", "new" if there is None else "changed" if change else "same")
        if change is not None:
            yield change


def _runs_of(trace: Trace) -> list[str]:
    """Runs that made the trace or were linked to it."""
    made = trace.metadata.get(traces.SOURCE_RUN)
    return list(dict.fromkeys([*([made] if made else []), *trace.runs]))


def _is_own(key: str) -> bool:
    return key in _OWN or key.startswith(_PREFIXES)


def _trace(trace: Trace, home: Home) -> PutEntity:
    own = {
        "client_request_id": trace.client_request,
        "request_preview": trace.request_preview,
        "response_preview": trace.response_preview,
    }
    tags = {key: value for key, value in trace.tags.items() if key not in _SYSTEM_TAGS}
    if trace.spans:
        tags[traces.SPANS_TAG] = traces.SPANS_HERE
    given: Properties = {key: value for key, value in own.items() if value}
    prompts: Properties = {traces.PROMPT + each: True for each in trace.prompts}
    return PutEntity(
        traces.trace_ref(trace.id),
        kind="trace",
        namespace=home.namespace,
        name=trace.tags.get(traces.NAME_TAG) or trace.id,
        home=home.ref,
        created=trace.time,
        updated=trace.time + (trace.duration or 0),
        started=trace.time,
        ended=None if trace.duration is None else trace.time + trace.duration,
        properties={
            "status": trace.status,
            **given,
            **prompts,
            **names.prefixed(names.TAG, tags),
            **traces.metadata_properties(trace.metadata),
        },
    )


def _assessment(given: Assessment, trace: Trace, home: Home) -> PutEntity:
    number, numeric = traces.judged(given.value) if given.kind != "issue" else (None, False)
    own = {
        "type": given.kind,
        "value": json.dumps(given.value, ensure_ascii=False),
        "number": number,
        "numeric": numeric or None,
        "error": given.error,
        "valid": given.valid,
        "source_type": given.source_type or "SOURCE_TYPE_UNSPECIFIED",
        "source_id": given.source_id or None,
        "span_id": given.span or None,
        "run_id": given.run or None,
        "rationale": given.rationale or None,
        "overrides": given.overrides or None,
    }
    ref: AnyRef = traces.assessment_ref(given.id)
    found: Properties = {key: value for key, value in own.items() if value is not None}
    return PutEntity(
        ref,
        kind="assessment",
        namespace=home.namespace,
        name=given.name,
        home=traces.trace_ref(trace.id),
        created=given.created,
        updated=given.updated,
        started=trace.time,
        properties=found | names.prefixed(traces.METADATA, given.metadata),
    )

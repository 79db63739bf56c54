"""The shapes of MLflow's messages about traces, spans and assessments."""

# ruff: noqa: D101 (a message without a docstring is that of the same name in MLflow's definitions)
# ruff: noqa: RUF012 (a struct copies its mutable defaults)

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from lineal.protocols.mlflow.wire import Answer, Int64, Message, Pair, Text

Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


# Assessments


class Source(Message):
    source_type: int | str = 0
    source_id: str | None = None


class AssessmentError(Message, omit_defaults=True):
    error_code: str = ""
    error_message: str | None = None
    stack_trace: str | None = None


class Feedback(Message):
    value: Any = None
    error: AssessmentError | None = None


class SerializedValue(Message):
    serialization_format: str = ""
    value: str = ""


class Expectation(Message):
    value: Any = None
    serialized_value: SerializedValue | None = None


class IssueReference(Message):
    issue_name: str = ""


class AssessmentIn(Message):
    """An assessment as it arrives."""

    assessment_id: str = ""
    assessment_name: str = ""
    trace_id: str = ""
    span_id: str = ""
    source: Source | None = None
    create_time: str = ""
    last_update_time: str = ""
    feedback: Feedback | None = None
    expectation: Expectation | None = None
    issue: IssueReference | None = None
    rationale: str | None = None
    error: AssessmentError | None = None
    metadata: dict[str, str] = {}
    overrides: str = ""
    valid: bool = True


class CreateAssessment(Message):
    assessment: AssessmentIn


class UpdateAssessment(Message):
    assessment: AssessmentIn
    update_mask: Text


class Assessment(Answer):
    """An assessment as it is shown."""

    assessment_id: str
    assessment_name: str
    trace_id: str
    source: dict[str, str]
    create_time: str
    last_update_time: str
    valid: bool
    span_id: str = ""
    feedback: dict[str, Any] | None = None
    expectation: dict[str, Any] | None = None
    issue: dict[str, str] | None = None
    rationale: str | None = None
    metadata: dict[str, str] = {}
    overrides: str = ""


# Traces


class ExperimentLocation(Message):
    experiment_id: str = ""


class Location(Message):
    mlflow_experiment: ExperimentLocation | None = None


class TraceInfoIn(Message):
    """What a client tells of a trace."""

    trace_id: str = ""
    client_request_id: str | None = None
    trace_location: Location | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    request_time: str = ""
    execution_duration: str | None = None
    state: int | str = 0
    trace_metadata: dict[str, str] = {}
    assessments: list[AssessmentIn] = []
    tags: dict[str, str] = {}


class TraceIn(Message):
    trace_info: TraceInfoIn | None = None


class StartTraceV3(Message):
    trace: TraceIn


class GetTrace(Message):
    trace_id: Text
    allow_partial: bool = False


class TraceIds(Message):
    """Of batchGet and batchGetInfos."""

    trace_ids: Annotated[list[str], msgspec.Meta(min_length=1)]
    experiment_ids: list[str] | None = None


class SearchTracesV3(Message):
    locations: list[Location]
    filter: str = ""
    max_results: Int32 = 100
    order_by: list[str] = []
    page_token: str = ""


class SetTraceTag(Message):
    key: Text
    value: str = ""


class DeleteTraceTag(Message):
    key: Text


class DeleteTraces(Message):
    experiment_id: Text
    max_timestamp_millis: Int64 | None = None
    max_traces: Int32 | None = None
    request_ids: list[str] = []


class LinkTracesToRun(Message):
    trace_ids: Annotated[list[str], msgspec.Meta(min_length=1)]
    run_id: Text


class PromptVersionRef(Message):
    name: Text
    version: Text


class LinkPromptsToTrace(Message):
    trace_id: Text
    prompt_versions: Annotated[list[PromptVersionRef], msgspec.Meta(min_length=1)]


class CalculateTraceFilterCorrelation(Message):
    experiment_ids: Annotated[list[str], msgspec.Meta(min_length=1)]
    filter_string1: Text
    filter_string2: Text
    base_filter: str | None = None


class MetricAggregation(Message):
    aggregation_type: int | str
    percentile_value: float | None = None


class QueryTraceMetrics(Message):
    experiment_ids: Annotated[list[str], msgspec.Meta(min_length=1)]
    view_type: int | str
    metric_name: Text
    aggregations: Annotated[list[MetricAggregation], msgspec.Meta(min_length=1)]
    dimensions: list[str] = []
    filters: list[str] = []
    time_interval_seconds: Int64 | None = None
    start_time_ms: Int64 | None = None
    end_time_ms: Int64 | None = None
    max_results: Int32 | None = None
    page_token: str = ""


class TraceInfo(Answer):
    """A trace as it is shown."""

    trace_id: str
    trace_location: dict[str, Any]
    request_time: str
    state: str
    client_request_id: str | None = None
    execution_duration: str | None = None
    request_preview: str | None = None
    response_preview: str | None = None
    trace_metadata: dict[str, str] = {}
    assessments: list[Assessment] = []
    tags: dict[str, str] = {}


class Trace(Answer):
    trace_info: msgspec.Raw
    spans: list[dict[str, Any]] = []


class Traces(Answer):
    traces: list[msgspec.Raw] = []
    next_page_token: str = ""


class DataPoint(Answer):
    metric_name: str
    dimensions: dict[str, str] = {}
    values: dict[str, float] = {}


# The interface before MLflow 3


class StartTrace(Message):
    experiment_id: Text
    timestamp_ms: Int64 = 0
    request_metadata: list[Pair] = []
    tags: list[Pair] = []


class EndTrace(Message):
    timestamp_ms: Int64 = 0
    status: int | str = 0
    request_metadata: list[Pair] = []
    tags: list[Pair] = []


class SearchTraces(Message):
    experiment_ids: Annotated[list[str], msgspec.Meta(min_length=1)]
    filter: str = ""
    max_results: Int32 = 100
    order_by: list[str] = []
    page_token: str = ""


class TraceInfoV2(Answer):
    request_id: str
    experiment_id: str
    timestamp_ms: int
    execution_time_ms: int
    status: str
    request_metadata: list[Pair] = []
    tags: list[Pair] = []


class TracesV2(Answer):
    traces: list[TraceInfoV2] = []
    next_page_token: str = ""

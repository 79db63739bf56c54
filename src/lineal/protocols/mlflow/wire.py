"""The shapes of MLflow's messages, as its protobuf definitions and its JSON form them.

Fields without a default are required. Output structs leave out what has its default, as MLflow does.
"""

# ruff: noqa: D101 (a message without a docstring is that of the same name in MLflow's definitions)

from __future__ import annotations

from typing import Annotated

import msgspec

Text = Annotated[str, msgspec.Meta(min_length=1)]
"""A required string: MLflow takes an empty one for a missing one."""
Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
Time = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Number = float | str
"""A double on its way out; NaN and the infinities travel as text."""


class Message(msgspec.Struct, gc=False):
    """Base of what arrives."""


class Answer(msgspec.Struct, omit_defaults=True):
    """Base of what is sent."""


class Pair(Message):
    """A tag or a parameter."""

    key: Text
    value: str = ""


# Experiments


class CreateExperiment(Message):
    name: Text
    artifact_location: str = ""
    tags: list[Pair] = []


class ExperimentId(Message):
    """Of get, delete and restore."""

    experiment_id: Text


class ExperimentName(Message):
    experiment_name: Text


class UpdateExperiment(Message):
    experiment_id: Text
    new_name: Text


class SetExperimentTag(Message):
    experiment_id: Text
    key: Text
    value: str = ""


class DeleteExperimentTag(Message):
    experiment_id: Text
    key: Text


class SearchExperiments(Message):
    max_results: Int64 = 0
    page_token: str = ""
    filter: str = ""
    order_by: list[str] = []
    view_type: int | str = 1


class SearchDatasets(Message):
    experiment_ids: list[str] = []


class Experiment(Answer):
    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    last_update_time: int
    creation_time: int
    tags: list[Pair] = []
    workspace: str = ""


class Experiments(Answer):
    experiments: list[Experiment] = []
    next_page_token: str = ""


class DatasetSummary(msgspec.Struct, frozen=True, omit_defaults=True):
    experiment_id: str
    name: str
    digest: str
    context: str = ""


# Runs


class CreateRun(Message):
    experiment_id: str = "0"
    user_id: str = ""
    run_name: str = ""
    start_time: Int64 = 0
    tags: list[Pair] = []


class RunId(Message):
    """Of get, delete and restore."""

    run_id: Text


class UpdateRun(Message):
    run_id: Text
    status: int | str | None = None
    end_time: Int64 | None = None
    run_name: str | None = None


class SearchRuns(Message):
    experiment_ids: list[str] = []
    filter: str = ""
    run_view_type: int | str = 1
    max_results: Annotated[int, msgspec.Meta(ge=-(2**31), le=50_000)] = 1000
    order_by: list[str] = []
    page_token: str = ""


class SetTag(Message):
    """Also of log-parameter."""

    run_id: Text
    key: Text
    value: str = ""


class DeleteTag(Message):
    run_id: Text
    key: Text


class LogMetric(Message):
    run_id: Text
    key: Text
    value: float
    timestamp: Time
    step: Int64 = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class MetricIn(Message):
    key: Text
    value: float
    timestamp: Time
    step: Int64 = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class LogBatch(Message):
    run_id: Text
    metrics: list[MetricIn] = []
    params: list[Pair] = []
    tags: list[Pair] = []


class LogModel(Message):
    run_id: Text
    model_json: Text


class Dataset(Message, omit_defaults=True):
    name: Text
    digest: Text
    source_type: str = ""
    source: str = ""
    schema: str | None = None
    profile: str | None = None


class InputTag(Message):
    key: str = ""
    value: str = ""


class DatasetInput(Message):
    dataset: Dataset
    tags: list[InputTag] = []


class ModelInput(Message):
    model_id: Text


class ModelOutput(Message):
    model_id: Text
    step: Int64 = 0


class LogInputs(Message):
    run_id: Text
    datasets: list[DatasetInput] = []
    models: list[ModelInput] = []


class LogOutputs(Message):
    run_id: Text
    models: Annotated[list[ModelOutput], msgspec.Meta(min_length=1)]


class RunInfo(Answer):
    run_id: str
    run_uuid: str
    run_name: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int
    artifact_uri: str
    lifecycle_stage: str
    end_time: int | None = None


class Metric(Answer):
    key: str
    value: Number
    timestamp: int
    step: int
    dataset_name: str = ""
    dataset_digest: str = ""
    model_id: str = ""
    run_id: str = ""


class RunData(Answer):
    metrics: list[Metric] = []
    params: list[Pair] = []
    tags: list[Pair] = []


class RunInputs(Answer):
    dataset_inputs: list[DatasetInput] = []
    model_inputs: list[ModelInput] = []


class RunOutputs(Answer):
    model_outputs: list[ModelOutput] = []


class Run(Answer):
    info: RunInfo
    data: RunData
    inputs: RunInputs
    outputs: RunOutputs


class Runs(Answer):
    runs: list[msgspec.Raw] = []
    next_page_token: str = ""


# Metrics


class GetHistory(Message):
    run_id: Text
    metric_key: Text
    page_token: str = ""
    max_results: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)] | None = None


class GetHistoryInterval(Message):
    run_ids: Annotated[list[str], msgspec.Meta(min_length=1)]
    metric_key: Text
    start_step: Int64 | None = None
    end_step: Int64 | None = None
    max_results: Int64 = 2500


class Metrics(Answer):
    metrics: list[Metric] = []
    next_page_token: str = ""


# Logged models


class CreateLoggedModel(Message):
    experiment_id: Text
    name: str | None = None
    model_type: str = ""
    source_run_id: str = ""
    params: list[Pair] = []
    tags: list[Pair] = []


class FinalizeLoggedModel(Message):
    status: int | str


class LoggedModelParams(Message):
    params: list[Pair] = []


class LoggedModelTags(Message):
    tags: list[Pair] = []


class DatasetScope(Message):
    dataset_name: str = ""
    dataset_digest: str = ""


class OrderBy(Message):
    field_name: str = ""
    ascending: bool = True
    dataset_name: str = ""
    dataset_digest: str = ""


class SearchLoggedModels(Message):
    experiment_ids: Annotated[list[str], msgspec.Meta(min_length=1)]
    filter: str = ""
    datasets: list[DatasetScope] = []
    max_results: Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)] = 50
    order_by: list[OrderBy] = []
    page_token: str = ""


class LoggedModelInfo(Answer):
    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: str
    model_type: str = ""
    source_run_id: str = ""
    tags: list[Pair] = []


class LoggedModelData(Answer):
    params: list[Pair] = []
    metrics: list[Metric] = []


class LoggedModel(Answer):
    info: LoggedModelInfo
    data: LoggedModelData


class LoggedModels(Answer):
    models: list[LoggedModel] = []
    next_page_token: str = ""


# Artifacts


class Paged(Message):
    """A listing: all of it, or a page when a size or the page before is named. The size is Lineal's own."""

    page_token: str = ""
    max_results: int | None = None


class ListArtifacts(Paged, kw_only=True):
    run_id: Text
    path: str | None = None


class ListDirectory(Paged):
    path: str | None = None


class ListModelArtifacts(Paged):
    artifact_directory_path: str | None = None


class FileInfo(Answer):
    path: str
    is_dir: bool
    file_size: int | None = None


class Files(Answer):
    root_uri: str = ""
    files: list[FileInfo] = []
    next_page_token: str = ""


class CreateMultipartUpload(Message):
    path: Text
    num_parts: int = 1


class PartCredential(msgspec.Struct):
    """Where a part of a file is to be sent."""

    url: str
    part_number: int
    headers: dict[str, str] = {}


class MultipartUpload(Answer):
    upload_id: str
    credentials: list[PartCredential]


class UploadedPart(Message):
    part_number: int
    etag: str = ""


class CompleteMultipartUpload(Message):
    path: Text
    parts: list[UploadedPart]
    upload_id: str = ""


class AbortMultipartUpload(Message):
    path: Text
    upload_id: str = ""


class CreatePresignedDownload(Message):
    run_id: Text
    path: Text
    expiration: int | None = None


class CreatePresignedUpload(Message):
    path: Text
    run_id: str = ""
    model_id: str = ""
    expiration: int | None = None


class PresignedDownload(msgspec.Struct):
    presigned_url: str
    file_size: int
    headers: dict[str, str] = {}


class PresignedUpload(msgspec.Struct):
    presigned_url: str
    headers: dict[str, str] = {}


class DownloadLink(msgspec.Struct):
    """A link to a file as the proxy and the registry tell it."""

    url: str
    file_size: int
    headers: dict[str, str] = {}

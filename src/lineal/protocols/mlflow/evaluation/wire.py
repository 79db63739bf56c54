"""The shapes of the messages of evaluation: data sets, scorers, label schemas, review queues, issues."""

# ruff: noqa: D101, RUF012 (a message without a docstring is that of the same name in MLflow's definitions; defaults of
# structs are copied)

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from lineal.protocols.mlflow.wire import Answer, Message, Text

UNSET = msgspec.UNSET
Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]


# Data sets


class CreateDataset(Message):
    """`tags` is JSON text."""

    name: Text
    experiment_ids: list[str] = []
    tags: str = ""


class SearchDatasets(Message):
    experiment_ids: list[str] = []
    filter_string: str = ""
    max_results: Int32 = 1000
    order_by: list[str] = []
    page_token: str = ""


class DatasetTags(Message):
    tags: Text


class DatasetExperiments(Message):
    experiment_ids: list[str] = []


class PutRecords(Message):
    """`records` is JSON text."""

    records: Text


class GetRecords(Message):
    max_results: Int32 = 0
    page_token: str = ""


class DeleteRecords(Message):
    dataset_record_ids: list[str] = []


class Dataset(Answer):
    """`tags`, `schema` and `profile` are JSON text."""

    dataset_id: str
    name: str
    tags: str
    digest: str
    created_time: int
    last_update_time: int
    schema: str | None = None
    profile: str | None = None
    created_by: str | None = None
    last_updated_by: str | None = None
    experiment_ids: list[str] = []


class Datasets(Answer):
    datasets: list[Dataset] = []
    next_page_token: str = ""


class Records(Answer):
    """`records` is JSON text."""

    records: str
    next_page_token: str = ""


class Put(Answer):
    inserted_count: int
    updated_count: int


# Scorers


class RegisterScorer(Message):
    experiment_id: Text
    name: Text
    serialized_scorer: Text


class ListScorers(Message):
    experiment_id: str = ""
    experiment_ids: list[str] = []


class ScorerName(Message):
    experiment_id: Text
    name: Text


class ScorerVersionName(Message):
    """Of get and delete."""

    experiment_id: Text
    name: Text
    version: Int32 | None = None


class ScorerIds(Message):
    scorer_ids: Annotated[list[str], msgspec.Meta(min_length=1)]


class PutOnlineConfig(Message):
    experiment_id: Text
    name: Text
    sample_rate: float
    filter_string: Any = None


class Scorer(Answer):
    """`experiment_id` is left out when 32 bits do not suffice for it."""

    scorer_name: str
    scorer_version: int
    serialized_scorer: str
    creation_time: int
    scorer_id: str
    experiment_id: int | None = None


class Registered(Answer):
    version: int
    scorer_id: str
    experiment_id: str
    name: str
    serialized_scorer: str
    creation_time: int


class Scorers(Answer):
    scorers: list[Scorer] = []


class OnlineConfig(Answer):
    online_scoring_config_id: str
    scorer_id: str
    sample_rate: float
    experiment_id: str
    filter_string: str | None = None


# Label schemas


class PassFail(Message):
    positive_label: str = ""
    negative_label: str = ""


class Categorical(Message):
    options: list[str] = []
    multi_select: bool = False


class Numeric(Message):
    min_value: float | None = None
    max_value: float | None = None


class FreeText(Message):
    max_length: int | None = None


class LabelInput(Message):
    """One of them; of several the last counts, as for protobuf."""

    pass_fail: PassFail | None = None
    categorical: Categorical | None = None
    numeric: Numeric | None = None
    text: FreeText | None = None


class CreateLabelSchema(Message):
    experiment_id: Text
    name: Text
    type: int | str = 0
    input: LabelInput | None = None
    instruction: str | None = None
    enable_comment: bool = False


class LabelSchemaId(Message):
    schema_id: Text


class ExperimentAndName(Message):
    """By which a label schema or a review queue is known."""

    experiment_id: Text
    name: Text


class ListLabelSchemas(Message):
    experiment_id: Text
    max_results: Int32 = 100
    page_token: str = ""


class UpdateLabelSchema(Message):
    schema_id: Text
    name: str | None = None
    instruction: str | None = None
    enable_comment: bool | None = None
    input: LabelInput | None = None


class LabelSchema(Answer):
    schema_id: str
    experiment_id: str
    name: str
    type: str
    enable_comment: bool
    input: dict[str, Any]
    created_at: int
    last_updated_at: int
    is_default: bool
    instruction: str | None = None
    created_by: str | None = None


class LabelSchemas(msgspec.Struct):
    """The token is there even when it is empty."""

    next_page_token: str
    label_schemas: list[LabelSchema] | msgspec.UnsetType = UNSET


# Review queues


class CreateReviewQueue(Message):
    experiment_id: Text
    name: Text
    queue_type: int | str = 0
    users: list[str] = []
    schema_ids: list[str] = []


class UserQueue(Message):
    experiment_id: Text
    user: Text


class QueueId(Message):
    queue_id: Text


class ListReviewQueues(Message):
    experiment_id: Text
    user: str | None = None
    item_id: str | None = None
    max_results: Int32 = 1000
    page_token: str = ""


class UpdateReviewQueue(Message):
    queue_id: Text
    update_users: bool = False
    users: list[str] = []
    update_schema_ids: bool = False
    schema_ids: list[str] = []
    name: str | None = None
    new_owner: str | None = None


class QueueItems(Message):
    """Of adding and removing items."""

    queue_id: Text
    item_type: int | str = 0
    item_ids: list[str] = []


class ListQueueItems(Message):
    queue_id: Text
    status: int | str = 0
    max_results: Int32 = 1000
    page_token: str = ""


class SetItemStatus(Message):
    queue_id: Text
    item_id: Text
    status: int | str = 0
    completed_by: str | None = None


class ReviewQueue(Answer):
    queue_id: str
    experiment_id: str
    name: str
    queue_type: str
    creation_time_ms: int
    last_update_time_ms: int
    created_by: str | None = None
    users: list[str] = []
    schema_ids: list[str] = []


class QueueItem(Answer):
    queue_id: str
    item_type: str
    item_id: str
    status: str
    creation_time_ms: int
    last_update_time_ms: int
    completed_by: str | None = None
    completed_time_ms: int | None = None


class ReviewQueues(msgspec.Struct):
    """The token is there even when it is empty."""

    next_page_token: str
    review_queues: list[ReviewQueue] | msgspec.UnsetType = UNSET


class Items(msgspec.Struct):
    next_page_token: str
    items: list[QueueItem] | msgspec.UnsetType = UNSET


# Issues


class CreateIssue(Message):
    name: Text
    description: Text
    experiment_id: Text
    status: str | None = None
    severity: str | None = None
    root_causes: list[str] = []
    source_run_id: str = ""
    created_by: str = ""
    categories: list[str] = []
    issue_id: str | None = None
    last_seen_timestamp: Any = None
    metadata: Any = None


class UpdateIssue(Message):
    issue_id: Text
    name: str | None = None
    description: str | None = None
    status: str | None = None
    severity: str | None = None
    categories: list[str] | None = None
    last_seen_timestamp: Any = None
    last_updated_by: str = ""
    metadata: Any = None
    delete_metadata_keys: list[str] = []


class SearchIssues(Message):
    experiment_id: str = ""
    filter_string: str = ""
    max_results: Int32 | None = None
    page_token: str = ""
    include_trace_count: bool = False
    name: str | None = None
    statuses: list[str] = []
    severities: list[str] = []
    categories: list[str] = []
    order_by: list[str] = []
    include_total_count: bool = False
    view: str | None = None


class Issue(Answer):
    issue_id: str
    experiment_id: str
    name: str
    description: str
    status: str
    created_timestamp: int
    last_updated_timestamp: int
    last_seen_timestamp: int
    severity: str | None = None
    root_causes: list[str] = []
    source_run_id: str | None = None
    created_by: str | None = None
    categories: list[str] = []
    trace_count: int | None = None
    last_updated_by: str | None = None
    metadata: dict[str, str] = {}


class Issues(msgspec.Struct):
    """The token is there even when it is empty."""

    next_page_token: str
    issues: list[Issue] | msgspec.UnsetType = UNSET
    total_count: int | msgspec.UnsetType = UNSET

"""Marquez's messages, as its clients read them: what has no value is null and not left out."""

from __future__ import annotations

from typing import Any

import msgspec


class Message(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Base of the messages."""


class Id(Message, frozen=True, order=True):
    """A job or a data set by name."""

    namespace: str
    name: str


class VersionId(Message, frozen=True):
    """One version of it."""

    namespace: str
    name: str
    version: str


class Namespace(Message, frozen=True):
    """Where jobs and data sets have their names."""

    name: str
    created_at: str
    updated_at: str
    owner_name: str
    description: str | None
    is_hidden: bool = False


class Source(Message, frozen=True):
    """A system that keeps data."""

    type: str
    name: str
    created_at: str
    updated_at: str
    connection_url: str
    description: str | None


class Tag(Message, frozen=True):
    """A word that data sets, fields and jobs may bear."""

    name: str
    description: str | None


class Field(Message, frozen=True):
    """A field of a data set."""

    name: str
    type: str | None
    tags: list[str]
    description: str | None


class InputField(Message, frozen=True):
    """Of what a field is made."""

    namespace: str
    dataset: str
    field: str
    transformation_description: str | None
    transformation_type: str | None


class ColumnLineage(Message, frozen=True):
    """A field with what it is made of."""

    name: str
    input_fields: list[InputField]
    transformation_description: str | None
    transformation_type: str | None


class DatasetData(Message, frozen=True):
    """A data set as a node of a lineage."""

    id: Id
    type: str
    name: str
    physical_name: str
    created_at: str
    updated_at: str
    namespace: str
    source_name: str
    fields: list[Field]
    tags: list[str]
    last_modified_at: str | None
    last_lifecycle_state: str | None
    description: str | None


class Dataset(DatasetData, frozen=True):
    """A data set."""

    current_version: str | None
    column_lineage: list[ColumnLineage] | None
    facets: dict[str, Any]
    deleted: bool


class DatasetMoment(Message, frozen=True):
    """A version that a run read or wrote, and what was told of this reading or writing."""

    dataset_version_id: VersionId
    facets: dict[str, Any]


class Run(Message, frozen=True):
    """One run of a job."""

    id: str
    created_at: str
    updated_at: str
    nominal_start_time: str | None
    nominal_end_time: str | None
    state: str
    started_at: str | None
    ended_at: str | None
    duration_ms: int | None
    args: dict[str, str]
    job_version: VersionId
    input_dataset_versions: list[DatasetMoment]
    output_dataset_versions: list[DatasetMoment]
    facets: dict[str, Any]


class DatasetVersion(Message, frozen=True):
    """A data set as it was at one time."""

    id: VersionId
    type: str
    name: str
    physical_name: str
    created_at: str
    version: str
    namespace: str
    source_name: str
    fields: list[Field]
    tags: list[str]
    lifecycle_state: str | None
    description: str | None
    current_schema_version: str | None
    created_by_run: Run | None
    facets: dict[str, Any]


class JobData(Message, frozen=True):
    """A job as a node of a lineage."""

    id: Id
    type: str
    name: str
    simple_name: str
    parent_job_name: str | None
    parent_job_uuid: str | None
    created_at: str
    updated_at: str
    namespace: str
    inputs: list[Id]
    outputs: list[Id]
    location: str | None
    description: str | None
    latest_run: Run | None


class JobNode(JobData, frozen=True):
    """The same, as it is within a lineage."""

    current_run_uuid: str | None


class Job(JobData, frozen=True):
    """A job."""

    latest_runs: list[Run] | None
    facets: dict[str, Any]
    current_version: str | None
    labels: list[str]
    tags: list[str]


class JobVersion(Message, frozen=True):
    """A job with one set of inputs and outputs."""

    id: VersionId
    name: str
    created_at: str
    version: str
    namespace: str
    location: str | None
    inputs: list[Id]
    outputs: list[Id]
    latest_run: Run | None


class Edge(Message, frozen=True, order=True):
    """Between two nodes of a lineage."""

    origin: str
    destination: str


class Node(Message, frozen=True):
    """A node of a lineage."""

    id: str
    type: str
    data: Any
    in_edges: list[Edge]
    out_edges: list[Edge]


class FieldInput(Message, frozen=True):
    """Of what a field is made, as a part of a node."""

    namespace: str
    dataset: str
    dataset_version: str | None
    field: str
    transformation_description: str | None
    transformation_type: str | None


class FieldNode(Message, frozen=True):
    """A field as a node of a column lineage."""

    namespace: str
    dataset: str
    dataset_version: str | None
    field: str
    field_type: str
    transformation_description: str | None
    transformation_type: str | None
    input_fields: list[FieldInput]


class SearchResult(Message, frozen=True):
    """A job or data set that was found."""

    type: str
    name: str
    updated_at: str
    namespace: str
    node_id: str


class LineageMetric(Message, frozen=True):
    """How many events of each sort there were in a time."""

    start_interval: str
    end_interval: str
    fail: int
    start: int
    complete: int
    abort: int


class IntervalMetric(Message, frozen=True):
    """How many of a sort there were at the end of a time."""

    start_interval: str
    end_interval: str
    count: int


class JobSummary(Message, frozen=True):
    """A job of a run upstream."""

    namespace: str
    name: str
    version: str


class RunSummary(Message, frozen=True):
    """A run upstream."""

    id: str
    start: str | None
    end: str | None
    status: str


class DatasetSummary(Message, frozen=True):
    """What a run upstream has read."""

    namespace: str
    name: str
    version: str
    produced_by_run_id: str | None


class UpstreamRun(Message, frozen=True):
    """A run upstream with its job and what it has read."""

    job: JobSummary
    run: RunSummary
    inputs: list[DatasetSummary]


# What is sent.


class NamespaceMeta(Message, frozen=True):
    """What to make of a namespace."""

    owner_name: str
    description: str | None = None


class SourceMeta(Message, frozen=True):
    """What to make of a source."""

    type: str
    connection_url: str
    description: str | None = None


class TagMeta(Message, frozen=True):
    """What to make of a tag."""

    description: str | None = None


class FieldMeta(Message, frozen=True):
    """What to make of a field."""

    name: str
    type: str | None = None
    tags: list[str] | None = None
    description: str | None = None


class DatasetMeta(Message, frozen=True):
    """What to make of a data set."""

    type: str
    physical_name: str
    source_name: str
    fields: list[FieldMeta] | None = None
    tags: list[str] | None = None
    description: str | None = None
    run_id: str | None = None
    schema_location: str | None = None


class JobMeta(Message, frozen=True):
    """What to make of a job."""

    type: str
    inputs: list[Id]
    outputs: list[Id]
    location: str | None = None
    description: str | None = None
    run_id: str | None = None
    tags: list[str] | None = None


class RunMeta(Message, frozen=True):
    """What to make of a run."""

    id: str | None = None
    nominal_start_time: str | None = None
    nominal_end_time: str | None = None
    args: dict[str, str | None] | None = None

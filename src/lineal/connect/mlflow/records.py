"""What is moved, as plain values that every source can tell and every target can write.

Times are milliseconds since the epoch. States are `active` or `deleted`. A location is a URI or a path; an empty
one means where the store keeps such files anyway.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from lineal.graph.mlflow.names import MODEL_STATUS
from lineal.graph.model import ACTIVE, Point

DEFAULT_WORKSPACE = "default"


class Tag(msgspec.Struct, frozen=True):
    """A tag of an input."""

    key: str
    value: str


class Dataset(msgspec.Struct, frozen=True):
    """A data set that a run read; `source`, `schema` and `profile` are JSON text."""

    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    schema: str | None = None
    profile: str | None = None


class DatasetInput(msgspec.Struct, frozen=True):
    """A state of a data set that a run read, and what for."""

    dataset: Dataset
    tags: tuple[Tag, ...] = ()


class Experiment(msgspec.Struct):
    """An experiment; `created` and `updated` are unknown to MLflow before 1.29."""

    id: str
    name: str
    location: str = ""
    state: str = ACTIVE
    created: int | None = None
    updated: int | None = None
    tags: dict[str, str] = {}
    workspace: str = DEFAULT_WORKSPACE


class Run(msgspec.Struct):
    """A run without the history of its metrics.

    Attributes:
        made: logged models that it made, each with the step.
        latest: the newest point of each metric, by which one sees whether a history is complete.
    """

    id: str
    experiment: str
    name: str = ""
    user: str = ""
    status: str = "RUNNING"
    started: int | None = None
    ended: int | None = None
    state: str = ACTIVE
    location: str = ""
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    datasets: list[DatasetInput] = []
    read: list[str] = []
    made: list[tuple[str, int]] = []
    latest: dict[str, Point] = {}


class Measure(NamedTuple):
    """A metric of a logged model, with the run that measured it and on what; empty where that is unknown."""

    key: str
    value: float
    time: int
    step: int
    run: str = ""
    dataset: str = ""
    digest: str = ""


class Model(msgspec.Struct):
    """A logged model."""

    id: str
    experiment: str
    name: str
    location: str = ""
    created: int = 0
    updated: int = 0
    status: str = MODEL_STATUS[2]
    message: str = ""
    state: str = ACTIVE
    type: str = ""
    run: str = ""
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    measures: list[Measure] = []


class Version(msgspec.Struct):
    """A version of a registered model.

    Attributes:
        source: as the client gave it, such as `runs:/RUN/model`.
        location: where the files are, if that is another place than `source`.
        model: the logged model that it was made from.
    """

    number: int
    created: int = 0
    updated: int = 0
    description: str = ""
    user: str = ""
    stage: str = "None"
    source: str = ""
    location: str = ""
    run: str = ""
    run_link: str = ""
    model: str = ""
    status: str = "READY"
    message: str = ""
    tags: dict[str, str] = {}


class Registered(msgspec.Struct):
    """A registered model, or a prompt, with its versions.

    Attributes:
        aliases: lead to numbers of versions.
        last: the greatest number ever given to a version, which may be gone.
    """

    name: str
    created: int = 0
    updated: int = 0
    description: str = ""
    tags: dict[str, str] = {}
    aliases: dict[str, int] = {}
    versions: list[Version] = []
    last: int = 0
    workspace: str = DEFAULT_WORKSPACE


class Assessment(msgspec.Struct):
    """A judgement of a trace; `value` and `error` are JSON values."""

    id: str
    name: str
    kind: str
    value: Any = None
    error: Any = None
    created: int = 0
    updated: int = 0
    source_type: str = ""
    source_id: str = ""
    run: str = ""
    span: str = ""
    rationale: str = ""
    overrides: str = ""
    valid: bool = True
    metadata: dict[str, str] = {}


class Trace(msgspec.Struct):
    """A trace; each span is MLflow's own JSON document of it.

    Attributes:
        runs: it was linked to, beside the one in which it was recorded.
        prompts: it was made with, as `NAME/VERSION`.
    """

    id: str
    experiment: str
    time: int
    duration: int | None = None
    status: str = "OK"
    client_request: str = ""
    request_preview: str = ""
    response_preview: str = ""
    tags: dict[str, str] = {}
    metadata: dict[str, str] = {}
    assessments: list[Assessment] = []
    spans: list[dict[str, Any]] = []
    runs: list[str] = []
    prompts: list[str] = []


class Record(msgspec.Struct):
    """A record of an evaluation data set."""

    id: str
    inputs: dict[str, Any]
    outputs: Any = None
    expectations: dict[str, Any] | None = None
    tags: dict[str, str] = {}
    source: Any = None
    created: int = 0
    updated: int = 0
    created_by: str = ""
    updated_by: str = ""


class EvaluationDataset(msgspec.Struct):
    """An evaluation data set with its records."""

    id: str
    name: str
    created: int = 0
    updated: int = 0
    created_by: str = ""
    updated_by: str = ""
    digest: str = ""
    schema: str = ""
    profile: str = ""
    tags: dict[str, str] = {}
    experiments: list[str] = []
    records: list[Record] = []


class Scorer(msgspec.Struct):
    """A scorer of an experiment; each version is its number, its serialized form and when it was registered."""

    id: str
    experiment: str
    name: str
    versions: list[tuple[int, str, int]] = []


def same(one: msgspec.Struct, other: msgspec.Struct) -> bool:
    """Whether two records say the same, NaN being NaN."""
    return _canonical(one) == _canonical(other)


def _canonical(record: msgspec.Struct) -> bytes:
    return msgspec.json.encode(record, order="deterministic")

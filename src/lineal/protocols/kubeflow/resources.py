"""What the Model Registry keeps: every kind of resource, with its fields, as data.

| Model Registry | the graph |
|---|---|
| registered model, version | `model`, `model_version` with an edge `version`: those of MLflow's registry |
| experiment, run | `experiment`, `run`: those of MLflow |
| artifact of a model, document, data set | `artifact`, `document`, `dataset` at home in a version or a run |
| metric, parameter | `metric`, `parameter` at home in a run, which gets the point or `param.NAME` as well |
| serving environment | `serving_environment` |
| inference service | `inference_service` at home in an environment, downstream of its version |
| serve model | `serve_model` at home in an inference service |
| state of an artifact | property `mlmd.state`, which ML Metadata's clients see as well |
| custom property | a text is the property `tag.NAME`, as MLflow's tags are; any other value is `custom.NAME` |
| external id | outside address `kubeflow.KIND`, of every sort of artifact `kubeflow.artifact` |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Shape = Literal["text", "time", "id", "integer", "number", "texts"]


@dataclass(frozen=True)
class Field:
    """A field of a resource.

    Attributes:
        name: in JSON.
        key: of the property that holds it.
        shape: of its value; a `time` and an `id` are integers written as text.
        words: the only values, of an enumeration.
        default: when a new resource does not say.
        required: of a new resource.
        fixed: cannot change.
    """

    name: str
    key: str
    shape: Shape = "text"
    words: tuple[str, ...] = ()
    default: str | None = None
    required: bool = False
    fixed: bool = False


@dataclass(frozen=True)
class Resource:
    """A kind of resource.

    Attributes:
        name: in paths, of one; several are called `plural`.
        title: in messages.
        kind: in the graph.
        fields: besides those that all have.
        parent: the resource that it lies in.
        parent_field: the field that says in which one.
        named: whether a new one must have a name.
        artifact_type: value of the field that tells artifacts apart.
    """

    name: str
    title: str
    kind: str
    fields: tuple[Field, ...] = ()
    parent: str = ""
    parent_field: str = ""
    named: bool = False
    artifact_type: str = ""

    @property
    def plural(self) -> str:
        """In paths, of several."""
        return f"{self.name}s"

    @property
    def external(self) -> str:
        """The protocol under which external ids are addresses; all artifacts have one."""
        return "kubeflow.artifact" if self.artifact_type else f"kubeflow.{self.name}"

    @property
    def by_name(self) -> Mapping[str, Field]:
        """Its own fields by their names."""
        return {field.name: field for field in self.fields}

    @property
    def contained(self) -> bool:
        """Whether there is none without a parent."""
        return any(field.required and field.name == self.parent_field for field in self.fields)


_LIVE = ("LIVE", "ARCHIVED")
_ARTIFACT_STATES = ("UNKNOWN", "PENDING", "LIVE", "MARKED_FOR_DELETION", "DELETED", "ABANDONED", "REFERENCE")
_EXECUTION_STATES = ("UNKNOWN", "NEW", "RUNNING", "COMPLETE", "FAILED", "CACHED", "CANCELED")
LOCATION = "mlmd.location"
"""Marks a data set that stands for the place of artifacts, for ML Metadata's clients as well."""
VERSION_ID, MODEL_ID = "kubeflow.modelVersionId", "kubeflow.registeredModelId"
RUN_STATES = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")
OWNER = Field("owner", "")
"""Who owns an entity is no property of it."""
START, END = Field("startTimeSinceEpoch", "", "time", fixed=True), Field("endTimeSinceEpoch", "", "time")
"""Times of a run are its own, too."""


def _state(words: tuple[str, ...], name: str = "state", default: str | None = None) -> Field:
    return Field(name, f"kubeflow.{name}", words=words, default=default)


def _shared_state(words: tuple[str, ...], name: str = "state", default: str | None = None) -> Field:
    """One that ML Metadata has words for, too."""
    return Field(name, "mlmd.state", words=words, default=default)


def _texts(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name, f"kubeflow.{name}") for name in names)


_URI = Field("uri", "uri")
_ARTIFACT = (_URI, _shared_state(_ARTIFACT_STATES))

MODEL = Resource(
    "registered_model",
    "RegisteredModel",
    "model",
    (
        *_texts("readme", "maturity", "provider", "logo", "license", "licenseLink", "libraryName"),
        Field("language", "kubeflow.language", "texts"),
        Field("tasks", "kubeflow.tasks", "texts"),
        OWNER,
        _state(_LIVE, default="LIVE"),
    ),
    named=True,
)
VERSION = Resource(
    "model_version",
    "ModelVersion",
    "model_version",
    (
        Field("registeredModelId", "", "id", required=True, fixed=True),
        Field("author", "author"),
        _state(_LIVE, default="LIVE"),
    ),
    "registered_model",
    "registeredModelId",
    named=True,
)
EXPERIMENT = Resource(
    "experiment", "Experiment", "experiment", (OWNER, _state(_LIVE, default="LIVE")), named=True
)
RUN = Resource(
    "experiment_run",
    "ExperimentRun",
    "run",
    (
        Field("experimentId", "", "id", required=True, fixed=True),
        START,
        END,
        Field("status", "status", words=RUN_STATES, default="RUNNING"),
        OWNER,
        _state(_LIVE, default="LIVE"),
    ),
    "experiment",
    "experimentId",
)
ENVIRONMENT = Resource("serving_environment", "ServingEnvironment", "serving_environment", named=True)
SERVICE = Resource(
    "inference_service",
    "InferenceService",
    "inference_service",
    (
        Field("registeredModelId", MODEL_ID, "id", required=True, fixed=True),
        Field("servingEnvironmentId", "", "id", required=True, fixed=True),
        Field("modelVersionId", VERSION_ID, "id"),
        Field("runtime", "kubeflow.runtime"),
        _state(("DEPLOYED", "UNDEPLOYED"), "desiredState", "DEPLOYED"),
    ),
    "serving_environment",
    "servingEnvironmentId",
)
SERVE = Resource(
    "serve_model",
    "ServeModel",
    "serve_model",
    (
        Field("modelVersionId", VERSION_ID, "id", required=True, fixed=True),
        _shared_state(_EXECUTION_STATES, "lastKnownState", "UNKNOWN"),
    ),
    "inference_service",
)

MODEL_ARTIFACT = Resource(
    "model_artifact",
    "ModelArtifact",
    "artifact",
    (
        *_texts(
            "modelFormatName", "storageKey", "storagePath", "modelFormatVersion", "serviceAccountName",
            "modelSourceKind", "modelSourceClass", "modelSourceGroup", "modelSourceId", "modelSourceName",
        ),
        *_ARTIFACT,
    ),
    artifact_type="model-artifact",
)  # fmt: skip
DOCUMENT = Resource("doc_artifact", "DocArtifact", "document", _ARTIFACT, artifact_type="doc-artifact")
DATA_SET = Resource(
    "dataset_artifact",
    "DataSet",
    "dataset",
    (
        Field("digest", "digest"),
        Field("sourceType", "source_type"),
        Field("source", "source"),
        *_texts("schema", "profile"),
        *_ARTIFACT,
    ),
    artifact_type="dataset-artifact",
)
METRIC = Resource(
    "metric",
    "Metric",
    "metric",
    (
        Field("value", "value", "number", required=True),
        Field("timestamp", "timestamp", "time"),
        Field("step", "step", "integer"),
        _shared_state(_ARTIFACT_STATES),
    ),
    artifact_type="metric",
)
PARAMETER = Resource(
    "parameter",
    "Parameter",
    "parameter",
    (
        Field("value", "value"),
        Field(
            "parameterType",
            "kubeflow.parameterType",
            words=("string", "number", "boolean", "object"),
            default="string",
        ),
        _shared_state(_ARTIFACT_STATES),
    ),
    artifact_type="parameter",
)

ARTIFACTS = (MODEL_ARTIFACT, DOCUMENT, DATA_SET, METRIC, PARAMETER)
OTHERS = (MODEL, VERSION, EXPERIMENT, RUN, ENVIRONMENT, SERVICE, SERVE)
BY_NAME: Mapping[str, Resource] = MappingProxyType({each.name: each for each in (*OTHERS, *ARTIFACTS)})
BY_TYPE: Mapping[str, Resource] = MappingProxyType({each.artifact_type: each for each in ARTIFACTS})
BY_KIND: Mapping[str, Resource] = MappingProxyType({each.kind: each for each in (*OTHERS, *ARTIFACTS)})

"""What the door serves: every operation with its handler. `operations.toml` tells of all that MLflow publishes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lineal.catalog.session import Session
from lineal.protocols.base import Call, Reply, Route, json_reply
from lineal.protocols.mlflow import (
    admin,
    artifacts,
    errors,
    evaluation,
    experiments,
    logged_models,
    metrics,
    model_search,
    registry,
    runs,
    traces,
    workspace,
)
from lineal.protocols.mlflow.admin.events import MlflowForm
from lineal.protocols.mlflow.operation import Operation

VERSION = "3.18.0"
"""The MLflow whose protocol this is; clients choose by it what they dare to ask."""


def version(call: Call) -> Reply:
    """GET /version."""
    return Reply(200, VERSION.encode(), "text/plain; charset=utf-8")


def server_info(call: Call) -> Reply:
    """GET server-info: what this server can do, also for who has not signed in."""
    means = call.session.means
    return json_reply(
        {
            "store_type": "SqlStore",
            "workspaces_enabled": True,
            "trace_archival_enabled": False,
            "multipart_uploads_enabled": means.parts,
            "multipart_downloads_enabled": means.direct_download,
            "artifact_serving_enabled": True,
            "presigned_upload_run_id_supported": means.direct_upload,
            "presigned_upload_model_id_supported": means.direct_upload,
            "model_artifact_presigned_downloads_supported": means.direct_download,
            "artifacts_presigned_only": False,
            "features_enabled": {"gateway": False, "scheduled_issue_detection": False},
            "tracking_auth": "",
        }
    )


OPERATIONS: tuple[Operation, ...] = (
    Operation("POST", "experiments/create", experiments.create),
    Operation("GET", "experiments/get", experiments.get, inline=True),
    Operation("GET", "experiments/get-by-name", experiments.get_by_name, inline=True),
    Operation("POST", "experiments/search", experiments.search),
    Operation("GET", "experiments/search", experiments.search),
    Operation("POST", "experiments/update", experiments.update),
    Operation("POST", "experiments/delete", experiments.delete),
    Operation("POST", "experiments/restore", experiments.restore),
    Operation("POST", "experiments/set-experiment-tag", experiments.set_tag),
    Operation("POST", "experiments/delete-experiment-tag", experiments.delete_tag),
    Operation("POST", "experiments/search-datasets", experiments.search_datasets),
    Operation("POST", "runs/create", runs.create),
    Operation("GET", "runs/get", runs.get, inline=True),
    Operation("POST", "runs/update", runs.update),
    Operation("POST", "runs/delete", runs.delete),
    Operation("POST", "runs/restore", runs.restore),
    Operation("POST", "runs/search", runs.search),
    Operation("POST", "runs/set-tag", runs.set_tag),
    Operation("POST", "runs/delete-tag", runs.delete_tag),
    Operation("POST", "runs/log-metric", runs.log_metric),
    Operation("POST", "runs/log-parameter", runs.log_param),
    Operation("POST", "runs/log-batch", runs.log_batch),
    Operation("POST", "runs/log-inputs", runs.log_inputs),
    Operation("POST", "runs/outputs", runs.log_outputs),
    Operation("POST", "runs/log-model", runs.log_model),
    Operation("GET", "metrics/get-history", metrics.get_history),
    Operation("GET", "metrics/get-history-bulk-interval", metrics.get_history_bulk_interval),
    Operation("GET", "metrics/get-history-bulk", metrics.get_history_bulk, browser=True),
    Operation("POST", "logged-models", logged_models.create),
    Operation("POST", "logged-models/search", model_search.search),
    Operation("GET", "logged-models/{model_id}", logged_models.get),
    Operation("PATCH", "logged-models/{model_id}", logged_models.finalize),
    Operation("DELETE", "logged-models/{model_id}", logged_models.delete),
    Operation("POST", "logged-models/{model_id}/params", logged_models.log_params),
    Operation("PATCH", "logged-models/{model_id}/tags", logged_models.set_tags),
    Operation("DELETE", "logged-models/{model_id}/tags/{tag_key:path}", logged_models.delete_tag),
    *artifacts.OPERATIONS,
    Operation("GET", "/3.0/mlflow/server-info", server_info, inline=True, public=True),
    *registry.OPERATIONS,
    *traces.OPERATIONS,
    *evaluation.OPERATIONS,
    *admin.OPERATIONS,
)

UNPREFIXED: tuple[Route, ...] = (
    Route("GET", "/version", version, inline=True, public=True),
    Route("POST", "/v1/traces", traces.export, streams=True),
    Route("GET", "/get-artifact", artifacts.get_of_run),
    Route("GET", "/model-versions/get-artifact", registry.get_artifact),
)


class Mlflow:
    """MLflow's tracking protocol over HTTP."""

    name = "mlflow"
    webhook_form = MlflowForm()

    def routes(self) -> Sequence[Route]:
        """Every operation under both prefixes, and those without one."""
        return [*UNPREFIXED, *(route for operation in OPERATIONS for route in _routes(operation))]

    def failure(self, error: Exception, call: Call | None) -> Reply:
        """The error as `error_code` and `message`."""
        return errors.failure(error)

    def seed(self, session: Session) -> None:
        """Make what every MLflow server has; to be called once when a server starts."""
        experiments.seed(session)

    def narrow(self, session: Session, headers: Mapping[str, str]) -> Session:
        """Limit a request to the workspace that it names."""
        return workspace.narrow(session, headers)


def _routes(operation: Operation) -> Iterator[Route]:
    path = operation.path if operation.path.startswith("/") else f"/2.0/mlflow/{operation.path}"
    for prefix in ("/ajax-api",) if operation.browser else ("/api", "/ajax-api"):
        yield Route(
            operation.method,
            prefix + path,
            operation.handler,
            operation.inline,
            operation.streams,
            operation.public,
        )

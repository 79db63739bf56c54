"""Kubeflow's Model Registry as a door of the server, in both of its generations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lineal.catalog.session import Session
from lineal.protocols import tenants
from lineal.protocols.base import Call, Reply, Route
from lineal.protocols.kubeflow import errors, handlers, history
from lineal.protocols.kubeflow.handlers import PREFIX
from lineal.protocols.kubeflow.resources import (
    ARTIFACTS,
    ENVIRONMENT,
    EXPERIMENT,
    MODEL,
    MODEL_ARTIFACT,
    RUN,
    SERVE,
    SERVICE,
    VERSION,
    Resource,
)

Operation = tuple[str, str, handlers.Handler]


def _common() -> Iterator[Operation]:
    for resource in (MODEL, VERSION, ENVIRONMENT, SERVICE):
        yield from _of(resource)
    yield from _of(MODEL_ARTIFACT, handlers.create_artifact(MODEL_ARTIFACT))
    yield "GET", "artifact", handlers.find_one(*ARTIFACTS)
    yield "GET", "artifacts", handlers.get_list(*ARTIFACTS)
    yield "POST", "artifacts", handlers.create_artifact(*ARTIFACTS)
    yield "GET", "artifacts/{id}", handlers.get_artifact
    yield "PATCH", "artifacts/{id}", handlers.patch_artifact
    yield "GET", "registered_models/{id}/versions", handlers.list_in(MODEL, VERSION)
    yield "POST", "registered_models/{id}/versions", handlers.create_in(MODEL, VERSION)
    yield "GET", "model_versions/{id}/artifacts", handlers.list_in(VERSION, *ARTIFACTS)
    yield "POST", "model_versions/{id}/artifacts", handlers.upsert_in(VERSION)
    yield "GET", "serving_environments/{id}/inference_services", handlers.list_in(ENVIRONMENT, SERVICE)
    yield "POST", "serving_environments/{id}/inference_services", handlers.create_in(ENVIRONMENT, SERVICE)
    yield "GET", "inference_services/{id}/serves", handlers.list_in(SERVICE, SERVE)
    yield "POST", "inference_services/{id}/serves", handlers.create_in(SERVICE, SERVE)
    yield "GET", "inference_services/{id}/model", handlers.served_model
    yield "GET", "inference_services/{id}/version", handlers.served_version


def _experiments() -> Iterator[Operation]:
    """What the later generation has no more."""
    yield from _of(EXPERIMENT)
    yield from _of(RUN)
    yield "GET", "experiments/{id}/experiment_runs", handlers.list_in(EXPERIMENT, RUN)
    yield "POST", "experiments/{id}/experiment_runs", handlers.create_in(EXPERIMENT, RUN)
    yield "GET", "experiment_runs/{id}/artifacts", handlers.list_in(RUN, *ARTIFACTS)
    yield "POST", "experiment_runs/{id}/artifacts", handlers.upsert_in(RUN)
    yield "GET", "experiment_runs/metric_history", history.of_all
    yield "GET", "experiment_runs/{id}/metric_history", history.of_run


def _of(resource: Resource, create: handlers.Handler | None = None) -> Iterator[Operation]:
    """The five operations that every sort of resource has."""
    yield "GET", resource.name, handlers.find_one(resource)
    yield "GET", resource.plural, handlers.get_list(resource)
    yield "POST", resource.plural, create or handlers.create(resource)
    yield "GET", f"{resource.plural}/{{id}}", handlers.get_one(resource)
    yield "PATCH", f"{resource.plural}/{{id}}", handlers.patch(resource)


class Kubeflow:
    """Kubeflow's Model Registry over HTTP."""

    name = "kubeflow"

    def routes(self) -> Sequence[Route]:
        """Every operation of `v1alpha3`, and those of them that `v1` has."""
        first = [*_common(), *_experiments()]
        generations = {"v1alpha3": first, "v1": list(_common())}
        return [
            Route(method, f"{PREFIX}/{version}/{path}", handler)
            for version, operations in generations.items()
            for method, path, handler in operations
        ]

    def narrow(self, session: Session, headers: Mapping[str, str]) -> Session:
        """The session as far as the tenant by whose name the server was called."""
        return tenants.narrow(session, headers.get("host", ""))

    def failure(self, error: Exception, call: Call | None) -> Reply:
        """The error as `code` and `message`."""
        return errors.failure(error, call)

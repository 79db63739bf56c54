"""Every operation of Kubeflow's door, asked by somebody who was granted nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lineal.protocols.base import Route
from lineal.testing.protocol import ProtocolSuite, Request, Served, Stored

FIRST = "/api/model_registry/v1alpha3/"
WORDS = {
    "zorblax", "vexillard", "quindle", "mizzlewort", "plonkery", "grobsnap", "fravity", "snorkbert", "hufflet",
    "krindlewax", "oblivate", "tranquix", "wibblestone",
}  # fmt: skip
NAMES = {
    "registered_models": "zorblax",
    "model_versions": "vexillard",
    "experiments": "quindle",
    "experiment_runs": "mizzlewort",
    "serving_environments": "plonkery",
    "inference_services": "grobsnap",
    "model_artifacts": "fravity",
    "artifacts": "hufflet",
}
"""What a resource of each sort is called, by the name of its list."""


class KubeflowDoor(ProtocolSuite):
    """Filled through the first generation, which has all there is, and asked through both."""

    doors = ("kubeflow",)
    telling = 67
    answering = 96

    def fill(self, served: Served) -> Stored:
        owner = served.owner

        def post(path: str, **body: Any) -> str:
            return str(owner.json("POST", FIRST + path, body=body)["id"])

        text = {"oblivate": {"string_value": "krindlewax", "metadataType": "MetadataStringValue"}}
        model = post("registered_models", name="zorblax", externalId="ext-zorblax", customProperties=text)
        version = post("model_versions", name="vexillard", registeredModelId=model, author="snorkbert")
        experiment = post("experiments", name="quindle", owner="snorkbert")
        run = post("experiment_runs", name="mizzlewort", experimentId=experiment)
        environment = post("serving_environments", name="plonkery")
        service = post(
            "inference_services", name="grobsnap", servingEnvironmentId=environment, registeredModelId=model,
            modelVersionId=version, runtime="tranquix",
        )  # fmt: skip
        serve = post(f"inference_services/{service}/serves", name="wibblestone", modelVersionId=version)
        artifact = post(
            f"model_versions/{version}/artifacts",
            artifactType="model-artifact",
            name="fravity",
            uri="s3://hufflet/k",
        )
        metric = post(
            f"experiment_runs/{run}/artifacts", artifactType="metric", name="hufflet", value=1, step=1
        )
        self.made = {
            "registered_models": [model], "model_versions": [version], "experiments": [experiment],
            "experiment_runs": [run], "serving_environments": [environment], "inference_services": [service],
            "model_artifacts": [artifact], "artifacts": [metric, artifact], "serves": [serve],
        }  # fmt: skip
        self.parents = {
            "model_versions": model, "experiment_runs": experiment, "inference_services": environment,
            "model_artifacts": version, "artifacts": run,
        }  # fmt: skip
        return Stored(WORDS, {})

    def requests(self, route: Route, stored: Stored) -> Iterator[Request]:
        plural, _, more = route.path.split("/", 4)[4].partition("/")
        for path in self.paths(route.path, plural):
            if route.method == "GET":
                for query in self.queries(plural):
                    yield Request("GET", path, query)
            else:
                for body in self.bodies(route, plural, more):
                    yield Request(route.method, path, body=body)

    def paths(self, path: str, plural: str) -> list[str]:
        if "{id}" not in path:
            return [path]
        return [path.replace("{id}", number) for number in self.made[plural]]

    def queries(self, plural: str) -> Iterator[dict[str, str]]:
        """No parameters, and what a search by name needs."""
        yield {}
        yield {"filterQuery": "createTimeSinceEpoch > 0", "orderBy": "LAST_UPDATE_TIME", "sortOrder": "DESC"}
        yield {"filterQuery": "name LIKE '%'", "artifactType": "metric"}
        name = NAMES.get(f"{plural}s")
        if name is not None:
            parent = self.parents.get(f"{plural}s")
            yield {"name": name, **({"parentResourceId": parent} if parent else {})}

    def bodies(self, route: Route, plural: str, more: str) -> Iterator[dict[str, Any]]:
        """What may be sent to any of these operations."""
        (model,), (version,), (experiment,) = (
            self.made[each] for each in ("registered_models", "model_versions", "experiments")
        )
        if route.method == "PATCH":
            common: dict[str, Any] = {"description": "changed"}
            if plural != "artifacts":
                yield common
            yield {**common, "artifactType": "metric"} if plural == "artifacts" else common
            return
        new: dict[str, Any] = {"name": f"new {route.path}"}
        needed = {
            "model_versions": {"registeredModelId": model},
            "registered_models/{id}/versions": {"registeredModelId": model},
            "experiment_runs": {"experimentId": experiment},
            "inference_services": {
                "registeredModelId": model, "servingEnvironmentId": self.made["serving_environments"][0],
            },
            "serving_environments/{id}/inference_services": {"registeredModelId": model},
            "inference_services/{id}/serves": {"modelVersionId": version},
        }  # fmt: skip
        operation = f"{plural}/{more}" if more else plural
        body = new | needed.get(operation, {})
        yield (
            {**body, "artifactType": "doc-artifact"}
            if "artifacts" in operation and plural != "model_artifacts"
            else body
        )
        if plural != "model_artifacts":
            yield {"name": NAMES.get(plural, "new"), **needed.get(operation, {})}


class TestKubeflow(KubeflowDoor):
    """On SQLite."""


@pytest.mark.postgres
class TestKubeflowOnPostgres(KubeflowDoor):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url

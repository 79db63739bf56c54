"""Whatever is sent to whatever operation, the server answers in the protocol's shape and never fails."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.protocols.kubeflow.conftest import Registry

from lineal.protocols.kubeflow import door
from lineal.protocols.kubeflow.resources import BY_NAME

ODD: tuple[Any, ...] = (
    None, True, 0, -1, 2**63, 10**400, 1.5, 1e308, "", "x", "1", "-1", "0", "9" * 40, "²", "\ud7ff", "a\0b", "x" * 300,
    [], [None], [[]], {}, {"a": 1}, {"metadataType": "MetadataIntValue"}, {"": {}},
)  # fmt: skip
PARAMETERS = ("name", "externalId", "parentResourceId", "filterQuery", "pageSize", "orderBy", "sortOrder")
MORE = ("nextPageToken", "artifactType", "stepIds")
TEXTS = (
    "",
    "0",
    "-1",
    "x",
    "9" * 40,
    "²",
    "'",
    "`",
    "a.b.c = 1",
    "id = '²'",
    "name IN (",
    "--",
    "e30=",
    "WzEsMiwzXQ==",
)


@pytest.fixture
def numbers(registry: Registry) -> list[str]:
    """Ids of something of most sorts, and of nothing."""
    model, experiment, environment = registry.model(), registry.experiment(), registry.environment()
    version, run = registry.version(model), registry.run(experiment)
    metric = registry.log(run, "metric", "loss", 1)["id"]
    service = registry.post("inference_services", registeredModelId=model, servingEnvironmentId=environment)[
        "id"
    ]
    return [model, experiment, environment, version, run, metric, service, "999999", "x"]


def test_no_parameter_breaks_an_operation(registry: Registry, numbers: list[str]) -> None:
    broken = []
    for route in door.routes():
        if route.method != "GET" or "/v1/" in route.path:
            continue
        for path in {route.path.replace("{id}", number) for number in numbers}:
            for name in (*PARAMETERS, *MORE):
                text = TEXTS[(len(path) + len(name) + len(broken)) % len(TEXTS)]
                answer = registry.send("GET", path, params={name: text})
                if answer.status_code >= 500:
                    broken.append((path, name, text))
    assert broken == []


@pytest.mark.parametrize("text", TEXTS)
def test_no_text_breaks_a_list(registry: Registry, numbers: list[str], text: str) -> None:
    for path in ("registered_models", "artifacts", "experiment_runs/metric_history", "model_version"):
        for name in (*PARAMETERS, *MORE):
            assert registry.send("GET", path, params={name: text}).status_code < 500, (path, name)


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: json.dumps(odd)[:20])
def test_no_value_breaks_a_write(registry: Registry, numbers: list[str], odd: Any) -> None:
    broken = []
    writes = [
        ("POST", f"{each.plural}", each)
        for each in BY_NAME.values()
        if not each.artifact_type and each.name != "serve_model"
    ]
    writes += [("PATCH", f"registered_models/{numbers[0]}", BY_NAME["registered_model"])]
    writes += [("PATCH", f"experiment_runs/{numbers[4]}", BY_NAME["experiment_run"])]
    writes += [
        ("POST", f"experiment_runs/{numbers[4]}/artifacts", each)
        for each in BY_NAME.values()
        if each.artifact_type
    ]
    for method, path, resource in writes:
        fields = {"name", "externalId", "description", "customProperties", "id", *resource.by_name}
        for name in sorted(fields):
            body = {"name": "new", "artifactType": resource.artifact_type, "value": 1, name: odd}
            known = {"name", "artifactType", "value"} if resource.artifact_type else {"name"}
            sent = {key: value for key, value in body.items() if key in known | {name}}
            answer = registry.send(method, path, content=json.dumps(sent).encode())
            if answer.status_code >= 500:
                broken.append((method, path, name, answer.text))
    assert broken == []

"""Whatever is sent to whatever operation, the server answers in the protocol's shape and never fails."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tests.protocols.kubeflow.conftest import Registry, told

from lineal.catalog.catalog import Catalog
from lineal.protocols.kubeflow import door
from lineal.protocols.kubeflow.resources import BY_NAME, OTHERS, SERVE
from lineal.server.app import build_app
from lineal.server.settings import Settings

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


BODIES = {
    "no JSON": (b"{", 400),
    "NaN": (b'{"name": NaN}', 400),
    "infinite": (b'{"name": "m", "customProperties": {"a": {"metadataType": "MetadataDoubleValue", '
                 b'"double_value": 1e999}}}', 400),
    "deep": (b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    "deep value": (b'{"name": "m", "customProperties": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}", 400),
    "a list": (b"[]", 400),
    "not UTF-8": (b'{"name": "\xff"}', 400),
    "nothing": (b"", 400),
    "an unknown field": (b'{"name": "m", "colour": "red"}', 400),
    "a field of the server": (b'{"name": "m", "id": "1"}', 400),
    "a name twice as long": (b'{"name": "' + b"x" * 500 + b'"}', 400),
}  # fmt: skip


@pytest.mark.parametrize("what", BODIES)
def test_bodies_are_refused_in_the_protocols_shape(registry: Registry, what: str) -> None:
    body, status = BODIES[what]
    model = registry.model("there")
    for method, path in (("POST", "registered_models"), ("PATCH", f"registered_models/{model}")):
        for generation in (registry, registry.of("v1")):
            assert told(generation.send(method, path, content=body))[0] == status, (method, path)
    assert registry.found("registered_models") == ["there"]
    assert registry.get(f"registered_models/{model}").get("description") is None


def test_every_list_refuses_sizes_that_are_none(registry: Registry, numbers: list[str]) -> None:
    model, experiment, environment, version, run, _, service, *_ = numbers
    lists = [
        "artifacts",
        "experiment_runs/metric_history",
        *(each.plural for each in OTHERS if each is not SERVE),
    ]
    lists += [
        f"registered_models/{model}/versions", f"experiments/{experiment}/experiment_runs",
        f"serving_environments/{environment}/inference_services", f"model_versions/{version}/artifacts",
        f"experiment_runs/{run}/artifacts", f"inference_services/{service}/serves",
    ]  # fmt: skip
    for path in lists:
        for size in ("-1", "0", "1.5", "9" * 40):
            assert registry.refused("GET", path, pageSize=size)[0] == 400, (path, size)


def test_a_token_of_another_question_is_refused(registry: Registry, numbers: list[str]) -> None:
    run = numbers[4]
    for step in range(3):
        registry.log(run, "metric", "loss", 1, step=step)
    for name in ("one", "two"):
        registry.model(name)
    listed = registry.get("registered_models", pageSize=1)["nextPageToken"]
    history = registry.get(f"experiment_runs/{run}/metric_history", pageSize=1)["nextPageToken"]
    assert listed and history
    assert registry.refused("GET", "registered_models", nextPageToken=history)[0] == 400
    assert registry.refused("GET", "registered_models", nextPageToken=listed, orderBy="CREATE_TIME")[0] == 400
    assert registry.refused("GET", "experiment_runs/metric_history", nextPageToken=listed)[0] == 400
    assert registry.refused("GET", "registered_models", nextPageToken=listed[:-3])[0] == 400


def test_a_giant_body_is_refused(catalog: Catalog) -> None:
    app = build_app(catalog, Settings(max_body=1000))
    with asyncio.Runner() as runner:
        registry = Registry(app, runner)
        for path in ("registered_models", "experiment_runs/1/artifacts"):
            assert registry.refused("POST", path, name="m", description="x" * 1000)[0] == 413
        app.close()

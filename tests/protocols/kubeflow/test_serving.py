"""Serving environments, inference services, and what they serve."""

from __future__ import annotations

from typing import Any

import pytest
from tests.protocols.kubeflow.conftest import Registry


@pytest.fixture
def deployed(registry: Registry) -> dict[str, Any]:
    """A service of a model with two versions."""
    model, environment = registry.model(), registry.environment()
    versions = [registry.version(model, name) for name in ("one", "two")]
    service = registry.post(
        f"serving_environments/{environment}/inference_services",
        name="svc",
        registeredModelId=model,
        runtime="rt",
    )
    return {"model": model, "environment": environment, "versions": versions, "service": service["id"]}


def test_a_service_serves_the_newest_version_or_the_one_that_it_names(
    registry: Registry, deployed: dict[str, Any]
) -> None:
    path = f"inference_services/{deployed['service']}"
    assert registry.get(path)["desiredState"] == "DEPLOYED"
    assert registry.get(f"{path}/model")["id"] == deployed["model"]
    assert registry.get(f"{path}/version")["id"] == deployed["versions"][1]
    for version in deployed["versions"]:
        registry.patch(path, modelVersionId=version)
        assert registry.get(f"{path}/version")["id"] == version
        assert upstream(registry, deployed["service"]) == [version]
    assert registry.refused("PATCH", path, modelVersionId="999999")[0] == 404
    assert registry.refused("PATCH", path, modelVersionId=deployed["model"])[0] == 404
    assert upstream(registry, deployed["service"]) == [deployed["versions"][1]]


def upstream(registry: Registry, number: str) -> list[str]:
    """What the lineage tells to be served by an entity."""
    answer = registry.send("GET", f"/api/v1/lineage/{number}", params={"direction": "up", "depth": 1})
    return sorted(str(each["source"]) for each in answer.json()["edges"])


def test_a_model_without_versions_serves_none(registry: Registry) -> None:
    model, environment = registry.model(), registry.environment()
    service = registry.post("inference_services", registeredModelId=model, servingEnvironmentId=environment)
    assert registry.refused("GET", f"inference_services/{service['id']}/version")[0] == 404


def test_services_of_an_environment(registry: Registry, deployed: dict[str, Any]) -> None:
    path = f"serving_environments/{deployed['environment']}/inference_services"
    assert registry.found(path) == ["svc"]
    assert registry.found("inference_services", "runtime = 'rt' AND desiredState = 'DEPLOYED'") == ["svc"]
    assert registry.found("inference_services", f"registeredModelId = '{deployed['model']}'") == ["svc"]
    assert registry.refused("POST", path, name="svc", registeredModelId=deployed["model"])[0] == 409
    assert registry.refused("POST", path, name="other", registeredModelId="999999")[0] == 404
    other = registry.environment("other")
    assert registry.found(f"serving_environments/{other}/inference_services") == []
    assert registry.refused("GET", "serving_environments/999999/inference_services")[0] == 404


def test_deployments(registry: Registry, deployed: dict[str, Any]) -> None:
    path, version = f"inference_services/{deployed['service']}/serves", deployed["versions"][0]
    made = registry.post(path, name="s", modelVersionId=version)
    assert made["lastKnownState"] == "UNKNOWN"
    assert (
        registry.post(path, modelVersionId=version, lastKnownState="RUNNING")["lastKnownState"] == "RUNNING"
    )
    assert registry.refused("POST", path, name="s", modelVersionId=version)[0] == 409
    assert registry.refused("POST", path)[0] == 422
    assert registry.refused("POST", path, modelVersionId="999999")[0] == 404
    assert registry.refused("POST", path, modelVersionId=version, lastKnownState="DONE")[0] == 400
    assert len(registry.get(path)["items"]) == 2
    assert registry.found(path, name="s") == ["s"] and registry.found(path, name="none") == []
    for field, number in (
        ("inferenceServiceId", deployed["service"]), ("registeredModelId", deployed["model"]),
        ("servingEnvironmentId", deployed["environment"]), ("modelVersionId", version),
    ):  # fmt: skip
        assert registry.found(path, f"name = 's' AND {field} = {number}") == ["s"], field
        assert registry.found(path, f"{field} = 999999") == [], field
    assert upstream(registry, made["id"]) == [version]

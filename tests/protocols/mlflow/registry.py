"""Calls of the model registry, as its tests make them."""

from __future__ import annotations

from typing import Any

import httpx
from tests.protocols.mlflow.conftest import Client, told

MODELS, VERSIONS = "registered-models", "model-versions"
SOURCE = "s3://bucket/model"
PROMPT = {"key": "mlflow.prompt.is_prompt", "value": "true"}


def make(client: Client, name: str, **more: Any) -> dict[str, Any]:
    """A new model."""
    made: dict[str, Any] = client.post(f"{MODELS}/create", name=name, **more)["registered_model"]
    return made


def model(client: Client, name: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{MODELS}/get", name=name)["registered_model"]
    return found


def add(client: Client, name: str, source: str = SOURCE, **more: Any) -> dict[str, Any]:
    """A new version of a model."""
    made: dict[str, Any] = client.post(f"{VERSIONS}/create", name=name, source=source, **more)[
        "model_version"
    ]
    return made


def version(client: Client, name: str, number: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{VERSIONS}/get", name=name, version=number)["model_version"]
    return found


def move(client: Client, name: str, number: str, stage: str, **more: Any) -> dict[str, Any]:
    """A version in another stage."""
    path = f"{VERSIONS}/transition-stage"
    moved: dict[str, Any] = client.post(path, name=name, version=number, stage=stage, **more)["model_version"]
    return moved


def change(client: Client, method: str, path: str, /, **body: Any) -> Any:
    """A PATCH or DELETE that must succeed."""
    answer = client.send(method, path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def delete(client: Client, path: str, /, **body: Any) -> None:
    assert change(client, "DELETE", path, **body) == {}


def no(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a failure."""
    return told(answer)[:2]


def point(client: Client, name: str, alias: str, number: str) -> None:
    """Let an alias lead to a version."""
    assert client.post(f"{MODELS}/alias", name=name, alias=alias, version=number) == {}


def follow(client: Client, name: str, alias: str) -> str:
    """The number of the version that an alias leads to."""
    return str(client.get(f"{MODELS}/alias", name=name, alias=alias)["model_version"]["version"])


def latest(client: Client, name: str, *stages: str) -> dict[str, str]:
    """The number of the newest version in each stage."""
    answer = client.post(f"{MODELS}/get-latest-versions", name=name, stages=list(stages))
    return {each["current_stage"]: each["version"] for each in answer.get("model_versions", [])}


def tags_of(message: dict[str, Any]) -> dict[str, str]:
    return {pair["key"]: pair["value"] for pair in message.get("tags", [])}


def models_found(client: Client, query: str = "", **more: Any) -> list[str]:
    answer = client.get(f"{MODELS}/search", filter=query, **more)
    return [each["name"] for each in answer.get("registered_models", [])]


def versions_found(client: Client, query: str = "", **more: Any) -> list[str]:
    answer = client.get(f"{VERSIONS}/search", filter=query, **more)
    return [f"{each['name']}/{each['version']}" for each in answer.get("model_versions", [])]

"""The unmodified clients of Kubeflow's Model Registry, of both generations."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from scripts import client_env
from tests.clients.kubeflow.conftest import RunScript

from lineal import Client
from lineal.protocols.kubeflow import door
from lineal.testing.serving import serving

GENERATIONS = {"kubeflow": "v1alpha3", "kubeflow-v1": "v1"}
GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "kubeflow.md"


def samples(language: str) -> list[str]:
    """The blocks of the how-to that are in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture
def sqlite_only(store_url: str) -> None:
    """Skip what is the same on every database."""
    if not store_url.startswith("sqlite"):
        pytest.skip("the same on every database")


@pytest.mark.parametrize("environment", GENERATIONS)
def test_models_with_versions_and_artifacts(run_script: RunScript, server: str, environment: str) -> None:
    told = run_script(environment, "models.py", "state = 'LIVE' AND team = 'blue' OR name LIKE 'm1_'")
    assert told["model"] == ["who left", "bob", {"team": "blue"}]
    metadata = {"int": 1, "float": 0.1 + 0.2, "bool": True, "text": "ü 'quoted'"}
    number, *version = told["version"]
    assert version == ["cy", "first", metadata]
    assert told["uri"] == "s3://models/churn/moved"
    assert "already exists" in told["twice"] and told["none"] is None
    names = ["churn", *(f"m{number:02}" for number in range(25))]
    assert told["pages"] == names and told["last"] == names[::-1]
    assert told["versions"] == ["1", "nightly"]
    assert told["found"] == ["churn", *(f"m1{number}" for number in range(10))]
    assert told["refusal"] == "Bad Request"
    client = Client(server)
    assert client.get(int(told["id"])).properties["tag.team"] == "blue"
    upstream = {(each.kind, each.name) for each in client.lineage(int(number), direction="up").nodes}
    assert {("dataset", "churn/moved"), ("model", "churn")} <= upstream


def test_runs_of_an_experiment(run_script: RunScript, server: str) -> None:
    told = run_script("kubeflow", "experiments.py")
    deep, inner = told["deep"], told["inner"]
    assert "trees" in told["experiments"] and told["runs"] == [deep, inner]
    assert told["logs"] == ["depth", "iris", "loss"] and told["loss"] == 1 / 3
    # The client sends, at the end of a run, what it logged last by each name.
    assert sorted(told["history"]) == sorted([[deep, 2, 1 / 3], [inner, 0, 0.5]])
    client = Client(server)
    assert client.get(int(deep)).properties["param.depth"] == "3"
    assert [point.value for point in client.series(int(deep), "loss")] == [1 / 3]
    assert "iris" in {each.name for each in client.lineage(int(deep), direction="up").nodes}


@pytest.mark.parametrize(("environment", "generation"), GENERATIONS.items())
def test_every_operation_of_a_client_is_served(environment: str, generation: str) -> None:
    if reason := client_env.missing(environment):
        pytest.skip(reason)
    api = client_env.packages_of(environment) / "mr_openapi" / "api" / "model_registry_service_api.py"
    text = api.read_text("utf-8")
    found = re.findall(r'method="(\w+)",\s+resource_path="([^"]+)"', text)
    asked = {(method, re.sub(r"\{\w+\}", "{id}", path)) for method, path in found}
    served = {(each.method, each.path) for each in door.routes() if f"/{generation}/" in each.path}
    assert asked == served and len(asked) == {"v1alpha3": 56, "v1": 40}[generation]


@pytest.mark.parametrize("environment", GENERATIONS)
def test_the_sample_of_the_guide(run_script: RunScript, sqlite_only: None, environment: str) -> None:
    assert run_script(environment, "guide.py") == "s3://models/churn/1"


def test_the_guides_way_to_move_in(server: str, sqlite_only: None, tmp_path: Path) -> None:
    (ask, move) = samples("python")
    with serving(tmp_path / "former") as former:
        known: dict[str, Any] = {"__name__": "guide"}
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LINEAL_URL", former)
            exec(ask + move, known)
        call = known["call"]
        call(former, "registered_models", {"name": "other", "externalId": "x", "state": "ARCHIVED"})
        for _ in range(2):
            known["move"](former, server)
    models = call(server, "registered_models")["items"]
    assert [(each["name"], each["state"]) for each in models] == [("fraud", "LIVE"), ("other", "ARCHIVED")]
    assert models[1]["externalId"] == "x" and models[0]["description"] == "who steals"
    (version,) = call(server, f"registered_models/{models[0]['id']}/versions")["items"]
    (artifact,) = call(server, f"model_versions/{version['id']}/artifacts")["items"]
    assert (version["name"], artifact["uri"]) == ("1", "s3://models/fraud/1")

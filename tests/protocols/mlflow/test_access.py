"""Who may see nothing is told nothing; who may see an experiment sees that, and no more."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant, Principal
from lineal.graph.model import ByExternal
from lineal.protocols.base import Call, Reply, Route
from lineal.protocols.mlflow import door

SECRET = "topsecret"
ROUTES = [route for route in door.routes() if not route.path.startswith("/ajax-api") or "bulk" in route.path]


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = Catalog.open(f"sqlite:///{tmp_path}/lineal.db", blobs=str(tmp_path / "files"))
    yield opened
    opened.close()


class Filled:
    """A store with one of everything, each with the secret in its name."""

    def __init__(self, catalog: Catalog) -> None:
        self.owner = catalog.session(LOCAL, "mlflow")
        door.seed(self.owner)
        self.experiment = self._post("experiments/create", name=SECRET, tags=[self._pair()])["experiment_id"]
        created = self._post(
            "runs/create", experiment_id=self.experiment, run_name=SECRET, tags=[self._pair()]
        )
        self.run = created["run"]["info"]["run_id"]
        made = self._post("logged-models", experiment_id=self.experiment, name=SECRET, params=[self._pair()])
        self.model = made["model"]["info"]["model_id"]
        metric = {"key": SECRET, "value": 1, "timestamp": 1, "model_id": self.model}
        self._post("runs/log-batch", run_id=self.run, params=[self._pair()], metrics=[metric])
        data = {
            "name": SECRET,
            "digest": "1",
            "source_type": "local",
            "source": json.dumps({"uri": f"/{SECRET}"}),
        }
        self._post("runs/log-inputs", run_id=self.run, datasets=[{"dataset": data}])
        self._post("runs/outputs", run_id=self.run, models=[{"model_id": self.model}])

    def asked(self, route: Route) -> dict[str, Any]:
        """Arguments that mean what is in the store."""
        return {
            "experiment_id": self.experiment,
            "experiment_ids": [self.experiment],
            "experiment_name": SECRET,
            "run_id": self.run,
            "run_ids": [self.run],
            "model_id": self.model,
            "metric_key": SECRET,
            "max_results": 10,
            "new_name": "other",
            "key": "k",
            "value": "1",
            "timestamp": 1,
            "status": 3,
            "models": [{"model_id": self.model}],
            "params": [],
            "tags": [],
            "model_json": '{"artifact_path": "", "flavors": 1, "utc_time_created": 1, "run_id": 1}',
            "path": "a" if "artifacts" not in route.path else f"{self.experiment}/{self.run}/artifacts",
            "artifact_file_path": "MLmodel",
        }

    def _pair(self) -> dict[str, str]:
        return {"key": SECRET, "value": SECRET}

    def _post(self, path: str, **body: Any) -> Any:
        route = next(
            each for each in ROUTES if each.method == "POST" and each.path.endswith(f"/mlflow/{path}")
        )
        reply = send(self.owner, route, body, {})
        assert reply.status == 200, reply.body
        return json.loads(reply.body)


def send(session: Session, route: Route, arguments: dict[str, Any], values: dict[str, str]) -> Reply:
    async def body_stream() -> Any:
        yield b"bytes"

    query = urlencode(
        {key: value for key, value in arguments.items() if isinstance(value, str | int)}, doseq=True
    )
    call = Call(
        session,
        route.method,
        route.path,
        query=query if route.method == "GET" else "",
        headers={"content-type": "application/json"},
        path_params=values,
        body=json.dumps(arguments).encode(),
        stream=body_stream(),
    )

    async def handled() -> Reply:
        answer = route.handler(call)
        reply: Reply = await answer if inspect.isawaitable(answer) else answer
        return reply

    try:
        return asyncio.run(handled())
    except Exception as error:
        return door.failure(error, call)


def test_a_stranger_is_told_no_name_and_changes_nothing(catalog: Catalog) -> None:
    filled = Filled(catalog)
    stranger = catalog.session(Principal(99, "stranger"), "mlflow")
    before = filled.owner.newest()
    for route in ROUTES:
        values = defaultdict(
            lambda: SECRET,
            model_id=filled.model,
            artifact_path=f"{filled.experiment}/{filled.run}/artifacts/a",
        )
        reply = send(stranger, route, filled.asked(route), values)
        own_words = f"'{SECRET}'"
        assert SECRET not in reply.body.decode().replace(own_words, ""), (
            route.method,
            route.path,
            reply.body,
        )
        assert reply.status != 500, (route.path, reply.body)
    assert filled.owner.newest() == before


def test_who_may_see_one_experiment_sees_that(catalog: Catalog) -> None:
    filled = Filled(catalog)
    other = filled._post("experiments/create", name="other")["experiment_id"]
    catalog.accounts.add_user(filled.owner, "ann", "correct horse")
    ann = catalog.accounts.verify_password("ann", "correct horse")
    assert ann is not None
    uuid = filled.owner.get(ByExternal("mlflow.experiment", filled.experiment)).uuid
    for grant in catalog.accounts.grants(filled.owner):
        catalog.accounts.remove_grant(filled.owner, grant.id)
    catalog.accounts.add_grant(filled.owner, Grant(0, "ann", "viewer", "entity", uuid))
    session = catalog.session(ann, "mlflow")
    found = answer(session, "POST", "experiments/search", max_results=10)["experiments"]
    assert [each["experiment_id"] for each in found] == [filled.experiment]
    runs = answer(session, "POST", "runs/search", experiment_ids=[filled.experiment, other])["runs"]
    assert [run["info"]["run_id"] for run in runs] == [filled.run]
    assert "dataset_inputs" not in runs[0]["inputs"]
    refused = send(session, route_of("POST", "runs/set-tag"), {"run_id": filled.run, "key": "a"}, {})
    assert (refused.status, json.loads(refused.body)["error_code"]) == (403, "PERMISSION_DENIED")


def route_of(method: str, path: str) -> Route:
    return next(each for each in ROUTES if each.method == method and each.path.endswith(f"/mlflow/{path}"))


def answer(session: Session, method: str, path: str, **body: Any) -> Any:
    reply = send(session, route_of(method, path), body, {})
    assert reply.status == 200, reply.body
    return json.loads(reply.body)

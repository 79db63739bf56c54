"""Every operation of every door, asked by somebody who was granted nothing, over a store filled by all doors."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from tests.protocols.strangers import admin, artifacts, evaluation, registry, traces

from lineal.protocols.base import Route
from lineal.testing.protocol import ProtocolSuite, Request, Served, Stored, paths

API = "/api/v1"
MLFLOW = "/api/2.0/mlflow"
PROXY = "/api/2.0/mlflow-artifacts/artifacts"

WORDS = {
    "zorblax", "vexillard", "quindle", "mizzlewort", "plonkery", "grobsnap", "fravity", "snorkbert", "hufflet",
    "krindlewax", "oblivate", "tranquix", "wibblestone", "jamborax", "pellimock", "drizzenba", "yondermist",
}  # fmt: skip
"""Each stands for one place in which text is kept."""

PARTS = (registry, traces, evaluation, admin, artifacts)


def entities() -> list[dict[str, Any]]:
    """A data set with everything that an entity can have, and a table made from it."""
    source = {
        "op": "put_entity", "kind": "dataset", "namespace": "vexillard", "name": "zorblax", "unique": True,
        "handle": "s", "owner": "snorkbert", "properties": {"quindle": "mizzlewort"},
        "external": [{"protocol": "erp", "id": "grobsnap"}],
    }  # fmt: skip
    made = {"op": "put_entity", "kind": "dataset", "name": "hufflet", "unique": True, "handle": "m"}
    first, second = {"by": "local", "handle": "s"}, {"by": "local", "handle": "m"}
    return [
        source,
        made,
        {
            "op": "put_edge",
            "kind": "derived",
            "source": first,
            "target": second,
            "detail": {"sql": "krindlewax"},
        },
        {"op": "put_facet", "ref": first, "name": "notes", "document": {"text": "plonkery"}},
        {"op": "put_label", "ref": first, "name": "oblivate", "attributes": {"level": "tranquix"}},
        {"op": "append_points", "ref": first, "points": [["wibblestone", 1.0, 1, 1]]},
    ]


def fill_native(served: Served) -> dict[str, Any]:
    """Entities, files, accounts and a webhook."""
    owner = served.owner
    made = owner.json("POST", f"{API}/changes", body={"operations": entities(), "note": "jamborax"})
    number = made["entities"][0]
    owner.json("PUT", f"{API}/entities/{number}/files/fravity.txt", body=b"pellimock")
    for name, category in (("drizzenba", "user"), ("yondermist", "group")):
        owner.json(
            "POST", f"{API}/users", body={"name": name, "password": "a long password", "category": category}
        )
    owner.json("POST", f"{API}/users/drizzenba/tokens", body={"name": "jamborax"})
    owner.json("POST", f"{API}/groups/yondermist/members", body={"user": "drizzenba"})
    grant = {"principal": "yondermist", "role": "viewer", "target": "namespace", "value": "vexillard"}
    owner.json("POST", f"{API}/grants", body=grant)
    for _ in range(2):
        owner.json("POST", f"{API}/webhooks", body={"url": "http://127.0.0.1:1/krindlewax"})
    return {"number": number, "other": made["entities"][1], "uuid": made["uuids"][0]}


def fill_mlflow(served: Served) -> dict[str, str]:
    """An experiment with a run, a logged model and an input."""
    owner = served.owner
    pair = {"key": "quindle", "value": "mizzlewort"}
    experiment = owner.json("POST", f"{MLFLOW}/experiments/create", body={"name": "zorblax", "tags": [pair]})
    experiment = experiment["experiment_id"]
    body = {"experiment_id": experiment, "run_name": "hufflet", "user_id": "snorkbert", "tags": [pair]}
    run = owner.json("POST", f"{MLFLOW}/runs/create", body=body)["run"]["info"]["run_id"]
    body = {
        "experiment_id": experiment,
        "name": "plonkery",
        "source_run_id": run,
        "params": [pair],
        "tags": [pair],
    }
    model = owner.json("POST", f"{MLFLOW}/logged-models", body=body)["model"]["info"]["model_id"]
    point = {"key": "wibblestone", "value": 1, "timestamp": 1, "model_id": model}
    owner.json("POST", f"{MLFLOW}/runs/log-batch", body={"run_id": run, "params": [pair], "metrics": [point]})
    data = {
        "name": "grobsnap",
        "digest": "1",
        "source_type": "local",
        "source": json.dumps({"uri": "/krindlewax"}),
    }
    owner.json("POST", f"{MLFLOW}/runs/log-inputs", body={"run_id": run, "datasets": [{"dataset": data}]})
    owner.json("POST", f"{MLFLOW}/runs/outputs", body={"run_id": run, "models": [{"model_id": model}]})
    for place in (f"{experiment}/{run}", f"{experiment}/models/{model}"):
        owner.json("PUT", f"{PROXY}/{place}/artifacts/fravity.txt", body=b"pellimock")
    return {"experiment": experiment, "run": run, "model": model}


class Doors(ProtocolSuite):
    """Filled through all doors, whichever is asked."""

    def fill(self, served: Served) -> Stored:
        native, mlflow = fill_native(served), fill_mlflow(served)
        self.made = native | mlflow
        experiment, run, model = mlflow["experiment"], mlflow["run"], mlflow["model"]
        refs = [str(native["number"]), native["uuid"], "erp:grobsnap", "name:dataset:vexillard/zorblax"]
        refs += [f"mlflow.run:{run}", f"mlflow.experiment:{experiment}"]
        artifacts = [
            f"{experiment}/{run}/artifacts/fravity.txt",
            f"{experiment}/models/{model}/artifacts/fravity.txt",
        ]
        values = {
            "ref": refs, "key": ["wibblestone"], "path": ["fravity.txt", "none"], "name": ["drizzenba", "yondermist"],
            "user": ["drizzenba"], "id": ["2"], "alias": ["champion"], "model_id": [model], "tag_key": ["quindle"],
            "artifact_path": [*artifacts, f"{experiment}/{run}/artifacts", experiment],
        }  # fmt: skip
        words = WORDS.union(*(part.WORDS for part in PARTS))
        for part in PARTS:
            for name, found in part.fill(served, self.made).items():
                values[name] = [*values.get(name, []), *found]
        return Stored(words, values)


class NativeDoor(Doors):
    doors = ("native", "mlflow")
    telling = 26
    answering = 44

    def requests(self, route: Route, stored: Stored) -> Iterator[Request]:
        operation = route.method, route.path.removeprefix(API)
        for query in self.queries().get(operation, [{}]):
            for body in self.bodies().get(operation, [None]):
                for path in paths(route, stored):
                    yield Request(route.method, path, query, body)

    def queries(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        """Parameters, by operation."""
        return {
            ("GET", "/changes"): [{}, {"since": 1}, {"limit": 1}],
            ("GET", "/feed"): [{"since": 0}],
            ("GET", "/entities"): [
                {},
                {"q": "zorblx"},
                {"q": "zor"},
                {"owner": "snorkbert"},
                {"label": "oblivate"},
            ],
            ("GET", "/suggest"): [{"q": "zor"}, {"q": "huf"}],
            ("GET", "/entities/{ref}"): [
                {"parts": "properties,labels,facets,metrics,external,edges"},
                {"as_of": 2**50},
            ],
            ("GET", "/models"): [{"alias": "*"}, {"label": "oblivate"}, {"data": str(self.made["number"])}],
            ("GET", "/diff"): [
                {"before": self.made["number"], "after": self.made["other"]},
                {"before": f"mlflow.run:{self.made['run']}", "after": f"mlflow.run:{self.made['run']}"},
            ],
            ("GET", "/same-as"): [{}, {"state": "accepted"}],
            ("GET", "/entities/{ref}/origin"): [{}, {"metric": "wibblestone"}],
            ("GET", "/entities/{ref}/why"): [
                {"label": "oblivate"},
                {"principal": "drizzenba"},
                {"principal": "stranger"},
            ],
        }

    def bodies(self) -> dict[tuple[str, str], list[Any]]:
        """JSON, by operation."""
        return {
            ("POST", "/changes"): [{"operations": [each]} for each in self.operations()],
            ("POST", "/find"): list(self.finds()),
            **{
                ("POST", f"/same-as/{verb}"): [{"first": self.made["uuid"], "second": "erp:grobsnap"}]
                for verb in ("accept", "refuse", "undo")
            },
            ("POST", "/rows"): [
                {"query": each, "properties": ["*"], "metrics": ["wibblestone"]} for each in self.finds()
            ],
            ("POST", "/series"): [{"refs": [self.made["uuid"], "1"], "keys": ["wibblestone"]}],
            ("PUT", "/entities/{ref}/aliases/{alias}"): [{}, {"version": 1}],
            ("PUT", "/entities/{ref}/files/{path:path}"): [b"bytes"],
            ("POST", "/sign-in"): [{"name": "drizzenba", "password": "a wrong password"}],
            ("POST", "/users"): [{"name": "drizzenba", "password": "a long password"}],
            ("PUT", "/users/{name}/password"): [{"password": "a new password"}],
            ("POST", "/users/{name}/tokens"): [{"name": "mine"}],
            ("POST", "/grants"): [
                {"principal": "stranger", "role": "viewer", "target": "entity", "value": self.made["uuid"]},
                {"principal": "nobody", "role": "viewer"},
            ],
            ("POST", "/groups/{name}/members"): [{"user": "stranger"}],
            ("POST", "/webhooks"): [{"url": "http://127.0.0.1:1/"}],
        }  # fmt: skip

    def operations(self) -> Iterator[dict[str, Any]]:
        """Operations of changes about what is stored, whichever way it is addressed."""
        refs = [
            {"by": "id", "id": self.made["number"]},
            {"by": "uuid", "uuid": self.made["uuid"]},
            {"by": "external", "protocol": "erp", "id": "grobsnap"},
            {"by": "name", "kind": "dataset", "name": "zorblax", "namespace": "vexillard"},
        ]
        for ref in refs:
            yield from self.about(ref)
        own = {"op": "put_entity", "kind": "dataset", "unique": True}
        yield own | {"name": "zorblax", "namespace": "vexillard"}
        yield own | {"name": "new", "home": refs[0]}
        yield own | {"name": "new", "external": [{"protocol": "erp", "id": "grobsnap"}]}
        yield {"op": "put_type", "definition": {"category": "kind", "name": "strange"}}

    def about(self, ref: dict[str, Any]) -> Iterator[dict[str, Any]]:
        other = {"by": "id", "id": self.made["other"]}
        yield {"op": "put_entity", "ref": ref, "kind": "dataset", "properties": {"a": 1}}
        yield {"op": "put_edge", "kind": "derived", "source": ref, "target": other}
        yield {"op": "put_edge", "kind": "derived", "source": other, "target": ref}
        yield {"op": "put_facet", "ref": ref, "name": "notes", "document": 1}
        yield {"op": "put_label", "ref": ref, "name": "secret"}
        yield {"op": "append_points", "ref": ref, "points": [["a", 1.0, 1, 1]]}
        yield {"op": "remove", "ref": ref, "what": {"what": "edge", "kind": "derived", "target": other}}
        yield {"op": "remove", "ref": ref, "what": {"what": "label", "name": "secret"}}
        for condition in (
            {"is": "absent"},
            {"is": "present"},
            {"is": "at_revision", "revision": 99},
            {"is": "unset_or_equal", "properties": {"quindle": "other"}},
            {"is": "property_in", "key": "quindle", "values": ["other"]},
        ):
            yield {"op": "expect", "ref": ref, "that": condition}

    def finds(self) -> Iterator[dict[str, Any]]:
        facets = ["kind", "namespace", "owner", "label"]
        parts = ["properties", "metrics", "facets", "labels", "external"]
        yield {"state": "all", "parts": parts, "facets": facets, "count": True}
        yield {"text": "zorblx", "count": True, "facets": facets}
        yield {"where": {"expr": "related", "kind": "derived", "direction": "in"}}
        yield {"where": {"expr": "not", "part": {"expr": "labelled", "name": "none"}}}
        yield {"order": [{"field": {"field": "property", "key": "quindle"}}], "limit": 1}
        yield {"where": {"expr": "or", "parts": [{"expr": "and", "parts": []}]}, "facets": facets}


class MlflowDoor(Doors):
    doors = ("mlflow", "native")
    telling = 119
    answering = 262

    def requests(self, route: Route, stored: Stored) -> Iterator[Request]:
        for path in paths(route, stored):
            for more in ({}, {"filter": "", "path": ""}):
                arguments = self.arguments(route) | more
                for part in PARTS:
                    arguments |= part.arguments(self.made, route)
                flat = {key: value for key, value in arguments.items() if not _nested(value)}
                body = None if route.method == "GET" else b"bytes" if route.streams else arguments
                yield Request(route.method, path, flat, body)

    def arguments(self, route: Route) -> dict[str, Any]:
        """What any operation may ask for, as parameters and as a body alike."""
        experiment, run, model = self.made["experiment"], self.made["run"], self.made["model"]
        proxied = route.path.endswith("mlflow-artifacts/artifacts")
        dataset = {"name": "d", "digest": "1", "source_type": "s", "source": "{}"}
        datasets = [{"dataset": dataset}] if route.path.endswith("log-inputs") else []
        return {
            "experiment_id": experiment, "experiment_ids": [experiment], "experiment_name": "zorblax",
            "run_id": run, "run_uuid": run, "run_ids": [run], "model_id": model, "metric_key": "wibblestone",
            "max_results": 10, "name": "other", "new_name": "other", "key": "k", "value": "1", "timestamp": 1,
            "status": 3, "filter": "attributes.name != 'x'" if "experiments" not in route.path else "name != 'x'",
            "models": [{"model_id": model}], "metrics": [{"key": "m", "value": 1, "timestamp": 1, "model_id": model}],
            "params": [{"key": "k", "value": "1"}], "tags": [], "datasets": datasets,
            "model_json": json.dumps({"artifact_path": "m", "flavors": {}, "utc_time_created": "1", "run_id": run}),
            "path": f"{experiment}/{run}/artifacts" if proxied else "fravity.txt", "artifact_file_path": "fravity.txt",
        }  # fmt: skip


def _nested(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


class TestNative(NativeDoor):
    """On SQLite."""


class TestMlflow(MlflowDoor):
    """On SQLite."""


@pytest.mark.postgres
class TestNativeOnPostgres(NativeDoor):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url


@pytest.mark.postgres
class TestMlflowOnPostgres(MlflowDoor):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url


def test_a_path_is_filled_with_what_is_stored() -> None:
    route = Route("GET", "/a/{ref}/b/{path:path}", lambda call: call)  # type: ignore[arg-type,return-value]
    stored = Stored(set(), {"ref": ["x:1", "2"], "path": ["c/d"]})
    assert paths(route, stored) == [f"/a/{quote('x:1', safe='')}/b/c/d", "/a/2/b/c/d"]

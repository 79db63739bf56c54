"""A story told through the doors: tables, jobs that read and write them, a training, a model that serves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.graph.model import ById
from lineal.graph.query import Query, attribute
from lineal.server.app import build_app
from lineal.server.asgi import App
from lineal.server.settings import Settings

SHOP, LAKE = "postgres://shop:5432", "s3://lake"
CUSTOMERS, COPY, FEATURES, REPORT = (
    "crm.public.customers",
    "customers.parquet",
    "features.parquet",
    "report.csv",
)
MINUTE = 60_000
START = 1_772_359_200_000
"""2026-03-01T10:00:00Z."""


def facet(**parts: Any) -> dict[str, Any]:
    return {"_producer": "https://example.com/etl", "_schemaURL": "https://example.com/facet.json", **parts}


def schema(*columns: str) -> dict[str, Any]:
    parts = [each.partition(" ") for each in columns]
    return facet(fields=[{"name": name, "type": kind or "text"} for name, _, kind in parts])


def made_of(**fields: Sequence[tuple[str, str, str, str]]) -> dict[str, Any]:
    """Column lineage: for each field its (namespace, data set, field, way); a way is DIRECT, MASKED or INDIRECT."""
    return facet(
        fields={
            field: {
                "inputFields": [
                    {
                        "namespace": namespace,
                        "name": name,
                        "field": source,
                        "transformations": [
                            {
                                "type": "INDIRECT" if way == "INDIRECT" else "DIRECT",
                                "subtype": "FILTER" if way == "INDIRECT" else "TRANSFORMATION",
                                "masking": way == "MASKED",
                            }
                        ],
                    }
                    for namespace, name, source, way in sources
                ]
            }
            for field, sources in fields.items()
        }
    )


def run_id(number: int) -> str:
    return f"0190a0b5-8a6e-7a5c-8f0e-{number:012d}"


class Story:
    """Speaks every protocol to one application without a socket."""

    def __init__(self, app: App, runner: asyncio.Runner, session: Session) -> None:
        self.app = app
        self.session = session
        self._runner = runner

    # What is told

    def event(
        self,
        kind: str,
        job: str,
        run: int,
        minute: float,
        *,
        inputs: Sequence[dict[str, Any]] = (),
        outputs: Sequence[dict[str, Any]] = (),
        version: str = "",
        sql: str = "",
        owner: str = "",
        error: str = "",
    ) -> None:
        """One OpenLineage event; `version` is of the code."""
        facets: dict[str, Any] = {}
        if version:
            where = {"type": "git", "url": "https://git.example.com/etl", "path": f"{job}.sql"}
            facets["sourceCodeLocation"] = facet(**where, version=version)
        facets |= {"sql": facet(query=sql)} if sql else {}
        facets |= {"ownership": facet(owners=[{"name": owner, "type": "owner"}])} if owner else {}
        message = {"errorMessage": facet(message=error, programmingLanguage="SQL")} if error else {}
        told = {
            "eventType": kind,
            "eventTime": f"2026-03-01T{10 + int(minute) // 60:02}:{int(minute) % 60:02}:00Z",
            "producer": "https://example.com/etl",
            "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
            "run": {"runId": run_id(run), "facets": message},
            "job": {"namespace": "nightly", "name": job, "facets": facets},
            "inputs": list(inputs),
            "outputs": list(outputs),
        }
        answer = self.send("POST", "/api/v1/lineage", json=told)
        assert answer.status_code == 201, answer.text

    def load(self, run: int, minute: float, version: str, columns: dict[str, Any], rows: int) -> None:
        """The job that copies customers; its columns with what each is made of."""
        types = {"id": "int", "mail_hash": "text", "city": "text", "town": "text", "age": "int"}
        output = {
            "namespace": LAKE,
            "name": COPY,
            "facets": {
                "schema": schema(*(f"{name} {types[name]}" for name in columns)),
                "columnLineage": made_of(**columns),
                "ownership": facet(owners=[{"name": "data team", "type": "owner"}]),
            },
            "outputFacets": {"outputStatistics": facet(rowCount=rows)},
        }
        source = {
            "namespace": SHOP,
            "name": CUSTOMERS,
            "facets": {"schema": schema("id int", "mail", "city", "age int")},
        }
        self.event("COMPLETE", "load", run, minute, inputs=[source], outputs=[output], version=version,
                   sql="SELECT id, sha256(mail) AS mail_hash, city FROM customers", owner="ada")  # fmt: skip

    def mlflow(self, path: str, /, **body: Any) -> Any:
        answer = self.send("POST", f"/api/2.0/mlflow/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def train(self, experiment: str, name: str, minute: int, digest: str, **params: Any) -> str:
        """A run that reads the features and logs a model; its id."""
        commit = params.pop("commit", "c0ffee1234567")
        tags = {"mlflow.source.git.commit": commit, "mlflow.source.name": "train.py", "mlflow.user": "grace"}
        at = START + minute * MINUTE
        run = self.mlflow(
            "runs/create", experiment_id=experiment, run_name=name, start_time=at,
            tags=[{"key": key, "value": value} for key, value in tags.items()],
        )["run"]["info"]["run_id"]  # fmt: skip
        column = {"type": "long", "name": "city_code", "required": True}
        data = {
            "name": "features", "digest": digest, "source_type": "s3",
            "source": json.dumps({"uri": f"{LAKE}/{FEATURES}"}),
            "schema": json.dumps({"mlflow_colspec": [column]}), "profile": json.dumps({"num_rows": 80}),
        }  # fmt: skip
        self.mlflow("runs/log-inputs", run_id=run, datasets=[{"dataset": data}])
        logged = [{"key": key, "value": str(value)} for key, value in params.items()]
        point = {"key": "accuracy", "value": 0.9, "timestamp": at + 1, "step": 3}
        self.mlflow("runs/log-batch", run_id=run, params=logged, metrics=[point])
        self.mlflow("runs/update", run_id=run, status="FINISHED", end_time=at + MINUTE)
        return str(run)

    def register(self, run: str, experiment: str, model: str, alias: str = "") -> str:
        """A logged model of a run as a version of a registered one; its number."""
        body = {"experiment_id": experiment, "name": f"{model}-model", "source_run_id": run}
        logged = self.mlflow("logged-models", **body)["model"]["info"]["model_id"]
        self.mlflow("runs/outputs", run_id=run, models=[{"model_id": logged}])
        source = {"source": f"models:/{logged}", "run_id": run, "model_id": logged}
        version = self.mlflow("model-versions/create", name=model, **source)["model_version"]["version"]
        if alias:
            self.mlflow("registered-models/alias", name=model, alias=alias, version=version)
        return str(version)

    # What is asked

    def ask(self, path: str, status: int = 200, **query: Any) -> Any:
        """A question to the native API."""
        answer = self.send("GET", f"/api/v1/{path}", params=query)
        assert answer.status_code == status, answer.text
        return answer.json()

    def about(self, entity: int, question: str, **query: Any) -> Any:
        return self.ask(f"entities/{entity}/{question}", **query)

    def id(self, name: str, kind: str = "") -> int:
        """The entity of a name."""
        query = Query(kinds=[kind] if kind else [], where=attribute("name", "=", name), state="all")
        found = [each for each in self.session.find(query).entities if each.kind != "dataset_version"]
        assert len(found) == 1, (name, [each.kind for each in found])
        return found[0].id

    def run(self, number: int) -> int:
        return self.id(run_id(number))

    def names(self, ids: Sequence[int]) -> list[str]:
        known = {each.id: each.name for each in self.session.get_many(list(ids), ())}
        return [known[each] for each in ids]

    def name(self, number: int) -> str:
        return self.session.get(ById(number), ()).name

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self._runner.run(self._send(method, path, more))

    async def _send(self, method: str, path: str, more: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:5000") as client:
            return await client.request(method, path, **more)


def first_columns() -> dict[str, Any]:
    """What the columns of the copy are made of."""
    return {
        "id": [(SHOP, CUSTOMERS, "id", "DIRECT")],
        "mail_hash": [(SHOP, CUSTOMERS, "mail", "MASKED"), (SHOP, CUSTOMERS, "age", "INDIRECT")],
        "city": [(SHOP, CUSTOMERS, "city", "DIRECT")],
    }


def compute(story: Story, run: int, minute: float, kind: str = "COMPLETE", **more: Any) -> None:
    """The job that makes features out of the copy."""
    output = {
        "namespace": LAKE,
        "name": FEATURES,
        "facets": {
            "schema": schema("city_code int"),
            "columnLineage": made_of(
                city_code=[(LAKE, COPY, "city", "DIRECT"), (LAKE, COPY, "id", "INDIRECT")]
            ),
        },
        "outputFacets": {"outputStatistics": facet(rowCount=80)},
    }
    story.event(kind, "features", run, minute, inputs=[{"namespace": LAKE, "name": COPY}],
                outputs=[output] if kind == "COMPLETE" else [], version="feature-1", **more)  # fmt: skip


@pytest.fixture
def blank(catalog: Catalog, session: Session) -> Iterator[Story]:
    """Nothing told yet."""
    app = build_app(catalog, Settings())
    with asyncio.Runner() as runner:
        yield Story(app, runner, session)
        app.close()


@pytest.fixture
def story(blank: Story) -> Story:
    """Customers are copied (run 1), features (2) and a report (3) made of the copy; a model is trained and serves."""
    blank.load(1, 0, "aaa111", first_columns(), 100)
    compute(blank, 2, 10)
    blank.event("COMPLETE", "report", 3, 12, inputs=[{"namespace": LAKE, "name": COPY}],
                outputs=[{"namespace": LAKE, "name": REPORT}], owner="bob")  # fmt: skip
    blank.mlflow("registered-models/create", name="churn")
    experiment = blank.mlflow("experiments/create", name="churn study")["experiment_id"]
    run = blank.train(experiment, "first try", 20, "d1", depth=3)
    blank.register(run, experiment, "churn", "champion")
    return blank


def ref(text: str) -> str:
    return quote(text, safe="")

"""The model registry: search among many versions, logging a model."""

import itertools
import json
import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode

from benchmarks.bench import Bench, Sample, ServerFigure, Trial
from benchmarks.load import Client, drive, request
from benchmarks.reads import latency, must_agree
from benchmarks.servers import Server
from benchmarks.writes import API, START, measured_rate

VERSIONS_OF_A_MODEL = 100
LOADERS = 8
PROXY = "/api/2.0/mlflow-artifacts/artifacts"
FILES = {
    "MLmodel": 800,
    "model.pkl": 40_000,
    "conda.yaml": 200,
    "python_env.yaml": 120,
    "requirements.txt": 80,
}
"""The files of a small scikit-learn model and their sizes in bytes."""

OF_ONE_MODEL = ("model-versions/search", {"filter": "name = 'model-7'", "max_results": "100"})
BY_TAG = ("model-versions/search", {"filter": "tags.team = 'v3'", "max_results": "10000"})
BY_NAME = ("model-versions/search", {"order_by": "name ASC", "max_results": "10000"})
BY_SOURCE = (
    "model-versions/search",
    {"filter": "source_path LIKE 's3://bucket/model-7/%'", "max_results": "100"},
)
MODELS = ("registered-models/search", {"filter": "name LIKE 'model-%'", "max_results": "100"})


class Version(NamedTuple):
    """A version of the fixture."""

    model: str
    number: int
    team: str


def versions(count: int) -> Iterator[Version]:
    """Versions, a hundred of each model, with a tag of ten values."""
    rng = random.Random(17)
    for i in range(count):
        team = f"v{rng.randrange(10)}"
        yield Version(f"model-{i // VERSIONS_OF_A_MODEL}", i % VERSIONS_OF_A_MODEL + 1, team)


def search(question: tuple[str, dict[str, str]]) -> ServerFigure:
    """Search the registry. Every contender must find as many."""
    operation, query = question

    def figure(bench: Bench, server: Server) -> Trial:
        bench.once(("registry", server), lambda: _load(server, list(versions(bench.scale.versions))))
        path = f"{operation}?{urlencode(query)}"
        (found,) = (each for each in server.call("GET", path).values() if isinstance(each, list))
        must_agree(bench, path, server, sorted(each["name"] for each in found))
        message = request("GET", API + path)
        return lambda: latency(bench, server, message)

    return figure


def _load(server: Server, rows: list[Version]) -> bool:
    models = sorted({row.model for row in rows})
    if not server.insert(_rows_of_mlflow(models, rows)):
        for model in models:
            server.call("POST", "registered-models/create", {"name": model})
        own = [[row for row in rows if row.model in models[i::LOADERS]] for i in range(LOADERS)]
        drive(server.port, [_creating(each) for each in own if each])
    return True


def _creating(rows: Iterable[Version]) -> Client:
    for row in rows:
        tags = [{"key": "team", "value": row.team}]
        body = {"name": row.model, "source": f"s3://bucket/{row.model}/{row.number}", "tags": tags}
        yield request("POST", API + "model-versions/create", json.dumps(body).encode())


def _rows_of_mlflow(models: list[str], rows: list[Version]) -> dict[str, Iterable[Sequence[object]]]:
    """What registering leaves in MLflow's tables."""
    return {
        "registered_models (name, creation_time, last_updated_time)": (
            (name, START, START) for name in models
        ),
        "model_versions (name, version, creation_time, last_updated_time, current_stage, source, status)": (
            (row.model, row.number, START, START, "None", f"s3://bucket/{row.model}/{row.number}", "READY")
            for row in rows
        ),
        "model_version_tags (key, value, name, version)": (
            ("team", row.team, row.model, row.number) for row in rows
        ),
    }


def log_model(bench: Bench, server: Server) -> Trial:
    """All that `log_model` asks of a server: create, put the files, finalize, tell the run."""
    experiment = server.create_experiment("logged models")

    def trial() -> Sample:
        run = server.create_run(experiment)
        return measured_rate(bench, server, [_logging(experiment, run)], 1 / (len(FILES) + 3))

    return trial


def _logging(experiment: str, run: str) -> Client:
    for step in itertools.count():
        made = {"experiment_id": experiment, "name": f"m-{uuid.uuid4().hex[:8]}", "source_run_id": run}
        answer = yield request("POST", API + "logged-models", json.dumps(made).encode())
        model = json.loads(answer)["model"]["info"]["model_id"]
        for name, size in FILES.items():
            path = f"{PROXY}/{experiment}/models/{model}/artifacts/{quote(name)}"
            yield request("PUT", path, b"#" * size, "application/octet-stream")
        done = {"model_id": model, "status": "LOGGED_MODEL_READY"}
        yield request("PATCH", f"{API}logged-models/{model}", json.dumps(done).encode())
        output = {"run_id": run, "models": [{"model_id": model, "step": step}]}
        yield request("POST", API + "runs/outputs", json.dumps(output).encode())

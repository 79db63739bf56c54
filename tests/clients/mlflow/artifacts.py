"""Runs under MLflow: files of every kind go to a run and come back the same, large ones in parts."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from unittest import mock

os.environ |= {
    "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": str(8 * 2**20),
    "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": str(5 * 2**20),
    "MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE": str(3 * 2**20),
}

import matplotlib

matplotlib.use("Agg")
import mlflow
import numpy as np
import pandas as pd
import requests
from matplotlib import pyplot
from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts, list_artifacts, load_dict, load_image, load_text
from mlflow.exceptions import MlflowException
from mlflow.store.artifact import http_artifact_repo
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking.artifact_utils import get_artifact_uri

client = MlflowClient()
mlflow.set_experiment("artifacts")


def names(path: str | None = None) -> list[str]:
    return [file.path for file in client.list_artifacts(run, path)]


def digest(path: str | Path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


with mlflow.start_run() as active:
    run = active.info.run_id
    for name in ("plain.txt", "with space.txt", "größe 数据.csv", "a+b=c&d.txt", "100%.txt", 'it\'s "q".txt'):
        Path("source").mkdir(exist_ok=True)
        Path("source", name).write_text(name)
    Path("source/deep/er").mkdir(parents=True)
    Path("source/deep/er/empty").touch()
    mlflow.log_artifacts("source", "all")
    mlflow.log_artifact("source/plain.txt")
    mlflow.log_artifact("source/deep", "sub")
    mlflow.log_text("h\u00e9llo\nthere", "texts/a.txt")
    mlflow.log_text("<b>report</b>", "texts/report.html")
    mlflow.log_dict({"a": [1, 2, {"b": None}]}, "dicts/d.json")
    mlflow.log_dict({"a": [1, 2]}, "dicts/d.yaml")
    picture = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
    mlflow.log_image(picture, "images/one.png")
    for step in range(3):
        mlflow.log_image(picture + step, key="dog", step=step, timestamp=1000 + step)
    figure, axes = pyplot.subplots()
    axes.plot([0, 1], [2, 3])
    mlflow.log_figure(figure, "figures/f.png")
    mlflow.log_table({"q": ["one", "two"], "n": [1, 2]}, "tables/t.json")
    mlflow.log_table(pd.DataFrame({"q": ["three"], "n": [3]}), "tables/t.json")

assert names() == ["all", "dicts", "figures", "images", "plain.txt", "sub", "tables", "texts"], names()
assert names("all") == sorted(f"all/{each}" for each in os.listdir("source")), names("all")
assert names("sub/deep") == ["sub/deep/er"]
assert names("plain.txt") == []
assert names("nothing/here") == []
assert load_text(f"runs:/{run}/texts/a.txt") == "h\u00e9llo\nthere"
assert load_dict(f"runs:/{run}/dicts/d.json") == {"a": [1, 2, {"b": None}]}
assert np.array_equal(np.asarray(load_image(f"runs:/{run}/images/one.png")), picture)
table = mlflow.load_table("tables/t.json", run_ids=[run], extra_columns=["run_id"])
assert list(table["q"]) == ["one", "two", "three"], table
assert set(table["run_id"]) == {run}
steps = [name for name in names("images") if "dog" in name and name.endswith(".png")]
assert len(steps) == 3, names("images")
assert {name.split("+")[2] for name in steps} == {"0", "1", "2"}, steps

whole = Path(download_artifacts(run_id=run, dst_path="whole"))
assert {each.name for each in (whole / "all").iterdir()} == set(os.listdir("source"))
for each in (path for path in Path("source").iterdir() if path.is_file()):
    assert (whole / "all" / each.name).read_text() == each.read_text()
assert (whole / "sub/deep/er/empty").stat().st_size == 0
one = download_artifacts(artifact_uri=f"runs:/{run}/all/100%.txt", dst_path="one")
assert Path(one).read_text() == "100%.txt"
root = mlflow.get_run(run).info.artifact_uri
assert {file.path for file in list_artifacts(artifact_uri=f"{root}/texts")} == {
    "texts/a.txt",
    "texts/report.html",
}

# A large one, which the client sends in parts and fetches in ranges where it can.
data = np.random.default_rng(7).bytes(23 * 2**20 + 17)
Path("large.bin").write_bytes(data)
with mock.patch.object(http_artifact_repo.requests, "put", wraps=requests.put) as put:
    client.log_artifact(run, "large.bin", "big")
assert [call.args[0].split("?")[0] for call in put.call_args_list], "it went in one piece"
parts = len(put.call_args_list)
assert parts == 5, parts
assert client.list_artifacts(run, "big")[0].file_size == len(data)
assert digest(download_artifacts(run_id=run, artifact_path="big/large.bin", dst_path="back")) == digest(
    "large.bin"
)

# What breaks off leaves nothing, and what was there stays.
calls = []


def breaking(url: str, **more: object) -> requests.Response:
    calls.append(url)
    if len(calls) >= 3:
        raise requests.ConnectionError("the cable was pulled")
    return requests.api.put(url, **more)


Path("large.bin").write_bytes(b"other" * 4 * 2**20)
with mock.patch.object(http_artifact_repo.requests, "put", breaking):
    try:
        client.log_artifact(run, "large.bin", "big")
    except MlflowException as error:
        assert "large.bin" in str(error), error
    else:
        raise AssertionError("it should have failed")
assert client.list_artifacts(run, "big")[0].file_size == len(data)

# Deleting: a file, a folder, all of it.
repository = get_artifact_repository(get_artifact_uri(run))
repository.delete_artifacts("plain.txt")
repository.delete_artifacts("all")
assert names() == ["big", "dicts", "figures", "images", "sub", "tables", "texts"]
repository.delete_artifacts()
assert names() == []

print(json.dumps({"run": run, "parts": parts, "links": sorted({url.split("/")[2] for url in calls})}))

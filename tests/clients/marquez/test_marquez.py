"""Marquez's unmodified client for Python against a live server."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from scripts import client_env

from lineal.testing.serving import serving

pytestmark = [pytest.mark.clients, pytest.mark.slow]
HERE = Path(__file__).parent


def test_a_pipeline_told_and_read_by_marquez_client(tmp_path: Path) -> None:
    if reason := client_env.missing("marquez"):
        pytest.skip(reason)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MARQUEZ", "PYTHON"))}
    with serving(tmp_path / "data", "--store", f"sqlite:///{tmp_path}/lineal.db") as url:
        done = subprocess.run(
            [str(client_env.python_of("marquez")), str(HERE / "story.py"), url],
            env=kept,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout)
    assert (told["namespace"]["ownerName"], told["namespaces"], told["sources"]) == (
        "me",
        ["shop"],
        ["warehouse"],
    )
    assert told["source"]["connectionUrl"] == "jdbc:postgresql://db:5432/shop"
    orders, daily, job, run = (told[name] for name in ("orders", "daily", "job", "run"))
    assert {each["name"]: (each["type"], each["tags"]) for each in orders["fields"]} == {
        "amount": ("INTEGER", ["MONEY"]),
        "day": ("DATE", ["PII"]),
    }
    assert (orders["tags"], orders["description"], daily["tags"]) == (["RAW"], "orders", ["GOLD"])
    assert told["datasets"] == ["public.daily", "public.orders"]
    assert (told["version"]["name"], told["version"]["createdByRun"]["jobVersion"]["name"]) == (
        "report",
        "tell",
    )
    assert job["inputs"] == [{"namespace": "shop", "name": "public.orders"}]
    assert job["outputs"] == [{"namespace": "shop", "name": "public.daily"}]
    assert (job["location"], job["description"]) == ("https://example.com/sum.py", "sums up")
    assert set(told["jobs"]) == {"sum", "tell"}
    assert (run["state"], run["args"]) == ("COMPLETED", {"size": "3"})
    assert sorted(told["runs"]) == ["ABORTED", "COMPLETED", "FAILED"]
    assert told["tags"] == ["GOLD", "MONEY", "PII", "RAW"]
    assert told["columns"] == ["datasetField:shop:public.daily:total", "datasetField:shop:report:sum"]
    assert told["field"] and told["of_job"] and all(told["refused"])

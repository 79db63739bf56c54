"""Two servers on one store: what one acknowledged, the other shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from lineal.testing.serving import serving

pytestmark = pytest.mark.slow
API = "/api/2.0/mlflow"
Servers = tuple[httpx.Client, httpx.Client]


@pytest.fixture
def servers(store_url: str, tmp_path: Path) -> Iterator[Servers]:
    with ExitStack() as stack:
        urls = [
            stack.enter_context(
                serving(tmp_path / name, "--store", store_url, "--blobs", str(tmp_path / "files"))
            )
            for name in ("one", "two")
        ]
        first, second = (stack.enter_context(httpx.Client(base_url=url + API)) for url in urls)
        yield first, second


def post(server: httpx.Client, path: str, **body: Any) -> Any:
    return server.post(path, json=body).raise_for_status().json()


def shown(server: httpx.Client, clause: str = "") -> dict[str, Any]:
    """The only run, as a search shows it: its name, and the values of its metrics, params and tags."""
    (run,) = post(server, "/runs/search", experiment_ids=["0"], filter=clause)["runs"]
    data = [pair for part in ("metrics", "params", "tags") for pair in run["data"].get(part, [])]
    return {"name": run["info"]["run_name"], **{pair["key"]: pair["value"] for pair in data}}


def test_each_shows_at_once_what_the_other_wrote(servers: Servers) -> None:
    run = post(servers[0], "/runs/create", experiment_id="0", run_name="r0")["run"]["info"]["run_id"]
    for number in range(30):
        writer, reader = servers[number % 2], servers[1 - number % 2]
        post(writer, "/runs/log-metric", run_id=run, key="loss", value=number, timestamp=1, step=number)
        assert shown(reader)["loss"] == number
        post(writer, "/runs/set-tag", run_id=run, key="t", value=f"v{number}")
        assert shown(reader, f"tags.t = 'v{number}' and metrics.loss > {number - 1}")["t"] == f"v{number}"
        post(writer, "/runs/log-parameter", run_id=run, key=f"p{number}", value=str(number))
        assert shown(reader)[f"p{number}"] == str(number)
        post(writer, "/runs/update", run_id=run, run_name=f"r{number}")
        assert shown(reader)["name"] == f"r{number}"
        post(writer, "/runs/delete-tag", run_id=run, key="t")
        assert "t" not in shown(reader)

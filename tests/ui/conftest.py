"""A headless Chromium, real servers, and a small shop's graph to look at."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.client.serving import serving
from tests.ui import demo

from lineal import Client
from lineal.graph.change import AppendPoints, Change
from lineal.graph.model import ById, Point
from lineal.server.static import FOLDER

sync_api = pytest.importorskip("playwright.sync_api", reason="the Python package playwright is not installed")

Page = Any
Browse = Callable[..., AbstractContextManager[Page]]

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")
HOUR = 3_600_000
STARTED = 1_772_700_000_000
WAREHOUSE = "postgres://warehouse:5432"


class Site(NamedTuple):
    """A running server with a client of it."""

    url: str
    client: Client

    def page(self, name: str, view: str = "") -> str:
        """Address of the page about the one entity of this name."""
        found = self.client.search(name)
        uuid = next(entity.uuid for entity in found.entities if entity.name == name)
        return f"{self.url}/entity/{uuid}{view}"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser that the system brings."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip(f"no Chromium on PATH ({', '.join(NAMES)})")
    if not (FOLDER / "index.html").is_file():
        pytest.skip("the web UI is not built: `make ui` builds it")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def browse(chromium: Any) -> Browse:
    """Opens an address in a browser of its own; afterwards nothing may have gone wrong in it."""

    @contextmanager
    def open_page(url: str, **settings: Any) -> Iterator[Page]:
        context = chromium.new_context(**({"viewport": {"width": 1440, "height": 900}} | settings))
        page = context.new_page()
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("console", lambda message: troubles.append(message.text) if is_trouble(message) else None)
        page.goto(url)
        yield page
        context.close()
        assert troubles == []

    return open_page


def is_trouble(message: Any) -> bool:
    """Whether the browser complains of the page; a server's 401 or 404 and a file kept from running are expected."""
    expected = ("Failed to load resource", "Blocked script execution")
    return message.type in ("error", "warning") and not message.text.startswith(expected)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An empty store of one's own."""
    with serving(tmp_path / "data", doors=("native", "mlflow")) as url, Client(url) as client:
        yield Site(url, client)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A store with data sets, jobs, a model and a training run, for reading only."""
    data = tmp_path_factory.mktemp("shop") / "data"
    with serving(data, doors=("native", "mlflow")) as url, Client(url) as client:
        fill(client)
        yield Site(url, client)


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A made-up company's graph with all that the pages about runs, models and lineage show."""
    data = tmp_path_factory.mktemp("company") / "data"
    with serving(data, doors=("native", "mlflow")) as url, Client(url) as client:
        demo.fill(client, 60)
        yield Site(url, client)


def fill(client: Client) -> None:
    """What the shop has."""
    customers = client.put(
        "dataset",
        "shop.public.customers",
        namespace=WAREHOUSE,
        owner="alice",
        properties={"description": "One row for each customer.", "rows": 1_234_567, "serial": 2**63 - 1},
    )
    load = client.put("job", "nightly load", namespace="airflow", owner="bob")
    orders = client.put("dataset", "shop.public.orders", namespace=WAREHOUSE)
    client.link(customers, "input", load)
    client.link(load, "output", orders)
    client.label(customers, "personal data")
    client.label(customers, "gold", "tag")
    fields = [
        {"name": "id", "type": "bigint"},
        {"name": "email", "type": "text", "description": "<b>secret</b>"},
    ]
    client.describe(customers, "schema", {"fields": fields})
    for number in range(9):
        report = client.put("job", f"report {number}", namespace="airflow")
        client.link(orders, "input", report)
    fill_training(client, orders.id)


def fill_training(client: Client, orders: int) -> None:
    """An experiment of three runs, of which one has curves and files."""
    experiment = client.put("experiment", "Churn", namespace="ml")
    for number, rate in enumerate((0.1, 0.2, 0.3)):
        run = client.put(
            "run",
            f"trial {number}",
            namespace="ml",
            home=experiment,
            started=STARTED + number * HOUR,
            ended=STARTED + number * HOUR + 185_000,
            properties={
                "status": "FINISHED",
                "param.rate": str(rate),
                "param.depth": "3",
                "tag.team": "growth",
            },
        )
        client.log(run, {"test accuracy": 0.9 + number / 100})
        client.link(ById(orders), "input", run)
    points = [Point("loss/train", math.exp(-step / 100), STARTED + step, step) for step in range(500)]
    points.append(Point("broken", math.nan, STARTED, 3))
    client.commit(Change([AppendPoints(ById(run.id), points)]))
    client.describe(
        run, "environment", {"python": "3.11.7", "packages": {"numpy": "2.1.0", "torch": "2.9.0"}}
    )
    client.upload(run, "model/weights of 5%.bin", b"x" * 51_600)
    client.upload(run, "notes.txt", b"hello")
    client.upload(run, "table.csv", b'name,score\n"a, b",1\n')
    client.upload(run, "about.md", b"**bold** <script>alert(1)</script>")
    client.upload(run, "report.html", b"<h1>inside</h1><script>parent.stolen = 1</script>")


def eventually(check: Callable[[], bool], seconds: float = 8.0) -> None:
    """Wait until the check holds."""
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end, "it did not come to hold"
        time.sleep(0.05)

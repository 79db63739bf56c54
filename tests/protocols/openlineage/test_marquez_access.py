"""What may not be seen is in no answer of Marquez's API, and counts in none; and whose the paths are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from tests.protocols.openlineage.conftest import OTHER, RUN, Receiver, data, lineage, run_event, schema
from tests.protocols.openlineage.marquez import W

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Grant
from lineal.protocols import DOORS
from lineal.protocols.base import Call
from lineal.protocols.openlineage import door
from lineal.server.app import load_doors
from lineal.server.router import Router

Ask = Callable[[str], Any]


def asking(session: Session) -> Ask:
    """Asks as whose session it is, past the server and its sign-in."""
    router = Router()
    router.add(door, embedded=False)

    def ask(path: str) -> Any:
        plain, _, query = f"/api/v1/{path}".partition("?")
        found = router.find("GET", plain)
        assert found is not None
        call = Call(session, "GET", plain, query=query, path_params=found.values)
        return json.loads(found.target.handler(call).body)  # type: ignore[union-attr]

    return ask


@pytest.fixture
def ask(catalog: Catalog, session: Session, receiver: Receiver) -> Ask:
    """Asks as somebody who sees the jobs and the warehouse, but neither the vault nor the hidden job."""
    hidden = data("salaries", "vault", schema=schema("pay"))
    lines = lineage(sum=[("orders", "amount")])
    lines["fields"]["sum"]["inputFields"].append({"namespace": "vault", "name": "salaries", "field": "pay"})
    orders = data("orders", schema=schema("amount"))
    daily = data("daily", schema=schema("sum"), columnLineage=lines)
    receiver.post(run_event("COMPLETE", 1, inputs=[orders, hidden], outputs=[daily]))
    secret = run_event("COMPLETE", 2, run=OTHER, inputs=[daily], outputs=[data("secret", "vault")])
    receiver.post({**secret, "job": {"namespace": "shade", "name": "snoop"}})
    catalog.accounts.add_user(session, "seer", "a long password")
    for namespace in ("nightly", "postgres://warehouse:5432"):
        catalog.accounts.add_grant(session, Grant(0, "seer", "viewer", "namespace", namespace))
    principal = catalog.accounts.named("seer")
    assert principal is not None
    return asking(catalog.session(principal, "openlineage"))


def test_what_is_hidden_is_told_by_nothing(ask: Ask) -> None:
    paths = [
        "namespaces",
        "sources",
        "tags",
        f"namespaces/{W}/datasets",
        f"namespaces/{W}/datasets/daily",
        f"namespaces/{W}/datasets/daily/versions",
        "jobs",
        "namespaces/nightly/jobs/load",
        "namespaces/nightly/jobs/load/versions",
        f"jobs/runs/{RUN}",
        "lineage?nodeId=job:nightly:load",
        f"lineage?nodeId=dataset:{W}:daily",
        f"column-lineage?nodeId=dataset:{W}:daily&withDownstream=true",
        f"runlineage/upstream?runId={RUN}",
        "events/lineage",
        "search?q=sal",
        "search?q=snoop",
    ]
    told = {path: json.dumps(ask(path)) for path in paths}
    words = ("salaries", "vault", "snoop", "shade", "secret", "pay")
    assert [(path, word) for path, text in told.items() for word in words if word in text] == []


def test_and_counts_in_none(ask: Ask, session: Session) -> None:
    owner = asking(session)
    assert [each["name"] for each in ask("namespaces")["namespaces"]] == [
        "nightly",
        "postgres://warehouse:5432",
    ]
    assert (ask("jobs")["totalCount"], owner("jobs")["totalCount"]) == (1, 2)
    assert (ask("events/lineage")["totalCount"], owner("events/lineage")["totalCount"]) == (1, 2)
    assert ask("search?q=sal")["totalCount"] == 0
    assert len(ask("lineage?nodeId=job:nightly:load")["graph"]) == 3
    assert len(owner("lineage?nodeId=job:nightly:load")["graph"]) == 6
    assert [each["count"] for each in ask("stats/jobs?period=DAY")][-1] == 1
    assert sum(each["complete"] for each in ask("stats/lineage-events?period=DAY")) == 0
    (event,) = ask("events/lineage")["events"]
    assert [each["name"] for each in event["inputs"]] == ["orders"]
    # What an output is made of names what is hidden, to whom it is.
    for who, names in ((ask, {"schema"}), (owner, {"schema", "columnLineage"})):
        assert who(f"namespaces/{W}/datasets/daily")["facets"].keys() == names
    assert event["outputs"][0]["facets"].keys() == {"schema"}


def test_no_path_is_also_another_doors(receiver: Receiver) -> None:
    """All doors in one router: that refuses doubles. A path must lead where it says, not where one before it leads."""
    router = Router()
    for each in load_doors(tuple(DOORS)):
        router.add(each, embedded=False)
    for name in ("openlineage", "native"):
        (own,) = load_doors((name,))
        for route in own.routes():
            path = "/".join("x" if part.startswith("{") else part for part in route.path.split("/"))
            found = router.find(route.method, path)
            assert found is not None and (found.target.door.name, found.target.path) == (name, route.path)


def test_what_the_web_ui_asks(receiver: Receiver) -> None:
    """The requests of Marquez's web UI as its sources make them, names encoded as it encodes them."""
    receiver.post(run_event("COMPLETE", 1, job="a/b c", outputs=[data("t&1/x", schema=schema("a"))]))
    job, table = quote("a/b c", safe="()"), quote("t&1/x", safe="")
    zone = "timezone=Europe/Berlin"
    requests = [
        "GET v1/namespaces",
        "GET v1/tags",
        "GET v1/jobs?limit=10&offset=0",
        "GET v1/jobs?limit=100&offset=0&lastRunStates=FAILED",
        "GET v1/namespaces/nightly/jobs?limit=20&offset=0&lastRunStates=COMPLETED",
        f"GET v1/namespaces/nightly/jobs/{job}",
        f"GET v1/namespaces/nightly/jobs/{job}/runs?limit=14&offset=0",
        f"GET v1/jobs/runs/{RUN}/facets?type=run",
        f"GET v1/jobs/runs/{RUN}/facets?type=job",
        f"POST v1/namespaces/nightly/jobs/{job}/tags/gold",
        f"DELETE v1/namespaces/nightly/jobs/{job}/tags/gold",
        f"GET v1/namespaces/{W}/datasets?limit=20&offset=0",
        f"GET v1/namespaces/{W}/datasets/{table}",
        f"GET v1/namespaces/{W}/datasets/{table}/versions?limit=14&offset=0",
        f"POST v1/namespaces/{W}/datasets/{table}/tags/raw",
        f"DELETE v1/namespaces/{W}/datasets/{table}/tags/raw",
        f"POST v1/namespaces/{W}/datasets/{table}/fields/a/tags/PII",
        f"DELETE v1/namespaces/{W}/datasets/{table}/fields/a/tags/PII",
        f"GET v1/lineage?nodeId=job:nightly:{job}&depth=2",
        f"GET v1/lineage?nodeId=dataset:{W}:{table}&depth=2",
        f"GET v1/column-lineage?nodeId=dataset:{W}:{table}&depth=2&withDownstream=true",
        "GET v1/events/lineage?limit=50&before=2026-03-01T23:59:59.000Z&after=2026-03-01T00:00:00.000Z&offset=0"
        "&sortDirection=desc",
        "GET v1/search?q=a&sort=NAME&limit=100",
        "GET v1/search?q=a&sort=UPDATE_AT&limit=100&filter=DATASET",
        "GET v2beta/search/jobs?q=a",
        "GET v2beta/search/datasets?q=t",
        f"GET v1/stats/lineage-events?period=DAY&{zone}",
        *(f"GET v1/stats/{what}?period=WEEK&{zone}" for what in ("jobs", "datasets", "sources")),
        f"DELETE v1/namespaces/nightly/jobs/{job}",
        f"DELETE v1/namespaces/{W}/datasets/{table}",
    ]
    for request in requests:
        method, _, path = request.partition(" ")
        answer = receiver.ask(method, path)
        assert answer.status_code == 200, (request, answer.text)
    assert receiver.ask("PUT", "v1/tags/new", {"description": ""}).status_code == 200

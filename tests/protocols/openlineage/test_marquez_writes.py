"""What Marquez's API writes: tags, namespaces and sources, what it hides, and how clients of long ago told of runs."""

from __future__ import annotations

from typing import Any

from tests.protocols.openlineage.conftest import (
    OTHER,
    RUN,
    WAREHOUSE,
    Receiver,
    data,
    dataset_event,
    run_event,
)
from tests.protocols.openlineage.marquez import DAILY, ORDERS, W, ask, check, fill, get, told

DATA = f"namespaces/{W}/datasets"
JOBS = "namespaces/nightly/jobs"


def put(receiver: Receiver, path: str, body: Any, status: int = 200) -> Any:
    return ask(receiver, "PUT", path, body, status)


def test_namespaces_are_made_changed_and_hidden(receiver: Receiver) -> None:
    made = put(receiver, "namespaces/team", {"ownerName": "me", "description": "of us"})
    check("Namespace", made)
    assert (made["name"], made["ownerName"], made["description"]) == ("team", "me", "of us")
    assert put(receiver, "namespaces/team", {"ownerName": "you"})["description"] == "of us"
    assert [each["name"] for each in get(receiver, "namespaces")["namespaces"]] == ["team"]
    fill(receiver)
    assert ask(receiver, "DELETE", "namespaces/team")["isHidden"] is True
    ask(receiver, "DELETE", "namespaces/nightly")
    assert [each["name"] for each in get(receiver, "namespaces")["namespaces"]] == [WAREHOUSE]
    assert get(receiver, "jobs") == {"jobs": [], "totalCount": 0}
    receiver.post(run_event("START", 30, job="tell", run=OTHER[:-1] + "f"))
    assert get(receiver, f"{JOBS}/tell")["latestRun"]["state"] == "RUNNING"
    put(receiver, "namespaces/team", {"description": "nobody's"}, 422)
    ask(receiver, "DELETE", "namespaces/none", status=404)


def test_what_is_deleted_is_not_there_until_an_event_speaks_of_it(receiver: Receiver) -> None:
    fill(receiver)
    check("Dataset", ask(receiver, "DELETE", f"{DATA}/{DAILY}"))
    assert told(receiver, f"{DATA}/{DAILY}", 404) == f"Dataset '{DAILY}' not found."
    assert get(receiver, DATA)["totalCount"] == 2
    check("Job", ask(receiver, "DELETE", f"{JOBS}/tell"))
    assert told(receiver, f"{JOBS}/tell", 404) == "Job 'tell' not found."
    receiver.post(dataset_event(data(DAILY), 60))
    assert get(receiver, f"{DATA}/{DAILY}")["deleted"] is False


def test_tags(receiver: Receiver) -> None:
    fill(receiver)
    assert put(receiver, "tags/PII", {"description": "of a person"}) == {
        "name": "PII",
        "description": "of a person",
    }
    check("Tag", put(receiver, "tags/plain", {}))
    assert ask(receiver, "POST", f"{DATA}/{ORDERS}/tags/raw")["tags"] == ["raw"]
    assert ask(receiver, "POST", f"{DATA}/{ORDERS}/tags/raw")["tags"] == ["raw"]
    tagged = ask(receiver, "POST", f"{DATA}/{ORDERS}/fields/amount/tags/PII")
    assert [each["tags"] for each in tagged["fields"]] == [[], ["PII"]]
    assert ask(receiver, "POST", f"{JOBS}/dag.sum/tags/gold")["tags"] == ["gold"]
    found = get(receiver, "tags")["tags"]
    check("Tag", *found)
    assert {each["name"]: each["description"] for each in found} == {
        "PII": "of a person",
        "gold": None,
        "plain": None,
        "raw": None,
    }
    assert [each["name"] for each in get(receiver, "tags?limit=2&offset=1")["tags"]] == ["gold", "plain"]
    nodes = get(receiver, "lineage?nodeId=job:nightly:dag.sum")["graph"]
    shown = next(each["data"] for each in nodes if each["id"].endswith(ORDERS))
    assert shown["tags"] == ["raw"] and [each["tags"] for each in shown["fields"]] == [[], ["PII"]]
    (version,) = get(receiver, f"{DATA}/{ORDERS}/versions")["versions"]
    assert version["tags"] == ["raw"]
    assert ask(receiver, "DELETE", f"{DATA}/{ORDERS}/tags/raw")["tags"] == []
    untagged = ask(receiver, "DELETE", f"{DATA}/{ORDERS}/fields/amount/tags/PII")
    assert [each["tags"] for each in untagged["fields"]] == [[], []]
    assert ask(receiver, "DELETE", f"{JOBS}/dag.sum/tags/gold")["tags"] == []
    ask(receiver, "DELETE", f"{JOBS}/dag.sum/tags/gold")
    message = ask(receiver, "POST", f"{DATA}/{ORDERS}/fields/none/tags/PII", status=404)["message"]
    assert message == f"Field 'none' not found for dataset '{ORDERS}'."
    ask(receiver, "POST", f"{JOBS}/none/tags/PII", status=404)


def test_sources_are_made(receiver: Receiver) -> None:
    meta = {"type": "POSTGRESQL", "connectionUrl": "jdbc:postgresql://w/shop", "description": "ours"}
    made = put(receiver, "sources/shop", meta)
    check("Source", made)
    assert meta.items() <= made.items()
    fill(receiver)
    assert [each["name"] for each in get(receiver, "sources")["sources"]] == ["shop", "warehouse"]
    assert get(receiver, "sources/shop") == made
    put(receiver, "sources/shop", {"type": "X"}, 422)


def test_a_pipeline_as_clients_of_long_ago_told_of_it(receiver: Receiver) -> None:
    put(receiver, "namespaces/old", {"ownerName": "me"})
    put(receiver, "sources/shop", {"type": "POSTGRESQL", "connectionUrl": "postgres://h:5432/shop"})
    fields = [{"name": "a", "type": "INTEGER", "tags": ["PII"]}, {"name": "b"}]
    meta = {"type": "DB_TABLE", "physicalName": "public.in", "sourceName": "shop", "fields": fields}
    given = put(
        receiver, "namespaces/old/datasets/in", {**meta, "tags": ["raw"], "description": "what comes"}
    )
    check("Dataset", given)
    assert (given["physicalName"], given["sourceName"], given["tags"]) == ("public.in", "shop", ["raw"])
    assert [(each["name"], each["type"], each["tags"]) for each in given["fields"]] == [
        ("a", "INTEGER", ["PII"]),
        ("b", None, []),
    ]
    put(receiver, "namespaces/old/datasets/out", {**meta, "type": "STREAM", "schemaLocation": "http://x/y"})
    assert get(receiver, "namespaces/old/datasets/out")["type"] == "STREAM"
    ends = {
        "inputs": [{"namespace": "old", "name": "in"}],
        "outputs": [{"namespace": "old", "name": "out"}],
    }
    job = put(
        receiver,
        "namespaces/old/jobs/move",
        {"type": "BATCH", **ends, "location": "https://x/y.py", "description": "moves"},
    )
    check("Job", job)
    assert ends.items() <= job.items() and (job["location"], job["description"]) == (
        "https://x/y.py",
        "moves",
    )
    runs = "namespaces/old/jobs/move/runs"
    run = ask(receiver, "POST", runs, {"id": RUN, "args": {"size": "3"}}, 201)
    check("Run", run)
    assert (run["state"], run["args"], run["facets"]) == ("NEW", {"size": "3"}, {})
    assert "already exists" in ask(receiver, "POST", runs, {"id": RUN}, 400)["message"]
    at = "at=2026-03-01T10:00:00Z"
    assert ask(receiver, "POST", f"jobs/runs/{RUN}/start?{at}")["state"] == "RUNNING"
    put(receiver, "namespaces/old/datasets/out", {**meta, "runId": RUN})
    ended = ask(receiver, "POST", f"jobs/runs/{RUN}/complete?at=2026-03-01T10:00:05Z")
    assert (ended["state"], ended["endedAt"]) == ("COMPLETED", "2026-03-01T10:00:05.000Z")
    assert [each["datasetVersionId"]["name"] for each in ended["outputDatasetVersions"]] == ["out"]
    for word, state in (("fail", "FAILED"), ("abort", "ABORTED")):
        number = ask(receiver, "POST", runs, {}, 201)["id"]
        assert ask(receiver, "POST", f"jobs/runs/{number}/{word}")["state"] == state
    assert get(receiver, runs)["totalCount"] == 3
    assert get(receiver, "jobs?lastRunStates=ABORTED")["totalCount"] == 1


def test_what_clients_of_long_ago_may_not_tell(receiver: Receiver) -> None:
    meta = {"type": "DB_TABLE", "physicalName": "x", "sourceName": "none"}
    put(receiver, "namespaces/none/datasets/x", meta, 404)
    put(receiver, "namespaces/old", {"ownerName": "me"})
    assert put(receiver, "namespaces/old/datasets/x", meta, 404)["message"] == "Source 'none' not found."
    job = {"type": "BATCH", "inputs": [{"namespace": "old", "name": "x"}], "outputs": []}
    assert put(receiver, "namespaces/old/jobs/j", job, 404)["message"] == "Dataset 'x' not found."
    put(receiver, "namespaces/old/jobs/j", {"type": "BATCH"}, 422)
    ask(receiver, "POST", "namespaces/old/jobs/none/runs", {}, 404)
    ask(receiver, "POST", f"jobs/runs/{OTHER}/start", status=404)
    ask(receiver, "PUT", "tags/x", None, 400)
    assert get(receiver, "namespaces/old/jobs") == {"jobs": [], "totalCount": 0}

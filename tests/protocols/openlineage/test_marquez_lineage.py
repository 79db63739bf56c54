"""Lineage of jobs, of fields and of runs, as Marquez's API tells it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.protocols.openlineage.conftest import (
    OTHER,
    RUN,
    WAREHOUSE,
    Receiver,
    data,
    lineage,
    run_event,
    schema,
)
from tests.protocols.openlineage.marquez import DAILY, LAST, ORDERS, REPORT, check, fill, get, told

SUM, TELL = "job:nightly:dag.sum", "job:nightly:tell"


def dataset(name: str) -> str:
    return f"dataset:{WAREHOUSE}:{name}"


def field(name: str, path: str) -> str:
    return f"datasetField:{WAREHOUSE}:{name}:{path}"


def graph(receiver: Receiver, path: str) -> dict[str, Any]:
    """Nodes by id; their edges must be those of their neighbours."""
    nodes = get(receiver, path)["graph"]
    check("Node", *nodes)
    assert [each["id"] for each in nodes] == sorted(each["id"] for each in nodes)
    return {each["id"]: each for each in nodes}


def edges(nodes: dict[str, Any]) -> set[tuple[str, str]]:
    """Edges as both of their ends tell them."""
    out = {(each["origin"], each["destination"]) for node in nodes.values() for each in node["outEdges"]}
    into = {(each["origin"], each["destination"]) for node in nodes.values() for each in node["inEdges"]}
    assert out == into
    return out


def chain(receiver: Receiver, size: int) -> None:
    """Jobs in a row: `j1` reads t0 and writes t1, and so on."""
    for number in range(1, size + 1):
        receiver.post(
            run_event(
                "COMPLETE",
                number,
                run=f"{RUN[:-2]}{number:02}",
                job=f"j{number}",
                inputs=[data(f"t{number - 1}")],
                outputs=[
                    data(
                        f"t{number}",
                        schema=schema("a"),
                        columnLineage=lineage(a=[(f"t{number - 1}", "a")]),
                    )
                ],
            )
        )


def test_a_lineage_of_jobs_and_datasets(receiver: Receiver) -> None:
    fill(receiver)
    nodes = graph(receiver, f"lineage?nodeId={SUM}&depth=1")
    assert nodes.keys() == {dataset(ORDERS), dataset(DAILY), dataset(REPORT), SUM, TELL}
    assert edges(nodes) == {
        (dataset(ORDERS), SUM),
        (SUM, dataset(DAILY)),
        (dataset(DAILY), TELL),
        (TELL, dataset(REPORT)),
    }
    check("JobData", nodes[SUM]["data"], nodes[TELL]["data"])
    check("Run", nodes[SUM]["data"]["latestRun"])
    check("DatasetData", nodes[dataset(DAILY)]["data"])
    check("Field", *nodes[dataset(DAILY)]["data"]["fields"])
    assert nodes[SUM]["type"], nodes[dataset(DAILY)]["type"] == ("JOB", "DATASET")
    assert nodes[TELL]["data"]["latestRun"]["state"] == "FAILED"
    assert nodes[SUM]["data"]["parentJobName"] == "dag"
    # From a data set on, all of its jobs are at no distance.
    assert graph(receiver, f"lineage?nodeId={dataset(DAILY)}&depth=0").keys() == nodes.keys()
    assert graph(receiver, "lineage?nodeId=job:nightly:dag").keys() == {"job:nightly:dag"}
    assert told(receiver, f"lineage?nodeId={dataset('none')}", 404) == "Dataset 'none' not found."


def test_depth_is_in_jobs_and_goes_both_ways_and_aside(receiver: Receiver) -> None:
    chain(receiver, 6)
    receiver.post(run_event("COMPLETE", 9, run=OTHER, job="aside", inputs=[data("t3")]))

    def jobs(depth: int) -> set[str]:
        found = graph(receiver, f"lineage?nodeId=job:nightly:j3&depth={depth}")
        return {name.rpartition(":")[2] for name in found if name.startswith("job:")}

    assert jobs(0) == {"j3"}
    assert jobs(1) == {"j2", "j3", "j4", "aside"}
    assert jobs(2) == {"j1", "j2", "j3", "j4", "j5", "aside"}
    assert jobs(20) == {"j1", "j2", "j3", "j4", "j5", "j6", "aside"}
    everything = graph(receiver, "lineage?nodeId=job:nightly:j3")
    assert len(everything) == 14 and len(edges(everything)) == 13


def test_a_lineage_goes_round_in_circles_once(receiver: Receiver) -> None:
    receiver.post(
        run_event("COMPLETE", 1, job="there", inputs=[data("a")], outputs=[data("b")]),
        run_event("COMPLETE", 2, run=OTHER, job="back", inputs=[data("b")], outputs=[data("a")]),
        run_event("COMPLETE", 3, run=LAST, job="merge", inputs=[data("a")], outputs=[data("a")]),
    )
    nodes = graph(receiver, "lineage?nodeId=job:nightly:there")
    assert len(nodes) == 5 and len(edges(nodes)) == 6


def test_a_lineage_of_fields(receiver: Receiver) -> None:
    fill(receiver)
    nodes = graph(receiver, f"column-lineage?nodeId={field(DAILY, 'total')}")
    assert nodes.keys() == {field(DAILY, "total"), field(ORDERS, "amount")}
    for node in nodes.values():
        check("FieldNode", node["data"])
    total = nodes[field(DAILY, "total")]
    assert (total["type"], total["data"]["fieldType"]) == ("DATASET_FIELD", "int")
    assert total["data"]["transformationType"] == "AGGREGATION"
    (given,) = total["data"]["inputFields"]
    assert (given["dataset"], given["field"], given["transformationDescription"]) == (
        ORDERS,
        "amount",
        "summed up",
    )
    # Marquez tells edges into a field from the field to its source, and its web UI relies on that.
    assert total["inEdges"] == [{"origin": field(DAILY, "total"), "destination": field(ORDERS, "amount")}]
    assert nodes[field(ORDERS, "amount")]["outEdges"] == [
        {"origin": field(ORDERS, "amount"), "destination": field(DAILY, "total")}
    ]
    down = graph(receiver, f"column-lineage?nodeId={field(DAILY, 'total')}&withDownstream=true")
    assert down.keys() == {*nodes, field(REPORT, "sum")}
    whole = graph(receiver, f"column-lineage?nodeId={dataset(DAILY)}")
    assert whole.keys() == {*nodes, field(DAILY, "day"), field(ORDERS, "day")}
    assert graph(receiver, f"column-lineage?nodeId={SUM}").keys() == whole.keys()
    version = total["data"]["datasetVersion"]
    path = f"column-lineage?nodeId={dataset(DAILY)}%23{version}"
    assert f"{field(DAILY, 'total')}#{version}" in graph(receiver, path)
    get(receiver, f"{path}&withDownstream=true", 400)


def test_depth_of_fields_is_in_edges(receiver: Receiver) -> None:
    chain(receiver, 5)
    for depth, size in ((1, 2), (3, 4), (20, 6)):
        found = graph(receiver, f"column-lineage?nodeId={field('t5', 'a')}&depth={depth}")
        assert len(found) == size, depth
    both = graph(receiver, f"column-lineage?nodeId={field('t2', 'a')}&depth=2&withDownstream=true")
    assert len(both) == 5


def test_runs_upstream(receiver: Receiver) -> None:
    fill(receiver)
    found = get(receiver, f"runlineage/upstream?runId={LAST}")["runs"]
    check("UpstreamRun", *found)
    assert [each["run"]["id"] for each in found] == [LAST, RUN]
    assert [each["run"]["status"] for each in found] == ["FAILED", "COMPLETED"]
    assert found[0]["job"].keys() == {"namespace", "name", "version"}
    (read,) = found[0]["inputs"]
    assert (read["namespace"], read["name"], read["producedByRunId"]) == (WAREHOUSE, DAILY, RUN)
    assert found[1]["inputs"][0]["producedByRunId"] is None
    assert len(get(receiver, f"runlineage/upstream?runId={LAST}&depth=0")["runs"]) == 1


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("job:a:b", ["a", "b"]),
        ("job:a:b:c:d", ["a", "b:c:d"]),
        ("dataset:postgres://h:5432:d.s.t", ["postgres://h:5432", "d.s.t"]),
        ("datasetField:s3://b:k/x:f", ["s3://b", "k/x", "f"]),
        ("datasetField:postgres://h:5432:d.t:f", ["postgres://h:5432", "d.t", "f"]),
        ("dataset:file:/tmp/x", ["file", "/tmp/x"]),
        ("run:abc", ["abc"]),
    ],
)
def test_ids_of_nodes(text: str, parts: list[str]) -> None:
    from lineal.protocols.openlineage.marquez.asking import NodeId

    assert NodeId.read(text).parts == parts
    assert NodeId.read(f"{text}#{RUN}") == (text.partition(":")[0], parts, RUN)

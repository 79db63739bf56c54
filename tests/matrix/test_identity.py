"""However a tool spells where data is, and whatever it is called besides, it is one node behind every door."""

from __future__ import annotations

import json

import pytest
from tests.matrix.conftest import Doors
from tests.matrix.test_openlineage import event, post

from lineal.graph.mlmd.messages import message

LAKE, FILE, TABLE = (
    ("s3://lake", "raw/sales.csv"),
    ("file", "/data/sales.csv"),
    ("postgres://db:5432", "shop.public.sales"),
)
SPELLINGS = {
    LAKE: ["s3a://lake/raw/sales.csv", "s3n://lake/raw/sales.csv/", "arn:aws:s3:::lake/raw/sales.csv"],
    FILE: ["file:///data//sales.csv", "/data/raw/../sales.csv", "file:/data/sales.csv"],
    TABLE: ["postgresql://me:x@DB/shop/public/sales", "jdbc:postgresql://db:5432/shop/public/sales"],
}


def through_mlflow(doors: Doors, uri: str) -> None:
    """A run reads what is there."""
    run = doors.mlflow("runs/create", experiment_id="0")["run"]["info"]["run_id"]
    source = {"name": "sales", "digest": "1", "source_type": "http", "source": json.dumps({"uri": uri})}
    doors.mlflow("runs/log-inputs", run_id=run, datasets=[{"tags": [], "dataset": source}])


def through_mlmd(doors: Doors, uri: str) -> None:
    """An execution reads an artifact that is there."""
    kinds = doors.mlmd("PutTypes", artifact_types=[{"name": "Data"}], execution_types=[{"name": "Step"}])
    artifact = message("Artifact")(type_id=kinds.artifact_type_ids[0], uri=uri)
    doors.mlmd(
        "PutExecution",
        execution=message("Execution")(type_id=kinds.execution_type_ids[0]),
        artifact_event_pairs=[{"artifact": artifact, "event": {"type": message("Event").INPUT}}],
    )


def data_sets(doors: Doors) -> list[tuple[str, str]]:
    """Those that are where something is."""
    found = doors.native("entities", kind="dataset", limit=100)["entities"]
    return sorted(
        (each["namespace"], each["name"])
        for each in found
        if ":" in each["namespace"] or each["namespace"] == "file"
    )


@pytest.mark.parametrize("place", SPELLINGS)
def test_spellings(doors: Doors, place: tuple[str, str]) -> None:
    for uri in SPELLINGS[place]:
        through_mlflow(doors, uri)
        through_mlmd(doors, uri)
    told = [place, ("s3a://lake", "/raw/sales.csv")] if place is LAKE else [place]
    post(doors, event(inputs=[{"namespace": namespace, "name": name} for namespace, name in told]))
    assert data_sets(doors) == [place]


def test_a_name_that_only_a_symlink_tells(doors: Doors) -> None:
    table = ("hive://metastore:10000", "shop.sales")
    links = [{"namespace": LAKE[0], "name": LAKE[1], "type": "LOCATION"}]
    outputs = [{"namespace": table[0], "name": table[1], "facets": {"symlinks": {"identifiers": links}}}]
    post(doors, event(outputs=outputs))
    through_mlflow(doors, SPELLINGS[LAKE][0])
    through_mlmd(doors, SPELLINGS[LAKE][1])
    assert data_sets(doors) == [table]
    path = "name:dataset:hive%3A%2F%2Fmetastore%3A10000/shop.sales"
    below = doors.native(f"lineage/{path.replace('%', '%25').replace('/', '%2F')}", direction="down")["nodes"]
    assert len({each["id"] for each in below if not each["kind"].startswith("dataset")}) == 2


def test_a_symlink_to_what_another_door_named_before(doors: Doors) -> None:
    through_mlflow(doors, SPELLINGS[LAKE][0])
    links = [{"namespace": LAKE[0], "name": LAKE[1], "type": "LOCATION"}]
    told = {
        "namespace": "hive://metastore:10000",
        "name": "shop.sales",
        "facets": {"symlinks": {"identifiers": links}},
    }
    post(doors, event(outputs=[told]))
    assert len(data_sets(doors)) == 2
    path = "name:job:nightly/load".replace("/", "%2F")
    below = doors.native(f"lineage/{path}", direction="down")["nodes"]
    assert {each["kind"] for each in below} >= {"dataset", "run"} and LAKE[1] in {
        each["name"] for each in below
    }

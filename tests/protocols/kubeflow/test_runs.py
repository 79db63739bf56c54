"""Experiments, runs, metrics and parameters."""

from __future__ import annotations

from typing import Any

import pytest
from tests.protocols.kubeflow.conftest import Registry, custom


def history(registry: Registry, run: str, **asked: Any) -> list[tuple[str, Any, int]]:
    """Names, values and steps."""
    items = registry.get(f"experiment_runs/{run}/metric_history", **asked)["items"]
    return [(each["name"], each["value"], each["step"]) for each in items]


def test_a_run_and_its_times(registry: Registry) -> None:
    experiment = registry.experiment("e", owner="ann")
    run = registry.post("experiment_runs", experimentId=experiment, name="r", startTimeSinceEpoch="1000")
    assert (run["status"], run["state"], run["startTimeSinceEpoch"]) == ("RUNNING", "LIVE", "1000")
    path = f"experiment_runs/{run['id']}"
    assert registry.refused("PATCH", path, endTimeSinceEpoch="999")[0] == 400
    done = registry.patch(path, endTimeSinceEpoch="2000", status="FINISHED", customProperties=custom(a=1))
    assert (done["endTimeSinceEpoch"], done["status"]) == ("2000", "FINISHED")
    assert registry.found("experiment_runs", "endTimeSinceEpoch > 1500 AND status = 'FINISHED'") == ["r"]
    assert registry.get("experiment_run", name="r", parentResourceId=experiment) == done
    assert registry.found(f"experiments/{experiment}/experiment_runs") == ["r"]
    assert registry.refused("POST", f"experiments/{experiment}/experiment_runs", name="r")[0] == 409
    assert registry.post(f"experiments/{experiment}/experiment_runs")["experimentId"] == experiment


def test_a_metric_is_one_artifact_with_a_history(registry: Registry) -> None:
    run = registry.run(registry.experiment())
    for step in range(3):
        answer = registry.log(run, "metric", "loss", 1.0 / (step + 1), step=step, timestamp=str(1000 + step))
    assert answer["value"] == 1 / 3 and answer["experimentRunId"] == run
    assert len(registry.get(f"experiment_runs/{run}/artifacts")["items"]) == 1
    assert history(registry, run) == [("loss", 1.0, 0), ("loss", 0.5, 1), ("loss", 1 / 3, 2)]
    assert history(registry, run, sortOrder="DESC")[0] == ("loss", 1 / 3, 2)
    assert history(registry, run, stepIds="0, 2") == [("loss", 1.0, 0), ("loss", 1 / 3, 2)]
    assert history(registry, run, name="none") == []
    assert registry.get(f"experiment_runs/{run}/metric_history")["items"][0]["id"] == answer["id"]


def test_an_update_keeps_step_and_time(registry: Registry) -> None:
    run = registry.run(registry.experiment())
    made = registry.log(run, "metric", "loss", 1.0, step=7, timestamp="1000")
    registry.patch(f"artifacts/{made['id']}", artifactType="metric", value=2.0)
    assert sorted(history(registry, run)) == [("loss", 1.0, 7), ("loss", 2.0, 7)]


def test_histories_of_many_metrics_come_in_pages(registry: Registry) -> None:
    experiment = registry.experiment()
    runs = [registry.run(experiment) for _ in range(3)]
    for run in runs:
        for name in ("a", "b"):
            for step in range(4):
                registry.log(run, "metric", name, float(step), step=step, timestamp=str(step + 1))
    expected = [(run, name, step) for run in runs for name in ("a", "b") for step in range(4)]
    for asked in ({}, {"filterQuery": "name IN ('a', 'b')"}):
        found: list[tuple[str, str, int]] = []
        token = ""
        while True:
            page = registry.get("experiment_runs/metric_history", pageSize=5, nextPageToken=token, **asked)
            found += [(each["experimentRunId"], each["name"], each["step"]) for each in page["items"]]
            token = page["nextPageToken"]
            if not token:
                break
        assert found == expected
    one = registry.get(
        "experiment_runs/metric_history", filterQuery=f"experimentRunId = '{runs[1]}'", stepIds="3"
    )
    assert [(each["name"], each["step"]) for each in one["items"]] == [("a", 3), ("b", 3)]
    assert len(registry.get("experiment_runs/metric_history", name="a")["items"]) == 12


@pytest.mark.parametrize(
    "asked",
    [{"stepIds": "x"}, {"stepIds": "²"}, {"pageSize": "x"}, {"nextPageToken": "x"}, {"filterQuery": "a ="}],
)
def test_what_a_history_refuses(registry: Registry, asked: dict[str, str]) -> None:
    run = registry.run(registry.experiment())
    assert registry.refused("GET", f"experiment_runs/{run}/metric_history", **asked)[0] == 400
    assert registry.refused("GET", "experiment_runs/metric_history", **asked)[0] == 400
    assert registry.refused("GET", "experiment_runs/999999/metric_history")[0] == 404


def test_a_parameter_is_put_once(registry: Registry) -> None:
    run = registry.run(registry.experiment())
    first = registry.log(run, "parameter", "depth", "3", parameterType="number")
    again = registry.log(run, "parameter", "depth", "4")
    assert first["id"] == again["id"] and (again["value"], again["parameterType"]) == ("4", "number")
    made = registry.send(
        "POST", f"experiment_runs/{run}/artifacts", json={"artifactType": "parameter", "name": "depth"}
    )
    assert made.status_code == 200


def test_since_v1_a_step_is_text_and_artifacts_tell_nothing_of_experiments(registry: Registry) -> None:
    run = registry.run(registry.experiment())
    made = registry.log(run, "metric", "loss", 1.0, step=7)
    assert made["step"] == 7 and {"experimentId", "experimentRunId"} <= made.keys()
    later = registry.of("v1")
    told = later.get(f"artifacts/{made['id']}")
    assert told["step"] == "7" and not {"experimentId", "experimentRunId"} & told.keys()
    assert later.patch(f"artifacts/{made['id']}", artifactType="metric", step="8")["step"] == "8"
    assert later.refused("PATCH", f"artifacts/{made['id']}", artifactType="metric", step="soon")[0] == 400


def test_what_was_read_may_be_sent_to_where_it_lies(registry: Registry) -> None:
    experiment, model = registry.experiment(), registry.model()
    for path, parent in (("experiments", experiment), ("registered_models", model)):
        inner = f"{path}/{parent}/{'experiment_runs' if path == 'experiments' else 'versions'}"
        made = registry.post(inner, name="one")
        again = registry.post(inner, **{**made, "description": "changed", "state": "ARCHIVED"})
        assert again["id"] == made["id"]
        assert (again["description"], again["state"]) == ("changed", "ARCHIVED")
        assert registry.found(inner) == ["one"]
        assert registry.refused("POST", inner, id="999999", name="one")[0] == 404
        assert registry.refused("POST", inner, id="x", name="one")[0] == 400
    other = registry.model("other")
    version = registry.version(other)
    assert registry.refused("POST", f"registered_models/{model}/versions", id=version, name="v")[0] == 404

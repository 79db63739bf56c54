"""What came of events, as Marquez's API tells it: namespaces, sources, data sets, jobs and runs."""

from __future__ import annotations

import pytest
from tests.protocols.openlineage.conftest import (
    OTHER,
    RUN,
    WAREHOUSE,
    Receiver,
    data,
    dataset_event,
    facet,
    job_event,
    run_event,
    schema,
)
from tests.protocols.openlineage.marquez import (
    DAILY,
    LAST,
    ORDERS,
    REPORT,
    W,
    ask,
    check,
    fill,
    get,
    told,
)

DATA = f"namespaces/{W}/datasets"
JOBS = "namespaces/nightly/jobs"


@pytest.fixture
def filled(receiver: Receiver) -> Receiver:
    fill(receiver)
    return receiver


def test_namespaces_and_sources(filled: Receiver) -> None:
    found = get(filled, "namespaces")["namespaces"]
    check("Namespace", *found)
    assert [each["name"] for each in found] == ["nightly", WAREHOUSE]
    assert get(filled, "namespaces?limit=1&offset=1")["namespaces"] == found[1:]
    assert get(filled, f"namespaces/{W}") == found[1]
    assert told(filled, "namespaces/none", 404) == "Namespace 'none' not found."
    (source,) = get(filled, "sources")["sources"]
    check("Source", source)
    assert (source["name"], source["type"], source["connectionUrl"]) == (
        "warehouse",
        "POSTGRES",
        "postgres://warehouse:5432/shop",
    )
    assert get(filled, "sources/warehouse") == source
    # A data set without a source must not break anything; here one has none.
    check("Source", get(filled, "sources/default"))
    assert told(filled, "sources/none", 404) == "Source 'none' not found."


def test_datasets(filled: Receiver) -> None:
    page = get(filled, DATA)
    found = {each["name"]: each for each in page["datasets"]}
    assert [*found] == [DAILY, ORDERS, REPORT] and page["totalCount"] == 3
    for each in found.values():
        check("Dataset", each)
        check("Field", *each["fields"])
        check("ColumnLineage", *(each["columnLineage"] or ()))
    daily = found[DAILY]
    assert daily == get(filled, f"{DATA}/{DAILY}")
    assert daily["id"] == {"namespace": WAREHOUSE, "name": DAILY}
    assert (daily["type"], daily["sourceName"], daily["description"]) == (
        "DB_TABLE",
        "warehouse",
        "Turnover by day",
    )
    assert [(each["name"], each["type"]) for each in daily["fields"]] == [("day", "date"), ("total", "int")]
    total = daily["columnLineage"][1]
    check("InputField", *total["inputFields"])
    assert total["inputFields"] == [
        {
            "namespace": WAREHOUSE,
            "dataset": ORDERS,
            "field": "amount",
            "transformationDescription": "summed up",
            "transformationType": "AGGREGATION",
        }
    ]
    assert daily["facets"].keys() == {"schema", "dataSource", "documentation", "columnLineage"}
    assert found[REPORT]["sourceName"] == "default" and found[ORDERS]["columnLineage"] is None
    second = get(filled, f"{DATA}?limit=1&offset=1")
    assert [each["name"] for each in second["datasets"]] == [ORDERS] and second["totalCount"] == 3
    assert get(filled, f"{DATA}?limit=0") == {"datasets": [], "totalCount": 3}
    assert told(filled, f"{DATA}/none", 404) == "Dataset 'none' not found."
    assert told(filled, "namespaces/none/datasets/none", 404) == "Namespace 'none' not found."
    assert told(filled, "namespaces/none/datasets", 404) == "Namespace 'none' not found."


def test_versions_of_a_dataset(filled: Receiver) -> None:
    filled.post(run_event("COMPLETE", 9, job="dag.sum", run=LAST[:-1] + "9", outputs=[data(DAILY)]))
    page = get(filled, f"{DATA}/{DAILY}/versions")
    newest, oldest = page["versions"]
    check("DatasetVersion", newest, oldest)
    check("VersionId", newest["id"])
    check("Run", newest["createdByRun"])
    assert page["totalCount"] == 2 and oldest["createdByRun"]["id"] == RUN
    assert newest["version"] == get(filled, f"{DATA}/{DAILY}")["currentVersion"]
    assert newest["currentSchemaVersion"] == oldest["currentSchemaVersion"]
    assert [each["name"] for each in newest["fields"]] == ["day", "total"]
    assert get(filled, f"{DATA}/{DAILY}/versions/{oldest['version']}") == oldest
    assert get(filled, f"{DATA}/{DAILY}/versions?limit=1&offset=1")["versions"] == [oldest]
    assert "not found" in told(filled, f"{DATA}/{ORDERS}/versions/{oldest['version']}", 404)


def test_what_nobody_wrote_has_one_version(filled: Receiver) -> None:
    page = get(filled, f"{DATA}/{ORDERS}/versions")
    (only,) = page["versions"]
    check("DatasetVersion", only)
    assert page["totalCount"] == 1 and only["createdByRun"] is None
    assert get(filled, f"{DATA}/{ORDERS}/versions/{only['version']}") == only
    read = get(filled, f"jobs/runs/{RUN}")["inputDatasetVersions"]
    assert [each["datasetVersionId"]["version"] for each in read] == [only["version"]]


def test_a_dataset_under_its_other_name_and_one_that_was_dropped(receiver: Receiver) -> None:
    links = facet(identifiers=[{"namespace": "hive", "name": "t", "type": "TABLE"}])
    receiver.post(dataset_event(data("a", symlinks=links)))
    assert get(receiver, "namespaces/hive/datasets/t")["name"] == "a"
    change = facet(lifecycleStateChange="DROP")
    receiver.post(dataset_event(data("a", lifecycleStateChange=change), 5))
    dropped = get(receiver, f"{DATA}/a")
    assert (dropped["deleted"], dropped["lastLifecycleState"]) == (True, "DROP")


def test_jobs(filled: Receiver) -> None:
    page = get(filled, "jobs")
    assert page["totalCount"] == 3 and page == get(filled, JOBS)
    found = {each["name"]: each for each in page["jobs"]}
    for each in found.values():
        check("Job", each)
        check("Run", *(each["latestRuns"] or ()))
    job = get(filled, f"{JOBS}/dag.sum")
    assert job == found["dag.sum"]
    assert (job["simpleName"], job["parentJobName"], job["type"]) == ("sum", "dag", "BATCH")
    assert len(job["parentJobUuid"]) == 36
    assert job["inputs"] == [{"namespace": WAREHOUSE, "name": ORDERS}]
    assert job["outputs"] == [{"namespace": WAREHOUSE, "name": DAILY}]
    assert job["latestRun"]["id"] == RUN and job["latestRuns"] == [job["latestRun"]]
    assert job["facets"].keys() == {"sql"}
    assert (found["dag"]["latestRun"], found["dag"]["inputs"]) == (None, [])
    assert get(filled, "namespaces/none/jobs") == {"jobs": [], "totalCount": 0}
    assert told(filled, f"{JOBS}/none", 404) == "Job 'none' not found."


def test_jobs_by_the_state_of_their_latest_run(filled: Receiver) -> None:
    def named(query: str) -> tuple[set[str], int]:
        page = get(filled, query)
        return {each["name"] for each in page["jobs"]}, page["totalCount"]

    assert named("jobs?lastRunStates=FAILED") == ({"tell"}, 1)
    assert named("jobs?lastRunStates=completed&limit=1") == ({"dag.sum"}, 1)
    assert named(f"{JOBS}?lastRunStates=FAILED&lastRunStates=COMPLETED") == ({"tell", "dag.sum"}, 2)
    assert named("jobs?lastRunStates=RUNNING") == (set(), 0)
    filled.post(run_event("START", 20, job="tell", run=LAST[:-1] + "8"))
    assert named("jobs?lastRunStates=RUNNING") == ({"tell"}, 1)
    assert named("jobs?lastRunStates=FAILED") == (set(), 0)
    # What comes late of a run that is not the latest does not count.
    filled.post(run_event("COMPLETE", 4.5, job="tell", run=LAST))
    assert named("jobs?lastRunStates=RUNNING") == ({"tell"}, 1)
    assert "lastRunStates" in told(filled, "jobs?lastRunStates=NOSUCH", 400)


def test_streaming_jobs_and_jobs_without_runs(receiver: Receiver) -> None:
    kind = facet(processingType="STREAMING", integration="FLINK", jobType="JOB")
    receiver.post(job_event(0, job="stream", inputs=[data("a")], job_facets={"jobType": kind}))
    job = get(receiver, f"{JOBS}/stream")
    check("Job", job)
    assert (job["type"], job["latestRun"], job["latestRuns"]) == ("STREAM", None, None)
    (version,) = get(receiver, f"{JOBS}/stream/versions")["versions"]
    check("JobVersion", version)
    assert version["version"] == job["currentVersion"] and version["latestRun"] is None


def test_versions_of_a_job(filled: Receiver) -> None:
    job = get(filled, f"{JOBS}/dag.sum")
    (version,) = get(filled, f"{JOBS}/dag.sum/versions")["versions"]
    check("JobVersion", version)
    assert version["version"] == job["currentVersion"] == job["latestRun"]["jobVersion"]["version"]
    filled.post(run_event("COMPLETE", 9, job="dag.sum", run=LAST[:-1] + "9", inputs=[data(REPORT)]))
    page = get(filled, f"{JOBS}/dag.sum/versions")
    assert page["totalCount"] == 3  # of both runs, and of all that the job reads
    assert page["versions"][0]["version"] == get(filled, f"{JOBS}/dag.sum")["currentVersion"]
    assert get(filled, f"{JOBS}/dag.sum/versions/{version['version']}")["latestRun"]["id"] == RUN
    assert told(filled, f"{JOBS}/dag.sum/versions/none", 404) == "Job version 'none' not found."


def test_runs(filled: Receiver) -> None:
    run = get(filled, f"jobs/runs/{RUN}")
    check("Run", run)
    assert (run["state"], run["durationMs"]) == ("COMPLETED", 2000)
    assert (run["startedAt"], run["endedAt"]) == ("2026-03-01T10:00:00.000Z", "2026-03-01T10:00:02.000Z")
    assert run["nominalStartTime"] == "2026-03-01T00:00:00.000Z"
    assert run["facets"].keys() == {"nominalTime", "parent"}
    (written,) = run["outputDatasetVersions"]
    check("DatasetMoment", written)
    check("VersionId", written["datasetVersionId"])
    assert written["datasetVersionId"]["version"] == get(filled, f"{DATA}/{DAILY}")["currentVersion"]
    assert written["facets"]["outputStatistics"]["rowCount"] == 3
    assert get(filled, f"jobs/runs/{LAST}")["outputDatasetVersions"] == []  # it failed
    assert get(filled, f"{JOBS}/dag.sum/runs") == {"runs": [run], "totalCount": 1}
    assert get(filled, f"{JOBS}/dag/runs")["runs"][0]["state"] == "NEW"
    assert told(filled, f"jobs/runs/{RUN[:-1]}0", 404) == f"Run '{RUN[:-1]}0' not found."
    told_of_run = get(filled, f"jobs/runs/{RUN}/facets?type=run")
    assert told_of_run == {"runId": RUN, "facets": run["facets"]}
    assert get(filled, f"jobs/runs/{RUN}/facets?type=JOB")["facets"].keys() == {"sql"}
    assert get(filled, f"jobs/runs/{OTHER}/facets?type=run")["facets"] == {}
    get(filled, f"jobs/runs/{RUN}/facets", 400)


REFUSED = {
    "jobs?limit=-1": 400,
    "jobs?limit=x": 400,
    "namespaces?offset=-2": 400,
    "lineage": 400,
    "lineage?nodeId=nonsense": 400,
    "lineage?nodeId=job:a": 400,
    "lineage?nodeId=job:nightly:none": 404,
    "column-lineage?nodeId=dataset:a:b": 404,
    "runlineage/upstream?runId=none": 404,
    "events/lineage?before=yesterday": 400,
    "events/lineage?sortDirection=up": 400,
    "search?q=": 400,
    "search?q=a&before=2026-13-45": 400,
    "stats/jobs?period=YEAR": 400,
    "stats/jobs?period=WEEK&timezone=Moon": 400,
    "stats/lineage-events?period=WEEK": 400,
}


def test_what_cannot_be_answered_is_refused(filled: Receiver) -> None:
    for path, status in REFUSED.items():
        get(filled, path, status)


def test_a_large_schema_and_nested_fields(receiver: Receiver) -> None:
    fields = [{"name": "who", "type": "struct", "fields": [{"name": "mail", "type": "text"}]}]
    receiver.post(dataset_event(data("nested", schema=facet(fields=fields))))
    receiver.post(dataset_event(data("wide", schema=schema(*(f"c{number:03}" for number in range(300))))))
    assert [each["name"] for each in get(receiver, f"{DATA}/nested")["fields"]] == ["who"]
    assert [each["name"] for each in get(receiver, f"{DATA}/wide")["fields"]][299] == "c299"
    ask(receiver, "POST", f"{DATA}/nested/fields/who.mail/tags/PII")

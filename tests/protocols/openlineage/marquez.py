"""What tests of Marquez's API have in common: a small pipeline, and the fields that its messages must have."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from tests.protocols.openlineage.conftest import (
    OTHER,
    RUN,
    WAREHOUSE,
    Receiver,
    data,
    facet,
    lineage,
    run_event,
    schema,
)

ORDERS, DAILY, REPORT = "shop.public.orders", "shop.public.daily", "shop.public.report"
LAST = "0190a0b5-8a6e-7a5c-8f0e-1a2b3c4d5e71"
W = quote(WAREHOUSE, safe="")
SOURCE = facet(name="warehouse", uri="postgres://warehouse:5432/shop")

# Fields of Marquez's Java models, all of which its JSON has; those that are never null first.
_DATA = (
    "id type name physicalName createdAt updatedAt namespace sourceName fields tags",
    "lastModifiedAt lastLifecycleState description",
)
_JOB = (
    "id type name simpleName createdAt updatedAt namespace inputs outputs",
    "parentJobName parentJobUuid location description latestRun",
)
FIELDS: dict[str, tuple[str, str]] = {
    "Namespace": ("name createdAt updatedAt ownerName isHidden", "description"),
    "Source": ("type name createdAt updatedAt connectionUrl", "description"),
    "Tag": ("name", "description"),
    "Dataset": (f"{_DATA[0]} facets deleted", f"{_DATA[1]} currentVersion columnLineage"),
    "DatasetData": _DATA,
    "Field": ("name tags", "type description"),
    "ColumnLineage": ("name inputFields", "transformationDescription transformationType"),
    "InputField": ("namespace dataset field", "transformationDescription transformationType"),
    "DatasetVersion": (
        "id type name physicalName createdAt version namespace sourceName fields tags facets",
        "lifecycleState description currentSchemaVersion createdByRun",
    ),
    "Job": (f"{_JOB[0]} facets labels tags", f"{_JOB[1]} latestRuns currentVersion"),
    "JobData": (_JOB[0], f"{_JOB[1]} currentRunUuid"),
    "JobVersion": ("id name createdAt version namespace inputs outputs", "location latestRun"),
    "Run": (
        "id createdAt updatedAt state args jobVersion inputDatasetVersions outputDatasetVersions facets",
        "nominalStartTime nominalEndTime startedAt endedAt durationMs",
    ),
    "VersionId": ("namespace name version", ""),
    "DatasetMoment": ("datasetVersionId facets", ""),
    "Node": ("id type data inEdges outEdges", ""),
    "FieldNode": (
        "namespace dataset field fieldType inputFields",
        "datasetVersion transformationDescription transformationType",
    ),
    "UpstreamRun": ("job run inputs", ""),
    "SearchResult": ("type name updatedAt namespace nodeId", ""),
    "LineageMetric": ("startInterval endInterval fail start complete abort", ""),
    "IntervalMetric": ("startInterval endInterval count", ""),
}


def check(shape: str, *found: Any) -> None:
    """Hold messages against the fields of a model: all of them, no others, and null only where that may be."""
    never, maybe = (each.split() for each in FIELDS[shape])
    for each in found:
        assert set(each) == {*never, *maybe}, (shape, each)
        assert [name for name in never if each[name] is None] == [], (shape, each)


def get(receiver: Receiver, path: str, status: int = 200) -> Any:
    """The JSON of an answer below `/api/v1/`."""
    return ask(receiver, "GET", path, status=status)


def ask(receiver: Receiver, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    """The same of any method."""
    answer = receiver.ask(method, f"v1/{path}", body)
    assert answer.status_code == status, answer.text
    told = answer.json()
    if status >= 400:
        assert told.keys() == {"code", "message"} and told["code"] == status
    return told


def told(receiver: Receiver, path: str, status: int) -> str:
    """The message of an answer that refuses."""
    message: str = get(receiver, path, status)["message"]
    return message


def fill(receiver: Receiver) -> None:
    """Orders are summed up by the day, and the days go into a report; the last run fails."""
    orders = data(ORDERS, schema=schema("day date", "amount int"), dataSource=SOURCE)
    daily = data(
        DAILY,
        schema=schema("day date", "total int"),
        dataSource=SOURCE,
        documentation=facet(description="Turnover by day"),
        columnLineage=lineage(day=[(ORDERS, "day")], total=[(ORDERS, "amount", _SUM)]),
        outputFacets={"outputStatistics": facet(rowCount=3)},
    )
    report = data(REPORT, schema=schema("sum int"), columnLineage=lineage(sum=[(DAILY, "total")]))
    nominal = facet(nominalStartTime="2026-03-01T00:00:00Z", nominalEndTime="2026-03-02T00:00:00Z")
    sql = {"sql": facet(query="SELECT day, sum(amount) FROM orders GROUP BY day")}
    parent = facet(run={"runId": OTHER}, job={"namespace": "nightly", "name": "dag"})
    run_facets = {"nominalTime": nominal, "parent": parent}
    receiver.post(
        run_event("START", 0, job="dag.sum", inputs=[orders], job_facets=sql, run_facets=run_facets),
        run_event("COMPLETE", 2, job="dag.sum", inputs=[orders], outputs=[daily], run_facets=run_facets),
        run_event("START", 3, job="tell", run=LAST, inputs=[data(DAILY)]),
        run_event("FAIL", 4, job="tell", run=LAST, inputs=[data(DAILY)], outputs=[report]),
    )


_SUM = {"type": "DIRECT", "subtype": "AGGREGATION", "description": "summed up"}
__all__ = ["LAST", "OTHER", "RUN", "WAREHOUSE", "W"]

"""Marquez's own client tells of a pipeline and reads it back; prints what it read as JSON."""

import json
import sys
import urllib.request
import warnings

from marquez_client import MarquezClient
from marquez_client.errors import APIError
from marquez_client.models import DatasetId, DatasetType, JobType

warnings.simplefilter("ignore")
URL = sys.argv[1]
RUN = "0190a0b5-8a6e-7a5c-8f0e-1a2b3c4d5e6f"
client = MarquezClient(URL)


def refused(call, *arguments):
    """Whether the client raises its own error."""
    try:
        call(*arguments)
    except APIError:
        return True
    return False


def event(kind, second, run, job, inputs, outputs):
    """Send an event, as no client of Marquez can."""
    told = {
        "eventType": kind,
        "eventTime": f"2026-03-01T10:00:0{second}Z",
        "producer": "https://example.com",
        "run": {"runId": run},
        "job": {"namespace": "shop", "name": job},
        "inputs": inputs,
        "outputs": outputs,
    }
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{URL}/api/v1/lineage", json.dumps(told).encode(), headers)
    assert urllib.request.urlopen(request).status == 201


def write():
    """Namespace, source, data sets, a job and two runs of it; then another job, by events."""
    client.create_namespace("shop", "me", "what we sell")
    client.create_source("warehouse", "POSTGRESQL", "jdbc:postgresql://db:5432/shop", "ours")
    fields = [{"name": "amount", "type": "INTEGER", "tags": ["MONEY"]}, {"name": "day", "type": "DATE"}]
    given = ("shop", "public.orders", DatasetType.DB_TABLE, "public.orders", "warehouse")
    client.create_dataset(*given, description="orders", fields=fields, tags=["RAW"])
    client.create_dataset("shop", "public.daily", DatasetType.DB_TABLE, "public.daily", "warehouse")
    ends = ([DatasetId("shop", "public.orders")], [DatasetId("shop", "public.daily")])
    client.create_job(
        "shop", "sum", JobType.BATCH, "https://example.com/sum.py", *ends, description="sums up"
    )
    client.create_job_run("shop", "sum", run_id=RUN, run_args={"size": "3"}, mark_as_running=True)
    client.mark_job_run_as_completed(RUN)
    failing = client.create_job_run("shop", "sum", nominal_start_time="2026-03-01T00:00:00Z")
    client.mark_job_run_as_started(failing["id"])
    client.mark_job_run_as_failed(failing["id"])
    aborted = client.create_job_run("shop", "sum")["id"]
    client.mark_job_run_as_aborted(aborted)
    client.create_tag("PII", "of a person")
    client.tag_dataset("shop", "public.daily", "GOLD")
    client.tag_dataset_field("shop", "public.orders", "day", "PII")
    amount = {"namespace": "shop", "name": "public.daily", "field": "total"}
    lineage = {"fields": {"sum": {"inputFields": [amount]}}}
    schema = {"fields": [{"name": "sum", "type": "INTEGER"}]}
    report = {"namespace": "shop", "name": "report", "facets": {"schema": schema, "columnLineage": lineage}}
    daily = {"namespace": "shop", "name": "public.daily"}
    event("COMPLETE", 5, RUN[:-1] + "0", "tell", [daily], [report])


def read():
    """What the client reads of it."""
    version = client.list_dataset_versions("shop", "report")["versions"][0]["version"]
    columns = client.get_column_lineage_by_dataset("shop", "report")
    return {
        "namespace": client.get_namespace("shop"),
        "namespaces": [each["name"] for each in client.list_namespaces()["namespaces"]],
        "source": client.get_source("warehouse"),
        "sources": [each["name"] for each in client.list_sources()["sources"]],
        "orders": client.get_dataset("shop", "public.orders"),
        "daily": client.get_dataset("shop", "public.daily"),
        "datasets": [each["name"] for each in client.list_datasets("shop", limit=2)["datasets"]],
        "version": client.get_dataset_version("shop", "report", version),
        "job": client.get_job("shop", "sum"),
        "jobs": [each["name"] for each in client.list_jobs("shop")["jobs"]],
        "run": client.get_job_run(RUN),
        "runs": [each["state"] for each in client.list_job_runs("shop", "sum")["runs"]],
        "tags": [each["name"] for each in client.list_tags()["tags"]],
        "columns": [each["id"] for each in columns["graph"]],
        "field": client.get_column_lineage_by_dataset_field("shop", "report", "sum", 1, True) == columns,
        "of_job": client.get_column_lineage_by_job("shop", "tell") == columns,
        "refused": [
            refused(client.get_dataset, "shop", "none"),
            refused(client.get_job_run, RUN[:-1] + "9"),
            refused(client.create_job_run, "shop", "none"),
        ],
    }


write()
print(json.dumps(read()))

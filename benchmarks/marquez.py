"""Marquez's read API in process: a page of jobs, and the lineage of one, among many jobs of connected pipelines."""

import asyncio
import time
from collections.abc import Iterator
from itertools import islice

import msgspec

from benchmarks.bench import Bench, Sample, Trial, Trials
from benchmarks.servers import LINEAL
from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.session import Session
from lineal.protocols.base import Call
from lineal.protocols.openlineage import door
from lineal.protocols.openlineage.events import read
from lineal.protocols.openlineage.intake import TOGETHER, intake_of
from lineal.server.router import Router

WAREHOUSE, FIELDS, PIPELINE = "postgres://warehouse:5432", 3, 1000
"""Where the data is, columns of each data set, jobs that are connected with each other."""
CALLS = 9
JOBS = "/api/v1/jobs?limit=25"
LINEAGE = "/api/v1/lineage?nodeId=job:team0:job_000500&depth={depth}"


def answer(path: str) -> Trials:
    """The median of some answers of the door's handler, without HTTP."""
    return lambda bench: {LINEAL: _trial(bench.once("marquez", lambda: _loaded(bench)), path)}


def _trial(session: Session, path: str) -> Trial:
    router = Router()
    router.add(door, embedded=False)
    plain, _, query = path.partition("?")
    found = router.find("GET", plain)
    if found is None:
        raise RuntimeError(f"{plain} is not served")
    handler, values = found.target.handler, found.values

    def trial() -> Sample:
        spent = []
        for _ in range(CALLS):
            cpu, begun = time.process_time(), time.perf_counter()
            handler(Call(session, "GET", plain, query=query, path_params=values))
            spent.append((time.perf_counter() - begun, time.process_time() - cpu))
        wall, cpu = sorted(spent)[CALLS // 2]
        return Sample(wall * 1e3, cpu * 1e6)

    return trial


def _loaded(bench: Bench) -> Session:
    bench.stop_servers()
    folder = bench.directory / "marquez"
    folder.mkdir()
    catalog = Catalog.open(f"sqlite:///{folder}/lineal.db", blobs=str(folder / "files"))
    bench.at_end(catalog.close)
    session = catalog.session(LOCAL, "openlineage")
    asyncio.run(_load(session, max(bench.scale.reach, PIPELINE)))
    return session


async def _load(session: Session, jobs: int) -> None:
    told = (read(msgspec.json.encode(each)) for each in _events(jobs))
    while group := list(islice(told, TOGETHER)):
        failed = [each for each in await intake_of(session.catalog).take(session, group) if each is not None]
        if failed:
            raise failed[0]


def _events(jobs: int) -> Iterator[dict[str, object]]:
    """Each job reads what two before it have written: five jobs away there are 71 others, twenty away 281."""
    for number in range(jobs):
        first = number - number % PIPELINE
        sources = [_dataset(each) for each in (number - 1, number - 7) if each >= first]
        fields = [{"name": f"c{place}", "type": "varchar"} for place in range(FIELDS)]
        lineage = {
            each["name"]: {"inputFields": [{**source, "field": each["name"]} for source in sources]}
            for each in fields
        }
        facets = {"schema": {"fields": fields}, "columnLineage": {"fields": lineage}}
        yield {
            "eventType": "COMPLETE",
            "eventTime": "2026-03-01T10:00:00Z",
            "producer": "https://example.com/producer",
            "run": {"runId": f"00000000-0000-7000-8000-{number:012}"},
            "job": {"namespace": f"team{number // PIPELINE % 10}", "name": f"job_{number:06}"},
            "inputs": sources,
            "outputs": [{**_dataset(number), "facets": facets}],
        }  # fmt: skip


def _dataset(number: int) -> dict[str, str]:
    return {"namespace": WAREHOUSE, "name": f"shop.public.table_{number:06}"}

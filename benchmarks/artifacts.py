"""Artifacts: listing a folder of many files, fetching a large one."""

from collections.abc import Iterable
from urllib.parse import quote

from benchmarks.bench import Bench, Trial
from benchmarks.load import Client, drive, request
from benchmarks.reads import latency, must_agree
from benchmarks.registry import LOADERS, PROXY
from benchmarks.servers import Server
from benchmarks.writes import API

FOLDER = "plots"


def listing(bench: Bench, server: Server) -> Trial:
    """List the files of one folder of a run."""
    run = bench.once(("files", server), lambda: _load(server, bench.scale.files))
    path = f"artifacts/list?run_id={run}&path={FOLDER}"
    files = [each["path"] for each in server.call("GET", path)["files"]]
    must_agree(bench, "listing", server, files[: bench.scale.files])
    message = request("GET", API + path)
    return lambda: latency(bench, server, message)


def _load(server: Server, count: int) -> str:
    experiment = server.create_experiment("files")
    run = server.create_run(experiment)
    folder = f"{PROXY}/{experiment}/{run}/artifacts/{FOLDER}"
    names = [f"image-{i:06}.png" for i in range(count)]
    drive(server.port, [_putting(folder, names[i::LOADERS]) for i in range(min(LOADERS, count))])
    return run


def _putting(folder: str, names: Iterable[str]) -> Client:
    for name in names:
        yield request("PUT", f"{folder}/{quote(name)}", b"picture", "application/octet-stream")

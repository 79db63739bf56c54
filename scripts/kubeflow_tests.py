"""Run Model Registry's own tests against Lineal: `python scripts/kubeflow_tests.py [--client NAME] [FILE …]`.

Kubeflow's repository has end-to-end tests that drive its Python client against a registry. They are fetched by git
and run unchanged, by the clients that `scripts/client_env.py kubeflow kubeflow-v1` installs, against `lineal serve`;
files go to an S3 on this machine. Nothing of Kubeflow's is kept in this repository. Printed are the counts for each
file and, with `--failures`, every test that failed with the last line of its reason.

Instead of a tag, `--source` takes a folder that has Kubeflow's `clients/python/tests`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as xml
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import client_env
from mlflow_tests import OUTCOMES, Case, cloned, read

from lineal import Client
from lineal.graph.change import Change, Remove
from lineal.graph.model import ById
from lineal.graph.query import Attribute, Compare, Query
from lineal.testing.serving import serving

REPOSITORY = "https://github.com/kubeflow/model-registry"
FILES = {
    "kubeflow": (
        "test_client.py", "test_core.py", "regression_test.py", "REST_bindings_test.py", "test_experiments.py",
    ),
    "kubeflow-v1": ("test_client.py", "test_core.py", "regression_test.py", "REST_bindings_test.py"),
}  # fmt: skip
"""Those that speak to a registry, by the client that runs them; the later one knows no experiments."""
SETTINGS = "[pytest]\nasyncio_mode = auto\nmarkers =\n  e2e: end to end\n  fuzz: random requests\n"
BUCKET = "default"


def main() -> None:
    """Fetch, run, print."""
    arguments = parse()
    source = arguments.source or cloned(REPOSITORY, arguments.tag, "model-registry", ["clients/python/tests"])
    print(f"{'':40}" + "".join(f"{each:>18}" for each in OUTCOMES))
    with storage() as variables:
        for client in [arguments.client] if arguments.client else FILES:
            folder = laid(source, client)
            with tempfile.TemporaryDirectory() as data, serving(Path(data)) as url:
                threading.Thread(
                    target=empty_when_asked, args=(url, folder.parent.parent), daemon=True
                ).start()
                for file in arguments.files or FILES[client]:
                    cases = run(client, folder, file, {**variables, "MR_URL": url})
                    tell(f"{client} {file}", cases, arguments.failures)


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help="one of Kubeflow's test files; all if none")
    parser.add_argument("--client", choices=FILES, help="the environment of the client; each if none")
    parser.add_argument("--tag", default="v0.3.8", help="which release's tests")
    parser.add_argument("--source", type=Path, help="a folder with Kubeflow's sources, instead of a tag")
    parser.add_argument("--failures", action="store_true", help="tell which tests failed, and why")
    return parser.parse_args()


@contextlib.contextmanager
def storage() -> Iterator[dict[str, str]]:
    """An S3 on this machine, as the variables by which the tests find it."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    keys = {"aws_access_key_id": "only-for-tests", "aws_secret_access_key": "only-for-tests"}
    try:
        boto3.client("s3", endpoint_url=url, region_name="us-east-1", **keys).create_bucket(Bucket=BUCKET)
        yield {
            "KF_MR_TEST_S3_ENDPOINT": url,
            "KF_MR_TEST_BUCKET_NAME": BUCKET,
            **{f"KF_MR_TEST_{name.removeprefix('aws_').upper()}": key for name, key in keys.items()},
        }
    finally:
        server.stop()


def laid(source: Path, client: str) -> Path:
    """A folder with the tests, their settings and the script by which they empty a registry."""
    client_env.ensure(client)
    base = client_env.BASE / f"{client}-tests-run"
    shutil.rmtree(base, ignore_errors=True)
    folder = base / "clients" / "python"
    shutil.copytree(source / "clients" / "python" / "tests", folder / "tests")
    (folder / "pytest.ini").write_text(SETTINGS)
    script = base / "scripts" / "cleanup.sh"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\necho please > ask\ncat done\n")
    script.chmod(0o755)
    for pipe in ("ask", "done"):
        os.mkfifo(base / pipe)
    return folder


def run(client: str, folder: Path, file: str, variables: dict[str, str]) -> list[Case]:
    """Run one file's tests and read the outcomes."""
    report, log = folder / f"{Path(file).stem}.xml", folder / f"{Path(file).stem}.log"
    python = client_env.python_of(client)
    command = [str(python), "-m", "pytest", "-q", "--e2e", f"--junit-xml={report}", f"tests/{file}"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    with log.open("wb") as output:
        environment = {**kept, **variables}
        subprocess.run(command, cwd=folder, env=environment, stdout=output, stderr=output, check=False)
    if not report.exists():
        print(f"{file}: none of its tests ran; see {log}", file=sys.stderr)
        return []
    return [read(case) for case in xml.parse(report).iter("testcase")]


def tell(title: str, cases: list[Case], failures: bool) -> None:
    """Print how many tests came out how."""
    counts = Counter(case.outcome for case in cases)
    print(f"{title:40}" + "".join(f"{counts[each]:>18}" for each in OUTCOMES), flush=True)
    for case in cases if failures else ():
        if case.outcome == "failed":
            print(f"    {case.name}: {case.reason[:200]}", flush=True)


def empty_when_asked(url: str, base: Path) -> None:
    """Remove everything each time that the tests' script asks for it; without end."""
    while True:
        (base / "ask").read_text()
        empty(url)
        (base / "done").write_text("done")


def empty(url: str) -> None:
    """Remove everything for good but MLflow's default experiment, which is always there."""
    query = Query(where=Compare(Attribute("home"), "is null"), state="all", limit=1000, parts=[])
    with Client(url) as client:
        found = [each for each in client.find_all(query) if each.name != "Default"]
        if found:
            gone = [Remove(ById(each.id), hard=True, cascade=True) for each in found]
            client.commit(Change(list(gone)))


if __name__ == "__main__":
    main()

"""Run MLflow's own tests against Lineal: `python scripts/mlflow_tests.py [--tag v3.18.0] [FILE …] [-- PYTEST …]`.

MLflow's repository has tests that drive its client against a server. They are fetched by git and run unchanged, by
the client that `scripts/client_env.py mlflow-tests` installs; only the commands that start MLflow's server start
`lineal serve` instead (see `mlflow_tests_plugin.py`). Nothing of MLflow's is kept in this repository. Printed are the
counts for each file and, with `--failures`, every test that failed with the last line of its reason.

Instead of a tag, `--source` takes a folder that has MLflow's `tests/` and `pyproject.toml`. `--server mlflow` leaves
MLflow's own server in place, to compare with.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import client_env

HERE = Path(__file__).resolve().parent
REPOSITORY = "https://github.com/mlflow/mlflow"
FILES = (
    "tests/tracking/test_rest_tracking.py",
    "tests/tracking/test_tracking.py",
    "tests/tracking/test_model_registry.py",
    "tests/tracking/test_mlflow_artifacts.py",
    "tests/tracking/test_client_webhooks.py",
    "tests/store/model_registry/test_rest_store_webhooks.py",
    "tests/webhooks/test_e2e.py",
    "tests/server/auth/test_client.py",
    "tests/server/auth/test_client_rbac.py",
    "tests/server/auth/test_client_workspace.py",
    "tests/server/auth/test_auth.py",
    "tests/tracing/test_otel_logging.py",
    "tests/tracing/test_otel_loading.py",
)
"""Those that speak to a server which they start."""
OUTCOMES = ("passed", "failed", "skipped", "expected to fail")


class Case(NamedTuple):
    """One test."""

    name: str
    outcome: str
    reason: str = ""


def main() -> None:
    """Fetch, run, print."""
    arguments = parse()
    python = client_env.ensure("mlflow-tests")
    source = laid(arguments.source or cloned(REPOSITORY, arguments.tag, "mlflow", ["tests", "examples"]))
    print(f"{'':60}" + "".join(f"{each:>18}" for each in OUTCOMES))
    for file in arguments.files or FILES:
        cases = run(python, source, file, arguments)
        counts = Counter(case.outcome for case in cases)
        print(f"{file:60}" + "".join(f"{counts[each]:>18}" for each in OUTCOMES), flush=True)
        if arguments.failures:
            for case in cases:
                if case.outcome == "failed":
                    print(f"    {case.name}: {case.reason[:200]}", flush=True)


def parse() -> argparse.Namespace:
    """The command line; what follows `--` is for pytest."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="one of MLflow's test files; all if none is named"
    )
    parser.add_argument("--tag", default="v3.18.0", help="which release's tests")
    parser.add_argument(
        "--source", type=Path, help="a folder with MLflow's sources, instead of fetching them"
    )
    parser.add_argument("--server", choices=("lineal", "mlflow"), default="lineal", help="what is tested")
    parser.add_argument("--failures", action="store_true", help="tell which tests failed, and why")
    parser.add_argument(
        "--serve", default=f"{sys.executable} -m lineal.cli serve", help="the command that starts Lineal"
    )
    before, _, after = " ".join(map(shlex.quote, sys.argv[1:])).partition(" -- ")
    arguments = parser.parse_args(shlex.split(before))
    arguments.pytest = shlex.split(after)
    return arguments


def cloned(repository: str, tag: str, name: str, folders: list[str]) -> Path:
    """The folder with some of a release's sources, fetched if they are not here yet."""
    folder = client_env.BASE / f"{name}-sources-{tag}"
    if not folder.exists():
        options = ["--quiet", "--depth", "1", "--branch", tag, "--filter=blob:none", "--sparse"]
        git = ["git", "-c", "advice.detachedHead=false", "clone", *options]
        subprocess.run([*git, repository, str(folder)], check=True)
        subprocess.run(["git", "-C", str(folder), "sparse-checkout", "add", *folders], check=True)
    return folder


def laid(source: Path) -> Path:
    """A folder with the tests and not MLflow's own package, which would hide the installed one."""
    folder = client_env.BASE / "mlflow-tests-run" / "sources"
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("tests", "examples"):
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name, symlinks=True)
    shutil.copy(source / "pyproject.toml", folder)
    return folder


def run(python: Path, source: Path, file: str, arguments: argparse.Namespace) -> list[Case]:
    """Run one file's tests and read the outcomes."""
    report = client_env.BASE / "mlflow-tests-run" / f"{Path(file).stem}.xml"
    report.unlink(missing_ok=True)
    plugin = ["-p", "mlflow_tests_plugin"] if arguments.server == "lineal" else []
    settings = [
        "-o",
        "addopts=-p no:legacypath --strict-markers",
        "-o",
        "cache_dir=.cache",
        "--timeout",
        "120",
    ]
    command = [str(python), "-m", "pytest", "-q", *plugin, *settings, f"--junit-xml={report}", file]
    with report.with_suffix(".log").open("wb") as log:
        subprocess.run(
            [*command, *arguments.pytest],
            cwd=source,
            env=environment(python, source, arguments.serve),
            stdout=log,
            stderr=log,
            check=False,
        )
    if not report.exists():
        print(f"{file}: none of its tests ran; see {log.name}", file=sys.stderr)
        return []
    return [read(case) for case in xml.parse(report).iter("testcase")]


def environment(python: Path, source: Path, serve: str) -> dict[str, str]:
    """The environment of the tests: MLflow's sources are importable as `tests`, its package is the installed one."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PYTHON"))}
    return {
        **kept,
        # The command `mlflow` is in the environment below that of the tests.
        "PATH": os.pathsep.join(
            [str(python.parent), str(client_env.python_of("mlflow").parent), os.environ["PATH"]]
        ),
        "PYTHONPATH": f"{source}{os.pathsep}{HERE}",
        "LINEAL_SERVE": serve,
        "MLFLOW_AUTH_ADMIN_USERNAME": "admin",
        "MLFLOW_AUTH_ADMIN_PASSWORD": "only-for-these-tests",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "GIT_PYTHON_REFRESH": "quiet",
    }


def read(case: xml.Element) -> Case:
    """A test's outcome out of the report."""
    for child in case:
        if child.tag in ("failure", "error"):
            lines = (child.get("message") or "").strip().splitlines() or [""]
            return Case(case.get("name", ""), "failed", lines[0])
        if child.tag == "skipped":
            expected = child.get("type") == "pytest.xfail"
            return Case(case.get("name", ""), "expected to fail" if expected else "skipped")
    return Case(case.get("name", ""), "passed")


if __name__ == "__main__":
    main()

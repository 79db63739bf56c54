"""ML Metadata's own tests, as they lie in its wheel, against Lineal."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.clients.mlmd.conftest import GENERATIONS, Served, run

FILES = ("metadata_store_test.py", "mlmd_types_test.py", "conftest.py")
REPAIRS = (
    (r"_get_metadata_store\(grpc_", "_get_metadata_store(self.cli_args, grpc_"),
    (r"self\.self\.", "self."),
)
"""Four of the tests cannot run over gRPC because of slips: an argument that is missing, a word that is twice there."""


@pytest.fixture
def suite(generation: str, python: Path, tmp_path: Path) -> Path:
    """A folder with the tests."""
    source = packages_of(python) / "ml_metadata" / "metadata_store"
    for name in FILES:
        shutil.copy(source / name, tmp_path)
    tests = tmp_path / FILES[0]
    text = tests.read_text()
    for slip, repaired in REPAIRS:
        text = re.sub(slip, repaired, text)
    tests.write_text(text)
    return tmp_path


def packages_of(python: Path) -> Path:
    """Where an interpreter has ML Metadata."""
    ask = "import importlib.util as u; print(u.find_spec('ml_metadata').submodule_search_locations[0])"
    told = subprocess.run([str(python), "-c", ask], check=True, capture_output=True, text=True)
    return Path(told.stdout.strip()).parent


def counts(printed: str) -> dict[str, int]:
    """How many tests came out how, from pytest's last line."""
    last = printed.strip().splitlines()[-1]
    return {
        word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|xfailed|skipped|error)", last)
    }


def test_every_test_of_the_store_passes(generation: str, python: Path, suite: Path, server: Served) -> None:
    flags = ["--use_grpc_backend", "--grpc_host", "127.0.0.1", "--grpc_port", str(server.grpc_port)]
    printed = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", FILES[0], *flags, folder=suite)
    # The two are tests of migrations of its own database, which it runs nowhere.
    assert counts(printed) == GENERATIONS[generation]


def test_its_tests_of_types_pass(python: Path, suite: Path) -> None:
    printed = run(python, "-m", "pytest", "-q", "-p", "no:cacheprovider", FILES[1], folder=suite)
    assert counts(printed) == {"passed": 2}

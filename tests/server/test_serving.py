"""What tests and benchmarks start servers with."""

from __future__ import annotations

import sys
import urllib.request
from pathlib import Path

import pytest

from lineal.testing.serving import ServerProcess, serving, start_lineal


def test_it_answers_and_ends(tmp_path: Path) -> None:
    with serving(tmp_path) as url, urllib.request.urlopen(f"{url}/health") as answer:
        assert answer.read() == b"OK"
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{url}/health")


def test_a_second_one_on_the_same_folder_is_not_taken_for_the_first(tmp_path: Path) -> None:
    first = start_lineal(tmp_path)
    first.kill()
    second = start_lineal(tmp_path)
    assert second.url in second.log()
    assert first.process.pid != second.process.pid
    second.stop()
    assert second.process.returncode == 0


def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="No such option"):
        start_lineal(tmp_path, "--nonsense")


def test_one_that_never_answers_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; print('waiting', flush=True); time.sleep(60)"]
    with pytest.raises(RuntimeError, match="waiting"):
        ServerProcess(command, tmp_path / "log", patience=1)

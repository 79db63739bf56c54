"""Real processes that write to one store at the same time."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineal.catalog.session import Session
from lineal.graph.model import ByExternal, ByName
from lineal.graph.query import Attribute, Order, Property, Query, Related, attribute
from lineal.testing.store.base import names, properties_of

WORKER = Path(__file__).with_name("worker.py")
COUNT, NAMES = 40, ("a", "b", "c")
Worker = subprocess.Popen[str]


@pytest.fixture
def workers(store_url: str, session: Session) -> Iterator[list[Worker]]:
    """Processes that are ready to write."""
    started = [
        subprocess.Popen(
            [sys.executable, str(WORKER), store_url, name, str(COUNT)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for name in NAMES
    ]  # fmt: skip
    for worker in started:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    yield started
    for worker in started:
        worker.kill()
        worker.communicate()


def follow(session: Session, total: int, seen: list[int], stop: threading.Event) -> None:
    """Note the number of each commit as it appears in the history."""
    while len(seen) < total and not stop.is_set():
        for event in session.changes(seen[-1] if seen else 0, limit=10):
            if not seen or event.commit != seen[-1]:
                seen.append(event.commit)


def test_they_neither_lose_nor_repeat_nor_block(workers: list[Worker], session: Session) -> None:
    seen: list[int] = []
    stop = threading.Event()
    follower = threading.Thread(target=follow, args=(session, COUNT * len(NAMES), seen, stop))
    follower.start()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    outputs = [worker.communicate(timeout=120) for worker in workers]
    follower.join(10)
    stop.set()
    assert [(worker.returncode, errors) for worker, (_, errors) in zip(workers, outputs, strict=True)] == [
        (0, "")
    ] * 3

    told = [int(line) for output, _ in outputs for line in output.split()]
    assert sorted(told) == list(range(1, COUNT * len(NAMES) + 1)), "each commit has a number of its own"
    assert seen == sorted(told), "a follower misses none, and none appears behind it"

    runs = session.find(Query(kinds=["run"], limit=1000, order=[Order(Attribute("id"))])).entities
    assert len(runs) == len({run.id for run in runs}) == len({run.uuid for run in runs}) == COUNT * len(NAMES)
    assert sorted(names(session, Query(kinds=["dataset"]))) == [f"data {number}" for number in range(10)]
    assert properties_of(session, ByName("experiment", "shared")) == {
        f"last of {name}": COUNT - 1 for name in NAMES
    }
    assert session.get(ByName("experiment", "shared")).revision == COUNT * len(NAMES)
    assert len(session.series(ByName("experiment", "shared"), "together")) == COUNT
    for name in NAMES:
        for number in (0, 13, COUNT - 1):
            run = session.get(ByExternal("worker", f"{name} {number}"), ("properties", "metrics", "labels"))
            assert run.properties == {f"key {name} {number % 7}": number}
            assert run.metrics[f"metric {number % 5}"].step == number
    key = Property("key a 3")
    found = session.find(
        Query(where=Related("input", "out", attribute("name", "=", "a 3")), order=[Order(key)])
    )
    assert [entity.name for entity in found.entities] == ["data 3"]
    assert session.catalog.store.check() == []

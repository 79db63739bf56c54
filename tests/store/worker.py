"""A process that writes to a store: `worker.py URL NAME COUNT`. It waits for a line on stdin before it begins."""

from __future__ import annotations

import sys
import tempfile

from lineal.catalog.catalog import Catalog
from lineal.graph.change import AppendPoints, Change, PutEdge, PutEntity, PutLabel
from lineal.graph.model import ByExternal, ByName, External, Local, Point
from lineal.testing.store.base import everything


def change(name: str, number: int) -> Change:
    """A change of its own things, of what all workers share, and of an edge between."""
    shared = ByName("experiment", "shared")
    dataset = f"data {number % 10}"
    return Change([
        PutEntity(shared, kind="experiment", properties={f"last of {name}": number}),
        PutEntity(kind="dataset", name=dataset, unique=True, handle="d"),
        PutEntity(kind="run", name=f"{name} {number}", home=shared, handle="r",
                  properties={f"key {name} {number % 7}": number}, external=[External("worker", f"{name} {number}")]),
        PutEdge("input", Local("d"), Local("r")),
        PutLabel(Local("d"), f"label {number % 3}"),
        AppendPoints(Local("r"), [Point(f"metric {number % 5}", float(number), number, number)]),
        AppendPoints(shared, [Point("together", float(number), number, number)]),
    ])  # fmt: skip


def main(url: str, name: str, count: int) -> None:
    catalog = Catalog.open(url, blobs=tempfile.gettempdir())
    session = everything(catalog)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(count):
        commit = session.commit(change(name, number))
        assert session.get(ByExternal("worker", f"{name} {number}")).id in commit.entities
        print(commit.id, flush=True)
    catalog.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))

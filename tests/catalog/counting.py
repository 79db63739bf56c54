"""A process that logs the metric `loss` of a run: `counting.py URL COUNT`. It prints each value once it is durable."""

from __future__ import annotations

import sys
import tempfile

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.graph.change import AppendPoints, Change
from lineal.graph.model import ByName, Point


def main(url: str, count: int) -> None:
    catalog = Catalog.open(url, blobs=tempfile.gettempdir())
    session = catalog.session(LOCAL, "test")
    for step in range(1, count + 1):
        session.commit(Change([AppendPoints(ByName("run", "r"), [Point("loss", float(step), step, step)])]))
        print(step, flush=True)
    catalog.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

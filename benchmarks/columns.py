"""Column lineage at scale, in process: what breaks when one of a million columns goes.

A warehouse of five layers. Each table has twenty columns and the job that writes it; each column is made of two of the
layer before, of which some are used far more often than others. Like the large graph it goes in through the store's own
SQL and is asked through a `Session`.
"""

import functools
import random
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from benchmarks.bench import Bench, Sample, Trial
from benchmarks.servers import LINEAL
from lineal.catalog.catalog import LOCAL, Catalog
from lineal.graph.model import ById
from lineal.insight.reach import Paging, impact
from lineal.store.base import Connection
from lineal.store.sql import counters, edges, entities

LAYERS, WIDTH = 5, 20
QUESTIONS = 200
AT_ONCE = 100_000
CREATED = 1_700_000_000_000
WAYS, WEIGHTS = ("derived", "masked", "influences"), (7, 1, 2)

Node = tuple[int, str, str, str, int | None]
Link = tuple[str, int, int, str | None]


class Warehouse(NamedTuple):
    """So many tables; ids of tables come first, then those of jobs, then those of columns."""

    tables: int

    def job(self, table: int) -> int:
        return self.tables + table

    def column(self, table: int, number: int) -> int:
        return 2 * self.tables + (table - 1) * WIDTH + 1 + number

    def nodes(self) -> Iterator[Node]:
        every = range(1, self.tables + 1)
        yield from ((table, "dataset", "s3://lake", f"t{table}", None) for table in every)
        yield from ((self.job(table), "job", "nightly", f"j{table}", None) for table in every)
        for table in every:
            for number in range(WIDTH):
                yield self.column(table, number), "column", "s3://lake", f"t{table}#c{number}", table

    def links(self) -> Iterator[Link]:
        rng, layer = random.Random(7), self.tables // LAYERS
        for table in range(1, self.tables + 1):
            yield from (("member", table, self.column(table, number), None) for number in range(WIDTH))
            if table > layer:
                yield from self._made(rng, table, layer)

    def _made(self, rng: random.Random, table: int, layer: int) -> Iterator[Link]:
        """How a table is made out of the layer before."""
        first = (table - 1) // layer * layer - layer + 1
        job, read, found = f'{{"job":"nightly|j{table}"}}', set(), {}
        for number in range(2 * WIDTH):
            source = first + int(layer * rng.random() ** 3)
            read.add(source)
            ends = self.column(source, rng.randrange(WIDTH)), self.column(table, number // 2)
            found[ends] = rng.choices(WAYS, WEIGHTS)[0]
        yield from ((kind, *ends, job) for ends, kind in found.items())
        yield from (("input", source, self.job(table), None) for source in read)
        yield "produces", self.job(table), table, None


def dropped(bench: Bench) -> Mapping[str, Trial]:
    """Milliseconds for the first page of what hangs on any one column, with all counts and owners."""
    bench.stop_servers()
    warehouse = Warehouse(bench.scale.entities // WIDTH)
    catalog = bench.once("columns", lambda: load(bench.directory / "columns", warehouse))
    rng = random.Random(13)
    columns = [
        warehouse.column(rng.randint(1, warehouse.tables), rng.randrange(WIDTH)) for _ in range(QUESTIONS)
    ]
    return {LINEAL: functools.partial(_median_time, catalog, columns)}


def load(directory: Path, warehouse: Warehouse) -> Catalog:
    """A store on a file of its own, filled with the warehouse."""
    directory.mkdir()
    catalog = Catalog.open(f"sqlite:///{directory}/lineal.db", blobs=str(directory / "blobs"))
    catalog.store.write(lambda cx: counters.take(cx, "entity", warehouse.column(warehouse.tables, WIDTH)))
    nodes, links = warehouse.nodes(), warehouse.links()
    while some := list(islice(nodes, AT_ONCE)):
        catalog.store.write(functools.partial(_put_nodes, catalog, some))
    while part := list(islice(links, AT_ONCE)):
        catalog.store.write(functools.partial(_put_links, catalog, part))
    return catalog


def _put_nodes(catalog: Catalog, nodes: Iterable[Node], cx: Connection) -> None:
    intern, types = catalog.writing.symbols.intern, catalog.writing.types(cx)
    for number, kind, namespace, name, home in nodes:
        scope = intern(cx, types.identity(kind))
        named = intern(cx, kind), scope, intern(cx, namespace), name, name
        entities.insert(
            cx, (number, f"{number:032x}", *named, home, 0, None, 1, CREATED, CREATED, None, None)
        )


def _put_links(catalog: Catalog, links: Sequence[Link], cx: Connection) -> None:
    first = counters.take(cx, "edge", len(links))
    for number, (kind, source, target, detail) in enumerate(links, first):
        edges.insert(cx, (source, target, catalog.writing.symbols.intern(cx, kind), number, detail, CREATED))


def _median_time(catalog: Catalog, columns: Iterable[int]) -> Sample:
    session, times = catalog.session(LOCAL, "native"), []
    cpu = time.process_time()
    for column in columns:
        start = time.perf_counter()
        impact(session, ById(column), Paging())
        times.append(time.perf_counter() - start)
    return Sample(statistics.median(times) * 1e3, (time.process_time() - cpu) / len(times) * 1e6)

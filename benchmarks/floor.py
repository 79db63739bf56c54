"""What SQLite itself can do on this machine: the same rows with no server, protocol or rules in between."""

import time
from itertools import count

import apsw

from benchmarks.bench import Bench, Sample, Trial
from benchmarks.writes import KEYS, START, STEPS

Row = tuple[int, int, int, int, float]
TABLE = """
CREATE TABLE points (
    run INT, key INT, step INT, time INT, value REAL, PRIMARY KEY (run, key, step, time)
) WITHOUT ROWID
"""


def single(bench: Bench) -> Trial:
    """Durable commits of one row each, per second."""
    return _committing(bench, keys=1, steps=1, at_most=20_000)


def batches(bench: Bench) -> Trial:
    """Rows per second in durable commits of 1,000."""
    return _committing(bench, KEYS, STEPS, at_most=400)


def _committing(bench: Bench, keys: int, steps: int, at_most: int) -> Trial:
    database = apsw.Connection(str(bench.directory / f"floor-{time.monotonic_ns()}.db"))
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", TABLE):
        database.execute(statement)
    runs = count()

    def trial() -> Sample:
        run = next(runs)
        commits = [_rows(run, keys, range(i * steps, (i + 1) * steps)) for i in range(at_most)]
        return _rate(database, commits, bench.scale.seconds)

    return trial


def _rows(run: int, keys: int, steps: range) -> list[Row]:
    return [(run, key, step, START + step, step / 7) for step in steps for key in range(keys)]


def _rate(database: apsw.Connection, commits: list[list[Row]], seconds: float) -> Sample:
    cpu, start, done = time.process_time(), time.perf_counter(), 0
    for rows in commits:
        with database:
            database.executemany("INSERT INTO points VALUES (?, ?, ?, ?, ?)", rows)
        done += 1
        if time.perf_counter() - start > seconds:
            break
    elapsed = time.perf_counter() - start
    return Sample(done * len(commits[0]) / elapsed, (time.process_time() - cpu) / done * 1e6)

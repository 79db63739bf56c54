"""How results are told: a line of JSON each, and a page of the documentation."""

import json
import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.bench import SQLITE, Figure, Sample
from benchmarks.mlmd import MLMD
from benchmarks.openlineage import FIGURES as EVENTS
from benchmarks.servers import LINEAL, MLFLOW, MLFLOW_VENV, TUNED_MLFLOW

PAGE = Path("docs/reference/benchmarks.md")
INTRODUCTION = """\
# Benchmarks

<!-- Written by `python -m benchmarks --publish`; edit benchmarks/report.py, not this page. -->

Each figure was measured for Lineal and its peer in the same run on the same machine: the same client code,
in turns, medians of the rounds. The peer is a real `mlflow server` on SQLite, in its default configuration
and in the best set-up we know for one machine ("tuned": `--workers 1`, job execution off). Both keep their
default durability. **Better** says how many times better Lineal is. CPU is what all processes of each
server, in the order of the columns, used per request: on a shared machine it varies less than wall time.
"""
HOW = """\
## How to take them again

```sh
make bench                          # all, a line of JSON each
make bench ARGS="log-batch top-run" # some of them
make bench ARGS=--publish           # all, and write this page
```

- Searches are over one experiment of 10,000 runs with 20 params and 20 metrics each, and all contenders
  must find the same runs in the same order. Its rows were put straight into MLflow's tables, since logging
  them would take most of an hour; into Lineal they were logged over HTTP.
- Start-up is on an empty directory. Memory is the proportional set size (PSS) of all processes once they
  are idle; pages of the interpreter that other programs share at that moment count in part.
- The size of an install is that of a package with all it needs, without bytecode.
- ML Metadata is the C++ store out of its wheel behind a thin gRPC server, since its official server is in no
  package; the client is its own, unmodified. Reads are about 50,000 nodes in chains of executions.
- SQLite alone is called in process and commits the same rows with `synchronous=FULL`. Many writers can be
  faster than that, because Lineal commits together what is waiting.
- Events of OpenLineage have 6 KB: two inputs and an output of 14 columns each, with their schemas and the lineage of
  each column. Their jobs ran before. No peer is measured beside: Marquez needs Java and PostgreSQL.
- The graph has 1,000,000 entities and 3,000,000 edges, is loaded with SQL and asked in process.
"""


@dataclass(frozen=True)
class Result:
    """One figure as it was measured."""

    name: str
    figure: Figure
    samples: dict[str, Sample]

    def value(self, contender: str) -> float | None:
        """What was measured of one contender."""
        return self.samples[contender].value if contender in self.samples else None

    def ratio(self, contender: str) -> float | None:
        """How many times better Lineal is."""
        theirs = self.value(contender)
        return None if theirs is None else self.figure.ratio(self.samples[LINEAL].value, theirs)

    def json(self) -> str:
        """The line that is printed."""
        peer = next((name for name in self.samples if name not in (LINEAL, TUNED_MLFLOW)), MLFLOW)
        line: dict[str, Any] = {
            "figure": self.name,
            "lineal": _rounded(self.value(LINEAL)),
            "peer": _rounded(self.value(peer)),
            "ratio": _rounded(self.ratio(peer)),
            "unit": self.figure.unit,
        }
        if TUNED_MLFLOW in self.samples:
            line["tuned_peer"] = _rounded(self.value(TUNED_MLFLOW))
            line["tuned_ratio"] = _rounded(self.ratio(TUNED_MLFLOW))
        if cpu := {name: _rounded(s.cpu_us) for name, s in self.samples.items() if s.cpu_us is not None}:
            line["cpu_us_per_request"] = cpu
        if errors := {name: s.errors for name, s in self.samples.items() if s.errors}:
            line["errors"] = errors
        return json.dumps(line)


def publish(results: list[Result]) -> None:
    """Write the page."""
    against_mlflow = [result for result in results if MLFLOW in result.samples]
    against_mlmd = [result for result in results if MLMD in result.samples]
    against_sqlite = [result for result in results if SQLITE in result.samples]
    alone = [result for result in results if len(result.samples) == 1]
    events = [result for result in alone if result.name in EVENTS]
    graph = [result for result in alone if result.name not in EVENTS]
    parts = [
        INTRODUCTION,
        f"Taken on {date.today():%d %B %Y} with {', '.join(versions())}, on {machine()}.\n",
        "## Beside MLflow\n",
        _table(against_mlflow, {MLFLOW: "MLflow", TUNED_MLFLOW: "MLflow, tuned"}),
        "## Beside ML Metadata\n",
        _table(against_mlmd, {MLMD: "ML Metadata"}),
        "## Beside SQLite alone\n",
        _table(against_sqlite, {SQLITE: "SQLite"}),
        "## OpenLineage, over HTTP\n",
        _table(events, {}),
        "## A graph of a million entities, in process\n",
        _table(graph, {}),
        HOW,
    ]
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text("\n".join(parts))


def _table(results: Iterable[Result], peers: dict[str, str]) -> str:
    columns = [cell for title in peers.values() for cell in (title, "better")]
    head = ["figure", "unit", "Lineal", *columns, "CPU per request"]
    rows = [head, ["---", "---", *["---:"] * (len(head) - 3), "---"]]
    for result in results:
        cells = [result.figure.title, result.figure.unit, _shown(result.value(LINEAL))]
        for peer in peers:
            ratio = _shown(result.ratio(peer))
            cells += [_shown(result.value(peer)), f"**{ratio}**" if ratio else ""]
        rows.append([*cells, _cpu(result)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cpu(result: Result) -> str:
    times = [sample.cpu_us for sample in result.samples.values() if sample.cpu_us is not None]
    return " / ".join(f"{_shown(time / 1e3)}" for time in times) + " ms" if times else ""


def _rounded(value: float | None) -> float | None:
    """Four significant digits: no measurement here has more."""
    return None if value is None else float(f"{value:.4g}")


def _shown(value: float | None) -> str:
    """Three significant digits, as people write them."""
    if value is None:
        return ""
    value = float(f"{value:.3g}")
    return f"{value:,.0f}" if value >= 100 else f"{value:g}"


def machine() -> str:
    """The machine in a few words."""
    cpu = next((text for key, text in _fields("/proc/cpuinfo") if key == "model name"), platform.machine())
    memory = next((text for key, text in _fields("/proc/meminfo") if key == "MemTotal"), "0 kB")
    size = f"{os.cpu_count()} cores ({cpu}), {int(memory.split()[0]) / 1e6:.0f} GB of memory"
    return f"{size}, {platform.system()} {platform.release().partition('-')[0]}, Python {platform.python_version()}"


def _fields(path: str) -> Iterable[tuple[str, str]]:
    for text in Path(path).read_text().splitlines():
        key, _, value = text.partition(":")
        yield key.strip(), value.strip()


def versions() -> list[str]:
    """The contenders' versions."""
    return [_version(Path(".venv"), "lineal"), _version(MLFLOW_VENV, "mlflow"), f"SQLite {_sqlite()}"]


def _version(venv: Path, package: str) -> str:
    code = f"from importlib.metadata import version; print(version('{package}'))"
    run = subprocess.run([f"{venv}/bin/python", "-c", code], capture_output=True, text=True, check=False)
    return f"{package} {run.stdout.strip() or 'of unknown version'}"


def _sqlite() -> str:
    import apsw

    return apsw.sqlite_lib_version()

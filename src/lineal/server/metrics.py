"""What the server counts, as Prometheus text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_FIGURES = {
    "commits": ("lineal_commits_total", "counter", "Changes committed since the start."),
    "transactions": ("lineal_transactions_total", "counter", "Transactions that committed them, in groups."),
    "waiting": ("lineal_commits_waiting", "gauge", "Changes that wait for the next transaction."),
}
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Traffic:
    """The requests of one door."""

    __slots__ = ("by_class", "seconds", "slots")

    def __init__(self) -> None:
        self.by_class = [0] * 6
        self.slots = [0] * (len(BUCKETS) + 1)
        self.seconds = 0.0

    def add(self, status: int, seconds: float) -> None:
        """Count one request that was answered after so many seconds."""
        self.by_class[status // 100] += 1
        self.slots[bisect_left(BUCKETS, seconds)] += 1
        self.seconds += seconds


def requests_text(doors: Mapping[str, Traffic]) -> Iterator[str]:
    """Requests and their duration, by door."""
    yield from _family("lineal_http_requests_total", "counter", "Requests by door and class of status.")
    for name, traffic in doors.items():
        for digit, count in enumerate(traffic.by_class):
            if count:
                yield f'lineal_http_requests_total{{door="{name}",status="{digit}xx"}} {count}'
    yield from _family("lineal_http_request_seconds", "histogram", "Time until the answer was sent.")
    for name, traffic in doors.items():
        yield from _histogram(name, traffic)


def catalog_text(figures: Mapping[str, int]) -> Iterator[str]:
    """What the catalog counts; commits divided by transactions is how many shared one."""
    for name, value in figures.items():
        metric, kind, about = _FIGURES.get(name, (f"lineal_{name}", "gauge", name))
        yield from _family(metric, kind, about)
        yield f"{metric} {value}"


def kinds_text(kinds: Mapping[str, int]) -> Iterator[str]:
    """Entities by kind."""
    yield from _family("lineal_entities", "gauge", "Active entities that the caller may see, by kind.")
    for kind, count in kinds.items():
        yield f'lineal_entities{{kind="{_escaped(kind)}"}} {count}'


def text_of(lines: Iterable[str]) -> bytes:
    """The whole exposition."""
    return ("\n".join(lines) + "\n").encode()


def _histogram(name: str, traffic: Traffic) -> Iterator[str]:
    total = 0
    for bound, count in zip((*map(str, BUCKETS), "+Inf"), traffic.slots, strict=True):
        total += count
        yield f'lineal_http_request_seconds_bucket{{door="{name}",le="{bound}"}} {total}'
    yield f'lineal_http_request_seconds_sum{{door="{name}"}} {traffic.seconds:.6f}'
    yield f'lineal_http_request_seconds_count{{door="{name}"}} {total}'


def _family(name: str, kind: str, about: str) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

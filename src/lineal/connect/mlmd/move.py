"""Carrying everything from a source to a target, in an order in which whatever is spoken of is there already."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import TypeVar

from lineal.connect.mlmd.store import Source, Target
from lineal.graph.mlmd.categories import CATEGORIES

Progress = Callable[[int, int], None]
Bar = Callable[[str], AbstractContextManager[Progress]]
"""Makes a bar of a title; what it gives is called with how much is done, and how much there is."""
T = TypeVar("T")


def move(source: Source, target: Target, bar: Bar) -> None:
    """Move all there is; the target's report tells what became of it. Both are closed by the caller."""
    counts = source.counts()

    def stage(what: str, batches: Iterator[Sequence[T]], put: Callable[[Sequence[T]], None]) -> None:
        done = 0
        with bar(what.capitalize()) as progress:
            for batch in batches:
                put(batch)
                done += len(batch)
                progress(done, max(done, counts.get(what, 0)))
        target.flush()

    for category in CATEGORIES:
        target.put_types(category, source.types(category))
    for category in CATEGORIES:
        stage(f"{category.name}s", source.nodes(category), partial(target.put_nodes, category))
    stage("events", source.events(), target.put_events)
    stage("members", source.members(), target.put_members)
    stage("parents", source.parents(), target.put_parents)
    target.report.left_out += source.left_out()

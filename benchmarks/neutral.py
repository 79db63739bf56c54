"""A large graph as a stream of plain dicts, the same whatever it is loaded into."""

import random
from collections.abc import Iterator
from typing import TypedDict

PROJECT, WINDOW = 250, 60
"""Entities of one project, and how far back in it an edge reaches: most lineage is local."""
HUBS = 50
"""The first datasets of the graph feed many projects, the first of them most."""
WORDS, VOCABULARY = 10, 20_000
SYLLABLES = [consonant + vowel for consonant in "bcdfghjklmnpqrstvwxz" for vowel in "aeiou"]


class Entity(TypedDict):
    """A node; its id is its place in the stream, from 0."""

    kind: str
    namespace: str
    name: str
    description: str


class Edge(TypedDict):
    """An edge in the direction of the data: `input` from dataset to run, `output` from run to dataset."""

    kind: str
    source: int
    target: int


def entities(count: int) -> Iterator[Entity]:
    """Datasets (even ids) and runs (odd ids) in projects, described in words as frequent as in any text."""
    rng = random.Random(11)
    for i in range(count):
        first, second, *others = (word(int(VOCABULARY ** rng.random())) for _ in range(WORDS))
        yield Entity(
            kind="run" if i % 2 else "dataset",
            namespace=f"s3://project-{i // PROJECT}",
            name=f"{first}_{second}_{i}",
            description=" ".join(others),
        )


def word(rank: int) -> str:
    """Three syllables. The further down the alphabet, the rarer: the n-th turns up in proportion to 1/n."""
    return SYLLABLES[rank // 10_000] + SYLLABLES[rank // 100 % 100] + SYLLABLES[rank % 100]


def edges(nodes: int, count: int) -> Iterator[Edge]:
    """Edges from earlier to later nodes, each once, about `count` / `nodes` into each node."""
    rng = random.Random(12)
    left = count
    for target in range(1, nodes):
        # The first nodes of a project have few before them; one node in 25 makes up for it.
        wanted = count // nodes + (target % 25 == 0)
        for source in _sources(rng, target, wanted)[:left]:
            yield Edge(kind="input" if target % 2 else "output", source=source, target=target)
            left -= 1


def _sources(rng: random.Random, target: int, wanted: int) -> list[int]:
    """Earlier nodes of the other kind in the project; for its first run also a hub."""
    place = target % PROJECT
    if place == 1 and target > PROJECT:
        return [2 * int(HUBS * rng.random() ** 2), target - 1]
    near = range(target - 1, target - min(place, WINDOW) - 1, -2)
    return rng.sample(near, min(wanted, len(near)))

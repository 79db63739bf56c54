"""From method and path to the operation: one look-up for a fixed path, a tree of segments for the others."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote

from lineal.protocols.base import Door, Handler, Route

Segments = Sequence[str]
Match = tuple[dict[str, "Target"], list[str]]


class Target:
    """An operation and how to run it."""

    __slots__ = (
        "awaits",
        "door",
        "handler",
        "inline",
        "method",
        "names",
        "narrow",
        "path",
        "public",
        "streams",
    )

    def __init__(self, door: Door, route: Route, embedded: bool) -> None:
        self.door = door
        self.method, self.path = route.method, route.path
        self.handler: Handler = route.handler
        self.awaits = inspect.iscoroutinefunction(route.handler)
        self.inline = route.inline and embedded
        self.streams = route.streams
        self.public = route.public
        self.narrow = None if route.public else getattr(door, "narrow", None)
        variables = filter(_is_variable, _segments(route.path))
        self.names = [each[1:-1].removesuffix(":path") for each in variables]


class Found(NamedTuple):
    """An operation with the values of its path's variables."""

    target: Target
    values: Mapping[str, str]


class _Node:
    """What may follow after some segments."""

    __slots__ = ("here", "literal", "rests", "variable")

    def __init__(self) -> None:
        self.here: dict[str, Target] = {}
        self.literal: dict[str, _Node] = {}
        self.variable: _Node | None = None
        self.rests: list[tuple[Segments, dict[str, Target]]] = []


class Router:
    """All operations of all doors."""

    def __init__(self) -> None:
        self.fixed: dict[tuple[str, str], Target] = {}
        self.whole: dict[tuple[bytes, bytes], Target] = {}
        """Those of the fixed paths, as they are sent, to which a small body may be handed over as a whole."""
        self._root = _Node()
        self._owners: dict[tuple[str, ...], Door] = {}

    def add(self, door: Door, embedded: bool) -> None:
        """Take in a door's routes.

        Args:
            door: the door.
            embedded: whether routes that ask for it run on the event loop.

        Raises:
            ValueError: another route has this method and path already.
        """
        for route in door.routes():
            target = Target(door, route, embedded)
            segments = _segments(route.path)
            _put(self._leaf(segments), route, target)
            if not target.names:
                self.fixed[route.method, route.path] = target
                if route.method != "HEAD":
                    self.whole[route.method.encode(), route.path.encode()] = target
            for length in (2, 1):
                self._owners.setdefault(tuple(segments[:length]), door)

    def find(self, method: str, raw_path: str) -> Found | None:
        """The operation for a path as it was sent, percent-encoded."""
        for targets, values in self._matches(raw_path):
            target = targets.get(method)
            if target is not None:
                return Found(target, dict(zip(target.names, values, strict=True)))
        return None

    def methods(self, raw_path: str) -> list[str]:
        """The methods by which a path is served."""
        found = {method for targets, _ in self._matches(raw_path) for method in targets}
        return sorted(found | ({"HEAD"} if "GET" in found else set()) | ({"OPTIONS"} if found else set()))

    def owner(self, raw_path: str) -> Door | None:
        """The door to which a path that leads nowhere belongs, by its first segments."""
        segments = _segments(raw_path)
        return self._owners.get(tuple(segments[:2])) or self._owners.get(tuple(segments[:1]))

    def _matches(self, raw_path: str) -> Iterator[Match]:
        segments = _segments(raw_path)
        return _walk(self._root, [unquote(each) for each in segments] if "%" in raw_path else segments, [])

    def _leaf(self, segments: Segments) -> dict[str, Target]:
        node = self._root
        for position, segment in enumerate(segments):
            if segment.endswith(":path}"):
                return _rest(node, segments[position + 1 :])
            if _is_variable(segment):
                node.variable = node = node.variable or _Node()
            else:
                node = node.literal.get(segment) or node.literal.setdefault(segment, _Node())
        return node.here


def _put(leaf: dict[str, Target], route: Route, target: Target) -> None:
    if route.method in leaf:
        doors = f"{target.door.name} and {leaf[route.method].door.name}"
        raise ValueError(f"both {doors} serve {route.method} {route.path}")
    leaf[route.method] = target


def _rest(node: _Node, suffix: Segments) -> dict[str, Target]:
    """Where routes with these segments after several of any kind end; longer endings are tried first."""
    shape = ["" if _is_variable(each) else each for each in suffix]
    for known, targets in node.rests:
        if known == shape:
            return targets
    targets = {}
    node.rests.append((shape, targets))
    node.rests.sort(key=lambda rest: -len(rest[0]))
    return targets


def _walk(node: _Node, segments: Segments, values: list[str]) -> Iterator[Match]:
    """Every way through the tree, literal segments before variables before rests."""
    if not segments:
        if node.here:
            yield node.here, values
        return
    first, others = segments[0], segments[1:]
    if first in node.literal:
        yield from _walk(node.literal[first], others, values)
    if node.variable is not None and first:
        yield from _walk(node.variable, others, [*values, first])
    for suffix, targets in node.rests:
        captured = _captured(suffix, segments)
        if captured is not None:
            yield targets, [*values, *captured]


def _captured(suffix: Segments, segments: Segments) -> list[str] | None:
    """The values of a `:path` variable and of those after it; None when the ending is another."""
    cut = len(segments) - len(suffix)
    if cut < 1:
        return None
    captured = ["/".join(segments[:cut])]
    for wanted, got in zip(suffix, segments[cut:], strict=True):
        if not wanted:
            captured.append(got)
        elif wanted != got:
            return None
    return captured


def _segments(path: str) -> list[str]:
    return path.split("/")[1:]


def _is_variable(segment: str) -> bool:
    return segment.startswith("{")

"""Paths find their operation, and their values."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lineal.protocols.base import Call, Reply, Route
from lineal.server.router import Router


def _answer(call: Call) -> Reply:
    return Reply()


class Door:
    def __init__(self, name: str, *paths: str, method: str = "GET") -> None:
        self.name = name
        self._paths = paths
        self._method = method

    def routes(self) -> Sequence[Route]:
        return [Route(self._method, path, _answer) for path in self._paths]

    def failure(self, error: Exception, call: Call | None) -> Reply:
        return Reply(500)


def _router(*paths: str) -> Router:
    router = Router()
    router.add(Door("one", *paths), embedded=True)
    return router


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("/a/{ref}", "/a/1", {"ref": "1"}),
        ("/a/{ref}/b", "/a/x%2Fy/b", {"ref": "x/y"}),
        ("/a/{ref}", "/a/s3:%2F%2Fbucket%2Fkey", {"ref": "s3://bucket/key"}),
        ("/a/{ref}/files/{path:path}", "/a/1/files/x/y%20z", {"ref": "1", "path": "x/y z"}),
        ("/a/{ref}/files/{path:path}", "/a/1/files/", {"ref": "1", "path": ""}),
        (
            "/t/{uri:path}/column/{name}",
            "/t/hive://gold.test/t1/column/c",
            {"uri": "hive://gold.test/t1", "name": "c"},
        ),
        ("/a/{ref}", "/a/%C3%A4", {"ref": "ä"}),
    ],
)
def test_variables(template: str, path: str, values: dict[str, str]) -> None:
    found = _router(template).find("GET", path)
    assert found is not None
    assert found.values == values


@pytest.mark.parametrize("path", ["/a", "/a/", "/a/1/2", "/b/1", "/", ""])
def test_paths_that_lead_nowhere(path: str) -> None:
    router = _router("/a/{ref}")
    assert router.find("GET", path) is None
    assert router.methods(path) == []


def test_the_more_specific_path_wins_in_any_order() -> None:
    for paths in (
        ("/a/{x:path}", "/a/{x}", "/a/b", "/a/{x:path}/end"),
        ("/a/b", "/a/{x:path}/end", "/a/{x}", "/a/{x:path}"),
    ):
        router = _router(*paths)
        fixed = router.find("GET", "/a/b")
        assert fixed is not None and fixed.values == {} and fixed.target is router.fixed["GET", "/a/b"]
        for path, values in (("/a/c", {"x": "c"}), ("/a/c/d", {"x": "c/d"}), ("/a/c/d/end", {"x": "c/d"})):
            found = router.find("GET", path)
            assert found is not None and found.values == values


def test_another_method_may_be_served_by_a_less_specific_path() -> None:
    router = _router("/a/b")
    router.add(Door("two", "/a/{x}", method="DELETE"), embedded=True)
    found = router.find("DELETE", "/a/b")
    assert found is not None and found.target.door.name == "two"
    assert router.methods("/a/b") == ["DELETE", "GET", "HEAD", "OPTIONS"]


def test_two_doors_cannot_serve_the_same() -> None:
    router = _router("/a/{x}")
    with pytest.raises(ValueError, match="both two and one serve GET"):
        router.add(Door("two", "/a/{y}"), embedded=True)


def test_a_lost_path_belongs_to_the_door_whose_prefix_it_has() -> None:
    router = _router("/api/v1/things")
    router.add(Door("two", "/api/2.0/things", "/version"), embedded=True)
    owners = {
        path: router.owner(path) for path in ("/api/v1/x", "/api/2.0/x/y", "/api/3", "/version/x", "/x")
    }
    assert {path: door.name if door else None for path, door in owners.items()} == {
        "/api/v1/x": "one",
        "/api/2.0/x/y": "two",
        "/api/3": "one",
        "/version/x": "two",
        "/x": None,
    }


def test_inline_only_on_the_embedded_store() -> None:
    class Inline(Door):
        def routes(self) -> Sequence[Route]:
            return [Route("GET", "/x", _answer, inline=True)]

    for embedded in (True, False):
        router = Router()
        router.add(Inline("one"), embedded)
        assert router.fixed["GET", "/x"].inline is embedded

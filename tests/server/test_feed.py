"""Followers of the history."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lineal.catalog.catalog import LOCAL, Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Event, Grant
from lineal.graph.change import Change, PutEntity
from lineal.server import feed as feed_module
from lineal.server.feed import Feed


@pytest.fixture
def session(catalog: Catalog) -> Session:
    return catalog.session(LOCAL, "native")


@pytest.fixture
def feed(catalog: Catalog) -> Iterator[Feed]:
    with ThreadPoolExecutor(2) as readers:
        made = Feed(catalog, readers)
        yield made
        made.close()


def _put(session: Session, *names: str, namespace: str = "default") -> int:
    entities = [PutEntity(kind="dataset", name=name, namespace=namespace) for name in names]
    return session.commit(Change(entities)).id


async def _next(events: AsyncIterator[list[Event]]) -> list[tuple[int, str]]:
    batch = await asyncio.wait_for(anext(events), 5)
    return [(event.commit, event.name) for event in batch]


def test_what_was_then_what_comes(feed: Feed, session: Session) -> None:
    async def main() -> None:
        first = _put(session, "a", "b")
        events = feed.follow(session, 0)
        assert await _next(events) == [(first, "a"), (first, "b")]
        waiting = asyncio.create_task(_next(events))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        second = await asyncio.to_thread(_put, session, "c")
        assert await waiting == [(second, "c")]

    asyncio.run(main())


def test_from_a_commit_on(feed: Feed, session: Session) -> None:
    async def main() -> None:
        _put(session, "a")
        first = _put(session, "b")
        second = _put(session, "c")
        assert await _next(feed.follow(session, first)) == [(second, "c")]

    asyncio.run(main())


def test_a_heartbeat_in_silence(feed: Feed, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "HEARTBEAT", 0.2)

    async def main() -> None:
        events = feed.follow(session, 0)
        assert await _next(events) == []
        assert await _next(events) == []

    asyncio.run(main())


def test_only_what_one_may_see(feed: Feed, session: Session, catalog: Catalog) -> None:
    catalog.accounts.add_user(session, "bob", "correct horse")
    catalog.accounts.add_grant(session, Grant(0, "bob", "viewer", "namespace", "shown"))
    bob = catalog.accounts.verify_password("bob", "correct horse")
    assert bob is not None

    async def main() -> None:
        _put(session, "secret", namespace="hidden")
        shown = _put(session, "open", namespace="shown")
        events = feed.follow(catalog.session(bob, "native"), 0)
        assert await _next(events) == [(shown, "open")]
        waiting = asyncio.create_task(_next(events))
        await asyncio.to_thread(_put, session, "secret2", namespace="hidden")
        await asyncio.sleep(0.3)
        assert not waiting.done()
        later = await asyncio.to_thread(_put, session, "open2", namespace="shown")
        assert await waiting == [(later, "open2")]

    asyncio.run(main())


def test_a_flood_is_read_in_pages_without_losing_any(
    feed: Feed, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "PAGE", 10)

    async def main() -> None:
        events = feed.follow(session, 0)
        writing = asyncio.create_task(asyncio.to_thread(lambda: [_put(session, str(n)) for n in range(100)]))
        names: list[str] = []
        while len(names) < 100:
            names += [name for _, name in await _next(events)]
        await writing
        assert names == [str(number) for number in range(100)]

    asyncio.run(main())


def test_closing_ends_every_stream(feed: Feed, session: Session) -> None:
    async def main() -> Any:
        async def follow() -> list[list[Event]]:
            return [batch async for batch in feed.follow(session, 0)]

        followers = [asyncio.create_task(follow()) for _ in range(3)]
        await asyncio.sleep(0.1)
        feed.close()
        return await asyncio.wait_for(asyncio.gather(*followers), 2)

    assert asyncio.run(main()) == [[], [], []]

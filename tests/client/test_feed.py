from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from tests.client.serving import serving

from lineal import Client
from lineal.client.feed import messages
from lineal.graph.change import Change, PutEntity
from lineal.graph.model import ByName


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_messages_whatever_way_they_are_cut(size: int) -> None:
    text = b'retry: 2000\n\n: still here\n\nid: 1\nevent: change\ndata: {"a":\ndata: 1}\n\n'
    text += b"data:x\r\n\r\ndata: half"
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    assert list(messages(pieces)) == [b'{"a":\n1}', b"x"]


def test_it_goes_on_after_the_server_was_away(tmp_path: Path) -> None:
    names: list[str] = []

    def follow(url: str) -> None:
        for event in Client(url, retries=0).feed(since=0):
            names.append(event.name)
            if event.name == "last":
                return

    with serving(tmp_path / "data") as url:
        thread = threading.Thread(target=follow, args=(url,), daemon=True)
        thread.start()
        _put(url, "a", "b", "c")
        _wait_for(lambda: len(names) == 3)
    with serving(tmp_path / "data", port=int(url.rpartition(":")[2])) as url:
        _put(url, "d", "last")
        thread.join(20)
    assert names == ["a", "b", "c", "d", "last"]


def _put(url: str, *names: str) -> None:
    with Client(url) as client:
        client.commit(Change([PutEntity(ByName("dataset", name), kind="dataset") for name in names]))


def _wait_for(condition: object) -> None:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:  # type: ignore[operator]
        time.sleep(0.02)

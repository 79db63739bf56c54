from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.client.serving import serving

from lineal import Client


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINEAL_URL", raising=False)
    monkeypatch.delenv("LINEAL_TOKEN", raising=False)


@pytest.fixture(params=["http", "in-process"])
def client(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Client]:
    """The same client over both transports."""
    if request.param == "in-process":
        with Client(tmp_path / "data") as found:
            yield found
        return
    with serving(tmp_path / "data") as url, Client(url) as found:
        yield found

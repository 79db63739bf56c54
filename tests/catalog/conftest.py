"""Accounts beside the session that may do everything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lineal.catalog.catalog import Catalog
from lineal.catalog.session import Session
from lineal.catalog.values import Principal

MakeUser = Callable[[str], Session]


@pytest.fixture
def user(catalog: Catalog, session: Session) -> MakeUser:
    """Adds an account without any grant and answers its session."""

    def add(name: str) -> Session:
        added = catalog.accounts.add_user(session, name, "a long password")
        return catalog.session(Principal(added.id, added.name), "test")

    return add

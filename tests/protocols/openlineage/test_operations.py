"""The table of operations tells the truth."""

from __future__ import annotations

import tomllib
from pathlib import Path

import lineal.protocols.openlineage
from lineal.protocols.openlineage import door

TABLE = Path(lineal.protocols.openlineage.__file__).with_name("operations.toml")


def test_every_published_operation_is_served_or_refused_with_the_reason() -> None:
    told = tomllib.loads(TABLE.read_text("utf-8"))["operation"]
    served = {each["name"] for each in told if "refused" not in each}
    assert served == {f"{route.method} {route.path}" for route in door.routes()}
    assert len({each["name"] for each in told}) == len(told)

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "apsw",
    "asyncio",
    "fsspec",
    "rich",
    "starlette",
    "typer",
    "uvicorn",
    "lineal.server",
    "lineal.store",
}


@pytest.mark.parametrize("statement", ["import lineal", "import lineal.client", "from lineal import Client"])
def test_the_client_loads_nothing_that_it_may_not_need(statement: str) -> None:
    code = f"{statement}; import sys, json; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert HEAVY & set(json.loads(done.stdout)) == set()

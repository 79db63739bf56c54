"""The table of operations tells the truth, and the messages are those of the file that describes them."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import lineal.protocols.mlmd
from lineal.graph.mlmd.messages import message
from lineal.protocols.mlmd import door

FOLDER = Path(lineal.protocols.mlmd.__file__).parent
OPERATIONS = tomllib.loads((FOLDER / "operations.toml").read_text("utf-8"))["operation"]


def test_every_operation_is_answered_over_grpc_and_over_http() -> None:
    told = {each["name"].removeprefix("POST ") for each in OPERATIONS}
    assert told == {rpc.path for rpc in door.rpcs()} == {route.path for route in door.routes()}
    assert len(told) == 52


def test_every_operation_has_its_messages() -> None:
    for rpc in door.rpcs():
        name = rpc.path.rpartition("/")[2]
        assert message(f"{name}Request")().SerializeToString() == b""
        assert message(f"{name}Response")().SerializeToString() == b""


def test_the_compiled_messages_are_those_of_the_source() -> None:
    pytest.importorskip("grpc_tools")
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, str(root / "scripts/protos.py"), "--check"], check=False)
    assert done.returncode == 0

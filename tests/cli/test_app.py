from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Lineal

from lineal.cli import app

LOOK = ["search", "show", "lineage", "runs", "history", "why"]
COMMANDS = [*LOOK, "serve", "example", "user", "token", "grant", "backup", "restore", "check", "upgrade"]


def test_help_names_every_command(lineal: Lineal) -> None:
    shown = lineal("--help")
    assert shown.status == 0
    assert all(f" {name} " in shown.out for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(lineal: Lineal, command: str) -> None:
    assert lineal(command, "--help").status == 0


def test_version(lineal: Lineal) -> None:
    assert lineal("--version").out.startswith("lineal ")


@pytest.mark.parametrize(
    "line", ["sho x", "show", "search --limit none", "grant add king bob", "lineage a --up"]
)
def test_usage_errors_have_their_own_status(lineal: Lineal, line: str) -> None:
    told = lineal(*line.split())
    assert told.status == 2
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "show nothing-here --data {data}",
            "nothing is called 'nothing-here'; look for it with `lineal search",
        ),
        (
            "search --server http://127.0.0.1:1",
            "Connection refused; is it running? Start one with `lineal serve`",
        ),
        ("search --server ftp://somewhere", "a store URL is sqlite:///"),
        ("restore /dev/null --data {data}", "is not a backup"),
    ],
)
def test_errors_are_one_line_with_the_way_out(lineal: Lineal, data: Path, line: str, words: str) -> None:
    told = lineal(*line.format(data=data).split())
    assert told.status == 1
    assert told.out == ""
    assert told.err.startswith("error: ")
    assert words in told.err
    assert told.err.count("\n") == 1


def test_debug_shows_where(lineal: Lineal, data: Path) -> None:
    with pytest.raises(Exception, match="nothing is called"):
        lineal("show", "nothing-here", "--data", data, "--debug")


def test_what_should_not_happen_is_said_to_be_so(
    lineal: Lineal, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr("lineal.client.Client.search", broken)
    told = lineal("search", "--data", data)
    assert told.status == 1
    assert told.err == (
        "error: ZeroDivisionError: division by zero; this should not happen: "
        "run it again with --debug and report what it shows\n"
    )


def test_nothing_heavy_is_loaded_to_know_the_commands() -> None:
    code = f"import sys, json, {app.__name__}; print(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert (
        loaded & {"rich", "apsw", "asyncio", "uvicorn", "starlette", "lineal.client", "lineal.server"}
        == set()
    )


def test_serve_until_told_to_stop(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "lineal.cli", "serve", "--data", str(tmp_path / "data"), "--port", "0"]
    with subprocess.Popen(
        [*command, "--log-format", "json"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout
        first = json.loads(process.stdout.readline())
        url = next(value for value in first.values() if str(value).startswith("http://127.0.0.1:"))
        counted = subprocess.run(
            [sys.executable, "-m", "lineal.cli", "search", "nothing", "--json", "--server", url],
            capture_output=True,
            text=True,
            check=True,
        )
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    assert json.loads(counted.stdout)["entities"] == []


def test_a_taken_port_is_one_line(lineal: Lineal, tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = lineal("serve", "--data", tmp_path / "data", "--port", port)
    assert told.status == 1
    assert f"error: cannot listen on 127.0.0.1:{port}" in told.err

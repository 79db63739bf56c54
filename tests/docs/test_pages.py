"""Every sample in the documentation is run.

In a page, `python` blocks are executed one after the other; a `python NAME` block is written to the file of that
name; in a `console` block the lines after `$` are commands and what follows is what they print, where `…` stands for
anything; of an `sh` block only the `lineal` commands are looked at, for options that do not exist.
"""

from __future__ import annotations

import http.server
import re
import shlex
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from tests.client.serving import serving
from tests.docs.conftest import ROOT, Shell, environment_with

from lineal import Client
from lineal.cli.app import app

PAGES = [
    ROOT / "README.md",
    *(
        page
        for folder in ("tutorial", "how-to", "explanation")
        for page in sorted((ROOT / "docs" / folder).glob("*.md"))
    ),
]
BENCHMARKS = ROOT / "docs" / "reference" / "benchmarks.md"
"""Written when benchmarks are published, which a fresh checkout need not have seen."""

FENCE = re.compile(r"^```(\w+) ?([\w.]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)(#[^)]*)?\)")


class Block(NamedTuple):
    language: str
    name: str
    text: str
    line: int


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for found in FENCE.finditer(text):
        yield Block(*found.groups(), line=text.count("\n", 0, found.start()) + 2)


def exchanges(text: str) -> Iterator[tuple[str, list[str]]]:
    """Commands of a console block, with what they are to print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *answer = part.rstrip("\n").split("\n")
        yield command, answer


def matches(line: str, wanted: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in wanted.rstrip().split("…"))
    return re.fullmatch(pattern, line.rstrip()) is not None


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_samples(
    page: Path, tmp_path: Path, mlflow_python: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = list(blocks(page))
    needs_mlflow = any(each.name for each in found)
    if needs_mlflow and mlflow_python is None:
        pytest.skip("MLflow's client is not here: python scripts/client_env.py mlflow-auth")
    if not any(each.language in ("python", "console") for each in found):
        return
    with serving(tmp_path / ".lineal", doors=(), allow_private_webhooks=True) as url:
        monkeypatch.setenv("LINEAL_URL", url)
        monkeypatch.delenv("LINEAL_TOKEN", raising=False)
        shell = Shell(tmp_path, environment_with(mlflow_python, url))
        try:
            follow(page, found, shell, tmp_path, monkeypatch)
        finally:
            shell.close()


def follow(
    page: Path, found: list[Block], shell: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Do what a reader would do."""
    names: dict[str, Any] = {}
    for block in found:
        if block.name:
            (folder / block.name).write_text(block.text)
        elif block.language == "python":
            exec(compile("\n" * (block.line - 1) + block.text, str(page), "exec"), names)
        elif block.language == "console":
            for command, wanted in exchanges(block.text):
                printed = shell.run(command)
                same = len(printed) == len(wanted) and all(map(matches, printed, wanted))
                assert same, f"{page.name}: {command}\n" + "\n".join(printed)
            token = shell.run("echo $LINEAL_TOKEN")[0]
            if token:
                monkeypatch.setenv("LINEAL_TOKEN", token)


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_commands_exist(page: Path) -> None:
    for block in blocks(page):
        if block.language == "sh":
            for line in block.text.splitlines():
                words = shlex.split(line, comments=True)
                if words[:1] == ["lineal"]:
                    check_options(words[1:])


def check_options(words: list[str]) -> None:
    """Parse a command line without running it; raises a usage error when it is none."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)}
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
    assert unknown == []


@pytest.mark.parametrize(
    "page",
    sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]),
    ids=lambda page: str(page.relative_to(ROOT)),
)
def test_links_lead_somewhere(page: Path) -> None:
    targets = {(page.parent / target).resolve() for target, _ in LINK.findall(page.read_text("utf-8"))}
    assert [target for target in targets - {BENCHMARKS} if not target.exists()] == []


def test_the_signature_check_on_the_page_knows_a_real_delivery(tmp_path: Path) -> None:
    names: dict[str, Any] = {}
    [checking] = [each for each in blocks(ROOT / "docs/how-to/webhooks.md") if "is_genuine" in each.text]
    exec(checking.text, names)
    arrived: list[tuple[dict[str, str], bytes]] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrived.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        threading.Thread(target=receiver.handle_request, daemon=True).start()
        with serving(tmp_path / "data", allow_private_webhooks=True) as url, Client(url) as client:
            hook = client.webhooks.add(f"http://127.0.0.1:{receiver.server_port}/", secret="keep this safe")
            assert client.webhooks.test(hook.id).status == "delivered"
    [(headers, body)] = arrived
    assert names["is_genuine"]("keep this safe", headers, body)
    assert not names["is_genuine"]("another secret", headers, body)
    assert not names["is_genuine"]("keep this safe", headers, body + b" ")

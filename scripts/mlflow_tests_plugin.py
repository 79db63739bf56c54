"""A pytest plugin by which MLflow's own tests meet Lineal: what would start MLflow's server starts `lineal serve`.

The tests start a server in two ways: as a process (`mlflow server`, or its application under uvicorn or Flask), and
as a thread of their own. Both are replaced by a Lineal on an empty store. Some files expect no server at all but a
database: there the address of a server takes its place. No test is changed.

`mlflow_tests.py` runs this in the environment of MLflow's client, where Lineal is not installed; the environment
variable LINEAL_SERVE holds the command to start it with.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import importlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest

SERVE = shlex.split(os.environ["LINEAL_SERVE"])
WITHOUT_SERVER = ("test_tracking.py",)
"""Files whose tests take a database for granted; they get a server's address instead."""
WORKSPACES = ("ws1", "ws2", "path-parity")
"""Names of workspaces in tests of roles."""
PATIENCE = 60
_Popen = subprocess.Popen


def as_lineal(command: Any, environment: dict[str, str]) -> list[str] | None:
    """The command that starts Lineal in place of MLflow's server; None if this command starts something else."""
    words = [str(word) for word in command] if isinstance(command, list | tuple) else []
    if not ({"server", "uvicorn", "flask"} & set(words) and any(word.startswith("mlflow") for word in words)):
        return None
    options = dict(options_of(words))
    folder = tempfile.mkdtemp(prefix="lineal-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    more = ["--blobs", options["--artifacts-destination"]] if "--artifacts-destination" in options else []
    if environment.get("MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS") == "true":
        more.append("--allow-private-webhooks")
    if with_accounts(words):
        add_account(folder)
    return [*SERVE, "--data", folder, "--port", options["--port"], *more]


def with_accounts(words: list[str]) -> bool:
    """Whether a command starts MLflow's server with its accounts."""
    return any(word.startswith("mlflow.server.auth") for word in words)


def options_of(words: list[str]) -> Iterator[tuple[str, str]]:
    """Options with their values, `--name value` or `--name=value`."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word.startswith("--"):
            name, given, value = word.partition("=")
            yield name, value if given else following


def add_account(folder: str) -> None:
    """Make the account that MLflow's server would make by itself."""
    command = [*SERVE[:-1], "user", "add", os.environ["MLFLOW_AUTH_ADMIN_USERNAME"], "--data", folder]
    environment = {**os.environ, "LINEAL_PASSWORD": os.environ["MLFLOW_AUTH_ADMIN_PASSWORD"]}
    environment.pop("PYTHONPATH", None)
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)


def add_workspaces(port: str) -> None:
    """Make the workspaces that tests name: MLflow's server has none in them, and takes any name for one."""
    names = (os.environ["MLFLOW_AUTH_ADMIN_USERNAME"], os.environ["MLFLOW_AUTH_ADMIN_PASSWORD"])
    headers = {
        "Content-Type": "application/json",
        "Authorization": "Basic " + base64.b64encode(":".join(names).encode()).decode(),
    }
    url = f"http://127.0.0.1:{port}"
    wait_for(url)
    for name in WORKSPACES:
        body = json.dumps({"name": name}).encode()
        request = urllib.request.Request(f"{url}/api/3.0/mlflow/workspaces", body, headers)
        urllib.request.urlopen(request, timeout=PATIENCE).close()


def wait_for(url: str, alive: Callable[[], bool] = lambda: True) -> None:
    """Wait until a server answers; RuntimeError when it does not."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and alive():
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{url}/health", timeout=5).close()
            return
        time.sleep(0.05)
    raise RuntimeError("Lineal did not start")


class Popen(_Popen):  # type: ignore[type-arg]
    """A process; MLflow's server becomes Lineal's."""

    def __init__(self, args: Any, **options: Any) -> None:
        environment = options.get("env") or dict(os.environ)
        replaced = as_lineal(args, environment)
        if replaced is not None:
            hidden = (
                "PYTHONPATH",
                "MLFLOW_TRACKING_URI",
                "MLFLOW_TRACKING_USERNAME",
                "MLFLOW_TRACKING_PASSWORD",
            )
            options["env"] = {key: str(value) for key, value in environment.items() if key not in hidden}
        super().__init__(replaced or args, **options)
        if replaced and with_accounts(list(map(str, args))) and "MLFLOW_ENABLE_WORKSPACES" not in environment:
            add_workspaces(replaced[replaced.index("--port") + 1])


class Server:
    """A Lineal on an empty store."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="lineal-tests-")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = _Popen(
            [*SERVE, "--data", self.folder, "--port", str(self.port)],
            env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait(self) -> str:
        """Its address, once it answers."""
        wait_for(self.url, lambda: self.process.poll() is None)
        return self.url

    def stop(self) -> None:
        """End it at once; the store is thrown away."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


ahead: deque[Server] = deque()
"""A server that starts while the test before still runs."""


def take() -> Server:
    """A server that answers; the next one is started."""
    server = ahead.popleft() if ahead else Server()
    ahead.append(Server())
    server.wait()
    return server


@atexit.register
def stop_all() -> None:
    """End what was started ahead."""
    while ahead:
        ahead.popleft().stop()


class ServerThread:
    """Stands where the tests would run MLflow's application in a thread."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self.server: Server | None = None

    def __enter__(self) -> str:
        import mlflow

        self.server = take()
        mlflow.set_tracking_uri(self.server.url)
        return self.server.url

    def __exit__(self, *_: object) -> None:
        if self.server is not None:
            self.server.stop()


running: list[pytest.Item] = []
"""The test that runs."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Remember which test comes."""
    running[:] = [item]


def pytest_plugin_registered(plugin: object) -> None:
    """Give the tests of some files a server's address where their `conftest.py` would give a database's."""
    use = getattr(plugin, "_use_tracking_uri", None)
    if use is None:
        return

    @contextlib.contextmanager
    def use_server(uri: str) -> Iterator[None]:
        if not running or running[0].path.name not in WITHOUT_SERVER:
            with use(uri):
                yield
            return
        server = take()
        try:
            with use(server.url):
                yield
        finally:
            server.stop()

    vars(plugin)["_use_tracking_uri"] = use_server


def pytest_configure() -> None:
    """Replace what starts servers before the tests import it."""
    vars(subprocess)["Popen"] = Popen
    utilities = vars(importlib.import_module("tests.tracking.integration_test_utils"))
    utilities["ServerThread"] = ServerThread
    utilities["Popen"] = Popen

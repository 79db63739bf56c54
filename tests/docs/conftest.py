from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
END = "::end of the answer::"


class Shell:
    """A shell that stays, so that what one command sets the next one sees."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            ["bash"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env=environment,
        )

    def run(self, command: str) -> list[str]:
        """What a command prints, line by line."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{{ {command}; }} < /dev/null\necho '{END}'\n")
        self._process.stdin.flush()
        lines: list[str] = []
        for line in self._process.stdout:
            if line.rstrip() == END:
                return lines
            lines.append(line.rstrip())
        raise AssertionError(f"the shell ended at {command}: {lines}")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def environment_with(python: Path | None, url: str) -> dict[str, str]:
    """The environment of a reader: `lineal` on the path, and `python` with MLflow if there is one."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LINEAL_", "MLFLOW_"))}
    path = [str(python.parent)] if python else []
    path += [str(Path(sys.executable).parent), kept["PATH"]]
    return kept | {"PATH": os.pathsep.join(path), "LINEAL_URL": url, "COLUMNS": "300"}


@pytest.fixture(scope="session")
def mlflow_python() -> Path | None:
    """An interpreter with MLflow's client, when its environment has been made."""
    found = os.environ.get("LINEAL_EXAMPLE_PYTHON", str(ROOT / ".venv-clients/mlflow-auth/bin/python"))
    return Path(found) if Path(found).exists() else None

"""Make the virtual environment of an unmodified vendor client: `python scripts/client_env.py [NAME …]`.

Vendor clients pin half the world, each another half, so each lives in `.venv-clients/NAME` and Lineal's own
environment never sees them. Without a name every environment is made; one that is as wanted already is left
alone. What happens is told on stderr; stdout gets the path of each environment's Python, one a line.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent / ".venv-clients"

# Each environment is a list of `pip install` calls, made in this order.
ENVIRONMENTS: dict[str, list[list[str]]] = {
    # mlflow 3.18.0 was published without the mlflow-skinny and mlflow-tracing it asks for. Its wheel carries
    # the whole package, so it goes on top of 3.17.2, without its dependencies.
    "mlflow": [
        ["mlflow==3.17.2", "scikit-learn==1.9.1"],
        ["--no-deps", "mlflow==3.18.0"],
    ],
}


def python_of(name: str) -> Path:
    """The interpreter of an environment, made or not."""
    return BASE / name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ensure(name: str) -> Path:
    """Make the environment unless it is there with the same contents; return its interpreter."""
    stamp, wanted = BASE / name / ".content-hash", content_hash(ENVIRONMENTS[name])
    with locked(name):
        if not (stamp.is_file() and stamp.read_text() == wanted and python_of(name).exists()):
            make(name)
            stamp.write_text(wanted)
    return python_of(name)


def content_hash(steps: list[list[str]]) -> str:
    """What an environment is made of, as one hash."""
    return hashlib.sha256(json.dumps([steps, sys.version_info[:2]]).encode()).hexdigest()


def make(name: str) -> None:
    """Make the environment anew."""
    started = time.monotonic()
    shutil.rmtree(BASE / name, ignore_errors=True)
    say(f"{name}: a new environment in {BASE / name} (a minute or two, once)")
    subprocess.run([sys.executable, "-m", "venv", str(BASE / name)], check=True)
    for step in ENVIRONMENTS[name]:
        say(f"{name}: pip install {' '.join(step)}")
        pip = [str(python_of(name)), "-m", "pip", "--disable-pip-version-check", "-qq", "install"]
        subprocess.run([*pip, *step], check=True)
    say(f"{name}: ready after {time.monotonic() - started:.0f} s")


@contextmanager
def locked(name: str) -> Iterator[None]:
    """Keep two processes from making the same environment at once."""
    BASE.mkdir(exist_ok=True)
    with (BASE / f".{name}.lock").open("w") as file:
        if os.name != "nt":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """Tell on stderr what is happening."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Make the environments that were named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    known = ", ".join(ENVIRONMENTS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {known}; all if none is named")
    names = parser.parse_args().names or list(ENVIRONMENTS)
    if unknown := set(names) - set(ENVIRONMENTS):
        parser.error(f"no such environment: {', '.join(sorted(unknown))}; there are: {known}")
    for name in names:
        try:
            print(ensure(name))
        except subprocess.CalledProcessError as error:
            sys.exit(f"{name}: {' '.join(error.cmd)} failed with status {error.returncode}")


if __name__ == "__main__":
    main()

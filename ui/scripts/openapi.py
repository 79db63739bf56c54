"""Write `ui/openapi.json`: of the server's OpenAPI document, the shapes that the web UI reads and sends.

Run it after such a shape has changed, then `npm run types` in `ui/`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from lineal.protocols.native.openapi import document

TARGET = Path(__file__).parent.parent / "openapi.json"

ROOTS = (
    "Activity",
    "Change",
    "Commit",
    "Counts",
    "Definitions",
    "Difference",
    "Event",
    "Events",
    "Failure",
    "Files",
    "Lineage",
    "ManySeries",
    "Me",
    "Neighbourhood",
    "NewAlias",
    "Page",
    "Paths",
    "Points",
    "Query",
    "Rows",
    "SeriesFound",
    "Versions",
)
_REFERENCE = re.compile(r'"#/components/schemas/(\w+)"')


def shapes() -> dict[str, Any]:
    """The schemas of the roots and of all they refer to, by name."""
    everything = document()["components"]["schemas"]
    found: dict[str, Any] = {}
    wanted = list(ROOTS)
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = everything[name]
            wanted += _REFERENCE.findall(json.dumps(everything[name]))
    return {name: found[name] for name in sorted(found)}


if __name__ == "__main__":
    TARGET.write_text(json.dumps(shapes(), indent=1, ensure_ascii=False) + "\n")

"""Text in MySQL as ML Metadata's own library reads it.

The library sends UTF-8 over a connection that it leaves at MySQL's `latin1`, which is Windows' code page 1252. So
letters beyond ASCII lie in the database as several wrong ones, which only turn right again on the same way back.
"""

from __future__ import annotations

from typing import Any


def mended(value: Any) -> Any:
    """A value as the library would read it; text that did not come on that way stays as it is."""
    if not isinstance(value, str) or value.isascii():
        return value
    try:
        return b"".join(map(_byte, value)).decode()
    except UnicodeError:
        return value


def _byte(letter: str) -> bytes:
    """The byte that MySQL's latin1 made a letter of; it leaves none out, as Python's code page does."""
    try:
        return letter.encode("cp1252")
    except UnicodeEncodeError:
        return letter.encode("latin-1")

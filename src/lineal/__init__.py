"""Lineal: a metadata store for machine learning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Client", "__version__"]

if TYPE_CHECKING:
    from lineal.client import Client
else:

    def __getattr__(name: str) -> Any:
        """Import the client when it is first asked for, so that `import lineal` costs next to nothing."""
        if name == "Client":
            from lineal.client import Client

            globals()[name] = Client
            return Client
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

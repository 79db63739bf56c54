"""The Python client: `Client` speaks to a server over HTTP, or works in-process on a data folder."""

from lineal.client.client import Client

__all__ = ["Client"]

"""What goes wrong on the other side."""

from lineal.graph.errors import LinealError


class Outside(LinealError):
    """The other tool's store refuses, or does not answer; the message says what it said."""

"""The `lineal` command."""


def main() -> None:
    """Run the command that the process's arguments name, and exit with its status."""
    import sys

    from lineal.cli.app import run

    sys.exit(run(sys.argv[1:]))

"""Speed and size of Lineal, measured beside its peers in the same run.

Every figure is one line in `benchmarks.figures` and prints one line of JSON:

    python -m benchmarks                    # all figures
    python -m benchmarks log-metric top-run # some
    python -m benchmarks --list             # their names
    python -m benchmarks --quick            # small fixtures and short windows: does everything still run?
    python -m benchmarks --publish          # all, and write docs/reference/benchmarks.md

The peer is a real `mlflow server` in its default configuration (`peer`) and in the best set-up we know for
one machine (`tuned_peer`); for the figures named `floor-…` it is SQLite itself, called without a server.
All contenders take turns in rounds of one run, with the same client code, and the median of the rounds is
reported. `ratio` says how many times better Lineal is, whether the unit is a rate or a time.

Environment: `MLFLOW_VENV` (default `.venv-clients/mlflow`) holds MLflow; `LINEAL_BIN` (default
`.venv/bin/lineal`) is the server under test; `LINEAL_SERVER_COMMAND`, with `{port}` and `{dir}`, replaces
how it is started. Everything is written below `TMPDIR`, which should be on a real disk.
"""

"""Moving a whole MLflow store into Lineal, and back: sources and targets of one stream of plain records.

A *source* yields records (`records.py`), a *target* takes them, `move.py` carries them over. Sources are an
MLflow database, its folder `mlruns`, a running server, and Lineal itself; so are targets.
"""

"""Moving a whole store of ML Metadata into Lineal, and back: sources and targets of one stream of its own messages.

Sources are an MLMD database, a running gRPC service, and Lineal itself; targets are Lineal and an SQLite file that
MLMD's own library opens. `move.py` carries everything over.
"""

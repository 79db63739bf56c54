"""The door for clients of ML Metadata, over gRPC and gRPC-Web."""

from lineal.protocols.mlmd.door import MlMetadata

door = MlMetadata()

"""A client that shows a certificate: `secured.py PORT FOLDER`; prints what it wrote."""

import sys
from pathlib import Path

from ml_metadata import metadata_store, proto

port, folder = sys.argv[1:]
ssl = proto.MetadataStoreClientConfig.SSLConfig(
    custom_ca=Path(folder, "authority.crt").read_text(),
    client_key=Path(folder, "ada.key").read_text(),
    server_cert=Path(folder, "ada.crt").read_text(),
)
config = proto.MetadataStoreClientConfig(host="localhost", port=int(port), ssl_config=ssl)
store = metadata_store.MetadataStore(config)
kind = store.put_artifact_type(proto.ArtifactType(name="Table"))
store.put_artifacts([proto.Artifact(type_id=kind, name="sales")])
print([each.name for each in store.get_artifacts_by_type("Table")])

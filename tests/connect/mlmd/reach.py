"""A store by ML Metadata's own library, in whose Python this runs."""

from ml_metadata import metadata_store, proto


def reach(where):
    """The store at `sqlite:PATH`, `mysql:SOCKET:DATABASE` or `grpc:PORT`."""
    kind, _, rest = where.partition(":")
    if kind == "grpc":
        return metadata_store.MetadataStore(proto.MetadataStoreClientConfig(host="localhost", port=int(rest)))
    config = proto.ConnectionConfig()
    if kind == "sqlite":
        config.sqlite.filename_uri = rest
        return metadata_store.MetadataStore(config)
    config.mysql.socket, _, config.mysql.database = rest.partition(":")
    config.mysql.user = "root"
    return metadata_store.MetadataStore(config)

"""Artifacts: listed and fetched by run or model, and the proxy that clients read and write them through."""

from __future__ import annotations

from lineal.protocols.mlflow.artifacts import listing, multipart, presigned, transfer
from lineal.protocols.mlflow.operation import Operation

_PROXY = "/2.0/mlflow-artifacts"
_FILE = f"{_PROXY}/artifacts/{{artifact_path:path}}"
_PART = f"{multipart.PARTS}/{{upload}}/{{number}}"

OPERATIONS: tuple[Operation, ...] = (
    Operation("GET", "artifacts/list", listing.list_of_run),
    Operation("POST", "artifacts/presigned-download-url", presigned.create_download),
    Operation("POST", "artifacts/presigned-upload-url", presigned.create_upload),
    Operation("GET", "logged-models/{model_id}/artifacts/directories", listing.list_of_model),
    Operation("GET", "logged-models/{model_id}/artifacts/files", transfer.get_of_model, browser=True),
    Operation("POST", "upload-artifact", transfer.upload_to_run, browser=True),
    Operation("GET", f"{_PROXY}/artifacts", listing.list_files),
    Operation("GET", _FILE, transfer.get_file),
    Operation("PUT", _FILE, transfer.put_file, streams=True),
    Operation("DELETE", _FILE, transfer.delete_file),
    Operation("GET", f"{_PROXY}/presigned/{{artifact_path:path}}", presigned.get_presigned),
    Operation("POST", f"{_PROXY}/mpu/create/{{artifact_path:path}}", multipart.create),
    Operation("POST", f"{_PROXY}/mpu/complete/{{artifact_path:path}}", multipart.complete),
    Operation("POST", f"{_PROXY}/mpu/abort/{{artifact_path:path}}", multipart.abort),
    # Where links to parts lead that are kept on a disk; whoever has a link needs no credentials.
    Operation("PUT", _PART, multipart.put_part, streams=True, public=True),
    Operation("GET", _PART, multipart.get_part, public=True),
)
get_of_run = transfer.get_of_run

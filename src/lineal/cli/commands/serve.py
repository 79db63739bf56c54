"""`lineal serve`."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from lineal.cli.options import DEFAULT_DATA, BlobsUrl, DataFolder, StoreUrl


def serve(
    data: DataFolder = DEFAULT_DATA,
    host: Annotated[str, typer.Option(metavar="HOST", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="For HTTP; 0 takes a free one.")] = 5000,
    grpc_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="For gRPC, which ML Metadata's clients speak.")
    ] = None,
    grpc_certificate: Annotated[
        str, typer.Option(metavar="FILE", help="Serve gRPC over TLS with this certificate.")
    ] = "",
    grpc_key: Annotated[str, typer.Option(metavar="FILE", help="The certificate's key.")] = "",
    grpc_client_authority: Annotated[
        str, typer.Option(metavar="FILE", help="Clients must show a certificate signed by this authority.")
    ] = "",
    store: StoreUrl = None,
    blobs: BlobsUrl = None,
    example: Annotated[bool, typer.Option("--example", help="Fill an empty store with an example.")] = False,
    accounts: Annotated[
        Literal["auto", "required"],
        typer.Option(help="auto: nobody signs in here until there is an account."),
    ] = "auto",
    direct_files: Annotated[
        bool,
        typer.Option(
            "--direct-files", help="Large files go between clients and the object store themselves."
        ),
    ] = False,
    public_url: Annotated[
        str, typer.Option(metavar="URL", help="How browsers reach the server when a proxy stands before it.")
    ] = "",
    allow_private_webhooks: Annotated[
        bool, typer.Option("--allow-private-webhooks", help="Deliver webhooks to private addresses, too.")
    ] = False,
    log_format: Annotated[Literal["human", "json"], typer.Option(help="How log lines look.")] = "human",
) -> None:
    """Serve the store to browsers and to every client, until Ctrl-C."""
    from lineal.server.run import serve as run
    from lineal.server.settings import Settings

    settings = Settings(
        data=str(data),
        host=host,
        port=port,
        grpc_port=grpc_port,
        grpc_certificate=grpc_certificate,
        grpc_key=grpc_key,
        grpc_client_authority=grpc_client_authority,
        store=store or "",
        blobs=blobs or "",
        accounts=accounts,
        direct_files=direct_files,
        public_url=public_url,
        allow_private_webhooks=allow_private_webhooks,
        log_format=log_format,
    )
    run(settings, _fill if example else None)


def _fill(url: str) -> None:
    from lineal.cli.commands.example import fill_in_background

    fill_in_background(url)

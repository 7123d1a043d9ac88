"""`protoparse serve`: the service, until it is told to stop."""

from __future__ import annotations

from pathlib import Path

import click

from protoparse.cli import options
from protoparse.errors import ServiceError


@click.command("serve")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where it listens; by default for this machine alone."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0 takes any that is free."
)
@click.option(
    "--store", default="protoparse.sqlite", show_default=True, metavar="FILE|URL",
    help="Where documents are kept: a SQLite file, made where there is none, or a postgresql:// URL.",
)  # fmt: skip
@click.option(
    "--token", envvar="PROTOPARSE_TOKEN", show_envvar=True, metavar="WORDS",
    help="What whoever asks has to know. Others on this machine can see a command line: better give it by the "
    "environment.",
)  # fmt: skip
@click.option(
    "--workers", type=click.IntRange(1, 256), metavar="N", help="Processes that parse; by default one a core."
)
@click.option(
    "--max-size", type=click.FloatRange(0.001, 1024), default=8, show_default=True, metavar="MB",
    help="The largest body, or line of a stream; one above it is answered 413.",
)  # fmt: skip
@click.option(
    "--max-stream", type=click.FloatRange(0.001), default=1024, show_default=True, metavar="MB",
    help="The largest stream; it waits on the disk, not in memory.",
)  # fmt: skip
@click.option(
    "--max-time", type=click.FloatRange(0.1, 3600), default=30, show_default=True, metavar="SECONDS",
    help="How long one request may be worked on; one that takes longer is cut off and answered 408.",
)  # fmt: skip
@click.option("--access-log", "log", is_flag=True, help="Write a line for each request to standard error.")
@options.concepts
@options.terms
@options.quiet
@options.debug
def command(
    host: str,
    port: int,
    store: str,
    token: str | None,
    workers: int | None,
    max_size: float,
    max_stream: float,
    max_time: float,
    log: bool,
    concepts: str,
    terms: tuple[Path, ...],
    quiet: bool,
    debug: bool,
) -> int:
    """Serve parsing, and a store of documents, over HTTP.

    \b
    Examples:
      protoparse serve                                      http://127.0.0.1:8765/, for this machine alone
      curl --data-binary @trial.html http://127.0.0.1:8765/api/v1/parse
      curl -T dump.ndjson -X POST http://127.0.0.1:8765/api/v1/stream/parse > documents.ndjson
      PROTOPARSE_TOKEN=… protoparse serve --host 0.0.0.0 --store postgresql://team@db/criteria

    \b
    Below /api/v1, all of it described by /api/v1/openapi.json:
      parse, check, render, evaluate, diff, screen, export   one at a time
      stream/parse and so on                                 one a line, a row for each, any number
      documents                                              kept with every revision; of two who save at once,
                                                             the second is told (412) and nothing is lost
    Besides: /health, and /metrics for Prometheus.

    Other machines are let in only with --host and a token, which goes over the wire as it is: put something in front
    that speaks TLS. What is asked is done in processes of its own, which are cut off when it takes too long.

    It needs pip install 'protoparse[serve]', and for PostgreSQL 'protoparse[serve,postgresql]'.

    Exit code: 0 told to stop (SIGTERM), 130 interrupted; running requests are finished first. 1 it could not begin,
    2 wrong usage.
    """
    try:
        from protoparse.server.serving import serve
    except ImportError as error:
        if (error.name or "").split(".")[0] not in {"starlette", "uvicorn", "jinja2"}:
            raise
        raise ServiceError(f"serve needs {error.name}: pip install 'protoparse[serve]'") from None
    from protoparse.cdm import shown
    from protoparse.processes import cores
    from protoparse.server.settings import Settings

    settings = Settings(
        host=host, port=port, store=store, token=token, workers=workers or cores(), size=round(max_size * 2**20),
        stream=round(max_stream * 2**20), seconds=max_time, concepts=concepts, terms=tuple(map(str, terms)), log=log,
    )  # fmt: skip

    def ready(address: str) -> None:
        if not quiet:
            count = f"{settings.workers} worker{'' if settings.workers == 1 else 's'}"
            click.echo(f"protoparse: {address} ({count}, documents in {shown(store)}); Ctrl-C ends it", err=True)

    return serve(settings, ready=ready)

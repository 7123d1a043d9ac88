"""Pages, made on the server from templates; what they need besides is a file of the service's own.

In: a template of `templates/` and what it shows. Out: HTML. The content security policy of `guarding` runs no script
and takes no style that stands in a page: both are files of `static/`.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from protoparse import __version__
from protoparse.model import Record
from protoparse.server.answers import refused
from protoparse.server.endpoints import Endpoint, Handler, Service
from protoparse.server.guarding import response


def routes(service: Service, endpoints: Sequence[Endpoint]) -> list[Route]:
    """The pages, and the files that they need."""

    async def index(request: Request) -> Response:
        request.state.path = "/api"
        return page("index.html", title="What programs can ask for", endpoints=endpoints, store=service.settings.store)

    return [Route("/api", index), Route("/static/{name}", _static)]


def shown(method: str, path: str, says: str, handler: Handler, asks: type[Record]) -> Endpoint:
    """An endpoint for browsers, which programs are not told of."""
    return Endpoint(method, path, says, handler, asks, group="pages")


def page(template: str, *, status: int = 200, **context: object) -> HTMLResponse:
    """The page that a template makes of `context`; whatever is not marked as safe is escaped."""
    return HTMLResponse(_environment().get_template(template).render(version=__version__, **context), status)


async def _static(request: Request) -> Response:
    request.state.path = "/static/{name}"
    found = _files().get(request.path_params["name"])
    if found is None:
        return response(refused(404, "no such file"))
    content, media, etag = found
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers, media_type=media)


@cache
def _files() -> dict[str, tuple[bytes, str, str]]:
    """The files of `static/` by name, read once: a name asks for one of them, and is never a path."""
    found = {}
    shared = files("protoparse.pages").joinpath("templates", "style.css")
    for file in (*files("protoparse.server").joinpath("static").iterdir(), shared):
        if file.is_file():
            content = file.read_bytes()
            media = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            found[file.name] = content, media, f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    return found


def _shown(words: str) -> Markup:
    """Words of a listing in as many characters as they have: HTML makes one of CR LF, and leaves a NUL out."""
    return escape(words.replace("\0", "\N{REPLACEMENT CHARACTER}")).replace("\r", Markup("&#13;"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("protoparse.server"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = _shown
    return environment

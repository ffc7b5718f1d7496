"""What the same port answers to plain HTTP: the console's files, health, metrics. GET and HEAD.

Files are read once, at start: no path from outside ever meets the file system.
"""

from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from http import HTTPStatus
from importlib import resources
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from gateway.codes import Refusal
from gateway.metrics import Metric, exposition

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".geojson": "application/geo+json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # MapLibre sets styles on its own elements
        "img-src 'self' data: blob:",
        "worker-src 'self' blob:",  # MapLibre's workers are made from a blob
        "child-src blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
SECURITY = (
    ("Content-Security-Policy", POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "geolocation=(), camera=(), microphone=()"),
)
PLAIN = "text/plain; charset=utf-8"
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
BASEMAP = "/console/streets.geojson"  # empty, unless the server was started with streets
VENDORED = ("maplibre-gl.js", "maplibre-gl.css")


class File(Struct, frozen=True):
    body: bytes
    kind: str
    etag: str
    encoding: str = ""  # of the body


Respond = Callable[[Request], Response]
Bar = Callable[[Request, str], Response | None]  # a request from an address: None lets it pass


class Site:
    """`health` and `metrics` are asked at each request; `files` are path -> content.

    `answers` are what else there is, by path: asked for each request. `bar`s the way to metrics.
    """

    def __init__(
        self,
        health: Callable[[], dict[str, Any]],
        metrics: Callable[[], Iterable[Metric]],
        files: dict[str, File] | None = None,
        answers: Mapping[str, Respond] | None = None,
        bar: Bar = lambda _, __: None,
    ) -> None:
        self._health = health
        self._metrics = metrics
        self._answers = answers or {}
        self._bar = bar
        self._files = console_files() if files is None else files

    def response(self, request: Request, peer: str) -> Response:
        """Of any method; HEAD is GET without the body. `peer`: the address it comes from."""
        if request.method not in ("GET", "HEAD"):
            only_get = answered(HTTPStatus.METHOD_NOT_ALLOWED, b"only GET\n", PLAIN)
            only_get.headers["Allow"] = "GET, HEAD"
            return only_get
        response = self._get(request, peer)
        if request.method == "HEAD":
            response.body = b""
        return response

    def _get(self, request: Request, peer: str) -> Response:
        path = request.path.partition("?")[0]
        if path == "/health":
            health = self._health()
            status = HTTPStatus.OK if health.get("ok") else HTTPStatus.SERVICE_UNAVAILABLE
            return answered(status, msgspec.json.encode(health), "application/json")
        if path == "/metrics":
            if (barred := self._bar(request, peer)) is not None:
                return barred
            text = exposition(self._metrics()).encode()
            return answered(HTTPStatus.OK, text, "text/plain; version=0.0.4; charset=utf-8")
        if path in self._answers:
            return self._answers[path](request)
        file = self._files.get(path)
        if file is None:
            return answered(HTTPStatus.NOT_FOUND, b"not found\n", PLAIN)
        if file.etag in request.headers.get_all("If-None-Match"):
            return answered(HTTPStatus.NOT_MODIFIED, b"", file.kind, file.etag)
        found = answered(HTTPStatus.OK, file.body, file.kind, file.etag)
        if file.encoding:
            found.headers["Content-Encoding"] = file.encoding
        return found


def console_files() -> dict[str, File]:
    """The console of this package, and the map library out of the installed `maplibre`."""
    found: dict[str, File] = {}
    console = resources.files("gateway").joinpath("console")
    if console.is_dir():
        found |= _tree(console, "/console")
    index = found.get("/console/index.html")
    if index is not None:
        found["/"] = index
    spec = find_spec("maplibre")  # found, not imported: it would bring much we do not need
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for name in VENDORED:
            found[f"/vendor/{name}"] = _file(Path(folder, "srcjs", name))
    return found


def _tree(folder: Traversable, at: str) -> dict[str, File]:
    found: dict[str, File] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            found |= _tree(entry, f"{at}/{entry.name}")
        elif _suffix(entry.name) in TYPES:
            found[f"{at}/{entry.name}"] = _file(entry)
    return found


def _file(path: Traversable | Path) -> File:
    return file_of(path.read_bytes(), path.name)


def file_of(body: bytes, name: str, encoding: str = "") -> File:
    """As it is answered; the name says of what kind it is."""
    tag = blake2b(body, digest_size=12).hexdigest()
    return File(body, TYPES[_suffix(name)], f'"{tag}"', encoding)


def origin_of(text: str) -> str:
    """As browsers say it: without the port that its scheme has anyway."""
    scheme = text.partition(":")[0]
    return text.removesuffix(DEFAULT_PORTS.get(scheme, "/"))


def _suffix(name: str) -> str:
    return name[name.rfind(".") :]


def answered(status: HTTPStatus, body: bytes, kind: str, etag: str = "") -> Response:
    """With what every answer says to browsers; who has no `etag` is never kept by them."""
    headers = Headers([("Content-Type", kind), ("Content-Length", str(len(body))), *SECURITY])
    headers["Connection"] = "close"
    headers["Cache-Control"] = "no-cache" if etag else "no-store"
    if etag:
        headers["ETag"] = etag
    return Response(status.value, status.phrase, headers, body)


def credentials(request: Request, scheme: str) -> str:
    """What is in the one header of this scheme; nothing is in no token's shape."""
    given = request.headers.get_all("Authorization")
    word, _, rest = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return rest.strip() if word.lower() == scheme.lower() else ""


def refused(refusal: Refusal) -> Response:
    """By its code alone."""
    is_known = refusal.error.code == "forbidden"
    status = HTTPStatus.FORBIDDEN if is_known else HTTPStatus.UNAUTHORIZED
    response = answered(status, f"{refusal.error.code}\n".encode(), PLAIN)
    if not is_known:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response

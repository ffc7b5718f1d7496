"""The doors of the site that not everybody may open: the console's, and that of the figures.

No address ever holds a token. A link into the console holds a code that opens it once, and soon;
the console asks for a token with it, in a header.
"""

from collections.abc import Callable
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from websockets.http11 import Request, Response

from gateway.codes import Refusal
from gateway.connections.http import PLAIN, answered
from gateway.revocations import Revocations
from gateway.tokens import LIFE_MAX_S, Identity, Tokens

DOOR = "/console/token"
MAY_SEE_FIGURES = ("operator", "monitor")
FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Real-IP")


class Doors:
    """Of one life of a server: codes made before it began open nothing."""

    def __init__(
        self,
        tokens: Tokens,
        revocations: Revocations,
        wall_s: Callable[[], int],
        is_behind_proxy: bool = False,
    ) -> None:
        """Behind a proxy nobody is taken to sit at this machine, whatever he says."""
        self._tokens = tokens
        self._revocations = revocations
        self._wall_s = wall_s
        self._is_behind_proxy = is_behind_proxy
        self._began_s = wall_s()
        self._used: dict[str, int] = {}  # codes, and until when they would have been good

    def enter(self, request: Request) -> Response:
        """A token of an operator for a code."""
        try:
            who = self._entering(_said(request, "Code"))
        except Refusal as refusal:
            return _refused(refusal)
        life_s = LIFE_MAX_S[who.role]
        token = self._tokens.mint(who.role, who.subject, life_s, self._wall_s())
        return answered(HTTPStatus.OK, token.encode(), PLAIN)

    def barred(self, request: Request, peer: str) -> Response | None:
        """From figures that name who is here; whoever sits at this machine sees them anyway."""
        if not self._is_behind_proxy and _is_here(request, peer):
            return None
        try:
            who = self._tokens.read(_said(request, "Bearer"), self._wall_s())
            self._revocations.check(who)
            if who.role not in MAY_SEE_FIGURES:
                raise Refusal("forbidden")
        except Refusal as refusal:
            return _refused(refusal)
        return None

    def _entering(self, code: str) -> Identity:
        now_s = self._wall_s()
        who = self._tokens.read_code(code, now_s)
        self._revocations.check(who)
        self._used = {x: until for x, until in self._used.items() if until > now_s}
        if code in self._used or who.issued_at_s < self._began_s:
            raise Refusal("unauthenticated")
        self._used[code] = who.expires_at_s
        return who


def _said(request: Request, scheme: str) -> str:
    """What is in the one header of this scheme; nothing is in no token's shape."""
    given = request.headers.get_all("Authorization")
    word, _, rest = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    return rest.strip() if word.lower() == scheme.lower() else ""


def _is_here(request: Request, peer: str) -> bool:
    """Asked on this machine, and for nobody else: a reverse proxy beside us asks for strangers,
    and so does a page in a browser here, if the name of its site is made to lead to us."""
    if any(name in request.headers for name in FORWARDED):
        return False
    hosts = request.headers.get_all("Host")
    return len(hosts) == 1 and _is_loopback(peer) and _is_our_name(hosts[0])


def _is_our_name(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:  # brackets that do not close
        return False
    return name == "localhost" or _is_loopback(name)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address.partition("%")[0]).is_loopback
    except ValueError:  # no address, or of who left already
        return False


def _refused(refusal: Refusal) -> Response:
    is_known = refusal.error.code == "forbidden"
    status = HTTPStatus.FORBIDDEN if is_known else HTTPStatus.UNAUTHORIZED
    response = answered(status, f"{refusal.error.code}\n".encode(), PLAIN)
    if not is_known:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response

"""Who may see the figures, which name who is here: whoever sits at this machine, and by his token
whoever watches over it.
"""

from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from websockets.http11 import Request, Response

from gateway.codes import Refusal
from gateway.connections.http import credentials, refused
from gateway.revocations import Revocations
from gateway.tokens import Tokens

MAY_SEE_FIGURES = ("operator", "monitor")
FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Real-IP")


class Onlookers:
    """Asked for each request of a server."""

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

    def barred(self, request: Request, peer: str) -> Response | None:
        """From figures that name who is here; whoever sits at this machine sees them anyway."""
        if not self._is_behind_proxy and _is_here(request, peer):
            return None
        try:
            who = self._tokens.read(credentials(request, "Bearer"), self._wall_s())
            self._revocations.check(who)
            if who.role not in MAY_SEE_FIGURES:
                raise Refusal("forbidden")
        except Refusal as refusal:
            return refused(refusal)
        return None


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

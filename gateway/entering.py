"""Links into the console. No address ever holds a token: a link holds a code that opens the console
once, and soon; the console asks for a token with it, in a header.
"""

from collections.abc import Callable
from http import HTTPStatus

from websockets.http11 import Request, Response

from gateway.codes import Refusal
from gateway.connections.http import PLAIN, answered, credentials, refused
from gateway.revocations import Revocations
from gateway.tokens import LIFE_MAX_S, Identity, Tokens

DOOR = "/console/token"


class Doors:
    """Of one life of a server: codes made before it began open nothing."""

    def __init__(self, tokens: Tokens, revocations: Revocations, wall_s: Callable[[], int]) -> None:
        self._tokens = tokens
        self._revocations = revocations
        self._wall_s = wall_s
        self._began_s = wall_s()
        self._used: dict[str, int] = {}  # codes, and until when they would have been good

    def enter(self, request: Request) -> Response:
        """A token of an operator for a code."""
        try:
            who = self._entering(credentials(request, "Code"))
        except Refusal as refusal:
            return refused(refusal)
        life_s = LIFE_MAX_S[who.role]
        token = self._tokens.mint(who.role, who.subject, life_s, self._wall_s())
        return answered(HTTPStatus.OK, token.encode(), PLAIN)

    def _entering(self, code: str) -> Identity:
        now_s = self._wall_s()
        who = self._tokens.read_code(code, now_s)
        self._revocations.check(who)
        self._used = {x: until for x, until in self._used.items() if until > now_s}
        if code in self._used or who.issued_at_s < self._began_s:
            raise Refusal("unauthenticated")
        self._used[code] = who.expires_at_s
        return who

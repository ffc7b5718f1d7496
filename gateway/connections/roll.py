"""Who is connected, by party. A newcomer too many takes the place of whoever of his was silent
longest; where no more may be here at all, who has nobody of his here comes back later.
"""

from typing import Generic, Protocol, TypeVar

from gateway.codes import Refusal

CLOSE_REPLACED = 4409
SILENT_S = 1.0  # whoever was heard within that time keeps his place
FULL_RETRY_S = 5.0


class Present(Protocol):
    """What is asked of a session."""

    @property
    def heard_s(self) -> float: ...
    def close_soon(self, code: int, reason: str) -> None: ...


S = TypeVar("S", bound=Present)


class Roll(Generic[S]):
    """Never more than `room` at once, all parties together.

    The silent one is first of all a connection that died unnoticed, so nobody is locked out by
    his own; but who is in the middle of talking is not cut off.
    """

    def __init__(self, room: int) -> None:
        self.count = 0
        self._room = room
        self._sessions: dict[str, dict[S, None]] = {}

    def enter(self, session: S, name: str, at_most: int, now_s: float) -> None:
        """Raises Refusal: `too_many_connections` of this party, or `server_full`."""
        present = self._sessions.get(name, {})
        is_full = self.count >= self._room
        if len(present) >= at_most or (is_full and present):
            silent = min(present, key=lambda x: x.heard_s)
            if now_s - silent.heard_s < SILENT_S:
                code = "server_full" if is_full else "too_many_connections"
                raise Refusal(code, retry_after_s=SILENT_S)
            self.leave(silent, name)
            silent.close_soon(CLOSE_REPLACED, "replaced")
        elif is_full:
            raise Refusal("server_full", retry_after_s=FULL_RETRY_S)
        self._sessions.setdefault(name, {})[session] = None
        self.count += 1

    def leave(self, session: S, name: str) -> None:
        present = self._sessions.get(name, {})
        if session in present:
            del present[session]
            self.count -= 1
            if not present:
                del self._sessions[name]

    def all(self) -> list[S]:
        return [session for present in self._sessions.values() for session in present]

    def close_all_of(self, name: str, code: int, reason: str) -> None:
        for session in list(self._sessions.get(name, ())):
            session.close_soon(code, reason)
